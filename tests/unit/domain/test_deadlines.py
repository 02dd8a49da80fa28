from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waitlist_appliance.domain.deadlines import (
    cutoff_at,
    deadline,
    is_over,
    is_race,
    may_still_be_offered,
    offer_window,
)
from waitlist_appliance.domain.policies import Policies

START = datetime(2026, 1, 15, 18, 30, tzinfo=UTC)
POLICIES = Policies()
LEFT = st.integers(-7200, 864_000).map(lambda seconds: timedelta(seconds=seconds))
RULES = st.builds(
    lambda least, more, cutoff: Policies(
        offer_window_minimum_seconds=least, offer_window_seconds=least + more, cutoff_seconds=cutoff
    ),
    st.integers(5, 600),
    st.integers(0, 7200),
    st.integers(0, 7200),
)


def before_start(**left: int) -> datetime:
    return START - timedelta(**left)


def before_cutoff(**left: int) -> datetime:
    return cutoff_at(START, POLICIES) - timedelta(**left)


def test_the_cutoff_lies_half_an_hour_before_the_start() -> None:
    assert cutoff_at(START, POLICIES) == before_start(minutes=30)


@pytest.mark.parametrize(
    ("now", "may"),
    [(before_start(days=3), True), (before_cutoff(seconds=300), True), (before_cutoff(seconds=299), False),
     (before_cutoff(), False), (before_start(), False), (START + timedelta(hours=1), False)],
)  # fmt: skip
def test_a_time_is_offered_only_while_five_minutes_are_left_to_answer(now: datetime, may: bool) -> None:
    assert may_still_be_offered(START, now, POLICIES) is may


def test_at_the_cutoff_nothing_is_offered_even_if_no_time_to_answer_is_asked_for() -> None:
    assert not may_still_be_offered(START, before_cutoff(), replace(POLICIES, offer_window_minimum_seconds=0))


@pytest.mark.parametrize(
    ("left", "minutes"), [(timedelta(days=2), 15), (timedelta(minutes=90), 15), (timedelta(minutes=60), 10),
                          (timedelta(minutes=30), 5), (timedelta(minutes=12), 5)],
)  # fmt: skip
def test_the_window_shrinks_near_the_start_to_a_sixth_of_the_time_left(left: timedelta, minutes: int) -> None:
    assert offer_window(START, cutoff_at(START, POLICIES) - left, POLICIES) == timedelta(minutes=minutes)


@given(LEFT, LEFT, RULES)
def test_more_time_left_never_means_a_shorter_window(one: timedelta, other: timedelta, rules: Policies) -> None:
    windows = [offer_window(START, START - left, rules) for left in sorted((one, other))]
    assert windows == sorted(windows)


@given(LEFT, RULES)
def test_the_window_stays_within_its_bounds(left: timedelta, rules: Policies) -> None:
    seconds = offer_window(START, START - left, rules).total_seconds()
    assert rules.offer_window_minimum_seconds <= seconds <= rules.offer_window_seconds


@given(LEFT, RULES)
def test_a_deadline_never_lies_after_the_cutoff(left: timedelta, rules: Policies) -> None:
    assert deadline(START, START - left, rules) <= cutoff_at(START, rules)


@given(LEFT, RULES)
def test_whoever_may_be_offered_a_time_has_the_least_window_to_answer(left: timedelta, rules: Policies) -> None:
    now = START - left
    least = timedelta(seconds=rules.offer_window_minimum_seconds)
    assert not may_still_be_offered(START, now, rules) or deadline(START, now, rules) - now >= least


def test_the_very_moment_of_the_deadline_is_too_late() -> None:
    assert is_over(START, START)
    assert not is_over(START, START - timedelta(milliseconds=1))


def test_the_race_begins_two_hours_before_the_start() -> None:
    assert is_race(START, before_start(hours=2), POLICIES)
    assert not is_race(START, before_start(hours=2, seconds=1), POLICIES)


def test_a_race_of_one_is_no_race() -> None:
    assert not is_race(START, before_start(hours=1), replace(POLICIES, race_size=1))
