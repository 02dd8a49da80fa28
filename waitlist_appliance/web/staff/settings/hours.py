"""Opening hours: the week, single days, and how times are cut; and the hours of one table or person (`of`)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import request

from waitlist_appliance.domain.availability import DAYS, Override, Rule, schedule_to_json
from waitlist_appliance.domain.errors import Invalid
from waitlist_appliance.domain.moments import local_day_bounds
from waitlist_appliance.services import set_up_hours
from waitlist_appliance.services.set_up_hours import LIMITS, Cut
from waitlist_appliance.storage import workflow_reads
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box, the_business
from waitlist_appliance.web.staff import auth, page, times
from waitlist_appliance.web.staff.settings import frame
from waitlist_appliance.web.staff.settings.policy_words import MINUTE_UNITS

HOME = "/staff/settings/hours"
MOST_INTERVALS = 8
DAYS_SHOWN = 100
Week = dict[str, list[dict[str, str]]]


def overview() -> Any:
    """The week, the days that differ, the cut."""
    return _page({})


def save_week() -> Any:
    """Store the weekly hours; with `copy`, those of Monday for every day."""
    if not any(f"{day}.start" in request.form for day in DAYS):
        return page.go(_home())
    return frame.store(
        lambda: set_up_hours.change_week(box(), typed_week(), current_time(), auth.actor(), _of()),
        N_("The opening hours are saved."), _home(), lambda errors: _page(errors, typed_week(), status=422),
    )  # fmt: skip


def save_cut() -> Any:
    """Store step, buffers and notice."""
    return frame.store(
        lambda: set_up_hours.change_cut(box(), _typed_cut(), current_time(), auth.actor()), N_("Saved."),
        f"{HOME}#cut", lambda errors: _page(errors, typed=dict(request.form), status=422),
    )  # fmt: skip


def save_day() -> Any:
    """Other hours on one day; says how many bookings that day has when it is closed."""
    return frame.store(
        lambda: set_up_hours.set_day(box(), _day(), _typed_day(), current_time(), auth.actor(), _of()),
        N_("The day has other hours. Bookings there are on that day stay; please talk to those who come."),
        f"{_home()}#days", lambda errors: _page(errors, typed=dict(request.form), status=422),
    )  # fmt: skip


def remove_day(day: str) -> Any:
    """The day has its usual hours again."""
    wanted = times.day_of(day) or date.min
    return frame.act(
        lambda: set_up_hours.remove_day(box(), wanted, current_time(), auth.actor(), _of()),
        N_("The day has its usual hours again."), f"{_home()}#days",
    )  # fmt: skip


def give_own() -> Any:
    """From now on this table or person has hours of its own; on to where they are set."""
    resource_id = request.form.get("resource_id", "")
    return frame.act(
        lambda: set_up_hours.give_own_hours(box(), resource_id, current_time(), auth.actor()),
        N_("It has hours of its own now, to begin with those of the house."), f"{HOME}?of={resource_id}",
    )  # fmt: skip


def take_own(resource_id: str) -> Any:
    """This table or person has the hours of the house again."""
    return frame.act(
        lambda: set_up_hours.take_own_hours(box(), resource_id, current_time(), auth.actor()),
        N_("It has the hours of the house again."), HOME,
    )  # fmt: skip


def _of() -> str | None:
    """Whose hours the page is about: a resource's public id, or None for the house."""
    return request.values.get("of") or None


def _home() -> str:
    return f"{HOME}?of={_of()}" if _of() else HOME


def typed_week() -> Week:
    """The hours of each day as the form says them; pairs left empty are none, and 00:00 ends the day at 24:00."""
    week = {day: _pairs(f"{day}.start", f"{day}.end") for day in DAYS}
    if request.form.get("copy"):
        week = dict.fromkeys(DAYS, week["monday"])
    return week


def present_week() -> Week:
    """The hours of each day as they are stored."""
    return schedule_to_json(box().setup().default_rule.schedule)


def _pairs(start: str, end: str) -> list[dict[str, str]]:
    both = zip(request.form.getlist(start)[:MOST_INTERVALS], request.form.getlist(end)[:MOST_INTERVALS], strict=False)
    pairs = [(one.strip(), "24:00" if other.strip() == "00:00" else other.strip()) for one, other in both]
    return [{"start": one, "end": other} for one, other in pairs if one or other]


def _typed_cut() -> Cut:
    return Cut(**{name: frame.measured(name) for name in LIMITS})


def _day() -> date:
    day = times.day_of(request.form.get("day"))
    if day is None:
        raise Invalid("day_missing", "day")
    return day


def _typed_day() -> Override:
    available = request.form.get("open") == "other"
    pairs = _pairs("day.start", "day.end") if available else []
    reason = request.form.get("reason", "").strip()[:120]
    return Override(available, reason or None, tuple((pair["start"], pair["end"]) for pair in pairs))


def _page(
    errors: dict[str, str], week: Week | None = None, typed: dict[str, str] | None = None, status: int = 200
) -> Any:
    rule, resources = set_up_hours.hours_of(box(), _of()), list(box().setup().resources.values())
    cut = {name: frame.split(getattr(rule, name) or 0, MINUTE_UNITS) for name in LIMITS}
    return frame.render(
        "hours.html", "hours", status=status, week=week or schedule_to_json(rule.schedule), errors=errors,
        typed=typed or {}, cut=cut, units=MINUTE_UNITS, limits=LIMITS, days=_days_ahead(rule), today=times.today().isoformat(),
        of=next((one for one in resources if one.public_id == _of()), None),
        own=[one for one in resources if one.rule_id], others=[one for one in resources if not one.rule_id],
    )  # fmt: skip


def _days_ahead(rule: Rule) -> list[tuple[date, datetime, Override, int]]:
    """The days ahead that differ, with the moment they begin and their number of bookings."""
    zone, today = the_business().tz, times.today()
    ahead = [pair for pair in sorted(rule.overrides.items()) if pair[0] >= today]
    found = []
    for day, override in ahead[:DAYS_SHOWN]:
        begins, ends = local_day_bounds(day, zone)
        found.append((day, begins, override, workflow_reads.bookings_between(box().db, begins, ends)))
    return found
