"""A resource gets another calendar: its bookings ahead are written there, and taken out of the one used before.

Nothing about a confirmed booking changes with it, whatever lies in the new calendar: staff may have copied it by hand.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.records import Booking, CalendarWrite, Resource
from waitlist_appliance.domain.states import BookingStatus
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.cancel_booking import take_out_of_calendar
from waitlist_appliance.services.claim import write_or_confirm
from waitlist_appliance.storage import bookings, calendar_writes, connections
from waitlist_appliance.storage import setup as setups

STANDING = (BookingStatus.CONFIRMED, BookingStatus.IN_PROGRESS)


def carry_all(app: Appliance, resource_ids: Collection[int], now: datetime) -> list[Booking]:
    """Have the bookings ahead of these resources written to their present calendars. Inside a write transaction."""
    ahead = bookings.ahead_of(app.db, sorted(resource_ids), now)
    for booking in ahead:
        carry(app, booking, now)
    return ahead


def carry(app: Appliance, booking: Booking, now: datetime) -> None:
    """Have it written to its resource's calendar under a new id: a standing one as it is, a pending one as a new version."""
    if booking.status == BookingStatus.PENDING:
        _ask_the_other(app, booking, now)
        return
    connection_id = connections.written_to(app.db, _resource(app, booking).connection_id)
    if booking.status not in STANDING or connection_id is None:
        return
    before = len(calendar_writes.of_booking(app.db, booking.id))
    event_id = calendar_writes.carried_id(booking, connection_id, before)
    calendar_writes.add(app.db, "booking", connection_id, event_id, now, booking_id=booking.id)
    app.ring_write_calendar()


def take_out_elsewhere(app: Appliance, write: CalendarWrite, booking: Booking, now: datetime) -> None:
    """This write stands for the booking now: its other events go, where their calendars can still be written."""
    for other in calendar_writes.of_booking(app.db, booking.id):
        if other.id != write.id and connections.written_to(app.db, other.connection_id) is not None:
            calendar_writes.add_removal_once(
                app.db, other.connection_id, other.known_as, now, booking_id=booking.id
            )
            app.ring_write_calendar()


def _ask_the_other(app: Appliance, booking: Booking, now: datetime) -> None:
    """Nobody was told yet, so the other calendar decides; a write to the old one that is under way finds it moved."""
    take_out_of_calendar(app, booking, now)
    when = Interval(booking.starts_at, booking.ends_at)
    if bookings.place_elsewhere(app.db, booking, booking.resource_id, when, now):
        write_or_confirm(app, _resource(app, booking), bookings.by_id(app.db, booking.id), now)


def _resource(app: Appliance, booking: Booking) -> Resource:
    found = setups.resource(app.db, booking.resource_id)
    if found is None:
        raise LookupError(f"resource {booking.resource_id}")
    return found
