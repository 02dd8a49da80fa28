"""Calendars from the terminal: connect, choose, try, let go. Secrets are asked for, never given as arguments."""

from __future__ import annotations

import secrets
import sys
from typing import TYPE_CHECKING, Any

import click

from waitlist_appliance.cli.context import Cli, now, pass_cli
from waitlist_appliance.cli.failures import Failed
from waitlist_appliance.cli.tables import json_option, show, show_json, table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from waitlist_appliance.domain.records import Connection
    from waitlist_appliance.ports import CalendarChoice
    from waitlist_appliance.services.manage_calendars import CalendarCard
    from waitlist_appliance.storage.activity import Actor


@click.group()
def calendar() -> None:
    """Calendars: connect, choose, try, let go. A calendar is named by its id or its name (see `calendar list`)."""


@calendar.command("list")
@json_option
@pass_cli
def list_calendars(cli: Cli, as_json: bool) -> None:
    """List the connected calendars."""
    from waitlist_appliance.services import manage_calendars

    cards = manage_calendars.status(cli.app, now())
    columns = {
        "name": lambda c: c.connection.name,
        "kind": lambda c: c.connection.provider,
        "state": _state,
        "used by": _used_by,
        "last read": lambda c: cli.clock(c.last_read_at),
        "id": lambda c: c.connection.public_id,
    }
    if as_json:
        return show_json([_card_json(card) for card in cards])
    show(cards, columns, as_json=False, empty="No calendar is connected: waitlist calendar connect --help")


@calendar.group("connect")
def connect() -> None:
    """Connect a calendar: google, caldav or ics."""


@calendar.command("google-client")
@click.argument("client_id")
@click.option("--secret-stdin", is_flag=True, help="Read the client secret from standard input instead of asking.")
@pass_cli
def google_client(cli: Cli, client_id: str, secret_stdin: bool) -> None:
    """Keep the OAuth client of your Google project, sealed."""
    from waitlist_appliance.services import connect_calendar

    secret = _asked_secret("Client secret", from_stdin=secret_stdin)
    connect_calendar.set_google_client(cli.app, client_id, secret, now(), _actor())
    click.echo("The Google client is kept. Next: waitlist calendar connect google")
    if cli.app.clients.get("google"):
        click.echo("GOOGLE_CLIENT_ID is set in the environment and goes before it.")


@connect.command("google")
@click.option("--again", metavar="CALENDAR", help="Connect this one again instead of a new one.")
@json_option
@pass_cli
def connect_google(cli: Cli, again: str | None, as_json: bool) -> None:
    """Sign in at Google in any browser, then paste the address it ended at, whether or not it showed a page."""
    from waitlist_appliance.services import connect_calendar

    if connect_calendar.google_client(cli.app) is None:
        raise Failed("Google is not set up yet; first: waitlist calendar google-client CLIENT_ID")
    session, app = f"cli:{secrets.token_urlsafe(24)}", cli.app
    before = _named(cli, again).public_id if again else None
    url = connect_calendar.begin_google(app, session, connect_calendar.redirect_uri(app), now(), _actor(), before)
    click.echo(f"Open this address in a browser and sign in; tick every box:\n\n{url}\n", err=as_json)
    click.echo("The browser ends at an address with ?state=…&code=… in it, perhaps with an error page.", err=as_json)
    state, code = connect_calendar.parse_pasted(click.prompt("Paste that address here", err=as_json))
    made = connect_calendar.finish_google(app, session, state, code, now(), _actor())
    _tell_connected(cli, made, None, as_json)


@connect.command("caldav")
@click.argument("url")
@click.argument("username")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
@click.option("--allow-private", is_flag=True, help="The server is in the local network (http:// is taken then, too).")
@json_option
@pass_cli
def connect_caldav(cli: Cli, url: str, username: str, password_stdin: bool, allow_private: bool, as_json: bool) -> None:
    """Connect the CalDAV account USERNAME at URL (iCloud, Nextcloud, Radicale …), best with an app password."""
    from waitlist_appliance.services import connect_calendar

    password = _asked_secret("Password", from_stdin=password_stdin)
    made, choices = connect_calendar.connect_caldav(cli.app, url, username, password, allow_private, now(), _actor())
    _tell_connected(cli, made, choices, as_json)


@connect.command("ics")
@click.option("--name", default="", help="What it is called here. Default: its own name.")
@click.option("--blocks", multiple=True, metavar="RESOURCE", help="Whose time it takes; repeat. Default: everybody's.")
@click.option("--address-stdin", is_flag=True, help="Read the address from standard input instead of asking.")
@click.option("--allow-private", is_flag=True, help="The address is in the local network.")
@json_option
@pass_cli
def connect_ics(
    cli: Cli, name: str, blocks: tuple[str, ...], address_stdin: bool, allow_private: bool, as_json: bool
) -> None:
    """Connect an ICS address: its events take time, and nothing is written to it. The address is asked for, because
    whoever knows it can read the calendar."""
    from waitlist_appliance.services import connect_calendar

    address = _asked_secret("Address (https://… or webcal://…)", from_stdin=address_stdin)
    made = connect_calendar.connect_ics(cli.app, address, name, allow_private, blocks, now(), _actor())
    _tell_connected(cli, made, (), as_json)


@calendar.command("choices")
@click.argument("connected", metavar="CALENDAR")
@json_option
@pass_cli
def choices(cli: Cli, connected: str, as_json: bool) -> None:
    """List the calendars of an account."""
    from waitlist_appliance.services import manage_calendars

    found = manage_calendars.choices(cli.app, _named(cli, connected).public_id)
    show(found, _CHOICES, as_json=as_json, empty="This account has no calendars.")


@calendar.command("select")
@click.argument("connected", metavar="CALENDAR")
@click.argument("chosen")
@click.option("--name", help="What it is called here. Default: its own name.")
@json_option
@pass_cli
def select(cli: Cli, connected: str, chosen: str, name: str | None, as_json: bool) -> None:
    """Use the calendar CHOSEN (its id or its name) of a connected account."""
    from waitlist_appliance.services import manage_calendars

    connection = _named(cli, connected)
    offered = manage_calendars.choices(cli.app, connection.public_id)
    calendar_id = _chosen(offered, chosen)
    made = manage_calendars.choose(cli.app, connection.public_id, calendar_id, name, now(), _actor())
    if as_json:
        return show_json(_card_json(manage_calendars.card(cli.app, made.public_id, now())))
    click.echo(f"{made.name} is used from now on. What for: waitlist calendar use {made.public_id} --help")


@calendar.command("use")
@click.argument("connected", metavar="CALENDAR")
@click.option("--for", "use", type=click.Choice(["write", "block", "business"]), required=True,
              help="write: bookings go into it; block: its events take their time; business: everybody's.")  # fmt: skip
@click.option("--resource", "resources", multiple=True, help="Table, person or room; repeat. Default: all.")
@pass_cli
def use(cli: Cli, connected: str, use: Any, resources: tuple[str, ...]) -> None:
    """Say what a calendar is for."""
    from waitlist_appliance.services import manage_calendars

    connection = _named(cli, connected)
    manage_calendars.use_for(cli.app, connection.public_id, resources or None, use, now(), _actor())
    click.echo(f"{connection.name}: {_used_by(manage_calendars.card(cli.app, connection.public_id, now()))}")


@calendar.command("switch")
@click.argument("connected", metavar="CALENDAR")
@click.argument("state", type=click.Choice(["on", "off"]))
@pass_cli
def switch(cli: Cli, connected: str, state: str) -> None:
    """Switch a calendar on or off."""
    from waitlist_appliance.services import manage_calendars

    made = manage_calendars.switch(cli.app, _named(cli, connected).public_id, state == "on", now(), _actor())
    click.echo(f"{made.name} is {'on' if made.enabled else 'off'}.")


@calendar.command("test")
@click.argument("connected", metavar="CALENDAR")
@json_option
@click.pass_context
def test(ctx: click.Context, connected: str, as_json: bool) -> None:
    """Try a calendar over the wire; nothing is changed. Exit code 1 when it cannot be used."""
    from waitlist_appliance.services import manage_calendars

    cli: Cli = ctx.obj
    connection = _named(cli, connected)
    result = manage_calendars.test(cli.app, connection.public_id, now())
    if as_json:
        words = _words(result.trouble) if result.trouble else None
        show_json(
            {"ok": result.ok, "trouble": result.trouble, "message": words, "calendars": result.calendars,
             "events_ahead": result.events_ahead, "took_ms": result.took_ms}
        )  # fmt: skip
        ctx.exit(0 if result.ok else 1)
    if result.trouble:
        raise Failed(f"{connection.name}: {_words(result.trouble)}")
    click.echo(
        f"{connection.name} can be used. Calendars of the account: {result.calendars}; events in the next two weeks: "
        f"{result.events_ahead}; {result.took_ms} ms."
    )


@calendar.command("status")
@click.argument("connected", metavar="[CALENDAR]", required=False)
@json_option
@pass_cli
def status(cli: Cli, connected: str | None, as_json: bool) -> None:
    """How the calendars are: last and next read, what waits, what is wrong and what to do about it."""
    from waitlist_appliance.services import manage_calendars

    cards = manage_calendars.status(cli.app, now())
    if connected:
        wanted = _named(cli, connected).public_id
        cards = [card for card in cards if card.connection.public_id == wanted]
    if as_json:
        return show_json([_card_json(card) for card in cards])
    for card in cards:
        click.echo("\n".join(_lines(cli, card)) + "\n")


@calendar.command("sync")
@click.argument("connected", metavar="[CALENDAR]", required=False)
@pass_cli
def sync(cli: Cli, connected: str | None) -> None:
    """Ask the worker to read one calendar, or all, now."""
    from waitlist_appliance.services import manage_calendars

    if connected:
        manage_calendars.sync_now(cli.app, _named(cli, connected).public_id, now())
        return click.echo("The worker reads it now; see: waitlist calendar log")
    click.echo(f"Calendars that the worker reads now: {manage_calendars.sync_all(cli.app, now())}")


@calendar.command("answer")
@click.argument("connected", metavar="CALENDAR")
@click.argument("decision", type=click.Choice(["apply", "keep"]))
@pass_cli
def answer(cli: Cli, connected: str, decision: str) -> None:
    """Decide about changes that were held back because there were so many: `apply` what was done in the calendar app,
    or `keep` our bookings as they were."""
    from waitlist_appliance.services import manage_calendars

    apply = decision == "apply"
    number = manage_calendars.answer_held(cli.app, _named(cli, connected).public_id, apply, now(), _actor())
    click.echo(f"changes {'applied' if apply else 'put back'}: {number}")


@calendar.command("disconnect")
@click.argument("connected", metavar="CALENDAR")
@click.option("--force", is_flag=True, help="Although bookings ahead are written there; they stay booked.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_cli
def disconnect(cli: Cli, connected: str, force: bool, yes: bool) -> None:
    """Let a calendar go: the permission is given back and the credentials are forgotten."""
    from waitlist_appliance.services import manage_calendars

    connection = _named(cli, connected)
    if not yes:
        click.confirm(f"Disconnect {connection.name}?", abort=True)
    manage_calendars.disconnect(cli.app, connection.public_id, now(), _actor(), force=force)
    click.echo(f"{connection.name} is disconnected.")


@calendar.command("log")
@click.argument("connected", metavar="CALENDAR")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@json_option
@pass_cli
def log(cli: Cli, connected: str, limit: int, as_json: bool) -> None:
    """The newest reads of a calendar."""
    from waitlist_appliance.services import manage_calendars

    lines = manage_calendars.sync_log(cli.app, _named(cli, connected).public_id, limit)
    columns = {
        "when": lambda line: cli.clock(line.at),
        "why": lambda line: line.cause,
        "what": lambda line: line.kind,
        "result": lambda line: "ok" if line.ok else line.trouble or "failed",
        "seen": lambda line: str(line.seen),
        "changed": lambda line: str(line.changed),
        "requests": lambda line: str(line.requests),
        "ms": lambda line: str(line.took_ms),
    }
    show(lines, columns, as_json=as_json, empty="It was not read yet.")


_CHOICES: dict[str, Callable[[CalendarChoice], str]] = {
    "name": lambda choice: choice.name,
    "may write": lambda choice: "yes" if choice.writable else "no",
    "zone": lambda choice: choice.zone or "–",
    "id": lambda choice: choice.calendar_id,
}


def _named(cli: Cli, text: str) -> Connection:
    """The connection with this id or name. Raises Failed."""
    from waitlist_appliance.storage import connecting

    found = [c for c in connecting.present(cli.app.db) if text in (c.public_id, c.name)]
    if len(found) != 1:
        problem = "several calendars have this name; use the id" if found else "there is no such calendar"
        raise Failed(f"CALENDAR {text!r}: {problem}; see `waitlist calendar list`")
    return found[0]


def _chosen(offered: Sequence[CalendarChoice], text: str) -> str:
    found = [choice.calendar_id for choice in offered if text in (choice.calendar_id, choice.name)]
    if len(found) != 1:
        names = ", ".join(choice.name for choice in offered)
        problem = "several have this name; use the id" if found else f"there are: {names or 'none'}"
        raise Failed(f"CHOSEN {text!r}: {problem}")
    return found[0]


def _asked_secret(what: str, *, from_stdin: bool) -> str:
    """One line of standard input, or asked for without showing it."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    answer: str = click.prompt(what, hide_input=True, err=True)
    return answer


def _tell_connected(cli: Cli, made: Connection, offered: Sequence[CalendarChoice] | None, as_json: bool) -> None:
    from waitlist_appliance.services import manage_calendars

    card = manage_calendars.card(cli.app, made.public_id, now())
    if offered is None:
        offered = manage_calendars.choices(cli.app, made.public_id) if card.needs_choice else ()
    if as_json:
        return show_json({**_card_json(card), "choices": [_choice_json(choice) for choice in offered]})
    click.echo(f"{made.name} is connected.")
    if card.needs_choice:
        click.echo(table(list(_CHOICES), [[cell(choice) for cell in _CHOICES.values()] for choice in offered]))
        click.echo(f"Next, choose one: waitlist calendar select {made.public_id} NAME")
    elif not made.read_only:
        click.echo(f"Next, say what it is for: waitlist calendar use {made.public_id} --for write")


def _choice_json(choice: CalendarChoice) -> dict[str, object]:
    return {
        "id": choice.calendar_id, "name": choice.name, "zone": choice.zone, "writable": choice.writable,
        "primary": choice.primary,
    }  # fmt: skip


def _card_json(card: CalendarCard) -> dict[str, object]:
    connection = card.connection
    return {
        "id": connection.public_id, "name": connection.name, "provider": connection.provider,
        "account": connection.account, "calendar_id": connection.calendar_id, "enabled": connection.enabled,
        "status": connection.status, "trouble": card.trouble, "message": _words(card.trouble) if card.trouble else None,
        "needs_choice": card.needs_choice, "connected_at": card.connected_at, "last_read_at": card.last_read_at,
        "next_read_at": card.next_read_at, "events_ahead": card.events_ahead, "unnamed": card.unnamed,
        "bookings_ahead": card.bookings_ahead, "writes_waiting": card.writes_waiting, "scope": connection.scope,
        "written_by": [used.name for used in card.written_by], "blocks": [used.name for used in card.blocks],
        "held": len(card.held), "watch": card.watch, "watch_until": card.watch_until,
    }  # fmt: skip


def _lines(cli: Cli, card: CalendarCard) -> list[str]:
    lines = [
        f"{card.connection.name} ({card.connection.provider}): {_state(card)}",
        f"  used by:    {_used_by(card)}",
        f"  last read:  {cli.clock(card.last_read_at)}, next {cli.clock(card.next_read_at)}",
        f"  ahead:      {card.events_ahead} events, {card.unnamed} of them name nobody; {card.bookings_ahead} bookings",
        f"  to write:   {card.writes_waiting}",
        f"  notices:    {_watch(cli, card)}",
    ]
    if card.held:
        lines.append(f"  waiting for your answer: {len(card.held)} changes; see: waitlist calendar answer --help")
    if card.needs_choice:
        lines.append(f"  next: waitlist calendar select {card.connection.public_id} NAME")
    return [*lines, f"  trouble: {_words(card.trouble)}"] if card.trouble else lines


def _watch(cli: Cli, card: CalendarCard) -> str:
    if card.watch == "none":
        return "none; it is read every few minutes"
    return f"come until {cli.clock(card.watch_until)}" if card.watch == "open" else "are being arranged"


def _state(card: CalendarCard) -> str:
    if card.needs_choice:
        return "choose a calendar"
    if card.trouble:
        return card.trouble.replace("_", " ")
    return "on" if card.connection.enabled else "off"


def _used_by(card: CalendarCard) -> str:
    if card.connection.takes_everything:
        return "takes everybody's time"
    writes = ", ".join(used.name for used in card.written_by)
    blocks = ", ".join(used.name for used in card.blocks)
    parts = [f"bookings of {writes}" if writes else "", f"takes the time of {blocks}" if blocks else ""]
    return "; ".join(part for part in parts if part) or "nothing yet"


def _words(trouble: str) -> str:
    from waitlist_appliance.texts import calendar_trouble

    return calendar_trouble.sentence(trouble, "en")


def _actor() -> Actor:
    from waitlist_appliance.storage.activity import Actor

    return Actor("staff", "command line")
