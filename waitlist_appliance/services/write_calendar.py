"""Writing to calendars: tentative holds, bookings, removals. The interval is read afresh first, failing closed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.records import Booking, CalendarWrite, Connection, Hold, Resource
from waitlist_appliance.domain.states import BookingStatus, HoldState
from waitlist_appliance.ports import Calendar, CalendarError, CalendarEvent, NewEvent
from waitlist_appliance.services import claim
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.cancel_booking import cancel
from waitlist_appliance.services.each_row import each_row
from waitlist_appliance.services.sync_calendar import mirror
from waitlist_appliance.storage import activity, alarms, bookings, calendar_writes, customers, events, openings, slots
from waitlist_appliance.storage import setup as setups

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=90)
PENDING_ALARM_AFTER = timedelta(minutes=2)
OVER = (BookingStatus.CANCELLED, BookingStatus.EXPIRED)


def write_due(app: Appliance, now: datetime, limit: int = 20) -> int:
    """Do the calendar writes that are due; how many were done."""
    written = 0
    for write in calendar_writes.due(app.db, now, limit):
        with app.db.write():
            claimed = calendar_writes.claim(app.db, write.id, now, now + LEASE)
        if claimed:
            written += _guarded(app, write, now)
    return written


def _guarded(app: Appliance, write: CalendarWrite, now: datetime) -> int:
    """One row that raises does not stop the pass; it is retried later, and staff see it."""
    try:
        _write(app, write, now)
        return 1
    except CalendarError as error:
        log.warning("calendar write %s failed: %s", write.id, error)
        _retry(app, write, str(error), now)
    except Exception as error:
        log.exception("calendar write %s raised", write.id)
        _retry(app, write, type(error).__name__, now)
    return 0


def _write(app: Appliance, write: CalendarWrite, now: datetime) -> None:
    connection = setups.connection(app.db, write.connection_id)
    if connection is None:
        _finish(app, write, "dropped")
        return
    calendar = app.calendars[connection.provider]
    if write.kind == "remove":
        calendar.remove(write.event_id)
        _forget(app, write)
        _finish(app, write, "done")
    elif write.kind == "hold" and write.hold_id is not None:
        _write_hold(app, connection, calendar, write, openings.hold_by_id(app.db, write.hold_id))
    elif write.kind == "booking" and write.booking_id is not None:
        _write_booking(app, connection, calendar, write, bookings.by_id(app.db, write.booking_id), now)


def _mirrored(app: Appliance, connection: Connection, event: NewEvent, etag: str) -> None:
    """What we wrote ourselves is known without reading it again; it never counts as somebody else's."""
    mirror(app, connection, CalendarEvent(
        event.event_id, etag, event.title, event.starts_at, event.ends_at, True, event.resource, event.tag
    ))  # fmt: skip


def _forget(app: Appliance, write: CalendarWrite) -> None:
    with app.db.write():
        gone = events.of_provider(app.db, write.connection_id, write.event_id)
        if gone is not None:
            events.remove(app.db, gone.id)


def _write_hold(
    app: Appliance, connection: Connection, calendar: Calendar, write: CalendarWrite, hold: Hold
) -> None:
    """A tentative event for a live hold; one that ended meanwhile leaves nothing behind."""
    if hold.state == HoldState.LIVE:
        slot = slots.by_id(app.db, hold.slot_id)
        resource = _resource(app, hold.resource_id)
        event = NewEvent(
            write.event_id, "Waitlist: held", "", slot.starts_at, slot.ends_at, resource.public_id, f"hold:{hold.id}", True
        )
        etag = calendar.write(event)
        with app.db.write():
            if openings.hold_by_id(app.db, hold.id).state == HoldState.LIVE:
                _mirrored(app, connection, event, etag)
                calendar_writes.done(app.db, write.id)
                return
    # It ended before or while it was written: what may have been written is taken away again.
    calendar.remove(write.event_id)
    _finish(app, write, "dropped")


def _write_booking(
    app: Appliance, connection: Connection, calendar: Calendar, write: CalendarWrite, booking: Booking, now: datetime
) -> None:
    """Read the interval, write the event, confirm; somebody else's event in the way takes the booking back.

    The id comes from booking and version, so a retry after a lost answer finds its own event and never doubles.
    """
    if _confirmed_by_hand(write, booking):
        _write_late(app, connection, calendar, write, booking)
        return
    if booking.status != BookingStatus.PENDING or _outdated(write, booking):
        if booking.status in OVER or _outdated(write, booking):
            calendar.remove(write.event_id)
        _finish(app, write, "dropped")
        return
    resource = _resource(app, booking.resource_id)
    taken = _taken(app, booking)
    in_the_way = _foreign(calendar.read(taken.starts_at, taken.ends_at), resource, taken)
    if in_the_way:
        with app.db.write():
            for found in in_the_way:  # or the next in line would be offered the same taken time
                mirror(app, connection, found)
            if not _outdated(write, bookings.by_id(app.db, booking.id)):
                _give_up(app, booking, now)
            calendar_writes.done(app.db, write.id, "dropped")
        return
    event = _event(app, write, booking, resource)
    etag = calendar.write(event)
    with app.db.write():
        current = bookings.by_id(app.db, booking.id)
        if current.status not in OVER and not _outdated(write, current):
            _mirrored(app, connection, event, etag)
            claim.confirm(app, booking, etag, now, write.event_id)
            calendar_writes.done(app.db, write.id)
            return
    # Cancelled or moved while the event was being written, and perhaps removed before it was there: taken away again.
    calendar.remove(write.event_id)
    _finish(app, write, "dropped")


def _confirmed_by_hand(write: CalendarWrite, booking: Booking) -> bool:
    """Whether staff confirmed the booking before the calendar had this version of it."""
    stands = booking.status in (BookingStatus.CONFIRMED, BookingStatus.IN_PROGRESS)
    return stands and not _outdated(write, booking) and booking.calendar_event_id != write.event_id


def _write_late(
    app: Appliance, connection: Connection, calendar: Calendar, write: CalendarWrite, booking: Booking
) -> None:
    """The event of a booking that staff have vouched for: whatever else lies there, it is not taken back."""
    event = _event(app, write, booking, _resource(app, booking.resource_id))
    etag = calendar.write(event)
    with app.db.write():
        if _confirmed_by_hand(write, bookings.by_id(app.db, booking.id)):
            _mirrored(app, connection, event, etag)
            app.db.execute(
                "UPDATE booking SET calendar_event_id = ?, calendar_etag = ? WHERE id = ?",
                write.event_id, etag, booking.id,
            )  # fmt: skip
            calendar_writes.done(app.db, write.id)
            return
    # Cancelled, moved or over while it was being written.
    calendar.remove(write.event_id)
    _finish(app, write, "dropped")


def _outdated(write: CalendarWrite, booking: Booking) -> bool:
    """Whether the booking was moved since this write was written down; the new version has its own."""
    return write.event_id != calendar_writes.event_id("booking", booking.public_id, booking.version)


def _give_up(app: Appliance, booking: Booking, now: datetime) -> None:
    """Somebody else's event has the time. A moved booking's line ended long ago: it is cancelled, not taken back."""
    if bookings.was_confirmed(app.db, booking.id):
        cancel(app, booking.id, now, SYSTEM, "the calendar has another event at this time")
    else:
        claim.take_back(app, booking, now)


def _event(app: Appliance, write: CalendarWrite, booking: Booking, resource: Resource) -> NewEvent:
    customer = customers.by_id(app.db, booking.customer_id)
    name = " ".join(part for part in (customer.first_name, customer.last_name) if part) or customer.phone
    return NewEvent(
        write.event_id, f"{name} · {booking.party_size}", f"{booking.code}\n{customer.phone}\n{booking.notes or ''}".strip(),
        booking.starts_at, booking.ends_at, resource.public_id, f"booking:{booking.public_id}", False,
    )  # fmt: skip


def _foreign(events: Sequence[CalendarEvent], resource: Resource, taken: Interval) -> list[CalendarEvent]:
    """Somebody else's busy events that overlap on this resource; an event that names none takes them all."""
    return [event for event in events if _in_the_way(event, resource, taken)]


def _in_the_way(event: CalendarEvent, resource: Resource, taken: Interval) -> bool:
    concerns = event.resource is None or event.resource in (resource.public_id, resource.name)
    overlaps = event.starts_at < taken.ends_at and event.ends_at > taken.starts_at
    return event.busy and event.tag is None and concerns and overlaps


def _taken(app: Appliance, booking: Booking) -> Interval:
    row = app.db.tuples("SELECT starts_at, ends_at FROM occupancy WHERE booking_id = ?", booking.id)
    setup = app.setup()
    if not row:
        return Interval(booking.starts_at, booking.ends_at)
    service = setup.services[booking.service_id]
    return setup.occupied_by(service, booking.starts_at)


def _resource(app: Appliance, resource_id: int) -> Resource:
    found = app.db.row(Resource, "SELECT * FROM resource WHERE id = ?", resource_id)
    if found is None:
        raise LookupError(f"resource {resource_id}")
    return found


def _finish(app: Appliance, write: CalendarWrite, state: str) -> None:
    with app.db.write():
        calendar_writes.done(app.db, write.id, state)


def _retry(app: Appliance, write: CalendarWrite, error: str, now: datetime) -> None:
    delay = timedelta(seconds=min(5 * 2 ** min(write.attempts, 6), 300))
    with app.db.write():
        calendar_writes.retry(app.db, write.id, now + delay, error)


def watch_pending(app: Appliance, now: datetime) -> int:
    """Bookings that the calendar does not have after two minutes are shown to staff, once; their time stays blocked."""
    found = bookings.pending_since(app.db, now - PENDING_ALARM_AFTER)
    return each_row(app, found, lambda booking: _alarm(app, booking, now), now, "booking")


def _alarm(app: Appliance, booking: Booking, now: datetime) -> int:
    app.db.execute("UPDATE booking SET alarmed_at = ? WHERE id = ?", now, booking.id)
    alarms.raise_alarm(app.db, claim.pending_alarm(booking.id), booking.code, now)
    activity.record(app.db, now, SYSTEM, "booking_pending_long", "booking", booking.id,
                    entry_id=booking.entry_id, customer_id=booking.customer_id)  # fmt: skip
    return 1
