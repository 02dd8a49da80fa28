"""Connecting calendars, for programs: under the waitlist API's names (camelCase) and the calendar API's (snake_case)."""

from __future__ import annotations

from typing import Any, cast

from flask import Response, redirect, render_template, request

from waitlist_appliance.domain.errors import Forbidden, Invalid, NotFound, Refused
from waitlist_appliance.domain.records import Connection
from waitlist_appliance.ports import CalendarChoice
from waitlist_appliance.services import connect_calendar, manage_calendars, staff_login
from waitlist_appliance.services.appliance import Actor
from waitlist_appliance.services.manage_calendars import CalendarCard
from waitlist_appliance.storage import api_keys, connecting, consents
from waitlist_appliance.texts import calendar_trouble
from waitlist_appliance.web import errors
from waitlist_appliance.web.api import schemas
from waitlist_appliance.web.api.answers import answer, iso
from waitlist_appliance.web.auth_api import key_of_caller
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.consent import browser_mark, key_mark
from waitlist_appliance.web.context import api_actor, box, business_if_known, calling_key, the_business
from waitlist_appliance.web.i18n import locale
from waitlist_appliance.web.staff import auth
from waitlist_appliance.web.validation import read_body, read_query

MANAGE = "settings.manage"
SETTINGS = "/staff/settings/calendars"


def show_config() -> Response:
    """What is connected; the first names are those of the calendar that the waitlist writes to."""
    cards = manage_calendars.status(box(), current_time())
    outside = [card for card in cards if card.connection.provider != "local"]
    main = next((card for card in outside if card.written_by), outside[0] if outside else None)
    told: dict[str, Any] = {
        "connected": main is not None, "isEnabled": main is not None and main.connection.enabled,
        "provider": main.connection.provider if main else None,
        "calendarId": main.connection.calendar_id or None if main else None,
        "calendarName": main.connection.name if main else None,
        "connectionId": main.connection.public_id if main else None,
    }  # fmt: skip
    return answer({"success": True, **told, "connections": [_card(card) for card in cards]})


def start_google() -> Response:
    """Google's page for the owner's browser; with a connection it is connected again."""
    return answer({"success": True, "oauthUrl": _begin()})


def connect_google() -> Response:
    """The same under the calendar API's names."""
    return answer({"success": True, "oauth_url": _begin()})


def google_callback() -> Response:
    """Google sends the owner's browser here; a program may bring state and code itself, with its key.

    GET changes something here because Google will have it so: ``state`` is good once, for minutes, and for whoever began.
    """
    if request.method == "HEAD":
        return Response(status=204)
    key = key_of_caller(MANAGE)
    if key is not None:
        connection = _finish(key_mark(key.public_id), _actor_of_key(key.name))
        return answer({"success": True, "connection": _card(_card_of(connection))})
    try:
        session, actor = _whose(request.args.get("state", ""))
        connection = _finish(session, actor)
    except Refused as refused:
        return _page(errors.status_of(refused), errors.sentence(refused))
    if actor.kind == "staff":
        return cast(Response, redirect(_settings_of(connection), code=303))
    return _page(200)


def list_choices() -> Response:
    """The calendars of a connected account."""
    connection = _connection(read_query(schemas.CALENDAR_QUERY, the_business().tz)["connection"])
    found = manage_calendars.choices(box(), connection.public_id)
    return answer({"success": True, "calendars": [_choice(choice) for choice in found]})


def select() -> Response:
    """Use one of them. One that is for nothing yet is written to by all resources, or takes their time when read only."""
    asked = read_body(schemas.CALENDAR_SELECT, the_business().tz)
    connection = _connection(asked["connection"])
    manage_calendars.check_use(box(), asked["use"] or "write", asked["resources"])
    now, actor = current_time(), api_actor()
    made = manage_calendars.choose(box(), connection.public_id, asked["calendar_id"], asked["name"], now, actor)
    card = _card_of(made)
    if asked["use"] or not (card.written_by or card.blocks or made.takes_everything):
        use = asked["use"] or _usual_use(made)
        manage_calendars.use_for(box(), made.public_id, asked["resources"], use, now, actor)
    return answer({"success": True, "connection": _card(_card_of(made))})


def toggle() -> Response:
    """On or off."""
    asked = read_body(schemas.CALENDAR_TOGGLE, the_business().tz)
    connection = _connection(asked["connection"])
    made = manage_calendars.switch(box(), connection.public_id, asked["enabled"], current_time(), api_actor())
    return answer({"success": True, "isEnabled": made.enabled, "connection": _card(_card_of(made))})


def disconnect() -> Response:
    """Let it go: the permission is given back, the credentials are forgotten."""
    asked = read_body(schemas.CALENDAR_DISCONNECT, the_business().tz)
    connection = _connection(asked["connection"])
    manage_calendars.disconnect(box(), connection.public_id, current_time(), api_actor(), force=asked["force"] is True)
    return answer({"success": True, "connected": False, "connectionId": connection.public_id})


def disconnect_google(connection_id: str) -> Response:
    """The same under the calendar API's names."""
    connection = manage_calendars.found(box(), connection_id)
    if connection.provider != "google":
        raise NotFound("not_found", "connection")
    force = read_query(schemas.CALENDAR_DISCONNECT, the_business().tz)["force"] is True
    manage_calendars.disconnect(box(), connection_id, current_time(), api_actor(), force=force)
    return answer({"success": True, "connection_id": connection_id})


def sync() -> Response:
    """Ask the worker to read one calendar, or all, now."""
    wanted = read_body(schemas.CALENDAR_QUERY, the_business().tz)["connection"]
    if wanted is None:
        return answer({"success": True, "queued": manage_calendars.sync_all(box(), current_time())}, 202)
    manage_calendars.sync_now(box(), wanted, current_time())
    return answer({"success": True, "queued": 1}, 202)


def cron_sync() -> Response:
    """An outside clock asks for the same; nothing is read in this process."""
    return answer({"success": True, "queued": manage_calendars.sync_all(box(), current_time())})


def _begin() -> str:
    again = read_query(schemas.CALENDAR_QUERY, the_business().tz)["connection"]
    return connect_calendar.begin_google(
        box(), key_mark(calling_key().public_id), connect_calendar.redirect_uri(box()), current_time(), api_actor(),
        again,
    )  # fmt: skip


def _finish(session: str, actor: Actor) -> Connection:
    state, code = connect_calendar.parse_pasted(request.url)
    return connect_calendar.finish_google(box(), session, state, code, current_time(), actor)


def _whose(state: str) -> tuple[str, Actor]:
    """Who began: staff logged in on this browser, else the API key that gave it the address. Invalid, Forbidden."""
    connect_calendar.parse_pasted(request.url)
    user, may_manage = auth.current_user(), api_keys.in_force(box().db, MANAGE, current_time())
    keys = {key_mark(key.public_id): key for key in may_manage}
    begun_by = consents.whose(box().db, state, [browser_mark(), *keys])
    if begun_by in keys:
        return begun_by, _actor_of_key(keys[begun_by].name)
    if user is None or not begun_by:
        raise Invalid("calendar_state_bad")
    if not staff_login.may(user, MANAGE):
        raise Forbidden("forbidden")
    return begun_by, Actor("staff", user.name)


def _actor_of_key(name: str) -> Actor:
    return Actor("voice_agent", name)


def _settings_of(connection: Connection) -> str:
    """Where staff go on: to the account's calendars while none is chosen, else to the connection's page."""
    page = f"{SETTINGS}/{connection.public_id}"
    return f"{page}/choose" if manage_calendars.needs_choice(connection) else page


def _page(status: int, refusal: str = "") -> Response:
    """What a browser without a log-in sees that comes back from Google."""
    page = render_template(
        "public/calendar_connected.html", refusal=refusal, settings=SETTINGS, business=business_if_known()
    )
    return Response(page, status, mimetype="text/html")


def _connection(public_id: str | None) -> Connection:
    """The connection asked for; without an id the only one. NotFound, Invalid when there are several."""
    if public_id is not None:
        return manage_calendars.found(box(), public_id)
    outside = [connection for connection in connecting.present(box().db) if connection.provider != "local"]
    if not outside:
        raise NotFound("not_found", "connection")
    if len(outside) > 1:
        raise Invalid("missing_field", "connection", params={"field": "connectionId"})
    return outside[0]


def _card_of(connection: Connection) -> CalendarCard:
    return manage_calendars.card(box(), connection.public_id, current_time())


def _usual_use(connection: Connection) -> manage_calendars.Use:
    offered = manage_calendars.choices(box(), connection.public_id)
    writable = any(c.writable for c in offered if c.calendar_id == connection.calendar_id)
    return "write" if writable else "block"


def _choice(choice: CalendarChoice) -> dict[str, Any]:
    return {
        "id": choice.calendar_id, "name": choice.name, "timeZone": choice.zone, "writable": choice.writable,
        "primary": choice.primary,
    }  # fmt: skip


def _card(card: CalendarCard) -> dict[str, Any]:
    """A connection as the API says it; nothing in it opens anything."""
    connection = card.connection
    return {
        "id": connection.public_id, "provider": connection.provider, "name": connection.name,
        "account": connection.account, "calendarId": connection.calendar_id or None,
        "isEnabled": connection.enabled, "status": connection.status, "scope": connection.scope,
        "needsChoice": card.needs_choice, "trouble": card.trouble,
        "message": calendar_trouble.sentence(card.trouble, locale()) if card.trouble else None,
        "lastReadAt": iso(card.last_read_at), "nextReadAt": iso(card.next_read_at),
        "eventsAhead": card.events_ahead, "unnamedEvents": card.unnamed, "bookingsAhead": card.bookings_ahead,
        "writtenBy": [used.public_id for used in card.written_by],
        "blocks": [used.public_id for used in card.blocks],
        "heldChanges": len(card.held), "push": card.watch == "open",
    }  # fmt: skip
