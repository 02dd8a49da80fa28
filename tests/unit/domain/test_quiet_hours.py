from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waitlist_appliance.domain.moments import local, resolve_local
from waitlist_appliance.domain.policies import Policies
from waitlist_appliance.domain.quiet_hours import is_quiet, may_be_lost, quiet_until, waits

MADRID = ZoneInfo("Europe/Madrid")
ZONES = st.sampled_from([MADRID, ZoneInfo("America/Santiago"), ZoneInfo("Australia/Lord_Howe")])
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))
POLICIES = Policies()


def at(clock: str, day: str = "2026-01-15") -> datetime:
    return resolve_local(datetime.fromisoformat(f"{day}T{clock}"), MADRID)


@pytest.mark.parametrize(
    ("clock", "quiet"),
    [("21:59:59", False), ("22:00", True), ("23:59", True), ("00:00", True), ("07:59:59", True), ("08:00", False)],
)
def test_the_night_is_quiet_from_ten_to_eight(clock: str, quiet: bool) -> None:
    assert is_quiet(at(clock), MADRID, POLICIES) is quiet


def test_before_midnight_quiet_ends_tomorrow_and_after_it_today() -> None:
    assert quiet_until(at("23:00", "2026-01-14"), MADRID, POLICIES) == at("08:00")
    assert quiet_until(at("03:00"), MADRID, POLICIES) == at("08:00")
    assert quiet_until(at("12:00"), MADRID, POLICIES) is None


def test_a_window_within_one_day_is_quiet_only_then() -> None:
    siesta = replace(POLICIES, quiet_from="14:00", quiet_to="17:00")
    assert quiet_until(at("15:00"), MADRID, siesta) == at("17:00")
    assert quiet_until(at("23:00"), MADRID, siesta) is None


def test_quiet_until_midnight_ends_at_midnight() -> None:
    evening = replace(POLICIES, quiet_to="24:00")
    assert quiet_until(at("23:00"), MADRID, evening) == at("00:00", "2026-01-16")
    assert not is_quiet(at("00:00"), MADRID, evening)


@pytest.mark.parametrize("change", [{"quiet_hours": False}, {"quiet_from": "08:00"}])
def test_switched_off_or_empty_quiet_hours_are_never_quiet(change: dict[str, object]) -> None:
    assert not is_quiet(at("03:00"), MADRID, replace(POLICIES, **change))  # type: ignore[arg-type]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-28", 9), ("2026-10-24", 11)])
def test_the_night_the_clocks_change_still_ends_at_eight_on_the_wall(day: str, hours: int) -> None:
    begins_at = at("22:00", day)
    assert quiet_until(begins_at, MADRID, POLICIES) == begins_at + timedelta(hours=hours)


@given(MOMENTS, ZONES)
def test_quiet_is_what_the_wall_clock_says(now: datetime, zone: ZoneInfo) -> None:
    shown = local(now, zone)
    assert is_quiet(now, zone, POLICIES) is (shown.hour >= 22 or shown.hour < 8)


@given(MOMENTS, ZONES)
def test_the_end_of_quiet_lies_ahead_and_is_itself_not_quiet(now: datetime, zone: ZoneInfo) -> None:
    end = quiet_until(now, zone, POLICIES)
    assert end is None or (now < end and not is_quiet(end, zone, POLICIES) and local(end, zone).hour == 8)


@pytest.mark.parametrize("kind", ["offer", "offer_race", "join_nudge", "reminder"])
def test_what_nobody_asked_for_waits(kind: str) -> None:
    assert waits(kind, own_act=False)
    assert not waits(kind, own_act=True)


@pytest.mark.parametrize("kind", ["join_link", "joined", "confirmed", "apology", "offer_lost", "help", "cancelled"])
def test_everything_else_goes_at_once(kind: str) -> None:
    assert not waits(kind, own_act=False)


def test_waiting_loses_a_time_whose_cutoff_comes_before_or_just_after_the_morning() -> None:
    morning = at("08:00")
    assert may_be_lost(at("08:30"), morning, POLICIES)
    assert may_be_lost(at("08:34"), morning, POLICIES)
    assert not may_be_lost(at("08:35"), morning, POLICIES)
