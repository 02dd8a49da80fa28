"""The free times of a span: what is listed can be booked; held and waited-for times are not listed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from waitlist_appliance.domain.assignment import order_for
from waitlist_appliance.domain.availability import Interval, notice_problem, start_times
from waitlist_appliance.domain.errors import Invalid
from waitlist_appliance.domain.moments import local
from waitlist_appliance.domain.records import Resource
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.asked import note_asked
from waitlist_appliance.services.free_places import Calendars, places
from waitlist_appliance.services.make_offers import match_interval
from waitlist_appliance.services.reserved import reserved_resources

LONGEST_SPAN = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class FreeTimes:
    """What is asked: [start, end) and what the asker needs."""

    start: datetime
    end: datetime
    service: str | None = None
    party_size: int | None = None
    zone: str | None = None
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class FreeTime:
    starts_at: datetime
    ends_at: datetime
    resource: Resource


def free_times(app: Appliance, asked: FreeTimes, now: datetime) -> list[FreeTime]:
    """Every bookable (start, resource), by start, the best resource first. Invalid for a bad span, party or name."""
    setup = app.setup()
    note_asked(app, now)
    if asked.end <= asked.start or asked.end - asked.start > LONGEST_SPAN:
        raise Invalid("bad_value", "end", params={"value": asked.end.isoformat()})
    if asked.party_size is not None and not 1 <= asked.party_size <= setup.policies.max_party_size:
        raise Invalid("bad_party_size", "party_size", params={"limit": setup.policies.max_party_size})
    service, resource = setup.service_named(asked.service), setup.resource_named(asked.resource)
    zone = setup.zone_named(asked.zone)
    duration, rule, calendars = setup.duration_of(service), setup.rule_of(service), Calendars(app.db, setup, now)
    day, last = local(asked.start, rule.zone).date() - timedelta(days=1), local(asked.end, rule.zone).date()
    starts: set[datetime] = set()
    while day <= last:
        starts |= {s for s in start_times(rule, day, duration) if asked.start <= s < asked.end}
        day += timedelta(days=1)
    found: list[FreeTime] = []
    waited_for = False
    for start in sorted(s for s in starts if notice_problem(rule, s, now) is None and s > now):
        reserved: set[int] | None = None
        free = {p.resource.id: p.resource for p in places(app.db, setup, calendars, service, start) if p.free}
        tolerance = setup.policies.party_tolerance if asked.party_size else 10_000
        seats = [r.seat for r in free.values() if zone is None or r.zone == zone]
        for seat in order_for(seats, asked.party_size or 1, zone, resource.id if resource else None, tolerance):
            if reserved is None:
                reserved = reserved_resources(app, setup, service, start, now)
            if seat.id not in reserved:
                found.append(FreeTime(start, start + duration, free[seat.id]))
            else:
                waited_for = True
    if waited_for:
        # Whoever finds a free time that somebody waits for sets matching off.
        match_interval(app, Interval(asked.start, asked.end), now, "found_free")
    return found
