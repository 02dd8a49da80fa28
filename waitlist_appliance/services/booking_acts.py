"""What staff do with a booking besides moving it: confirmed by hand, no-show, came after all, refunded, notes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.errors import Conflict, Invalid, NotFound
from waitlist_appliance.domain.records import Booking
from waitlist_appliance.domain.states import BOOKING_ACTIVE, BOOKING_MOVES, BookingStatus
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.cancel_booking import cancel
from waitlist_appliance.services.claim import confirm
from waitlist_appliance.services.make_offers import match_interval
from waitlist_appliance.storage import activity, bookings, customers, occupancy

LONGEST_NOTES = 2000
STUCK_AFTER = timedelta(minutes=15)
# What callers say → the state it leads to.
TRANSITIONS: Mapping[str, BookingStatus] = {
    "confirm": BookingStatus.CONFIRMED, "confirmed": BookingStatus.CONFIRMED,
    "cancel": BookingStatus.CANCELLED, "cancelled": BookingStatus.CANCELLED,
    "no_show": BookingStatus.NO_SHOW, "no-show": BookingStatus.NO_SHOW,
    "complete": BookingStatus.COMPLETED, "completed": BookingStatus.COMPLETED,
    "refund": BookingStatus.REFUNDED, "refunded": BookingStatus.REFUNDED,
}  # fmt: skip


def booking_named(app: Appliance, public_id: str) -> Booking:
    """The booking with this id; NotFound."""
    found = bookings.by_public_id(app.db, public_id)
    if found is None:
        raise NotFound("not_found", "booking")
    return found


def transition(app: Appliance, booking_id: int, to: str, now: datetime, actor: Actor, reason: str = "") -> Booking:
    """Lead a booking to another state by hand; asked twice is fine. Invalid; Conflict ``bad_transition``,
    ``not_begun`` or ``not_stuck``."""
    target = TRANSITIONS.get(to.strip().lower())
    if target is None:
        raise Invalid("bad_value", "to", params={"value": to})
    with app.db.write():
        booking = bookings.by_id(app.db, booking_id)
        if booking.status == target:
            return booking
        if target not in BOOKING_MOVES[booking.status]:
            raise Conflict("bad_transition")
        if target == BookingStatus.CONFIRMED:
            return _confirm(app, booking, now, actor)
        if target == BookingStatus.CANCELLED or (target == BookingStatus.REFUNDED and booking.status in BOOKING_ACTIVE):
            booking = cancel(app, booking_id, now, actor, reason or "by_staff")
        if target != BookingStatus.CANCELLED:
            _end(app, booking, target, now, actor, reason)
        return bookings.by_id(app.db, booking_id)


def set_notes(app: Appliance, booking_id: int, notes: str, now: datetime, actor: Actor) -> Booking:
    """The team's note about a booking; empty takes it away. Invalid when it is too long."""
    text = notes.strip()
    if len(text) > LONGEST_NOTES:
        raise Invalid("bad_value", "notes", params={"field": "notes"})
    with app.db.write():
        booking = bookings.by_id(app.db, booking_id)
        if (booking.notes or "") != text:
            bookings.set_notes(app.db, booking_id, text or None)
            activity.record(
                app.db, now, actor, "notes_changed", "booking", booking_id, entry_id=booking.entry_id,
                customer_id=booking.customer_id,
            )  # fmt: skip
        return bookings.by_id(app.db, booking_id)


def stuck(booking_status: str, pending_since: datetime | None, now: datetime) -> bool:
    """Whether the calendar has had its time, so that staff may decide instead."""
    return booking_status == BookingStatus.PENDING and pending_since is not None and now - pending_since >= STUCK_AFTER


def _confirm(app: Appliance, booking: Booking, now: datetime, actor: Actor) -> Booking:
    """Staff vouch for it; the calendar gets its event when it is back."""
    if booking.starts_at <= now:
        raise Conflict("bad_transition")
    if not stuck(booking.status, booking.pending_since_at, now):
        raise Conflict("not_stuck")
    if not confirm(app, booking, None, now, actor=actor):
        raise Conflict("bad_transition")
    return bookings.by_id(app.db, booking.id)


def _end(app: Appliance, booking: Booking, target: BookingStatus, now: datetime, actor: Actor, reason: str) -> None:
    """No-show, completed or refunded; what is left of its time is free."""
    if target in (BookingStatus.NO_SHOW, BookingStatus.COMPLETED) and booking.starts_at > now:
        raise Conflict("not_begun")
    if not bookings.move(app.db, booking.id, target, ended_at=now):
        raise Conflict("bad_transition")
    was = booking.status
    customers.count_no_shows(
        app.db, booking.customer_id, (target == BookingStatus.NO_SHOW) - (was == BookingStatus.NO_SHOW)
    )
    activity.record(
        app.db, now, actor, f"booking_{target}", "booking", booking.id, entry_id=booking.entry_id,
        customer_id=booking.customer_id, reason=reason or None,
    )  # fmt: skip
    if occupancy.release_booking(app.db, booking.id) and booking.ends_at > now:
        match_interval(app, Interval(now, booking.ends_at), now, f"booking_{target}")
