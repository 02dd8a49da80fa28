"""Connecting a calendar: Google by consent (PKCE), CalDAV by user and password, ICS by its address.

CalendarError becomes a Conflict with the code ``calendar_<trouble>``; texts/calendar_trouble.py has its words. What is
asked of a provider is asked outside any transaction, and before anything is stored.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from urllib.parse import SplitResult, parse_qs, urlsplit

from waitlist_appliance.domain.errors import Conflict, Invalid, NotFound
from waitlist_appliance.domain.records import Connection
from waitlist_appliance.ports import CalendarAccess, CalendarChoice, CalendarError, ConsentClient, Grant
from waitlist_appliance.services import manage_calendars, sync_calendar
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.settle import look_everywhere
from waitlist_appliance.storage import activity, connecting, connections, consents, provider_credentials
from waitlist_appliance.storage import setup as setups
from waitlist_appliance.storage.consents import Attempt
from waitlist_appliance.storage.vault import VaultError

log = logging.getLogger(__name__)

CALLBACK = "/api/waitlist/calendar/oauth/google/callback"
CONSENT_LIFE = timedelta(minutes=15)
LONGEST_ADDRESS = 2000
LONGEST_SECRET = 500


def redirect_uri(app: Appliance) -> str:
    """Where Google sends the browser back to: our public address over TLS, else this machine (the address is pasted)."""
    if app.config.is_https:
        return app.url(CALLBACK)
    return f"http://127.0.0.1:{app.config.port}{CALLBACK}"


def begin_google(
    app: Appliance, session: str, redirect_uri: str, now: datetime, actor: Actor,
    connection_public_id: str | None = None,
) -> str:  # fmt: skip
    """Google's page for this owner; with a connection it is connected again. ``session`` must be shown when finishing.

    Conflict calendar_no_client without an OAuth client; NotFound for a connection that is not Google's.
    """
    again = _google_connection(app, connection_public_id) if connection_public_id else None
    client = _client_or_refuse(app)
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    attempt = Attempt(verifier, redirect_uri, again.id if again else None)
    with _in_words():
        consents.add(app.db, app.vault, "google", state, session, attempt, now, now + CONSENT_LIFE)
        return app.consents["google"].url(client, redirect_uri, state, verifier)


def parse_pasted(address: str) -> tuple[str, str]:
    """(state, code) out of the address that the browser ended at.

    Invalid calendar_denied when the owner said no at Google's, calendar_paste_bad when it holds neither.
    """
    try:
        said = parse_qs(urlsplit(address.strip()).query)
    except ValueError:
        raise Invalid("calendar_paste_bad", "address") from None
    if said.get("error"):
        raise Invalid("calendar_denied", "address")
    state, code = said.get("state", [""])[0], said.get("code", [""])[0]
    if not state or not code:
        raise Invalid("calendar_paste_bad", "address")
    return state, code


def finish_google(app: Appliance, session: str, state: str, code: str, now: datetime, actor: Actor) -> Connection:
    """The consent was given: the connection, new or connected again.

    A new one is off until a calendar is chosen, unless exactly one can be written to. Conflict calendar_state_bad for a
    state that is unknown, used, too old or another session's; calendar_other_account when another account signed in
    than before; calendar_<trouble> when Google refuses.
    """
    client = _client_or_refuse(app)
    with _in_words():
        attempt = consents.take(app.db, app.vault, "google", state, session, now)
        if attempt is None:
            raise Conflict("calendar_state_bad")
        grant = _exchange(app, client, attempt, code)
        return _store_grant(app, attempt, grant, now, actor)


def connect_caldav(
    app: Appliance, url: str, username: str, password: str, allow_private: bool, now: datetime, actor: Actor
) -> tuple[Connection, Sequence[CalendarChoice]]:
    """A CalDAV account and its calendars; the connection is off until one is chosen.

    The same user at the same address again renews the password. Invalid names the field; Conflict calendar_<trouble>
    when the server does not let us in; nothing is stored then.
    """
    parts = _address(url, "url")
    if parts.scheme != "https" and not allow_private:
        raise Invalid("calendar_needs_tls", "url")
    if parts.username or parts.password:
        raise Invalid("calendar_address_bad", "url")
    credentials = {"username": _given(username, "username"), "password": _secret(password, "password")}
    with _in_words("login_refused"):
        found = app.calendars["caldav"].choices(_access(app, parts.geturl(), credentials, allow_private))
    before = connecting.of_account(app.db, "caldav", parts.geturl(), credentials["username"])
    values = {"url": parts.geturl(), "account": credentials["username"], "allow_private": allow_private}
    name = f"{credentials['username']} · {parts.hostname}"
    return _keep(app, "caldav", before, name, values, credentials, now, actor), found


def connect_ics(
    app: Appliance, address: str, name: str, allow_private: bool, blocks: Sequence[str], now: datetime, actor: Actor
) -> Connection:
    """An ICS address that takes the time of the resources in ``blocks`` (public ids), or everybody's when empty.

    Invalid names the field; Conflict calendar_<trouble> when there is no calendar at the address.
    """
    parts = _address(address, "address")
    if name.strip():
        manage_calendars.checked_name(name)
    resources = manage_calendars.resources_named(app, blocks)
    credentials = {"url": parts.geturl()}
    access = _access(app, _masked(parts), credentials, allow_private)
    with _in_words():
        told = app.calendars["ics"].choices(access)[0]  # it is read for this, and what is no calendar is refused
    called = name.strip() or told.name or str(parts.hostname)
    values: dict[str, object] = {
        "url": _masked(parts), "allow_private": allow_private, "calendar_id": told.calendar_id, "zone": told.zone,
        "enabled": True, "status": "active", "scope": "resources" if resources else "business",
    }  # fmt: skip
    with app.db.write():
        connection = _keep(app, "ics", None, " ".join(called.split())[: manage_calendars.LONGEST_NAME], values,
                           credentials, now, actor)  # fmt: skip
        connecting.block(app.db, connection.id, [resource.id for resource in resources])
        app.ring_sync(connection.id)
        look_everywhere(app, now)
    return connection


def set_google_client(app: Appliance, client_id: str, client_secret: str, now: datetime, actor: Actor) -> None:
    """Keep the owner's OAuth client, sealed. Invalid names the field."""
    kept = {"client_id": _given(client_id, "client_id"), "client_secret": _given(client_secret, "client_secret")}
    if not kept["client_id"].endswith(".apps.googleusercontent.com"):
        raise Invalid("calendar_client_bad", "client_id")
    with _in_words(), app.db.write():
        provider_credentials.keep(app.db, app.vault, "google", kept, now)
        activity.record(app.db, now, actor, "calendar_client_set", "provider", reason="google")


def google_client(app: Appliance) -> ConsentClient | None:
    """The OAuth client; the environment's before the one that is kept. VaultError when it cannot be opened."""
    if "google" in app.clients:
        return app.clients["google"]
    kept = provider_credentials.of(app.db, app.vault, "google")
    return ConsentClient(kept["client_id"], kept["client_secret"]) if kept else None


def _client_or_refuse(app: Appliance) -> ConsentClient:
    with _in_words():
        client = google_client(app)
    if client is None:
        raise Conflict("calendar_no_client")
    return client


def _google_connection(app: Appliance, connection_public_id: str) -> Connection:
    found = connecting.by_public_id(app.db, connection_public_id)
    if found is None or found.provider != "google":
        raise NotFound("not_found", "connection")
    return found


def _exchange(app: Appliance, client: ConsentClient, attempt: Attempt, code: str) -> Grant:
    try:
        grant = app.consents["google"].exchange(client, attempt.redirect_uri, code, attempt.verifier)
    except CalendarError as error:
        log.warning("Google did not take the consent: %s", error)
        # A code is good once and for minutes: the owner begins again. What Google refuses is a box not ticked.
        codes = {"signed_out": "calendar_state_bad", "refused": "calendar_scope_missing"}
        raise Conflict(codes.get(error.trouble, f"calendar_{error.trouble}")) from error
    if not grant.credentials.get("refresh_token"):
        raise Conflict("calendar_scope_missing")
    return grant


def _store_grant(app: Appliance, attempt: Attempt, grant: Grant, now: datetime, actor: Actor) -> Connection:
    before = setups.connection(app.db, attempt.connection_id) if attempt.connection_id is not None else None
    if attempt.connection_id is not None and (before is None or before.ending_at is not None):
        raise Conflict("calendar_state_bad")
    if before is None and grant.account:
        before = connecting.unfinished(app.db, "google", grant.account)
    if before is not None and before.account and grant.account and before.account != grant.account:
        raise Conflict("calendar_other_account", params={"account": before.account})
    values: dict[str, object] = {"account": grant.account} if grant.account else {}
    kept = _keep(app, "google", before, grant.account or "Google Calendar", values, grant.credentials, now, actor)
    return kept if kept.calendar_id else _choose_the_only_one(app, kept, now, actor)


def _choose_the_only_one(app: Appliance, connection: Connection, now: datetime, actor: Actor) -> Connection:
    """Where only one calendar can be written to, there is nothing to ask. The permission is kept in any case."""
    try:
        found = app.calendars["google"].choices(app.access(connection))
    except CalendarError as error:
        log.warning("the calendars of %s could not be listed yet: %s", connection.name, error)
        return connection
    writable = [choice for choice in found if choice.writable]
    if len(writable) != 1:
        return connection
    return manage_calendars.store_choice(app, connection, writable[0], None, now, actor)


def _keep(
    app: Appliance, provider: str, before: Connection | None, name: str, values: Mapping[str, object],
    credentials: Mapping[str, str], now: datetime, actor: Actor,
) -> Connection:  # fmt: skip
    """The connection with its credentials sealed. One that was there is well again until its next read says otherwise."""
    with _in_words(), app.db.write():
        if before is None:
            start: dict[str, object] = {"enabled": False, "status": "disabled", **values}
            connection = connecting.add(app.db, provider, name, **start)
        else:
            connection = before
            working = "active" if before.enabled and before.calendar_id else "disabled"
            connecting.change(
                app.db, before.id, **values, status=working, trouble=None, last_error=None, next_sync_at=now
            )
            sync_calendar.end_alarms(app, before.id)  # its next read raises what still holds
            app.ring_sync(before.id)
        connections.keep_credentials(app.db, app.vault, connection.id, credentials)
        verb = "calendar_connected" if before is None else "calendar_reconnected"
        activity.record(app.db, now, actor, verb, "connection", connection.id, name=connection.name, provider=provider)
    return manage_calendars.found(app, connection.public_id)


def _access(app: Appliance, url: str, credentials: Mapping[str, str], allow_private: bool) -> CalendarAccess:
    """What reaches a calendar that is not connected yet; whatever it renews is not kept."""
    forget: Callable[[Mapping[str, str]], None] = lambda renewed: None  # noqa: E731
    return CalendarAccess(
        connection_id=0, calendar_id="", url=url, zone=app.setup().business.zone, credentials=credentials, keep=forget,
        allow_private=allow_private,
    )  # fmt: skip


def _address(given: str, field: str) -> SplitResult:
    """An http(s) address; webcal, as calendars like to call it, is https."""
    text = given.strip()
    for scheme in ("webcal://", "webcals://"):
        if text.lower().startswith(scheme):
            text = "https://" + text[len(scheme) :]
    if not text:
        raise Invalid("missing_field", field, params={"field": field})
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or len(text) > LONGEST_ADDRESS or any(char.isspace() or ord(char) < 32 for char in text):
        raise Invalid("calendar_address_bad", field)
    return parts


def _masked(parts: SplitResult) -> str:
    """An ICS address as it may be shown: who knows the rest of it can read the calendar."""
    return f"{parts.scheme}://{parts.hostname}/…"


def _given(value: str, field: str) -> str:
    text = value.strip()
    if not text:
        raise Invalid("missing_field", field, params={"field": field})
    if len(text) > LONGEST_SECRET:
        raise Invalid("too_long", field, params={"length": LONGEST_SECRET, "limit": LONGEST_SECRET})
    return text


def _secret(value: str, field: str) -> str:
    """A password is taken as it is, blanks included."""
    _given(value, field)
    return value


@contextmanager
def _in_words(signed_out: str = "signed_out") -> Iterator[None]:
    """What goes wrong outside or with the key file, as a refusal that people understand."""
    try:
        yield
    except CalendarError as error:
        log.warning("a calendar could not be connected: %s", error)
        trouble = signed_out if error.trouble == "signed_out" else error.trouble
        raise Conflict(f"calendar_{trouble}") from error
    except VaultError as error:
        log.error("credentials cannot be kept: %s", error)
        raise Conflict("calendar_vault") from error
