from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waitlist_appliance.domain.availability import Rule
from waitlist_appliance.domain.flexible import Flexible, FlexibleError, expand, parse
from waitlist_appliance.domain.moments import local, resolve_local

MADRID = ZoneInfo("Europe/Madrid")
NOW = datetime(2026, 1, 14, 9, 0, tzinfo=UTC)  # a Wednesday, ten in Madrid
HOUR = timedelta(hours=1)
CUTOFF = timedelta(minutes=30)
DAILY = Rule(1, "Casa Lola", MADRID, dict.fromkeys(range(7), (("09:00", "20:00"),)), step_minutes=60)
NIGHTLY = Rule(2, "Bar Lola", MADRID, dict.fromkeys(range(7), (("20:00", "02:00"),)), step_minutes=60)


def shown(flexible: Flexible, rule: Rule = DAILY, limit: int = 100) -> list[str]:
    return [local(t, MADRID).strftime("%d %H:%M") for t in expand(flexible, rule, HOUR, NOW, CUTOFF, limit)]


def test_any_afternoon_this_week_with_marta() -> None:
    payload = {
        "fromDate": "2026-01-14",
        "toDate": "2026-01-18",
        "fromTime": "14:00",
        "toTime": "18:00",
        "resourceId": "11",
    }
    wish = parse(payload, MADRID, NOW)
    assert wish.resource_id == 11
    assert shown(wish)[:6] == ["14 14:00", "14 15:00", "14 16:00", "14 17:00", "14 18:00", "15 14:00"]
    assert len(shown(wish)) == 25


def test_camel_case_and_snake_case_are_the_same_wish() -> None:
    camel = parse({"fromDate": "2026-01-15", "weekDays": ["fri", 5, "6"], "resource": "any"}, MADRID, NOW)
    snake = parse({"from_date": "2026-01-15", "weekdays": "friday,saturday,sunday"}, MADRID, NOW)
    assert camel == snake
    assert camel.weekdays == frozenset({4, 5, 6})


def test_single_dates_are_sorted_and_the_past_ones_left_out() -> None:
    wish = parse({"dates": ["2026-01-20", "2026-01-15", "2026-01-02"]}, MADRID, NOW)
    assert wish.dates == (date(2026, 1, 15), date(2026, 1, 20))


def test_one_date_alone_is_a_wish_for_that_day() -> None:
    assert parse({"date": "2026-01-15"}, MADRID, NOW).dates == (date(2026, 1, 15),)
    assert parse({"from_date": "2026-01-15"}, MADRID, NOW).to_date == date(2026, 1, 15)


def test_a_range_that_has_begun_goes_on_from_today() -> None:
    assert parse({"from_date": "2026-01-01", "to_date": "2026-01-20"}, MADRID, NOW).from_date == date(2026, 1, 14)


@pytest.mark.parametrize(
    ("payload", "field"),
    [({}, "dates"), ({"to_date": "2026-01-20"}, "dates"),
     ({"dates": ["soon"]}, "dates"), ({"dates": ["2026-01-01"]}, "dates"),
     ({"dates": ["2026-02-30"]}, "dates"),
     ({"date": "9999-12-31"}, "dates"), ({"from_date": "2026-01-20", "to_date": "2026-01-19"}, "to_date"),
     ({"from_date": "2026-01-01", "to_date": "2026-01-02"}, "to_date"), ({"from_date": 5}, "from_date"),
     ({"from_date": "2026-01-20", "to_date": "2028-01-19"}, "to_date"),
     ({"dates": ["2026-01-20"], "to_date": "2026-01-21"}, "from_date"),
     ({"date": "2026-01-20", "weekdays": ["lunes"]}, "weekdays"), ({"date": "2026-01-20", "weekdays": 7}, "weekdays"),
     ({"date": "2026-01-20", "from_time": "24:00"}, "from_time"),
     ({"date": "2026-01-20", "to_time": "late"}, "to_time"),
     ({"date": "2026-01-20", "resource": "Marta"}, "resource_id")],
)  # fmt: skip
def test_a_wish_that_cannot_be_understood_names_the_field(payload: dict[str, object], field: str) -> None:
    with pytest.raises(FlexibleError) as refused:
        parse(payload, MADRID, NOW)
    assert refused.value.field == field


def test_only_the_wanted_weekdays_are_expanded() -> None:
    wish = Flexible(from_date=date(2026, 1, 14), to_date=date(2026, 1, 25), weekdays=frozenset({5}), to_time="09:00")
    assert shown(wish) == ["17 09:00", "24 09:00"]


def test_a_wish_is_cut_to_its_limit_earliest_first() -> None:
    wish = Flexible(from_date=date(2026, 1, 15), to_date=date(2026, 12, 31))
    assert shown(wish, limit=100)[-1] == "24 09:00"
    assert len(shown(wish, limit=100)) == 100
    assert shown(wish, limit=0) == []


def test_times_past_or_within_the_cutoff_are_left_out() -> None:
    assert shown(Flexible(dates=(date(2026, 1, 14),), to_time="12:00")) == ["14 11:00", "14 12:00"]


def test_a_day_by_the_clock_has_the_end_of_last_evening_but_not_the_next_midnight() -> None:
    assert shown(Flexible(dates=(date(2026, 1, 16),)), NIGHTLY) == [
        "16 00:00", "16 01:00", "16 20:00", "16 21:00", "16 22:00", "16 23:00",
    ]  # fmt: skip


def test_an_evening_wish_may_run_past_midnight() -> None:
    wish = Flexible(dates=(date(2026, 1, 16),), from_time="23:00", to_time="01:00")
    assert shown(wish, NIGHTLY) == ["16 23:00", "17 00:00", "17 01:00"]


def test_on_the_day_the_clocks_go_forward_no_missing_hour_is_wished_for() -> None:
    always = Rule(3, "Always", MADRID, dict.fromkeys(range(7), (("00:00", "24:00"),)), step_minutes=60)
    wish = Flexible(dates=(date(2026, 3, 29),), to_time="04:00")
    assert shown(wish, always) == ["29 00:00", "29 01:00", "29 03:00", "29 04:00"]


@given(
    st.dates(date(2026, 1, 10), date(2026, 4, 30)),
    st.integers(0, 40),
    st.integers(0, 23),
    st.integers(0, 24),
    st.integers(1, 60),
    st.sampled_from([DAILY, NIGHTLY]),
)
def test_the_times_are_sorted_unique_bookable_and_the_earliest(
    first: date, days: int, opens: int, closes: int, limit: int, rule: Rule
) -> None:
    wish = Flexible((), first, first + timedelta(days=days), None, f"{opens:02}:00", f"{closes:02}:00")
    found = expand(wish, rule, HOUR, NOW, CUTOFF, limit)
    everything = expand(wish, rule, HOUR, NOW, CUTOFF, 10_000)
    assert found == sorted(set(everything))[:limit]
    assert all(start - CUTOFF > NOW for start in found)
    assert all(start >= resolve_local(datetime(first.year, first.month, first.day), MADRID) for start in found)
