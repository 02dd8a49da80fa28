"""Messages from the terminal: connect the accounts they go through, try them, pause and resume all sending.

Secrets are asked for or read from standard input, never given as arguments.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from waitlist_appliance.cli.context import Cli, now, pass_cli
from waitlist_appliance.cli.failures import Failed
from waitlist_appliance.cli.tables import json_option, show_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from waitlist_appliance.ports import Account
    from waitlist_appliance.services.messaging_accounts import Card, TestResult
    from waitlist_appliance.storage.activity import Actor

NAMES = {"twilio": "Twilio (SMS and WhatsApp)", "smtp": "Email"}
# The provider's first word comes at once; whether a phone has it takes a moment.
ASKED_EVERY = 1.0
wait_option = click.option(
    "--wait", type=click.IntRange(0, 120), default=10, show_default=True, metavar="SECONDS",
    help="How long to wait for what becomes of it.",
)  # fmt: skip


@click.group()
def sms() -> None:
    """Text messages."""


@click.group()
def whatsapp() -> None:
    """WhatsApp messages."""


@click.group()
def email() -> None:
    """Emails."""


@sms.command("test")
@click.argument("number")
@wait_option
@json_option
@pass_cli
def test_sms(cli: Cli, number: str, wait: int, as_json: bool) -> None:
    """Send a test text message to NUMBER, such as +34612345678."""
    _test(cli, "sms", number, wait, as_json)


@whatsapp.command("test")
@click.argument("number")
@wait_option
@json_option
@pass_cli
def test_whatsapp(cli: Cli, number: str, wait: int, as_json: bool) -> None:
    """Send a test message by WhatsApp to NUMBER. Write to your WhatsApp number from that phone first: free text may be
    sent for 24 hours then."""
    _test(cli, "whatsapp", number, wait, as_json)


@email.command("test")
@click.argument("address")
@json_option
@pass_cli
def test_email(cli: Cli, address: str, as_json: bool) -> None:
    """Send a test email to ADDRESS."""
    _test(cli, "email", address, 0, as_json)


@click.group()
def messaging() -> None:
    """The accounts that messages go through: status, connect, disconnect; pause and resume all sending."""


@messaging.command("status")
@json_option
@pass_cli
def status(cli: Cli, as_json: bool) -> None:
    """Say how messages go out, and whether they do."""
    from waitlist_appliance.services import messaging_accounts

    cards, pause = messaging_accounts.status(cli.app, now()), messaging_accounts.paused(cli.app)
    hooks = messaging_accounts.hook_addresses(cli.app)
    if as_json:
        held = {"since_at": pause.since_at, "by_staff": pause.by_staff, "reason": pause.reason} if pause else None
        return show_json({"paused": held, "accounts": [_card_json(card) for card in cards], "webhooks": dict(hooks)})
    if pause:
        click.echo(f"Sending is paused since {cli.clock(pause.since_at)}: {pause.reason}.")
        click.echo("To go on: waitlist messaging resume")
    if not any(card.connected for card in cards):
        click.echo("Nothing is connected: messages land on the simulated phones of the dashboard.")
    for card in cards:
        click.echo("\n".join(_card_lines(cli, card)))
    if any(card.provider == "twilio" and card.connected for card in cards):
        click.echo("Addresses for Twilio's console, to the letter:")
        click.echo("\n".join(f"  {channel + ':':<11}{address}" for channel, address in hooks.items()))


@messaging.group("connect")
def connect() -> None:
    """Connect an account: twilio or smtp. It is tried before it is kept, and nothing is sent."""


@connect.command("twilio")
@click.argument("account_sid")
@click.option("--from", "sms_from", default="", metavar="NUMBER", help="The number, short code or name of SMS.")
@click.option("--messaging-service", default="", metavar="MG…", help="A messaging service in place of a number.")
@click.option("--whatsapp-from", default="", metavar="NUMBER", help="The WhatsApp sender.")
@click.option("--api-key", default="", metavar="SK…", help="Send with this API key; its secret is asked for second.")
@click.option("--per-second", default="", help="Text messages that the number may send a second. Default: 1.")
@click.option("--api-url", default="", help="For tests and proxies only. Where Twilio's API is asked.")
@click.option("--secrets-stdin", is_flag=True, help="Read the auth token (and the key's secret) from standard input.")
@json_option
@pass_cli
def connect_twilio(
    cli: Cli, account_sid: str, sms_from: str, messaging_service: str, whatsapp_from: str, api_key: str,
    per_second: str, api_url: str, secrets_stdin: bool, as_json: bool,
) -> None:  # fmt: skip
    """Connect Twilio, whose console shows ACCOUNT_SID (AC…). The auth token is asked for."""
    from waitlist_appliance.services import messaging_accounts

    given = {
        "account_sid": account_sid, "auth_token": _asked_secret("Auth token", from_stdin=secrets_stdin),
        "sms_from": sms_from, "messaging_service_sid": messaging_service, "whatsapp_from": whatsapp_from,
        "sms_per_second": per_second, "base_url": api_url, "api_key_sid": api_key,
        "api_key_secret": _asked_secret("Secret of the API key", from_stdin=secrets_stdin) if api_key else "",
    }  # fmt: skip
    account = _named(lambda: messaging_accounts.connect_twilio(cli.app, given, now(), _actor()))
    _tell_connected(cli, "twilio", account, as_json)


@connect.command("smtp")
@click.argument("host")
@click.argument("sender")
@click.option("--port", default="", help="Default: 587, with TLS 465.")
@click.option("--security", type=click.Choice(["starttls", "tls", "none"]), default="starttls", show_default=True)
@click.option("--username", default="", help="The name to log in with. Default: no login.")
@click.option("--sender-name", default="", help="The name that stands beside the address.")
@click.option("--reply-to", default="", help="Where answers go. Default: to SENDER.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
@click.option("--allow-unencrypted", is_flag=True, help="Needed for --security none, in your own network only.")
@json_option
@pass_cli
def connect_smtp(
    cli: Cli, host: str, sender: str, port: str, security: str, username: str, sender_name: str, reply_to: str,
    password_stdin: bool, allow_unencrypted: bool, as_json: bool,
) -> None:  # fmt: skip
    """Send email through the mail server HOST, from the address SENDER. With --username the password is asked for."""
    from waitlist_appliance.services import messaging_accounts

    given = {
        "host": host, "sender": sender, "port": port, "security": security, "username": username,
        "sender_name": sender_name, "reply_to": reply_to, "allow_unencrypted": allow_unencrypted,
        "password": _asked_secret("Password", from_stdin=password_stdin) if username else "",
    }  # fmt: skip
    account = _named(lambda: messaging_accounts.connect_smtp(cli.app, given, now(), _actor()))
    _tell_connected(cli, "smtp", account, as_json)


@messaging.command("disconnect")
@click.argument("provider", type=click.Choice(["twilio", "smtp"]))
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_cli
def disconnect(cli: Cli, provider: str, yes: bool) -> None:
    """Forget an account and its secrets."""
    from waitlist_appliance.services import messaging_accounts

    if not messaging_accounts.is_connected(cli.app, provider):
        raise Failed(f"PROVIDER {provider!r}: it is not connected; see `waitlist messaging status`")
    if not yes:
        click.confirm(f"Disconnect {NAMES[provider]}?", abort=True)
    messaging_accounts.disconnect(cli.app, provider, now(), _actor())
    click.echo(f"{NAMES[provider]} is disconnected.")


@messaging.command("pause")
@pass_cli
def pause(cli: Cli) -> None:
    """Send nothing to anybody until `messaging resume`; nothing is lost meanwhile."""
    from waitlist_appliance.services import messaging_accounts

    messaging_accounts.pause(cli.app, now(), _actor())
    click.echo("Sending is paused. To go on: waitlist messaging resume")


@messaging.command("resume")
@pass_cli
def resume(cli: Cli) -> None:
    """Send again what was waiting."""
    from waitlist_appliance.services import messaging_accounts

    went_on = messaging_accounts.resume_sending(cli.app, now(), _actor())
    click.echo("Sending goes on. What was waiting goes out now." if went_on else "Sending was not paused.")


def _test(cli: Cli, channel: str, given: str, wait: int, as_json: bool) -> None:
    """Exit code 0 when it was taken and nothing is known against it, else 1. Wrong input is named before anything."""
    from waitlist_appliance.domain.errors import Invalid
    from waitlist_appliance.services import messaging_accounts

    try:
        result = messaging_accounts.test_send(cli.app, channel, given, now())
    except Invalid as error:
        what, example = ("ADDRESS", "ana@example.org") if channel == "email" else ("NUMBER", "+34612345678")
        raise Failed(f"{what} {given!r}: this cannot be right; write it like {example}") from error
    until = time.monotonic() + wait
    while result.ok and result.state == "queued" and time.monotonic() < until:
        time.sleep(ASKED_EVERY)
        result = messaging_accounts.test_fate(cli.app, result)
    if as_json:
        show_json(_result_json(result))
    else:
        click.echo(_in_words(result), err=not result.ok)
    if not result.ok:
        raise click.exceptions.Exit(1)


def _in_words(result: TestResult) -> str:
    if result.simulated:
        return f"{result.address}: it lies on the simulated phone; nothing is connected yet."
    if not result.ok:
        said = f" [{result.detail or result.code}]" if result.detail or result.code else ""
        return f"error: {result.address}: {_sentence(result.trouble or 'account')}{said}"
    reached = {
        "queued": "the provider has it and sends it; look at the phone", "sent": "it is sent",
        "delivered": "it has arrived", "read": "it was read",
    }  # fmt: skip
    known = f" (id {result.provider_id})" if result.provider_id else ""
    return f"{result.address}: {reached.get(result.state, 'it is sent')}{known}."


def _result_json(result: TestResult) -> dict[str, object]:
    return {
        "ok": result.ok, "channel": result.channel, "address": result.address, "state": result.state if result.ok else "failed",
        "provider_id": result.provider_id or None, "simulated": result.simulated, "trouble": result.trouble,
        "message": _sentence(result.trouble) if result.trouble else None, "code": result.code,
        "detail": result.detail or None,
    }  # fmt: skip


def _sentence(trouble: str) -> str:
    from waitlist_appliance.texts import messaging_trouble

    return messaging_trouble.sentence(trouble, "en")


def _named(connecting: Callable[[], Account]) -> Account:
    """What the account's own rules refuse, by field. Raises Failed."""
    from waitlist_appliance.ports import BadAccount

    try:
        return connecting()
    except BadAccount as error:
        raise Failed("; ".join(f"{field}: {sentence}" for field, sentence in error.problems.items())) from error


def _tell_connected(cli: Cli, provider: str, account: Account, as_json: bool) -> None:
    from waitlist_appliance.services import messaging_accounts

    if as_json:
        return show_json(_card_json(messaging_accounts.card(cli.app, provider)))
    click.echo(f"{NAMES[provider]} is connected: {', '.join(account.channels)}.")
    if provider == "twilio":
        hooks = messaging_accounts.hook_addresses(cli.app)
        click.echo("Next, give Twilio these addresses for what comes in (HTTP POST), to the letter:")
        click.echo("\n".join(f"  {channel + ':':<11}{hooks[channel]}" for channel in account.channels))
    test = {"sms": "sms test NUMBER", "whatsapp": "whatsapp test NUMBER", "email": "email test ADDRESS"}
    click.echo("\n".join(f"Then try it: waitlist {test[channel]}" for channel in account.channels))


def _card_json(card: Card) -> dict[str, object]:
    return {
        "provider": card.provider, "connected": card.connected, "from_environment": card.fixed, "trouble": card.trouble,
        "message": _sentence(card.trouble) if card.trouble else None, "channels": list(card.channels),
        "settings": _said(card.shown), "connected_at": card.connected_at,
        "last": {way: {"out_at": seen.out_at, "in_at": seen.in_at} for way, seen in card.traffic.items()},
    }  # fmt: skip


def _card_lines(cli: Cli, card: Card) -> list[str]:
    if not card.connected:
        return [f"{NAMES[card.provider]}: not connected"]
    where = ", from the environment" if card.fixed else ""
    lines = [f"{NAMES[card.provider]}: connected{where}"]
    lines += [f"  {name + ':':<23}{value}" for name, value in _said(card.shown).items()]
    for way, seen in card.traffic.items():
        came = "" if way == "email" else f", last in {cli.clock(seen.in_at)}"
        lines.append(f"  {way + ':':<23}last out {cli.clock(seen.out_at)}{came}")
    return [*lines, f"  trouble: {_sentence(card.trouble)}"] if card.trouble else lines


def _said(shown: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in shown.items() if value}


def _asked_secret(what: str, *, from_stdin: bool) -> str:
    """One line of standard input, or asked for without showing it."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    answer: str = click.prompt(what, hide_input=True, err=True)
    return answer


def _actor() -> Actor:
    from waitlist_appliance.storage.activity import Actor

    return Actor("staff", "command line")
