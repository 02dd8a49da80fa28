"""Cases 28 and 34: a no, and a cancelled booking, go on to the next in line in the same pass."""

from __future__ import annotations

import pytest

from tests.conftest import at
from tests.story import Story
from waitlist_appliance.domain.errors import Conflict
from waitlist_appliance.services.cancel_booking import cancel_by_token
from waitlist_appliance.services.leave_waitlist import leave


def cancels(story: Story, name: str) -> str:
    """The person cancels their booking by its link; the state it has then."""
    token = story.box.token("booking", story.bookings(name)[-1].id, story.now)
    return cancel_by_token(story.box, token, story.now).booking.status.value


def test_a_no_asks_the_next_in_the_same_transaction(asked: Story) -> None:  # case 28
    assert asked.no("Ana").outcome == "declined"
    assert asked.asked() == [("Ana", "declined"), ("Bruno", "live")]


def test_the_next_hears_of_it_within_the_same_pass_and_not_at_the_deadline(asked: Story) -> None:  # case 28
    asked.no("Ana")
    asked.passes()
    assert asked.told("Bruno")[-1] == "offer"
    assert asked.offer("Bruno").sent_at == asked.now


def test_a_no_twice_is_one_no(asked: Story) -> None:  # case 28
    asked.no("Ana")
    assert asked.no("Ana").outcome == "already_declined"
    asked.passes()
    assert asked.told("Ana").count("declined") == 1


def test_a_no_ends_only_the_wish_that_was_offered(story: Story) -> None:  # case 28
    story.full("19:30", "21:30")
    story.waits("Ana", "19:30", "21:30")
    story.frees()
    story.passes()
    answer = story.no("Ana")
    assert story.wishes("Ana") == {"19:30": "declined", "21:30": "live"}
    assert (answer.keeps_place, story.status("Ana")) == (True, "waiting")


def test_a_no_to_the_last_wish_ends_the_entry(asked: Story) -> None:  # case 28
    assert not asked.no("Ana").keeps_place
    assert asked.status("Ana") == "declined"


def test_a_no_after_the_deadline_changes_nothing(asked: Story) -> None:  # case 28
    asked.ticks(16)
    assert asked.no("Ana").outcome == "over"
    assert asked.asked()[0] == ("Ana", "expired")
    assert asked.status("Ana") == "waiting"


def test_when_all_have_said_no_the_time_is_free_for_everybody(asked: Story) -> None:  # case 28
    for name in ("Ana", "Bruno", "Chloé"):
        asked.no(name)
        asked.passes()
    assert asked.occupied() == 0
    assert asked.books("Diego").resource.name == "Table 1"


def test_the_tentative_event_goes_when_the_last_has_said_no(asked: Story) -> None:  # case 28
    for name in ("Ana", "Bruno", "Chloé"):
        asked.no(name)
        asked.passes()
    assert asked.calendar() == ["Reserva Table 2"]


def test_a_cancelled_booking_goes_to_the_next_in_line_and_not_back(asked: Story) -> None:  # case 34
    asked.yes("Ana")
    asked.passes()
    assert cancels(asked, "Ana") == "cancelled"
    asked.passes()
    assert asked.asked() == [("Ana", "accepted"), ("Bruno", "live")]
    assert asked.told("Ana")[-1] == "cancelled"


def test_cancelling_by_the_link_frees_the_time_in_the_calendar(asked: Story) -> None:  # case 34
    asked.yes("Ana")
    asked.passes()
    cancels(asked, "Ana")
    asked.passes()
    assert "Ana Pérez · 2" not in asked.calendar()


def test_cancelling_twice_is_fine_and_done_once(asked: Story) -> None:  # case 34
    asked.yes("Ana")
    asked.passes()
    assert [cancels(asked, "Ana"), cancels(asked, "Ana")] == ["cancelled", "cancelled"]
    asked.passes()
    assert asked.told("Ana").count("cancelled") == 1


def test_a_booking_that_has_begun_is_not_cancelled_by_the_link(asked: Story) -> None:  # case 34
    asked.yes("Ana")
    asked.passes()
    asked.until("19:31")
    with pytest.raises(Conflict, match="booking_over"):
        cancels(asked, "Ana")


def test_a_booking_cancelled_while_it_is_written_leaves_no_event(asked: Story) -> None:  # case 34
    asked.calendar_fails("write")
    asked.yes("Ana")
    asked.passes()
    cancels(asked, "Ana")
    asked.calendar_fails(None)
    asked.ticks(10)
    assert "Ana Pérez · 2" not in asked.calendar()
    assert asked.status("Ana") == "cancelled"


def test_a_booking_cancelled_while_it_is_written_is_offered_on(asked: Story) -> None:  # case 34
    asked.yes("Ana")
    cancels(asked, "Ana")
    asked.passes()
    assert asked.asked() == [("Ana", "accepted"), ("Bruno", "live")]
    assert "confirmed" not in asked.told("Ana")


def test_leaving_while_holding_an_offer_asks_the_next(asked: Story) -> None:  # case 9, beside the no
    leave(asked.box, asked.joined["Ana", "19:30"].token, asked.now)
    asked.passes()
    assert asked.asked() == [("Ana", "withdrawn"), ("Bruno", "live")]
    assert asked.status("Ana") == "cancelled"


def test_a_no_at_night_still_asks_the_next_but_only_in_the_morning(story: Story) -> None:  # cases 23 and 28
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    story.frees()
    story.passes()
    story.policy(quiet_from="11:00", quiet_to="12:00")
    story.no("Ana")
    story.passes()
    assert (story.told("Ana")[-1], story.offer("Bruno").sent_at) == ("declined", None)
    story.until("12:00", "2026-01-15")
    assert story.offer("Bruno").sent_at == at("12:00", "2026-01-15")
