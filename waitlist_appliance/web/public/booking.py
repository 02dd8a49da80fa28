"""/booking/<token>: what, when, the code, the calendar file, and cancelling."""

from __future__ import annotations

from flask import Response, request

from waitlist_appliance.domain.errors import Invalid, NotFound, Refused
from waitlist_appliance.services import cancel_booking
from waitlist_appliance.services.cancel_booking import BookingPage
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.i18n import speak
from waitlist_appliance.web.public import page as pages


def show(token: str) -> Response:
    """The booking as it stands."""
    pages.require_token(token)
    return _show(cancel_booking.booking_page(box(), token, current_time()))


def act(token: str) -> Response:
    """Cancel it; doing so twice is fine."""
    pages.require_token(token)
    if request.form.get("act") != "cancel":
        raise Invalid("bad_value", "act")
    try:
        cancel_booking.cancel_by_token(box(), token, current_time())
    except NotFound:
        raise
    except Refused as refusal:
        page = cancel_booking.booking_page(box(), token, current_time())
        speak(page.customer.locale)
        return _show(page, pages.words_of(refusal), 409)
    return pages.again(done="cancelled")


def calendar_file(token: str) -> Response:
    """The booking for the customer's own calendar."""
    pages.require_token(token)
    response = Response(cancel_booking.ics(box(), token, current_time()), mimetype="text/calendar")
    response.headers["Content-Disposition"] = 'attachment; filename="booking.ics"'
    return response


def _show(page: BookingPage, refusal: str | None = None, status: int = 200) -> Response:
    return pages.show(
        "booking.html", page.customer.locale, status, page=page, booking=page.booking, business=page.business,
        here=pages.here, refusal=refusal, step=request.args.get("step", ""),
    )  # fmt: skip
