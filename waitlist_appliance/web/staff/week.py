"""The week as seven columns: per service period how full it is and who waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from waitlist_appliance.domain.availability import Interval, Rule, open_intervals
from waitlist_appliance.domain.moments import local
from waitlist_appliance.storage.agenda_reads import Load, Waiting


@dataclass(frozen=True, slots=True)
class Period:
    """One opening time of a day; `percent` of its table-minutes is booked."""

    when: Interval
    bookings: int
    covers: int
    percent: int
    waiting: int


@dataclass(frozen=True, slots=True)
class WeekDay:
    day: date
    periods: list[Period]
    outside: int  # bookings outside the opening hours

    @property
    def covers(self) -> int:
        return sum(period.covers for period in self.periods)


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def week(monday: date, rule: Rule, loads: Sequence[Load], waiting: Sequence[Waiting], resources: int) -> list[WeekDay]:
    """Monday to Sunday; what begins after midnight counts for the evening it belongs to."""
    days = [monday + timedelta(days=n) for n in range(7)]
    opened = {day: open_intervals(rule, day) for day in days}
    inside = {load.starts_at for day in days for i in opened[day] for load in loads if _in(load.starts_at, i)}
    return [
        WeekDay(
            day, [_period(interval, loads, waiting, resources) for interval in opened[day]],
            sum(
                load.bookings for load in loads
                if load.starts_at not in inside and local(load.starts_at, rule.zone).date() == day
            ),
        )
        for day in days
    ]  # fmt: skip


def _period(when: Interval, loads: Sequence[Load], waiting: Sequence[Waiting], resources: int) -> Period:
    mine = [load for load in loads if _in(load.starts_at, when)]
    capacity = resources * (when.ends_at - when.starts_at).total_seconds() / 60
    percent = round(100 * sum(load.minutes for load in mine) / capacity) if capacity else 0
    waits = sum(who.parties for who in waiting if _in(who.starts_at, when))
    return Period(when, sum(m.bookings for m in mine), sum(m.covers for m in mine), min(percent, 100), waits)


def _in(moment: datetime, interval: Interval) -> bool:
    return interval.starts_at <= moment < interval.ends_at
