"""What goes wrong on purpose, and how fast and how slowly the server may be asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from tests.twilio_server import TwilioServer, on
from tests.twilio_server.pacing import Pace
from tests.twilio_server.real_client import client

ANA, LUIS = "+34600000001", "+34600000002"


def send(rest: Any, twilio: TwilioServer, to: str = ANA) -> str:
    return str(rest.messages.create(to=to, from_=twilio.number, body="Hola").sid)


@pytest.fixture
def hasty(twilio: TwilioServer) -> Iterator[Any]:
    """A client that does not wait long."""
    made = client(twilio, timeout=0.5)
    yield made
    made.http_client.close()


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("too_many", 429, 20429),
        ("internal", 500, 20500),
        ("unavailable", 503, 20503),
        ("unauthorized", 401, 20003),
        ("suspended", 403, 20005),
        ("queue_full", 400, 21611),
        (21408, 400, 21408),
    ],
)
def test_a_refusal_strikes_once_and_has_no_effect(
    twilio: TwilioServer, rest: Any, kind: Any, status: int, code: int
) -> None:
    twilio.fail(kind, "messages.create")
    with pytest.raises(TwilioRestException) as caught:
        send(rest, twilio)
    assert (caught.value.status, caught.value.code, twilio.sent()) == (status, code, [])
    send(rest, twilio)
    assert (twilio.count("messages.create", status), twilio.count("messages.create")) == (1, 2)
    twilio.assert_clean()


def test_an_error_page_has_no_code_of_its_own(twilio: TwilioServer, rest: Any) -> None:
    twilio.fail("html")
    with pytest.raises(TwilioRestException) as caught:
        send(rest, twilio)
    assert (caught.value.status, caught.value.code, twilio.sent()) == (502, 502, [])


def test_garbage_has_no_effect(twilio: TwilioServer, rest: Any) -> None:
    twilio.fail("garbage")
    with pytest.raises(ValueError):
        send(rest, twilio)
    assert twilio.sent() == []


def test_a_500_may_come_after_the_effect(twilio: TwilioServer, rest: Any) -> None:
    twilio.fail("fail_after")
    with pytest.raises(TwilioRestException) as caught:
        send(rest, twilio)
    assert caught.value.status == 500
    assert len(rest.messages.list(to=ANA)) == 1


@pytest.mark.parametrize(("kind", "taken"), [("drop_before", 0), ("drop_after", 1)])
def test_a_connection_is_cut(twilio: TwilioServer, rest: Any, kind: Any, taken: int) -> None:
    twilio.fail(kind)
    with pytest.raises(requests.ConnectionError):
        send(rest, twilio)
    assert len(rest.messages.list(to=ANA)) == taken


@pytest.mark.parametrize(("kind", "taken"), [("hang_before", 0), ("hang_after", 1), ("slow", 1)])
def test_an_answer_does_not_come_in_time(twilio: TwilioServer, rest: Any, hasty: Any, kind: Any, taken: int) -> None:
    twilio.fail(kind, "messages.create")
    with pytest.raises(requests.ReadTimeout):
        send(hasty, twilio)
    assert len(rest.messages.list(to=ANA)) == taken


def test_an_answer_stops_in_the_middle(twilio: TwilioServer, rest: Any) -> None:
    twilio.fail("truncated")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        send(rest, twilio)
    assert len(twilio.sent()) == 1


def test_nobody_listens_and_then_somebody_does(twilio: TwilioServer, rest: Any) -> None:
    send(rest, twilio)
    twilio.refuse_connections()
    with pytest.raises(requests.ConnectionError):
        send(rest, twilio)
    twilio.accept_connections()
    send(rest, twilio)
    assert len(twilio.sent()) == 2


def test_a_fault_can_be_meant_for_one_number_and_come_later(twilio: TwilioServer, rest: Any) -> None:
    twilio.fail("internal", on("messages.create", To=LUIS), skip=1, times=2)
    results = []
    for to in (ANA, LUIS, LUIS, LUIS, LUIS):
        try:
            results.append(bool(send(rest, twilio, to)))
        except TwilioRestException:
            results.append(False)
    assert results == [True, True, False, False, True]


def test_nothing_goes_wrong_after_healing(twilio: TwilioServer, rest: Any) -> None:
    twilio.fail("internal", times=5)
    twilio.heal()
    assert send(rest, twilio)


def test_retry_after_is_sent_as_a_header(twilio: TwilioServer) -> None:
    twilio.fail("too_many", retry_after=7)
    address = f"{twilio.url}/2010-04-01/Accounts/{twilio.account_sid}/Messages.json"
    with requests.get(address, auth=(twilio.account_sid, twilio.auth_token), timeout=5) as answer:
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")


def test_something_can_come_just_before_a_message_is_taken(twilio: TwilioServer, rest: Any) -> None:
    twilio.before("messages.create", lambda request: twilio.refuse(ANA, 21610))
    with pytest.raises(TwilioRestException) as caught:
        send(rest, twilio)
    assert caught.value.code == 21610


def test_every_answer_takes_as_long_as_it_was_told_to(twilio: TwilioServer, rest: Any) -> None:
    twilio.latency = 0.2
    began = time.monotonic()
    send(rest, twilio)
    assert time.monotonic() - began >= 0.2


def test_a_sender_that_hands_over_too_fast_is_told_so(twilio: TwilioServer, rest: Any) -> None:
    twilio.pace.per_second = 0.001
    send(rest, twilio)
    with pytest.raises(TwilioRestException) as caught:
        send(rest, twilio)
    assert (caught.value.status, caught.value.code) == (429, 20429)
    rest.messages.create(to=ANA, from_=twilio.add_number("+34911230001"), body="Hola")


def test_a_pace_gives_a_second_at_once_and_then_one_after_the_other() -> None:
    pace = Pace(2.0)
    assert [pace.admits("a", now) for now in (0, 0, 0, 0.25, 0.5, 0.5, 10, 10, 10)] == [
        True, True, False, False, True, False, True, True, False,
    ]  # fmt: skip
