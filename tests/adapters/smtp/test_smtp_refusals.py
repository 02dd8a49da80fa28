"""What each refusal of a mail server means for the outbox."""

from __future__ import annotations

import pytest

from tests.adapters.smtp.access import ANA, NOW, QUICK, account_of, letter, outcome
from tests.smtp_server import AT_SENDER, AT_TEXT, OddServer, SmtpServer
from waitlist_appliance.adapters.messengers.smtp import SmtpMessenger
from waitlist_appliance.ports import DeliveryError, Messenger

OF_RECIPIENTS = {
    "550 no such user": "dead",
    "550 5.1.1 no such user": "dead",
    "553 5.1.3 bad address": "dead",
    "550 5.2.1 mailbox closed": "dead",
    "552 5.2.2 mailbox full": "elsewhere",
    "550 5.7.1 refused by policy": "elsewhere",
    "554 5.7.1 Relay access denied": "account",
    "530 5.7.0 Authentication required": "account",
    "552 5.3.4 too big": "message",
    "552 size": "message",
    "450 4.2.0 busy": "later",
    "451 greylisted, come back": "later",
    "451 4.7.1 greylisted": "later",
    "450 4.7.1 too many mails": "slow",
    "421 4.7.0 slow": "slow",
    "452 4.2.2 mailbox full": "later",
    "550 5.4.5 Daily user sending limit exceeded": "slow",
}
OF_TEXTS = {
    "552 5.3.4 message size exceeds limit": "message",
    "554 5.7.1 looks like spam": "message",
    "550 5.1.1 no such user after all": "dead",
    "550 5.7.26 sender is not authenticated": "account",
    "451 4.3.0 try again": "later",
    "421 4.7.28 rate limit": "slow",
    "550 5.4.5 Daily user sending limit exceeded": "slow",
}
OF_SENDERS = {
    "550 5.7.1 not your address": "account",
    "553 sender refused": "account",
    "451 4.3.2 not now": "later",
    "452 4.3.1 disk full": "later",
    "421 4.7.0 too many connections": "slow",
}


@pytest.mark.parametrize(("answer", "verdict"), OF_RECIPIENTS.items())
def test_a_refused_recipient(server: SmtpServer, messenger: Messenger, answer: str, verdict: str) -> None:
    server.refuse(ANA, answer)
    assert (outcome(messenger), server.received) == (verdict, [])


@pytest.mark.parametrize(("answer", "verdict"), OF_TEXTS.items())
def test_a_refused_text(server: SmtpServer, messenger: Messenger, answer: str, verdict: str) -> None:
    server.refuse(AT_TEXT, answer)
    assert outcome(messenger) == verdict


@pytest.mark.parametrize(("answer", "verdict"), OF_SENDERS.items())
def test_a_refused_sender(server: SmtpServer, messenger: Messenger, answer: str, verdict: str) -> None:
    server.refuse(AT_SENDER, answer)
    assert outcome(messenger) == verdict


def test_one_refused_address_says_nothing_about_another(server: SmtpServer, messenger: Messenger) -> None:
    server.refuse("gone@example.org", "550 5.1.1 no such user")
    assert outcome(messenger, letter(address="gone@example.org")) == "dead"
    assert outcome(messenger) == "taken"


def test_after_greylisting_the_same_letter_arrives_once(server: SmtpServer, messenger: Messenger) -> None:
    server.refuse(ANA, "451 4.7.1 greylisted", times=1)
    assert [outcome(messenger), outcome(messenger)] == ["later", "taken"]
    assert len(server.received) == 1


def test_a_refusal_carries_the_servers_code_and_no_address(server: SmtpServer, messenger: Messenger) -> None:
    server.refuse(ANA, "550-5.1.1 <ana@example.org>\r\n550 5.1.1 unknown here")
    with pytest.raises(DeliveryError) as failure:
        messenger.send(letter(), NOW)
    assert failure.value.code == "550 5.1.1"
    assert "unknown here" in str(failure.value)
    assert ANA not in str(failure.value)


def test_a_server_that_wants_less_is_left_alone_for_a_while(server: SmtpServer, messenger: Messenger) -> None:
    server.refuse(ANA, "421 4.7.0 slow down")
    with pytest.raises(DeliveryError) as failure:
        messenger.send(letter(), NOW)
    assert failure.value.retry_after is not None
    assert failure.value.retryable


def test_a_letter_over_the_announced_size_is_not_even_begun() -> None:
    with SmtpServer(size_limit=2000) as server:
        assert outcome(SmtpMessenger(account_of(server.port)), letter(body="x" * 3000)) == "message"
        assert server.received == []


@pytest.mark.parametrize("how", ["drop", "hang"])
def test_a_server_that_goes_silent_after_the_text_may_have_taken_it(how: str) -> None:
    with SmtpServer(after_text=how) as server:
        messenger = SmtpMessenger(account_of(server.port), QUICK)
        assert outcome(messenger) == "unknown"
        assert len(server.received) == 1
        assert messenger.look_up(letter(), NOW) is None


def test_nobody_listening_is_tried_again_later() -> None:
    with OddServer(b"") as server:
        port = server.port
    assert outcome(SmtpMessenger(account_of(port), QUICK)) == "later"


@pytest.mark.parametrize(
    ("says", "hang_up", "verdict"),
    [(b"", False, "later"), (b"", True, "later"), (b"SSH-2.0-OpenSSH\r\n", True, "later"),
     (b"220 hello\r\n", False, "later"), (b"220 hello\r\n", True, "later"), (b"554 go away\r\n", False, "account"),
     (b"421 4.3.2 going down\r\n", False, "later"), (b"\xff\xfe\r\n", True, "later")],
)  # fmt: skip
def test_a_server_that_makes_no_sense(says: bytes, hang_up: bool, verdict: str) -> None:
    with OddServer(says, hang_up=hang_up) as server:
        assert outcome(SmtpMessenger(account_of(server.port), QUICK)) == verdict


def test_a_server_that_drips_is_given_up() -> None:
    limits = type(QUICK)(step=0.3, good_bye=0.1, total=0.4)
    with OddServer(b"220-hello\r\n" * 200, pause=0.01) as server:
        assert outcome(SmtpMessenger(account_of(server.port), limits)) == "later"


def test_what_became_of_a_mail_is_not_told_by_smtp(messenger: Messenger) -> None:
    assert (list(messenger.fates(["<msg1@casalola.example>"])), list(messenger.inbound(NOW))) == ([], [])
