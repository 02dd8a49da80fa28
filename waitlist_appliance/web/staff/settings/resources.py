"""Tables, rooms, people: the list, one of them, and many tables at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import abort, request

from waitlist_appliance.domain.errors import Conflict, Invalid
from waitlist_appliance.services import manage_calendars, set_up_resources
from waitlist_appliance.services.manage_calendars import UsedBy
from waitlist_appliance.services.set_up_resources import Place
from waitlist_appliance.storage import set_up
from waitlist_appliance.storage.set_up import ResourceLine
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import auth, page
from waitlist_appliance.web.staff.once import once, page_key
from waitlist_appliance.web.staff.settings import calendar_words, frame

HOME = "/staff/settings/resources"


def overview() -> Any:
    """Everything that can be booked, and what once could."""
    return _page({})


def add() -> Any:
    """Make one."""
    return frame.store(
        lambda: set_up_resources.add_resource(box(), typed(), current_time(), auth.actor()),
        N_("Added. It can be booked and offered from now on."), HOME,
        lambda errors: _page(errors, dict(request.form), "add"),
    )  # fmt: skip


def add_many() -> Any:
    """Make several tables of a size."""
    try:
        return once(_add_many, page_key())
    except (Invalid, Conflict) as refused:
        return _page(page.field_errors(refused), dict(request.form), "many")


def edit(resource_id: str) -> Any:
    """One of them."""
    return _form(_line(resource_id), {}, {})


def save(resource_id: str) -> Any:
    """Describe it anew."""
    line = _line(resource_id)
    return frame.store(
        lambda: set_up_resources.change_resource(box(), resource_id, typed(), current_time(), auth.actor()),
        N_("Saved."), HOME, lambda errors: _form(line, dict(request.form), errors, 422),
    )  # fmt: skip


def set_calendar(resource_id: str) -> Any:
    """Which calendar its bookings are written to."""
    line = _line(resource_id)
    return frame.store(
        lambda: _write_to(request.form.get("calendar", ""), resource_id), N_("Saved. The calendar is read anew, then it counts."),
        f"{HOME}/{resource_id}#calendar", lambda errors: _form(line, {}, errors, 422),
    )  # fmt: skip


def retire(resource_id: str) -> Any:
    """Take it out of use."""
    return frame.act(
        lambda: set_up_resources.deactivate_resource(box(), resource_id, current_time(), auth.actor()),
        N_("It is out of use. You can bring it back at any time."), page.back_to(HOME),
    )  # fmt: skip


def restore(resource_id: str) -> Any:
    """Bring it back."""
    return frame.act(
        lambda: set_up_resources.reactivate_resource(box(), resource_id, current_time(), auth.actor()),
        N_("It is back in use."), page.back_to(HOME),
    )  # fmt: skip


def typed() -> Place:
    """The resource as the form describes it. Invalid."""
    form = request.form
    most = frame.number("max_party")
    least = frame.number("min_party") if form.get("min_party", "").strip() else 1
    priority = frame.number("priority") if form.get("priority", "").strip() else 100
    return Place(form.get("name", ""), form.get("kind", "table"), least, most, form.get("zone", ""), priority)


def _write_to(calendar_id: str, resource_id: str) -> None:
    now = current_time()
    written = [used.public_id for used in manage_calendars.card(box(), calendar_id, now).written_by]
    manage_calendars.use_for(box(), calendar_id, [*written, resource_id], "write", now, auth.actor())


def _add_many() -> tuple[str, str]:
    """Add them; what is said about it and where they are seen."""
    prefix = request.form.get("prefix", "").strip() or page.say().gettext("Table")
    set_up_resources.add_tables(
        box(), frame.number("count"), frame.number("seats"), request.form.get("many_zone", ""), prefix,
        current_time(), auth.actor(),
    )  # fmt: skip
    return page.say().gettext("The tables are there. They can be booked and offered from now on."), HOME


def _page(errors: dict[str, str], given: dict[str, str] | None = None, opened: str = "") -> Any:
    lines = set_up.resource_lines(box().db, current_time())
    return frame.render(
        "resources.html", "resources", status=422 if errors else 200, used=[x for x in lines if x.active],
        retired=[x for x in lines if not x.active], errors=errors, given=given or {}, opened=opened,
        zones=box().setup().zones,
    )  # fmt: skip


def _form(line: ResourceLine, given: dict[str, str], errors: dict[str, str], status: int = 200) -> Any:
    shown = {
        "name": line.name, "kind": line.kind, "min_party": str(line.min_party), "max_party": str(line.max_party),
        "zone": line.zone or "", "priority": str(line.priority), **given,
    }  # fmt: skip
    return frame.render(
        "resource.html", "resources", status=status, line=line, given=shown, errors=errors, zones=box().setup().zones,
        **_calendars(line),
    )  # fmt: skip


def _calendars(line: ResourceLine) -> dict[str, Any]:
    """Where its bookings are or could be written, and what else takes its time."""
    cards = manage_calendars.status(box(), current_time())
    built_in = page.say().gettext(calendar_words.PROVIDERS["local"])
    open_to = [card.connection for card in cards if not (card.connection.read_only or card.needs_choice)]
    return {
        "calendars": [(c.public_id, built_in if c.provider == "local" else c.name) for c in open_to],
        "used_by": next((card.connection for card in cards if _is_in(line, card.written_by)), None),
        "taken_by": [
            card.connection for card in cards if card.connection.takes_everything or _is_in(line, card.blocks)
        ],
    }  # fmt: skip


def _is_in(line: ResourceLine, group: Sequence[UsedBy]) -> bool:
    return any(used.public_id == line.public_id for used in group)


def _line(resource_id: str) -> ResourceLine:
    lines = set_up.resource_lines(box().db, current_time())
    return next((line for line in lines if line.public_id == resource_id), None) or abort(404)
