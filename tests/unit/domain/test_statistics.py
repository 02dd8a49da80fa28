"""The arithmetic of the statistics page (issue 3, point 7)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waitlist_appliance.domain.statistics import (
    Period,
    Summary,
    Tally,
    heat,
    last_days,
    median_of,
    revenue,
    share,
    summarise,
    trend,
)

NOTHING = Tally({}, {}, {}, {}, 0)
EVENING = Tally(
    entries={("voice_agent", 0): 4, ("voice_agent", 4): 3, ("web", 1): 2, ("web", 3): 1},
    offers={"accepted": 4, "declined": 3, "expired": 1, "withdrawn": 2},
    openings={"booked": 4, "exhausted": 1, "taken": 5},
    minutes={3: 2, 5: 1, 40: 1}, covers=11,
)  # fmt: skip


def counts(summary: Summary) -> list[int]:
    return [step.count for step in summary.funnel]


def test_whoever_came_further_counts_at_every_step_before() -> None:
    assert counts(summarise(EVENING)) == [10, 6, 4, 4, 3]


def test_a_step_tells_its_share_of_all_and_of_the_step_before() -> None:
    offered = summarise(EVENING).funnel[2]
    assert (offered.of_all, offered.of_previous) == (0.4, pytest.approx(4 / 6))


def test_the_conversion_goes_from_the_request_to_the_booking() -> None:
    assert summarise(EVENING).conversion == 0.3


def test_a_place_that_something_else_took_was_never_there_to_be_filled() -> None:
    summary = summarise(EVENING)
    assert (summary.filled, summary.freed, summary.fill_rate) == (4, 5, 0.8)


def test_acceptance_refusal_and_silence_share_the_answered_offers() -> None:
    summary = summarise(EVENING)
    assert (summary.acceptance, summary.refusal, summary.silence) == (0.5, 0.375, 0.125)


def test_every_sent_offer_counts_for_the_offers_per_fill() -> None:
    assert summarise(EVENING).offers_per_fill == 2.5


def test_the_sources_are_told_apart() -> None:
    phone, web, manual = summarise(EVENING).sources
    assert (phone.triggered, phone.booked, web.triggered, web.booked) == (7, 3, 3, 0)
    assert manual.conversion is None


def test_a_period_in_which_nothing_happened_divides_by_nothing() -> None:
    summary = summarise(NOTHING)
    assert summary.empty
    assert (summary.conversion, summary.fill_rate, summary.minutes_to_fill, summary.offers_per_fill) == (None,) * 4


@given(st.dictionaries(st.tuples(st.sampled_from(["voice_agent", "web", "manual"]), st.integers(0, 4)), st.integers(0, 99)))
def test_the_funnel_never_grows(entries: dict[tuple[str, int], int]) -> None:
    steps = counts(summarise(Tally(entries, {}, {}, {}, 0)))
    assert steps == sorted(steps, reverse=True)
    assert steps[0] == sum(entries.values())


@given(st.lists(st.integers(0, 500), min_size=1))
def test_the_median_of_counts_is_the_median_of_the_list(values: list[int]) -> None:
    ordered, counted = sorted(values), {value: values.count(value) for value in values}
    middle = (ordered[(len(values) - 1) // 2] + ordered[len(values) // 2]) / 2
    assert median_of(counted) == middle


def test_half_the_places_were_filled_within_the_median() -> None:
    assert median_of({3: 2, 5: 1, 40: 1}) == 4
    assert median_of({}) is None


def test_more_is_better_but_slower_is_worse() -> None:
    assert trend(5, 3).good
    assert trend(5, 3, more_is_better=False).good is False
    assert trend(0.2, 0.3).direction == "down"


def test_what_cannot_be_compared_has_no_trend() -> None:
    assert [trend(None, 3).direction, trend(3, None).direction, trend(3, 3).direction] == ["unknown", "unknown", "same"]


def test_the_days_before_are_as_many_and_end_the_day_before() -> None:
    week = last_days(date(2026, 1, 15), 7)
    assert (week.since, week.days) == (date(2026, 1, 9), 7)
    assert week.before() == Period(date(2026, 1, 2), date(2026, 1, 8))


@pytest.mark.parametrize("last", [date(2026, 1, 14), date(2029, 1, 1)])
def test_a_period_that_ends_before_it_begins_or_lasts_for_years_is_none(last: date) -> None:
    with pytest.raises(ValueError, match="1 to 731 days"):
        Period(date(2026, 1, 15), last)


def test_the_busiest_hour_is_the_darkest_and_a_single_person_is_still_seen() -> None:
    grid = heat([(4, 20, 100, 30), (4, 21, 1, 0), (5, 19, 50, 1)])
    assert grid.hours == (19, 20, 21)
    assert [cell.level for cell in grid.rows[4]] == [0, 4, 1]
    assert (grid.rows[5][0].level, grid.rows[0][0].level) == (2, 0)


def test_the_same_hour_of_several_weeks_adds_up() -> None:
    cell = heat([(4, 20, 3, 1), (4, 20, 2, 1)]).rows[4][0]
    assert (cell.asked, cell.booked) == (5, 2)


def test_nobody_asked_leaves_an_empty_map() -> None:
    assert heat([]).hours == ()


def test_revenue_is_unknown_until_the_owner_says_what_a_guest_brings() -> None:
    assert (revenue(11, 0), revenue(11, 40), revenue(0, 40)) == (None, 440, 0)


def test_a_share_of_nothing_is_nothing() -> None:
    assert (share(1, 0), share(1, 4)) == (None, 0.25)
