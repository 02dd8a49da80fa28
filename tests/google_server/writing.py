"""How an event is put together, checked and stored, whoever writes it."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from typing import Any
from urllib.parse import quote

from tests.google_server.errors import ApiError, bad
from tests.google_server.recurrence import OCCURRENCE, check_rule, occurrence_id, occurrences
from tests.google_server.state import CalendarData, World
from tests.google_server.times import Body, moment, stamp

EVENT_ID = re.compile(r"[a-v0-9]{5,1024}")
WORDS = {
    "status": ("confirmed", "tentative", "cancelled"),
    "transparency": ("opaque", "transparent"),
    "visibility": ("default", "public", "private", "confidential"),
    "eventType": ("birthday", "default", "focusTime", "fromGmail", "outOfOffice", "workingLocation"),
}
READ_ONLY = ("kind", "etag", "htmlLink", "created", "updated", "creator", "organizer", "hangoutLink", "locked")
RESPONSES = ("needsAction", "declined", "tentative", "accepted")


def resolve(calendar: CalendarData, event_id: str) -> Body | None:
    """The event with this id: stored, or the occurrence that a stored series has there."""
    stored = calendar.latest(event_id)
    if stored is not None:
        return stored
    hit = OCCURRENCE.fullmatch(event_id)
    master = calendar.latest(hit.group("master")) if hit else None
    if master is None or "recurrence" not in master:
        return None
    return _occurrence(calendar, master, event_id)


def _occurrence(calendar: CalendarData, master: Body, event_id: str) -> Body | None:
    text = event_id.rpartition("_")[2]
    day = moment({"date": f"{text[:4]}-{text[4:6]}-{text[6:8]}"}, "UTC")
    # A day on either side covers every zone.
    found = occurrences(master, calendar.zone, day - timedelta(days=1), day + timedelta(days=2))
    return next((body for body in found if body["id"] == event_id), None)


def merged(old: Any, change: Any) -> Any:
    """Patch semantics: objects are merged, null deletes, everything else replaces."""
    if not isinstance(old, dict) or not isinstance(change, dict):
        return change
    result = dict(old)
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(old.get(key, {}), value)
    return {key: value for key, value in result.items() if value is not None}


def check(calendar: CalendarData, body: Body) -> None:
    """Raises the 400 that Google has for a body that fits the schema and still makes no sense."""
    for key, words in WORDS.items():
        if key in body and body[key] not in words:
            raise bad(f"Invalid value for: {key}: {body[key]!r}")
    for edge in ("start", "end"):
        _check_edge(body, edge)
    if ("date" in body["start"]) != ("date" in body["end"]):
        raise bad("Start and end times must either both be date or both be dateTime.")
    if moment(body["end"], calendar.zone) < moment(body["start"], calendar.zone):
        raise bad("The specified time range is empty.", "timeRangeEmpty", "calendar")
    if "recurrence" in body:
        _check_recurrence(calendar, body)
    for attendee in body.get("attendees", ()):
        if "email" not in attendee or attendee.get("responseStatus", "accepted") not in RESPONSES:
            raise bad("Invalid attendee email.")
    reminders = body.get("reminders", {})
    if reminders.get("useDefault") and reminders.get("overrides"):
        raise bad(
            "Cannot specify both default reminders and overrides at the same time.",
            "cannotUseDefaultRemindersAndSpecifyOverride", "calendar",
        )  # fmt: skip


def _check_edge(body: Body, edge: str) -> None:
    value = body.get(edge)
    if not value:
        raise bad(f"Missing {edge} time.", "required")
    if ("date" in value) == ("dateTime" in value):
        raise bad(f"Invalid {edge} time.")
    if "dateTime" in value and "timeZone" not in value and not re.search(r"(Z|[+-]\d\d:\d\d)$", value["dateTime"]):
        raise bad(f"Missing time zone definition for {edge} time.", "required")
    try:
        moment(value, value.get("timeZone", "UTC"))
    except (KeyError, ValueError, OSError):
        raise bad(f"Invalid value for: {edge} time") from None


def _check_recurrence(calendar: CalendarData, body: Body) -> None:
    if "dateTime" in body["start"] and not ("timeZone" in body["start"] and "timeZone" in body["end"]):
        raise bad("Missing time zone definition for start time.", "timeZoneRequired")
    try:
        check_rule(body, calendar.zone)
    except (ValueError, KeyError):
        raise bad("Invalid recurrence rule.") from None


def save(world: World, calendar: CalendarData, body: Body, old: Body | None) -> Body:
    """Store a checked body with everything that the server itself fills in."""
    now = stamp(world.clock.astimezone(UTC))
    me = {"email": world.account, "self": True}
    kept = {key: value for key, value in body.items() if value not in (None, [], {}) and key not in READ_ONLY}
    kept |= {
        "kind": "calendar#event",
        "created": old.get("created", now) if old else now,
        "updated": now,
        "creator": (old or {}).get("creator") or body.get("creator") or me,
        "organizer": (old or {}).get("organizer") or body.get("organizer") or me,
        "sequence": max((old or {}).get("sequence", -1) + 1, body.get("sequence", 0)) if old else 0,
        "htmlLink": f"https://www.google.com/calendar/event?eid={quote(body['id'])}",
    }
    kept.setdefault("status", "confirmed")
    kept.setdefault("iCalUID", f"{body['id']}@google.com")
    kept.setdefault("eventType", "default")
    kept.setdefault("reminders", {"useDefault": True})
    if "attendees" in kept:
        kept["attendees"] = [_attendee(world, calendar, attendee) for attendee in kept["attendees"]]
    stored = calendar.keep(kept)
    if old and "recurrence" in stored:
        _drop_orphans(world, calendar, stored)
    return stored


def _drop_orphans(world: World, calendar: CalendarData, master: Body) -> None:
    """An exception ends when the changed series no longer has its occurrence."""
    for body in [record.latest for record in calendar.records.values()]:
        ours = body.get("recurringEventId") == master["id"] and body["status"] != "cancelled"
        if ours and _occurrence(calendar, master, body["id"]) is None:
            save(world, calendar, body | {"status": "cancelled"}, body)


def _attendee(world: World, calendar: CalendarData, attendee: Body) -> Body:
    own = attendee["email"] == calendar.id or (calendar.primary and attendee["email"] == world.account)
    return {"responseStatus": "needsAction"} | attendee | ({"self": True} if own else {})


def cancel(world: World, calendar: CalendarData, body: Body) -> None:
    """Delete: the event stays as a cancelled one; a deleted series takes its exceptions along."""
    save(world, calendar, body | {"status": "cancelled"}, body)
    for record in list(calendar.records.values()):
        if record.latest.get("recurringEventId") == body["id"] and record.latest["status"] != "cancelled":
            save(world, calendar, record.latest | {"status": "cancelled"}, record.latest)


def fresh_id(world: World) -> str:
    """An id as Google makes them."""
    return f"g{world.next_number():06d}ev{'0123456789abcdefghijklmn'[: world.counter % 12]}"


def exception_id(calendar: CalendarData, body: Body) -> str:
    """The id that an exception of a series must have."""
    master = calendar.latest(body["recurringEventId"])
    if master is None:
        raise bad("Invalid recurringEventId.")
    return occurrence_id(master, body["originalStartTime"], calendar.zone)


def refuse_change_of_type(old: Body, new: Body) -> None:
    """An event's type is settled when it is created."""
    if new.get("eventType", old.get("eventType")) != old.get("eventType"):
        raise ApiError(400, "eventTypeRestriction", "The event type cannot be changed.", domain="calendar")
