"""Staff block a time: what lies in it is shown first, and nothing of ours is taken back unasked."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.errors import Conflict
from waitlist_appliance.domain.records import Event
from waitlist_appliance.domain.states import BookingStatus
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.edit_events import add_event
from waitlist_appliance.storage import bookings, occupancy, offers


@dataclass(frozen=True, slots=True)
class Within:
    """What of ours lies in a time: bookings, times held for somebody, offers that can still be answered."""

    bookings: int = 0
    holds: int = 0
    offers: int = 0

    @property
    def empty(self) -> bool:
        return self == Within()


def block(
    app: Appliance, title: str, starts_at: datetime, ends_at: datetime, resource: str | None, now: datetime,
    actor: Actor, seen: Within | None = None,
) -> Event:  # fmt: skip
    """Put an event there; without a resource it takes all of them. Invalid as in ``add_event``.

    Conflict ``time_in_use`` (``extra`` holds the counts of Within) unless exactly what lies there was ``seen``;
    Conflict ``booking_on_its_way`` while a booking in it waits for the calendar, which would take it back.
    """
    with app.db.write():
        ours = _ours(app, Interval(starts_at, ends_at), resource)
        within = _within(app, ours)
        if not within.empty and within != seen:
            raise Conflict("time_in_use", extra=asdict(within))
        if any(_on_its_way(app, row.booking_id) for row in ours):
            raise Conflict("booking_on_its_way")
        return add_event(app, title, starts_at, ends_at, resource, now, actor)


def _ours(app: Appliance, when: Interval, resource: str | None) -> list[occupancy.Busy]:
    named = app.setup().resource_named(resource)
    if when.ends_at <= when.starts_at:
        return []
    taken = [row for row in occupancy.busy(app.db, when) if row.kind != "event"]
    return [row for row in taken if named is None or row.resource_id == named.id]


def _within(app: Appliance, ours: list[occupancy.Busy]) -> Within:
    booked = {row.booking_id for row in ours if row.booking_id is not None}
    held = {row.hold_id for row in ours if row.hold_id is not None}
    asked = sum(len(offers.of_hold(app.db, hold_id)) for hold_id in held)
    return Within(len(booked), len(held), asked)


def _on_its_way(app: Appliance, booking_id: int | None) -> bool:
    return booking_id is not None and bookings.by_id(app.db, booking_id).status == BookingStatus.PENDING
