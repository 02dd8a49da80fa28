"""The owner's first steps at the desk: one question a page; any of them can be skipped, left and taken up again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, abort, request

from waitlist_appliance.domain.errors import Conflict, Invalid
from waitlist_appliance.services import first_run, set_up_business, set_up_hours
from waitlist_appliance.services.first_run import STEPS
from waitlist_appliance.services.set_up_resources import MOST_AT_ONCE, Place
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web import brand
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import auth, page
from waitlist_appliance.web.staff.settings import business, frame, hours
from waitlist_appliance.web.staff.settings import words as said

HOME = "/staff/first-run"
LINES = 3
TITLES = {
    "business": N_("What are you called?"),
    "place": N_("Where are you?"),
    "hours": N_("When are you open?"),
    "resources": N_("What can be booked?"),
    "done": N_("You are ready"),
}


def begin() -> Response:
    """To the step that comes next; to the waitlist once all is over."""
    state = first_run.state(box())
    return page.go(auth.HOME if state.finished else f"{HOME}/{state.step}")


def show(step: str) -> Any:
    """One question, with what is known already."""
    return _page(step, {}) if step in STEPS else abort(404)


def save(step: str) -> Any:
    """Store the answer and go on; with `skip` go on without it."""
    if step not in _SAVING:
        abort(404)
    if "skip" not in request.form:
        try:
            with box().db.write():
                _SAVING[step]()
        except (Invalid, Conflict) as refused:
            return _page(step, page.field_errors(refused), 422)
    return page.go(f"{HOME}/{first_run.pass_step(box(), step, current_time(), auth.actor())}")


def finish() -> Response:
    """To the waitlist; the questions do not come again."""
    first_run.finish(box(), current_time(), auth.actor())
    return page.go(auth.HOME)


def _save_about() -> None:
    set_up_business.change_business(box(), business.typed(), current_time(), auth.actor())
    sent = request.files.get("logo")
    if sent and sent.filename:
        business.store_logo()


def _save_hours() -> None:
    set_up_hours.change_week(box(), hours.typed_week(), current_time(), auth.actor())


def _save_resources() -> None:
    if request.form.get("what", "keep") == "keep":
        return
    places = _tables() if request.form["what"] == "tables" else _team()
    first_run.replace_resources(box(), places, current_time(), auth.actor())


_SAVING: Mapping[str, Callable[[], None]] = {
    "business": _save_about, "place": _save_about, "hours": _save_hours, "resources": _save_resources,
}  # fmt: skip


def _tables() -> list[Place]:
    """ "Eight tables for two, four for four", numbered through."""
    word = page.say().gettext("Table")
    places: list[Place] = []
    for line in range(1, LINES + 1):
        if not request.form.get(f"count_{line}", "").strip():
            continue
        count, seats = frame.number(f"count_{line}"), frame.number(f"seats_{line}")
        if count > MOST_AT_ONCE:
            raise Invalid("out_of_range", f"count_{line}", params={"least": 0, "most": MOST_AT_ONCE})
        zone = request.form.get(f"zone_{line}", "")
        places += [Place(f"{word} {len(places) + n}", "table", 1, seats, zone) for n in range(1, count + 1)]
    return places


def _team() -> list[Place]:
    """One person a line; each takes one guest at a time."""
    names = [name.strip() for name in request.form.get("team", "").splitlines() if name.strip()]
    if not names:
        raise Invalid("resources_missing", "team")
    return [Place(name, "staff", 1, 1) for name in names[:MOST_AT_ONCE]]


def _page(step: str, errors: dict[str, str], status: int = 200) -> Any:
    setup = box().setup()
    sizes: dict[int, int] = {}
    for resource in setup.resources.values():
        sizes[resource.max_party] = sizes.get(resource.max_party, 0) + 1
    posted = request.method == "POST"
    shown = page.render_door(
        "first_run.html", step=step, steps=STEPS, titles=TITLES, errors=errors, lines=LINES, sizes=sizes, said=said,
        given=business.given() | (dict(request.form) if posted else {}), form=dict(request.form), posted=posted,
        week=hours.typed_week() if posted and step == "hours" else hours.present_week(),
        zones=set_up_business.zones(), countries=business.countries(page.locale()), default_colour=brand.DEFAULT,
        count=len(setup.resources), previous=STEPS[max(0, STEPS.index(step) - 1)],
    )  # fmt: skip
    return shown, status
