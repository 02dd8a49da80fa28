"""Cases 26, 51 and 53: the outbox. At least once, once on the phone, never a list burnt through."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from itertools import pairwise

import pytest

from tests.conftest import build_box
from tests.story import OLIVIA, Story
from waitlist_appliance.services.deliver_messages import ATTEMPTS, LEASE, deliver_due, resume_sending
from waitlist_appliance.storage import alarms


@pytest.fixture
def waiting(story: Story) -> Story:
    """Ana and Bruno wait for 19:30 at a full house; every message so far is sent."""
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    story.passes()
    return story


def on_the_phone(story: Story, name: str) -> int:
    return len(story.said(name))


# --- undeliverable


def test_an_offer_that_cannot_be_delivered_fails_and_the_next_is_asked_in_the_same_pass(waiting: Story) -> None:
    waiting.phone_fails("Ana", "undeliverable")
    waiting.frees()
    deliver_due(waiting.box, waiting.now)
    assert waiting.asked() == [("Ana", "failed"), ("Bruno", "live")]


def test_who_could_not_be_reached_keeps_the_place_and_is_not_asked_again_in_vain(waiting: Story) -> None:
    waiting.phone_fails("Ana", "undeliverable")
    waiting.frees()
    waiting.passes()
    assert waiting.status("Ana") == "waiting"
    waiting.frees("19:30", "Table 2")
    waiting.passes()
    assert [name for name, _ in waiting.asked()].count("Ana") == 1


def test_an_undeliverable_sms_falls_back_to_the_email(story: Story) -> None:
    story.full("19:30")
    story.caller("Ana", alternatives=())
    story.signs_up("Ana", email="ana@example.com")
    story.passes()
    story.phone_fails("Ana", "undeliverable")
    story.frees()
    story.passes()
    assert [(m.channel, m.state) for m in story.messages("Ana") if m.kind == "offer"] == [
        ("sms", "failed"), ("email", "sent"),
    ]  # fmt: skip
    assert story.asked() == [("Ana", "live")]


def test_the_clock_of_an_offer_starts_with_the_email_that_really_left(story: Story) -> None:
    story.full("19:30")
    story.caller("Ana", alternatives=())
    story.signs_up("Ana", email="ana@example.com")
    story.passes()
    story.phone_fails("Ana", "retry", times=2)
    story.frees()
    story.passes()
    assert story.offer("Ana").sent_at is None
    story.passes(seconds=10)
    story.passes(seconds=20)
    offer = story.offer("Ana")
    assert offer.sent_at is not None
    assert offer.deadline_at == offer.sent_at + timedelta(minutes=15)


# --- failures that may pass


def test_a_failure_that_may_pass_is_tried_again_less_and_less_often(waiting: Story) -> None:
    waiting.phone_fails("Ana", "retry", times=3)
    waiting.frees()
    tries = []
    for second in range(60):
        deliver_due(waiting.box, waiting.now + timedelta(seconds=second))
        tries.append(next(m.attempts for m in waiting.messages("Ana") if m.kind == "offer"))
    seconds = [tries.index(number) for number in sorted(set(tries))]
    gaps = [later - earlier for earlier, later in pairwise(seconds)]
    assert len(gaps) == 3
    assert gaps == sorted(gaps)
    assert waiting.told("Ana")[-1] == "offer"


def test_a_failure_that_lasts_ends_the_offer_but_does_not_write_the_phone_off(waiting: Story) -> None:
    waiting.phone_fails("Ana", "retry", times=99)
    waiting.frees()
    waiting.ticks(11)
    assert waiting.asked()[0] == ("Ana", "failed")
    assert waiting.box.db.value("SELECT COUNT(*) FROM customer WHERE undeliverable_at IS NOT NULL") == 0


def test_the_same_message_is_never_twice_on_the_phone(waiting: Story) -> None:
    waiting.frees()
    deliver_due(waiting.box, waiting.now)
    before = on_the_phone(waiting, "Ana")
    waiting.box.db.execute("UPDATE message SET state = 'pending', lease_until_at = NULL WHERE kind = 'offer'")
    assert deliver_due(waiting.box, waiting.now) == 1
    assert on_the_phone(waiting, "Ana") == before


# --- an account fault


def test_an_account_fault_pauses_everything_and_alarms_once(waiting: Story) -> None:
    waiting.phone_fails("Ana", "account")
    waiting.frees()
    waiting.caller("Chloé")
    waiting.ticks(5)
    assert [alarm.condition for alarm in alarms.present(waiting.box.db)] == ["messenger_account"]
    assert waiting.told("Chloé") == []


def test_an_account_fault_does_not_burn_through_the_list(waiting: Story) -> None:
    waiting.phone_fails("Ana", "account")
    waiting.frees()
    waiting.ticks(60, step=5)
    assert waiting.asked() == [("Ana", "live")]


def test_after_resuming_the_offer_goes_out_with_its_whole_window(waiting: Story) -> None:
    waiting.phone_fails("Ana", "account")
    waiting.frees()
    waiting.ticks(30, step=5)
    assert resume_sending(waiting.box, waiting.now, OLIVIA)
    waiting.passes()
    offer = waiting.offer("Ana")
    assert (offer.state, offer.deadline_at) == ("live", waiting.now + timedelta(minutes=15))
    assert alarms.present(waiting.box.db) == []


def test_resuming_twice_is_fine(waiting: Story) -> None:
    assert not resume_sending(waiting.box, waiting.now, OLIVIA)


# --- a row that raises


def unrenderable(story: Story, name: str) -> None:
    story.box.db.execute(
        """UPDATE message SET facts = ? WHERE state = 'pending'
              AND customer_id = (SELECT id FROM customer WHERE phone = ?)""",
        json.dumps({"starts_at_ms": "tomorrow"}), story.phone(name),
    )  # fmt: skip


def test_a_message_that_cannot_be_rendered_does_not_stop_the_others(story: Story) -> None:  # case 53
    story.full("19:30")
    story.caller("Ana")
    story.caller("Bruno")
    unrenderable(story, "Ana")
    deliver_due(story.box, story.now)
    assert (story.told("Ana"), story.told("Bruno")) == ([], ["join_link"])


def test_a_message_that_can_never_be_rendered_is_given_up_and_shown(story: Story) -> None:  # case 53
    story.full("19:30")
    story.caller("Ana")
    unrenderable(story, "Ana")
    story.ticks(15)
    [message] = story.messages("Ana")
    assert (message.state, message.attempts) == ("failed", ATTEMPTS)
    assert story.box.db.value("SELECT reason FROM activity WHERE verb = 'message_failed'") == "internal error: BadText"


def test_a_text_of_ours_that_fails_does_not_write_the_phone_off(story: Story) -> None:  # case 53
    story.full("19:30")
    story.caller("Ana")
    unrenderable(story, "Ana")
    story.ticks(15)
    assert story.box.db.value("SELECT COUNT(*) FROM customer WHERE undeliverable_at IS NOT NULL") == 0


# --- crashes


def test_a_message_claimed_by_a_dead_worker_is_sent_when_its_lease_ends(waiting: Story) -> None:  # case 51
    waiting.frees()
    lease = waiting.now + LEASE
    waiting.box.db.execute("UPDATE message SET state = 'sending', lease_until_at = ? WHERE kind = 'offer'", lease)
    assert deliver_due(waiting.box, lease - timedelta(milliseconds=1)) == 0
    assert deliver_due(waiting.box, lease) == 1


def test_a_crash_between_hand_over_and_bookkeeping_leaves_one_message_on_the_phone(waiting: Story) -> None:  # case 51
    waiting.phone_fails("Ana", "crash_after")
    waiting.frees()
    waiting.box.db.close()
    child = os.fork()
    if child == 0:
        deliver_due(build_box(waiting.box.config.data_directory), waiting.now)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 137
    before = on_the_phone(waiting, "Ana")
    waiting.passes(minutes=2)
    assert (waiting.told("Ana")[-1], on_the_phone(waiting, "Ana")) == ("offer", before)
    assert waiting.asked() == [("Ana", "live")]


def test_an_offer_sent_by_a_crashed_worker_keeps_its_first_deadline(waiting: Story) -> None:  # case 51
    waiting.frees()
    deliver_due(waiting.box, waiting.now)
    deadline = waiting.offer("Ana").deadline_at
    waiting.box.db.execute("UPDATE message SET state = 'sending', lease_until_at = ? WHERE kind = 'offer'", waiting.now)
    waiting.passes(minutes=2)
    assert waiting.offer("Ana").deadline_at == deadline


def test_an_offer_whose_deadline_has_passed_is_not_handed_over(waiting: Story) -> None:  # cases 51 and 52
    waiting.frees()
    deliver_due(waiting.box, waiting.now)
    waiting.box.db.execute("UPDATE message SET state = 'sending', lease_until_at = ? WHERE kind = 'offer'", waiting.now)
    assert deliver_due(waiting.box, waiting.now + timedelta(minutes=20)) == 0


def test_a_message_of_an_offer_that_ended_meanwhile_is_not_sent(waiting: Story) -> None:
    waiting.frees()
    waiting.takes("19:30")
    waiting.passes()
    assert "offer" not in waiting.told("Ana")
    assert "offer_lost" not in waiting.told("Ana")  # who never saw it hears nothing
