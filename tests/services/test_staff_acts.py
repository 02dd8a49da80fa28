"""Case 59 (and 12, 15): what staff do by hand is checked, and in the history with who and why."""

from __future__ import annotations

import pytest

from tests.conftest import at
from tests.story import OLIVIA, Story
from waitlist_appliance.domain.errors import Conflict, Invalid, NotFound
from waitlist_appliance.services.leave_waitlist import cancel_entry
from waitlist_appliance.services.staff_acts import (
    approve,
    check_slot_now,
    notify,
    reopen,
    set_notes,
    set_priority,
    withdraw,
)
from waitlist_appliance.storage import activity


@pytest.fixture
def by_hand(story: Story) -> Story:
    """Ana and Bruno wait for a full 19:30; offers are made by hand only."""
    story.policy(offers="manual")
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    return story


def entry(story: Story, name: str) -> str:
    return story.entry(name).public_id


def offers_now(story: Story, name: str, **asked: object) -> str:
    return str(notify(story.box, entry(story, name), story.now, OLIVIA, **asked).state)  # type: ignore[arg-type]


def history(story: Story, name: str) -> list[tuple[str, str | None]]:
    """What was done to the person's entry by staff: verb and who, newest first."""
    rows = activity.of_entry(story.box.db, story.entry(name).id)
    return [(row.verb, row.actor_name) for row in rows if row.actor == "staff"]


def test_staff_offer_a_free_time_by_hand_to_whom_they_choose(by_hand: Story) -> None:
    by_hand.frees()
    assert by_hand.asked() == []
    assert offers_now(by_hand, "Bruno") == "live"
    by_hand.passes()
    assert by_hand.told("Bruno")[-1] == "offer"
    assert history(by_hand, "Bruno") == [("offer_made", "Olivia")]


def test_with_nothing_free_an_offer_by_hand_fails_and_sends_nothing(by_hand: Story) -> None:  # case 12
    with pytest.raises(Conflict, match="nothing_free"):
        offers_now(by_hand, "Ana")
    by_hand.passes()
    assert "offer" not in by_hand.told("Ana")


def test_a_second_offer_by_hand_to_one_person_is_refused(by_hand: Story) -> None:  # case 15
    by_hand.frees()
    offers_now(by_hand, "Ana")
    with pytest.raises(Conflict, match="live_offer_exists"):
        offers_now(by_hand, "Ana")


def test_an_offer_by_hand_after_the_cut_off_is_refused(by_hand: Story) -> None:
    by_hand.frees()
    by_hand.now = at("18:56")
    with pytest.raises(Conflict, match="cut_off_passed"):
        offers_now(by_hand, "Ana")


def test_an_offer_by_hand_to_somebody_not_signed_up_is_refused(by_hand: Story) -> None:
    by_hand.caller("Chloé")
    by_hand.frees()
    with pytest.raises(Conflict, match="entry_invited"):
        offers_now(by_hand, "Chloé")


def test_a_party_too_big_is_refused_by_hand_unless_staff_insist(story: Story) -> None:
    story.policy(offers="manual")
    story.full("19:30")
    story.waits("Ana", party=4)
    story.frees()
    with pytest.raises(Conflict, match="does_not_fit"):
        offers_now(story, "Ana")
    assert offers_now(story, "Ana", force=True) == "live"


def test_staff_cannot_insist_on_somebody_who_cannot_be_reached(by_hand: Story) -> None:
    by_hand.replies("Ana", "STOP")
    by_hand.frees()
    with pytest.raises(Conflict, match="cannot_be_contacted"):
        offers_now(by_hand, "Ana", force=True)


def test_an_offer_by_hand_on_an_unknown_entry_is_not_found(by_hand: Story) -> None:
    with pytest.raises(NotFound):
        notify(by_hand.box, "nobody", by_hand.now, OLIVIA)


def test_staff_withdraw_an_offer_and_the_next_is_asked(asked: Story) -> None:
    withdraw(asked.box, asked.offer("Ana").public_id, asked.now, OLIVIA)
    asked.passes()
    assert asked.asked() == [("Ana", "withdrawn"), ("Bruno", "live")]
    assert asked.told("Ana")[-1] == "offer_lost"
    assert ("offer_withdrawn", "Olivia") in history(asked, "Ana")


def test_whose_offer_was_withdrawn_keeps_the_place_and_is_not_asked_again_at_once(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana")
    story.frees()
    story.passes()
    withdraw(story.box, story.offer("Ana").public_id, story.now, OLIVIA)
    story.ticks(60, step=10)
    assert story.asked() == [("Ana", "withdrawn")]
    story.frees("19:30", "Table 2")
    story.passes()
    assert story.asked()[-1] == ("Ana", "live")


def test_withdrawing_twice_is_refused(asked: Story) -> None:
    withdraw(asked.box, asked.offer("Ana").public_id, asked.now, OLIVIA)
    with pytest.raises(Conflict, match="offer_over"):
        withdraw(asked.box, asked.offer("Ana").public_id, asked.now, OLIVIA)


def test_a_yes_given_before_the_withdrawal_stands(asked: Story) -> None:
    asked.yes("Ana")
    with pytest.raises(Conflict, match="offer_over"):
        withdraw(asked.box, asked.offer("Ana").public_id, asked.now, OLIVIA)
    asked.passes()
    assert asked.bookings()[0].status == "confirmed"


def test_staff_move_an_entry_up_and_it_is_asked_first(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana", "Bruno", "Chloé")
    set_priority(story.box, entry(story, "Chloé"), 10, story.now, OLIVIA)
    story.frees()
    assert story.asked() == [("Chloé", "live")]
    assert history(story, "Chloé") == [("priority_changed", "Olivia")]


@pytest.mark.parametrize("priority", [-1, 1001])
def test_a_priority_out_of_bounds_is_refused(by_hand: Story, priority: int) -> None:
    with pytest.raises(Invalid, match="priority"):
        set_priority(by_hand.box, entry(by_hand, "Ana"), priority, by_hand.now, OLIVIA)


def test_a_priority_given_to_somebody_not_signed_up_counts_once_they_are(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana")
    story.caller("Bruno")
    set_priority(story.box, entry(story, "Bruno"), 1, story.now, OLIVIA)
    story.signs_up("Bruno")
    story.frees()
    assert story.asked() == [("Bruno", "live")]


def test_staff_reopen_an_expired_entry_at_the_end_of_the_line(asked: Story) -> None:
    asked.policy(silences_limit=1)
    asked.passes(minutes=15)
    assert reopen(asked.box, entry(asked, "Ana"), asked.now, OLIVIA).status == "waiting"
    asked.passes()
    asked.frees("19:30", "Table 2")
    asked.passes()
    assert asked.asked()[-1] == ("Chloé", "live")
    assert ("reopened", "Olivia") in history(asked, "Ana")


def test_only_an_expired_entry_is_reopened(asked: Story) -> None:
    for name in ("Ana", "Bruno"):
        with pytest.raises(Conflict, match="entry_over"):
            reopen(asked.box, entry(asked, name), asked.now, OLIVIA)


def test_an_entry_whose_time_has_passed_is_not_reopened(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana")
    story.until("19:05")
    with pytest.raises(Conflict, match="entry_over"):
        reopen(story.box, entry(story, "Ana"), story.now, OLIVIA)
    assert story.status("Ana") == "expired"


def test_staff_delete_an_entry_and_the_next_is_asked(asked: Story) -> None:
    cancel_entry(asked.box, asked.entry("Ana"), asked.now, OLIVIA, "called to cancel")
    asked.passes()
    assert asked.asked() == [("Ana", "withdrawn"), ("Bruno", "live")]
    [row] = [row for row in activity.of_entry(asked.box.db, asked.entry("Ana").id) if row.verb == "cancelled"]
    assert (row.actor_name, row.reason) == ("Olivia", "called to cancel")


def test_staff_approve_a_proposed_offer_and_only_then_it_goes_out(story: Story) -> None:  # case 62
    story.policy(offers="approve_each")
    story.full("19:30")
    story.in_line("Ana")
    story.frees()
    story.passes()
    assert (story.asked(), "offer" in story.told("Ana")) == ([("Ana", "proposed")], False)
    approve(story.box, story.offer("Ana").public_id, story.now, OLIVIA)
    story.passes()
    assert story.told("Ana")[-1] == "offer"
    assert ("offer_approved", "Olivia") in history(story, "Ana")


def test_a_proposed_offer_that_is_withdrawn_says_nothing_to_its_person(story: Story) -> None:  # case 62
    story.policy(offers="approve_each")
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    story.frees()
    withdraw(story.box, story.offer("Ana").public_id, story.now, OLIVIA)
    story.passes()
    assert story.asked() == [("Ana", "withdrawn"), ("Bruno", "proposed")]
    assert not {"offer", "offer_lost"} & set(story.told("Ana"))


def test_a_proposed_offer_ends_at_the_cut_off_and_frees_its_person(story: Story) -> None:  # cases 18 and 62
    story.policy(offers="approve_each")
    story.full("19:30", "21:30")
    story.waits("Ana", "19:30", "21:30")
    story.frees()
    story.until("19:00")
    assert (story.asked(), story.occupied()) == ([("Ana", "withdrawn")], 0)
    story.frees("21:30")
    assert story.asked()[-1] == ("Ana", "proposed")


def test_notes_are_kept_and_too_long_ones_refused(by_hand: Story) -> None:
    assert set_notes(by_hand.box, entry(by_hand, "Ana"), " window ", by_hand.now, OLIVIA).notes == "window"
    with pytest.raises(Invalid, match="notes"):
        set_notes(by_hand.box, entry(by_hand, "Ana"), "x" * 2001, by_hand.now, OLIVIA)
    assert history(by_hand, "Ana") == [("notes_changed", "Olivia")]


def test_staff_check_a_time_now_and_what_is_free_is_offered(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana")
    with story.box.db.write():
        story.box.db.execute("DELETE FROM event WHERE resource_id = 1")
        story.box.db.execute("DELETE FROM local_event WHERE resource = (SELECT public_id FROM resource WHERE id = 1)")
    check_slot_now(story.box, story.slot().public_id, story.now, OLIVIA)
    assert story.asked() == [("Ana", "live")]


def test_who_had_an_offer_taken_back_is_not_asked_at_once_for_an_overlapping_time(story: Story) -> None:
    story.full("19:30")
    story.waits("Ana", "19:30", "20:00")
    story.frees()
    story.passes()
    withdraw(story.box, story.offer("Ana").public_id, story.now, OLIVIA)
    story.passes(minutes=1)
    assert len(story.offers("Ana")) == 1


def test_in_quiet_hours_an_offer_by_hand_that_waiting_would_lose_is_refused(by_hand: Story) -> None:
    by_hand.policy(quiet_from="18:00", quiet_to="23:30")
    by_hand.until("18:10")
    by_hand.frees()
    with pytest.raises(Conflict, match="quiet_hours"):
        offers_now(by_hand, "Ana")


def test_who_is_no_longer_in_line_is_not_moved_in_it(by_hand: Story) -> None:
    public_id = entry(by_hand, "Ana")
    cancel_entry(by_hand.box, by_hand.entry("Ana"), by_hand.now, OLIVIA, "by_staff")
    with pytest.raises(Conflict, match="entry_over"):
        set_priority(by_hand.box, public_id, 10, by_hand.now, OLIVIA)
    assert by_hand.box.db.value("SELECT priority FROM entry WHERE public_id = ?", public_id) == 100
