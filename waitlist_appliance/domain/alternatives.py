"""Alternatives: the times proposed beside the one a person asked for."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from waitlist_appliance.domain.availability import Rule, hours_problem
from waitlist_appliance.domain.deadlines import may_still_be_offered
from waitlist_appliance.domain.moments import UTC, local, local_day_bounds, parse_clock, resolve_clock
from waitlist_appliance.domain.policies import Policies

__all__ = ["propose"]

AROUND = timedelta(hours=2)


def propose(
    wanted: datetime, rule: Rule, duration: timedelta, policies: Policies, zone: ZoneInfo, now: datetime
) -> list[datetime]:
    """Other times of the wanted day, in UTC, earliest first, within opening hours and before their cut-off.

    A wanted time within the alternatives' window gets the window's times, any other those around it, two hours
    each way. Booking notice is not asked here: a time freed at short notice is what people wait for.
    """
    return [
        start
        for start in _candidates(wanted.astimezone(UTC), policies, zone)
        if start != wanted
        and may_still_be_offered(start, now, policies)
        and hours_problem(rule, start, duration) is None
    ]


def _candidates(wanted: datetime, policies: Policies, zone: ZoneInfo) -> list[datetime]:
    day = local(wanted, zone).date()
    first = resolve_clock(day, parse_clock(policies.alternatives_from), zone)
    last = resolve_clock(day, parse_clock(policies.alternatives_to, end=True), zone)
    step = timedelta(minutes=policies.alternatives_step_minutes)
    if first <= wanted <= last:
        return _grid(first, last, step)
    begins_at, ends_at = local_day_bounds(day, zone)
    steps_back = min(AROUND, wanted - begins_at) // step
    around = _grid(wanted - steps_back * step, wanted + AROUND, step)
    return [start for start in around if start < ends_at]


def _grid(first: datetime, last: datetime, step: timedelta) -> list[datetime]:
    return [first + step * n for n in range((last - first) // step + 1)]
