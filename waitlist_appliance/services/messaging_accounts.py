"""The accounts that messages go through: connected, tried, let go; and all sending paused.

A provider is asked only here, only when somebody connects or tries an account, and outside any transaction. Secrets are
sealed at once; nothing gives them back but ``settings``, for those who send with them and check what is posted to us.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from waitlist_appliance.domain.errors import Conflict, Invalid, NotFound
from waitlist_appliance.ports import Account, BadAccount, DeliveryError, Letter, State
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.deliver_messages import resume_sending
from waitlist_appliance.services.join_waitlist import read_phone
from waitlist_appliance.storage import activity, alarms, messaging_reads, provider_credentials
from waitlist_appliance.storage.messaging_reads import Traffic
from waitlist_appliance.storage.vault import VaultError
from waitlist_appliance.texts.catalogues import pick_locale, translator

__all__ = ["Traffic", "resume_sending"]

log = logging.getLogger(__name__)

# Provider → the channels that it may serve.
CHANNELS: Final[Mapping[str, tuple[str, ...]]] = {"twilio": ("sms", "whatsapp"), "smtp": ("email",)}
PROVIDER_OF: Final[Mapping[str, str]] = {way: provider for provider, ways in CHANNELS.items() for way in ways}
# Provider → its secrets, and what they are good for: left empty, the kept ones stay only while nothing of this changes.
_SECRETS: Final = {"twilio": ("auth_token", "api_key_secret"), "smtp": ("password",)}
_WHOSE: Final = {
    "twilio": ("account_sid", "api_key_sid", "base_url"),
    "smtp": ("host", "port", "security", "username"),
}
HOOKS: Final[Mapping[str, str]] = {"sms": "/twilio/sms/incoming", "whatsapp": "/twilio/whatsapp/incoming"}
# Twilio tries a hook that failed again only when its address says so (facts/messaging.md 4.4).
TRIED_AGAIN: Final = "#rc=5&rp=all"
BY_STAFF: Final = "paused by staff"
LONGEST_FIELD: Final = 500
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]{2,}")

_LOGIN: Final = ("20003", "20404", "HTTP 401", "HTTP 403", "HTTP 404", "login")
_MAIL_LOGIN: Final = ("530", "534", "535", "538", "454")
_SENDERS: Final = ("21212", "21603", "21606", "21659", "21660", "21701", "21703", "21705", "21910", "30034", "63007")
_BY_CODE: Final[Mapping[str, str]] = {
    **dict.fromkeys(_LOGIN, "login_refused"), **dict.fromkeys(_SENDERS, "sender"), "20005": "suspended",
    "30002": "suspended", "certificate": "certificate", "tls": "encryption", "encryption": "encryption",
    "unencrypted": "unencrypted", "vault": "vault",
}  # fmt: skip
_BY_VERDICT: Final[Mapping[str, str]] = {"later": "unreachable", "slow": "too_fast"}


@dataclass(frozen=True, slots=True)
class Card:
    """One kind of account as it is shown; ``trouble`` is a key of texts/messaging_trouble.TROUBLES.

    ``fixed``: the environment names it, so it is changed there. ``shown`` holds no secrets; ``signs``: answers that it
    posts can be told from a stranger's.
    """

    provider: str
    connected: bool
    fixed: bool = False
    trouble: str | None = None
    shown: Mapping[str, str] = field(default_factory=dict)
    channels: tuple[str, ...] = ()
    signs: bool = False
    connected_at: datetime | None = None
    traffic: Mapping[str, Traffic] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pause:
    """Why nothing is sent, and since when; ``by_staff``: because somebody wanted it so."""

    since_at: datetime
    by_staff: bool
    reason: str


@dataclass(frozen=True, slots=True)
class TestResult:
    """How a test message fared. ``trouble``: a key of texts/messaging_trouble.TROUBLES, None when it was taken.

    ``detail`` is the provider's own word, in English; ``simulated``: it lies on a simulated phone.
    """

    __test__ = False  # its name is no test's

    channel: str
    address: str
    ok: bool
    trouble: str | None = None
    code: str | None = None
    detail: str = ""
    provider_id: str = ""
    state: State = "sent"
    simulated: bool = False


def settings(app: Appliance, provider: str) -> Mapping[str, str]:
    """The account with its secrets; the environment's before the kept one, empty without any. VaultError."""
    return app.given_accounts.get(provider) or provider_credentials.of(app.db, app.vault, provider)


def is_connected(app: Appliance, provider: str) -> bool:
    """Whether there is such an account; opens nothing."""
    return provider in app.given_accounts or provider_credentials.kept_at(app.db, provider) is not None


def connect_twilio(app: Appliance, fields: Mapping[str, Any], now: datetime, actor: Actor) -> Account:
    """Prove the Twilio account, then keep it. BadAccount names fields; Conflict ``messaging_<trouble>``, ``_fixed``."""
    return _connect(app, "twilio", fields, now, actor)


def connect_smtp(app: Appliance, fields: Mapping[str, Any], now: datetime, actor: Actor) -> Account:
    """Prove the mail account, then keep it, as `connect_twilio`."""
    return _connect(app, "smtp", fields, now, actor)


def disconnect(app: Appliance, provider: str, now: datetime, actor: Actor) -> None:
    """Forget the account. NotFound where there is none; Conflict ``messaging_fixed`` for the environment's."""
    _refuse_fixed(app, provider)
    with app.db.write():
        if not provider_credentials.forget(app.db, provider):
            raise NotFound("not_found", "provider")
        activity.record(app.db, now, actor, "messaging_disconnected", "provider", provider=provider)


def status(app: Appliance, now: datetime) -> list[Card]:
    """Every kind of account, connected or not."""
    return [card(app, provider) for provider in CHANNELS]


def card(app: Appliance, provider: str) -> Card:
    """One of them. NotFound for a kind that there is not."""
    if provider not in CHANNELS:
        raise NotFound("not_found", "provider")
    fixed = provider in app.given_accounts
    since = None if fixed else provider_credentials.kept_at(app.db, provider)
    if not fixed and since is None:
        return Card(provider, connected=False)
    try:
        account = app.accounts[provider].read(settings(app, provider))
    except (VaultError, BadAccount) as error:
        log.error("the account of %s cannot be used: %s", provider, type(error).__name__)
        trouble = "vault" if isinstance(error, VaultError) else "incomplete"
        return Card(provider, True, fixed, trouble, connected_at=since)
    traffic = {way: messaging_reads.traffic(app.db, way, since) for way in account.channels}
    signs = bool(account.settings.get("auth_token"))
    return Card(provider, True, fixed, None, account.shown, account.channels, signs, since, traffic)


def hook_addresses(app: Appliance) -> Mapping[str, str]:
    """Channel → the address that Twilio must be given, to the letter."""
    return {channel: app.url(path) + TRIED_AGAIN for channel, path in HOOKS.items()}


def test_send(app: Appliance, channel: str, address: str, now: datetime) -> TestResult:
    """Write to this number or address at once, past the outbox. Invalid for what is none; the rest is in the result."""
    if channel not in PROVIDER_OF:
        raise Invalid("bad_value", "channel", params={"field": "channel"})
    to = _address(app, channel, address)
    simulated = not any(is_connected(app, provider) for provider in CHANNELS)
    if not simulated and not _serves(app, channel):
        raise Conflict("messaging_not_connected")
    try:
        handed = app.messenger(channel).send(_letter(app, channel, to), now)
    except DeliveryError as error:
        log.warning("a test message by %s was not taken: %s", channel, error)
        return TestResult(channel, to, False, trouble_of(error), error.code, str(error))
    except VaultError as error:
        log.error("a test message by %s could not be sent: %s", channel, error)
        return TestResult(channel, to, False, "vault")
    return TestResult(channel, to, True, provider_id=handed.provider_id, state=handed.state, simulated=simulated)


def test_fate(app: Appliance, sent: TestResult) -> TestResult:
    """The test message as the provider tells of it now; unchanged when it tells nothing."""
    try:
        fate = next(iter(app.messenger(sent.channel).fates([sent.provider_id])), None)
    except DeliveryError as error:
        log.info("what became of a test message is not known: %s", error)
        return sent
    if fate is None:
        return sent
    if fate.state != "failed":
        return replace(sent, state=fate.state)
    trouble = _BY_CODE.get(fate.code or "") or _of_verdict(fate.verdict or "elsewhere")
    return replace(sent, ok=False, state="failed", trouble=trouble, code=fate.code)


def pause(app: Appliance, now: datetime, actor: Actor) -> None:
    """Send nothing to anybody until somebody resumes it. Offers wait; nothing is lost."""
    with app.db.write():
        if not alarms.holds(app.db, alarms.SENDING_PAUSED):
            alarms.raise_alarm(app.db, alarms.SENDING_PAUSED, BY_STAFF, now)
            activity.record(app.db, now, actor, "sending_paused", "message", reason=BY_STAFF)


def paused(app: Appliance) -> Pause | None:
    """Whether all sending is paused, and why."""
    found = next((alarm for alarm in alarms.present(app.db) if alarm.condition == alarms.SENDING_PAUSED), None)
    return Pause(found.since_at, found.detail == BY_STAFF, found.detail) if found else None


def trouble_of(error: DeliveryError) -> str:
    """A refusal as a key of texts/messaging_trouble.TROUBLES."""
    code = error.code or ""
    if error.verdict == "account":
        by_mail = "login_refused" if code.partition(" ")[0] in _MAIL_LOGIN else "account"
        return _BY_CODE.get(code, by_mail)
    return _of_verdict(error.verdict)


def _of_verdict(verdict: str) -> str:
    return _BY_VERDICT.get(verdict, verdict)


def _connect(app: Appliance, provider: str, fields: Mapping[str, Any], now: datetime, actor: Actor) -> Account:
    _refuse_fixed(app, provider)
    for name, value in fields.items():
        if len(str(value)) > LONGEST_FIELD:
            raise Invalid("too_long", name, params={"length": LONGEST_FIELD, "limit": LONGEST_FIELD})
    checker = app.accounts[provider]
    account = checker.read(_with_kept_secrets(app, provider, fields))
    try:
        checker.check(account)
    except DeliveryError as error:
        log.warning("an account of %s was not connected: %s", provider, error)
        raise Conflict(f"messaging_{trouble_of(error)}") from None
    before = is_connected(app, provider)
    try:
        with app.db.write():
            provider_credentials.keep(app.db, app.vault, provider, account.settings, now)
            verb = "messaging_changed" if before else "messaging_connected"
            activity.record(app.db, now, actor, verb, "provider", provider=provider)
            app.ring_deliver()
    except VaultError as error:
        log.error("an account of %s cannot be kept: %s", provider, error)
        raise Conflict("messaging_vault") from error
    return account


def _with_kept_secrets(app: Appliance, provider: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Secrets that were left empty stay as they are, but never go to another account or another server."""
    try:
        kept = provider_credentials.of(app.db, app.vault, provider)
    except VaultError:
        return fields
    if not kept or any(fields.get(name) for name in _SECRETS[provider]):
        return fields
    whose = {name: str(fields.get(name) or "").strip() or kept.get(name, "") for name in _WHOSE[provider]}
    same = all(value.rstrip("/").lower() == kept.get(name, "").lower() for name, value in whose.items())
    return {**fields, **whose, **{name: kept.get(name, "") for name in _SECRETS[provider]}} if same else fields


def _refuse_fixed(app: Appliance, provider: str) -> None:
    if provider not in CHANNELS:
        raise NotFound("not_found", "provider")
    if provider in app.given_accounts:
        raise Conflict("messaging_fixed")


def _serves(app: Appliance, channel: str) -> bool:
    """Whether an account can write on this channel."""
    provider = PROVIDER_OF[channel]
    try:
        return is_connected(app, provider) and channel in app.accounts[provider].read(settings(app, provider)).channels
    except (VaultError, BadAccount):
        return False


def _address(app: Appliance, channel: str, given: str) -> str:
    if channel != "email":
        return read_phone(app.setup(), given).e164
    text = given.strip()
    if not _EMAIL.fullmatch(text) or len(text) > 254:
        raise Invalid("bad_email", "address", params={"value": given})
    return text


def _letter(app: Appliance, channel: str, to: str) -> Letter:
    """A new key each time: a test is meant to arrive again."""
    business = app.setup().business
    locale = pick_locale(business.locale)
    say = translator(locale).gettext
    body = say("This is a test message of {name}. There is nothing to do.").format(name=business.name)
    subject = say("Test message of {name}").format(name=business.name) if channel == "email" else None
    key = f"test-{secrets.token_hex(8)}"
    # Free text: Twilio says 63016 where WhatsApp wants a template, and the test says so.
    return Letter(key, channel, to, subject, body, kind="test", locale=locale, in_session=True)
