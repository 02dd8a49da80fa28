"""Which backups are kept: the newest of each of the last days, weeks and months that have one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime


@dataclass(frozen=True, slots=True)
class Retention:
    """Of how many days, weeks and months. Days in which none was made do not count, so that a box that was off for a
    month still has its last ones."""

    daily: int
    weekly: int
    monthly: int


def kept(made_at: Iterable[datetime], rule: Retention) -> set[datetime]:
    """Those that are kept; always the newest one. Days are those of UTC."""
    newest_first = sorted(set(made_at), reverse=True)
    found = set(newest_first[:1])
    for number, period in ((rule.daily, _day), (rule.weekly, _week), (rule.monthly, _month)):
        found |= _newest_of_each(newest_first, period, number)
    return found


def _newest_of_each(newest_first: list[datetime], period: Callable[[date], object], number: int) -> set[datetime]:
    newest: dict[object, datetime] = {}
    for moment in newest_first:
        newest.setdefault(period(moment.astimezone(UTC).date()), moment)
    return set(list(newest.values())[:number])


def _day(day: date) -> object:
    return day


def _week(day: date) -> object:
    return day.isocalendar()[:2]


def _month(day: date) -> object:
    return day.year, day.month
