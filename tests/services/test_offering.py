"""Cases 11 to 15, 18, 20 and 25: who is asked when a time frees, and in which order."""

from __future__ import annotations

import pytest

from tests.conftest import at
from tests.story import OLIVIA, Story
from waitlist_appliance.domain.errors import Conflict
from waitlist_appliance.services.edit_events import move_event
from waitlist_appliance.services.settle import look_everywhere
from waitlist_appliance.services.staff_acts import notify, set_priority

TEN = tuple(f"Guest {number}" for number in range(10))


def test_one_freed_time_is_offered_to_the_first_alone(asked: Story) -> None:  # case 11
    assert asked.asked() == [("Ana", "live")]
    assert asked.told("Ana") == ["joined", "offer"]
    assert asked.told("Bruno") == asked.told("Chloé") == ["joined"]


def test_the_offer_takes_the_table_and_shows_in_the_calendar(asked: Story) -> None:  # case 11
    assert (asked.occupied(), asked.openings()) == (1, [("Table 1", "held")])
    assert len(asked.held_in_calendar()) == 1
    assert (asked.status("Ana"), asked.wishes("Ana"), asked.slot().status) == (
        "notified",
        {"19:30": "offered"},
        "available",
    )


def test_looking_again_sends_nothing_more(asked: Story) -> None:  # case 11
    asked.ticks(10)
    assert asked.asked() == [("Ana", "live")]
    assert asked.told("Ana") == ["joined", "offer"]


def test_with_nothing_free_an_offer_by_hand_fails_and_sends_nothing(story: Story) -> None:  # case 12
    story.full("19:30")
    story.in_line("Ana")
    with pytest.raises(Conflict, match="nothing_free"):
        notify(story.box, story.entry("Ana").public_id, story.now, OLIVIA)
    story.passes()
    assert (story.told("Ana"), story.asked()) == (["joined"], [])


def test_two_free_tables_and_ten_waiting_make_two_offers_in_order(story: Story) -> None:  # case 13
    story.full("19:30")
    story.in_line(*TEN)
    story.frees("19:30", "Table 2")
    story.frees("19:30", "Table 1")
    story.passes()
    assert story.asked() == [("Guest 0", "live"), ("Guest 1", "live")]
    assert story.occupied() == 2


def test_the_line_is_kept_to_its_end(story: Story) -> None:  # cases 13 and 14
    story.full("19:30")
    story.in_line(*TEN)
    story.passes()
    story.frees()
    for name in TEN:
        story.passes()
        assert story.asked()[-1] == (name, "live")
        story.no(name)
    assert [name for name, _ in story.asked()] == list(TEN)


def test_priority_comes_before_sign_up_time(story: Story) -> None:  # case 14
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    set_priority(story.box, story.entry("Bruno").public_id, 50, story.now, OLIVIA)
    story.frees()
    assert story.asked() == [("Bruno", "live")]


def test_the_round_comes_before_priority(story: Story) -> None:  # case 14
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    set_priority(story.box, story.entry("Ana").public_id, 1, story.now, OLIVIA)
    story.frees("19:30", "Table 1")
    story.passes()
    story.passes(minutes=16)
    story.in_line("Chloé")
    story.frees("19:30", "Table 2")
    assert story.asked() == [("Ana", "expired"), ("Bruno", "live"), ("Chloé", "live")]


def test_nobody_has_two_live_offers_over_two_entries(story: Story) -> None:  # case 15
    story.full("19:30", "21:30")
    story.waits("Ana", "19:30")
    story.waits("Ana", "21:30")
    story.frees("19:30")
    story.frees("21:30")
    story.passes()
    assert story.asked() == [("Ana", "live")]
    with pytest.raises(Conflict, match="live_offer_exists"):
        notify(story.box, story.entry("Ana").public_id, story.now, OLIVIA)


def test_after_a_no_the_other_time_that_stayed_free_is_offered(story: Story) -> None:  # case 15
    story.full("19:30", "21:30")
    story.waits("Ana", "19:30", "21:30")
    story.frees("19:30")
    story.frees("21:30")
    story.passes()
    story.no("Ana")
    story.passes()
    assert story.asked_for("Ana") == [("19:30", "Table 1"), ("21:30", "Table 1")]


def test_after_silence_the_other_time_that_stayed_free_is_offered(story: Story) -> None:  # case 15
    story.full("19:30", "21:30")
    story.waits("Ana", "19:30", "21:30")
    story.frees("19:30")
    story.frees("21:30")
    story.passes()
    story.passes(minutes=15)
    assert story.asked_for("Ana") == [("19:30", "Table 1"), ("21:30", "Table 1")]


def test_a_time_inside_the_cut_off_is_never_offered_and_its_slot_closes(story: Story) -> None:  # case 18
    story.full("19:30")
    story.in_line("Ana")
    story.until("19:00")
    story.frees()
    story.passes()
    assert story.asked() == []
    assert (story.slot().status, story.slot().next_check_at, story.status("Ana")) == ("expired", None, "expired")
    assert story.occupied() == 0


def test_too_little_time_to_answer_is_no_offer(story: Story) -> None:  # case 18
    story.full("19:30")
    story.in_line("Ana")
    story.until("18:55")
    story.now = at("18:56")
    story.frees()
    story.passes()
    assert story.asked() == []


def test_a_live_offer_ends_with_the_cut_off(story: Story) -> None:  # case 18
    story.full("19:30")
    story.in_line("Ana")
    story.until("18:54")
    story.frees()
    story.passes()
    assert story.offer("Ana").deadline_at == at("18:59")
    story.until("19:00")
    assert (story.asked(), story.status("Ana"), story.occupied()) == ([("Ana", "expired")], "expired", 0)


def test_a_proposed_offer_ends_with_the_cut_off_too(story: Story) -> None:  # case 18
    story.policy(offers="approve_each")
    story.full("19:30")
    story.in_line("Ana")
    story.frees()
    story.passes()
    assert story.asked() == [("Ana", "proposed")]
    story.until("19:00")
    assert (story.asked(), story.status("Ana"), story.occupied()) == ([("Ana", "withdrawn")], "expired", 0)


def test_a_shorter_cut_off_counts_for_those_who_wait_already(story: Story) -> None:  # case 18
    story.full("19:30")
    story.in_line("Ana")
    story.policy(cutoff_seconds=60, offer_window_minimum_seconds=60)
    story.until("19:10")
    story.frees()
    story.passes()
    assert story.asked() == [("Ana", "live")]


def test_an_offer_at_one_time_delays_nothing_at_another(story: Story) -> None:  # case 20
    story.full("19:30", "21:30")
    story.waits("Ana", "19:30")
    story.waits("Bruno", "21:30")
    story.frees("19:30")
    story.frees("21:30")
    story.passes()
    assert story.asked() == [("Ana", "live"), ("Bruno", "live")]


def test_a_new_table_serves_the_line(story: Story) -> None:  # case 25
    story.full("19:30")
    story.in_line("Ana")
    story.add_resource("Table 3", 2)
    look_everywhere(story.box, story.now)
    story.passes()
    assert story.asked_for("Ana") == [("19:30", "Table 3")]


def test_a_new_table_is_found_by_the_next_check_though_nobody_told(story: Story) -> None:  # case 25
    story.full("19:30")
    story.in_line("Ana")
    story.add_resource("Table 3", 2)
    story.passes(minutes=70)
    assert story.asked_for("Ana") == [("19:30", "Table 3")]


def test_an_event_moved_away_serves_the_line(story: Story) -> None:  # case 25
    story.full("19:30")
    story.in_line("Ana")
    move_event(story.box, story.events["19:30", "Table 1"], at("15:00"), at("16:30"), None, story.now, OLIVIA)
    story.passes()
    assert story.asked_for("Ana") == [("19:30", "Table 1")]


def test_an_exhausted_opening_is_offered_to_whoever_joins_later(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana")
    story.frees()
    story.passes()
    story.no("Ana")
    assert story.openings() == [("Table 1", "exhausted")]
    story.caller("Bruno", force=True)
    story.signs_up("Bruno")
    story.passes()
    assert story.asked() == [("Ana", "declined"), ("Bruno", "live")]


def test_an_exhausted_time_is_free_for_everybody(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana")
    story.frees()
    story.passes()
    story.passes(minutes=15)
    assert story.openings() == [("Table 1", "exhausted")]
    assert story.books("Diego").booking.status == "pending"
    assert story.openings() == [("Table 1", "taken")]
    assert story.slot().status == "monitoring"


def test_near_the_start_three_are_asked_at_once_and_a_no_lets_the_next_in(story: Story) -> None:  # race mode
    story.full("19:30")
    story.in_line("Ana", "Bruno", "Chloé", "Diego")
    story.until("18:00")
    story.frees()
    story.passes()
    assert story.asked() == [("Ana", "live"), ("Bruno", "live"), ("Chloé", "live")]
    story.no("Bruno")
    story.passes()
    assert story.asked()[1:] == [("Bruno", "declined"), ("Chloé", "live"), ("Diego", "live")]
    assert (story.occupied(), story.told("Diego")[-1]) == (1, "offer_race")


def test_the_first_yes_wins_the_race_and_the_others_keep_their_place(story: Story) -> None:  # race mode
    story.full("19:30")
    story.in_line("Ana", "Bruno", "Chloé")
    story.until("18:00")
    story.frees()
    story.passes()
    assert story.yes("Bruno").outcome == "accepted"
    assert (story.yes("Ana").outcome, story.yes("Ana").keeps_place) == ("lost", True)
    story.passes()
    assert story.told("Chloé")[-1] == "offer_lost"
    assert (story.status("Ana"), story.status("Bruno"), story.occupied()) == ("waiting", "confirmed", 1)
