"""Cases 16 and 61: what is held or waited for is nobody else's."""

from __future__ import annotations

import pytest

from tests.conftest import at
from tests.story import Story
from waitlist_appliance.domain.errors import Conflict
from waitlist_appliance.services.availability import FreeTimes, free_times
from waitlist_appliance.services.book import book_from_page
from waitlist_appliance.services.entry_page import entry_page


def free(story: Story) -> list[str]:
    """The tables listed as free at 19:30."""
    found = free_times(story.box, FreeTimes(at("19:30"), at("20:00")), story.now)
    return [time.resource.name for time in found]


@pytest.fixture
def waited_for(story: Story) -> Story:
    """Table 1 is free at 19:30 and Ana waits for it; offers were paused, so nobody has been asked."""
    story.policy(offers="paused")
    story.full("19:30")
    story.in_line("Ana")
    story.frees()
    story.box.db.execute("UPDATE setting SET value = '\"automatic\"' WHERE key = 'offers'")  # nobody sets matching off
    return story


def test_a_held_time_is_not_listed_as_free(asked: Story) -> None:  # case 16
    assert free(asked) == []


def test_the_voice_agent_hears_reserved_not_full_for_a_held_time(asked: Story) -> None:  # case 16
    with pytest.raises(Conflict, match="reserved") as refused:
        asked.books("Diego")
    assert refused.value.extra["reason"] == "reserved"
    assert refused.value.extra["suggest_waitlist"] is True


def test_a_time_that_others_have_is_full(story: Story) -> None:  # case 16
    story.full("19:30")
    with pytest.raises(Conflict) as refused:
        story.books("Diego")
    assert (refused.value.code, refused.value.extra["suggest_waitlist"]) == ("full", True)


def test_the_page_of_somebody_else_cannot_book_a_held_time(asked: Story) -> None:  # case 16
    token = asked.joined["Bruno", "19:30"].token
    assert not any(time.free for time in entry_page(asked.box, token, asked.now).times if time.wanted)
    with pytest.raises(Conflict, match="reserved"):
        book_from_page(asked.box, token, at("19:30"), asked.now)


def test_a_booking_from_the_holders_phone_is_a_yes(asked: Story) -> None:  # case 16
    booked = asked.books("Ana")
    asked.passes()
    assert (asked.offer("Ana").state, booked.booking.offer_id) == ("accepted", asked.offer("Ana").id)
    assert asked.status("Ana") == "confirmed"


def test_the_holder_may_book_from_their_page(asked: Story) -> None:  # case 16
    book_from_page(asked.box, asked.joined["Ana", "19:30"].token, at("19:30"), asked.now)
    asked.passes()
    assert (asked.status("Ana"), len(asked.bookings())) == ("confirmed", 1)


def test_a_waited_for_time_is_not_listed_and_whoever_looked_sets_matching_off(waited_for: Story) -> None:  # case 61
    assert free(waited_for) == []
    assert waited_for.asked() == [("Ana", "live")]


def test_a_waited_for_time_is_refused_and_whoever_asked_sets_matching_off(waited_for: Story) -> None:  # case 61
    with pytest.raises(Conflict, match="reserved"):
        waited_for.books("Diego")
    assert waited_for.asked() == [("Ana", "live")]
    assert waited_for.entries("Diego") == []


def test_a_caller_for_a_waited_for_time_is_queued_behind(waited_for: Story) -> None:  # case 61
    assert waited_for.caller("Diego").created
    assert waited_for.asked() == [("Ana", "live")]


def test_whoever_waits_first_and_books_by_phone_gets_the_time(waited_for: Story) -> None:  # case 61
    waited_for.books("Ana")
    waited_for.passes()
    assert waited_for.status("Ana") == "confirmed"
    assert len(waited_for.bookings("Ana")) == 1


def test_while_offers_are_made_by_hand_a_waited_for_time_is_reserved(story: Story) -> None:  # case 61
    story.policy(offers="manual")
    story.full("19:30")
    story.in_line("Ana")
    story.frees()
    with pytest.raises(Conflict, match="reserved"):
        story.books("Diego")


def test_without_waitlist_first_a_free_time_is_anybodys(story: Story) -> None:  # case 61
    story.policy(offers="manual", waitlist_first=False)
    story.full("19:30")
    story.in_line("Ana")
    story.frees()
    assert story.books("Diego").resource.name == "Table 1"


def test_a_table_too_small_for_those_who_wait_is_free_for_others(story: Story) -> None:  # case 61
    story.full("19:30")
    story.waits("Ana", party=4)
    story.frees("19:30", "Table 1")
    assert free(story) == ["Table 1"]
