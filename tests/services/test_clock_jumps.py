"""Case 54: the clock jumps forward and back; nothing is lost, nothing is said of the past, nothing happens twice."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.story import Story

HOUR = timedelta(hours=1)


def passes_at(story: Story, moment: datetime) -> None:
    story.now = moment
    story.passes()


def test_a_jump_forward_ends_an_offer_once_and_a_jump_back_does_not_bring_it_back(asked: Story) -> None:
    right = asked.now
    passes_at(asked, right + HOUR)
    passes_at(asked, right)
    assert asked.asked() == [("Ana", "expired"), ("Bruno", "live")]
    assert asked.entry("Ana").silences == 1


def test_after_a_jump_back_nobody_is_asked_again(asked: Story) -> None:
    right = asked.now
    passes_at(asked, right + HOUR)
    for minute in range(0, 50, 10):
        passes_at(asked, right + timedelta(minutes=minute))
    assert asked.asked() == [("Ana", "expired"), ("Bruno", "live")]
    assert asked.told("Bruno").count("offer") == 1


def test_an_offer_is_still_live_after_a_small_jump_back(asked: Story) -> None:
    passes_at(asked, asked.now - timedelta(minutes=10))
    assert asked.asked() == [("Ana", "live")]
    assert asked.yes("Ana").outcome == "accepted"


def test_a_time_freed_after_a_jump_back_is_offered(asked: Story) -> None:
    right = asked.now
    passes_at(asked, right + timedelta(hours=6))
    passes_at(asked, right)
    asked.frees("19:30", "Table 2")
    asked.passes()
    assert asked.asked()[-1] == ("Chloé", "live")


def test_a_change_in_the_calendar_app_is_found_after_a_jump_forward_and_back(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana")
    right = story.now
    passes_at(story, right + timedelta(hours=6))
    passes_at(story, right)
    story.box.db.execute("DELETE FROM local_event")
    story.ticks(6)
    assert story.asked() == [("Ana", "live")]


def test_a_message_put_off_during_a_jump_forward_goes_out_after_the_jump_back(story: Story) -> None:
    story.full("19:30")
    right = story.now
    story.now = right + HOUR
    story.phone_fails("Ana", "retry")
    story.caller("Ana")
    story.passes()
    passes_at(story, right)
    story.ticks(75, step=5)
    assert story.told("Ana")[0] == "join_link"


def test_a_booking_made_before_a_jump_is_not_told_of_twice(asked: Story) -> None:
    asked.yes("Ana")
    asked.passes()
    right = asked.now
    passes_at(asked, right + timedelta(hours=3))
    passes_at(asked, right)
    asked.ticks(30, step=10)
    assert asked.told("Ana").count("confirmed") == 1
    assert asked.bookings()[0].status == "confirmed"
