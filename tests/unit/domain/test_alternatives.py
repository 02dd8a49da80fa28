from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from waitlist_appliance.domain.alternatives import propose
from waitlist_appliance.domain.availability import Override, Rule, hours_problem
from waitlist_appliance.domain.deadlines import may_still_be_offered
from waitlist_appliance.domain.moments import local, resolve_local
from waitlist_appliance.domain.policies import Policies

MADRID = ZoneInfo("Europe/Madrid")
ALL_DAY = Rule(1, "Always", MADRID, dict.fromkeys(range(7), (("00:00", "24:00"),)))
DINNER = Rule(2, "Dinner", MADRID, dict.fromkeys(range(7), (("19:00", "23:00"),)))
HOUR = timedelta(hours=1)
POLICIES = Policies()
DAYS_BEFORE = datetime(2026, 1, 10, 12, 0, tzinfo=UTC)


def at(clock: str, day: str = "2026-01-15") -> datetime:
    return resolve_local(datetime.fromisoformat(f"{day}T{clock}"), MADRID)


def clocks(wanted: str, rule: Rule = ALL_DAY, policies: Policies = POLICIES, now: datetime = DAYS_BEFORE) -> list[str]:
    return [local(t, MADRID).strftime("%H:%M") for t in propose(at(wanted), rule, HOUR, policies, MADRID, now)]


def test_half_past_seven_gets_the_evening_without_itself() -> None:
    assert clocks("19:30") == ["18:00", "18:30", "19:00", "20:00", "20:30", "21:00", "21:30", "22:00"]


def test_a_time_between_two_steps_gets_the_whole_evening() -> None:
    assert len(clocks("19:40")) == 9


def test_a_time_outside_the_window_gets_the_times_around_it() -> None:
    assert clocks("13:15") == ["11:15", "11:45", "12:15", "12:45", "13:45", "14:15", "14:45", "15:15"]


def test_the_times_around_stay_within_the_day() -> None:
    assert clocks("00:30") == ["00:00", "01:00", "01:30", "02:00", "02:30"]
    assert clocks("23:00") == ["21:00", "21:30", "22:00", "22:30"]  # 23:30 would run past the closing at midnight


def test_only_opening_hours_are_proposed() -> None:
    assert clocks("20:00", DINNER) == ["19:00", "19:30", "20:30", "21:00", "21:30", "22:00"]


def test_a_closed_day_has_no_alternatives() -> None:
    closed = replace(ALL_DAY, overrides={date(2026, 1, 15): Override(False, "Holiday")})
    assert clocks("20:00", closed) == []


def test_what_is_past_or_within_the_cutoff_is_not_proposed() -> None:
    assert clocks("21:30", now=at("20:00")) == ["21:00", "22:00"]


def test_window_and_step_are_settings() -> None:
    lunch = Policies(alternatives_from="12:00", alternatives_to="14:00", alternatives_step_minutes=60)
    assert clocks("13:00", policies=lunch) == ["12:00", "14:00"]


def test_on_the_night_the_clocks_go_forward_no_missing_hour_is_proposed() -> None:
    found = propose(at("01:30", "2026-03-29"), ALL_DAY, HOUR, POLICIES, MADRID, DAYS_BEFORE)
    shown = [local(t, MADRID).strftime("%H:%M") for t in found]
    assert shown == ["00:00", "00:30", "01:00", "03:00", "03:30", "04:00", "04:30"]


@given(st.integers(0, 365 * 48), st.integers(-2000, 4000), st.sampled_from([ALL_DAY, DINNER]))
def test_alternatives_are_open_offerable_sorted_unique_and_never_the_wanted_time(
    half_hours: int, ahead: int, rule: Rule
) -> None:
    wanted = datetime(2026, 1, 1, tzinfo=UTC) + half_hours * timedelta(minutes=30)
    now = wanted - timedelta(minutes=ahead)
    found = propose(wanted, rule, HOUR, POLICIES, MADRID, now)
    assert found == sorted(set(found) - {wanted})
    assert all(hours_problem(rule, t, HOUR) is None and may_still_be_offered(t, now, POLICIES) for t in found)
    assert all(local(t, MADRID).date() == local(wanted, MADRID).date() for t in found)
