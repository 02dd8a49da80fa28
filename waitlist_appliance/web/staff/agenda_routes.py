"""The agenda's lines of the URL table."""

from __future__ import annotations

from waitlist_appliance.web.routing import Route
from waitlist_appliance.web.staff import agenda, bookings

GET, POST, BOTH = ("GET",), ("POST",), ("GET", "POST")
SEE, MAKE, CANCEL = "bookings.view", "bookings.create", "bookings.cancel"
_EVENT = "/staff/agenda/events/<event_id>"
_BOOKING = "/staff/agenda/bookings/<booking_id>"

AGENDA_ROUTES: tuple[Route, ...] = (
    Route("/staff/agenda", GET, "staff.agenda", agenda.overview, "staff", SEE),
    Route("/staff/agenda/book", BOTH, "staff.add_booking", bookings.add, "staff", MAKE),
    Route("/staff/agenda/events", POST, "staff.add_event", agenda.add_event, "staff", MAKE),
    Route("/staff/agenda/events/undo", POST, "staff.undo_cancel_event", agenda.undo_cancel, "staff", MAKE),
    Route(f"{_EVENT}/move", POST, "staff.move_event", agenda.move_event, "staff", MAKE),
    Route(f"{_EVENT}/cancel", POST, "staff.cancel_event", agenda.cancel_event, "staff", CANCEL),
    Route(f"{_BOOKING}/move", POST, "staff.move_booking", bookings.move, "staff", MAKE),
    Route(f"{_BOOKING}/cancel", POST, "staff.cancel_booking", bookings.cancel, "staff", CANCEL),
    Route(f"{_BOOKING}/confirm", POST, "staff.confirm_booking", bookings.confirm, "staff", MAKE),
    Route(f"{_BOOKING}/refund", POST, "staff.refund_booking", bookings.refund, "staff", CANCEL),
    Route(f"{_BOOKING}/no-show", POST, "staff.no_show", bookings.no_show, "staff", MAKE),
    Route(f"{_BOOKING}/complete", POST, "staff.complete_booking", bookings.complete, "staff", MAKE),
    Route(f"{_BOOKING}/notes", POST, "staff.booking_notes", bookings.notes, "staff", MAKE),
)
