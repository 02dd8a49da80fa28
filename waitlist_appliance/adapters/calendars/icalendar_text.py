"""iCalendar text (RFC 5545) into tidy components: every time in a zone, nothing that cannot be understood.

Real files are untidy. A zone may be told by an odd name or not at all: its own VTIMEZONE comes first, then the name
(also Windows' and vendors'), else the calendar's zone. A broken property is dropped; an event without a start cannot
be anywhere and is left out.
"""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from icalendar import Calendar
from icalendar.prop import vBroken
from icalendar.timezone import tzp

from waitlist_appliance.ports import CalendarError

# A VEVENT. Its values are of any of icalendar's thirty types, so its own annotation says nothing.
Component = Any
LONGEST_TEXT: Final = 1000

_FOLD = re.compile(r"\r?\n[ \t]")
_ZONE_BLOCK = re.compile(r"^BEGIN:VTIMEZONE\s*$.*?^END:VTIMEZONE\s*$", re.MULTILINE | re.DOTALL | re.IGNORECASE)
_RESTLESS = re.compile(r"FREQ=(?!YEARLY|MONTHLY)", re.IGNORECASE)
# icalendar remembers zones by name for the whole process: without this, one calendar's "Custom" were every other's.
_one_at_a_time = threading.Lock()


def garbage() -> CalendarError:
    """What came back is something else than a calendar."""
    return CalendarError("what came is not a calendar that can be read", retryable=True, trouble="garbage")


def calendars_in(text: str) -> Sequence[Calendar]:
    """The VCALENDARs of a text; CalendarError when it is none or breaks off in the middle."""
    text = text.lstrip("\ufeff \t\r\n")
    if not text[:15].upper().startswith("BEGIN:VCALENDAR") or not text.rstrip()[-13:].upper() == "END:VCALENDAR":
        raise garbage()
    # A zone whose clock changes every second would be computed for hours.
    text = _ZONE_BLOCK.sub(lambda zone: "" if _RESTLESS.search(_FOLD.sub("", zone[0])) else zone[0], text)
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tzp.use_zoneinfo()
        try:
            found = Calendar.from_ical(text, multiple=True)
        except Exception as failure:  # whatever untidy text makes the library raise
            raise garbage() from failure
    return [calendar for calendar in found if isinstance(calendar, Calendar)]


def tidy_events(calendars: Iterable[Calendar], zone: ZoneInfo) -> list[Component]:
    """All VEVENTs that have a start, tidied; floating times are in ``zone``, days stay days."""
    found = (component for calendar in calendars for component in calendar.walk("VEVENT"))
    return [component for component in found if _tidy(component, zone)]


def told(calendars: Iterable[Calendar], name: str) -> str | None:
    """The first value of a property of the calendar itself."""
    values = (str(calendar.get(name, "")).strip() for calendar in calendars)
    return next((value[:LONGEST_TEXT] for value in values if value), None)


def text_of(component: Component, name: str) -> str:
    """A property as text, "" when there is none; the first when there are several."""
    value = component.get(name)
    if isinstance(value, list):
        value = value[0]
    return "" if value is None else str(value).strip()[:LONGEST_TEXT]


def zone_named(name: str | None) -> ZoneInfo | None:
    """The zone behind a name that calendars use for it, None when there is no such zone."""
    if not name:
        return None
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tzp.use_zoneinfo()
        try:
            found = tzp.timezone(name)
        except (ValueError, OSError):
            return None
    return found if isinstance(found, ZoneInfo) else None


def zone_of_text(text: str) -> ZoneInfo | None:
    """The zone that a VTIMEZONE names (CalDAV's calendar-timezone)."""
    found = re.search(r"^TZID[^:\r\n]*:([^\r\n]+)", _FOLD.sub("", text), re.MULTILINE)
    return zone_named(found.group(1).strip()) if found else None


def _tidy(component: Component, zone: ZoneInfo) -> bool:
    _drop_broken(component)
    for name in ("DTSTART", "DTEND", "RECURRENCE-ID"):
        _tidy_moment(component, name, zone)
    if "DTSTART" not in component:
        return False
    if not isinstance(getattr(component.get("DURATION"), "dt", None), timedelta):
        component.pop("DURATION", None)
    for name in ("EXDATE", "RDATE"):
        _tidy_list(component, name, zone)
    _tidy_rule(component)
    return True


def _drop_broken(component: Component) -> None:
    for name, value in list(component.items()):
        kept = [one for one in (value if isinstance(value, list) else [value]) if not isinstance(one, vBroken)]
        if not kept:
            component.pop(name)
        elif isinstance(value, list):
            component[name] = kept


def _tidy_moment(component: Component, name: str, zone: ZoneInfo) -> None:
    value = component.get(name)
    moment = getattr(value, "dt", None)
    if isinstance(moment, date):
        value.dt = _in_zone(moment, value.params.get("TZID"), zone)
    else:
        component.pop(name, None)


def _tidy_list(component: Component, name: str, zone: ZoneInfo) -> None:
    found = component.get(name)
    kept = [values for values in (found if isinstance(found, list) else [found]) if hasattr(values, "dts")]
    component.pop(name, None)
    for values in kept:
        for value in values.dts:
            value.dt = _in_zone(value.dt, values.params.get("TZID"), zone)
    if kept:
        component[name] = kept


def _tidy_rule(component: Component) -> None:
    """UNTIL in UTC: a date means that whole day, a time without a zone is in that of the start."""
    start = component["DTSTART"].dt
    rules = component.get("RRULE")
    for rule in rules if isinstance(rules, list) else [rules]:
        until = rule.get("UNTIL") if isinstance(rule, dict) else None
        if until and isinstance(start, datetime) and isinstance(until[0], date):
            last = until[0]
            if not isinstance(last, datetime):
                last = datetime(last.year, last.month, last.day, 23, 59, 59)  # noqa: DTZ001
            rule["UNTIL"] = [(last if last.tzinfo else last.replace(tzinfo=start.tzinfo)).astimezone(UTC)]


def _in_zone(moment: Any, tzid: str | None, zone: ZoneInfo) -> Any:
    if isinstance(moment, tuple):
        return tuple(_in_zone(part, tzid, zone) for part in moment)
    if isinstance(moment, datetime) and moment.tzinfo is None:
        return moment.replace(tzinfo=zone_named(tzid) or zone)
    return moment
