"""events.get, insert, update, patch and delete."""

from __future__ import annotations

from tests.google_server.errors import ApiError, bad, not_found
from tests.google_server.state import WRITERS, CalendarData, Request, World
from tests.google_server.times import Body
from tests.google_server.views import shown
from tests.google_server.writing import (
    EVENT_ID,
    cancel,
    check,
    fresh_id,
    merged,
    refuse_change_of_type,
    resolve,
    save,
)


class NotModified(Exception):
    """304: the caller already has this."""


def get_event(world: World, request: Request) -> Body:
    """events.get: also tells deleted events."""
    calendar = world.calendar(request.params["calendarId"])
    body = resolve(calendar, request.params["eventId"])
    if body is None or body["id"] in calendar.forgotten:
        raise not_found()
    if request.headers.get("If-None-Match") == body["etag"]:
        raise NotModified
    trim = int(request.query["maxAttendees"]) if "maxAttendees" in request.query else None
    return shown(calendar, body, request.query.get("timeZone", calendar.zone), trim)


def insert_event(world: World, request: Request) -> Body:
    """events.insert: the id may be the caller's; an id that was ever used is refused."""
    calendar = _writable(world, request)
    body = dict(request.body)
    if request.headers.get("If-Match"):
        world.violations.append("events.insert: If-Match is not supported there")
    if "id" in body and "iCalUID" in body:
        world.violations.append("events.insert: only one of id and iCalUID should be supplied")
    event_id = body.setdefault("id", fresh_id(world))
    if not EVENT_ID.fullmatch(event_id):
        raise bad("Invalid resource id value.")
    if event_id in calendar.records and world.detect_duplicates:
        raise ApiError(409, "duplicate", "The requested identifier already exists.")
    if body.get("eventType") == "fromGmail":
        raise bad("Events of this type cannot be created.", "eventTypeRestriction", "calendar")
    check(calendar, body)
    return _answer(world, calendar, save(world, calendar, body, None), request)


def update_event(world: World, request: Request) -> Body:
    """events.update: the whole event anew; what is left out is gone."""
    calendar, old = _existing(world, request)
    fixed = ("id", "iCalUID", "eventType", "recurringEventId", "originalStartTime")
    kept = {key: old[key] for key in fixed if key in old}
    return _change(world, calendar, old, _own_answer_only(old, {**dict(request.body), **kept}, request), request)


def patch_event(world: World, request: Request) -> Body:
    """events.patch: only what is named."""
    calendar, old = _existing(world, request)
    return _change(world, calendar, old, _own_answer_only(old, merged(old, request.body), request), request)


def delete_event(world: World, request: Request) -> None:
    """events.delete: 404 for what never was, 410 for what is already deleted."""
    calendar = _writable(world, request)
    old = resolve(calendar, request.params["eventId"])
    if old is None:
        raise not_found()
    if old["status"] == "cancelled":
        raise ApiError(410, "deleted", "Resource has been deleted")
    _match(old, request)
    cancel(world, calendar, old)


def _change(world: World, calendar: CalendarData, old: Body, new: Body, request: Request) -> Body:
    refuse_change_of_type(old, request.body)
    for key in ("id", "recurringEventId"):
        if key in request.body and request.body[key] != old.get(key):
            raise bad(f"Invalid value for: {key} cannot be changed")
    check(calendar, new)
    if new.get("status") == "cancelled":
        cancel(world, calendar, old)
        return _answer(world, calendar, calendar.records[old["id"]].latest, request)
    return _answer(world, calendar, save(world, calendar, new, old), request)


def _own_answer_only(old: Body, new: Body, request: Request) -> Body:
    """With attendeesOmitted only the account's own entry is written."""
    if not request.body.get("attendeesOmitted"):
        return new
    own = {attendee["email"]: attendee for attendee in new.get("attendees", ()) if attendee.get("self")}
    attendees = [own.get(attendee["email"], attendee) for attendee in old.get("attendees", ())]
    return {key: value for key, value in new.items() if key != "attendeesOmitted"} | {"attendees": attendees}


def _existing(world: World, request: Request) -> tuple[CalendarData, Body]:
    calendar = _writable(world, request)
    old = resolve(calendar, request.params["eventId"])
    if old is None:
        raise not_found()
    _match(old, request)
    if old["status"] == "cancelled" and not world.undelete:
        raise ApiError(403, "forbidden", "Forbidden")
    return calendar, old


def _match(old: Body, request: Request) -> None:
    wanted = request.headers.get("If-Match")
    if wanted not in (None, "*", old["etag"]):
        raise ApiError(412, "conditionNotMet", "Precondition Failed", headers={"ETag": old["etag"]})


def _writable(world: World, request: Request) -> CalendarData:
    calendar = world.calendar(request.params["calendarId"])
    if calendar.access_role not in WRITERS:
        raise ApiError(
            403, "requiredAccessLevel", "You need to have writer access to this calendar.", domain="calendar"
        )
    if calendar.access_role != "owner" and not request.scopes & {"calendar", "calendar.events"}:
        raise ApiError(403, "forbidden", "Forbidden")
    return calendar


def _answer(world: World, calendar: CalendarData, body: Body, request: Request) -> Body:
    trim = int(request.query["maxAttendees"]) if "maxAttendees" in request.query else None
    return shown(calendar, body, calendar.zone, trim)
