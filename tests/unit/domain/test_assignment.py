from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waitlist_appliance.domain.assignment import Seat, combinations, distribute, fits, order_for, party_problem

TWO = Seat(1, "table", 1, 2, "Interior")
FOUR = Seat(2, "table", 2, 4, "Interior")
SIX = Seat(3, "table", 3, 6, "Terrace")
TEN = Seat(4, "table", 1, 10, "Interior")
TABLES = [TEN, SIX, FOUR, TWO]
MARTA = Seat(11, "staff", 1, 1, priority=20)
LUIS = Seat(12, "staff", 1, 1, priority=10)
NORA = Seat(13, "staff", 1, 1, priority=10)
TEAM = [NORA, MARTA, LUIS]
SEATS = st.lists(
    st.builds(Seat, st.integers(1, 99), st.sampled_from(["table", "staff", "room"]), st.integers(1, 3),
              st.integers(3, 12), st.sampled_from([None, "Interior", "Terrace"]), st.integers(1, 3)),
    max_size=8, unique_by=lambda seat: seat.id,
)  # fmt: skip


def ids(seats: list[Seat]) -> list[int]:
    return [seat.id for seat in seats]


@pytest.mark.parametrize(
    ("seat", "party", "problem"),
    [(TWO, 4, "party_too_big"), (FOUR, 4, None), (FOUR, 1, "party_too_small"), (TEN, 6, None),
     (TEN, 5, "party_too_small")],
)  # fmt: skip
def test_a_party_is_too_big_too_small_or_fits(seat: Seat, party: int, problem: str | None) -> None:
    assert party_problem(seat, party, tolerance=4) == problem
    assert fits(seat, party, tolerance=4) is (problem is None)


@pytest.mark.parametrize("kind", ["staff", "room"])
def test_empty_places_count_only_at_tables(kind: str) -> None:
    assert fits(Seat(1, kind, 1, 30), 2, tolerance=4)  # type: ignore[arg-type]


def test_a_party_of_four_is_never_asked_for_a_table_of_two() -> None:
    assert TWO not in order_for(TABLES, 4, None, None, 4)


def test_the_smallest_table_that_fits_comes_first() -> None:
    assert ids(order_for(TABLES, 2, None, None, 4)) == [1, 2]
    assert ids(order_for(TABLES, 4, None, None, 8)) == [2, 3, 4]


def test_the_wanted_zone_comes_before_the_smallest() -> None:
    assert ids(order_for(TABLES, 4, " terrace ", None, 8)) == [3, 2, 4]


def test_priority_then_id_decide_between_equal_tables() -> None:
    later, first, second = (
        Seat(1, "table", 1, 2, priority=9),
        Seat(2, "table", 1, 2, priority=1),
        Seat(3, "table", 1, 2, priority=1),
    )
    assert order_for([later, second, first], 2, None, None, 4) == [first, second, later]


def test_a_wanted_resource_is_the_only_one_considered_and_must_fit() -> None:
    assert ids(order_for(TABLES, 4, None, 3, 4)) == [3]
    assert order_for(TABLES, 4, None, 1, 4) == []


@given(SEATS, st.integers(1, 12), st.sampled_from([None, "Interior"]), st.integers(0, 6))
def test_the_order_holds_exactly_the_seats_that_fit(
    seats: list[Seat], party: int, zone: str | None, spare: int
) -> None:
    found = order_for(seats, party, zone, None, spare)
    assert set(found) == {seat for seat in seats if fits(seat, party, spare)}
    assert found == order_for(seats[::-1], party, zone, None, spare)


@pytest.mark.parametrize(
    ("last", "turns"), [(None, [11, 12, 13]), (11, [12, 13, 11]), (13, [11, 12, 13]), (12, [13, 11, 12])]
)
def test_round_robin_goes_on_after_whoever_had_the_last_turn(last: int | None, turns: list[int]) -> None:
    assert ids(distribute("round_robin", TEAM, {}, last)) == turns


def test_round_robin_goes_on_when_the_last_one_is_away() -> None:
    assert ids(distribute("round_robin", [MARTA, NORA], {}, 12)) == [13, 11]


def test_least_busy_counts_and_then_follows_priority() -> None:
    assert ids(distribute("least_busy", TEAM, {12: 2, 13: 1, 11: 1}, None)) == [13, 11, 12]
    assert ids(distribute("least_busy", TEAM, {12: 2}, None)) == [13, 11, 12]


def test_priority_follows_priority_and_then_id() -> None:
    assert ids(distribute("priority", TEAM, {12: 99}, 12)) == [12, 13, 11]


def test_specific_is_one_person_and_nobody_steps_in() -> None:
    assert ids(distribute("specific", TEAM, {}, None, wanted=11)) == [11]
    assert ids(distribute("specific", TEAM, {}, None)) == [12]
    assert distribute("specific", [LUIS], {}, None, wanted=11) == []


def test_two_tables_of_one_zone_are_joined_for_a_party_neither_seats() -> None:
    tables = [TWO, FOUR, SIX, Seat(5, "table", 2, 4, "Interior")]
    assert [ids(list(group)) for group in combinations(tables, 6, 0)] == [[1, 2], [1, 5]]
    assert ids(list(combinations(tables, 8, 0)[0])) == [2, 5]


def test_tables_are_not_joined_when_one_alone_is_enough() -> None:
    assert combinations([FOUR, TEN], 4, 10) == []


def test_tables_that_may_not_be_joined_and_rooms_are_left_alone() -> None:
    fixed = Seat(6, "table", 2, 4, "Interior", combinable=False)
    assert combinations([FOUR, fixed, Seat(7, "room", 1, 4, "Interior")], 8, 4) == []


def test_the_wanted_zone_comes_first_among_joined_tables() -> None:
    terrace = [Seat(8, "table", 1, 3, "Terrace"), Seat(9, "table", 1, 3, "Terrace")]
    inside = [Seat(1, "table", 1, 3, "Interior"), Seat(2, "table", 1, 3, "Interior")]
    assert ids(list(combinations(terrace + inside, 6, 0, wanted_zone="terrace")[0])) == [8, 9]


@given(SEATS, st.integers(2, 30), st.integers(0, 6), st.integers(2, 4))
def test_joined_tables_seat_the_party_and_none_is_needless(
    seats: list[Seat], party: int, spare: int, most: int
) -> None:
    for group in combinations(seats, party, spare, most):
        total = sum(seat.max_party for seat in group)
        assert 2 <= len(set(group)) == len(group) <= most
        assert party <= total <= party + spare
        assert all(total - seat.max_party < party for seat in group)
        assert len({seat.zone for seat in group}) == 1
