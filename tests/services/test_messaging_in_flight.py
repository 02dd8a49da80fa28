"""Several hand-overs under way at once: never more than eight, never two to one person, nothing left open."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest

from tests.scripted_messenger import ScriptedMessenger, connect
from tests.story import Story
from waitlist_appliance.ports import DeliveryError, Letter
from waitlist_appliance.services import deliver_messages
from waitlist_appliance.services.deliver_messages import AT_ONCE, deliver_due
from waitlist_appliance.services.say import say
from waitlist_appliance.storage import alarms, customers
from waitlist_appliance.texts import segments


@pytest.fixture
def provider() -> ScriptedMessenger:
    return ScriptedMessenger(seconds=0.02)


@pytest.fixture
def crowd(story: Story, provider: ScriptedMessenger) -> Story:
    """Thirty people are to be told something, by a provider that takes its time."""
    story.box = connect(story.box, provider)
    for number in range(30):
        tell(story, f"+346200{number:05}")
    return story


def tell(story: Story, phone: str, kind: str = "help") -> None:
    """A message for this number."""
    found = customers.by_phone(story.box.db, phone)
    with story.box.db.write():
        person = found or customers.add(story.box.db, phone, "mobile", None, None, None, "es", story.now)
        key = f"test:{story.box.db.value('SELECT count(*) FROM message')}"
        assert say(story.box, kind, person.id, story.now, key=key, own_act=True)


def test_eight_are_under_way_at_once_and_no_more(crowd: Story, provider: ScriptedMessenger) -> None:
    all_eight = threading.Barrier(AT_ONCE)
    last = {f"+346200{number:05}" for number in range(24, 30)}

    def together(letter: Letter) -> None:
        if letter.address not in last:
            all_eight.wait(10)

    provider.refuse = together
    assert deliver_due(crowd.box, crowd.now) == 30
    assert (len(provider.sent), provider.most_at_once) == (30, AT_ONCE)


def test_a_slow_provider_holds_up_one_hand_over_not_all(crowd: Story, provider: ScriptedMessenger) -> None:
    provider.seconds = 0.2
    began = time.monotonic()
    deliver_due(crowd.box, crowd.now)
    assert time.monotonic() - began < 30 * 0.2 / 3  # one after another would take three times as long


def test_one_person_hears_one_thing_after_another_in_order(story: Story, provider: ScriptedMessenger) -> None:
    story.box = connect(story.box, provider)
    for kind in ("help", "nothing_pending", "left", "help"):
        tell(story, story.phone("Ana"), kind)
    deliver_due(story.box, story.now)
    assert provider.kinds(story.phone("Ana")) == ["help", "nothing_pending", "left", "help"]
    assert provider.most_at_once == 1


def test_no_thread_and_no_connection_outlives_the_pass(crowd: Story) -> None:
    before = set(threading.enumerate())
    deliver_due(crowd.box, crowd.now)
    assert set(threading.enumerate()) == before


def test_an_account_fault_stops_what_is_not_under_way_yet(crowd: Story, provider: ScriptedMessenger) -> None:
    provider.refuse = lambda letter: DeliveryError("suspended", "account")
    assert deliver_due(crowd.box, crowd.now) == 0
    states = crowd.box.db.tuples("SELECT state, count(*), max(attempts) FROM message GROUP BY state")
    assert states == [("pending", 30, 0)]
    assert alarms.count(crowd.box.db, alarms.SENDING_PAUSED) <= 2 * AT_ONCE
    assert crowd.box.db.value("SELECT count(*) FROM activity WHERE verb = 'sending_paused'") == 1


def test_a_long_pass_leaves_the_rest_to_the_next(
    crowd: Story, provider: ScriptedMessenger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver_messages, "LONGEST_PASS", timedelta(0))
    first = deliver_due(crowd.box, crowd.now)
    assert 0 < first < 30
    assert crowd.box.db.value("SELECT count(*) FROM message WHERE state = 'pending' AND attempts = 0") == 30 - first


def test_a_messenger_that_raises_what_it_must_not_spoils_one_message(crowd: Story, provider: ScriptedMessenger) -> None:
    def odd(letter: object) -> None:
        if getattr(letter, "address", "") == "+34620000003":
            raise RuntimeError("odd")

    provider.refuse = odd
    assert deliver_due(crowd.box, crowd.now) == 29
    [(error, attempts)] = crowd.box.db.tuples("SELECT error, attempts FROM message WHERE state = 'sending'")
    assert (error, attempts) == ("internal error: RuntimeError", 1)


def test_a_provider_that_asks_for_patience_is_not_asked_for_the_whole_line(
    crowd: Story, provider: ScriptedMessenger
) -> None:
    tried: list[str] = []

    def too_many(letter: Letter) -> DeliveryError:
        tried.append(letter.address)
        return DeliveryError("too many requests", "slow", code="20429", retry_after=timedelta(seconds=30))

    provider.refuse = too_many
    assert deliver_due(crowd.box, crowd.now) == 0
    assert len(tried) <= AT_ONCE
    provider.refuse = lambda letter: None
    crowd.passes(seconds=31)
    assert len(provider.sent) == 30


def test_a_turn_that_comes_in_a_moment_is_waited_for(crowd: Story, provider: ScriptedMessenger) -> None:
    early = {f"+346200{number:05}" for number in range(30)}

    def busy(letter: object) -> DeliveryError | None:
        address = str(getattr(letter, "address", ""))
        if address not in early:
            return None
        early.discard(address)
        return DeliveryError("too fast", "slow", retry_after=timedelta(milliseconds=5))

    provider.refuse = busy
    assert deliver_due(crowd.box, crowd.now) == 30
    assert crowd.box.db.value("SELECT max(attempts) FROM message") == 1


def test_a_channel_that_is_no_longer_connected_leads_to_the_next(story: Story, provider: ScriptedMessenger) -> None:
    story.full("19:30")
    story.waits("Ana", email="ana@example.org")
    story.passes()
    story.frees()
    story.box = connect(story.box, provider, "email")
    story.passes()
    story.passes()
    assert [(m.channel, m.state) for m in story.messages("Ana") if m.kind == "offer"] == [
        ("sms", "failed"),
        ("email", "sent"),
    ]
    assert story.box.channels() == {"email"}


def test_a_letter_says_all_that_a_provider_needs(story: Story, provider: ScriptedMessenger) -> None:
    story.box = connect(story.box, provider)
    story.full("19:30")
    story.waits("Ana", email="ana@example.org")
    story.frees()
    story.passes()
    offer = next(letter for letter in provider.sent if letter.kind == "offer")
    row = next(m for m in story.messages("Ana") if m.kind == "offer")
    assert offer.callback == f"http://127.0.0.1:8080/twilio/status/{row.public_id}"
    assert (offer.valid_for, offer.locale, offer.unsubscribe) == (timedelta(minutes=15), "es", None)
    mail = next(letter for letter in provider.sent if letter.channel == "email")
    assert "/unsubscribe/wl_" in (mail.unsubscribe or "")
    assert "<html" in (mail.html or "")
    assert mail.callback is None
    kept = story.box.db.tuples("SELECT provider, locale, segments FROM message WHERE public_id = ?", row.public_id)
    assert kept == [("scripted", "es", segments.count(offer.body).segments)]


def test_outside_a_conversation_whatsapp_gets_what_fills_the_template(
    story: Story, provider: ScriptedMessenger
) -> None:
    story.box = connect(story.box, provider, "whatsapp")
    story.full("19:30")
    story.in_line("Ana")
    story.frees()
    story.passes()
    offer = provider.sent[-1]
    assert (offer.channel, offer.in_session, sorted(offer.variables)) == ("whatsapp", False, ["1", "2", "3", "4"])
    assert offer.variables["2"] == "19:30"


def test_the_owners_own_text_is_said(story: Story) -> None:
    story.box.db.insert(
        "own_text", kind="offer", channel="sms", locale="es", body="Mesa libre: {{ link }}", updated_at=0
    )
    story.full("19:30")
    story.in_line("Ana")
    story.frees()
    story.passes()
    assert story.said("Ana")[-1].startswith("Mesa libre: http")


def test_a_text_of_the_owner_that_cannot_be_used_keeps_no_offer_back(story: Story) -> None:
    story.box.db.insert("own_text", kind="offer", channel="sms", locale="es", body="{{ code }}{% oops", updated_at=0)
    story.full("19:30")
    story.in_line("Ana")
    story.frees()
    story.passes()
    assert (story.told("Ana")[-1], story.asked()) == ("offer", [("Ana", "live")])
