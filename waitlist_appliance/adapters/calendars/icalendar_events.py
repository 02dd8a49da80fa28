"""Events out of iCalendar text, as the `Calendar` port tells them: series expanded, times in UTC.

What cannot be known counts as busy: a rule that makes no sense leaves the event itself, one that repeats all day long
is one long event, two different events under one UID (broken exporters) are both kept. An event without an end and
without a duration takes no time (RFC 5545, 3.6.1) and is not told.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Event

from waitlist_appliance.adapters.calendars.icalendar_text import (
    Component,
    calendars_in,
    text_of,
    tidy_events,
    told,
    zone_named,
)
from waitlist_appliance.domain.moments import resolve_local
from waitlist_appliance.ports import CalendarError, CalendarEvent

# What marks an event as ours: the end of its UID; and what we wrote into it.
OURS: Final = "@waitlist"
TAG: Final = "X-WAITLIST-TAG"
RESOURCE: Final = "X-WAITLIST-RESOURCE"
LONGEST_UID: Final = 200
# What an honest calendar never reaches: occurrences and seconds for one reading, and what a rule makes of one day.
MOST_EVENTS: Final = 50_000
MOST_SECONDS: Final = 30.0
MOST_A_DAY: Final = 24
LONG_AGO: Final = 1970
MOST_DAYS: Final = 366_000
YEARS: Final = range(1904, 8801)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Reading:
    """What to read: what overlaps [since, until), days and floating times in ``zone``, the owner's own ``addresses``."""

    since: datetime
    until: datetime
    zone: ZoneInfo
    addresses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event lies: its etag and the path of its object. A calendar file has neither."""

    etag: str | None = None
    series: str | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """A whole calendar file: its events, and its own name and zone where it tells them."""

    events: Sequence[CalendarEvent]
    name: str | None
    zone: str | None


def feed(text: str, reading: Reading) -> Feed:
    """A calendar file. CalendarError when it is not a whole calendar or holds more than anybody has."""
    calendars = calendars_in(text)
    zone = zone_named(told(calendars, "X-WR-TIMEZONE"))
    found = _events(calendars, replace(reading, zone=zone or reading.zone), Place())
    return Feed(found, told(calendars, "X-WR-CALNAME"), zone.key if zone else None)


def events(text: str, reading: Reading, place: Place) -> list[CalendarEvent]:
    """The events of one calendar object (CalDAV). CalendarError as for `feed`."""
    return _events(calendars_in(text), reading, place)


def uids(text: str) -> set[str]:
    """The UIDs in a calendar object. CalendarError when it is none."""
    return {text_of(component, "UID") for calendar in calendars_in(text) for component in calendar.walk("VEVENT")}


def _events(calendars: Sequence[Calendar], reading: Reading, place: Place) -> list[CalendarEvent]:
    ends = time.monotonic() + MOST_SECONDS
    found: dict[str, CalendarEvent] = {}
    for group in _groups(tidy_events(calendars, reading.zone)):
        first = None if "RECURRENCE-ID" in group[0] else group[0]["DTSTART"].dt
        alone = len(group) == 1 and not _repeats(group[0])
        for component in [group[0]] if alone else _occurrences(group, reading):
            original = None if alone else _original(component)
            event = _event(component, original, original in (None, first), reading, place)
            if event is not None:
                event_id = _free_id(event, found)
                found[event_id] = replace(event, event_id=event_id)
        if len(found) > MOST_EVENTS or time.monotonic() > ends:
            raise CalendarError("the calendar holds more than can be read", retryable=False, trouble="too_big")
    return list(found.values())


def _free_id(event: CalendarEvent, taken: dict[str, CalendarEvent]) -> str:
    """The event's id, told apart by its start where a file uses one twice."""
    return event.event_id if event.event_id not in taken else f"{event.event_id}~{_stamp(event.starts_at)}"


# What belongs together -------------------------------------------------------------------------------------------


def _groups(components: Iterable[Component]) -> Iterator[list[Component]]:
    """Each an event, or a series followed by its exceptions."""
    by_uid: dict[str, list[Component]] = defaultdict(list)
    for component in components:
        by_uid[_uid(component)].append(component)
    for group in by_uid.values():
        masters = _newest([found for found in group if "RECURRENCE-ID" not in found])
        exceptions = [found for found in group if "RECURRENCE-ID" in found]
        yield masters[:1] + exceptions
        yield from ([stray] for stray in masters[1:])


def _uid(component: Component) -> str:
    """Its UID; without one, a name made of what it says."""
    return text_of(component, "UID") or f"nameless-{_digest(text_of(component, 'SUMMARY'), component['DTSTART'].dt)}"


def _newest(masters: list[Component]) -> list[Component]:
    """Of several events under one UID the newest; different ones of the same age are different events."""
    newest = max((_sequence(found) for found in masters), default=0)
    return list({found["DTSTART"].to_ical(): found for found in masters if _sequence(found) == newest}.values())


def _sequence(component: Component) -> int:
    told_number = text_of(component, "SEQUENCE")
    return int(told_number) if told_number.isdecimal() else 0


# Series ----------------------------------------------------------------------------------------------------------


def _repeats(component: Component) -> bool:
    return any(name in component for name in ("RRULE", "RDATE", "RECURRENCE-ID"))


def _occurrences(group: list[Component], reading: Reading) -> list[Component]:
    """The occurrences in the span and a little around it."""
    if "RECURRENCE-ID" not in group[0] and _too_often(group[0]):
        return [_one_long(group[0], reading), *group[1:]]
    calendar = Calendar()
    for component in group:
        calendar.add_component(component)
    try:
        # Days have no zone there, so the span is wider by more than any offset; _event looks closely.
        return list(recurring_ical_events.of(calendar).between(reading.since - 2 * _DAY, reading.until + 2 * _DAY))
    except Exception:  # whatever a broken rule makes the libraries raise: the events themselves are still there
        return [_without_rule(component) for component in group]


def _too_often(component: Component) -> bool:
    """Whether a rule makes more occurrences than a day has appointments; computing it would take minutes."""
    rules = component.get("RRULE", [])
    return any(_often(rule, component["DTSTART"].dt) for rule in (rules if isinstance(rules, list) else [rules]))


def _often(rule: Any, start: date) -> bool:
    if not isinstance(rule, dict):
        return False  # a broken one, which the fallback of _occurrences deals with
    frequency = str((rule.get("FREQ") or [""])[0]).upper()
    a_day = {"HOURLY": 24, "MINUTELY": 1440, "SECONDLY": 86_400}.get(frequency, 1)
    for part in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        a_day *= max(1, len(rule.get(part) or ()))
    return a_day > MOST_A_DAY or (a_day > 1 and start.year < LONG_AGO)


def _one_long(component: Component, reading: Reading) -> Component:
    """One event from its start to the end of the span."""
    long = _without_rule(component)
    for name in ("DTEND", "DURATION"):
        long.pop(name, None)
    all_day = not isinstance(component["DTSTART"].dt, datetime)
    long.add("DTEND", reading.until.date() + _DAY if all_day else reading.until)
    return long


def _without_rule(component: Component) -> Component:
    copied = Event()
    copied.update({name: value for name, value in component.items() if name not in ("RRULE", "RDATE", "EXDATE")})
    return copied


def _original(component: Component) -> date:
    """Where the series had this occurrence, also when it was moved."""
    named = component.get("RECURRENCE-ID")
    when: date = component["DTSTART"].dt if named is None or "RANGE" in named.params else named.dt
    return when


# One event -------------------------------------------------------------------------------------------------------


def _event(
    component: Component, original: date | None, first: bool, reading: Reading, place: Place
) -> CalendarEvent | None:
    """The event as the port tells it; None when it is cancelled, takes no time or lies outside the span."""
    starts_at, ends_at = _span(component, reading.zone)
    if ends_at <= max(starts_at, reading.since) or starts_at >= reading.until:
        return None
    if text_of(component, "STATUS").upper() == "CANCELLED":
        return None
    uid = _uid(component)
    # A copy of ours that staff made, or what repeats it, is an event of theirs.
    ours = uid.endswith(OURS) and first
    event_id = uid.removesuffix(OURS) if ours else _stranger(uid, place.series, original)
    busy = text_of(component, "TRANSP").upper() != "TRANSPARENT" and not _declined(component, reading.addresses)
    told_event = CalendarEvent(
        event_id, "", text_of(component, "SUMMARY"), starts_at, ends_at, busy, text_of(component, RESOURCE) or None,
        (text_of(component, TAG) or None) if ours else None, place.series, text_of(component, "LOCATION"),
        not isinstance(component["DTSTART"].dt, datetime),
    )  # fmt: skip
    return replace(told_event, etag=_digest(told_event) if place.etag is None else place.etag)


def _span(component: Component, zone: ZoneInfo) -> tuple[datetime, datetime]:
    start = component["DTSTART"].dt
    if "DTEND" in component:
        end = component["DTEND"].dt
    elif "DURATION" in component:
        end = _later(start, component["DURATION"].dt)
    else:
        end = start if isinstance(start, datetime) else start + _DAY
    first, last = sorted((_moment(start, zone), _moment(end, zone)))
    return first, last


def _later(start: date, duration: timedelta) -> date:
    """Days are counted on the wall clock, hours in real time (RFC 5545, 3.3.6)."""
    if not isinstance(start, datetime):
        return start + min(duration, timedelta(days=MOST_DAYS))
    days = timedelta(days=min(duration.days, MOST_DAYS))
    return (start + days).astimezone(UTC) + (min(duration, timedelta(days=MOST_DAYS)) - days)


def _moment(when: date, zone: ZoneInfo) -> datetime:
    if (
        when.year not in YEARS
    ):  # "for ever" is written as the year 9999, where arithmetic overflows; both are leap years
        when = when.replace(year=min(max(when.year, YEARS.start), YEARS.stop - 1))
    if isinstance(when, datetime):
        return when.astimezone(UTC)
    return resolve_local(datetime(when.year, when.month, when.day), zone)  # noqa: DTZ001


def _declined(component: Component, addresses: frozenset[str]) -> bool:
    """Whether the owner of the calendar said no to this invitation."""
    attendees = component.get("ATTENDEE", [])
    return any(
        str(attendee).lower().removeprefix("mailto:").strip() in addresses
        and str(attendee.params.get("PARTSTAT", "")).upper() == "DECLINED"
        for attendee in (attendees if isinstance(attendees, list) else [attendees])
        if hasattr(attendee, "params")
    )


def _stranger(uid: str, path: str | None, original: date | None) -> str:
    """Its UID, with the path where that is not simply named after it: some servers keep one UID in two objects."""
    name = uid if len(uid) <= LONGEST_UID else f"long-{_digest(uid)}"
    if path is not None and path.rpartition("/")[2].removesuffix(".ics") != uid:
        name += f"~{_digest(path)[:8]}"
    if original is None:
        return name
    return f"{name}#{_stamp(original) if isinstance(original, datetime) else original.strftime('%Y%m%d')}"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _digest(*parts: object) -> str:
    return hashlib.sha256("|".join(map(str, parts)).encode("utf-8", "replace")).hexdigest()[:32]
