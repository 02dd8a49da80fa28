"""What the clock alone does: bookings begin and end, invitations are nudged."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.domain.records import Booking, Entry
from waitlist_appliance.domain.states import BookingStatus
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.claim import settle_ended
from waitlist_appliance.services.each_row import each_row
from waitlist_appliance.services.say import say
from waitlist_appliance.storage import activity, bookings, entries, occupancy, slots


def advance_bookings(app: Appliance, now: datetime) -> int:
    """confirmed → in progress → completed at start and end, in one pass also after a long sleep; how many moved.

    Only a booking still pending at its start expires.
    """
    begun = each_row(app, bookings.starting(app.db, now), lambda booking: _begin(app, booking, now), now, "booking")
    return begun + each_row(
        app, bookings.ending(app.db, now), lambda booking: _move(app, booking, BookingStatus.COMPLETED, now), now, "booking"
    )


def _begin(app: Appliance, booking: Booking, now: datetime) -> int:
    pending = booking.status == BookingStatus.PENDING
    return _move(app, booking, BookingStatus.EXPIRED if pending else BookingStatus.IN_PROGRESS, now)


def _move(app: Appliance, booking: Booking, to: BookingStatus, now: datetime) -> int:
    ended = {"ended_at": now} if to != BookingStatus.IN_PROGRESS else {}
    won = bookings.move(app.db, booking.id, to, **ended)
    if won:
        if ended:
            occupancy.release_booking(app.db, booking.id)
        if to == BookingStatus.EXPIRED:
            settle_ended(app, booking, now)
        due = booking.ends_at if to == BookingStatus.COMPLETED else booking.starts_at
        activity.record(app.db, now, SYSTEM, f"booking_{to}", "booking", booking.id, entry_id=booking.entry_id,
                        customer_id=booking.customer_id, scheduled_ms=to_ms(due))  # fmt: skip
    return won


def nudge_invited(app: Appliance, now: datetime) -> int:
    """One nudge for an invitation without sign-up; how many were written."""
    return each_row(app, entries.invitations_to_nudge(app.db, now), lambda entry: _nudge(app, entry, now), now, "entry")


def _nudge(app: Appliance, entry: Entry, now: datetime) -> int:
    entries.set_columns(app.db, entry.id, nudge_at=None)
    slot = slots.by_id(app.db, entry.requested_slot_id)
    if slot.closes_at > now:
        say(app, "join_nudge", entry.customer_id, now, key=f"join_nudge:{entry.id}", entry_id=entry.id,
            facts={"starts_at_ms": to_ms(slot.starts_at)})  # fmt: skip
    return 1
