"""Writing to calendars: tentative holds, bookings, removals. The interval is read afresh first, failing closed."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.calendars import RETRY_LONGEST, WAIT_LONGEST
from waitlist_appliance.domain.records import Booking, CalendarWrite, Connection, Hold
from waitlist_appliance.domain.states import BookingStatus, HoldState
from waitlist_appliance.ports import Calendar, CalendarError, CalendarEvent, NewEvent, Written
from waitlist_appliance.services import claim, event_conflicts, our_events
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.cancel_booking import cancel
from waitlist_appliance.services.carry_bookings import STANDING, carry, take_out_elsewhere
from waitlist_appliance.services.each_row import each_row
from waitlist_appliance.services.free_places import Calendars
from waitlist_appliance.services.mirror import is_ours, mirror, up_to_date
from waitlist_appliance.services.sync_calendar import note_failure
from waitlist_appliance.storage import activity, alarms, bookings, calendar_writes, events, occupancy, openings, tallies
from waitlist_appliance.storage import setup as setups

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=90)
PENDING_ALARM_AFTER = timedelta(minutes=2)
OVER = (BookingStatus.CANCELLED, BookingStatus.EXPIRED)
AWAY = ("unreachable", "too_fast")


def write_due(app: Appliance, now: datetime, limit: int = 20) -> int:
    """Do the calendar writes that are due; how many were done."""
    written = 0
    away: set[int] = set()
    for write in calendar_writes.due(app.db, now, limit):
        if write.connection_id in away:
            continue
        with app.db.write():
            claimed = calendar_writes.claim(app.db, write.id, now, now + LEASE)
        if claimed:
            begun = time.monotonic()
            done = _guarded(app, write, now, away)
            _count(app, write, done, begun, now)
            written += done
    return written


def _guarded(app: Appliance, write: CalendarWrite, now: datetime, away: set[int]) -> int:
    """One row that raises does not stop the pass; it is retried later, and staff see it.

    A calendar that does not answer is not asked for every row, lest the pass take minutes: it is added to ``away``.
    """
    try:
        _write(app, write, now)
        return 1
    except CalendarError as error:
        log.warning("calendar write %s failed: %s", write.id, error)
        _signed_out(app, write, error, now)
        _retry(app, write, str(error), now, error.retry_after, all_of_it=error.trouble in AWAY)
        if error.trouble in AWAY:
            away.add(write.connection_id)
    except Exception as error:
        log.exception("calendar write %s raised", write.id)
        _retry(app, write, type(error).__name__, now)
    return 0


def _count(app: Appliance, write: CalendarWrite, done: int, begun: float, now: datetime) -> None:
    """For the statistics of the box; after what was counted, which may have been several transactions."""
    connection, took_ms = setups.connection(app.db, write.connection_id), round((time.monotonic() - begun) * 1000)
    provider = connection.provider if connection is not None else "gone"
    with app.db.write():
        tallies.count(app.db, "calendar_write", now, f"{provider}:{'ok' if done else 'failed'}", ms=took_ms)


def _write(app: Appliance, write: CalendarWrite, now: datetime) -> None:
    connection = setups.connection(app.db, write.connection_id)
    if connection is None or connection.ending_at is not None:
        _finish(app, write, "dropped")
        return
    calendar = app.calendar(connection)
    if write.kind == "remove":
        calendar.remove(write.event_id)
        _forget(app, write)
        _finish(app, write, "done")
    elif write.kind == "hold" and write.hold_id is not None:
        _write_hold(app, connection, calendar, write, openings.hold_by_id(app.db, write.hold_id), now)
    elif write.kind == "booking" and write.booking_id is not None:
        _write_booking(app, connection, calendar, write, bookings.by_id(app.db, write.booking_id), now)


def _wrote(app: Appliance, connection: Connection, write: CalendarWrite, event: NewEvent, written: Written) -> None:
    """What we wrote ourselves is known without reading it again; it never counts as somebody else's."""
    calendar_writes.wrote(app.db, write.id, written.event_id)
    mirror(app, connection, CalendarEvent(
        written.event_id, written.etag, event.title, event.starts_at, event.ends_at, True, event.resource, event.tag
    ))  # fmt: skip


def _forget(app: Appliance, write: CalendarWrite) -> None:
    with app.db.write():
        gone = events.of_provider(app.db, write.connection_id, write.event_id)
        if gone is not None:
            events.remove(app.db, gone.id)


def _write_hold(
    app: Appliance, connection: Connection, calendar: Calendar, write: CalendarWrite, hold: Hold, now: datetime
) -> None:
    """A tentative event for a live hold; one that ended meanwhile leaves nothing behind."""
    written_id = write.known_as
    if hold.state == HoldState.LIVE:
        event = our_events.of_hold(app, write.event_id, hold)
        written = calendar.write(event)
        written_id = written.event_id
        with app.db.write():
            if openings.hold_by_id(app.db, hold.id).state == HoldState.LIVE:
                _wrote(app, connection, write, event, written)
                app.db.execute("UPDATE hold SET calendar_event_id = ? WHERE id = ?", written.event_id, hold.id)
                if our_events.of_hold(app, write.event_id, hold) == event:
                    calendar_writes.done(app.db, write.id)
                else:  # the offer went out meanwhile: its deadline is known now
                    calendar_writes.retry(app.db, write.id, now, "")
                return
    # It ended before or while it was written: what may have been written is taken away again.
    calendar.remove(written_id)
    _finish(app, write, "dropped")


def _write_booking(
    app: Appliance, connection: Connection, calendar: Calendar, write: CalendarWrite, booking: Booking, now: datetime
) -> None:
    """Read the interval, write the event, read again, confirm; somebody else's event in the way takes the booking back.

    The id comes from booking and version, so a retry after a lost answer finds its own event and never doubles. No
    calendar keeps two events off one time: whoever finds another's there after writing gives way, and that is we.
    """
    if _goes_in_as_it_is(app, write, booking):
        _write_standing(app, connection, calendar, write, booking, now)
        return
    if booking.status != BookingStatus.PENDING or _outdated(app, write, booking):
        if booking.status in OVER or _outdated(app, write, booking):
            calendar.remove(write.known_as)
        _drop(app, write, now)
        return
    if _is_taken(app, connection, calendar, booking, now):
        _give_up(app, write, booking, now)
        return
    event = our_events.of_booking(app, write.event_id, booking)
    written = calendar.write(event)
    with app.db.write():
        calendar_writes.wrote(app.db, write.id, written.event_id)
    if _is_taken(app, connection, calendar, booking, now):
        calendar.remove(written.event_id)
        _give_up(app, write, booking, now)
        return
    with app.db.write():
        current = bookings.by_id(app.db, booking.id)
        stands, replaced = current.status not in OVER and not _outdated(app, write, current), _is_replaced(app, connection)
        if stands and not replaced and not _is_known_to_be_taken(app, booking, now):
            _wrote(app, connection, write, event, written)
            claim.confirm(app, booking, written.etag, now, written.event_id)
            calendar_writes.done(app.db, write.id)
            return
    # Cancelled, moved or taken while the event was being written: it is taken away again.
    calendar.remove(written.event_id)
    if stands and replaced:  # it goes into the one that is used now
        with app.db.write():
            calendar_writes.retry(app.db, write.id, now, "")
    elif stands:
        _give_up(app, write, booking, now)
    else:
        _finish(app, write, "dropped")


def _write_standing(
    app: Appliance, connection: Connection, calendar: Calendar, write: CalendarWrite, booking: Booking, now: datetime
) -> None:
    """A confirmed booking goes in as it is: what lies there already is for a person to look at."""
    event = our_events.of_booking(app, write.event_id, booking)
    written = calendar.write(event)
    with app.db.write():
        calendar_writes.wrote(app.db, write.id, written.event_id)
    taken = _occupied_by(app, booking)
    found = calendar.read(taken.starts_at, taken.ends_at)
    with app.db.write():
        current = bookings.by_id(app.db, booking.id)
        if _goes_in_as_it_is(app, write, current) and not _is_replaced(app, connection):
            _wrote(app, connection, write, event, written)
            bookings.written_elsewhere(app.db, booking.id, written.event_id, written.etag)
            take_out_elsewhere(app, write, booking, now)
            for theirs in found:
                if theirs.busy and not is_ours(app, theirs):
                    # named anew: when the calendar was read last, the resource may not have been one of its own
                    event_conflicts.look(app, connection, mirror(app, connection, theirs), now)
            calendar_writes.done(app.db, write.id)
            return
    # Cancelled, moved or given yet another calendar meanwhile: it is taken away again, and looked at anew.
    calendar.remove(written.event_id)
    with app.db.write():
        calendar_writes.retry(app.db, write.id, now, "")


def _goes_in_as_it_is(app: Appliance, write: CalendarWrite, booking: Booking) -> bool:
    """Whether the booking is confirmed already: carried from another calendar, or by staff before this one had it."""
    if booking.status not in STANDING:
        return False
    unwritten = booking.calendar_event_id not in (write.event_id, write.known_as)
    return calendar_writes.is_carried(app.db, write, booking) or (
        unwritten and calendar_writes.is_current(app.db, write, booking)
    )


def _drop(app: Appliance, write: CalendarWrite, now: datetime) -> None:
    """No longer wanted; a booking that changed on its way into another calendar goes there as it is now."""
    with app.db.write():
        calendar_writes.done(app.db, write.id, "dropped")
        booking = bookings.by_id(app.db, write.booking_id or 0)
        newest = max(one.id for one in calendar_writes.of_booking(app.db, booking.id))
        if booking.status in STANDING and newest == write.id and _outdated(app, write, booking):
            carry(app, booking, now)


def _is_replaced(app: Appliance, connection: Connection) -> bool:
    """Whether another calendar was chosen, or this one let go, while we were speaking to it."""
    found = setups.connection(app.db, connection.id)
    return found is None or found.ending_at is not None or found.calendar_id != connection.calendar_id


def _outdated(app: Appliance, write: CalendarWrite, booking: Booking) -> bool:
    """Whether the booking was moved or given another calendar since this write was written down; that has its own."""
    return not calendar_writes.is_current(app.db, write, booking)


def _is_taken(app: Appliance, connection: Connection, calendar: Calendar, booking: Booking, now: datetime) -> bool:
    """Whether somebody else's busy event lies on the booking's time and resource this moment. CalendarError.

    What is found goes into the mirror, or the next in line would be offered the same taken time; the reads to come
    find nothing new in it, so staff are told now if it lies on another booking.
    """
    taken = _occupied_by(app, booking)
    found = calendar.read(taken.starts_at, taken.ends_at)
    with app.db.write():
        theirs = [up_to_date(app, connection, event) for event in found if event.busy and not is_ours(app, event)]
        for event in theirs:
            event_conflicts.look(app, connection, event, now)
    return any(
        event.resource_id in (None, booking.resource_id)
        and event.starts_at < taken.ends_at and event.ends_at > taken.starts_at
        for event in theirs
    )  # fmt: skip


def _is_known_to_be_taken(app: Appliance, booking: Booking, now: datetime) -> bool:
    """Whether the mirror has somebody else's event there: another read, or another calendar, may have told it since."""
    calendars, taken = Calendars(app.db, app.setup(), now), _occupied_by(app, booking)
    resource = setups.resource(app.db, booking.resource_id)
    return resource is not None and any(
        row.kind == "event" and row.overlaps(taken) and calendars.takes(row, resource)
        for row in occupancy.busy(app.db, taken)
    )


def _occupied_by(app: Appliance, booking: Booking) -> Interval:
    setup = app.setup()
    return setup.occupied_by(
        setup.services[booking.service_id], booking.starts_at, booking.ends_at - booking.starts_at
    )


def _give_up(app: Appliance, write: CalendarWrite, booking: Booking, now: datetime) -> None:
    """Somebody else's event has the time. A moved booking's line ended long ago: it is cancelled, not taken back."""
    with app.db.write():
        current = bookings.by_id(app.db, booking.id)
        if _goes_in_as_it_is(app, write, current):  # staff confirmed it by hand meanwhile: nothing takes it back
            calendar_writes.retry(app.db, write.id, now, "")
            return
        if not _outdated(app, write, current):
            if bookings.was_confirmed(app.db, booking.id):
                cancel(app, booking.id, now, SYSTEM, "the calendar has another event at this time")
            else:
                claim.take_back(app, booking, now)
        calendar_writes.done(app.db, write.id, "dropped")


def _finish(app: Appliance, write: CalendarWrite, state: str) -> None:
    with app.db.write():
        calendar_writes.done(app.db, write.id, state)


def _signed_out(app: Appliance, write: CalendarWrite, error: CalendarError, now: datetime) -> None:
    """Only the owner can bring the calendar back: they are told, and nothing is written to it before they have."""
    connection = setups.connection(app.db, write.connection_id)
    if error.trouble == "signed_out" and connection is not None:
        note_failure(app, connection, error, now, "booking")


def _retry(
    app: Appliance, write: CalendarWrite, error: str, now: datetime, asked_to_wait: timedelta | None = None, *,
    all_of_it: bool = False,
) -> None:  # fmt: skip
    delay = min(timedelta(seconds=5 * 2 ** min(write.attempts, 6)), RETRY_LONGEST)
    if asked_to_wait is not None:
        delay = min(max(delay, asked_to_wait), WAIT_LONGEST)
    with app.db.write():
        calendar_writes.retry(app.db, write.id, now + delay, error)
        if all_of_it:  # the others come first then, should this one be the only one that fails
            calendar_writes.put_off(app.db, write.connection_id, now, now + delay - timedelta(seconds=1))


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
