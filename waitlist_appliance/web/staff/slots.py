"""The slots page: which times are watched, who waits for them, what is free or held."""

from __future__ import annotations

from itertools import groupby

from flask import Response, request

from waitlist_appliance.domain.errors import NotFound
from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.services import slot_notes, staff_acts
from waitlist_appliance.storage import staff_lists, staff_pages
from waitlist_appliance.texts import dates
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box, the_business
from waitlist_appliance.web.staff import auth, page, waitlist_filter

PAGE = 40


def overview() -> str:
    """Every time that somebody waits for, by day."""
    found = staff_lists.watched_slots(box().db, current_time(), PAGE + 1, waitlist_filter.cursor("after", 2))
    lines = found[:PAGE]
    ids = [line.id for line in lines]
    return page.render(
        "slots.html", "slots", days=_by_day(lines), waiters=staff_pages.waiters(box().db, ids),
        openings=staff_pages.openings(box().db, ids),
        later=f"{to_ms(lines[-1].starts_at)}.{lines[-1].id}" if len(found) > PAGE else None,
    )  # fmt: skip


def _by_day(lines: list[staff_lists.SlotLine]) -> list[list[staff_lists.SlotLine]]:
    zone = the_business().tz
    ordered = sorted(lines, key=lambda line: line.starts_at)
    return [list(day) for _, day in groupby(ordered, lambda line: line.starts_at.astimezone(zone).date())]


def check_now(slot_id: str) -> Response:
    """Look at the calendars for this time at once."""
    _ = page.say().gettext
    slot = staff_pages.slot_head(box().db, slot_id)
    if slot is None:
        raise NotFound("not_found")
    when = dates.day_and_time(slot.starts_at, the_business().tz, page.locale())
    return page.act(
        lambda: staff_acts.check_slot_now(box(), slot_id, current_time(), auth.actor()),
        _("Checked: {when}. What is free is offered to the next in line.").format(when=when),
        page.back_to("/staff/slots"),
    )


def set_notes(slot_id: str) -> Response:
    """The team's note on this time."""
    notes = request.form.get("notes", "")
    return page.act(
        lambda: slot_notes.set_notes(box(), slot_id, notes, current_time(), auth.actor()),
        page.say().gettext("The note is saved."), page.back_to("/staff/slots"),
    )  # fmt: skip
