"""Availability: when a resource can be booked by its rule. Whether it is free is another question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

from waitlist_appliance.domain.moments import local, parse_clock, resolve_clock

__all__ = [
    "DAYS", "Clocks", "HoursProblem", "Interval", "NoticeProblem", "Override", "Rule", "Schedule", "ScheduleError",
    "hours_problem", "notice_problem", "occupied", "open_intervals", "overrides_to_json", "parse_overrides",
    "parse_schedule", "schedule_to_json", "start_times",
]  # fmt: skip

Clocks = tuple[tuple[str, str], ...]
Schedule = Mapping[int, Clocks]
HoursProblem = Literal["closed_day", "outside_hours"]
NoticeProblem = Literal["notice_too_short", "too_far_ahead"]

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY_MINUTES = 1440


class ScheduleError(ValueError):
    """Opening hours that cannot be; `where` is the day or date, `reason` what is wrong with it."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Interval:
    """A half-open stretch of time: the end no longer belongs to it, so touching is not overlapping."""

    starts_at: datetime
    ends_at: datetime

    def overlaps(self, other: Interval) -> bool:
        """Whether some moment belongs to both."""
        return max(self.starts_at, other.starts_at) < min(self.ends_at, other.ends_at)

    def contains(self, other: Interval) -> bool:
        """Whether the other lies within this one."""
        return self.starts_at <= other.starts_at and other.ends_at <= self.ends_at


@dataclass(frozen=True, slots=True)
class Override:
    """Other hours on one date: closed with a reason, or `intervals` in place of the weekly ones (none: unchanged)."""

    available: bool
    reason: str | None = None
    intervals: Clocks = ()


@dataclass(frozen=True)
class Rule:
    """When something can be booked. Schedule: 0 is Monday; an end at or before its start runs past midnight."""

    id: int
    name: str
    zone: ZoneInfo
    schedule: Schedule
    slot_duration_minutes: int = 90
    step_minutes: int = 30
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    min_notice_minutes: int = 0
    max_notice_minutes: int | None = None  # None: as far ahead as anybody likes
    overrides: Mapping[date, Override] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if self.step_minutes < 1 or self.slot_duration_minutes < 1:
            raise ValueError("step and slot duration are at least a minute")
        if min(self.buffer_before_minutes, self.buffer_after_minutes, self.min_notice_minutes) < 0:
            raise ValueError("buffers and notice are never negative")


def parse_schedule(weekly: Mapping[str, object]) -> dict[int, Clocks]:
    """{"monday": [{"start": "19:00", "end": "23:00"}]} as a schedule, each day in order of its starts.

    A day left out is closed. ScheduleError for an unknown day, a bad time, or hours that overlap within the week.
    """
    schedule: dict[int, Clocks] = {}
    for name, intervals in weekly.items():
        day = str(name).strip().lower()
        if day not in DAYS:
            raise ScheduleError(str(name), "not a day of the week")
        if clocks := _parse_clocks(day, intervals):
            schedule[DAYS.index(day)] = clocks
    _refuse_overlaps_in_week(schedule)
    return schedule


def schedule_to_json(schedule: Schedule) -> dict[str, list[dict[str, str]]]:
    """The reverse of parse_schedule, with every day of the week."""
    return {name: _clocks_to_json(schedule.get(number, ())) for number, name in enumerate(DAYS)}


def parse_overrides(items: Iterable[object]) -> dict[date, Override]:
    """[{"date", "available", "reason", "intervals"}] by date; ScheduleError for a bad or doubled one."""
    overrides: dict[date, Override] = {}
    for item in items:
        day, override = _parse_override(item)
        if day in overrides:
            raise ScheduleError(day.isoformat(), "the date is there twice")
        overrides[day] = override
    return overrides


def overrides_to_json(overrides: Mapping[date, Override]) -> list[dict[str, object]]:
    """The reverse of parse_overrides, earliest date first."""
    return [
        {
            "date": day.isoformat(),
            "available": override.available,
            "reason": override.reason,
            "intervals": _clocks_to_json(override.intervals),
        }
        for day, override in sorted(overrides.items())
    ]


def open_intervals(rule: Rule, day: date) -> tuple[Interval, ...]:
    """The opening times that begin on a local day, in UTC and in order; the last may end on the next day."""
    return _opened(_clocks_on(rule, day), day, rule.zone)


@lru_cache(maxsize=1024)  # every request asks for the same few days
def _opened(clocks: Clocks, day: date, zone: ZoneInfo) -> tuple[Interval, ...]:
    opened = (_interval(day, start, end, zone) for start, end in clocks)
    # Hours that lie wholly in the hour the clocks skip are empty; hours pushed forward may run into the next ones.
    return _merged(sorted((one for one in opened if one.starts_at < one.ends_at), key=lambda one: one.starts_at))


def start_times(rule: Rule, day: date, duration: timedelta) -> tuple[datetime, ...]:
    """Every start of the opening times that begin on `day`, in UTC, a step of elapsed time apart.

    A start after midnight belongs to the day its opening time began on.
    """
    if duration <= timedelta(0):
        raise ValueError("a duration is more than nothing")
    step = timedelta(minutes=rule.step_minutes)
    starts: list[datetime] = []
    for opened in open_intervals(rule, day):
        count = (opened.ends_at - opened.starts_at - duration) // step + 1
        starts.extend(opened.starts_at + step * n for n in range(max(count, 0)))
    return tuple(starts)


def hours_problem(rule: Rule, start: datetime, duration: timedelta) -> HoursProblem | None:
    """Why `duration` from `start` does not lie in one opening time; None when it does, on the step grid or not."""
    wanted = Interval(start, start + duration)
    day = local(start, rule.zone).date()
    today = open_intervals(rule, day)
    if any(opened.contains(wanted) for opened in today):
        return None
    if any(opened.contains(wanted) for opened in open_intervals(rule, day - timedelta(days=1))):
        return None
    return "outside_hours" if today else "closed_day"


def notice_problem(rule: Rule, start: datetime, now: datetime) -> NoticeProblem | None:
    """Whether a booking at `now` comes too late or too early for `start`; both limits themselves are allowed."""
    if start < now + timedelta(minutes=rule.min_notice_minutes):
        return "notice_too_short"
    if rule.max_notice_minutes is not None and start > now + timedelta(minutes=rule.max_notice_minutes):
        return "too_far_ahead"
    return None


def occupied(
    start: datetime, duration: timedelta, rule: Rule, service_before: int | None, service_after: int | None
) -> Interval:
    """What a booking takes of its resource: buffers included, in minutes, the service's over the rule's."""
    before = rule.buffer_before_minutes if service_before is None else service_before
    after = rule.buffer_after_minutes if service_after is None else service_after
    return Interval(start - timedelta(minutes=before), start + duration + timedelta(minutes=after))


def _clocks_on(rule: Rule, day: date) -> Clocks:
    override = rule.overrides.get(day)
    if override is not None and not override.available:
        return ()
    if override is not None and override.intervals:
        return override.intervals
    return rule.schedule.get(day.weekday(), ())


def _interval(day: date, start: str, end: str, zone: ZoneInfo) -> Interval:
    first, last = _minutes(start, end)
    return Interval(resolve_clock(day, first, zone), resolve_clock(day, last, zone))


def _minutes(start: str, end: str) -> tuple[int, int]:
    first, last = parse_clock(start), parse_clock(end, end=True)
    return first, last if last > first else last + DAY_MINUTES


def _merged(intervals: list[Interval]) -> tuple[Interval, ...]:
    merged: list[Interval] = []
    for one in intervals:
        if merged and merged[-1].overlaps(one):
            merged[-1] = Interval(merged[-1].starts_at, max(merged[-1].ends_at, one.ends_at))
        else:
            merged.append(one)
    return tuple(merged)


def _parse_clocks(where: str, items: object) -> Clocks:
    if items is None:
        return ()
    if not isinstance(items, list | tuple):
        raise ScheduleError(where, "a list of {start, end} is needed")
    clocks = sorted(_parse_pair(where, item) for item in items)
    spans = [_minutes(*pair) for pair in clocks]
    if any(one[1] > following[0] for one, following in pairwise(spans)):
        raise ScheduleError(where, "hours overlap")
    return tuple(clocks)


def _parse_pair(where: str, item: object) -> tuple[str, str]:
    if not isinstance(item, Mapping) or "start" not in item or "end" not in item:
        raise ScheduleError(where, "a list of {start, end} is needed")
    try:
        return _clock_text(item["start"]), _clock_text(item["end"], end=True)
    except ValueError as problem:
        raise ScheduleError(where, str(problem)) from None


def _clock_text(value: object, *, end: bool = False) -> str:
    hours, minutes = divmod(parse_clock(str(value), end=end), 60)
    return f"{hours:02}:{minutes:02}"


def _clocks_to_json(clocks: Clocks) -> list[dict[str, str]]:
    return [{"start": start, "end": end} for start, end in clocks]


def _refuse_overlaps_in_week(schedule: Schedule) -> None:
    for day, clocks in schedule.items():
        spill = _minutes(*clocks[-1])[1] - DAY_MINUTES
        following = (day + 1) % 7
        if spill > 0 and following in schedule and parse_clock(schedule[following][0][0]) < spill:
            raise ScheduleError(DAYS[following], f"hours overlap with those of {DAYS[day]} that run past midnight")


def _parse_override(item: object) -> tuple[date, Override]:
    if not isinstance(item, Mapping) or "date" not in item:
        raise ScheduleError("date_overrides", "a list of {date, available, reason, intervals} is needed")
    try:
        day = date.fromisoformat(str(item["date"]).strip())
    except ValueError:
        raise ScheduleError(str(item["date"]), "not a date (YYYY-MM-DD)") from None
    where = day.isoformat()
    available = str(item.get("available", True)).strip().lower()
    if available not in ("true", "false", "1", "0"):
        raise ScheduleError(where, "available is true or false")
    reason = str(item.get("reason") or "").strip() or None
    return day, Override(available in ("true", "1"), reason, _parse_clocks(where, item.get("intervals")))
