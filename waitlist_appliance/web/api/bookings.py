"""Availability and booking for voice agents, in the calendar API's snake_case."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Response, g

from waitlist_appliance.domain.errors import Invalid, NotFound
from waitlist_appliance.domain.moments import local_day_bounds
from waitlist_appliance.domain.records import Booking, Resource
from waitlist_appliance.services import availability, booking_acts, move_booking
from waitlist_appliance.services import book as book_service
from waitlist_appliance.services.availability import FreeTime, FreeTimes
from waitlist_appliance.services.book import BookRequest
from waitlist_appliance.services.move_booking import Move
from waitlist_appliance.storage import agenda_reads
from waitlist_appliance.web.api import schemas
from waitlist_appliance.web.api.answers import answer, iso
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import api_actor, box, require_business, the_business
from waitlist_appliance.web.errors import Fields
from waitlist_appliance.web.validation import read_body, read_query

LONGEST_SPAN = timedelta(days=31)


def free_times() -> Response:
    """The times that can be booked; held and waited-for ones are not listed."""
    asked = read_query(schemas.AVAILABILITY_QUERY, the_business().tz)
    require_business(asked["business_id"])
    start, end = span(asked)
    given = {name: asked[name] for name in ("service", "party_size", "zone", "resource")}
    wanted = FreeTimes(start, end, **given)
    return answer({"slots": [_free_json(free) for free in availability.free_times(box(), wanted, current_time())]})


def add_booking() -> Response:
    """Book a free time; 409 with alternatives where it is not."""
    asked = read_body(schemas.BOOKING, the_business().tz)
    require_business(asked.pop("business_id"))
    attendee = _attendee(asked.pop("attendee"))
    booked = book_service.book(box(), BookRequest(**asked, **attendee), current_time(), api_actor())
    said = booking_json(booked.booking, booked.resource)
    return answer({"success": True, **said, "token": booked.token, "url": booked.url}, 201)


def show_booking(booking_id: str) -> Response:
    """One booking with its customer."""
    return answer({"success": True, "booking": detail_json(booking_acts.booking_named(box(), booking_id))})


def change_booking(booking_id: str) -> Response:
    """Another time, table or note; 409 with alternatives where the new time is not free. All of it, or nothing."""
    asked = read_body(schemas.BOOKING_CHANGE, the_business().tz)
    if all(value is None for value in asked.values()):
        raise Fields({"start_time": ("missing_field", {})})
    now = current_time()
    with box().db.write():
        booking = booking_acts.booking_named(box(), booking_id)
        if asked["notes"] is not None:
            booking = booking_acts.set_notes(box(), booking.id, asked["notes"], now, api_actor())
        if asked["starts_at"] is not None or asked["resource"] is not None:
            booking = move_booking.move(box(), booking.id, Move(asked["starts_at"], asked["resource"]), now, api_actor())
    return answer({"success": True, "booking": detail_json(booking)})


def change_state(booking_id: str) -> Response:
    """Confirm (what the calendar has not taken for 15 min), cancel, no-show, complete, refund."""
    asked = read_body(schemas.TRANSITION, the_business().tz)
    return _transition(booking_id, asked["to"], asked["reason"] or "")


def cancel_booking(booking_id: str) -> Response:
    """The booking is off; its time is offered to whoever waits for it."""
    return _transition(booking_id, "cancel", "")


def _transition(booking_id: str, to: str, reason: str) -> Response:
    booking = booking_acts.booking_named(box(), booking_id)
    ended = booking_acts.transition(box(), booking.id, to, current_time(), api_actor(), reason)
    return answer({"success": True, "booking": detail_json(ended)})


def detail_json(booking: Booking) -> dict[str, Any]:
    """A booking with whom it is for."""
    found = agenda_reads.booking(box().db, booking.public_id)
    resource = box().db.row(Resource, "SELECT * FROM resource WHERE id = ?", booking.resource_id)
    if found is None or resource is None:
        raise NotFound("not_found")
    attendee = {"name": found.customer_name, "phone": found.phone, "email": found.email}
    return {
        **booking_json(booking, resource), "attendee": attendee, "notes": booking.notes, "source": booking.source,
        "service": found.service_name, "version": booking.version, "created_at": iso(booking.created_at),
    }  # fmt: skip


def span(asked: dict[str, Any]) -> tuple[datetime, datetime]:
    """The time asked about: a day, or from start to end (a day's length when only one is given)."""
    if asked["date"] is not None:
        return local_day_bounds(asked["date"], the_business().tz)
    start, end = asked["start"], asked["end"]
    if start is None and end is None:
        raise Fields({"date": ("missing_field", {})})
    start = start or end - timedelta(days=1)
    end = end or start + timedelta(days=1)
    if not timedelta(0) < end - start <= LONGEST_SPAN:
        raise Invalid("bad_value", "end", params={"field": "end"})
    return start, end


def booking_json(booking: Booking, resource: Resource) -> dict[str, Any]:
    """A booking as the calendar API says it."""
    return {
        "id": booking.public_id,
        "confirmation_code": booking.code,
        "status": str(booking.status),
        "start_time": iso(booking.starts_at),
        "end_time": iso(booking.ends_at),
        "party_size": booking.party_size,
        "resource_id": resource.public_id,
        "user_id": resource.public_id,
        "user_name": resource.name,
    }


def _attendee(given: dict[str, Any]) -> dict[str, Any]:
    """The guest's own fields; a fault in one is named as ``attendee.phone``."""
    outer = g.names
    try:
        found = schemas.ATTENDEE.read(given, the_business().tz)
    except Fields as fault:
        raise Fields({f"attendee.{name}": problem for name, problem in fault.problems.items()}) from None
    g.names = outer | {key: f"attendee.{name}" for key, name in g.names.items()}
    return found


def _free_json(free: FreeTime) -> dict[str, Any]:
    return {
        "start_time": iso(free.starts_at),
        "end_time": iso(free.ends_at),
        "user_id": free.resource.public_id,
        "user_name": free.resource.name,
        "resource_id": free.resource.public_id,
    }
