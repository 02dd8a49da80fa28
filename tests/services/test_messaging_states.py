"""What the provider tells afterwards: in any order, doubled, too early, too late; and what a failure leads to."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from tests.scripted_messenger import ScriptedMessenger, connect
from tests.story import OLIVIA, Story
from waitlist_appliance.domain.records import Message
from waitlist_appliance.ports import DeliveryError, Fate, State, Verdict
from waitlist_appliance.services.deliver_messages import deliver_due, resume_sending
from waitlist_appliance.services.message_states import apply_fate
from waitlist_appliance.storage import alarms


@pytest.fixture
def provider() -> ScriptedMessenger:
    return ScriptedMessenger()


@pytest.fixture
def told(story: Story, provider: ScriptedMessenger) -> Story:
    """Ana has been asked for 19:30 by SMS, Bruno waits; the provider has taken everything so far."""
    story.box = connect(story.box, provider)
    story.full("19:30")
    story.waits("Ana", email="ana@example.org")
    story.in_line("Bruno")
    story.passes()
    story.frees()
    story.passes()
    return story


def offer_message(story: Story, name: str = "Ana") -> Message:
    return [m for m in story.messages(name) if m.kind == "offer"][-1]


def comes(story: Story, state: State, verdict: Verdict | None = None, code: str | None = None) -> bool:
    """The provider tells of Ana's offer."""
    message = next(m for m in story.messages("Ana") if m.kind == "offer")
    fate = Fate(message.provider_id or f"SM-{message.public_id}", state, code, verdict)
    return apply_fate(story.box, message.public_id, fate, story.now)


def kept(story: Story) -> tuple[object, ...]:
    sql = "SELECT state, rank, delivered_at IS NOT NULL, read_at IS NOT NULL FROM message WHERE id = ?"
    return story.box.db.tuples(sql, offer_message(story).id)[0]


@pytest.mark.parametrize("order", list(permutations(("queued", "sent", "delivered", "read"))))
def test_in_any_order_and_twice_a_message_ends_as_far_as_it_came(told: Story, order: tuple[State, ...]) -> None:
    for state in (*order, *order):
        comes(told, state)
    assert kept(told) == ("sent", 3, 1, 1)


def test_every_step_is_news_once(told: Story) -> None:
    assert [comes(told, state) for state in ("sent", "sent", "queued", "delivered", "delivered", "read")] == [
        True, False, False, True, False, True,
    ]  # fmt: skip


def test_what_arrived_did_not_fail_whatever_is_told_later(told: Story) -> None:
    comes(told, "delivered")
    assert not comes(told, "failed", "elsewhere", "30003")
    assert (kept(told), told.asked()) == (("sent", 2, 1, 0), [("Ana", "live")])


def test_an_unknown_message_is_no_news(told: Story) -> None:
    assert not apply_fate(told.box, "nobody", Fate("SM1", "delivered"), told.now)
    assert not apply_fate(told.box, None, Fate("SM1", "delivered"), told.now)


@pytest.mark.parametrize(
    ("code", "verdict"), [("30003", "elsewhere"), ("63016", "elsewhere"), ("30006", "landline"), ("30007", "message")]
)
def test_an_offer_that_did_not_arrive_goes_by_the_next_channel_with_a_whole_window(
    told: Story, code: str, verdict: Verdict
) -> None:
    told.now += timedelta(minutes=4)
    assert comes(told, "failed", verdict, code)
    told.passes()
    assert offer_message(told).channel == "email"
    assert told.offer("Ana").deadline_at == told.now + timedelta(minutes=15)
    assert told.box.db.value("SELECT code FROM message WHERE state = 'failed'") == code


def test_an_offer_to_a_dead_number_without_another_channel_goes_to_the_next_person(told: Story) -> None:
    told.box.db.execute("UPDATE customer SET email = NULL")
    comes(told, "failed", "dead", "30005")
    assert told.asked() == [("Ana", "failed"), ("Bruno", "live")]
    assert told.status("Ana") == "waiting"
    assert told.box.db.value("SELECT undeliverable_at FROM customer WHERE phone = ?", told.phone("Ana")) is not None


def test_too_late_for_another_channel_the_next_is_asked(told: Story) -> None:
    told.now = told.slot().closes_at - timedelta(minutes=2)
    told.box.db.execute("UPDATE offer SET deadline_at = ?", told.slot().closes_at)
    comes(told, "failed", "elsewhere", "30003")
    deliver_due(told.box, told.now)
    assert told.asked()[0] == ("Ana", "failed")


def test_a_failure_told_twice_falls_back_once(told: Story) -> None:
    assert [comes(told, "failed", "elsewhere", "30003") for _ in range(2)] == [True, False]
    told.passes()
    assert [m.channel for m in told.messages("Ana") if m.kind == "offer"] == ["sms", "email"]


def test_sent_told_after_failed_changes_nothing(told: Story) -> None:
    comes(told, "failed", "elsewhere", "30003")
    assert not comes(told, "sent")
    assert kept(told)[0] == "pending"  # the email; the SMS has failed
    assert [m.state for m in told.messages("Ana") if m.kind == "offer"] == ["failed", "pending"]


def test_a_failure_of_an_offer_that_was_answered_leaves_the_answer_alone(told: Story) -> None:
    told.yes("Ana")
    comes(told, "failed", "elsewhere", "30003")
    told.passes()
    assert (told.asked(), told.bookings("Ana")[0].status) == ([("Ana", "accepted")], "confirmed")
    assert [m.channel for m in told.messages("Ana") if m.kind == "offer"] == ["sms"]


def test_an_account_that_fails_afterwards_pauses_all_and_the_offer_goes_out_again(told: Story) -> None:
    comes(told, "failed", "account", "30002")
    assert alarms.holds(told.box.db, alarms.SENDING_PAUSED)
    told.ticks(20, step=5)
    assert told.asked() == [("Ana", "live")]
    resume_sending(told.box, told.now, OLIVIA)
    told.passes()
    assert (offer_message(told).state, told.offer("Ana").deadline_at) == ("sent", told.now + timedelta(minutes=15))


def test_what_is_told_of_an_attempt_before_says_nothing_of_the_next(told: Story) -> None:
    comes(told, "failed", "account", "30002")
    assert not comes(told, "sent")
    assert not comes(told, "failed", "account", "30002")
    assert offer_message(told).state == "pending"


def test_a_report_that_overtakes_the_answer_is_believed(story: Story, provider: ScriptedMessenger) -> None:
    def overtaken(letter: object) -> None:
        key = getattr(letter, "key", "")
        assert apply_fate(story.box, key, Fate(f"SM-{key}", "delivered"), story.now)

    provider.refuse = overtaken
    story.box = connect(story.box, provider)
    story.full("19:30")
    story.caller("Ana")
    story.passes()
    assert [(m.state, m.provider_id, m.rank) for m in story.messages("Ana")] == [
        ("sent", f"SM-{provider.sent[0].key}", 2)
    ]
    assert story.box.db.value("SELECT count(*) FROM activity WHERE verb = 'message_sent'") == 1


def test_a_failure_that_overtakes_the_answer_is_believed(story: Story, provider: ScriptedMessenger) -> None:
    def overtaken(letter: object) -> None:
        key = getattr(letter, "key", "")
        apply_fate(story.box, key, Fate(f"SM-{key}", "failed", "30005", "dead"), story.now)

    provider.refuse = overtaken
    story.box = connect(story.box, provider, "sms")
    story.full("19:30")
    story.caller("Ana")
    story.passes()
    assert [(m.state, m.rank) for m in story.messages("Ana")] == [("failed", 2)]


def test_a_report_ends_the_doubt(told: Story, provider: ScriptedMessenger) -> None:
    provider.refuse = lambda letter: DeliveryError("broke off", "unknown")
    told.no("Ana")
    told.passes()
    doubtful = offer_message(told, "Bruno")
    assert doubtful.state == "sending"
    assert apply_fate(told.box, doubtful.public_id, Fate("SMx", "sent"), told.now)
    told.passes(minutes=1)
    assert (offer_message(told, "Bruno").state, offer_message(told, "Bruno").provider_id) == ("sent", "SMx")
    assert told.offer("Bruno").state == "live"
