"""Case 23: in quiet hours the offer waits, the opening stays held, answers go at once."""

from __future__ import annotations

import pytest

from tests.conftest import at
from tests.story import Story
from waitlist_appliance.domain.errors import Conflict

TONIGHT, TOMORROW = "2026-01-15", "2026-01-16"


@pytest.fixture
def night(story: Story) -> Story:
    """It is 23:00; Ana and Bruno wait for tomorrow 19:30; table 1 has just been freed."""
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    story.until("23:00", TONIGHT)
    story.frees()
    story.passes()
    return story


def test_an_offer_in_quiet_hours_waits_and_holds_the_table(night: Story) -> None:
    assert night.asked() == [("Ana", "live")]
    assert (night.told("Ana"), night.occupied(), night.offer("Ana").deadline_at) == (["joined"], 1, None)
    with pytest.raises(Conflict, match="reserved"):
        night.books("Diego")


def test_nothing_is_sent_and_nothing_ends_all_night(night: Story) -> None:
    night.ticks(8 * 60, step=20)
    assert (night.now, night.told("Ana"), night.asked()) == (at("07:00"), ["joined"], [("Ana", "live")])


def test_the_window_starts_when_the_message_is_handed_over(night: Story) -> None:
    night.until("08:00", TOMORROW)
    assert night.told("Ana") == ["joined", "offer"]
    assert night.offer("Ana").deadline_at == at("08:15")
    night.passes(minutes=15)
    assert night.asked() == [("Ana", "expired"), ("Bruno", "live")]


def test_an_offer_made_before_the_quiet_hours_and_stuck_waits_as_well(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana")
    story.until("21:59", TONIGHT)
    story.frees()
    story.now = at("22:00", TONIGHT)
    story.passes()
    assert story.told("Ana") == ["joined"]
    story.until("07:59", TOMORROW)
    assert story.asked() == [("Ana", "live")]
    story.until("08:00", TOMORROW)
    assert story.told("Ana") == ["joined", "offer"]


def test_an_answer_to_ones_own_act_goes_at_once(night: Story) -> None:
    night.replies("Bruno", "¿Hola?")
    night.passes()
    assert night.told("Bruno")[-1] == "help"


def test_a_caller_at_night_gets_the_link_at_once_and_the_nudge_in_the_morning(story: Story) -> None:
    story.full("19:30")
    story.until("23:00", TONIGHT)
    story.caller("Ana")
    story.passes(minutes=30)
    assert story.told("Ana") == ["join_link"]
    story.until("08:00", TOMORROW)
    assert story.told("Ana") == ["join_link", "join_nudge"]


@pytest.mark.parametrize(("urgent", "told"), [(False, ["joined"]), (True, ["joined", "offer_race"])])
def test_an_offer_that_waiting_would_lose_is_sent_only_if_urgent(story: Story, urgent: bool, told: list[str]) -> None:
    story.policy(urgent_in_quiet_hours=urgent, quiet_from="16:00", quiet_to="23:59")
    story.full("19:30")
    story.in_line("Ana")
    story.until("18:00")
    story.frees()
    story.passes()
    assert story.told("Ana") == told
    story.until("19:00")
    assert (story.occupied(), story.status("Ana")) == (0, "expired")


def test_without_quiet_hours_an_offer_goes_out_at_night(story: Story) -> None:
    story.policy(quiet_hours=False)
    story.full("19:30")
    story.in_line("Ana")
    story.until("23:00", TONIGHT)
    story.frees()
    story.passes()
    assert story.told("Ana") == ["joined", "offer"]
