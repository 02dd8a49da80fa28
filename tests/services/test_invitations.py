"""Case 65: an invitation without sign-up is nudged once and then gone; it never blocks anybody."""

from __future__ import annotations

from tests.conftest import at
from tests.story import Story
from waitlist_appliance.services.availability import FreeTimes, free_times


def test_an_invitation_without_sign_up_is_nudged_once_after_twenty_minutes(story: Story) -> None:
    story.full("19:30")
    story.caller("Ana")
    story.ticks(19)
    assert story.told("Ana") == ["join_link"]
    story.ticks(120)
    assert story.told("Ana") == ["join_link", "join_nudge"]


def test_who_signed_up_is_not_nudged(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana")
    story.passes(minutes=60)
    assert story.told("Ana") == ["joined"]


def test_an_invitation_is_gone_at_the_cut_off_of_its_time(story: Story) -> None:
    story.full("19:30")
    story.caller("Ana")
    story.until("18:59")
    assert story.status("Ana") == "invited"
    story.until("19:00")
    assert (story.status("Ana"), story.wishes("Ana"), story.slot().status) == (
        "expired",
        {"19:30": "passed"},
        "expired",
    )


def test_an_invitation_is_never_asked_and_keeps_no_table(story: Story) -> None:
    story.full("19:30")
    story.caller("Ana")
    story.frees()
    story.passes()
    assert (story.asked(), story.openings(), story.slot().next_check_at) == ([], [], None)
    free = free_times(story.box, FreeTimes(at("19:30"), at("20:00")), story.now)
    assert [time.resource.name for time in free] == ["Table 1"]


def test_an_invitation_counts_nothing_in_the_line(story: Story) -> None:
    story.full("19:30")
    story.caller("Ana")
    page = story.waits("Bruno")
    assert [time.position for time in page.times if time.wanted] == [1]


def test_the_place_counts_from_signing_up_not_from_the_call(story: Story) -> None:
    story.full("19:30")
    story.caller("Ana")
    story.in_line("Bruno")
    story.signs_up("Ana")
    story.frees()
    assert story.asked() == [("Bruno", "live")]


def test_a_nudge_that_slept_past_the_cut_off_is_not_sent(story: Story) -> None:
    story.full("19:30")
    story.caller("Ana")
    story.passes()
    story.until("19:05")
    assert story.told("Ana") == ["join_link"]
