from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waitlist_appliance.domain.check_schedule import interval_minutes, next_check
from waitlist_appliance.domain.moments import to_ms

START = datetime(2026, 1, 15, 18, 30, tzinfo=UTC)
LEFT = st.timedeltas(timedelta(hours=-2), timedelta(days=30))
OVERRIDES = st.none() | st.integers(1, 240)


@pytest.mark.parametrize(
    ("left", "minutes"),
    [(timedelta(days=9), 60), (timedelta(hours=24, seconds=1), 60), (timedelta(hours=24), 30),
     (timedelta(hours=6, seconds=1), 30), (timedelta(hours=6), 10), (timedelta(minutes=1), 10)],
)  # fmt: skip
def test_the_nearer_a_slot_the_more_often_it_is_checked(left: timedelta, minutes: int) -> None:
    assert interval_minutes(START, START - left, None) == minutes


def test_a_connection_sets_its_own_interval() -> None:
    assert interval_minutes(START, START - timedelta(days=9), 5) == 5


def test_an_interval_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="minute"):
        interval_minutes(START, START, 0)


def test_the_next_check_is_rounded_up_to_a_mark() -> None:
    now = datetime(2026, 1, 15, 13, 3, 7, tzinfo=UTC)
    assert next_check(START, now, None) == datetime(2026, 1, 15, 13, 20, tzinfo=UTC)


def test_a_check_on_a_mark_is_followed_by_the_next_mark() -> None:
    now = datetime(2026, 1, 15, 13, 0, tzinfo=UTC)
    assert next_check(START, now, None) == now + timedelta(minutes=10)


@given(LEFT, OVERRIDES)
def test_the_next_check_lies_ahead_on_a_mark_and_not_much_later_than_its_interval(
    left: timedelta, override: int | None
) -> None:
    now = START - left
    wait = next_check(START, now, override) - now
    interval = timedelta(minutes=interval_minutes(START, now, override))
    assert timedelta(0) < interval <= wait < interval + timedelta(minutes=10)
    assert to_ms(now + wait) % 600_000 == 0


@given(LEFT, LEFT)
def test_two_slots_watched_alike_fall_due_together(one: timedelta, other: timedelta) -> None:
    now = START - timedelta(days=60)
    assert next_check(START + one, now, None) == next_check(START + other, now, None)
