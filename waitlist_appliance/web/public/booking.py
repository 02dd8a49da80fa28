"""/booking/<token>: what, when, the code, the calendar file, moving it and cancelling."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask import Response, request

from waitlist_appliance.domain.errors import Invalid, NotFound, Refused
from waitlist_appliance.domain.moments import YEARS, local_day_bounds, parse_when
from waitlist_appliance.services import cancel_booking, move_booking
from waitlist_appliance.services.cancel_booking import BookingPage
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box, the_business
from waitlist_appliance.web.i18n import speak
from waitlist_appliance.web.public import page as pages


def show(token: str) -> Response:
    """The booking as it stands."""
    pages.require_token(token)
    return _show(cancel_booking.booking_page(box(), token, current_time()))


def act(token: str) -> Response:
    """Cancel it, or move it to another free time; cancelling twice is fine."""
    pages.require_token(token)
    wanted = request.form.get("act", "")
    if wanted != "cancel" and not wanted.startswith("move:"):
        raise Invalid("bad_value", "act")
    try:
        if wanted == "cancel":
            cancel_booking.cancel_by_token(box(), token, current_time())
        else:
            move_booking.move_by_token(box(), token, _moment(wanted.removeprefix("move:")), current_time())
    except NotFound:
        raise
    except Refused as refusal:
        page = cancel_booking.booking_page(box(), token, current_time())
        speak(page.customer.locale)
        return _show(page, pages.words_of(refusal), 409)
    return pages.again(done="cancelled" if wanted == "cancel" else "moved")


def _moment(text: str) -> datetime:
    try:
        return parse_when(text, the_business().tz)
    except ValueError as error:
        raise Invalid("bad_date_time", "start_time") from error


def calendar_file(token: str) -> Response:
    """The booking for the customer's own calendar."""
    pages.require_token(token)
    response = Response(cancel_booking.ics(box(), token, current_time()), mimetype="text/calendar")
    response.headers["Content-Disposition"] = 'attachment; filename="booking.ics"'
    return response


def _show(page: BookingPage, refusal: str | None = None, status: int = 200) -> Response:
    step = request.args.get("step", "")
    moving = _moving(page) if step == "move" and page.can_move else {}
    return pages.show(
        "booking.html", page.customer.locale, status, page=page, booking=page.booking, business=page.business,
        here=pages.here, refusal=refusal, step=step, done=request.args.get("done", ""), **moving,
    )  # fmt: skip


def _moving(page: BookingPage) -> dict[str, Any]:
    """The free times of the chosen day (the booking's own at first), and the way to the days beside it."""
    zone, now = page.business.tz, current_time()
    first = now.astimezone(zone).date()
    day = max(_day(request.args.get("day")) or page.booking.starts_at.astimezone(zone).date(), first)
    since, until = local_day_bounds(day, zone)
    return {
        "moving": move_booking.times_to_move_to(box(), page.booking, day, now), "noon": since + (until - since) / 2,
        "before": day - timedelta(days=1) if day > first else None, "after": day + timedelta(days=1),
    }  # fmt: skip


def _day(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if day.year in YEARS else None
