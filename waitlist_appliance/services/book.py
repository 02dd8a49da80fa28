"""Booking a free time directly: by voice agent, by the customer's page, by staff."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from waitlist_appliance.domain.assignment import order_for
from waitlist_appliance.domain.availability import Interval, hours_problem, notice_problem, start_times
from waitlist_appliance.domain.errors import Conflict, Invalid
from waitlist_appliance.domain.moments import local
from waitlist_appliance.domain.records import Booking, Customer, Resource, Service
from waitlist_appliance.domain.states import ENTRY_ACTIVE, BookingStatus, EntryStatus, OfferState
from waitlist_appliance.services.answer_offer import accept_offer
from waitlist_appliance.services.appliance import CUSTOMER, Actor, Appliance
from waitlist_appliance.services.asked import note_asked
from waitlist_appliance.services.claim import end_wishes, settle_after_yes, write_or_confirm
from waitlist_appliance.services.entry_page import entry_of_token
from waitlist_appliance.services.free_places import Calendars, Place, places
from waitlist_appliance.services.join_waitlist import read_phone
from waitlist_appliance.services.make_offers import match_interval
from waitlist_appliance.services.register_entry import allowed_starts
from waitlist_appliance.services.reserved import reserved_resources
from waitlist_appliance.services.settle import close_openings
from waitlist_appliance.storage import activity, bookings, customers, entries, occupancy, offers, slots
from waitlist_appliance.storage.database import IntegrityError
from waitlist_appliance.storage.setup import Setup

ALTERNATIVES = 4
STAFF = "staff"


@dataclass(frozen=True, slots=True)
class BookRequest:
    """A booking as it is asked for; ``name`` is the attendee's full name."""

    starts_at: datetime
    name: str
    phone: str
    email: str | None = None
    party_size: int | None = None
    notes: str | None = None
    resource: str | None = None
    zone: str | None = None
    service: str | None = None
    duration_minutes: int | None = None
    source: str = "voice_agent"
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class Booked:
    booking: Booking
    token: str
    url: str
    resource: Resource


def book(app: Appliance, request: BookRequest, now: datetime, actor: Actor) -> Booked:
    """Book a free time; a pending booking that the worker writes to the calendar.

    Who holds an offer for the time says yes to it. Invalid names the field; Conflict full, reserved, closed or notice
    carries ``alternatives`` (ISO times) and ``suggest_waitlist``.
    """
    note_asked(app, now)
    with _matching_set_off(app, request.starts_at, now), app.db.write():
        return _book(app, request, now, actor)


@contextmanager
def _matching_set_off(app: Appliance, starts_at: datetime, now: datetime) -> Iterator[None]:
    """Whoever finds a free time that somebody waits for sets matching off; the refusal has rolled its own work back."""
    try:
        yield
    except Conflict as refusal:
        if refusal.code == "reserved":
            longest = max(service.duration_minutes for service in app.setup().services.values())
            taken = Interval(starts_at, starts_at + timedelta(minutes=longest))
            app.db.after_rollback(("match", taken), lambda: match_interval(app, taken, now, "booking_asked"))
        raise


def _book(app: Appliance, request: BookRequest, now: datetime, actor: Actor) -> Booked:
    with app.db.write():
        setup = app.setup()
        service = setup.service_named(request.service)
        phone = read_phone(setup, request.phone)
        _check(setup, service, request, now, actor)
        customer = _corrected(app, customers.by_phone(app.db, phone.e164), request, actor)
        by_offer = _yes_to_own_offer(app, customer, service, request.starts_at, now, actor)
        if by_offer is None:
            match_interval(app, setup.occupied_by(service, request.starts_at), now, "booking_asked")
            by_offer = _yes_to_own_offer(app, customer, service, request.starts_at, now, actor)
        if by_offer is not None:
            return _booked(app, setup, by_offer, now)
        resource = _choose(app, setup, service, request, customer, now)
        customer = customer or _new_customer(app, setup, request, phone.e164, phone.kind, now)
        return _booked(app, setup, _write(app, setup, service, request, customer, resource, now, actor), now)


def book_from_page(app: Appliance, token: str, starts_at: datetime, now: datetime) -> Booked:
    """Book a proposed time that is free now, from the customer's page. The entry ends with it."""
    with _matching_set_off(app, starts_at, now), app.db.write():
        entry = entry_of_token(app, token, now)
        booked_before = bookings.newest_of_entry(app.db, entry.id)
        if booked_before is not None and booked_before.status == BookingStatus.PENDING:
            if booked_before.starts_at != starts_at:
                raise Conflict("entry_over")
            return _booked(app, app.setup(), booked_before, now)  # the button was pressed twice
        if entry.status not in ENTRY_ACTIVE:
            raise Conflict("entry_over")
        if starts_at not in allowed_starts(app, entry):
            raise Invalid("unknown_wish", "requested_slot")
        if entry.party_size is None:
            raise Invalid("bad_party_size", "party_size", params={"limit": app.setup().policies.max_party_size})
        setup, customer = app.setup(), customers.by_id(app.db, entry.customer_id)
        name = " ".join(part for part in (entry.first_name, entry.last_name) if part) or customer.phone
        wanted = next((r.name for r in setup.resources.values() if r.id == entry.resource_id), None)
        request = BookRequest(
            starts_at, name, customer.phone, email=entry.email, party_size=entry.party_size, notes=entry.notes,
            service=setup.services[entry.service_id].public_id, resource=wanted, zone=entry.zone, source="web",
            locale=entry.locale,
        )  # fmt: skip
        booked = _book(app, request, now, CUSTOMER)
        _end_entry(app, setup, entry.id, booked.booking, now)
        return Booked(bookings.by_id(app.db, booked.booking.id), booked.token, booked.url, booked.resource)


def _check(setup: Setup, service: Service, request: BookRequest, now: datetime, actor: Actor) -> None:
    if not request.name.strip():
        raise Invalid("name_required", "attendee.name")
    party = request.party_size
    if party is not None and not 1 <= party <= setup.policies.max_party_size:
        raise Invalid("bad_party_size", "party_size", params={"limit": setup.policies.max_party_size})
    if request.duration_minutes not in (None, service.duration_minutes):
        raise Invalid("bad_value", "duration", params={"value": request.duration_minutes})
    if request.starts_at <= now:
        raise Invalid("slot_in_past", "start_time")
    rule = setup.rule_of(service)
    problem = hours_problem(rule, request.starts_at, setup.duration_of(service))
    if problem is not None:
        raise _refusal(setup, service, request, "closed", [], now)
    # The notice binds callers; staff know what the house can still do.
    if actor.kind != STAFF and notice_problem(rule, request.starts_at, now) is not None:
        raise _refusal(setup, service, request, "notice", [], now)
    setup.resource_named(request.resource)
    setup.zone_named(request.zone)


def _yes_to_own_offer(
    app: Appliance, customer: Customer | None, service: Service, starts_at: datetime, now: datetime, actor: Actor
) -> Booking | None:
    """A booking request from the holder's phone, by whatever way, is a yes."""
    if customer is None:
        return None
    live = offers.live_of_customer(app.db, customer.id)
    if live is None or live.state != OfferState.LIVE:
        return None
    slot = slots.by_id(app.db, live.slot_id)
    if (slot.service_id, slot.starts_at) != (service.id, starts_at):
        return None
    return accept_offer(app, live.id, now, actor).booking


def _choose(
    app: Appliance, setup: Setup, service: Service, request: BookRequest, customer: Customer | None, now: datetime
) -> Resource:
    """The best free resource; Conflict when none is left for this asker."""
    found = places(app.db, setup, Calendars(app.db, setup, now), service, request.starts_at)
    reserved = reserved_resources(
        app, setup, service, request.starts_at, now, besides_customer=customer.id if customer else None
    )
    fitting = {place.resource.id: place for place in _in_order(setup, found, request)}
    for place in fitting.values():
        if place.free and place.resource.id not in reserved:
            return place.resource
    spoken_for = any(place.state == "hold" or place.free for place in fitting.values())
    reason = "reserved" if spoken_for else "full"
    raise _refusal(setup, service, request, reason, _alternatives(app, setup, service, request, now), now)


def _in_order(setup: Setup, found: list[Place], request: BookRequest) -> list[Place]:
    wanted = setup.resource_named(request.resource)
    by_id = {place.resource.id: place for place in found}
    seats = [place.resource.seat for place in found]
    zone = setup.zone_named(request.zone)
    ordered = order_for(seats, request.party_size or 1, zone, wanted.id if wanted else None, _tolerance(setup, request))
    return [by_id[seat.id] for seat in ordered]


def _tolerance(setup: Setup, request: BookRequest) -> int:
    # Without a party size nothing is known to be too large.
    return setup.policies.party_tolerance if request.party_size else 10_000


def _alternatives(
    app: Appliance, setup: Setup, service: Service, request: BookRequest, now: datetime
) -> list[datetime]:
    """The nearest other times of that day that can really be booked."""
    rule, duration = setup.rule_of(service), setup.duration_of(service)
    day = local(request.starts_at, setup.zone).date()
    starts = [s for s in start_times(rule, day, duration) if s != request.starts_at and not notice_problem(rule, s, now)]
    calendars = Calendars(app.db, setup, now)
    found: list[datetime] = []
    for start in sorted(starts, key=lambda s: abs(s - request.starts_at))[:12]:
        free = [p for p in _in_order(setup, places(app.db, setup, calendars, service, start), request) if p.free]
        if free and {p.resource.id for p in free} - reserved_resources(app, setup, service, start, now):
            found.append(start)
    return sorted(found[:ALTERNATIVES])


def _refusal(
    setup: Setup, service: Service, request: BookRequest, reason: str, others: list[datetime], now: datetime
) -> Conflict:
    codes = {"notice": notice_problem(setup.rule_of(service), request.starts_at, now) or "notice_too_short"}
    return Conflict(
        codes.get(reason, reason), "start_time",
        extra={"reason": reason, "alternatives": [o.astimezone(setup.zone).isoformat() for o in others],
               "suggest_waitlist": reason in ("full", "reserved")},
    )  # fmt: skip


def _new_customer(
    app: Appliance, setup: Setup, request: BookRequest, phone: str, kind: str, now: datetime
) -> Customer:
    first, _, last = request.name.strip().partition(" ")
    locale = request.locale or setup.business.locale
    return customers.add(app.db, phone, kind, first, last or None, request.email, locale, now)


def _corrected(app: Appliance, known: Customer | None, request: BookRequest, actor: Actor) -> Customer | None:
    """The customer as staff have just typed them; a first name alone and no email take nothing away."""
    if known is None or actor.kind != STAFF:
        return known
    first, _, last = request.name.strip().partition(" ")
    present = " ".join(part for part in (known.first_name, known.last_name) if part)
    if " ".join((first, last)).strip().casefold() not in (present.casefold(), (known.first_name or "").casefold()):
        customers.rename(app.db, known.id, first, last.strip() or None)
    customers.update(app.db, known.id, email=request.email or None)
    return customers.by_id(app.db, known.id)


def _write(
    app: Appliance, setup: Setup, service: Service, request: BookRequest, customer: Customer, resource: Resource,
    now: datetime, actor: Actor,
) -> Booking:  # fmt: skip
    when = Interval(request.starts_at, request.starts_at + setup.duration_of(service))
    booking = bookings.add(
        app.db, service_id=service.id, resource_id=resource.id, when=when, customer_id=customer.id,
        party_size=request.party_size or 1, source=request.source, now=now, notes=request.notes,
    )  # fmt: skip
    taken = setup.occupied_by(service, request.starts_at)
    try:
        occupancy.occupy(app.db, resource.id, taken, booking_id=booking.id)
    except IntegrityError as error:
        raise _refusal(setup, service, request, "full", [], now) from error
    activity.record(app.db, now, actor, "booked", "booking", booking.id, customer_id=customer.id, source=request.source)
    close_openings(app, resource.id, taken, now)
    write_or_confirm(app, resource, booking, now)
    return bookings.by_id(app.db, booking.id)


def _end_entry(app: Appliance, setup: Setup, entry_id: int, booking: Booking, now: datetime) -> None:
    """A free time booked from the page fulfils the entry: its wishes end, and it is confirmed with the booking."""
    db = app.db
    if booking.entry_id is not None:
        return  # it was the yes to an offer: the claim has done all this
    db.execute("UPDATE booking SET entry_id = ? WHERE id = ?", entry_id, booking.id)
    booking = bookings.by_id(db, booking.id)
    end_wishes(app, setup, booking, now)
    entries.move(db, entry_id, EntryStatus.NOTIFIED, nudge_at=None)
    if booking.status == BookingStatus.CONFIRMED:
        settle_after_yes(app, booking, now)


def _booked(app: Appliance, setup: Setup, booking: Booking, now: datetime) -> Booked:
    token = app.token("booking", booking.id, now)
    resource = setup.resources[booking.resource_id]
    return Booked(booking, token, app.link("booking", token), resource)


