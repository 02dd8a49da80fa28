"""The day as a grid: a column per resource, a row per quarter of an hour. Positions only; words are the template's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from waitlist_appliance.domain.availability import Interval, Rule, open_intervals
from waitlist_appliance.domain.moments import local_day_bounds
from waitlist_appliance.storage.agenda_reads import AgendaLine, Column, Waiting

QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
MOST_QUARTERS = 120  # 30 hours: a day of 25 and a night that runs on


@dataclass(frozen=True, slots=True)
class Block:
    """Something in a column: from which quarter (0 is the top), how many, and whether it must make room."""

    line: AgendaLine
    top: int
    height: int
    beside: bool


@dataclass(frozen=True, slots=True)
class Track:
    """One resource with its blocks; `column` None holds what takes every resource."""

    column: Column | None
    blocks: list[Block]


@dataclass(frozen=True, slots=True)
class Zone:
    name: str | None
    tracks: list[Track]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something on the time axis: an hour, or people who wait."""

    at: datetime
    top: int
    waiting: Waiting | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """`now_top` and `now_minutes` place the line of now; None on another day."""

    first: datetime
    quarters: int
    hours: list[Mark]
    waiting: list[Mark]
    zones: list[Zone]
    everything: Track | None
    now_top: int | None
    now_minutes: int


def grid(
    day: date, rule: Rule, columns: Sequence[Column], lines: Sequence[AgendaLine], waiting: Sequence[Waiting],
    now: datetime,
) -> Grid:  # fmt: skip
    """The day's grid, from the first opening (or what begins before) to the last closing (or what ends after)."""
    first, quarters = _span(day, rule, lines, waiting)
    end = first + QUARTER * quarters
    by_resource: dict[int | None, list[AgendaLine]] = {}
    known = {column.id for column in columns}
    for line in lines:
        if line.starts_at < end and line.ends_at > first:
            by_resource.setdefault(line.resource_id if line.resource_id in known else None, []).append(line)
    everything = by_resource.get(None)
    return Grid(
        first, quarters,
        [Mark(first + HOUR * n, n * 4) for n in range(quarters // 4)],
        [Mark(w.starts_at, _quarter(w.starts_at, first), w) for w in waiting if first <= w.starts_at < end],
        [
            Zone(name, [Track(c, _blocks(by_resource.get(c.id, ()), first, quarters)) for c in group])
            for name, group in groupby(columns, key=lambda column: column.zone)
        ],
        Track(None, _blocks(everything, first, quarters)) if everything else None,
        _quarter(now, first) if first <= now < end else None,
        int((now - first).total_seconds() // 60) % 15,
    )  # fmt: skip


def _span(day: date, rule: Rule, lines: Iterable[AgendaLine], waiting: Iterable[Waiting]) -> tuple[datetime, int]:
    since, until = local_day_bounds(day, rule.zone)
    opened = open_intervals(rule, day) or (Interval(since + 9 * HOUR, since + 18 * HOUR),)
    firsts = [opened[0].starts_at, *(max(line.starts_at, since) for line in lines if not _long(line))]
    lasts = [
        opened[-1].ends_at,
        *(min(line.ends_at, until) for line in lines if not _long(line) and line.starts_at >= since),
    ]
    for who in waiting:
        firsts.append(who.starts_at)
        lasts.append(who.starts_at + HOUR)
    first = since + HOUR * int((min(firsts) - since) // HOUR)
    hours = -((first - max(lasts)) // HOUR)
    return first, min(int(hours) * 4, MOST_QUARTERS)


def _long(line: AgendaLine) -> bool:
    """A closing week must not stretch every day of it from midnight to midnight."""
    return line.ends_at - line.starts_at > timedelta(hours=14)


def _blocks(lines: Iterable[AgendaLine], first: datetime, quarters: int) -> list[Block]:
    found: list[Block] = []
    busy_until = 0
    for line in lines:
        top = max(0, _quarter(line.starts_at, first))
        bottom = min(quarters, -int((first - line.ends_at) // QUARTER))
        height = max(1, bottom - top)
        found.append(Block(line, top, height, top < busy_until))
        busy_until = max(busy_until, top + height)
    return found


def _quarter(when: datetime, first: datetime) -> int:
    return int((when - first) // QUARTER)
