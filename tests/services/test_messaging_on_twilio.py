"""The whole way over HTTP: offers by Twilio, lost answers, lost hooks, and what its error codes lead to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from tests.adapters.twilio.access import twilio_messenger
from tests.story import Story
from tests.twilio_server import TwilioServer
from waitlist_appliance.services.undelivered import UNKNOWN_LEASE
from waitlist_appliance.storage import alarms


@dataclass
class Evening:
    """The story, and Twilio with the same clock."""

    story: Story
    twilio: TwilioServer

    def passes(self, minutes: float = 0, seconds: float = 0) -> None:
        """The clock moves on for both; what the sender's pace or a fall-back put off is done a second later."""
        self.story.now += timedelta(minutes=minutes, seconds=seconds)
        for _ in range(3):
            self.story.now += timedelta(seconds=1)
            self.twilio.clock = self.story.now
            self.story.passes()

    def bodies(self, name: str) -> list[str]:
        phone = self.story.phone(name)
        return [m.body for m in list(self.twilio.messages.values()) if m.to == phone]


@pytest.fixture
def evening(story: Story) -> Iterator[Evening]:
    """Ana and Bruno wait for 19:30 at a full house; Twilio carries SMS and nothing else."""
    with TwilioServer(now=story.now) as twilio:
        messenger = twilio_messenger(twilio, "sms")
        messenger.provider = "twilio"
        story.box.messengers = {"sms": messenger}
        story.full("19:30")
        story.in_line("Ana", "Bruno")
        made = Evening(story, twilio)
        made.passes()
        yield made
        messenger.close()
        twilio.assert_clean()


def test_an_offer_whose_answer_was_lost_is_at_twilio_once(evening: Evening) -> None:  # case 51
    before = len(evening.bodies("Ana"))
    evening.twilio.fail("drop_after", "messages.create")
    evening.story.frees()
    evening.passes()
    evening.passes(seconds=UNKNOWN_LEASE.total_seconds())
    assert len(evening.bodies("Ana")) == before + 1
    assert [m.state for m in evening.story.messages("Ana")][-1] == "sent"
    assert evening.story.asked() == [("Ana", "live")]


def test_an_offer_that_twilio_never_saw_is_sent_once_more(evening: Evening) -> None:
    before = len(evening.bodies("Ana"))
    evening.twilio.fail("drop_before", "messages.create")
    evening.story.frees()
    evening.passes()
    evening.passes(seconds=UNKNOWN_LEASE.total_seconds())
    assert len(evening.bodies("Ana")) == before + 1


@pytest.mark.parametrize("code", [21211, 21614, 21610, 21612])
def test_a_number_that_twilio_refuses_leads_to_the_next_person(evening: Evening, code: int) -> None:  # case 26
    evening.twilio.refuse(evening.story.phone("Ana"), code)
    evening.story.frees()
    evening.passes()
    assert evening.story.asked() == [("Ana", "failed"), ("Bruno", "live")]


@pytest.mark.parametrize("code", [20003, 21606, 21611])
def test_an_account_that_twilio_refuses_pauses_all(evening: Evening, code: int) -> None:  # case 26
    evening.twilio.fail(code, "messages.create", times=99)
    evening.story.frees()
    evening.passes()
    assert alarms.holds(evening.story.box.db, alarms.SENDING_PAUSED)
    assert evening.story.asked() == [("Ana", "live")]


def test_a_no_whose_hook_was_lost_is_found_by_asking(evening: Evening) -> None:
    evening.story.frees()
    evening.passes()
    evening.twilio.inbound(evening.story.phone("Ana"), "No, gracias", deliver=False)
    evening.passes(minutes=2)
    assert evening.story.asked() == [("Ana", "declined"), ("Bruno", "live")]


def test_a_failure_whose_report_was_lost_is_found_by_asking(evening: Evening) -> None:
    evening.twilio.come_to_nothing(evening.story.phone("Ana"), 30005)
    evening.story.frees()
    evening.passes()
    evening.twilio.progress()
    evening.passes(minutes=2)
    assert evening.story.asked() == [("Ana", "failed"), ("Bruno", "live")]
