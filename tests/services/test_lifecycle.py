"""Case 48: bookings begin and end by the clock; only one still pending at its start expires."""

from __future__ import annotations

import pytest

from tests.conftest import at
from tests.story import Story
from waitlist_appliance.services.cancel_booking import cancel
from waitlist_appliance.services.lifecycle import advance_bookings
from waitlist_appliance.storage.activity import SYSTEM


@pytest.fixture
def booked(story: Story) -> Story:
    """Ana has table 1 on Friday from 19:30 to 21:00."""
    story.books("Ana")
    story.passes()
    return story


def states(story: Story) -> list[str]:
    return [booking.status.value for booking in story.bookings()]


def test_a_booking_is_in_progress_from_its_start_and_completed_at_its_end(booked: Story) -> None:
    seen = []
    for time in ("19:29", "19:30", "20:59", "21:00"):
        booked.until(time)
        seen += states(booked)
    assert seen == ["confirmed", "in_progress", "in_progress", "completed"]


def test_a_booking_whose_start_and_end_have_passed_is_completed_in_one_pass(booked: Story) -> None:
    booked.now = at("23:00")
    assert advance_bookings(booked.box, booked.now) == 2
    assert states(booked) == ["completed"]


def test_both_automatic_steps_are_in_the_history_with_scheduled_and_real_time(booked: Story) -> None:
    booked.until("23:00")
    rows = booked.box.db.tuples(
        "SELECT verb, at, json_extract(detail, '$.scheduled_ms') FROM activity WHERE subject = 'booking' AND actor = 'system'"
    )
    ms = {time: int(at(time).timestamp() * 1000) for time in ("19:30", "21:00", "23:00")}
    assert ("booking_in_progress", ms["23:00"], ms["19:30"]) in rows
    assert ("booking_completed", ms["23:00"], ms["21:00"]) in rows


def test_a_booking_still_pending_at_its_start_expires(story: Story) -> None:
    story.calendar_fails("write")
    story.books("Ana")
    story.until("19:29")
    assert states(story) == ["pending"]
    story.until("19:30")
    assert states(story) == ["expired"]


def test_an_expired_booking_leaves_no_event_and_no_message_behind(asked: Story) -> None:
    asked.calendar_fails("write")
    asked.yes("Ana")
    asked.until("19:30")
    asked.calendar_fails(None)
    asked.ticks(10)
    assert "Ana Pérez · 2" not in asked.calendar()
    assert "confirmed" not in asked.told("Ana")
    assert asked.status("Ana") == "cancelled"


def test_a_completed_booking_takes_no_table_any_more(booked: Story) -> None:
    booked.until("21:00")
    assert booked.occupied() == 0


def test_a_cancelled_booking_does_not_begin(booked: Story) -> None:
    cancel(booked.box, booked.bookings()[0].id, booked.now, SYSTEM, "test")
    booked.until("23:00")
    assert states(booked) == ["cancelled"]


def test_the_clock_twice_moves_a_booking_once(booked: Story) -> None:
    booked.now = at("19:30")
    assert [advance_bookings(booked.box, booked.now), advance_bookings(booked.box, booked.now)] == [1, 0]


def test_one_booking_that_raises_does_not_stop_the_others(story: Story) -> None:  # case 53
    story.calendar_fails("write")
    story.books("Ana", "12:00")
    story.calendar_fails(None)
    story.books("Bruno", "12:30")
    story.box.db.execute("UPDATE booking SET status = 'confirmed' WHERE id = 2")
    story.box.db.execute("PRAGMA foreign_keys = OFF")
    story.box.db.execute("UPDATE booking SET entry_id = 999 WHERE id = 1")  # settling it raises
    advance_bookings(story.box, at("23:00"))
    assert states(story) == ["pending", "completed"]
    assert story.box.db.value("SELECT COUNT(*) FROM activity WHERE verb = 'failed_step'") == 1
