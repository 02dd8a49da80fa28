"""What every messenger behind the `Messenger` port must do. A new provider is one more line in MESSENGERS."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import NOW
from waitlist_appliance.adapters.messengers.simulator import SimulatorMessenger
from waitlist_appliance.ports import DeliveryError, Letter, Messenger
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import lists

MESSENGERS: dict[str, Callable[[Appliance], Messenger]] = {"simulator": lambda box: SimulatorMessenger(box.db)}
ANA = "+34600000001"


@pytest.fixture(params=sorted(MESSENGERS))
def messenger(request: pytest.FixtureRequest, box: Appliance) -> Messenger:
    return MESSENGERS[request.param](box)


def letter(key: str = "k1", channel: str = "sms", body: str = "¿Vendrá usted? 😀") -> Letter:
    return Letter(key, channel, ANA, None, body)


def scripted(box: Appliance, outcome: str) -> None:
    box.db.execute("INSERT INTO simulated_failure VALUES (?, 'sms', ?, 1)", ANA, outcome)


@pytest.mark.parametrize("channel", ["sms", "whatsapp", "email"])
def test_a_letter_arrives_as_it_was_written(box: Appliance, messenger: Messenger, channel: str) -> None:
    assert messenger.send(letter(channel=channel), NOW)
    assert [(b.channel, b.body) for b in lists.conversation(box.db, ANA)] == [(channel, "¿Vendrá usted? 😀")]


def test_the_same_key_again_leaves_one_letter_and_the_same_id(box: Appliance, messenger: Messenger) -> None:
    assert messenger.send(letter(), NOW) == messenger.send(letter(), NOW)
    assert len(lists.conversation(box.db, ANA)) == 1


@pytest.mark.parametrize(
    ("outcome", "retryable", "account_fault"),
    [("undeliverable", False, False), ("retry", True, False), ("account", False, True)],
)
def test_a_failure_says_whether_to_try_again_and_whose_fault_it_is(
    box: Appliance, messenger: Messenger, outcome: str, retryable: bool, account_fault: bool
) -> None:
    scripted(box, outcome)
    with pytest.raises(DeliveryError) as failure:
        messenger.send(letter(), NOW)
    assert (failure.value.retryable, failure.value.account_fault) == (retryable, account_fault)
    assert lists.conversation(box.db, ANA) == []


def test_after_a_failure_that_passes_the_same_letter_arrives(box: Appliance, messenger: Messenger) -> None:
    scripted(box, "retry")
    with pytest.raises(DeliveryError):
        messenger.send(letter(), NOW)
    messenger.send(letter(), NOW)
    assert len(lists.conversation(box.db, ANA)) == 1
