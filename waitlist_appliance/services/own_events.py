"""Our own events as staff changed them in the calendar app: a booking moved there is moved, one deleted is cancelled.

Nothing is done about many at once before a person has looked (mass change).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.domain.records import Booking, Connection, Event, Resource
from waitlist_appliance.domain.states import BookingStatus
from waitlist_appliance.ports import CalendarEvent
from waitlist_appliance.services.appliance import SYSTEM, Actor, Appliance
from waitlist_appliance.services.cancel_booking import cancel, take_out_of_calendar
from waitlist_appliance.services.carry_bookings import carry
from waitlist_appliance.services.make_offers import match_interval
from waitlist_appliance.services.say import say
from waitlist_appliance.storage import (
    activity,
    alarms,
    bookings,
    calendar_writes,
    events,
    held_changes,
    messages,
    occupancy,
)
from waitlist_appliance.storage import setup as setups
from waitlist_appliance.storage.database import IntegrityError
from waitlist_appliance.storage.held_changes import HeldChange

DELETED = "its event was deleted in the calendar"
OVER = (BookingStatus.CANCELLED, BookingStatus.EXPIRED)


@dataclass
class OwnChanges:
    """What one read found of our own: events that are gone, and events that are new or changed."""

    gone: list[Event] = field(default_factory=list)
    told: list[CalendarEvent] = field(default_factory=list)


def take_in(app: Appliance, connection: Connection, changes: OwnChanges, now: datetime) -> list[Interval]:
    """Follow what staff did with our events; where something may be free now. Inside the caller's write transaction.

    A hold whose event was deleted lives on. What we did ourselves, or are about to do, is nobody's change.
    """
    gone = [
        (event, booking) for event in changes.gone
        if (booking := _by_staff(app, connection.id, event.tag, event.provider_event_id, now))
    ]  # fmt: skip
    known = {event.id for event, _ in gone}
    for event in changes.gone:
        if event.id not in known:
            events.remove(app.db, event.id)
    moved = [(event, booking) for event in changes.told if (booking := _moved(app, connection, event, now))]
    waiting = [
        (event, booking) for event in events.vanished_of_bookings(app.db, connection.id)
        if (booking := _by_staff(app, connection.id, event.tag, event.provider_event_id, now))
    ]  # fmt: skip
    if (gone or moved) and len(gone) + len(moved) + len(waiting) >= app.setup().policies.mass_change_limit:
        _hold_back(app, connection, [*gone, *waiting], moved, now)
        return []
    for event, _ in gone:
        if connection.live_mirror:
            events.remove(app.db, event.id)
            is_gone(app, event, now)
        else:
            events.mark_vanished(app.db, event.id, now)
    for told, booking in moved:
        _follow(app, booking, Interval(told.starts_at, told.ends_at), told.etag, now, SYSTEM, all_day=told.all_day)
    return [Interval(event.starts_at, event.ends_at) for event, _ in gone]


def is_gone(app: Appliance, event: Event, now: datetime) -> None:
    """The event of a booking was deleted and stayed away: the booking is cancelled, the customer told."""
    booking = _by_staff(app, event.connection_id, event.tag, event.provider_event_id, now)
    if booking is not None:
        cancel(app, booking.id, now, SYSTEM, DELETED)


def answer_held(app: Appliance, connection_id: int, apply: bool, now: datetime, actor: Actor) -> int:
    """Staff decide about what was held back: follow the calendar, or put our events back as they were. How many."""
    with app.db.write():
        asked = held_changes.asked(app.db, connection_id)
        for change in asked:
            held_changes.end(app.db, change.id, _answer(app, change, apply, now, actor))
        _end_alarm(app, connection_id)
        if asked:
            activity.record(
                app.db, now, actor, "calendar_changes_applied" if apply else "calendar_changes_refused", "connection",
                connection_id, number=len(asked),
            )  # fmt: skip
        return len(asked)


def drop_questions(app: Appliance, concerned: Iterable[Booking]) -> None:
    """These bookings are written into another calendar: what became of their events in the old one is no question."""
    for booking in concerned:
        waiting = held_changes.of_booking(app.db, booking.id)
        if waiting is not None:
            held_changes.end(app.db, waiting.id, "over")
            _end_alarm(app, waiting.connection_id)


def missing(
    app: Appliance, connection: Connection, left_out: Iterable[Event], now: datetime
) -> list[Event]:
    """Those of these events whose end would cancel a booking, and of which nobody has asked the calendar yet."""
    return [
        event for event in left_out
        if event.vanished_at is None and _by_staff(app, connection.id, event.tag, event.provider_event_id, now)
    ]  # fmt: skip


def held_alarm(connection_id: int) -> str:
    """The condition that holds while staff have not decided."""
    return f"calendar_changes_held:{connection_id}"


def _by_staff(app: Appliance, connection_id: int, tag: str | None, event_id: str, now: datetime) -> Booking | None:
    """The booking ahead that stands in this event, unless the event is on its way out by our own doing.

    In a calendar that its resource has left, staff may tidy up.
    """
    booking = _booking(app, tag)
    if booking is None or booking.status != BookingStatus.CONFIRMED or booking.starts_at <= now:
        return None
    if booking.calendar_event_id != event_id or calendar_writes.is_removing(app.db, event_id):
        return None
    return booking if _resource(app, booking).connection_id == connection_id else None


def _moved(app: Appliance, connection: Connection, event: CalendarEvent, now: datetime) -> Booking | None:
    """The booking whose event lies elsewhere than the booking; a held change that came right by itself is over."""
    booking = _booking(app, event.tag)
    if booking is None:
        return None
    if booking.status in OVER:
        _take_out(app, connection, booking, event.event_id, now)
        return None
    here = _by_staff(app, connection.id, event.tag, event.event_id, now)
    if here is None:
        return None
    as_booked = (event.starts_at, event.ends_at) == (here.starts_at, here.ends_at)
    waiting = held_changes.of_booking(app.db, here.id)
    if waiting is not None and as_booked:
        held_changes.end(app.db, waiting.id, "over")
        _end_alarm(app, connection.id)
    elif waiting is not None:
        held_changes.put(app.db, connection.id, here.id, "moved", Interval(event.starts_at, event.ends_at), now)
    return None if as_booked or waiting is not None or event.etag == here.calendar_etag else here


def _take_out(app: Appliance, connection: Connection, booking: Booking, event_id: str, now: datetime) -> None:
    """An event of a booking that is over was left behind (a write whose answer was lost): it is removed."""
    if calendar_writes.add_removal_once(app.db, connection.id, event_id, now, booking_id=booking.id):
        app.ring_write_calendar()


def _hold_back(
    app: Appliance, connection: Connection, gone: list[tuple[Event, Booking]],
    moved: list[tuple[CalendarEvent, Booking]], now: datetime,
) -> None:  # fmt: skip
    """Too many at once to be believed: nothing is done until staff say so."""
    for event, booking in gone:
        events.remove(app.db, event.id)
        held_changes.put(app.db, connection.id, booking.id, "gone", None, now)
    for told, booking in moved:
        held_changes.put(app.db, connection.id, booking.id, "moved", Interval(told.starts_at, told.ends_at), now)
    number = len(gone) + len(moved)
    if not alarms.holds(app.db, held_alarm(connection.id)):
        activity.record(app.db, now, SYSTEM, "calendar_changes_held", "connection", connection.id, number=number)
    alarms.raise_alarm(app.db, held_alarm(connection.id), connection.name, now)


def _end_alarm(app: Appliance, connection_id: int) -> None:
    if not held_changes.asked(app.db, connection_id):
        alarms.clear(app.db, held_alarm(connection_id))


def _answer(app: Appliance, change: HeldChange, apply: bool, now: datetime, actor: Actor) -> str:
    booking = bookings.by_id(app.db, change.booking_id)
    if booking.status != BookingStatus.CONFIRMED or booking.starts_at <= now:
        return "over"
    if not apply:
        _write_anew(app, booking, now)
        return "refused"
    if change.starts_at is None or change.ends_at is None:
        cancel(app, booking.id, now, actor, DELETED)
    else:
        _follow(app, booking, Interval(change.starts_at, change.ends_at), None, now, actor)
    return "done"


def _write_anew(app: Appliance, booking: Booking, now: datetime) -> None:
    """The calendar gets the booking's event again, under a new id, whatever lies there now: it stays confirmed."""
    take_out_of_calendar(app, booking, now)
    carry(app, booking, now)


def _follow(
    app: Appliance, booking: Booking, to: Interval, etag: str | None, now: datetime, actor: Actor, *,
    all_day: bool = False,
) -> None:  # fmt: skip
    """Move the booking to where its event lies now; where it cannot be, it stays and staff are told."""
    db, setup = app.db, app.setup()
    service, lasts = setup.services[booking.service_id], to.ends_at - to.starts_at
    new = setup.occupied_by(service, to.starts_at, lasts)
    old = setup.occupied_by(service, booking.starts_at, booking.ends_at - booking.starts_at)
    if all_day or to.starts_at <= now or not _take(app, booking, new):
        _cannot_follow(app, booking, now)
        return
    bookings.follow_event(db, booking, to, etag)
    moved = bookings.by_id(db, booking.id)
    messages.drop_of_booking(db, booking.id, "the booking was moved")
    if moved.starts_at != booking.starts_at:
        say(
            app, "moved", moved.customer_id, now, key=f"moved:{moved.id}:{moved.version}", own_act=True,
            booking_id=moved.id, entry_id=moved.entry_id,
            facts={"starts_at_ms": to_ms(moved.starts_at), "old_starts_at_ms": to_ms(booking.starts_at),
                   "code": moved.code, "party_size": moved.party_size, "version": moved.version},
        )  # fmt: skip
    activity.record(
        db, now, actor, "booking_moved", "booking", moved.id, entry_id=moved.entry_id, customer_id=moved.customer_id,
        reason="its event was moved in the calendar", from_ms=to_ms(booking.starts_at), to_ms=to_ms(moved.starts_at),
        resource=_resource(app, moved).name,
    )  # fmt: skip
    match_interval(app, old, now, "booking_moved")
    match_interval(app, new, now, "booking_moved")


def _take(app: Appliance, booking: Booking, new: Interval) -> bool:
    try:
        occupancy.move_booking(app.db, booking.id, booking.resource_id, new)
    except IntegrityError:
        return False
    return True


def _cannot_follow(app: Appliance, booking: Booking, now: datetime) -> None:
    condition = f"event_moved_onto:{booking.id}"
    if alarms.holds(app.db, condition):
        return
    alarms.raise_alarm(app.db, condition, booking.code, now)
    activity.record(
        app.db, now, SYSTEM, "event_move_refused", "booking", booking.id, entry_id=booking.entry_id,
        customer_id=booking.customer_id,
    )  # fmt: skip


def _booking(app: Appliance, tag: str | None) -> Booking | None:
    kind, _, subject = (tag or "").partition(":")
    return bookings.by_public_id(app.db, subject) if kind == "booking" else None


def _resource(app: Appliance, booking: Booking) -> Resource:
    found = setups.resource(app.db, booking.resource_id)
    if found is None:
        raise LookupError(f"resource {booking.resource_id}")
    return found
