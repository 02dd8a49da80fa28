"""A booking that the calendar does not take: staff confirm it by hand after a quarter of an hour, or cancel."""

from __future__ import annotations

import pytest

from tests.story import OLIVIA, Story
from waitlist_appliance.domain.errors import Conflict
from waitlist_appliance.services.booking_acts import transition


@pytest.fixture
def stuck(story: Story) -> Story:
    """Ana booked; the calendar has refused it for twenty minutes, and staff were alarmed."""
    story.books("Ana")
    story.calendar_fails("write")
    story.ticks(20)
    assert alarms(story) == 1
    return story


def alarms(story: Story) -> int:
    return int(story.box.db.value("SELECT COUNT(*) FROM alarm WHERE condition LIKE 'booking_pending:%'"))


def confirm(story: Story) -> None:
    transition(story.box, story.bookings("Ana")[0].id, "confirm", story.now, OLIVIA)


def test_staff_confirm_it_and_the_customer_is_told(stuck: Story) -> None:
    confirm(stuck)
    stuck.passes()
    assert [booking.status for booking in stuck.bookings("Ana")] == ["confirmed"]
    assert "confirmed" in stuck.told("Ana")


def test_the_alarm_ends_and_the_history_says_who_did_it(stuck: Story) -> None:
    confirm(stuck)
    assert alarms(stuck) == 0
    done = stuck.box.db.tuples("SELECT actor, actor_name FROM activity WHERE verb = 'booking_confirmed'")
    assert done == [("staff", "Olivia")]


def test_the_calendar_gets_its_event_when_it_is_back_and_nothing_is_taken_back(stuck: Story) -> None:
    confirm(stuck)
    stuck.in_calendar_app("19:30", "Table 1")
    stuck.calendar_fails(None)
    stuck.ticks(10)
    assert "Ana · 2" in stuck.calendar()
    assert [booking.status for booking in stuck.bookings("Ana")] == ["confirmed"]


def test_one_confirmed_by_hand_and_then_cancelled_leaves_no_event(stuck: Story) -> None:
    confirm(stuck)
    transition(stuck.box, stuck.bookings("Ana")[0].id, "cancel", stuck.now, OLIVIA)
    stuck.calendar_fails(None)
    stuck.ticks(10)
    assert "Ana · 2" not in stuck.calendar()


def test_before_a_quarter_of_an_hour_the_calendar_still_has_its_say(story: Story) -> None:
    story.books("Ana")
    story.calendar_fails("write")
    story.ticks(14)
    with pytest.raises(Conflict, match="not_stuck"):
        confirm(story)


def test_confirming_twice_is_fine(stuck: Story) -> None:
    confirm(stuck)
    confirm(stuck)
    stuck.passes()
    assert stuck.told("Ana").count("confirmed") == 1
