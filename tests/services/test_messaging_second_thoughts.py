"""What was true when a message was written, or when an answer was, and is not any more when it is handed on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.conftest import at
from tests.scripted_messenger import ScriptedMessenger, connect
from tests.story import Story
from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.ports import DeliveryError, Handed, Inbound, Letter
from waitlist_appliance.services.deliver_messages import deliver_due
from waitlist_appliance.services.receive_reply import receive_inbound
from waitlist_appliance.services.say import say
from waitlist_appliance.services.unsubscribe import unsubscribe
from waitlist_appliance.storage import alarms, customers, messages


@pytest.fixture
def provider() -> ScriptedMessenger:
    return ScriptedMessenger()


@pytest.fixture
def house(story: Story, provider: ScriptedMessenger) -> Story:
    """Ana and Bruno wait for 19:30; a real provider carries the messages."""
    story.box = connect(story.box, provider)
    story.full("19:30", "21:30")
    story.waits("Ana", "19:30", "21:30")
    story.in_line("Bruno")
    story.passes()
    return story


def customer_id(story: Story, name: str) -> int:
    found = customers.by_phone(story.box.db, story.phone(name))
    assert found is not None
    return found.id


def writes(story: Story, body: str, ago: timedelta = timedelta(0), name: str = "Ana") -> None:
    """The answer arrives now, and was written some time ago."""
    number = int(story.box.db.value("SELECT count(*) FROM reply"))
    inbound = Inbound(f"IN{number}", "sms", story.phone(name), body, story.now - ago)
    receive_inbound(story.box, inbound, story.now)


@pytest.mark.parametrize("verdict", ["slow", "later", "unknown"])
def test_a_message_under_way_at_the_stop_is_not_sent_afterwards(
    house: Story, provider: ScriptedMessenger, verdict: str
) -> None:
    """Its hand-over fails for a moment while STOP arrives: the next attempt must not be made."""

    def stop_comes_first(letter: Letter) -> DeliveryError:
        writes(house, "stop")
        return DeliveryError("not now", verdict)  # type: ignore[arg-type]

    with house.box.db.write():
        say(house.box, "left", customer_id(house, "Ana"), house.now, key="test")
    provider.refuse = stop_comes_first
    deliver_due(house.box, house.now)
    provider.refuse = lambda letter: None
    house.passes(minutes=2)
    assert [kind for kind in provider.kinds(house.phone("Ana")) if kind == "left"] == []


def test_whoever_wants_no_emails_does_not_hold_the_place_that_was_to_be_offered_by_email(
    house: Story, provider: ScriptedMessenger
) -> None:
    house.box.db.execute(
        "UPDATE customer SET email = 'ana@example.org', channels = '[\"email\"]' WHERE phone = ?", house.phone("Ana")
    )
    house.frees()
    token = house.box.token("unsubscribe", customer_id(house, "Ana"), house.now)
    unsubscribe(house.box, token, house.now)
    house.passes()
    assert house.asked() == [("Ana", "failed"), ("Bruno", "live")]


def test_a_yes_written_before_an_offer_is_no_yes_to_it(house: Story) -> None:
    """Its hook was lost, and it is found only when the customer has been asked for another time."""
    house.frees("19:30")
    house.passes()
    house.passes(minutes=16)
    house.frees("21:30")
    house.passes()
    assert [offer.state for offer in house.offers("Ana")] == ["expired", "live"]
    writes(house, "sí", ago=timedelta(minutes=5))
    assert house.offers("Ana")[1].state == "live"
    assert house.bookings("Ana") == []


def test_a_message_that_broke_off_in_an_unknown_way_is_not_made_again_and_again(
    house: Story, provider: ScriptedMessenger
) -> None:
    """Whatever a messenger raises once it has begun, the message may have arrived."""
    tried = []

    def taken_and_fallen_over(letter: Letter) -> None:
        tried.append(letter.kind)
        raise RuntimeError("after the provider took it")

    provider.refuse = taken_and_fallen_over
    with house.box.db.write():
        say(house.box, "left", customer_id(house, "Bruno"), house.now, key="test")
    house.ticks(20, step=1)
    assert tried.count("left") <= 2


def test_a_nudge_in_doubt_when_the_quiet_hours_begin_is_looked_up_in_the_morning(
    house: Story, provider: ScriptedMessenger
) -> None:
    """Whoever was sending it died: it may have arrived, and must not be written again without asking."""
    house.now = at("21:59")
    facts: dict[str, object] = {"starts_at_ms": to_ms(at("23:30")), "link": "https://waitlist.example/x"}
    with house.box.db.write():
        say(house.box, "join_nudge", customer_id(house, "Bruno"), house.now, key="test", facts=facts)
        nudge = int(house.box.db.value("SELECT id FROM message WHERE kind = 'join_nudge'"))
        messages.claim(house.box.db, nudge, house.now, house.now + messages.LEASE)
    house.passes(minutes=2)
    provider.found = Handed("SM-taken", "sent")
    house.until("08:00", "2026-01-17")
    assert messages.by_id(house.box.db, nudge).state == "sent"
    assert provider.kinds(house.phone("Bruno")).count("join_nudge") == 0


def test_a_provider_that_cannot_be_reached_does_not_burn_through_the_line(
    house: Story, provider: ScriptedMessenger
) -> None:
    """Half an hour without a connection: each offer waits its ten minutes, and goes out when the connection is back."""
    for number in range(8):
        house.in_line(f"P{number}")
    house.passes()
    provider.refuse = lambda letter: DeliveryError("the provider cannot be reached", "later")
    house.frees("19:30")
    for _ in range(29 * 6):
        house.passes(seconds=10)
    assert house.asked() == [("Ana", "failed"), ("Bruno", "failed"), ("P0", "live")]
    provider.refuse = lambda letter: None
    house.passes(seconds=50)
    assert provider.kinds(house.phone("P0")).count("offer") + provider.kinds(house.phone("P1")).count("offer") == 1


def test_one_guest_whose_messages_are_refused_does_not_silence_the_house(
    house: Story, provider: ScriptedMessenger
) -> None:
    """A number in a country that the account may not write to, tried again by staff."""
    provider.refuse = lambda letter: DeliveryError("no permission for this country", "message", code="21408")
    for number in range(5):
        with house.box.db.write():
            say(house.box, "left", customer_id(house, "Bruno"), house.now, key=f"test{number}")
        house.passes(minutes=1)
    assert not alarms.holds(house.box.db, alarms.SENDING_PAUSED)


def test_a_text_that_is_refused_for_three_people_pauses_all_sending(house: Story, provider: ScriptedMessenger) -> None:
    provider.refuse = lambda letter: DeliveryError("filtered", "message", code="30007")
    house.in_line("Diego")
    for name in ("Ana", "Bruno", "Diego"):
        assert not alarms.holds(house.box.db, alarms.SENDING_PAUSED)
        with house.box.db.write():
            say(house.box, "left", customer_id(house, name), house.now, key=f"test{name}")
        house.passes(minutes=1)
    assert alarms.holds(house.box.db, alarms.SENDING_PAUSED)
