"""What every page of the settings shares: its place among the others, numbers as people write them, its answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, cast

from flask import Response, current_app, flash, request

from waitlist_appliance.domain.errors import Conflict, Invalid, Refused
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.staff import auth, page
from waitlist_appliance.web.staff.settings import words
from waitlist_appliance.web.staff.settings.policy_words import MINUTE_UNITS

# Page → endpoint, icon, name, the one question that it answers, permission.
PAGES: Final = (
    ("switches", "staff.switches", "toggles", N_("Joining and offers"), N_("May people join? Who is asked, and how?"),
     "settings.manage"),
    ("business", "staff.business", "shop", N_("Business"), N_("What are you called, where are you, how do you look?"),
     "settings.manage"),
    ("hours", "staff.hours", "clock", N_("Opening hours"), N_("When can guests come?"), "settings.manage"),
    ("resources", "staff.resources", "grid", N_("Tables and team"), N_("What can be booked?"), "settings.manage"),
    ("services", "staff.services", "card-list", N_("Services"), N_("How long does a visit last?"), "settings.manage"),
    ("calendars", "staff.calendars", "calendar2-check", N_("Calendars"), N_("Which calendars say when you are busy?"),
     "settings.manage"),
    ("messaging", "staff.messaging", "chat-dots", N_("Messaging"), N_("How do messages go out, and do they?"),
     "settings.manage"),
    ("texts", "staff.texts", "chat-left-text", N_("Texts"), N_("What do your messages say?"), "settings.manage"),
    ("notices", "staff.notices", "bell", N_("Notices"), N_("Who is told of what, and how?"), "settings.manage"),
    ("policies", "staff.policies", "sliders", N_("Rules"), N_("How exactly should it behave?"), "settings.manage"),
    ("people", "staff.people", "people", N_("People"), N_("Who works here, and what may they do?"), "users.manage"),
    ("keys", "staff.keys", "key", N_("API keys"), N_("Which programs may talk to the box?"), "settings.manage"),
    ("workflow", "staff.workflow", "check2-circle", N_("How it works"), N_("Does every step work?"), "settings.manage"),
)  # fmt: skip
_NUMBER: Final = re.compile(r"[+-]?\d{1,9}(?:[.,]\d{1,4})?", re.ASCII)
_ONCE: Final = "shown_once"
_ONCE_KEPT: Final = timedelta(minutes=5)


def render(template: str, tab: str, *, status: int = 200, **context: Any) -> tuple[str, int]:
    """A page of the settings; `tab` is its name in PAGES, "" for the overview."""
    shown = page.render(f"settings/{template}", "settings", tab=tab, pages=PAGES, said=words, **context)
    return shown, status


def act(doing: Callable[[], object], done: str, back: str) -> Response:
    """page.act, going back to this page."""
    return page.act(doing, page.say().gettext(done), back)


def store(doing: Callable[[], object], done: str, back: str, again: Callable[[dict[str, str]], Any]) -> Any:
    """Do what a form asks and go back; what cannot be is said beside its field, on the form as it was filled in."""
    try:
        doing()
    except Refused as refused:
        if isinstance(refused, Invalid | Conflict):
            return again(page.field_errors(refused))
        raise
    flash(page.say().gettext(done), "ok")
    return page.go(back)


def number(name: str, form: Mapping[str, str] | None = None) -> int:
    """The whole number of a field. Invalid number_missing where it is none."""
    text = (request.form if form is None else form).get(name, "").strip()
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise Invalid("number_missing", name)
    return int(text)


def optional_number(name: str) -> int | None:
    """The whole number of a field, None where it was left empty."""
    return number(name) if request.form.get(name, "").strip() else None


def measured(name: str, units: Mapping[int, str] = MINUTE_UNITS) -> int:
    """An amount and its unit as one whole number of the smallest ("1,5" hours → 90 minutes). Invalid."""
    return scaled(request.form.get(name, ""), request.form.get(f"{name}.unit", "1"), units, name)


def scaled(text: str, unit: str, units: Mapping[int, str], field: str) -> int:
    """See `measured`; the amount must come out whole."""
    if not _NUMBER.fullmatch(text.strip()) or not unit.isascii() or not unit.isdigit():
        raise Invalid("number_missing", field)
    amount = Decimal(text.strip().replace(",", ".")) * int(unit)
    if int(unit) not in units or amount != int(amount):
        raise Invalid("number_missing", field)
    return int(amount)


def split(amount: int, units: Mapping[int, str]) -> tuple[int, int]:
    """The amount in the largest unit that holds it whole, and that unit: 5400 → (90, 60)."""
    minutes = next(unit for unit, word in units.items() if word == "minutes")
    unit = max((unit for unit in units if amount and amount % unit == 0), default=minutes)
    return amount // unit, unit


def spoken(amount: int, units: Mapping[int, str]) -> str:
    """The amount as people say it: "15 minutes"."""
    count, unit = split(amount, units)
    n_ = page.say().ngettext
    said = {
        "seconds": n_("{number} second", "{number} seconds", count),
        "minutes": n_("{number} minute", "{number} minutes", count),
        "hours": n_("{number} hour", "{number} hours", count),
        "days": n_("{number} day", "{number} days", count),
    }
    return said[units[unit]].format(number=count)


def keep_once(kind: str, **values: str) -> None:
    """A secret that the next page of this session shows, and no other.

    Until then it waits in the memory of the one web process: whoever gets hold of a cookie, signed as it is, can read it.
    """
    waiting, now = _waiting(), current_time()
    for session, (since, _) in list(waiting.items()):
        if now - since >= _ONCE_KEPT:
            waiting.pop(session, None)
    waiting[auth.session_name() or ""] = (now, {"kind": kind, **values})


def shown_once(kind: str) -> dict[str, str] | None:
    """What was kept for this page; it is gone afterwards."""
    session = auth.session_name() or ""
    since, kept = _waiting().get(session, (None, {}))
    if since is None or kept["kind"] != kind:
        return None
    _waiting().pop(session, None)
    return kept if current_time() - since < _ONCE_KEPT else None


def _waiting() -> dict[str, tuple[datetime, dict[str, str]]]:
    """Session → since when something waits for its next page, and what."""
    return cast("dict[str, tuple[datetime, dict[str, str]]]", current_app.extensions.setdefault(_ONCE, {}))
