"""The form in which staff correct an entry."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import request

from waitlist_appliance.domain.errors import Conflict, Invalid, NotFound, Refused
from waitlist_appliance.services import edit_entry, staff_acts
from waitlist_appliance.storage import staff_pages
from waitlist_appliance.storage.staff_pages import Line, LineWish
from waitlist_appliance.texts.catalogues import LOCALES
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import auth, page, times

FIELDS = (
    "first_name", "last_name", "phone", "email", "party_size", "zone", "resource", "notes", "locale", "times",
)  # fmt: skip
NEW_TIMES = ("1", "2")
ACTIVE_WISH = ("live", "offered", "proposed")


def edit(entry_id: str) -> Any:
    """GET shows the entry as it is; POST stores it, or says beside the field what is wrong."""
    line = staff_pages.line(box().db, entry_id)
    if line is None:
        raise NotFound("not_found")
    wishes = [wish for wish in staff_pages.wishes(box().db, [line.id]).get(line.id, []) if wish.state in ACTIVE_WISH]
    if not line.active:
        return page.act(_over, "", f"{auth.HOME}/{entry_id}")
    if request.method != "POST":
        return _form(line, wishes, _as_it_is(line, wishes), {})
    try:
        edit_entry.edit(box(), entry_id, _wanted(line), current_time(), auth.actor())
    except Refused as refused:
        if refused.code == "changed_meanwhile":
            return _form(line, wishes, _as_it_is(line, wishes), page.field_errors(refused)), 409
        given = {**request.form.to_dict(), "times": request.form.getlist("times")}
        return _form(line, wishes, given, page.field_errors(refused, FIELDS)), 422
    _ = page.say().gettext
    name = request.form.get("first_name", "").strip() or line.name or line.phone
    said = _("Saved. {name} keeps the place in line.").format(name=name)
    return page.act(lambda: None, said, f"{auth.HOME}/{entry_id}")


def _over() -> None:
    raise Conflict("entry_over")


def _wanted(line: Line) -> edit_entry.Edit:
    given = {name: value.strip() for name, value in request.form.items()}
    party = given.get("party_size", "")
    if party and not (party.isascii() and party.isdecimal() and len(party) < 6):
        raise Invalid("bad_party_size", "party_size")
    return edit_entry.Edit(
        first_name=given.get("first_name") or None, last_name=given.get("last_name") or None,
        phone=given.get("phone", ""), email=given.get("email") or None, party_size=int(party) if party else None,
        zone=given.get("zone") or None, resource=given.get("resource") or None, notes=given.get("notes") or None,
        locale=given.get("locale") or line.locale, times=_times() if line.registered_at else None,
        seen=given.get("seen"),
    )  # fmt: skip


def _times() -> tuple[datetime, ...]:
    """The ticked times and those typed in."""
    ticked = [_moment(text) for text in request.form.getlist("times")]
    return tuple(sorted({*ticked, *times.typed(NEW_TIMES)}))


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid("bad_date_time", "times") from error
    if moment.tzinfo is None:
        raise Invalid("bad_date_time", "times")
    return moment


def _as_it_is(line: Line, wishes: list[LineWish]) -> dict[str, Any]:
    return {
        "first_name": line.first_name or "", "last_name": line.last_name or "", "phone": page.phone(line.phone),
        "email": line.email or "", "party_size": line.party_size or "", "zone": line.zone or "",
        "resource": line.wanted_resource or "", "notes": line.notes or "", "locale": line.locale,
        "times": [wish.starts_at.isoformat() for wish in wishes],
        "seen": edit_entry.state_of(box(), staff_acts.entry_named(box(), line.public_id)),
    }  # fmt: skip


def _form(line: Line, wishes: list[LineWish], given: dict[str, Any], errors: dict[str, str]) -> str:
    return page.render(
        "entry_edit.html", "waitlist", line=line, wishes=wishes, given=given, errors=errors, locales=LOCALES,
        zones=staff_pages.zones(box().db), resources=staff_pages.resource_names(box().db), new_times=NEW_TIMES,
        today=times.today(),
    )  # fmt: skip
