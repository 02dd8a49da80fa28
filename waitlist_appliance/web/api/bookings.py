"""Availability and booking for voice agents, in the calendar API's snake_case."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Response, g

from waitlist_appliance.domain.errors import Invalid
from waitlist_appliance.domain.moments import local_day_bounds
from waitlist_appliance.domain.records import Booking, Resource
from waitlist_appliance.services import availability
from waitlist_appliance.services import book as book_service
from waitlist_appliance.services.availability import FreeTime, FreeTimes
from waitlist_appliance.services.book import BookRequest
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
