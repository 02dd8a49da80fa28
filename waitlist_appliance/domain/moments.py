"""Moments: aware datetimes, epoch milliseconds, and the written rule for nights when the clocks change.

A local time that does not exist moves forward by the gap; one that happens twice is the first of the two.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

__all__ = [
    "UTC", "YEARS", "ceil_to_minutes", "from_ms", "local", "local_day_bounds", "parse_clock", "parse_when",
    "resolve_clock", "resolve_local", "to_ms",
]  # fmt: skip

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
YEARS = range(1970, 2200)  # far from where datetime arithmetic overflows
MILLISECOND = timedelta(milliseconds=1)

_WHEN = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?) ?([Zz]|[+-]\d\d(?::?\d\d)?)?", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)", re.ASCII)


def to_ms(dt: datetime) -> int:
    """Epoch milliseconds of an aware datetime, rounded down; ValueError for a naive one."""
    _require_aware(dt)
    return (dt - EPOCH) // MILLISECOND


def from_ms(ms: int) -> datetime:
    """The aware UTC datetime of epoch milliseconds."""
    return EPOCH + timedelta(milliseconds=ms)


def resolve_local(naive: datetime, zone: ZoneInfo) -> datetime:
    """The UTC moment of a wall-clock time: forward by the gap if it does not exist, the first if it happens twice.

    ValueError for an aware datetime or one outside the calendar.
    """
    if naive.tzinfo is not None:
        raise ValueError("a wall-clock time carries no zone")
    # In a gap, fold=0 reads with the offset before the change: exactly "forward by the gap".
    return _to_utc(naive.replace(tzinfo=zone, fold=0))


def parse_when(text: str, zone: ZoneInfo) -> datetime:
    """The UTC moment of an ISO 8601 date and time; without an offset it is in `zone`.

    ValueError for anything else, and for years nobody means (YEARS).
    """
    found = _WHEN.fullmatch(text.strip())
    if found is None:
        raise ValueError("not an ISO 8601 date and time")
    day, clock, offset = found.groups()
    if int(day[:4]) not in YEARS:
        raise ValueError("not a year that can be meant")
    if offset is None:
        return resolve_local(datetime.fromisoformat(f"{day}T{clock}"), zone)
    return _to_utc(datetime.fromisoformat(f"{day}T{clock}{offset.upper()}"))


def local(dt: datetime, zone: ZoneInfo) -> datetime:
    """The same moment on the wall clock of `zone`; ValueError for a naive datetime."""
    _require_aware(dt)
    return dt.astimezone(zone)


def local_day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """First moment of a local day and first moment of the next, in UTC (23, 24 or 25 hours apart)."""
    midnight = datetime.combine(day, time.min)
    return resolve_local(midnight, zone), resolve_local(midnight + timedelta(days=1), zone)


def ceil_to_minutes(dt: datetime, minutes: int) -> datetime:
    """The first UTC mark of `minutes` at or after `dt`."""
    _require_aware(dt)
    if minutes < 1:
        raise ValueError("marks are at least a minute apart")
    mark = timedelta(minutes=minutes)
    return EPOCH - ((EPOCH - dt) // mark) * mark


def parse_clock(text: str, *, end: bool = False) -> int:
    """Minutes after midnight of "HH:MM"; "24:00" only where `end` is true. ValueError otherwise."""
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not a time of day (HH:MM): {text!r}")
    hours, minutes = int(found[1]), int(found[2])
    total = hours * 60 + minutes
    if minutes > 59 or total > 1440 or (total == 1440 and not end):
        raise ValueError(f"not a time of day (HH:MM): {text!r}")
    return total


def resolve_clock(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """The UTC moment when the wall clock of `day` shows `minutes` after midnight (over 1440: the next day)."""
    return resolve_local(datetime.combine(day, time.min) + timedelta(minutes=minutes), zone)


def _to_utc(dt: datetime) -> datetime:
    try:
        return dt.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time outside the calendar") from None


def _require_aware(dt: datetime) -> None:
    if dt.utcoffset() is None:
        raise ValueError("a datetime without a zone is not a moment")
