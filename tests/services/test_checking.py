"""Slots are checked at their marks while somebody waits, and not at all otherwise (domain.md, Checking calendars)."""

from __future__ import annotations

from tests.conftest import at
from tests.story import OLIVIA, Story
from waitlist_appliance.services.check_slots import check_due
from waitlist_appliance.services.leave_waitlist import leave
from waitlist_appliance.services.staff_acts import check_slot_now
from waitlist_appliance.services.sync_calendar import sync


def unseen(story: Story, table: str = "Table 1") -> None:
    """The event is deleted in the calendar itself: neither mirror nor matching has heard of it."""
    public_id = story.events.pop(("19:30", table))
    uid = story.box.db.value("SELECT provider_event_id FROM event WHERE public_id = ?", public_id)
    story.box.db.execute("DELETE FROM local_event WHERE uid = ?", uid)


def test_a_slot_is_checked_more_often_the_nearer_it_is(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana")
    assert story.slot().next_check_at == at("12:10", "2026-01-15")
    story.until("20:00", "2026-01-15")
    assert story.slot().next_check_at == at("20:30", "2026-01-15")
    story.until("14:00")
    assert story.slot().next_check_at == at("14:10")


def test_with_nobody_waiting_there_is_no_timer(story: Story) -> None:
    story.full("19:30")
    story.caller("Ana")
    assert story.slot().next_check_at is None
    story.signs_up("Ana")
    leave(story.box, story.joined["Ana", "19:30"].token, story.now)
    assert (story.slot().next_check_at, story.slot().status) == (None, "cancelled")


def test_a_check_that_comes_twice_claims_nothing_the_second_time(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana")
    story.now = at("12:10", "2026-01-15")
    assert (check_due(story.box, story.now), check_due(story.box, story.now)) == (1, 0)
    assert story.slot().next_check_at == at("13:10", "2026-01-15")


def test_a_deletion_in_the_calendar_is_found_by_the_next_check(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana")
    unseen(story)
    story.now = at("12:10", "2026-01-15")
    check_due(story.box, story.now)
    assert story.asked() == [("Ana", "live")]


def test_check_now_asks_the_worker_to_read_and_looks_at_once(story: Story) -> None:
    story.policy(offers="paused")
    story.full("19:30")
    story.in_line("Ana")
    story.frees()
    story.box.db.execute("UPDATE setting SET value = '\"automatic\"' WHERE key = 'offers'")
    check_slot_now(story.box, story.slot().public_id, story.now, OLIVIA)
    assert story.asked() == [("Ana", "live")]


def test_a_read_that_finds_a_foreign_event_takes_the_offered_time(asked: Story) -> None:
    asked.box.db.insert(
        "local_event", uid="foreign", title="Boda", starts_at=at("19:00"), ends_at=at("23:00"), resource="Table 1"
    )
    sync(asked.box, 1, asked.now)
    asked.passes()
    assert (asked.asked(), asked.told("Ana")[-1], asked.occupied()) == ([("Ana", "withdrawn")], "offer_lost", 0)
    assert (asked.status("Ana"), asked.openings()) == ("waiting", [("Table 1", "taken")])


def test_a_worker_that_slept_for_hours_ends_overdue_offers_once_and_moves_on(asked: Story) -> None:
    asked.passes(minutes=5 * 60)
    assert asked.asked() == [("Ana", "expired"), ("Bruno", "live")]
    assert asked.entry("Ana").silences == 1
