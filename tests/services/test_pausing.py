"""Case 62: joining closed, offers paused and resumed, approved one by one."""

from __future__ import annotations

import pytest

from tests.story import OLIVIA, Story
from waitlist_appliance.domain.errors import Conflict, Forbidden
from waitlist_appliance.services.staff_acts import approve, notify, withdraw


def test_a_closed_door_refuses_newcomers_and_serves_those_inside(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana")
    story.policy(joining="closed")
    with pytest.raises(Forbidden, match="joining_closed"):
        story.caller("Bruno")
    story.frees()
    story.passes()
    assert (story.asked(), story.entries("Bruno")) == ([("Ana", "live")], [])


def test_a_closed_door_still_knows_who_is_inside(story: Story) -> None:
    story.full("19:30")
    story.caller("Ana")
    story.policy(joining="closed")
    assert not story.caller("Ana").created
    story.signs_up("Ana")
    assert story.status("Ana") == "waiting"


def test_while_offers_are_paused_an_opening_waits_without_a_hold(story: Story) -> None:
    story.policy(offers="paused")
    story.full("19:30")
    story.in_line("Ana")
    story.frees()
    story.ticks(30, step=10)
    assert (story.asked(), story.openings(), story.occupied()) == ([], [("Table 1", "open")], 0)
    assert story.slot().status == "available"


def test_resumed_offers_are_made_in_order_and_at_once(story: Story) -> None:
    story.policy(offers="paused")
    story.full("19:30", "21:30")
    story.waits("Bruno", "21:30")
    story.waits("Ana", "19:30", "21:30")
    story.frees("19:30")
    story.frees("21:30")
    story.policy(offers="automatic")
    story.passes()
    assert sorted(story.asked()) == [("Ana", "live"), ("Bruno", "live")]
    assert story.told("Ana")[-1] == "offer"


def test_a_pause_ends_no_offer_that_is_out(asked: Story) -> None:
    asked.policy(offers="paused")
    asked.passes(minutes=5)
    assert asked.yes("Ana").outcome == "accepted"


def test_after_a_no_in_a_pause_nobody_is_asked_until_it_ends(asked: Story) -> None:
    asked.policy(offers="paused")
    asked.no("Ana")
    asked.passes()
    assert asked.asked() == [("Ana", "declined")]
    asked.policy(offers="automatic")
    asked.passes()
    assert asked.asked() == [("Ana", "declined"), ("Bruno", "live")]


def test_by_hand_only_staff_ask(story: Story) -> None:
    story.policy(offers="manual")
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    story.frees()
    story.passes(minutes=30)
    assert story.asked() == []
    notify(story.box, story.entry("Bruno").public_id, story.now, OLIVIA)
    story.passes()
    assert (story.asked(), story.told("Bruno")[-1]) == ([("Bruno", "live")], "offer")


@pytest.fixture
def proposed(story: Story) -> Story:
    """Offers are approved one by one; Ana's is proposed, Bruno waits behind her."""
    story.policy(offers="approve_each")
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    story.frees()
    story.passes()
    return story


def test_a_proposal_holds_the_time_and_tells_nobody(proposed: Story) -> None:
    proposed.passes(minutes=60)
    assert (proposed.asked(), proposed.occupied(), proposed.told("Ana")) == ([("Ana", "proposed")], 1, ["joined"])


def test_one_tap_sends_a_proposal_and_starts_its_clock(proposed: Story) -> None:
    proposed.passes(minutes=60)
    approve(proposed.box, proposed.offer("Ana").public_id, proposed.now, OLIVIA)
    proposed.passes()
    assert (proposed.asked(), proposed.told("Ana")[-1]) == ([("Ana", "live")], "offer")
    proposed.passes(minutes=15)
    assert proposed.asked() == [("Ana", "expired"), ("Bruno", "proposed")]


def test_a_proposal_turned_down_proposes_the_next(proposed: Story) -> None:
    withdraw(proposed.box, proposed.offer("Ana").public_id, proposed.now, OLIVIA)
    proposed.passes()
    assert proposed.asked() == [("Ana", "withdrawn"), ("Bruno", "proposed")]
    assert proposed.told("Ana") == ["joined"]


def test_a_proposal_cannot_be_approved_twice(proposed: Story) -> None:
    offer = proposed.offer("Ana").public_id
    approve(proposed.box, offer, proposed.now, OLIVIA)
    with pytest.raises(Conflict, match="offer_over"):
        approve(proposed.box, offer, proposed.now, OLIVIA)


def test_stop_ends_a_proposal_and_the_next_is_proposed(proposed: Story) -> None:
    proposed.replies("Ana", "STOP")
    proposed.passes()
    assert proposed.asked() == [("Ana", "withdrawn"), ("Bruno", "proposed")]
