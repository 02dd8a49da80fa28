"""Moving a booking to another time or resource: all or nothing, and what it leaves is offered to the waitlist."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from waitlist_appliance.domain.assignment import order_for
from waitlist_appliance.domain.availability import Interval, hours_problem, notice_problem, start_times
from waitlist_appliance.domain.errors import Conflict, Invalid
from waitlist_appliance.domain.moments import local, to_ms
from waitlist_appliance.domain.records import Booking, Resource, Service
from waitlist_appliance.domain.states import BookingStatus
from waitlist_appliance.services.appliance import CUSTOMER, Actor, Appliance
from waitlist_appliance.services.cancel_booking import BookingPage, booking_page, take_out_of_calendar
from waitlist_appliance.services.claim import write_or_confirm
from waitlist_appliance.services.free_places import Calendars, Place, places
from waitlist_appliance.services.make_offers import match_interval
from waitlist_appliance.services.reserved import reserved_resources
from waitlist_appliance.services.say import say
from waitlist_appliance.storage import activity, bookings, messages, occupancy
from waitlist_appliance.storage.database import IntegrityError
from waitlist_appliance.storage.setup import Setup

ALTERNATIVES = 4
LOOKED_AT = 12
MOVABLE = frozenset({BookingStatus.PENDING, BookingStatus.CONFIRMED})


@dataclass(frozen=True, slots=True)
class Move:
    """Where a booking should go. None keeps the start; ``resource`` None picks one, its present one first."""

    starts_at: datetime | None = None
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """One move while it is being decided."""

    app: Appliance
    setup: Setup
    booking: Booking
    service: Service
    starts_at: datetime
    resource: Resource | None
    now: datetime
    by_customer: bool

    @property
    def when(self) -> Interval:
        return Interval(self.starts_at, self.starts_at + (self.booking.ends_at - self.booking.starts_at))

    @property
    def taken(self) -> Interval:
        return self.taken_from(self.starts_at)

    def taken_from(self, starts_at: datetime) -> Interval:
        """What the booking takes of its resource when it begins then."""
        return self.setup.occupied_by(self.service, starts_at, self.booking.ends_at - self.booking.starts_at)


def move(app: Appliance, booking_id: int, to: Move, now: datetime, actor: Actor) -> Booking:
    """Give a booking that has not begun another time or resource; it is pending until the calendar has it.

    Conflict ``booking_over``, full, reserved, closed (and for a customer notice) with ``alternatives``; Invalid names
    the field. What it leaves is offered on in the same transaction. A move to where it is changes nothing.
    """
    try:
        with app.db.write():
            return _move(app, booking_id, to, now, actor)
    except Conflict as refusal:
        if refusal.code == "reserved" and to.starts_at is not None:
            # Whoever finds a free time that somebody waits for sets matching off; the refusal was rolled back.
            booking = bookings.by_id(app.db, booking_id)
            length = booking.ends_at - booking.starts_at
            match_interval(app, Interval(to.starts_at, to.starts_at + length), now, "booking_asked")
        raise


def move_by_token(app: Appliance, token: str, starts_at: datetime, now: datetime) -> BookingPage:
    """The customer moves their booking to another free time."""
    page = booking_page(app, token, now)
    move(app, page.booking.id, Move(starts_at), now, CUSTOMER)
    return booking_page(app, token, now)


def times_to_move_to(app: Appliance, booking: Booking, day: date, now: datetime) -> list[datetime]:
    """The other starts of a local day to which the customer could move the booking, earliest first."""
    setup = app.setup()
    asked = _asked(app, setup, booking, Move(), now, by_customer=True)
    starts = start_times(setup.rule_of(asked.service), day, asked.when.ends_at - asked.when.starts_at)
    return _free_starts(asked, list(starts), len(starts))


def _asked(app: Appliance, setup: Setup, booking: Booking, to: Move, now: datetime, *, by_customer: bool) -> _Asked:
    service = setup.services.get(booking.service_id)
    if service is None:
        raise Conflict("booking_over")
    starts_at, resource = to.starts_at or booking.starts_at, setup.resource_named(to.resource)
    return _Asked(app, setup, booking, service, starts_at, resource, now, by_customer)


def _move(app: Appliance, booking_id: int, to: Move, now: datetime, actor: Actor) -> Booking:
    booking, setup = bookings.by_id(app.db, booking_id), app.setup()
    if booking.status not in MOVABLE or booking.starts_at <= now:
        raise Conflict("booking_over")
    asked = _asked(app, setup, booking, to, now, by_customer=actor.kind == CUSTOMER.kind)
    if asked.starts_at == booking.starts_at and (asked.resource is None or asked.resource.id == booking.resource_id):
        return booking
    _check(asked)
    resource = _choose(asked)
    _take(asked, resource)
    take_out_of_calendar(app, booking, now)
    messages.drop_of_booking(app.db, booking.id, "the booking was moved")
    moved = bookings.by_id(app.db, booking.id)
    if moved.starts_at != booking.starts_at:  # another table is no news for the guest
        say(
            app, "moved", moved.customer_id, now, key=f"moved:{moved.id}:{moved.version}", own_act=True,
            booking_id=moved.id, entry_id=moved.entry_id,
            facts={"starts_at_ms": to_ms(moved.starts_at), "old_starts_at_ms": to_ms(booking.starts_at),
                   "code": moved.code, "party_size": moved.party_size, "version": moved.version},
        )  # fmt: skip
    activity.record(
        app.db, now, actor, "booking_moved", "booking", moved.id, entry_id=moved.entry_id,
        customer_id=moved.customer_id, from_ms=to_ms(booking.starts_at), to_ms=to_ms(moved.starts_at),
        resource=resource.name,
    )  # fmt: skip
    write_or_confirm(app, resource, moved, now)
    match_interval(app, asked.taken_from(booking.starts_at), now, "booking_moved")
    match_interval(app, asked.taken, now, "booking_moved")
    return bookings.by_id(app.db, booking.id)


def _check(asked: _Asked) -> None:
    if asked.starts_at <= asked.now:
        raise Invalid("slot_in_past", "start_time")
    rule = asked.setup.rule_of(asked.service)
    if hours_problem(rule, asked.starts_at, asked.when.ends_at - asked.when.starts_at) is not None:
        raise _refusal(asked, "closed", "closed")
    notice = notice_problem(rule, asked.starts_at, asked.now)
    if notice is not None and asked.by_customer:  # staff may do at short notice what they do not offer
        raise _refusal(asked, notice, "notice")
    if asked.resource is not None and asked.resource.max_party < asked.booking.party_size:
        raise Conflict("too_small", "resource")


def _choose(asked: _Asked) -> Resource:
    """The wanted resource, else its present one, else the best; Conflict when none is left."""
    fitting = _fitting(asked, asked.starts_at)
    reserved = _reserved(asked, asked.starts_at)
    for place in fitting:
        if place.free and place.resource.id not in reserved:
            return place.resource
    spoken_for = any(place.state == "hold" or place.free for place in fitting)
    reason = "reserved" if spoken_for else "full"
    raise _refusal(asked, reason, reason)


def _fitting(asked: _Asked, starts_at: datetime) -> list[Place]:
    """The places that would do, its present one first; what the booking itself takes does not stand in its way."""
    setup, booking = asked.setup, asked.booking
    found = places(
        asked.app.db, setup, Calendars(asked.app.db, setup, asked.now), asked.service, starts_at,
        asked.when.ends_at - asked.when.starts_at, besides_booking=booking.id,
    )  # fmt: skip
    by_id = {place.resource.id: place for place in found}
    if asked.resource is not None:
        # A named table is taken at its word: what fits in it may sit there.
        return [by_id[asked.resource.id]] if asked.resource.id in by_id else []
    seats = [place.resource.seat for place in found]
    ordered = [s.id for s in order_for(seats, booking.party_size, None, None, setup.policies.party_tolerance)]
    if booking.resource_id in by_id:
        ordered = [booking.resource_id, *(id_ for id_ in ordered if id_ != booking.resource_id)]
    return [by_id[id_] for id_ in ordered]


def _reserved(asked: _Asked, starts_at: datetime) -> set[int]:
    """Who waits for a free time comes first. Sliding along its own table takes nothing that was free from anybody."""
    found = reserved_resources(
        asked.app, asked.setup, asked.service, starts_at, asked.now,
        duration=asked.when.ends_at - asked.when.starts_at, besides_customer=asked.booking.customer_id,
    )  # fmt: skip
    if asked.taken_from(starts_at).overlaps(asked.taken_from(asked.booking.starts_at)):
        found.discard(asked.booking.resource_id)
    return found


def _take(asked: _Asked, resource: Resource) -> None:
    """Its one occupancy row goes to the new place; the database refuses any overlap."""
    db, booking = asked.app.db, asked.booking
    if not bookings.place_elsewhere(db, booking, resource.id, asked.when, asked.now):
        raise Conflict("bad_transition")
    try:
        occupancy.move_booking(db, booking.id, resource.id, asked.taken)
    except IntegrityError as error:
        raise _refusal(asked, "full", "full", look=False) from error


def _refusal(asked: _Asked, code: str, reason: str, *, look: bool = True) -> Conflict:
    zone = asked.setup.zone
    others = [start.astimezone(zone).isoformat() for start in _alternatives(asked)] if look else []
    return Conflict(
        code, "start_time",
        extra={"reason": reason, "alternatives": others, "suggest_waitlist": reason in ("full", "reserved")},
    )  # fmt: skip


def _alternatives(asked: _Asked) -> list[datetime]:
    """The nearest other starts of the wanted day."""
    day = local(asked.starts_at, asked.setup.zone).date()
    starts = start_times(asked.setup.rule_of(asked.service), day, asked.when.ends_at - asked.when.starts_at)
    nearest = sorted((s for s in starts if s != asked.starts_at), key=lambda start: abs(start - asked.starts_at))
    return _free_starts(asked, nearest[:LOOKED_AT], ALTERNATIVES)


def _free_starts(asked: _Asked, starts: list[datetime], limit: int) -> list[datetime]:
    rule = asked.setup.rule_of(asked.service)
    found: list[datetime] = []
    for start in starts:
        if start <= asked.now or start == asked.booking.starts_at or notice_problem(rule, start, asked.now):
            continue
        free = {place.resource.id for place in _fitting(asked, start) if place.free}
        if free and free - _reserved(asked, start):
            found.append(start)
        if len(found) >= limit:
            break
    return sorted(found)
