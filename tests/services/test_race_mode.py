"""Case 35, within one process: near the start several are asked at once, and the first yes wins."""

from __future__ import annotations

import pytest

from tests.conftest import NOW, at
from tests.story import Story
from waitlist_appliance.services.appliance import Appliance

CROWD = tuple(f"Guest{number}" for number in range(1, 51))


@pytest.fixture
def race(box: Appliance) -> Story:
    """Friday 18:00, an hour and a half before a table frees; five wait."""
    story = Story(box, NOW)
    story.policy(race_from_seconds=172800)
    story.full("19:30")
    story.in_line("Ana", "Bruno", "Chloé", "Diego", "Emma")
    story.frees()
    story.passes()
    return story


def test_three_are_asked_at_once_and_told_that_the_first_answer_counts(race: Story) -> None:
    assert race.asked() == [("Ana", "live"), ("Bruno", "live"), ("Chloé", "live")]
    assert [race.told(name)[-1] for name in ("Ana", "Bruno", "Chloé")] == ["offer_race"] * 3
    assert race.occupied() == 1


def test_the_first_yes_wins_and_the_others_keep_their_place(race: Story) -> None:
    assert race.yes("Bruno").outcome == "accepted"
    assert race.asked() == [("Ana", "withdrawn"), ("Bruno", "accepted"), ("Chloé", "withdrawn")]
    assert [race.status(name) for name in ("Ana", "Chloé")] == ["waiting", "waiting"]


def test_the_others_are_told_that_somebody_was_faster(race: Story) -> None:
    race.yes("Bruno")
    race.passes()
    assert [race.told(name)[-1] for name in ("Ana", "Bruno", "Chloé")] == ["offer_lost", "confirmed", "offer_lost"]
    assert "offer_lost" not in race.told("Diego")


def test_a_second_yes_is_answered_kindly_and_books_nothing(race: Story) -> None:
    race.yes("Bruno")
    answer = race.yes("Ana")
    assert (answer.outcome, answer.keeps_place) == ("lost", True)
    race.passes()
    assert len(race.bookings()) == 1


def test_a_no_in_a_race_lets_the_next_join_it(race: Story) -> None:
    race.no("Ana")
    race.passes()
    assert race.asked()[-1] == ("Diego", "live")
    assert [state for _, state in race.asked()].count("live") == 3
    assert race.occupied() == 1


def test_a_silence_in_a_race_lets_the_next_join_it(race: Story) -> None:
    race.no("Ana")
    race.passes(minutes=15)
    names = [name for name, state in race.asked() if state == "live"]
    assert names == ["Emma"]  # the other three were silent together


def test_when_all_were_silent_the_hold_ends_and_the_time_is_free(race: Story) -> None:
    race.ticks(45, step=5)
    assert {state for _, state in race.asked()} == {"expired"}
    assert (race.occupied(), len(race.offers())) == (0, 5)
    assert "Waitlist: held" not in race.calendar()


def test_staff_filling_the_time_ends_the_whole_race(race: Story) -> None:
    race.takes("19:30")
    race.passes()
    assert [state for _, state in race.asked()] == ["withdrawn"] * 3
    assert all(race.status(name) == "waiting" for name in ("Ana", "Bruno", "Chloé"))


def test_a_race_needs_the_start_to_be_near(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    story.until("17:29")
    story.frees()
    assert story.asked() == [("Ana", "live")]


def test_a_race_begins_two_hours_before(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    story.until("17:30")
    story.frees()
    assert story.asked() == [("Ana", "live"), ("Bruno", "live")]


def test_fifty_yes_make_one_booking_and_forty_nine_kind_answers(story: Story) -> None:
    story.policy(race_from_seconds=172800, race_size=50)
    story.full("19:30")
    story.in_line(*CROWD)
    story.frees()
    story.passes()
    outcomes = [story.yes(name).outcome for name in reversed(CROWD)]
    assert outcomes == ["accepted"] + ["lost"] * 49
    story.passes()
    assert [booking.starts_at for booking in story.bookings()] == [at("19:30")]
    assert [story.status(name) for name in CROWD[:-1]] == ["waiting"] * 49
    assert {story.told(name)[-1] for name in CROWD[:-1]} == {"offer_lost"}


def test_while_the_calendar_cannot_be_read_nobody_more_is_asked_into_a_race(race: Story) -> None:  # case 36
    race.calendar_fails("read")
    race.passes(minutes=6)
    race.no("Ana")
    race.passes()
    assert "Diego" not in dict(race.asked())
    race.calendar_fails(None)
    race.passes(minutes=1)
    assert dict(race.asked())["Diego"] == "live"
