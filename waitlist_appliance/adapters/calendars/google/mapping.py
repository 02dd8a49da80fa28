"""Google's events and ours. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from waitlist_appliance.ports.calendars import CalendarEvent, NewEvent

# Our private mark on an event: seen by nobody but us.
TAG, RESOURCE, KEY = "waitlist_tag", "waitlist_resource", "waitlist_key"
# Where somebody is, or whose birthday it is, takes nobody's time.
NEVER_BUSY = {"workingLocation", "birthday"}
# An occurrence's id is the series' and its original start.
OCCURRENCE = re.compile(r"_R?\d{8}(T\d{6}Z?)?$")

Raw = Mapping[str, Any]


def calendar_event(raw: Raw, zone: ZoneInfo) -> CalendarEvent | None:
    """The event, all-day ones in the calendar's ``zone``; None for a cancelled one. ValueError when it makes no sense."""
    if raw.get("status") == "cancelled":
        return None
    try:
        starts_at, ends_at = _moment(raw["start"], zone), _moment(raw["end"], zone)
        event_id, etag, all_day = str(raw["id"]), str(raw["etag"]), "date" in raw["start"]
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError("an event without id, start or end") from error
    mark = private(raw)
    return CalendarEvent(
        event_id, etag, str(raw.get("summary", "")), starts_at,
        # the mirror wants every event to have a length, and one without takes no time
        max(ends_at, starts_at + timedelta(minutes=1)), ends_at > starts_at and busy(raw),
        mark.get(RESOURCE) or None, mark.get(TAG) or None, raw.get("recurringEventId"), str(raw.get("location", "")), all_day,
    )  # fmt: skip


def busy(raw: Raw) -> bool:
    """Whether an event that is not cancelled takes time."""
    if raw.get("transparency") == "transparent" or raw.get("eventType") in NEVER_BUSY:
        return False
    own_answers = [guest.get("responseStatus") for guest in raw.get("attendees", ()) if guest.get("self")]
    return "declined" not in own_answers


def private(raw: Raw) -> Mapping[str, str]:
    """The private properties of an event."""
    found: Mapping[str, str] = (raw.get("extendedProperties") or {}).get("private") or {}
    return found


def belongs_to_a_series(raw: Raw) -> bool:
    """Whether a told change is about a series. A cancelled occurrence may be told by its id alone."""
    return "recurringEventId" in raw or "recurrence" in raw or OCCURRENCE.search(str(raw.get("id"))) is not None


def generation_id(event_id: str, generation: int) -> str:
    """The id to use when ``generation`` earlier ones were used up by deletions: Google never gives one free."""
    if generation == 0:
        return event_id
    return sha256(f"{event_id}:{generation}".encode()).hexdigest()[:32]


def new_body(event: NewEvent, event_id: str, zone: ZoneInfo) -> dict[str, Any]:
    """What is sent to create it. No pop-ups: a hold is not worth waking anybody, and a booking is told by us."""
    return {"id": event_id, "reminders": {"useDefault": False}, **_ours(event, zone)}


def changed_body(existing: Raw, event: NewEvent, zone: ZoneInfo) -> dict[str, Any]:
    """What is sent to replace it. What staff added (a colour, a reminder, a guest) stays; a series they made ends."""
    body = {**existing, **_ours(event, zone)}
    body.pop("recurrence", None)
    others = {name: value for name, value in private(existing).items() if name not in (TAG, RESOURCE, KEY)}
    properties = {**(existing.get("extendedProperties") or {}), "private": {**others, **_mark(event)}}
    return {**body, "extendedProperties": properties}


def is_same(existing: Raw, event: NewEvent, zone: ZoneInfo) -> bool:
    """Whether Google already has exactly this event, so that nothing need be written."""
    told = calendar_event(existing, zone)
    mark = {name: value for name, value in private(existing).items() if name in (TAG, RESOURCE, KEY)}
    plain = told is not None and not told.all_day and "recurrence" not in existing
    return (
        plain and told is not None and told.busy
        and (told.title, told.starts_at, told.ends_at) == (event.title, event.starts_at, event.ends_at)
        and existing.get("description", "") == event.description
        and (existing.get("status") == "tentative") == event.tentative
        and mark == _mark(event)
    )  # fmt: skip


def _ours(event: NewEvent, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "summary": event.title,
        "description": event.description,
        "start": {"dateTime": event.starts_at.astimezone(zone).isoformat(), "timeZone": zone.key},
        "end": {"dateTime": event.ends_at.astimezone(zone).isoformat(), "timeZone": zone.key},
        "status": "tentative" if event.tentative else "confirmed",
        "transparency": "opaque",
        "extendedProperties": {"private": _mark(event)},
    }


def _mark(event: NewEvent) -> dict[str, str]:
    mark = {TAG: event.tag, KEY: event.event_id}
    return {**mark, RESOURCE: event.resource} if event.resource else mark


def _moment(told: Raw, zone: ZoneInfo) -> datetime:
    if "date" in told:
        return datetime.combine(date.fromisoformat(told["date"]), time(), zone).astimezone(UTC)
    moment = datetime.fromisoformat(told["dateTime"])
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(told["timeZone"]) if "timeZone" in told else zone)
    return moment.astimezone(UTC)
