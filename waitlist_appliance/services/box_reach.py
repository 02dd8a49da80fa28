"""What can be told only by asking outside: the public address and its certificate, the clock, calendars, messengers.

Each check may wait some seconds for somebody else, so that they are run side by side; each opens, and closes, the
database connection of its own thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from waitlist_appliance.domain.calendars import signed_out
from waitlist_appliance.domain.records import Connection
from waitlist_appliance.ports import BadAccount, DeliveryError
from waitlist_appliance.ports.probes import Pong, Probes, Reached, Unreachable
from waitlist_appliance.services import manage_calendars, messaging_accounts
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.box_health import UNKNOWN_WHY, UNUSABLE, Finding, State
from waitlist_appliance.storage import calendar_reads, connecting
from waitlist_appliance.storage.vault import VaultError

log = logging.getLogger(__name__)

Ask = Callable[[], list[Finding]]

CERTIFICATE_ENDS_SOON: Final = timedelta(days=14)
SKEW_SECONDS: Final = 5
FAR_OFF_SECONDS: Final = 60
TWILIO: Final = "https://api.twilio.com/"
# Of the addresses kept for examples (RFC 5737): nobody really comes from there.
PRETENDED: Final = "192.0.2.77"


def checks(app: Appliance, now: datetime, *, sound: bool) -> Mapping[str, Ask]:
    """What there is to ask, by name. Each may be called from a thread of its own, and never raises. Without a ``sound``
    database it is not known whom this box deals with."""
    asked: dict[str, Ask] = {}
    if app.probes is not None:
        asked["public.address"] = partial(public_address, app, app.probes)
        if sound:
            asked["clock"] = partial(clocks, app, app.probes)
        if app.config.is_https:
            asked["public.certificate"] = partial(certificate, app, app.probes, now)
    for connection in _to_ask(app) if sound else ():
        asked[f"calendar.{connection.name}"] = partial(calendar, app, connection, now)
    for provider in messaging_accounts.CHANNELS if sound else ():
        if messaging_accounts.is_connected(app, provider):
            asked[f"messaging.{provider}"] = partial(messenger, app, provider)
    return {name: _closing(app, name, ask) for name, ask in asked.items()}


def public_address(app: Appliance, probes: Probes) -> list[Finding]:
    """Whether the public address leads to this very process, and through the proxy as it should be."""
    config = app.config
    facts: dict[str, object] = {"url": config.public_url}
    try:
        reached = probes.reach(config.public_url, PRETENDED)
    except Unreachable as error:
        return [Finding("public.address", "problem", {**facts, "error": str(error)})]
    # Asked afterwards: a web process that was started anew in between is another one, and says so.
    here = probes.ping(config.host, config.port)
    facts |= {"status": reached.status, "ours": reached.pong is not None, "web_answers_here": here is not None}
    if reached.pong is None:
        return [Finding("public.address", "problem", facts)]
    if here is None:
        return [Finding("public.address", "unknown", facts)]
    same = here.instance == reached.pong.instance
    address = Finding("public.address", "ok" if same else "problem", {**facts, "this_box": same})
    return [address, _proxy(app, reached, reached.pong)] if same else [address]


def _proxy(app: Appliance, reached: Reached, pong: Pong) -> Finding:
    config = app.config
    facts: dict[str, object] = {
        "scheme_seen": pong.scheme, "scheme": "https" if config.is_https else "http", "caller_seen": pong.caller,
        "trusted_proxy": config.trusted_proxy, "believes_callers": pong.caller == PRETENDED,
        "hides_callers": bool(config.trusted_proxy) and pong.caller == config.trusted_proxy and not reached.at_home,
    }  # fmt: skip
    wrong = facts["scheme_seen"] != facts["scheme"] or facts["believes_callers"]
    return Finding("public.proxy", "problem" if wrong else "warning" if facts["hides_callers"] else "ok", facts)


def certificate(app: Appliance, probes: Probes, now: datetime) -> list[Finding]:
    """The TLS certificate of the public address."""
    parts = urlsplit(app.config.public_url)
    host, port = parts.hostname or "", parts.port or 443
    facts: dict[str, object] = {"host": host, "port": port}
    try:
        shown = probes.certificate(host, port)
    except Unreachable as error:
        return [Finding("public.certificate", "problem", {**facts, "error": str(error)})]
    left = shown.until - now
    facts |= {
        "until": shown.until.isoformat(), "days_left": left // timedelta(days=1), "issuer": shown.issuer,
        "names": list(shown.names), "trouble": shown.trouble,
    }  # fmt: skip
    state: State = "problem" if shown.trouble else "warning" if left < CERTIFICATE_ENDS_SOON else "ok"
    return [Finding("public.certificate", state, facts)]


def clocks(app: Appliance, probes: Probes) -> list[Finding]:
    """Whether the machine's clock is kept right, and is."""
    kept = probes.is_synchronised()
    state: State = "unknown" if kept is None else "ok" if kept else "warning"
    return [Finding("clock.synchronised", state, {"synchronised": kept}), _skew(app, probes)]


def _skew(app: Appliance, probes: Probes) -> Finding:
    """Our clock beside that of a provider which this box asks anyway; the public address would only tell our own."""
    server = _clock_of(app)
    if server is None:
        return Finding("clock.skew", "unknown", {"server": None})
    url, allow_private = server
    host = urlsplit(url).hostname
    try:
        found = probes.clocks(url, allow_private=allow_private)
    except Unreachable as error:
        return Finding("clock.skew", "unknown", {"server": host, "error": str(error)})
    # HTTP tells whole seconds: half of one is in the middle.
    skew = (found.ours - found.theirs).total_seconds() - 0.5
    off = abs(skew)
    state: State = "problem" if off > FAR_OFF_SECONDS else "warning" if off > SKEW_SECONDS else "ok"
    return Finding("clock.skew", state, {"server": host, "ahead_seconds": round(skew, 1)})


def calendar(app: Appliance, connection: Connection, now: datetime) -> list[Finding]:
    """Ask the calendar's provider as for a read. One that only the owner can bring back is not asked again."""
    at = calendar_reads.connected_at(app.db, connection.id)
    facts: dict[str, object] = {
        "name": connection.name, "provider": connection.provider, "status": connection.status,
        "last_read_at": connection.last_sync_at.isoformat() if connection.last_sync_at else None,
        "connected_at": at.isoformat() if at else None,
    }  # fmt: skip
    check = f"calendar.{connection.name}"
    if signed_out(connection):
        return [Finding(check, "problem", {**facts, "trouble": connection.trouble or "signed_out"})]
    found = manage_calendars.test(app, connection.public_id, now)
    facts |= {"trouble": found.trouble, "calendars": found.calendars, "took_ms": found.took_ms}
    return [Finding(check, "ok" if found.ok else "problem", facts)]


def messenger(app: Appliance, provider: str) -> list[Finding]:
    """Log in to the account; for numbers of Twilio, also where it posts what customers answer."""
    check = f"messaging.{provider}"
    checker = app.accounts[provider]
    try:
        account = checker.read(messaging_accounts.settings(app, provider))
        found = checker.examine(account)
    except BadAccount:
        return [Finding(check, "problem", {"trouble": "incomplete"})]
    except VaultError:
        return [Finding(check, "problem", {"trouble": "vault"})]
    except DeliveryError as error:
        facts = {"trouble": messaging_accounts.trouble_of(error), "code": error.code, "detail": str(error)}
        return [Finding(check, "problem", facts)]
    sound = found.state in (None, "active")
    findings = [Finding(check, "ok" if sound else "problem", {"account": found.state})]
    wanted = messaging_accounts.hook_addresses(app)["sms"].partition("#")[0]
    for number, posted_to in found.hooks.items():
        same = posted_to.partition("#")[0] == wanted
        facts = {"number": number, "posted_to": posted_to, "wanted": wanted}
        findings.append(Finding("messaging.webhook", "ok" if same else "problem", facts))
    return findings


def _to_ask(app: Appliance) -> list[Connection]:
    return [
        found for found in connecting.present(app.db)
        if found.enabled and found.provider != "local" and not manage_calendars.needs_choice(found)
    ]  # fmt: skip


def _clock_of(app: Appliance) -> tuple[str, bool] | None:
    for connection in _to_ask(app):
        if connection.provider == "google":
            return app.config.google_api_url, True  # of config.toml, and so the owner's own word
        if connection.url:
            return connection.url, connection.allow_private
    if messaging_accounts.is_connected(app, "twilio"):
        return TWILIO, False
    return None


def _closing(app: Appliance, name: str, ask: Ask) -> Ask:
    def asked() -> list[Finding]:
        try:
            return ask()
        except UNUSABLE as error:
            return [Finding(name, "unknown", {UNKNOWN_WHY: str(error)})]
        except Exception as error:
            log.exception("the check %s failed", name)
            return [Finding(name, "unknown", {UNKNOWN_WHY: type(error).__name__})]
        finally:
            app.db.close()

    return asked
