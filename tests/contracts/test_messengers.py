"""What every messenger behind the `Messenger` port must do. A new provider is one more `Desk` and a name in DESKS."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from tests.adapters.smtp.access import smtp_messenger
from tests.adapters.twilio.access import twilio_messenger
from tests.conftest import NOW
from tests.smtp_server import SmtpServer
from tests.twilio_server import TwilioServer
from waitlist_appliance.adapters.messengers.simulator import SimulatorMessenger
from waitlist_appliance.ports import STATE_RANK, DeliveryError, Letter, Messenger, Verdict
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import lists

DESKS = ("simulator", "twilio_sms", "twilio_whatsapp", "smtp")
WORDS = "¿Vendrá usted? 😀"


@dataclass
class Desk:
    """A messenger, with whatever stands behind it: what arrived there, and how to make the next letter go wrong."""

    messenger: Messenger
    channel: str
    address: str
    arrived: Callable[[], Sequence[str]]
    refuse: Callable[[Verdict], None]
    repeats: bool = False  # the provider itself tells a repeat
    looks_up: bool = True
    now: datetime = NOW

    def letter(self, key: str = "k1", body: str = WORDS) -> Letter:
        subject = "Una mesa" if self.channel == "email" else None
        return Letter(key, self.channel, self.address, subject, body, kind="offer", locale="es", in_session=True)

    def sends(self, key: str = "k1", body: str = WORDS) -> str:
        """A letter, a second after the one before: some senders write no faster."""
        self.now += timedelta(seconds=1)
        return self.messenger.send(self.letter(key, body), self.now).provider_id


@pytest.fixture
def simulator(box: Appliance) -> Desk:
    outcomes = {"dead": "undeliverable", "later": "retry", "unknown": "unknown_taken"}

    def refuse(verdict: Verdict) -> None:
        outcome = outcomes.get(verdict, verdict)
        box.db.execute("INSERT INTO simulated_failure VALUES ('+34600000001', 'sms', ?, 1)", outcome)

    def arrived() -> list[str]:
        return [bubble.body for bubble in lists.conversation(box.db, "+34600000001")]

    return Desk(SimulatorMessenger(box.db), "sms", "+34600000001", arrived, refuse, repeats=True)


@pytest.fixture
def twilio() -> Iterator[TwilioServer]:
    with TwilioServer(now=NOW) as server:
        yield server
        server.assert_clean()


@pytest.fixture
def twilio_sms(twilio: TwilioServer) -> Iterator[Desk]:
    yield from _on_twilio(twilio, "sms")


@pytest.fixture
def twilio_whatsapp(twilio: TwilioServer) -> Iterator[Desk]:
    twilio.inbound("+34600000001", "Hola", channel="whatsapp", deliver=False)
    yield from _on_twilio(twilio, "whatsapp")


def _on_twilio(server: TwilioServer, channel: str) -> Iterator[Desk]:
    codes = {
        "dead": 21211, "opted_out": 21610, "landline": 21614, "elsewhere": 21612, "message": 21617, "account": 21606,
        "slow": 20429, "later": None, "unknown": None,
    }  # fmt: skip

    def refuse(verdict: Verdict) -> None:
        code = codes[verdict]
        if code is not None:
            server.fail(code, "messages.create")
        elif verdict == "unknown":
            server.fail("drop_after", "messages.create")
        else:
            server.refuse_connections()

    def arrived() -> list[str]:
        return [message.body for message in list(server.messages.values()) if message.direction == "outbound-api"]

    messenger = twilio_messenger(server, channel)
    yield Desk(messenger, channel, "+34600000001", arrived, refuse)
    messenger.close()


@pytest.fixture
def smtp() -> Iterator[Desk]:
    with SmtpServer() as server:
        answers = {
            "dead": "550 5.1.1 no such user", "later": "451 4.7.1 greylisted", "account": "530 5.7.0 log in",
            "elsewhere": "552 5.2.2 mailbox full", "slow": "450 4.7.0 slow down",
        }  # fmt: skip

        def refuse(verdict: Verdict) -> None:
            if verdict not in answers:
                pytest.skip(f"a mail server does not say {verdict} in a word")
            server.refuse("ana@example.org", answers[verdict], times=1)

        def arrived() -> list[str]:
            return [received.mail.get_body().get_content().strip() for received in server.received]  # type: ignore[union-attr]

        yield Desk(smtp_messenger(server), "email", "ana@example.org", arrived, refuse, looks_up=False)


@pytest.fixture(params=DESKS)
def desk(request: pytest.FixtureRequest) -> Desk:
    found: Desk = request.getfixturevalue(request.param)
    return found


def verdict_of(desk: Desk) -> Verdict:
    with pytest.raises(DeliveryError) as failure:
        desk.sends()
    assert failure.value.retryable == (failure.value.verdict in ("slow", "later", "unknown"))
    return failure.value.verdict


def test_a_letter_arrives_as_it_was_written(desk: Desk) -> None:
    handed = desk.messenger.send(desk.letter(), NOW)
    assert (handed.provider_id != "", handed.state in STATE_RANK, handed.state != "failed") == (True, True, True)
    assert desk.arrived() == [WORDS]


def test_two_letters_have_two_ids(desk: Desk) -> None:
    assert desk.sends("k1", "uno") != desk.sends("k2", "dos")
    assert list(desk.arrived()) in (["uno", "dos"], ["dos", "uno"])


@pytest.mark.parametrize(
    "verdict", ["dead", "opted_out", "landline", "elsewhere", "message", "account", "slow", "later"]
)
def test_a_refusal_says_what_follows_and_nothing_arrives(desk: Desk, verdict: Verdict) -> None:
    desk.refuse(verdict)
    assert verdict_of(desk) == verdict
    assert desk.arrived() == []


@pytest.mark.parametrize("verdict", ["account", "elsewhere", "slow", "dead"])
def test_after_a_refusal_the_next_letter_arrives(desk: Desk, verdict: Verdict) -> None:
    desk.refuse(verdict)
    verdict_of(desk)
    desk.sends()
    assert desk.arrived() == [WORDS]


def test_an_attempt_whose_end_nobody_knows_is_found_by_its_letter(desk: Desk) -> None:
    if not desk.looks_up:
        pytest.skip("it cannot be asked")
    desk.refuse("unknown")
    assert verdict_of(desk) == "unknown"
    found = desk.messenger.look_up(desk.letter(), NOW - timedelta(seconds=10))
    assert found is not None
    assert (found.provider_id != "", desk.arrived()) == (True, [WORDS])


def test_a_letter_that_was_never_sent_is_not_found(desk: Desk) -> None:
    desk.sends("k1", "Otra cosa")
    assert desk.messenger.look_up(desk.letter("k2"), NOW - timedelta(seconds=10)) is None


def test_a_repeat_is_told_by_the_provider_or_can_be_found(desk: Desk) -> None:
    first = desk.sends()
    if desk.repeats:
        assert (desk.sends(), len(desk.arrived())) == (first, 1)
    elif desk.looks_up:
        found = desk.messenger.look_up(desk.letter(), NOW - timedelta(seconds=10))
        assert found is not None
        assert found.provider_id == first
    else:
        assert desk.sends() == first  # the same Message-ID: the receiver tells


def test_what_became_of_letters_is_told_of_these_and_no_others(desk: Desk) -> None:
    first, _ = desk.sends("k1", "uno"), desk.sends("k2", "dos")
    fates = desk.messenger.fates([first, "SM" + "00" * 16])
    assert {fate.provider_id for fate in fates} <= {first}
    assert all(fate.state in STATE_RANK and (fate.state == "failed") == (fate.verdict is not None) for fate in fates)


def test_nobody_has_written_since_now(desk: Desk) -> None:
    later: datetime = NOW + timedelta(hours=1)
    assert list(desk.messenger.inbound(later)) == []
