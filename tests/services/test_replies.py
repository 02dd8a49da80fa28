"""Case 32: a reply touches the offer it answers and nothing else; STOP ends the offer and all messages."""

from __future__ import annotations

import pytest

from tests.story import PHONES, Story
from waitlist_appliance.services.receive_reply import receive


@pytest.fixture
def booked(asked: Story) -> Story:
    """Ana said yes, and has her booking."""
    asked.yes("Ana")
    asked.passes()
    return asked


@pytest.mark.parametrize("body", ["No", "STOP", "no puedo", "qwertz", "👎", "CANCEL", "baja", "???", "2"])
def test_no_stop_or_nonsense_never_touches_a_booking(booked: Story, body: str) -> None:
    before = booked.bookings()
    booked.replies("Ana", body)
    booked.passes()
    assert booked.bookings() == before
    assert booked.calendar().count("Ana Pérez · 2") == 1


@pytest.mark.parametrize("body", ["No", "STOP", "qwertz"])
def test_a_reply_while_the_booking_is_pending_does_not_touch_it(asked: Story, body: str) -> None:
    asked.yes("Ana")
    asked.replies("Ana", body)
    asked.passes()
    assert asked.bookings()[0].status == "confirmed"


def test_a_no_after_a_late_yes_does_not_touch_the_booking(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana")
    story.frees()
    story.passes()
    story.passes(minutes=16)
    story.replies("Ana", "si")
    assert story.replies("Ana", "no").answered == "nothing_pending"
    story.passes()
    assert story.bookings()[0].status == "confirmed"


def test_a_no_by_message_asks_the_next(asked: Story) -> None:
    assert asked.replies("Ana", "No gracias").understood == "no"
    asked.passes()
    assert asked.asked() == [("Ana", "declined"), ("Bruno", "live")]


def test_nonsense_is_answered_with_help_and_the_clock_runs_on(asked: Story) -> None:
    deadline = asked.offer("Ana").deadline_at
    assert asked.replies("Ana", "¿hay aparcamiento?").answered == "help"
    asked.passes()
    assert (asked.offer("Ana").state, asked.offer("Ana").deadline_at) == ("live", deadline)
    assert asked.told("Ana")[-1] == "help"


def test_nonsense_can_be_seen_by_staff(asked: Story) -> None:
    asked.replies("Ana", "¿hay aparcamiento?")
    rows = asked.box.db.tuples("SELECT body, understood FROM reply")
    assert rows == [("¿hay aparcamiento?", "unclear")]


def test_stop_ends_the_offer_and_asks_the_next(asked: Story) -> None:
    assert asked.replies("Ana", "STOP").answered == "opted_out"
    asked.passes()
    assert asked.asked() == [("Ana", "declined"), ("Bruno", "live")]
    assert asked.told("Ana")[-1] == "opted_out"


def test_stop_ends_an_offer_that_waits_for_staffs_approval(story: Story) -> None:
    story.policy(offers="approve_each")
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    story.frees()
    story.replies("Ana", "STOP")
    assert story.asked() == [("Ana", "withdrawn"), ("Bruno", "proposed")]


def test_after_stop_nothing_is_sent_to_that_number_any_more(story: Story) -> None:
    story.full("19:30", "21:30")
    story.waits("Ana", "19:30", "21:30")
    story.passes()
    story.replies("Ana", "STOP")
    story.passes()
    before = story.said("Ana")
    story.frees("21:30")
    story.replies("Ana", "¿hola?")
    story.passes(minutes=5)
    assert story.said("Ana") == before


def test_after_stop_a_person_with_an_email_is_still_reached_by_it(story: Story) -> None:
    story.full("19:30", "21:30")
    story.caller("Ana", alternatives=())
    story.signs_up("Ana", email="ana@example.com")
    story.replies("Ana", "STOP")
    story.passes()
    story.frees()
    story.passes()
    assert story.messages("Ana")[-1].channel == "email"
    assert story.asked() == [("Ana", "live")]


def test_start_after_stop_brings_the_messages_back(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana")
    story.replies("Ana", "STOP")
    story.replies("Ana", "START")
    story.frees()
    story.passes()
    assert story.told("Ana")[-2:] == ["opted_in", "offer"]


def test_a_yes_after_stop_is_a_yes_and_opts_in_again(story: Story) -> None:
    story.full("19:30", "21:30")
    story.waits("Ana", "19:30", "21:30")
    story.frees()
    story.passes()
    story.replies("Ana", "STOP")
    story.replies("Ana", "SI")
    story.passes()
    assert story.told("Ana")[-1] == "confirmed"
    assert story.bookings()[0].status == "confirmed"


def test_a_reply_answers_the_newest_live_offer(story: Story) -> None:
    story.full("19:30", "21:30")
    story.waits("Ana", "19:30", "21:30")
    story.frees("19:30")
    story.passes()
    story.passes(minutes=16)
    story.frees("21:30")
    story.passes()
    story.replies("Ana", "SI")
    assert [f"{b.starts_at:%H:%M}" for b in story.bookings("Ana")] == ["20:30"]  # 21:30 in Madrid


def test_a_yes_without_any_offer_is_told_that_nothing_waits(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana")
    assert story.replies("Ana", "SI").answered == "nothing_pending"
    assert story.status("Ana") == "waiting"


def test_the_same_reply_delivered_twice_acts_once(asked: Story) -> None:
    for _ in range(2):
        receive(asked.box, PHONES["Ana"], "sms", "¿eh?", asked.now, provider_id="SM1")
    asked.passes()
    assert asked.told("Ana").count("help") == 1


def test_a_reply_from_an_unknown_number_changes_nothing(asked: Story) -> None:
    assert receive(asked.box, "+34699999999", "sms", "SI", asked.now).answered is None
    assert receive(asked.box, "InfoSMS", "sms", "SI", asked.now).answered is None
    assert asked.asked() == [("Ana", "live")]


def test_a_yes_from_another_persons_phone_is_not_the_holders_yes(asked: Story) -> None:
    assert asked.replies("Bruno", "SI").answered == "nothing_pending"
    assert asked.asked() == [("Ana", "live")]
