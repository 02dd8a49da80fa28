"""Case 30: a yes after the deadline is honoured while nobody else holds or has the time, else a polite no; never both."""

from __future__ import annotations

import pytest

from tests.conftest import at
from tests.story import OLIVIA, Story
from waitlist_appliance.domain.statistics import Summary, last_days
from waitlist_appliance.services.answer_offer import accept_offer
from waitlist_appliance.services.leave_waitlist import leave
from waitlist_appliance.services.offer_page import offer_page
from waitlist_appliance.services.staff_acts import withdraw
from waitlist_appliance.services.statistics import summary


@pytest.fixture
def late(story: Story) -> Story:
    """Ana alone waited, was asked, and let the deadline pass."""
    story.full("19:30")
    story.in_line("Ana")
    story.frees()
    story.passes()
    story.passes(minutes=16)
    assert story.asked() == [("Ana", "expired")]
    return story


def page_state(story: Story, name: str) -> str:
    return offer_page(story.box, story.box.token("offer", story.offers(name)[0].id, story.now), story.now).state


def first_offer_yes(story: Story, name: str) -> str:
    return accept_offer(story.box, story.offers(name)[0].id, story.now).outcome


def test_a_late_yes_by_link_books_while_nobody_else_has_the_time(late: Story) -> None:
    assert page_state(late, "Ana") == "late_possible"
    assert late.yes("Ana").outcome == "accepted"
    late.passes()
    assert [booking.status for booking in late.bookings()] == ["confirmed"]
    assert late.told("Ana")[-1] == "confirmed"


def test_a_late_yes_by_message_books_while_nobody_else_has_the_time(late: Story) -> None:
    late.replies("Ana", "Sí!")
    late.passes()
    assert late.bookings("Ana")[0].starts_at == at("19:30")


def test_a_late_yes_before_the_worker_noticed_the_deadline_books(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana")
    story.frees()
    story.passes()
    story.now = at("12:00", "2026-01-15")
    assert story.yes("Ana").outcome == "accepted"
    story.passes()
    assert story.asked() == [("Ana", "expired"), ("Ana", "accepted")]


def test_a_late_yes_with_wishes_for_overlapping_times_is_not_outrun_by_oneself(story: Story) -> None:
    story.full("19:30")
    story.waits("Ana", "19:30", "20:00")
    story.frees()
    story.passes()
    story.now = at("12:00", "2026-01-15")
    asked_for = story.asked_for("Ana")[0][0]
    assert story.yes("Ana").outcome == "accepted"
    story.passes()
    assert [booking.starts_at for booking in story.bookings()] == [at(asked_for)]


def test_a_late_yes_twice_is_one_booking(late: Story) -> None:
    assert [first_offer_yes(late, "Ana"), first_offer_yes(late, "Ana")] == ["accepted", "already_accepted"]
    late.passes()
    assert first_offer_yes(late, "Ana") == "already_accepted"
    assert len(late.bookings()) == 1


def test_a_late_yes_is_refused_politely_while_the_next_is_asked(asked: Story) -> None:
    asked.passes(minutes=16)
    assert asked.replies("Ana", "si").answered == "too_late"
    asked.passes()
    assert asked.bookings() == []
    assert asked.asked() == [("Ana", "expired"), ("Bruno", "live")]


def test_a_late_yes_refused_keeps_the_place(asked: Story) -> None:
    asked.passes(minutes=16)
    answer = asked.yes("Ana")
    assert (answer.outcome, answer.keeps_place) == ("lost", True)
    assert asked.status("Ana") == "waiting"


def test_a_late_yes_comes_after_the_next_who_said_yes(asked: Story) -> None:
    asked.passes(minutes=16)
    asked.yes("Bruno")
    assert asked.yes("Ana").outcome == "lost"
    asked.passes()
    assert [booking.customer_id for booking in asked.bookings()] == [asked.entry("Bruno").customer_id]


def test_a_late_yes_lets_an_eligible_person_who_waits_go_first(late: Story) -> None:
    late.policy(offers="paused")
    late.waits("Bruno", force=True)
    late.policy(offers="automatic")
    assert late.yes("Ana").outcome == "lost"
    assert late.asked()[-1] == ("Bruno", "live")


def test_a_late_yes_is_refused_when_the_table_was_filled_by_staff(late: Story) -> None:
    late.takes("19:30")
    assert late.yes("Ana").outcome == "lost"
    late.passes()
    assert late.bookings() == []


def test_a_late_yes_takes_another_table_that_is_free(late: Story) -> None:
    late.takes("19:30", "Table 1")
    late.policy(offers="paused")
    late.frees("19:30", "Table 2")
    assert late.yes("Ana").outcome == "accepted"
    late.passes()
    assert sorted(late.calendar()) == ["Ana Pérez · 2", "Reserva Table 1"]


def test_a_late_yes_after_the_cut_off_is_refused(late: Story) -> None:
    late.until("19:00")
    assert late.yes("Ana").outcome == "over"
    assert page_state(late, "Ana") == "expired"


def test_a_late_yes_just_before_the_cut_off_books(late: Story) -> None:
    late.until("18:59")
    assert late.yes("Ana").outcome == "accepted"


def test_a_late_yes_of_an_entry_expired_by_silence_books(story: Story) -> None:
    story.policy(silences_limit=1)
    story.full("19:30")
    story.in_line("Ana")
    story.frees()
    story.passes()
    story.passes(minutes=16)
    assert story.status("Ana") == "expired"
    assert story.yes("Ana").outcome == "accepted"
    story.passes()
    assert story.status("Ana") == "confirmed"


def test_a_late_yes_is_refused_where_the_owner_wants_none(late: Story) -> None:
    late.policy(late_yes=False)
    assert late.yes("Ana").outcome == "over"
    assert late.bookings() == []


def test_a_late_yes_of_somebody_who_left_the_list_is_refused(late: Story) -> None:
    leave(late.box, late.joined["Ana", "19:30"].token, late.now)
    assert late.yes("Ana").outcome == "over"


def test_a_yes_to_an_offer_that_staff_withdrew_books_nothing(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana")
    story.frees()
    story.passes()
    withdraw(story.box, story.offer("Ana").public_id, story.now, OLIVIA)
    assert story.yes("Ana").outcome == "over"
    assert story.bookings() == []


def test_a_no_and_then_a_yes_books_while_nobody_else_wants_the_time(story: Story) -> None:
    story.full("19:30", "21:30")
    story.waits("Ana", "19:30", "21:30")
    story.frees()
    story.passes()
    assert [story.no("Ana").outcome, story.yes("Ana").outcome] == ["declined", "accepted"]


def test_a_late_yes_whose_calendar_write_conflicts_is_apologised_for(late: Story) -> None:
    late.in_calendar_app("19:30")
    assert late.yes("Ana").outcome == "accepted"
    late.passes()
    assert late.told("Ana")[-1] == "apology"
    assert (late.status("Ana"), late.wishes("Ana")) == ("waiting", {"19:30": "live"})


def week(story: Story) -> Summary:
    return summary(story.box, last_days(story.now.date(), 7))


def test_a_late_yes_counts_as_a_yes_and_not_as_the_silence_before_it(late: Story) -> None:
    assert (week(late).acceptance, week(late).silence) == (0.0, 1.0)
    late.yes("Ana")
    late.passes()
    counted = week(late)
    assert (counted.acceptance, counted.silence, counted.offers_sent, counted.offers_per_fill) == (1.0, 0.0, 1, 1.0)


def test_a_yes_after_a_no_counts_as_a_yes_and_not_as_the_no(story: Story) -> None:
    story.full("19:30", "21:30")
    story.waits("Ana", "19:30", "21:30")
    story.frees()
    story.passes()
    story.no("Ana")
    story.yes("Ana")
    assert (week(story).acceptance, week(story).refusal, week(story).offers_sent) == (1.0, 0.0, 1)
