"""The agenda: one day as a list of bookings, held times and events; add, move, cancel."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask import Response, request

from waitlist_appliance.domain.errors import Invalid, NotFound, Refused
from waitlist_appliance.domain.moments import local_day_bounds
from waitlist_appliance.services import cancel_booking, edit_events
from waitlist_appliance.storage import staff_lists, staff_pages
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box, the_business
from waitlist_appliance.web.staff import auth, page, times

HOME = "/staff/agenda"


def overview() -> str:
    """The day in the address, or today."""
    return _day(times.day_of(request.args.get("day")) or times.today())


def add_event() -> Any:
    """Block a time in the built-in calendar."""
    _ = page.say().gettext
    given = _given()
    day = times.day_of(given.get("date")) or times.today()
    try:
        starts_at, ends_at = _bounds(given)
        if not given.get("title"):
            raise Invalid("name_required", "title")
        edit_events.add_event(
            box(), given["title"][:300], starts_at, ends_at, given.get("resource") or None, current_time(), auth.actor()
        )
    except Refused as refused:
        return _day(day, given=given, errors=page.field_errors(refused)), 422
    return page.act(lambda: None, _("“{title}” is in the agenda.").format(title=given["title"]), _at(day))


def move_event(event_id: str) -> Any:
    """Put an event at another time; what it leaves is offered to the waitlist."""
    _ = page.say().gettext
    given, before = _given(), _event(event_id)
    back = _at(times.day_of(given.get("date")) or times.today())

    def move() -> None:
        starts_at, ends_at = _bounds(given)
        resource = given.get("resource") or None
        edit_events.move_event(box(), event_id, starts_at, ends_at, resource, current_time(), auth.actor())

    return page.act(move, _("“{title}” was moved.").format(title=before.title), back)


def cancel_event(event_id: str) -> Response:
    """Take an event out of the agenda; its time is offered to the waitlist."""
    _ = page.say().gettext
    event = _event(event_id)
    return page.act(
        lambda: edit_events.cancel_event(box(), event_id, current_time(), auth.actor()),
        _("“{title}” is cancelled. If somebody waits for that time, they are asked now.").format(title=event.title),
        page.back_to(HOME),
    )


def cancel_a_booking(booking_id: str) -> Response:
    """Cancel a customer's booking; they are told, and the time is offered to the waitlist."""
    _ = page.say().gettext
    number = staff_pages.booking_id(box().db, booking_id)
    if number is None:
        raise NotFound("not_found")
    reason = request.form.get("reason", "").strip()[:200] or "by_staff"
    return page.act(
        lambda: cancel_booking.cancel(box(), number, current_time(), auth.actor(), reason),
        _("The booking is cancelled and the customer is told. If somebody waits for that time, they are asked now."),
        page.back_to(HOME),
    )


def _day(day: date, given: dict[str, str] | None = None, errors: dict[str, str] | None = None) -> str:
    since, until = local_day_bounds(day, the_business().tz)
    now = current_time()
    lines = staff_lists.agenda(box().db, since, until)
    return page.render(
        "agenda.html", "agenda", chosen=day, noon=since + (until - since) / 2, before=day - timedelta(days=1),
        after=day + timedelta(days=1), today=times.today(), lines=lines,
        now_before=_now_before(lines, since, until, now), resources=staff_pages.resource_names(box().db),
        given=given or {}, errors=errors or {},
    )  # fmt: skip


def _now_before(lines: list[staff_lists.AgendaLine], since: datetime, until: datetime, now: datetime) -> int | None:
    """The index of the line before which the mark of now stands; None on another day."""
    if not since <= now < until:
        return None
    return sum(1 for line in lines if line.starts_at <= now)


def _given() -> dict[str, str]:
    return {name: value.strip() for name, value in request.form.items()}


def _bounds(given: dict[str, str]) -> tuple[datetime, datetime]:
    starts_at = times.moment(given.get("date"), given.get("from"), "from")
    ends_at = times.moment(given.get("date"), given.get("until"), "until")
    if ends_at <= starts_at:
        # "22:00 to 00:30" means the night that follows.
        ends_at = times.moment(str(_next(given["date"])), given.get("until"), "until")
    if ends_at - starts_at > timedelta(hours=16):
        raise Invalid("ends_before_start", "until")
    return starts_at, ends_at


def _next(day: str) -> date:
    return date.fromisoformat(day) + timedelta(days=1)


def _event(event_id: str) -> staff_pages.EventTimes:
    event = staff_pages.event_times(box().db, event_id)
    if event is None:
        raise NotFound("not_found")
    return event


def _at(day: date) -> str:
    return f"{HOME}?day={day.isoformat()}"
