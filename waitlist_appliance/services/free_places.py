"""Which resources are free at a time, and what takes the others. What cannot be known counts as busy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from waitlist_appliance.domain.availability import Interval, hours_problem
from waitlist_appliance.domain.calendars import fresh_for_offer, readable
from waitlist_appliance.domain.records import Connection, Resource, Service
from waitlist_appliance.storage import occupancy
from waitlist_appliance.storage import setup as setups
from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.occupancy import Busy
from waitlist_appliance.storage.setup import Setup

# The calendar that a resource is written to, and those that block it besides.
_Ids = tuple[int | None, frozenset[int]]
_NONE: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """A resource at a time. ``state``: free, hold, booking, event, closed (its own hours) or unknown (calendar)."""

    resource: Resource
    state: str
    fresh: bool  # its calendars work and were read recently enough for an offer

    @property
    def free(self) -> bool:
        return self.state == "free"

    @property
    def offerable(self) -> bool:
        return self.free and self.fresh


class Calendars:
    """What is known of the calendars at one moment; asked once per use case."""

    def __init__(self, db: Database, setup: Setup, now: datetime) -> None:
        self.now = now
        self.setup = setup
        self.policies = setup.policies
        self.connections: dict[int, Connection] = {c.id: c for c in setups.connections(db)}
        # Switching a calendar for everybody off is the way to take it away; one of a resource's own fails closed.
        self.wanted: set[int] = set()  # what must be read before what is free can be offered
        self._for_all = [
            c for c in self.connections.values() if c.takes_everything and c.enabled and c.ending_at is None
        ]
        # Most resources share their calendars: each set of them is looked up and judged once.
        self._owned: dict[_Ids, list[Connection]] = {}
        self._fresh: dict[_Ids, bool] = {}

    def readable(self, resource: Resource, until: datetime) -> bool:
        """Whether all that takes the resource's time is known up to ``until``."""
        return all(readable(c, self.now, self.policies, until) for c in self._concerning(resource))

    def fresh(self, resource: Resource) -> bool:
        """Whether an offer may rest on what is known. Its own calendars must be more than addresses that are read."""
        ids = self._ids(resource)
        if ids not in self._fresh:
            own = self._own(resource)
            told_in_time = not own or any(not c.read_only for c in own)
            concerning = self._concerning(resource)
            self._fresh[ids] = told_in_time and all(fresh_for_offer(c, self.now, self.policies) for c in concerning)
        return self._fresh[ids]

    def want(self, resource: Resource) -> None:
        """Note what must be read before the resource can be offered; nothing when reading does not help."""
        own = self._own(resource)
        if own and all(c.read_only for c in own):
            return
        self.wanted |= {c.id for c in self._concerning(resource) if not fresh_for_offer(c, self.now, self.policies)}

    def takes(self, row: Busy, resource: Resource) -> bool:
        """Whether what is busy takes this resource; an event that names none takes all of its calendar's."""
        if row.resource_id is not None:
            return row.resource_id == resource.id
        return any(c.id == row.connection_id for c in self._concerning(resource))

    def _concerning(self, resource: Resource) -> list[Connection]:
        return [*self._own(resource), *self._for_all]

    def _own(self, resource: Resource) -> list[Connection]:
        ids = self._ids(resource)
        if ids not in self._owned:
            found = {ids[0], *ids[1]}
            self._owned[ids] = [self.connections[id_] for id_ in found if id_ is not None and id_ in self.connections]
        return self._owned[ids]

    def _ids(self, resource: Resource) -> _Ids:
        return resource.connection_id, self.setup.blocking.get(resource.id, _NONE)


def places(
    db: Database, setup: Setup, calendars: Calendars, service: Service, starts_at: datetime,
    duration: timedelta | None = None, *, besides_booking: int | None = None,
) -> list[Place]:  # fmt: skip
    """Every resource that gives the service, smallest first, with its state at the time.

    ``besides_booking`` is left out of what takes a place: it is the one that would move.
    """
    taken = setup.occupied_by(service, starts_at, duration)
    rows = [row for row in occupancy.busy(db, taken) if besides_booking is None or row.booking_id != besides_booking]
    lasts = duration or setup.duration_of(service)
    of_nobody = [row for row in rows if row.resource_id is None]
    of_each: dict[int, list[Busy]] = {}
    for row in rows:
        if row.resource_id is not None:
            of_each.setdefault(row.resource_id, []).append(row)
    return [
        _place(setup, calendars, resource, taken, [*of_each.get(resource.id, ()), *of_nobody], starts_at, lasts)
        for resource in setup.resources_of(service)
    ]


def state_of(calendars: Calendars, resource: Resource, interval: Interval, rows: list[Busy]) -> str:
    """free, or what takes the resource: an event or a booking before a mere hold."""
    found = {row.kind for row in rows if calendars.takes(row, resource) and row.overlaps(interval)}
    return next((kind for kind in ("event", "booking", "hold") if kind in found), "free")


def _place(
    setup: Setup, calendars: Calendars, resource: Resource, taken: Interval, rows: list[Busy], starts_at: datetime,
    lasts: timedelta,
) -> Place:  # fmt: skip
    if resource.rule_id and hours_problem(setup.rules[resource.rule_id], starts_at, lasts):
        return Place(resource, "closed", False)
    state = state_of(calendars, resource, taken, rows)
    if state == "free" and not calendars.readable(resource, taken.ends_at):
        state = "unknown"
    return Place(resource, state, calendars.fresh(resource))
