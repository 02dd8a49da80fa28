"""What every refusal leads to: the next channel, the next person, patience, or a pause (cases 26 and 51)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.story import OLIVIA, Story
from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.domain.records import Message
from waitlist_appliance.services.deliver_messages import deliver_due, due_soon, resume_sending
from waitlist_appliance.services.undelivered import ATTEMPTS, REFUSED_IN_A_ROW, UNKNOWN_LEASE
from waitlist_appliance.storage import alarms


@pytest.fixture
def ready(story: Story) -> Story:
    """Ana and Bruno wait for 19:30; Ana has an email address too. What they were told so far has arrived."""
    story.full("19:30")
    story.waits("Ana", email="ana@example.org")
    story.in_line("Bruno")
    story.passes()
    return story


def of_customer(story: Story, name: str, column: str) -> object:
    return story.box.db.value(f"SELECT {column} FROM customer WHERE phone = ?", story.phone(name))


def offered(story: Story, name: str) -> list[tuple[str, str]]:
    """How the person's offer went out: channel and state."""
    return [(m.channel, m.state) for m in story.messages(name) if m.kind in ("offer", "offer_race")]


def prefers(story: Story, name: str, *channels: str) -> None:
    story.box.db.execute(
        "UPDATE customer SET channels = ? WHERE phone = ?", json.dumps(channels), story.phone(name)
    )  # fmt: skip


# --- the next channel, and what is remembered


@pytest.mark.parametrize("outcome", ["undeliverable", "landline", "opted_out", "elsewhere", "message"])
def test_what_the_phone_cannot_have_goes_by_email_at_once(ready: Story, outcome: str) -> None:
    ready.phone_fails("Ana", outcome)
    ready.frees()
    ready.passes()
    assert offered(ready, "Ana") == [("sms", "failed"), ("email", "sent")]
    assert (ready.asked(), ready.offer("Ana").deadline_at) == ([("Ana", "live")], ready.now + timedelta(minutes=15))


@pytest.mark.parametrize("outcome", ["undeliverable", "landline", "opted_out", "elsewhere", "message"])
def test_without_another_channel_the_next_person_is_asked_in_the_same_pass(ready: Story, outcome: str) -> None:
    ready.phone_fails("Ana", outcome)
    ready.phone_fails("Ana", "elsewhere", channel="email", address="ana@example.org")
    ready.frees()
    ready.passes()
    assert ready.asked() == [("Ana", "failed"), ("Bruno", "live")]


@pytest.mark.parametrize(
    ("outcome", "column"),
    [("undeliverable", "undeliverable_at"), ("opted_out", "opted_out_at")],
)
def test_what_the_provider_says_of_a_number_is_remembered(ready: Story, outcome: str, column: str) -> None:
    ready.phone_fails("Ana", outcome)
    ready.frees()
    ready.passes()
    assert of_customer(ready, "Ana", column) is not None


def test_a_number_that_turns_out_to_be_a_landline_gets_no_more_texts(ready: Story) -> None:
    ready.phone_fails("Ana", "landline")
    ready.frees()
    ready.passes()
    assert of_customer(ready, "Ana", "phone_kind") == "landline"
    ready.no("Ana")
    ready.passes()
    assert ready.messages("Ana")[-1].channel == "email"


def test_who_turns_out_to_have_a_landline_and_nothing_else_is_not_asked_again(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    story.passes()
    story.phone_fails("Ana", "landline")
    story.frees()
    story.passes()
    story.frees("19:30", "Table 2")
    story.passes()
    assert story.asked() == [("Ana", "failed"), ("Bruno", "live")]
    assert of_customer(story, "Ana", "undeliverable_at") == to_ms(story.now)  # staff see whom to call


def test_a_phone_out_of_reach_is_not_written_off(ready: Story) -> None:
    ready.phone_fails("Ana", "elsewhere")
    ready.frees()
    ready.passes()
    ready.yes("Ana")
    ready.passes()
    assert ready.told("Ana")[-2:] == ["confirmed", "confirmed"]  # by email and again by SMS


@pytest.mark.parametrize("outcome", ["undeliverable", "opted_out"])
def test_who_is_not_on_whatsapp_gets_an_sms_now_and_from_now_on(ready: Story, outcome: str) -> None:
    prefers(ready, "Ana", "whatsapp", "sms", "email")
    ready.phone_fails("Ana", outcome, channel="whatsapp")
    ready.frees()
    ready.passes()
    assert offered(ready, "Ana") == [("whatsapp", "failed"), ("sms", "sent")]
    ready.no("Ana")
    ready.passes()
    assert ready.messages("Ana")[-1].channel == "sms"
    assert of_customer(ready, "Ana", "undeliverable_at") is None


def test_a_dead_mailbox_is_remembered_and_says_nothing_of_the_phone(ready: Story) -> None:
    prefers(ready, "Ana", "email", "sms")
    ready.phone_fails("Ana", "undeliverable", channel="email", address="ana@example.org")
    ready.frees()
    ready.passes()
    assert offered(ready, "Ana") == [("email", "failed"), ("sms", "sent")]
    assert of_customer(ready, "Ana", "email_refused_at") is not None
    assert of_customer(ready, "Ana", "undeliverable_at") is None


# --- a text that is refused


def test_a_refused_text_alarms_until_one_of_its_kind_is_taken(ready: Story) -> None:
    ready.phone_fails("Ana", "message")
    ready.frees()
    ready.passes()
    assert [alarm.condition for alarm in alarms.present(ready.box.db)] == ["message_refused:sms:offer"]
    ready.no("Ana")
    ready.passes()
    assert (ready.asked()[-1], alarms.present(ready.box.db)) == (("Bruno", "live"), [])


def test_when_every_text_is_refused_sending_pauses_before_the_list_is_burnt_through(story: Story) -> None:
    names = ["Ana", "Bruno", "Chloé", "Eva", "Fran", "Gala"]
    story.full("19:30")
    story.in_line(*names)
    story.passes()
    for name in names:
        story.phone_fails(name, "message")
    story.frees()
    story.ticks(30, step=5)
    assert [state for _, state in story.asked()] == ["failed"] * (REFUSED_IN_A_ROW - 1) + ["live"]
    assert alarms.holds(story.box.db, alarms.SENDING_PAUSED)


def test_after_resuming_refused_texts_are_counted_anew(story: Story) -> None:
    names = ["Ana", "Bruno", "Chloé"]
    story.full("19:30")
    story.in_line(*names)
    story.passes()
    for name in names:
        story.phone_fails(name, "message")
    story.frees()
    story.passes()
    assert alarms.holds(story.box.db, alarms.SENDING_PAUSED)
    resume_sending(story.box, story.now, OLIVIA)
    story.passes()
    assert (offered(story, "Chloé"), alarms.present(story.box.db)) == ([("sms", "sent")], [])


# --- patience


def test_too_fast_is_put_off_and_counts_as_no_attempt(ready: Story) -> None:
    ready.phone_fails("Ana", "slow", times=ATTEMPTS + 1)
    ready.frees()
    for _ in range(ATTEMPTS + 1):
        ready.passes(seconds=4)
    message = next(m for m in ready.messages("Ana") if m.kind == "offer")
    assert (message.state, message.attempts) == ("pending", 0)
    assert ready.offer("Ana").deadline_at is None
    ready.passes(seconds=4)
    assert ready.offer("Ana").deadline_at == ready.now + timedelta(minutes=15)


def test_the_worker_is_told_when_a_patient_message_may_go(ready: Story) -> None:
    ready.phone_fails("Ana", "slow")
    ready.frees()
    deliver_due(ready.box, ready.now)
    assert due_soon(ready.box, ready.now) == ready.now + timedelta(seconds=3, milliseconds=1)


def test_nothing_is_due_soon_while_sending_is_paused(ready: Story) -> None:
    ready.phone_fails("Ana", "slow")
    ready.frees()
    deliver_due(ready.box, ready.now)
    alarms.raise_alarm(ready.box.db, alarms.SENDING_PAUSED, "paused by staff", ready.now)
    assert due_soon(ready.box, ready.now) is None


# --- nobody knows


def doubted(story: Story) -> Message:
    return next(m for m in story.messages("Ana") if m.kind == "offer")


def test_a_message_that_arrived_though_nobody_knew_is_found_and_not_sent_again(ready: Story) -> None:  # case 51
    ready.phone_fails("Ana", "unknown_taken")
    ready.frees()
    ready.passes()
    deadline, before = ready.offer("Ana").deadline_at, ready.said("Ana")
    assert (doubted(ready).state, deadline) == ("sending", ready.now + timedelta(minutes=15))
    ready.passes(seconds=UNKNOWN_LEASE.total_seconds())
    assert (doubted(ready).state, ready.said("Ana"), ready.offer("Ana").deadline_at) == ("sent", before, deadline)


def test_a_message_that_never_arrived_is_looked_up_and_sent_once_more(ready: Story) -> None:  # case 51
    ready.phone_fails("Ana", "unknown_lost")
    ready.frees()
    ready.passes()
    before = len(ready.said("Ana"))
    ready.passes(seconds=UNKNOWN_LEASE.total_seconds())
    assert (doubted(ready).state, len(ready.said("Ana"))) == ("sent", before + 1)


def test_in_doubt_a_message_is_left_alone_for_a_while(ready: Story) -> None:
    ready.phone_fails("Ana", "unknown_lost")
    ready.frees()
    ready.passes()
    assert deliver_due(ready.box, ready.now + UNKNOWN_LEASE - timedelta(milliseconds=1)) == 0
    assert due_soon(ready.box, ready.now + timedelta(seconds=15)) == ready.now + UNKNOWN_LEASE


def test_after_two_doubts_another_way_is_tried(ready: Story) -> None:
    ready.phone_fails("Ana", "unknown_lost", times=9)
    ready.frees()
    ready.passes()
    for _ in range(3):
        ready.passes(seconds=20)
    assert offered(ready, "Ana") == [("sms", "failed"), ("email", "sent")]
    assert of_customer(ready, "Ana", "undeliverable_at") is None


def test_an_offer_in_doubt_at_its_end_is_no_silence(ready: Story) -> None:
    ready.phone_fails("Ana", "unknown_lost")
    ready.frees()
    ready.passes()
    deadline = ready.offer("Ana").deadline_at
    assert deadline is not None
    deliver_due(ready.box, deadline)
    assert (ready.asked()[0], ready.entry("Ana").silences) == (("Ana", "failed"), 0)


def test_a_yes_to_an_offer_in_doubt_is_a_yes(ready: Story) -> None:
    ready.phone_fails("Ana", "unknown_taken")
    ready.frees()
    ready.passes()
    ready.replies("Ana", "SI")
    ready.passes(seconds=30)
    assert ready.bookings("Ana")[0].status == "confirmed"
