"""When the business is open: the week, the days that differ, and how times are cut. A resource may have hours of its own.

Own hours only narrow: a time must lie within the business's hours and within those of whoever gives it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Final

from waitlist_appliance.domain.availability import (
    Override,
    Rule,
    ScheduleError,
    parse_overrides,
    parse_schedule,
    schedule_to_json,
)
from waitlist_appliance.domain.errors import Invalid, NotFound
from waitlist_appliance.domain.records import Resource
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


def hours_of(app: Appliance, resource_id: str | None) -> Rule:
    """The hours of the business (None) or a resource's own. NotFound for a resource that has none of its own."""
    if resource_id is None:
        return app.setup().default_rule
    resource = _resource(app, resource_id)
    if resource.rule_id is None:
        raise NotFound("not_found")
    return app.setup().rules[resource.rule_id]


def give_own_hours(app: Appliance, resource_id: str, now: datetime, actor: Actor) -> None:
    """From now on the resource has hours of its own, to begin with those of the business; nothing if it has some."""
    with app.db.write():
        resource = _resource(app, resource_id)
        if resource.rule_id is None:
            rule_id = set_up.copy_rule(app.db, app.setup().default_rule.id, resource.name)
            set_up.update(app.db, "resource", resource.id, {"rule_id": rule_id})
            activity.record(app.db, now, actor, "own_hours_given", "resource", resource.id, name=resource.name)


def take_own_hours(app: Appliance, resource_id: str, now: datetime, actor: Actor) -> None:
    """The resource has the hours of the business again; nothing if it has no others."""
    with app.db.write():
        resource = _resource(app, resource_id)
        if resource.rule_id is not None:
            set_up.update(app.db, "resource", resource.id, {"rule_id": None})
            set_up.drop_rule(app.db, resource.rule_id)
            activity.record(app.db, now, actor, "own_hours_taken", "resource", resource.id, name=resource.name)
            look_everywhere(app, now)


def change_week(app: Appliance, week: Week, now: datetime, actor: Actor, resource_id: str | None = None) -> None:
    """Store the weekly hours ({"monday": [{start, end}]}; a day without any is closed), of one resource if it is named.

    Invalid hours_wrong or hours_overlap on the day's field. Ends in a look at every watched time.
    """
    try:
        schedule = schedule_to_json(parse_schedule(week))
    except ScheduleError as error:
        raise Invalid(_code(error), error.where, params={"value": error.where}) from error
    if not any(schedule.values()):
        raise Invalid("never_open", "monday")
    with app.db.write():
        rule = hours_of(app, resource_id)
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


def set_day(
    app: Appliance, day: date, wanted: Override, now: datetime, actor: Actor, resource_id: str | None = None
) -> None:
    """Other hours on one date: closed, or the intervals given. Invalid day_past, hours_wrong, hours_overlap.

    Bookings of that day stay: whoever closes a day still has to talk to those who come.
    """
    if day < now.astimezone(app.setup().zone).date():
        raise Invalid("day_past", "day")
    override = _parsed(day, wanted)
    with app.db.write():
        rule = hours_of(app, resource_id)
        set_up.set_override(app.db, rule.id, day, override.available, override.reason, override.intervals)
        activity.record(
            app.db, now, actor, "day_changed", "availability_rule", rule.id, reason=override.reason,
            name=day.isoformat(),
        )  # fmt: skip
        look_everywhere(app, now)


def remove_day(app: Appliance, day: date, now: datetime, actor: Actor, resource_id: str | None = None) -> None:
    """The date has the week's hours again. NotFound."""
    with app.db.write():
        rule = hours_of(app, resource_id)
        if not set_up.remove_override(app.db, rule.id, day):
            raise NotFound("not_found")
        activity.record(app.db, now, actor, "day_restored", "availability_rule", rule.id, name=day.isoformat())
        look_everywhere(app, now)


def _resource(app: Appliance, resource_id: str) -> Resource:
    found = next((one for one in app.setup().resources.values() if one.public_id == resource_id), None)
    if found is None:
        raise NotFound("not_found")
    return found


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
