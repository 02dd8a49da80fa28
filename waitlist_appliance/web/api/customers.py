"""What the customer's pages do, as JSON: the token in the link is the proof."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from waitlist_appliance.domain.errors import Invalid
from waitlist_appliance.services import (
    book,
    cancel_booking,
    change_wishes,
    leave_waitlist,
    move_booking,
    offer_page,
    register_entry,
)
from waitlist_appliance.services.book import Booked
from waitlist_appliance.services.change_wishes import Contact
from waitlist_appliance.services.entry_page import EntryPage, entry_page
from waitlist_appliance.services.introduce import introduce
from waitlist_appliance.services.offer_page import OfferPage
from waitlist_appliance.services.register_entry import RegisterRequest
from waitlist_appliance.web.api import schemas
from waitlist_appliance.web.api.answers import answer, iso
from waitlist_appliance.web.api.bookings import booking_json
from waitlist_appliance.web.api.waitlist import entry_json
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box, the_business
from waitlist_appliance.web.errors import Fields
from waitlist_appliance.web.validation import body, read_body

# What staff note about a guest and where they put them in line is not for the guest.
OURS = frozenset({"notes", "priority", "source"})


def confirm(token: str) -> Response:
    """The sign-up."""
    page = entry_page(box(), token, current_time())
    asked = read_sign_up(body(), page)
    return answer(_place_json(register_entry.register(box(), token, register_request(asked), current_time())))


def change(token: str) -> Response:
    """Other times, other contact data; the place in line stays."""
    asked = read_body(schemas.WISHES, the_business().tz)
    if asked["selected"] is None and asked["flexible"] is None:
        raise Invalid("no_times_selected", "selectedSlots")
    page = change_wishes.change(
        box(), token, asked["selected"] or (), asked["flexible"], contact_of(asked), current_time()
    )
    return answer(_place_json(page))


def leave(token: str) -> Response:
    """Off the list."""
    leave_waitlist.leave(box(), token, current_time())
    return answer({"success": True, "status": "cancelled"})


def book_free_time(token: str) -> Response:
    """Take a proposed time that is free now."""
    asked = read_body(schemas.BOOK_FREE_TIME, the_business().tz)
    return answer(_booked_json(take_free_time(token, asked)), 201)


def show_offer(token: str) -> Response:
    """The offer as it stands; changes nothing."""
    return answer(_offer_json(offer_page.offer_page(box(), token, current_time())))


def accept(token: str) -> Response:
    """Yes."""
    return answer(_offer_json(offer_page.accept(box(), token, current_time())))


def decline(token: str) -> Response:
    """No."""
    return answer(_offer_json(offer_page.decline(box(), token, current_time())))


def cancel(token: str) -> Response:
    """The customer cancels their booking; the time goes on to the next in line."""
    page = cancel_booking.cancel_by_token(box(), token, current_time())
    return answer({"success": True, "booking": booking_json(page.booking, page.resource)})


def move(token: str) -> Response:
    """The customer moves their booking to another free time."""
    asked = read_body(schemas.BOOKING_MOVE, the_business().tz)
    page = move_booking.move_by_token(box(), token, asked["starts_at"], current_time())
    return answer({"success": True, "booking": booking_json(page.booking, page.resource)})


def take_free_time(token: str, asked: dict[str, Any]) -> Booked:
    """Book a time of the page that is free now, with what the customer said about themselves on the way."""
    now, contact = current_time(), contact_of(asked)
    with box().db.write():
        if contact is not None:
            introduce(box(), token, contact, now)
        return book.book_from_page(box(), token, asked["starts_at"], now)


def read_sign_up(given: Mapping[str, Any], page: EntryPage) -> dict[str, Any]:
    """The sign-up by its schema, everything that is missing named at once. Raises Fields."""
    problems: dict[str, tuple[str, dict[str, object]]] = {}
    asked: dict[str, Any] = {}
    try:
        asked = schemas.CONFIRM.read(given, the_business().tz)
    except Fields as fault:
        problems |= fault.problems
        asked = {name: given.get(name) for name in ("selectedSlots", "flexible", "consent")}
        asked["selected"] = asked["selectedSlots"]
    if page.registered:
        return _or_raise(problems, asked)
    if not asked["selected"] and not asked["flexible"]:
        problems.setdefault("selectedSlots", ("no_times_selected", {}))
    if page.consent_required and not asked["consent"]:
        problems.setdefault("consent", ("consent_required", {}))
    return _or_raise(problems, asked)


def _or_raise(problems: dict[str, tuple[str, dict[str, object]]], asked: dict[str, Any]) -> dict[str, Any]:
    if problems:
        raise Fields(problems)
    return asked


def register_request(asked: dict[str, Any]) -> RegisterRequest:
    """The validated body as the service wants it."""
    return RegisterRequest(
        first_name=asked["first_name"] or "", last_name=asked["last_name"] or "", phone=asked["phone"] or "",
        email=asked["email"],
        party_size=asked["party_size"], selected=asked["selected"] or (), flexible=asked["flexible"],
        consent=bool(asked["consent"]), locale=asked["locale"],
    )  # fmt: skip


def contact_of(asked: dict[str, Any]) -> Contact | None:
    """The contact data of the body; None where it names none."""
    given = {name: asked[name] for name in ("first_name", "last_name", "email", "party_size")}
    return Contact(**given) if any(value is not None for value in given.values()) else None


def _place_json(page: EntryPage) -> dict[str, Any]:
    times = [
        {
            "startsAt": iso(time.starts_at), "wanted": time.wanted, "selected": time.selected,
            "position": time.position, "state": time.state, "free": time.free,
        }
        for time in page.times
    ]  # fmt: skip
    places = [time.position for time in page.times if time.position is not None]
    said = {name: value for name, value in entry_json(page.entry).items() if name not in OURS}
    return {"success": True, "entry": said, "position": min(places, default=None), "times": times}


def _offer_json(page: OfferPage) -> dict[str, Any]:
    return {
        "success": True,
        "offer": {"id": page.offer.public_id, "state": page.state, "race": page.race},
        "startsAt": iso(page.starts_at),
        "endsAt": iso(page.ends_at),
        "nbPersons": page.party_size,
        "deadline": iso(page.deadline),
        "secondsLeft": page.seconds_left,
        "position": page.position,
        "keepsPlace": page.keeps_place,
        "confirmationCode": page.code,
        "bookingUrl": page.booking_url,
    }


def _booked_json(booked: Booked) -> dict[str, Any]:
    said = booking_json(booked.booking, booked.resource)
    return {"success": True, "booking": said, "token": booked.token, "url": booked.url}
