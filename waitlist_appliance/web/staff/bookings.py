"""A booking at the desk: made, moved, cancelled, ended, noted; each act answers on the agenda, its panel open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any

from flask import Response, request

from waitlist_appliance.domain.errors import Conflict, Invalid, NotFound, Refused
from waitlist_appliance.domain.moments import from_ms, parse_when
from waitlist_appliance.domain.records import Booking
from waitlist_appliance.services import book as book_service
from waitlist_appliance.services import booking_acts, move_booking
from waitlist_appliance.services.book import BookRequest
from waitlist_appliance.services.move_booking import Move
from waitlist_appliance.storage import agenda_reads
from waitlist_appliance.storage import bookings as stored
from waitlist_appliance.storage.agenda_reads import Column
from waitlist_appliance.web.api import schemas
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box, the_business
from waitlist_appliance.web.staff import agenda, auth, desk_form, page, times
from waitlist_appliance.web.staff.once import once
from waitlist_appliance.web.validation import Field, Schema

FIELDS = ("starts_at", "name", "phone", "email", "party_size", "resource", "zone", "notes")
BOOKING = Schema("DeskBooking", (
    Field("name", "name", required=True, missing="name_required"),
    replace(schemas.PHONE, required=True, missing="bad_phone"), schemas.EMAIL,
    replace(schemas.PARTY, required=True, missing="bad_party_size"), schemas.RESOURCE, schemas.NOTES,
))  # fmt: skip
# What the booking service calls a field → what this form calls it.
_NAMES = {"start_time": "starts_at", "attendee.name": "name", "attendee.phone": "phone", "attendee.email": "email"}


def add() -> Any:
    """GET shows the form (a time or table in the address is filled in); POST books, or says why not and what else."""
    if request.method != "POST":
        return _form(_asked_for(), {})
    given = _given()
    try:
        asked = _request(given)
        return once(lambda: _book(asked))
    except Refused as refused:
        return _form(given, _errors(refused), _others(refused), bool(refused.extra.get("suggest_waitlist"))), 422


def move(booking_id: str) -> Any:
    """Another time or table; a refusal stands beside the fields, with other times as buttons."""
    _ = page.say().gettext
    booking, given = _booking(booking_id), _given()
    try:
        moved = move_booking.move(box(), booking.id, _target(given), current_time(), auth.actor())
    except Refused as refused:
        day = booking.starts_at.astimezone(the_business().tz).date()
        page_again = agenda.render(
            day, given=given, panel_errors=_errors(refused), others=_others(refused), booking=booking_id
        )
        return page_again, 422
    if moved.version == booking.version:
        return page.act(lambda: None, _("It is there already: nothing was changed."), _panel_of(moved))
    told = _("The booking is moved and the customer is told.")
    quiet = _("The booking is at another table now.")
    return page.act(lambda: None, quiet if moved.starts_at == booking.starts_at else told, _panel_of(moved))


def cancel(booking_id: str) -> Response:
    """Cancel a customer's booking; they are told, and the time is offered to the waitlist."""
    _ = page.say().gettext
    return _transition(
        booking_id, "cancel",
        _("The booking is cancelled and the customer is told.") + " " + page.what_follows(),
    )  # fmt: skip


def confirm(booking_id: str) -> Response:
    """Vouch for a booking that the calendar does not take; the customer gets the confirmation."""
    _ = page.say().gettext
    return _transition(booking_id, "confirm", _("The booking is confirmed and the customer is told."))


def refund(booking_id: str) -> Response:
    """The money went back; a mark for the books, nothing else."""
    _ = page.say().gettext
    return _transition(booking_id, "refund", _("Marked as refunded."))


def no_show(booking_id: str) -> Response:
    """They did not come; what is left of the time is free."""
    _ = page.say().gettext
    return _transition(booking_id, "no_show", _("Noted: they did not come. The table is free again."))


def complete(booking_id: str) -> Response:
    """They came, and are done."""
    _ = page.say().gettext
    return _transition(booking_id, "complete", _("Noted: the visit is over. The table is free again."))


def notes(booking_id: str) -> Response:
    """The team's note."""
    _ = page.say().gettext
    booking = _booking(booking_id)
    return page.act(
        lambda: booking_acts.set_notes(
            box(), booking.id, request.form.get("notes", ""), current_time(), auth.actor()
        ),
        _("The note is kept."), _panel_of(booking),
    )  # fmt: skip


def _transition(booking_id: str, to: str, done: str) -> Response:
    booking = _booking(booking_id)
    reason = request.form.get("reason", "").strip()[:200] or "by_staff"
    act: Callable[[], object] = lambda: booking_acts.transition(  # noqa: E731
        box(), booking.id, to, current_time(), auth.actor(), reason
    )
    return page.act(act, done, page.back_to(_panel_of(booking)))


def _form(
    given: dict[str, str], errors: dict[str, str], others: list[datetime] | None = None, waitlist: bool = False
) -> str:
    return page.render(
        "add_booking.html", "agenda", given=given, errors=errors, others=others or [], waitlist=waitlist,
        by_zone=_by_zone(agenda_reads.columns(box().db)), today=times.today(),
    )  # fmt: skip


def _by_zone(columns: list[Column]) -> list[tuple[str | None, list[Column]]]:
    """The columns zone by zone, as they come; those of no zone stand last."""
    return [(zone, list(group)) for zone, group in groupby(columns, lambda column: column.zone)]


def _asked_for() -> dict[str, str]:
    """What the address says: a day, a time, a table; or the moment that was clicked."""
    asked = {name: request.args[name][:100] for name in ("date", "time", "resource") if name in request.args}
    clicked = request.args.get("at", "")
    if clicked.isdecimal() and len(clicked) < 14:
        moment = from_ms(int(clicked)).astimezone(the_business().tz)
        asked |= {"date": moment.date().isoformat(), "time": moment.strftime("%H:%M")}
    return asked


def _book(asked: BookRequest) -> tuple[str, str]:
    """Book it; what is said about it and where it is seen."""
    booked = book_service.book(box(), asked, current_time(), auth.actor())
    text = page.say().gettext("{name} has {table}. The confirmation goes out as soon as it is in the calendar.")
    return text.format(name=asked.name, table=booked.resource.name), _panel_of(booked.booking)


def _request(given: dict[str, str]) -> BookRequest:
    starts_at, said = desk_form.read(BOOKING, given, lambda: _moment(given))
    return BookRequest(starts_at=starts_at, source="manual", **said)


def _target(given: dict[str, str]) -> Move:
    return Move(_moment(given), given.get("resource") or None)


def _moment(given: dict[str, str]) -> datetime:
    """The fields' moment, or that of the button with another time."""
    if given.get("take"):
        try:
            return parse_when(given["take"], the_business().tz)
        except ValueError as error:
            raise Invalid("bad_date_time", "starts_at") from error
    return times.moment(given.get("date"), given.get("time"))


def _errors(refused: Refused) -> dict[str, str]:
    name = _NAMES.get(refused.field or "", refused.field or "")
    refused.field = name or None
    return page.field_errors(refused, FIELDS)


def _others(refused: Refused) -> list[datetime]:
    found = refused.extra.get("alternatives") if isinstance(refused, Conflict) else None
    return [datetime.fromisoformat(time) for time in found] if isinstance(found, list) else []


def _booking(booking_id: str) -> Booking:
    found = stored.by_public_id(box().db, booking_id)
    if found is None:
        raise NotFound("not_found")
    return found


def _panel_of(booking: Booking) -> str:
    day = booking.starts_at.astimezone(the_business().tz).date()
    return agenda.address(day, _view(), booking=booking.public_id)


def _view() -> str:
    view = request.form.get("view", "")
    return view if view in agenda.VIEWS else ""


def _given() -> dict[str, str]:
    given = {name: value.strip() for name, value in request.form.items()}
    if given.get("take"):
        # The form comes back with the time of the button that was pressed.
        try:
            moment = parse_when(given["take"], the_business().tz).astimezone(the_business().tz)
        except ValueError:
            return given
        given |= {"date": moment.date().isoformat(), "time": moment.strftime("%H:%M")}
    return given
