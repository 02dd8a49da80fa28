"""/waitlist/<token>: sign-up first, then "your place"."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, cast

from flask import Response, redirect, request

from waitlist_appliance.domain.errors import Invalid, NotFound, Refused
from waitlist_appliance.domain.states import EntryStatus
from waitlist_appliance.services import business as business_service
from waitlist_appliance.services import change_wishes, leave_waitlist, register_entry
from waitlist_appliance.services.entry_page import EntryPage, TimeOption, entry_page
from waitlist_appliance.web.api import schemas
from waitlist_appliance.web.api.answers import iso
from waitlist_appliance.web.api.customers import contact_of, read_sign_up, register_request, take_free_time
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box, the_business
from waitlist_appliance.web.i18n import locale, speak
from waitlist_appliance.web.public import page as pages
from waitlist_appliance.web.public.page import Trouble
from waitlist_appliance.web.validation import Schema

FLEXIBLE_FIELDS = ("from_date", "to_date", "from_time", "to_time")


@dataclass(frozen=True, slots=True)
class Choice:
    """A time as a chip: its ISO value, whether it is ticked, and what the service knows about it."""

    value: str
    ticked: bool
    option: TimeOption


def show(token: str) -> Response:
    """The page as it stands; changes nothing."""
    return _show(_page(token))


def act(token: str) -> Response:
    """One of the page's forms. A fault is shown beside its field, with what was typed kept."""
    page = _page(token)
    speak(page.entry.locale)
    act, _, value = request.form.get("act", "").partition(":")
    if act not in ACTS:
        raise Invalid("bad_value", "act")
    try:
        return ACTS[act](token, value or request.form.get("starts_at", ""))
    except NotFound:
        raise
    except Refused as refusal:
        return _show(_page(token), Trouble(refusal, FORM_NAMES))


def _join(token: str, value: str) -> Response:
    asked = read_sign_up(_form(), _page(token))
    asked["locale"] = locale()
    register_entry.register(box(), token, register_request(asked), current_time())
    return pages.again(done="joined")


def _change(token: str, value: str) -> Response:
    asked = _read(schemas.WISHES)
    selected = asked["selected"] or ()
    change_wishes.change(box(), token, selected, asked["flexible"], contact_of(asked), current_time())
    return pages.again(done="changed")


def _leave(token: str, value: str) -> Response:
    leave_waitlist.leave(box(), token, current_time())
    return pages.again(done="left")


def _reopen(token: str, value: str) -> Response:
    change_wishes.reopen(box(), token, current_time())
    return pages.again(done="reopened")


def _book(token: str, value: str) -> Response:
    given = schemas.BOOK_FREE_TIME.read(_form() | {"requested_slot": value}, the_business().tz)
    booked = take_free_time(token, given)
    return cast(Response, redirect(f"/booking/{booked.token}", code=303))


ACTS: dict[str, Callable[[str, str], Response]] = {
    "join": _join, "change": _change, "leave": _leave, "reopen": _reopen, "book": _book,
}  # fmt: skip
# What the services call a field → what the form calls it.
FORM_NAMES = {
    "first_name": "firstName", "last_name": "lastName", "party_size": "nbPersons", "selected": "selectedSlots",
    "selected_slots": "selectedSlots", "starts_at": "selectedSlots", "requested_slot": "selectedSlots",
    **{f"flexible.{name}": name for name in FLEXIBLE_FIELDS}, "flexible.dates": "from_date",
}  # fmt: skip


def _page(token: str) -> EntryPage:
    pages.require_token(token)
    return entry_page(box(), token, current_time())


def _read(schema: Schema) -> dict[str, Any]:
    return schema.read(_form(), the_business().tz)


def _form() -> dict[str, Any]:
    """The form as the API's body: several ticked times are one list, the flexible fields one object."""
    form: dict[str, Any] = {name: request.form[name] for name in request.form if name != "act"}
    form["selectedSlots"] = request.form.getlist("selectedSlots")
    flexible = {name: request.form[name] for name in FLEXIBLE_FIELDS if request.form.get(name, "").strip()}
    if "from_date" in flexible or "to_date" in flexible:
        form["flexible"] = flexible | ({"resource": request.form["resource"]} if request.form.get("resource") else {})
    return form


def _show(page: EntryPage, trouble: Trouble | None = None) -> Response:
    choices = [_choice(time, trouble) for time in page.times]
    signing_up = page.entry.status == EntryStatus.INVITED and not page.closed
    context = {
        "page": page,
        "entry": page.entry,
        "business": page.business,
        "days": _by_day(choices),
        "wanted_is_free": any(time.wanted and time.free for time in page.times),
        "in_line": [choice for choice in choices if choice.option.position is not None],
        "trouble": trouble,
        "here": pages.here,
        "step": request.args.get("step", ""),
        "done": request.args.get("done", ""),
        "largest_party": business_service.policies(box()).max_party_size,
        "flexible_wishes": business_service.policies(box()).flexible_wishes,
    }
    template = "sign_up.html" if signing_up else "place.html"
    return pages.show(template, page.entry.locale, trouble.status if trouble else 200, **context)


def _choice(time: TimeOption, trouble: Trouble | None) -> Choice:
    value = cast(str, iso(time.starts_at))
    ticked = time.selected if trouble is None else value in trouble.typed.getlist("selectedSlots")
    return Choice(value, ticked, time)


def _by_day(choices: list[Choice]) -> list[tuple[datetime, list[Choice]]]:
    """The choices under the day they belong to, on the business's clock."""
    zone = the_business().tz
    groups: Iterator[Any] = groupby(choices, key=lambda choice: choice.option.starts_at.astimezone(zone).date())
    found = [list(group) for _, group in groups]
    return [(group[0].option.starts_at, group) for group in found]
