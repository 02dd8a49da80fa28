"""Opening hours: several a day, single days that differ, and what the change makes free."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tests.conftest import NOW, at
from tests.services.set_up_story import OLIVIA, deeds
from waitlist_appliance.domain.availability import DAYS, Override, hours_problem, schedule_to_json
from waitlist_appliance.domain.errors import Invalid, NotFound
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.free_places import Calendars, places
from waitlist_appliance.services.set_up_hours import (
    Cut,
    change_cut,
    change_week,
    give_own_hours,
    hours_of,
    remove_day,
    set_day,
    take_own_hours,
)

FRIDAY = date(2026, 1, 16)
LUNCH, DINNER = {"start": "13:00", "end": "16:00"}, {"start": "20:00", "end": "01:00"}
CUT = Cut(30, 0, 0, 0, 525600)


def open_at(box: Appliance, time: str) -> bool:
    setup = box.setup()
    return hours_problem(setup.default_rule, at(time), setup.duration_of(setup.default_service)) is None


def resource(box: Appliance, name: str) -> str:
    return next(one.public_id for one in box.setup().resources.values() if one.name == name)


def free_at(box: Appliance, time: str) -> list[str]:
    setup = box.setup()
    found = places(box.db, setup, Calendars(box.db, setup, NOW), setup.default_service, at(time))
    return [place.resource.name for place in found if place.free]


def test_a_day_may_have_lunch_and_dinner(box: Appliance) -> None:
    change_week(box, {"friday": [DINNER, LUNCH]}, NOW, OLIVIA)
    assert schedule_to_json(box.setup().default_rule.schedule)["friday"] == [LUNCH, DINNER]
    assert (open_at(box, "14:00"), open_at(box, "17:00"), open_at(box, "23:00")) == (True, False, True)
    assert deeds(box, "hours_changed") == 1


@pytest.mark.parametrize(
    ("week", "code", "field"),
    [({"friday": [{"start": "13:00", "end": ""}]}, "hours_wrong", "friday"),
     ({"friday": [LUNCH, {"start": "15:00", "end": "18:00"}]}, "hours_overlap", "friday"),
     ({"friday": [DINNER], "saturday": [{"start": "00:30", "end": "03:00"}]}, "hours_overlap", "saturday"),
     ({}, "never_open", "monday")],
)  # fmt: skip
def test_hours_that_cannot_be_are_refused_at_their_day(box: Appliance, week: object, code: str, field: str) -> None:
    with pytest.raises(Invalid, match=code) as refused:
        change_week(box, week, NOW, OLIVIA)  # type: ignore[arg-type]
    assert refused.value.field == field
    assert open_at(box, "19:30")


def test_a_closed_day_takes_nobody_and_can_be_undone(box: Appliance) -> None:
    set_day(box, FRIDAY, Override(False, "Party"), NOW, OLIVIA)
    assert not open_at(box, "19:30")
    remove_day(box, FRIDAY, NOW, OLIVIA)
    assert open_at(box, "19:30")


def test_other_hours_on_a_day_replace_those_of_the_week(box: Appliance) -> None:
    set_day(box, FRIDAY, Override(True, None, (("19:00", "22:00"),)), NOW, OLIVIA)
    assert (open_at(box, "19:30"), open_at(box, "13:00")) == (True, False)


def test_a_day_that_is_over_and_one_without_hours_are_refused(box: Appliance) -> None:
    with pytest.raises(Invalid, match="day_past"):
        set_day(box, date(2026, 1, 14), Override(False), NOW, OLIVIA)
    with pytest.raises(Invalid, match="hours_wrong"):
        set_day(box, FRIDAY, Override(True), NOW, OLIVIA)
    with pytest.raises(NotFound):
        remove_day(box, FRIDAY, NOW, OLIVIA)


@pytest.mark.parametrize(
    ("field", "value"), [("step_minutes", 4), ("buffer_after_minutes", 481), ("min_notice_minutes", -1)]
)
def test_numbers_outside_their_limits_are_refused(box: Appliance, field: str, value: int) -> None:
    with pytest.raises(Invalid, match="out_of_range") as refused:
        change_cut(box, replace(CUT, **{field: value}), NOW, OLIVIA)
    assert refused.value.field == field


def test_a_notice_longer_than_the_horizon_is_refused(box: Appliance) -> None:
    with pytest.raises(Invalid, match="notice_crossed"):
        change_cut(box, replace(CUT, min_notice_minutes=120, max_notice_minutes=60), NOW, OLIVIA)


def test_every_change_of_the_hours_has_watched_times_looked_at(box: Appliance) -> None:
    from tests.services.set_up_story import fill, waits

    fill(box)
    waits(box)
    change_cut(box, replace(CUT, step_minutes=15), NOW, OLIVIA)
    assert box.db.value("SELECT next_check_at FROM slot") == int(NOW.timestamp() * 1000)


def test_a_table_with_hours_of_its_own_is_free_only_within_them(box: Appliance) -> None:
    terrace = resource(box, "Table 2")
    give_own_hours(box, terrace, NOW, OLIVIA)
    change_week(box, {key: [{"start": "12:00", "end": "20:00"}] for key in DAYS}, NOW, OLIVIA, terrace)
    assert free_at(box, "19:30") == ["Table 1"]
    assert free_at(box, "18:00") == ["Table 1", "Table 2"]


def test_a_day_off_of_one_table_leaves_the_others_alone(box: Appliance) -> None:
    terrace = resource(box, "Table 2")
    give_own_hours(box, terrace, NOW, OLIVIA)
    set_day(box, at("19:30").date(), Override(False, "painted", ()), NOW, OLIVIA, terrace)
    assert free_at(box, "19:30") == ["Table 1"]
    remove_day(box, at("19:30").date(), NOW, OLIVIA, terrace)
    assert free_at(box, "19:30") == ["Table 1", "Table 2"]


def test_without_hours_of_its_own_a_table_has_those_of_the_house_again(box: Appliance) -> None:
    terrace = resource(box, "Table 2")
    give_own_hours(box, terrace, NOW, OLIVIA)
    change_week(box, {key: [{"start": "12:00", "end": "15:00"}] for key in DAYS}, NOW, OLIVIA, terrace)
    take_own_hours(box, terrace, NOW, OLIVIA)
    assert free_at(box, "19:30") == ["Table 1", "Table 2"]
    assert box.db.value("SELECT COUNT(*) FROM availability_rule") == 1
    with pytest.raises(NotFound):
        hours_of(box, terrace)
