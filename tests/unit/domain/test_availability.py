from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waitlist_appliance.domain.availability import (
    Clocks,
    Interval,
    Override,
    Rule,
    ScheduleError,
    hours_problem,
    notice_problem,
    occupied,
    open_intervals,
    overrides_to_json,
    parse_overrides,
    parse_schedule,
    schedule_to_json,
    start_times,
)
from waitlist_appliance.domain.moments import local, local_day_bounds, resolve_local

MADRID = ZoneInfo("Europe/Madrid")
SANTIAGO = ZoneInfo("America/Santiago")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
THURSDAY = date(2026, 1, 15)
HALF_HOUR = timedelta(minutes=30)
HOUR = timedelta(hours=1)
BASE = datetime(2026, 1, 15, tzinfo=UTC)
SPANS = st.tuples(st.integers(0, 100), st.integers(1, 50)).map(
    lambda span: Interval(BASE + span[0] * HOUR, BASE + (span[0] + span[1]) * HOUR)
)
DST_NIGHTS = [
    (MADRID, date(2026, 3, 28)), (MADRID, date(2026, 10, 24)),
    (SANTIAGO, date(2026, 9, 5)), (SANTIAGO, date(2026, 4, 4)),
    (LORD_HOWE, date(2026, 10, 3)), (LORD_HOWE, date(2026, 4, 4)),
]  # fmt: skip


def every_day(*clocks: tuple[str, str], zone: ZoneInfo = MADRID, step: int = 30) -> Rule:
    return Rule(1, "Casa Lola", zone, dict.fromkeys(range(7), clocks), step_minutes=step)


def at(clock: str, day: date = THURSDAY, zone: ZoneInfo = MADRID) -> datetime:
    return resolve_local(datetime.fromisoformat(f"{day.isoformat()}T{clock}"), zone)


def clocks(rule: Rule, day: date = THURSDAY, duration: timedelta = HOUR) -> list[str]:
    return [local(start, rule.zone).strftime("%H:%M") for start in start_times(rule, day, duration)]


def test_touching_end_to_start_does_not_overlap() -> None:
    assert not Interval(BASE, BASE + HOUR).overlaps(Interval(BASE + HOUR, BASE + 2 * HOUR))


@given(SPANS, SPANS)
def test_two_intervals_overlap_when_they_share_an_hour(one: Interval, other: Interval) -> None:
    def hours(span: Interval) -> set[int]:
        return set(range((span.starts_at - BASE) // HOUR, (span.ends_at - BASE) // HOUR))

    assert one.overlaps(other) is other.overlaps(one) is bool(hours(one) & hours(other))


def test_every_step_whose_duration_still_fits_is_a_start() -> None:
    assert clocks(every_day(("19:00", "21:00"))) == ["19:00", "19:30", "20:00"]


def test_several_intervals_a_day_each_have_their_own_steps() -> None:
    assert clocks(every_day(("13:00", "14:00"), ("20:15", "21:45"))) == ["13:00", "20:15", "20:45"]


def test_an_interval_shorter_than_the_duration_has_no_start() -> None:
    assert clocks(every_day(("13:00", "13:45"))) == []


def test_a_duration_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="duration"):
        start_times(every_day(("13:00", "14:00")), THURSDAY, timedelta(0))


def test_an_evening_past_midnight_belongs_to_the_day_it_began_on() -> None:
    assert clocks(every_day(("22:00", "01:00"))) == ["22:00", "22:30", "23:00", "23:30", "00:00"]


def test_twenty_four_hours_are_midnight_at_the_end_of_the_day() -> None:
    assert open_intervals(every_day(("23:00", "24:00")), THURSDAY) == (Interval(at("23:00"), at("23:00") + HOUR),)


def test_a_day_off_has_no_opening_times() -> None:
    assert open_intervals(Rule(1, "Mondays", MADRID, {0: (("19:00", "23:00"),)}), THURSDAY) == ()


def test_a_date_override_closes_the_day_or_changes_its_hours() -> None:
    rule = every_day(("19:00", "21:00"))
    holiday = replace(rule, overrides={THURSDAY: Override(False, "Holiday")})
    lunch = replace(rule, overrides={THURSDAY: Override(True, None, (("13:00", "14:00"),))})
    unchanged = replace(rule, overrides={THURSDAY: Override(True)})
    assert clocks(holiday) == []
    assert clocks(lunch) == ["13:00"]
    assert clocks(unchanged) == clocks(rule)


def test_the_hour_the_clocks_skip_is_never_offered() -> None:
    rule = every_day(("01:00", "04:00"))
    assert clocks(rule, date(2026, 3, 29), HALF_HOUR) == ["01:00", "01:30", "03:00", "03:30"]


def test_the_hour_that_comes_twice_is_offered_twice_as_two_moments() -> None:
    rule = every_day(("01:00", "03:30"))
    assert clocks(rule, date(2026, 10, 25)) == ["01:00", "01:30", "02:00", "02:30", "02:00", "02:30"]
    assert len(set(start_times(rule, date(2026, 10, 25), HOUR))) == 6


def test_hours_wholly_within_the_skipped_hour_are_closed() -> None:
    assert open_intervals(every_day(("02:30", "03:00")), date(2026, 3, 29)) == ()


def test_hours_pushed_into_the_next_ones_by_the_clocks_are_one_opening_time() -> None:
    found = open_intervals(every_day(("02:15", "02:45"), ("03:30", "05:00")), date(2026, 3, 29))
    assert found == (Interval(at("03:15", date(2026, 3, 29)), at("05:00", date(2026, 3, 29))),)


@pytest.mark.parametrize(("zone", "night"), DST_NIGHTS)
def test_around_the_clock_no_time_is_lost_or_twice_when_the_clocks_change(zone: ZoneInfo, night: date) -> None:
    rule = every_day(("00:00", "24:00"), zone=zone)
    days = [night + timedelta(days=n) for n in range(3)]
    found = [start for day in days for start in start_times(rule, day, HALF_HOUR)]
    begins_at, ends_at = local_day_bounds(days[0], zone)[0], local_day_bounds(days[-1], zone)[1]
    assert found == [begins_at + n * HALF_HOUR for n in range((ends_at - begins_at) // HALF_HOUR)]


OPENINGS = st.tuples(st.integers(0, 95), st.integers(1, 96)).map(
    lambda span: tuple(f"{q // 4:02}:{q % 4 * 15:02}" for q in (span[0], (span[0] + span[1]) % 96))
)


@given(
    st.sampled_from(DST_NIGHTS), st.integers(0, 2), OPENINGS, st.sampled_from([10, 15, 30, 45]), st.integers(15, 240)
)
def test_every_start_on_a_dst_night_exists_once_and_lies_within_the_hours(  # type: ignore[no-untyped-def]
    zone_and_night, later: int, opening, step: int, minutes: int
) -> None:
    zone, night = zone_and_night
    rule, day, duration = (
        every_day(opening, zone=zone, step=step),
        night + timedelta(days=later),
        timedelta(minutes=minutes),
    )
    found = start_times(rule, day, duration)
    assert list(found) == sorted(set(found))
    assert all(hours_problem(rule, start, duration) is None for start in found)
    assert all(resolve_local(local(start, zone).replace(tzinfo=None, fold=0), zone) <= start for start in found)
    assert all(later - earlier == timedelta(minutes=step) for earlier, later in pairwise(found))


@pytest.mark.parametrize(
    ("clock", "problem"),
    [("19:00", None), ("19:07", None), ("22:00", None), ("22:01", "outside_hours"), ("18:59", "outside_hours"),
     ("03:00", "outside_hours")],
)  # fmt: skip
def test_a_start_needs_its_whole_duration_within_the_hours(clock: str, problem: str | None) -> None:
    assert hours_problem(every_day(("19:00", "23:00")), at(clock), HOUR) == problem


def test_a_closed_day_is_told_from_other_hours() -> None:
    rule = replace(every_day(("19:00", "23:00")), overrides={THURSDAY: Override(False, "Holiday")})
    assert hours_problem(rule, at("20:00"), HOUR) == "closed_day"


def test_after_midnight_counts_as_last_evening_even_on_a_closed_day() -> None:
    rule = replace(every_day(("19:00", "02:00")), overrides={THURSDAY: Override(False, "Holiday")})
    assert hours_problem(rule, at("01:00"), HOUR) is None
    assert hours_problem(rule, at("01:30"), HOUR) == "closed_day"


def test_two_openings_are_not_bridged() -> None:
    assert hours_problem(every_day(("13:00", "15:00"), ("15:30", "18:00")), at("14:30"), HOUR) == "outside_hours"


@pytest.mark.parametrize(
    ("ahead", "problem"),
    [(timedelta(minutes=59), "notice_too_short"), (timedelta(minutes=60), None), (timedelta(days=1), None),
     (timedelta(days=1, seconds=1), "too_far_ahead"), (-HOUR, "notice_too_short")],
)  # fmt: skip
def test_notice_has_a_least_and_a_most(ahead: timedelta, problem: str | None) -> None:
    rule = replace(every_day(), min_notice_minutes=60, max_notice_minutes=1440)
    assert notice_problem(rule, BASE + ahead, BASE) == problem


def test_without_limits_of_notice_only_the_past_is_too_late() -> None:
    assert notice_problem(every_day(), BASE, BASE) is None
    assert notice_problem(every_day(), BASE + timedelta(days=4000), BASE) is None


def test_buffers_are_occupied_and_those_of_the_service_come_first() -> None:
    rule = replace(every_day(), buffer_before_minutes=10, buffer_after_minutes=15)
    assert occupied(BASE, HOUR, rule, None, None) == Interval(BASE - HOUR / 6, BASE + HOUR + HOUR / 4)
    assert occupied(BASE, HOUR, rule, 0, 30) == Interval(BASE, BASE + HOUR + HALF_HOUR)


@pytest.mark.parametrize("bad", [{"step_minutes": 0}, {"slot_duration_minutes": 0}, {"buffer_after_minutes": -1}])
def test_a_rule_that_cannot_be_is_refused(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"step|buffers"):
        replace(every_day(), **bad)  # type: ignore[arg-type]


def test_a_schedule_is_read_in_order_and_written_back() -> None:
    weekly = {"Monday": [{"start": "20:00", "end": "24:00"}, {"start": "9:00", "end": "13:00"}], "tuesday": []}
    schedule = parse_schedule(weekly)
    assert schedule == {0: (("09:00", "13:00"), ("20:00", "24:00"))}
    assert parse_schedule(schedule_to_json(schedule)) == schedule
    assert schedule_to_json(schedule)["sunday"] == []


@pytest.mark.parametrize(
    ("weekly", "where"),
    [({"someday": []}, "someday"), ({"monday": "9-5"}, "monday"), ({"monday": [{"start": "09:00"}]}, "monday"),
     ({"monday": [{"start": "24:00", "end": "25:00"}]}, "monday"),
     ({"monday": [{"start": "09:00", "end": "13:00"}, {"start": "12:00", "end": "15:00"}]}, "monday"),
     ({"sunday": [{"start": "20:00", "end": "02:00"}], "monday": [{"start": "01:00", "end": "05:00"}]}, "monday")],
)  # fmt: skip
def test_a_schedule_that_cannot_be_names_the_day(weekly: dict[str, object], where: str) -> None:
    with pytest.raises(ScheduleError) as refused:
        parse_schedule(weekly)
    assert refused.value.where == where


def test_date_overrides_are_read_and_written_back() -> None:
    items = [{"date": "2026-12-25", "available": "false", "reason": " Christmas ", "intervals": None},
             {"date": "2026-01-15", "available": True, "intervals": [{"start": "13:00", "end": "16:00"}]}]  # fmt: skip
    found = parse_overrides(items)
    assert found[date(2026, 12, 25)] == Override(False, "Christmas")
    assert found[THURSDAY] == Override(True, None, (("13:00", "16:00"),))
    assert parse_overrides(overrides_to_json(found)) == found


@pytest.mark.parametrize(
    "items", [[{}], ["2026-01-15"], [{"date": "soon"}], [{"date": "2026-01-15", "available": "maybe"}],
              [{"date": "2026-01-15"}, {"date": "2026-01-15"}]],
)  # fmt: skip
def test_a_date_override_that_cannot_be_is_refused(items: list[object]) -> None:
    with pytest.raises(ScheduleError):
        parse_overrides(items)


@given(st.dictionaries(st.integers(0, 6), OPENINGS.map(lambda pair: (pair,)), max_size=7))
def test_a_schedule_that_is_accepted_survives_the_round_trip(schedule: dict[int, Clocks]) -> None:
    try:
        accepted = parse_schedule(schedule_to_json(schedule))
    except ScheduleError:
        return  # two days that run into each other
    assert accepted == schedule
