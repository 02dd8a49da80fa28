"""Case 26: an offer that cannot be delivered fails, and the next is asked; an account fault pauses all."""

from __future__ import annotations

import pytest

from tests.story import OLIVIA, Story
from waitlist_appliance.services.deliver_messages import resume_sending
from waitlist_appliance.storage import alarms


def goes_wrong(story: Story, name: str, outcome: str, times: int = 1, channel: str = "sms") -> None:
    """The next messages to this person's phone (or mailbox) will not be taken."""
    address = story.phone(name) if channel == "sms" else f"{name.lower()}@example.org"
    story.box.db.execute(
        "INSERT OR REPLACE INTO simulated_failure (address, channel, outcome, times) VALUES (?, ?, ?, ?)",
        address, channel, outcome, times,
    )  # fmt: skip


@pytest.fixture
def ready(story: Story) -> Story:
    """Ana and Bruno wait for 19:30; what they were told so far has arrived."""
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    story.passes()
    return story


def test_an_offer_that_cannot_be_delivered_fails_and_the_next_is_asked_at_once(ready: Story) -> None:
    goes_wrong(ready, "Ana", "undeliverable")
    ready.frees()
    ready.passes()
    assert ready.asked() == [("Ana", "failed"), ("Bruno", "live")]
    assert ready.told("Bruno")[-1] == "offer"
    assert (ready.status("Ana"), ready.occupied()) == ("waiting", 1)


def test_a_number_that_cannot_be_reached_is_not_asked_again(ready: Story) -> None:
    goes_wrong(ready, "Ana", "undeliverable")
    ready.frees("19:30", "Table 1")
    ready.passes()
    ready.frees("19:30", "Table 2")
    ready.passes()
    assert ready.asked() == [("Ana", "failed"), ("Bruno", "live")]


def test_email_is_tried_before_an_offer_fails(story: Story) -> None:
    story.full("19:30")
    story.waits("Ana", email="ana@example.org")
    story.passes()
    goes_wrong(story, "Ana", "undeliverable")
    story.frees()
    story.passes()
    assert story.asked() == [("Ana", "live")]
    assert [(m.channel, m.state) for m in story.messages("Ana") if m.kind == "offer"] == [
        ("sms", "failed"),
        ("email", "sent"),
    ]
    assert story.offer("Ana").deadline_at is not None


def test_when_email_fails_too_the_next_is_asked(story: Story) -> None:
    story.full("19:30")
    story.waits("Ana", email="ana@example.org")
    story.in_line("Bruno")
    story.passes()
    goes_wrong(story, "Ana", "undeliverable")
    goes_wrong(story, "Ana", "undeliverable", channel="email")
    story.frees()
    story.passes()
    assert story.asked() == [("Ana", "failed"), ("Bruno", "live")]


def test_a_passing_failure_is_tried_again_and_sent_once(ready: Story) -> None:
    goes_wrong(ready, "Ana", "retry", times=2)
    ready.frees()
    ready.passes()
    assert (ready.asked(), ready.offer("Ana").deadline_at) == ([("Ana", "live")], None)
    ready.ticks(2)
    assert ready.told("Ana") == ["joined", "offer"]
    assert ready.offer("Ana").sent_at is not None


def test_an_offer_unsent_for_ten_minutes_ends_and_the_next_is_asked(ready: Story) -> None:
    goes_wrong(ready, "Ana", "retry", times=99)
    ready.frees()
    ready.ticks(11)
    assert ready.asked() == [("Ana", "failed"), ("Bruno", "live")]
    assert ready.status("Ana") == "waiting"


def test_an_account_fault_pauses_all_and_raises_an_alarm(ready: Story) -> None:
    goes_wrong(ready, "Ana", "account", times=99)
    ready.frees()
    ready.ticks(30)
    assert alarms.holds(ready.box.db, alarms.SENDING_PAUSED)
    assert (ready.asked(), ready.told("Bruno")) == ([("Ana", "live")], ["joined"])


def test_when_the_account_works_again_the_same_offer_goes_out_with_its_whole_window(ready: Story) -> None:
    goes_wrong(ready, "Ana", "account")
    ready.frees()
    ready.ticks(30)
    assert resume_sending(ready.box, ready.now, OLIVIA)
    ready.passes()
    assert ready.told("Ana") == ["joined", "offer"]
    deadline = ready.offer("Ana").deadline_at
    assert deadline is not None
    assert (deadline - ready.now).total_seconds() == 900


def test_an_undeliverable_invitation_holds_up_nobody(story: Story) -> None:
    story.full("19:30")
    goes_wrong(story, "Ana", "undeliverable")
    story.caller("Ana")
    story.in_line("Bruno")
    story.frees()
    story.passes()
    assert story.asked() == [("Bruno", "live")]
    assert [m.state for m in story.messages("Ana")] == ["failed"]
