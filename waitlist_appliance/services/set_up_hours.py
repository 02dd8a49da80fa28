"""When the business is open: the week, the days that differ, and how times are cut."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Final

from waitlist_appliance.domain.availability import (
    Override,
    ScheduleError,
    parse_overrides,
    parse_schedule,
    schedule_to_json,
)
from waitlist_appliance.domain.errors import Invalid, NotFound
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.settle import look_everywhere
from waitlist_appliance.storage import activity, set_up

Week = Mapping[str, list[dict[str, str]]]

# Field → the least and the most that is allowed, in minutes.
LIMITS: Final[Mapping[str, tuple[int, int]]] = {
    "step_minutes": (5, 240),
    "buffer_before_minutes": (0, 480),
    "buffer_after_minutes": (0, 480),
    "min_notice_minutes": (0, 60 * 24 * 60),
    "max_notice_minutes": (60, 730 * 24 * 60),
}


@dataclass(frozen=True, slots=True)
class Cut:
    """How bookings are cut out of the opening hours, all in minutes."""

    step_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    min_notice_minutes: int
    max_notice_minutes: int


def change_week(app: Appliance, week: Week, now: datetime, actor: Actor) -> None:
    """Store the weekly hours ({"monday": [{start, end}]}; a day without any is closed).

    Invalid hours_wrong or hours_overlap on the day's field. Ends in a look at every watched time.
    """
    try:
        schedule = schedule_to_json(parse_schedule(week))
    except ScheduleError as error:
        raise Invalid(_code(error), error.where, params={"value": error.where}) from error
    if not any(schedule.values()):
        raise Invalid("never_open", "monday")
    with app.db.write():
        rule = app.setup().default_rule
        if schedule_to_json(rule.schedule) == schedule:
            return
        set_up.update(app.db, "availability_rule", rule.id, {"schedule": json.dumps(schedule)})
        activity.record(app.db, now, actor, "hours_changed", "availability_rule", rule.id)
        look_everywhere(app, now)


def change_cut(app: Appliance, cut: Cut, now: datetime, actor: Actor) -> None:
    """Store step, buffers and notice. Invalid out_of_range names the field."""
    for name, (least, most) in LIMITS.items():
        if not least <= getattr(cut, name) <= most:
            raise Invalid("out_of_range", name, params={"least": least, "most": most})
    if cut.min_notice_minutes >= cut.max_notice_minutes:
        raise Invalid("notice_crossed", "min_notice_minutes")
    with app.db.write():
        rule = app.setup().default_rule
        changed = {name: value for name, value in asdict(cut).items() if value != getattr(rule, name)}
        if changed:
            set_up.update(app.db, "availability_rule", rule.id, changed)
            activity.record(app.db, now, actor, "hours_changed", "availability_rule", rule.id, **changed)
            look_everywhere(app, now)


def set_day(app: Appliance, day: date, wanted: Override, now: datetime, actor: Actor) -> None:
    """Other hours on one date: closed, or the intervals given. Invalid day_past, hours_wrong, hours_overlap.

    Bookings of that day stay: whoever closes a day still has to talk to those who come.
    """
    if day < now.astimezone(app.setup().zone).date():
        raise Invalid("day_past", "day")
    override = _parsed(day, wanted)
    with app.db.write():
        rule = app.setup().default_rule
        set_up.set_override(app.db, rule.id, day, override.available, override.reason, override.intervals)
        activity.record(
            app.db, now, actor, "day_changed", "availability_rule", rule.id, reason=override.reason,
            name=day.isoformat(),
        )  # fmt: skip
        look_everywhere(app, now)


def remove_day(app: Appliance, day: date, now: datetime, actor: Actor) -> None:
    """The date has the week's hours again. NotFound."""
    with app.db.write():
        rule = app.setup().default_rule
        if not set_up.remove_override(app.db, rule.id, day):
            raise NotFound("not_found")
        activity.record(app.db, now, actor, "day_restored", "availability_rule", rule.id, name=day.isoformat())
        look_everywhere(app, now)


def _parsed(day: date, wanted: Override) -> Override:
    intervals = [{"start": start, "end": end} for start, end in wanted.intervals] if wanted.available else []
    if wanted.available and not intervals:
        raise Invalid("hours_wrong", "intervals", params={"value": day.isoformat()})
    item = {"date": day.isoformat(), "available": wanted.available, "reason": wanted.reason, "intervals": intervals}
    try:
        return parse_overrides([item])[day]
    except ScheduleError as error:
        raise Invalid(_code(error), "intervals", params={"value": error.where}) from error


def _code(error: ScheduleError) -> str:
    return "hours_overlap" if "overlap" in error.reason else "hours_wrong"
