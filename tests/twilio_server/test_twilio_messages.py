"""Sending, fetching and listing with Twilio's own client, and what Twilio refuses at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException, TwilioServiceException

from tests.twilio_server import START, TwilioServer
from tests.twilio_server.real_client import client
from tests.twilio_server.segments import segments

ANA, LUIS = "+34600000001", "+34600000002"


def send(rest: Any, twilio: TwilioServer, **change: Any) -> Any:
    return rest.messages.create(**({"to": ANA, "from_": twilio.number, "body": "Hola"} | change))


def code_of(rest: Any, twilio: TwilioServer, **change: Any) -> tuple[int, int]:
    with pytest.raises(TwilioRestException) as caught:
        send(rest, twilio, **change)
    assert twilio.sent() == []
    return caught.value.status, caught.value.code


def test_a_message_is_taken_and_queued(twilio: TwilioServer, rest: Any) -> None:
    made = send(rest, twilio, validity_period=60, status_callback="https://casa.example/twilio/status/7")
    assert (made.status, made.num_segments, made.direction, made.price) == ("queued", "1", "outbound-api", None)
    fetched = rest.messages(made.sid).fetch()
    assert (fetched.to, fetched.from_, fetched.body) == (ANA, twilio.number, "Hola")
    assert (fetched.date_created, fetched.date_sent) == (START, None)
    kept = twilio.sent(ANA)[0]
    assert (kept.validity, kept.callback) == (60, "https://casa.example/twilio/status/7")
    assert twilio.count("messages.create", 201) == 1
    twilio.assert_clean()


def test_a_messaging_service_settles_the_sender_later(twilio: TwilioServer, rest: Any) -> None:
    service = twilio.add_service(twilio.number)
    made = rest.messages.create(to=ANA, messaging_service_sid=service, body="Hola")
    assert (made.status, made.from_, made.num_segments) == ("accepted", None, "0")
    twilio.progress()
    fetched = rest.messages(made.sid).fetch()
    assert (fetched.status, fetched.from_, fetched.num_segments) == ("delivered", twilio.number, "1")
    twilio.assert_clean()


def test_a_list_is_newest_first_and_filtered(twilio: TwilioServer, rest: Any) -> None:
    first = send(rest, twilio).sid
    send(rest, twilio, to=LUIS)
    twilio.clock = START + timedelta(hours=1)
    later = send(rest, twilio).sid
    assert [m.sid for m in rest.messages.list(to=ANA)] == [later, first]
    assert [m.sid for m in rest.messages.list(to=ANA, date_sent_after=START + timedelta(minutes=1))] == [later]
    assert [m.sid for m in rest.messages.list(to=ANA, date_sent_before=START)] == [first]
    assert rest.messages.list(from_=LUIS) == []
    twilio.assert_clean()


def test_a_list_with_a_time_may_leave_out_what_has_not_been_sent(twilio: TwilioServer, rest: Any) -> None:
    made = send(rest, twilio)
    twilio.hides_unsent = True
    assert rest.messages.list(date_sent_after=START) == []
    twilio.progress()
    assert [m.sid for m in rest.messages.list(date_sent_after=START)] == [made.sid]


def test_pages_stay_put_while_messages_arrive(twilio: TwilioServer, rest: Any) -> None:
    sids = [send(rest, twilio).sid for _ in range(5)]
    page = rest.messages.page(page_size=2)
    assert [m.sid for m in page] == sids[:2:-1]
    send(rest, twilio, to=LUIS)
    page = page.next_page()
    assert [m.sid for m in page] == [sids[2], sids[1]]
    page = page.next_page()
    assert ([m.sid for m in page], page.next_page()) == ([sids[0]], None)
    twilio.assert_clean()


def test_an_api_key_opens_the_account_too(twilio: TwilioServer) -> None:
    keyed = client(twilio, *twilio.add_api_key())
    assert send(keyed, twilio).status == "queued"
    keyed.http_client.close()


def test_a_wrong_token_is_no_way_in(twilio: TwilioServer) -> None:
    stranger = client(twilio, secret="wrong")
    assert code_of(stranger, twilio) == (401, 20003)
    stranger.http_client.close()
    twilio.assert_clean()


def test_no_credentials_at_all_are_no_way_in(twilio: TwilioServer) -> None:
    address = f"{twilio.url}/2010-04-01/Accounts/{twilio.account_sid}/Messages.json"
    with requests.get(address, timeout=5) as answer:
        assert (answer.status_code, answer.json()["code"]) == (401, 20003)


def test_the_account_and_its_numbers_can_be_asked_for(twilio: TwilioServer, rest: Any) -> None:
    assert rest.api.v2010.accounts(twilio.account_sid).fetch().status == "active"
    assert [number.phone_number for number in rest.incoming_phone_numbers.list()] == [twilio.number]
    twilio.assert_clean()


def test_a_suspended_account_takes_nothing_and_still_shows_itself(twilio: TwilioServer, rest: Any) -> None:
    twilio.suspended = True
    assert code_of(rest, twilio) == (403, 20005)
    assert rest.api.v2010.accounts(twilio.account_sid).fetch().status == "suspended"


def test_test_credentials_leave_no_trace_and_read_nothing(twilio: TwilioServer, rest: Any) -> None:
    twilio.test_credentials = ("AC" + "0c" * 16, "2d" * 16)
    trial = client(twilio, *twilio.test_credentials)
    made = trial.messages.create(to=ANA, from_="+15005550006", body="Hola")
    assert (made.status, twilio.sent()) == ("queued", [])
    with pytest.raises(TwilioRestException) as caught:
        trial.messages(made.sid).fetch()
    assert (caught.value.status, caught.value.code) == (403, 20008)
    trial.http_client.close()


@pytest.mark.parametrize(
    ("to", "code"),
    [("+15005550001", 21211), ("+15005550002", 21612), ("+15005550003", 21408), ("+15005550004", 21610),
     ("+15005550009", 21614)],
)  # fmt: skip
def test_a_magic_recipient_is_refused(twilio: TwilioServer, rest: Any, to: str, code: int) -> None:
    assert code_of(rest, twilio, to=to) == (400, code)
    twilio.assert_clean()


@pytest.mark.parametrize(
    ("sender", "code"),
    [("+15005550001", 21212), ("+15005550007", 21606), ("+15005550008", 21611), ("+34911239999", 21659),
     ("CASALOLA", 21212)],
)  # fmt: skip
def test_a_sender_that_is_not_ours_is_refused(twilio: TwilioServer, rest: Any, sender: str, code: int) -> None:
    assert code_of(rest, twilio, from_=sender) == (400, code)
    twilio.assert_clean()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"to": "600000001"}, 21211),
        ({"to": "ana@example.com"}, 21211),
        ({"body": ""}, 21619),
        ({"body": "a" * 1601}, 21617),
        ({"status_callback": "https://my_box.example/twilio/status/7"}, 21609),
        ({"status_callback": "http://localhost/twilio/status/7"}, 21609),
        ({"validity_period": 36001}, 20001),
        ({"to": f"whatsapp:{ANA}"}, 21910),
    ],
)
def test_what_makes_no_sense_is_refused(twilio: TwilioServer, rest: Any, change: Any, code: int) -> None:
    assert code_of(rest, twilio, **change) == (400, code)
    twilio.assert_clean()


def test_any_number_can_be_made_to_refuse(twilio: TwilioServer, rest: Any) -> None:
    twilio.refuse(ANA, 21635)
    assert code_of(rest, twilio) == (400, 21635)
    assert send(rest, twilio, to=LUIS).status == "queued"


def test_a_refusal_can_come_in_the_form_of_rfc_9457(twilio: TwilioServer, rest: Any) -> None:
    twilio.problem_details = True
    with pytest.raises(TwilioServiceException) as caught:
        send(rest, twilio, to="+15005550009")
    assert (caught.value.status, caught.value.code) == (400, 21614)


def test_what_the_description_does_not_allow_is_refused_and_noted(twilio: TwilioServer, rest: Any) -> None:
    assert code_of(rest, twilio, from_=None, messaging_service_sid="MG1") == (400, 20001)
    with pytest.raises(AssertionError, match="MessagingServiceSid"):
        twilio.assert_clean()


@pytest.mark.parametrize(
    ("method", "path", "form"),
    [
        ("POST", "Messages.json", {"To": ANA, "From": "+34911230000", "Bodi": "Hola"}),
        ("GET", "Messages.json?Too=1", None),
        ("GET", "Messages.json?PageSize=1001", None),
        ("GET", "Messages.json?DateSent>=yesterday", None),
        ("GET", "Messages/SM1.json", None),
        ("GET", "Calls.json", None),
        ("DELETE", f"Messages/SM{'0' * 32}.json", None),
    ],
)
def test_an_unknown_request_is_refused_and_noted(twilio: TwilioServer, method: str, path: str, form: Any) -> None:
    address = f"{twilio.url}/2010-04-01/Accounts/{twilio.account_sid}/{path}"
    with requests.request(
        method, address, data=form, auth=(twilio.account_sid, twilio.auth_token), timeout=5
    ) as answer:
        assert answer.status_code in (400, 404)
    assert len(twilio.violations) == 1
    assert twilio.sent() == []


def test_an_answer_that_the_description_does_not_know_is_noted(twilio: TwilioServer, rest: Any) -> None:
    made = send(rest, twilio)
    twilio.messages[made.sid].status = "lost"  # type: ignore[assignment]
    rest.messages(made.sid).fetch()
    with pytest.raises(AssertionError, match=r"messages\.fetch: answer: .*'lost' is not one of"):
        twilio.assert_clean()


def test_a_parameter_that_is_not_modelled_is_noted(twilio: TwilioServer, rest: Any) -> None:
    send(rest, twilio, media_url=["https://casa.example/a.png"])
    assert twilio.violations == ["messages.create: MediaUrl is not modelled by this server"]


@pytest.mark.parametrize(
    ("text", "count"),
    [("a" * 160, 1), ("a" * 161, 2), ("€" * 80, 1), ("€" * 81, 2), ("í" * 70, 1), ("í" * 71, 2), ("a" * 307, 3),
     ("🎉" * 35, 1), ("🎉" * 36, 2), ("a" + "🎉" * 66, 2), ("a" + "🎉" * 67, 3)],
)  # fmt: skip
def test_segments_are_counted_as_they_are_billed(text: str, count: int) -> None:
    assert segments(text) == count
