from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waitlist_appliance.domain.moments import (
    ceil_to_minutes,
    from_ms,
    local,
    local_day_bounds,
    parse_clock,
    parse_when,
    resolve_local,
    to_ms,
)

MADRID = ZoneInfo("Europe/Madrid")
SANTIAGO = ZoneInfo("America/Santiago")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
ZONES = st.sampled_from([MADRID, SANTIAGO, LORD_HOWE])
NAIVE = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1))
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


def test_milliseconds_of_a_known_moment() -> None:
    assert to_ms(datetime(2026, 1, 15, 18, 30, tzinfo=UTC)) == 1768501800000
    assert from_ms(1768501800000) == datetime(2026, 1, 15, 18, 30, tzinfo=UTC)


def test_a_moment_in_another_zone_has_the_same_milliseconds() -> None:
    assert to_ms(datetime(2026, 1, 15, 19, 30, tzinfo=MADRID)) == 1768501800000


@pytest.mark.parametrize("rule", [to_ms, lambda dt: local(dt, MADRID), lambda dt: ceil_to_minutes(dt, 10)])
def test_a_naive_datetime_is_no_moment(rule) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="zone"):
        rule(datetime(2026, 1, 15, 19, 30))


@given(st.integers(-(10**12), 4 * 10**12))
def test_milliseconds_survive_the_round_trip(ms: int) -> None:
    assert to_ms(from_ms(ms)) == ms


def test_a_time_the_clocks_skip_moves_forward_by_the_gap() -> None:
    found = resolve_local(datetime(2026, 3, 29, 2, 30), MADRID)
    assert found == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert local(found, MADRID).strftime("%H:%M") == "03:30"


def test_a_gap_of_half_an_hour_moves_by_half_an_hour() -> None:
    found = local(resolve_local(datetime(2026, 10, 4, 2, 10), LORD_HOWE), LORD_HOWE)
    assert found.strftime("%H:%M") == "02:40"


@pytest.mark.parametrize("fold", [0, 1])
def test_a_time_that_happens_twice_is_the_first(fold: int) -> None:
    found = resolve_local(datetime(2026, 10, 25, 2, 30, fold=fold), MADRID)
    assert found == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_wall_clock_time_carries_no_zone() -> None:
    with pytest.raises(ValueError, match="no zone"):
        resolve_local(datetime(2026, 1, 1, tzinfo=UTC), MADRID)


@given(NAIVE, ZONES)
def test_resolving_reads_the_same_on_the_wall_or_moves_forward_by_an_hour_at_most(
    naive: datetime, zone: ZoneInfo
) -> None:
    shown = local(resolve_local(naive, zone), zone).replace(tzinfo=None)
    assert timedelta(0) <= shown - naive <= timedelta(hours=1)


@pytest.mark.parametrize(
    "text",
    ["2026-01-15T19:30", "2026-01-15 19:30", "2026-01-15T19:30:00", " 2026-01-15T19:30:00.000 ",
     "2026-01-15T18:30Z", "2026-01-15t18:30:00z", "2026-01-15T19:30+01:00", "2026-01-15T13:30-0500",
     "2026-01-15 19:30:00 +01:00", "2026-01-15T19:30+01"],
)  # fmt: skip
def test_one_moment_in_many_spellings(text: str) -> None:
    assert parse_when(text, MADRID) == datetime(2026, 1, 15, 18, 30, tzinfo=UTC)
    assert parse_when(text, MADRID).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    ["", "tonight", "2026-01-15", "19:30", "2026-02-30T19:30", "2026-01-15T24:30", "15/01/2026 19:30",
     "2026-01-15T19:30 CET", "2026-01-15T19:30+25:00", "0001-01-01T00:00+14:00", "9999-12-31T23:59-10:00",
     "9999-12-31T23:59Z", "0001-01-01T00:00", "２０２６-01-15T19:30", "2026-01-15T19:30\n2026"],
)  # fmt: skip
def test_what_is_no_date_and_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_when(text, MADRID)


@given(st.text(max_size=40))
def test_any_text_is_a_moment_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_when(text, MADRID).tzinfo is UTC


@given(MOMENTS, st.timedeltas(-timedelta(hours=14), timedelta(hours=14)))
def test_iso_text_with_an_offset_is_read_back(moment: datetime, offset: timedelta) -> None:
    whole = timedelta(minutes=offset // timedelta(minutes=1))
    assert parse_when(moment.astimezone(timezone(whole)).isoformat(), MADRID) == moment


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [(date(2026, 1, 15), MADRID, 24), (date(2026, 3, 29), MADRID, 23), (date(2026, 10, 25), MADRID, 25),
     (date(2026, 9, 6), SANTIAGO, 23), (date(2026, 4, 4), SANTIAGO, 25), (date(2026, 4, 5), LORD_HOWE, 24.5)],
)  # fmt: skip
def test_a_day_is_as_long_as_its_clocks_say(day: date, zone: ZoneInfo, hours: float) -> None:
    first, following = local_day_bounds(day, zone)
    assert following - first == timedelta(hours=hours)


@given(st.dates(date(2020, 1, 1), date(2035, 1, 1)), ZONES)
def test_one_day_ends_where_the_next_begins(day: date, zone: ZoneInfo) -> None:
    first, following = local_day_bounds(day, zone)
    assert local_day_bounds(day + timedelta(days=1), zone)[0] == following
    assert local(first, zone).date() == day
    assert local(following - timedelta(seconds=1), zone).date() == day


@given(MOMENTS, st.sampled_from([1, 5, 10, 15, 30, 60]))
def test_a_mark_is_never_before_and_less_than_a_step_after(moment: datetime, minutes: int) -> None:
    mark = ceil_to_minutes(moment, minutes)
    assert timedelta(0) <= mark - moment < timedelta(minutes=minutes)
    assert to_ms(mark) % (minutes * 60_000) == 0


def test_a_moment_on_a_mark_is_its_own_mark() -> None:
    assert ceil_to_minutes(from_ms(600_000), 10) == from_ms(600_000)


def test_marks_are_at_least_a_minute_apart() -> None:
    with pytest.raises(ValueError, match="minute"):
        ceil_to_minutes(from_ms(0), 0)


def test_midnight_at_the_end_of_a_day_is_a_time_only_for_ends() -> None:
    assert parse_clock("24:00", end=True) == 1440
    with pytest.raises(ValueError, match="24:00"):
        parse_clock("24:00")


@pytest.mark.parametrize("text", ["", "7", "19.30", "25:00", "19:60", "-1:00", "24:01", "19:30:00", "noon"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="time of day"):
        parse_clock(text, end=True)
