"""The customer's booking page, cancelling, and what a cancellation starts: the story again, for the next in line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.errors import Conflict, NotFound
from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.domain.records import Booking, Business, Customer, Resource, Service
from waitlist_appliance.domain.states import BOOKING_ACTIVE, BookingStatus
from waitlist_appliance.services.appliance import CUSTOMER, Actor, Appliance
from waitlist_appliance.services.claim import settle_ended
from waitlist_appliance.services.make_offers import match_interval
from waitlist_appliance.services.say import say
from waitlist_appliance.storage import activity, bookings, calendar_writes, customers, notices, occupancy, tokens
from waitlist_appliance.texts import ics as calendar_files


@dataclass(frozen=True, slots=True)
class BookingPage:
    booking: Booking
    customer: Customer
    business: Business
    resource: Resource
    service: Service
    code: str
    token: str
    can_cancel: bool

    @property
    def can_move(self) -> bool:
        return self.can_cancel


def booking_page(app: Appliance, token: str, now: datetime) -> BookingPage:
    """What the customer's booking link shows; NotFound ``token_gone``. Reading it changes nothing."""
    found = tokens.find(app.db, "booking", token)
    if found is None:
        raise NotFound("token_gone")
    booking = bookings.by_id(app.db, found.subject_id)
    setup = app.setup()
    resource = app.db.row(Resource, "SELECT * FROM resource WHERE id = ?", booking.resource_id)
    service = app.db.row(Service, "SELECT * FROM service WHERE id = ?", booking.service_id)
    if resource is None or service is None:
        raise LookupError(f"booking {booking.id} without resource or service")
    can_cancel = booking.status in (BookingStatus.PENDING, BookingStatus.CONFIRMED) and booking.starts_at > now
    customer = customers.by_id(app.db, booking.customer_id)
    return BookingPage(booking, customer, setup.business, resource, service, booking.code, token, can_cancel)


def cancel_by_token(app: Appliance, token: str, now: datetime) -> BookingPage:
    """The customer cancels; cancelling twice is fine. Conflict ``booking_over`` once it has begun."""
    page = booking_page(app, token, now)
    if page.booking.status != BookingStatus.CANCELLED:
        if not page.can_cancel:
            raise Conflict("booking_over")
        cancel(app, page.booking.id, now, CUSTOMER, "cancelled by the customer")
    return booking_page(app, token, now)


def cancel(app: Appliance, booking_id: int, now: datetime, actor: Actor, reason: str) -> Booking:
    """Cancel an active booking: its time is free in the same transaction, and offered on. Conflict ``booking_over``."""
    db = app.db
    with db.write():
        booking = bookings.by_id(db, booking_id)
        if booking.status not in BOOKING_ACTIVE or not bookings.move(
            db, booking_id, BookingStatus.CANCELLED, ended_at=now, version=booking.version + 1
        ):
            raise Conflict("booking_over")
        occupancy.release_booking(db, booking_id)
        take_out_of_calendar(app, booking, now)
        if booking.status == BookingStatus.PENDING:
            settle_ended(app, booking, now)
        db.execute(
            "UPDATE message SET state = 'dropped', error = 'cancelled' WHERE booking_id = ? AND state = 'pending'",
            booking_id,
        )
        say(
            app, "cancelled", booking.customer_id, now, key=f"cancelled:{booking_id}", own_act=True,
            booking_id=booking_id, facts={"starts_at_ms": to_ms(booking.starts_at), "code": booking.code},
        )  # fmt: skip
        notices.happened(db, "booking_cancelled", f"booking:{booking_id}", {"booking": booking_id}, now)
        activity.record(db, now, actor, "booking_cancelled", "booking", booking_id, entry_id=booking.entry_id,
                        customer_id=booking.customer_id, reason=reason)  # fmt: skip
        setup = app.setup()
        taken = setup.occupied_by(setup.services[booking.service_id], booking.starts_at)
        match_interval(app, taken, now, "booking_cancelled")
        return bookings.by_id(db, booking_id)


def ics(app: Appliance, token: str, now: datetime) -> bytes:
    """The booking as a calendar file."""
    page = booking_page(app, token, now)
    booking, business = page.booking, page.business
    cancelled = booking.status not in BOOKING_ACTIVE and booking.status != BookingStatus.COMPLETED
    return calendar_files.booking_ics(
        f"{booking.public_id}@waitlist", booking.starts_at, booking.ends_at, business.name, booking.code,
        business.address or business.name, booking.version, cancelled, now,
    )  # fmt: skip


def take_out_of_calendar(app: Appliance, booking: Booking, now: datetime) -> None:
    """Have every event that was, or is being, written for the booking removed."""
    for write in calendar_writes.of_booking(app.db, booking.id):
        calendar_writes.add(app.db, "remove", write.connection_id, write.known_as, now, booking_id=booking.id)
        app.ring_write_calendar()
