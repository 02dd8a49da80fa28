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


@dataclass(frozen=True, slots=True)
class Place:
    """A resource at a time. ``state``: free, hold, booking, event, closed (its own hours) or unknown (calendar)."""

    resource: Resource
    state: str
    fresh: bool  # its calendar works and was read recently enough for an offer

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
        self.policies = setup.policies
        self.connections: dict[int, Connection] = {c.id: c for c in setups.connections(db)}

    def readable(self, resource: Resource) -> bool:
        connection = self._of(resource)
        return connection is None or readable(connection, self.now, self.policies)

    def fresh(self, resource: Resource) -> bool:
        connection = self._of(resource)
        return connection is None or fresh_for_offer(connection, self.now, self.policies)

    def _of(self, resource: Resource) -> Connection | None:
        return self.connections.get(resource.connection_id) if resource.connection_id else None


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
    return [_place(setup, calendars, resource, taken, rows, starts_at, lasts) for resource in setup.resources_of(service)]


def state_of(resource: Resource, interval: Interval, rows: list[Busy]) -> str:
    """free, or what takes the resource: an event or a booking before a mere hold."""
    found = {row.kind for row in rows if _concerns(row, resource) and row.overlaps(interval)}
    return next((kind for kind in ("event", "booking", "hold") if kind in found), "free")


def _place(
    setup: Setup, calendars: Calendars, resource: Resource, taken: Interval, rows: list[Busy], starts_at: datetime,
    lasts: timedelta,
) -> Place:  # fmt: skip
    if resource.rule_id and hours_problem(setup.rules[resource.rule_id], starts_at, lasts):
        return Place(resource, "closed", False)
    state = state_of(resource, taken, rows)
    if state == "free" and not calendars.readable(resource):
        state = "unknown"
    return Place(resource, state, calendars.fresh(resource))


def _concerns(row: Busy, resource: Resource) -> bool:
    """Whether the row takes this resource; an event that names none takes all of its calendar's (a policy)."""
    if row.resource_id is not None:
        return row.resource_id == resource.id
    return row.connection_id == resource.connection_id
