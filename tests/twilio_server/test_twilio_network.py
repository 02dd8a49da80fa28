"""What becomes of messages, and the status callbacks that tell it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl

import pytest
from twilio.request_validator import RequestValidator

from tests.twilio_server import START, Answer, SharedKey, TwilioServer
from tests.twilio_server.hook import Hook
from tests.twilio_server.real_client import client

ANA = "+34600000001"
CALLBACK = "https://casa.example/twilio/status/7"


def send(rest: Any, twilio: TwilioServer, **change: Any) -> str:
    return str(rest.messages.create(**({"to": ANA, "from_": twilio.number, "body": "Hola"} | change)).sid)


@pytest.fixture
def sid(twilio: TwilioServer, rest: Any) -> str:
    """A message with a callback."""
    return send(rest, twilio, status_callback=CALLBACK)


def test_a_message_goes_step_by_step_to_its_end(twilio: TwilioServer, rest: Any, sid: str) -> None:
    seen = []
    for status in ("sending", "sent", "delivered"):
        twilio.progress(until=status)
        seen.append(rest.messages(sid).fetch().status)
    assert seen == ["sending", "sent", "delivered"]
    twilio.assert_clean()


def test_what_was_sent_has_a_time_and_a_price(twilio: TwilioServer, rest: Any) -> None:
    sid = send(rest, twilio, body="a" * 161)
    twilio.advance(3)
    twilio.progress()
    fetched = rest.messages(sid).fetch()
    assert (fetched.price, fetched.price_unit, fetched.num_segments) == ("-0.1500", "USD", "2")
    assert (fetched.date_sent - START).total_seconds() == 3


def test_every_step_but_the_first_is_called_back_and_signed(twilio: TwilioServer, hook: Hook, sid: str) -> None:
    twilio.progress()
    done = twilio.deliver_callbacks()
    assert [callback.answers[0].status for callback in done] == [200, 200, 200]
    assert hook.told() == ["sending", "sent", "delivered"]
    first = hook.posts[0]
    assert first.address == CALLBACK
    assert first.form["MessageSid"] == first.form["SmsSid"] == sid
    assert (first.form["To"], first.form["From"], first.form["SmsStatus"]) == (ANA, twilio.number, "sending")
    assert twilio.pending_callbacks == []


def test_callbacks_come_twice_backwards_and_not_at_all(twilio: TwilioServer, hook: Hook, sid: str) -> None:
    twilio.progress()
    twilio.deliver_callbacks(reverse=True, times=2, lose={"sending"})
    assert hook.told() == ["delivered", "delivered", "sent", "sent"]
    assert twilio.deliver_callbacks() == []


def test_a_disturbance_is_the_same_in_every_run(twilio: TwilioServer, rest: Any, hook: Hook) -> None:
    runs = []
    for _ in range(2):
        hook.posts.clear()
        twilio.disturb(7, lose=0.3, duplicate=0.3, shuffle=True)
        for _ in range(4):
            send(rest, twilio, status_callback=CALLBACK)
        twilio.progress()
        twilio.deliver_callbacks()
        runs.append(hook.told())
    assert runs[0] == runs[1]
    assert runs[0] != ["sending", "sent", "delivered"] * 4


def test_a_message_can_come_to_nothing(twilio: TwilioServer, rest: Any, hook: Hook) -> None:
    twilio.come_to_nothing(ANA, 30003, times=1)
    lost, kept = send(rest, twilio, status_callback=CALLBACK), send(rest, twilio)
    twilio.progress()
    twilio.deliver_callbacks()
    assert hook.told() == ["sending", "sent", "undelivered"]
    assert hook.posts[-1].form["ErrorCode"] == "30003"
    fetched = rest.messages(lost).fetch()
    assert (fetched.status, fetched.error_code) == ("undelivered", 30003)
    assert rest.messages(kept).fetch().status == "delivered"
    twilio.assert_clean()


def test_what_never_left_twilio_fails_without_having_been_sent(twilio: TwilioServer, rest: Any, hook: Hook) -> None:
    twilio.come_to_nothing(ANA, 30001)
    sid = send(rest, twilio, status_callback=CALLBACK)
    twilio.progress()
    twilio.deliver_callbacks()
    assert hook.told() == ["sending", "failed"]
    assert rest.messages(sid).fetch().date_sent is None


def test_some_carriers_never_confirm(twilio: TwilioServer, rest: Any, sid: str) -> None:
    twilio.never_confirms(ANA)
    twilio.progress()
    assert rest.messages(sid).fetch().status == "sent"


def test_a_late_word_may_contradict_an_earlier_one(twilio: TwilioServer, hook: Hook, sid: str) -> None:
    twilio.progress()
    twilio.change(sid, "sent")
    twilio.deliver_callbacks()
    assert hook.told() == ["sending", "sent", "delivered", "sent"]


def test_an_offer_that_waits_too_long_is_given_up(twilio: TwilioServer, rest: Any, hook: Hook) -> None:
    sid = send(rest, twilio, validity_period=60, status_callback=CALLBACK)
    twilio.queue_held = True
    twilio.advance(60)
    twilio.progress()
    assert rest.messages(sid).fetch().status == "queued"
    twilio.advance(1)
    twilio.deliver_callbacks()
    assert (hook.told(), hook.posts[-1].form["ErrorCode"]) == (["failed"], "30036")


def test_what_has_left_the_queue_is_not_given_up(twilio: TwilioServer, rest: Any) -> None:
    sid = send(rest, twilio, validity_period=60)
    twilio.progress(until="sending")
    twilio.advance(120)
    twilio.progress()
    assert rest.messages(sid).fetch().status == "delivered"


def test_a_suspended_account_loses_what_it_queued(twilio: TwilioServer, rest: Any, sid: str) -> None:
    twilio.suspended = True
    twilio.progress()
    assert rest.messages(sid).fetch().error_code == 30002


def test_an_answer_is_not_asked_for_again_unless_the_address_says_so(
    twilio: TwilioServer, rest: Any, hook: Hook
) -> None:
    send(rest, twilio, status_callback=CALLBACK)
    hook.script += [Answer(500)]
    twilio.progress(until="sending")
    assert [answer.status for answer in twilio.deliver_callbacks()[0].answers] == [500]
    send(rest, twilio, status_callback=f"{CALLBACK}#rc=2&rp=5xx,rt")
    hook.posts.clear()
    hook.script += [Answer(503), Answer(0, trouble="rt")]
    twilio.progress(until="sending")
    twilio.progress(until="sending")
    assert [answer.status for answer in twilio.deliver_callbacks()[0].answers] == [503, 0, 200]
    assert {post.address for post in hook.posts} == {CALLBACK}
    assert len({post.headers["I-Twilio-Idempotency-Token"] for post in hook.posts}) == 1


def test_a_failed_connection_is_tried_once_more(twilio: TwilioServer, hook: Hook, sid: str) -> None:
    hook.script += [Answer(0, trouble="ct")] * 3
    twilio.progress(until="sending")
    assert [answer.status for answer in twilio.deliver_callbacks()[0].answers] == [0, 0]


def test_a_shared_key_signs_with_sha256(twilio: TwilioServer, hook: Hook, sid: str) -> None:
    twilio.use_shared_key(SharedKey("webhooks_sharedkey_1", "another secret"))
    hook.secret = "another secret"
    twilio.progress(until="sending")
    assert twilio.deliver_callbacks()[0].answers[0].status == 200
    settings = hook.posts[0].headers["X-Twilio-Webhooks-Signature-Settings"]
    assert settings == "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    # The old way of validating does not believe it.
    hook.secret = twilio.auth_token
    twilio.change(sid, "sent")
    assert twilio.deliver_callbacks()[0].answers[0].status == 403


def test_nothing_ever_leaves_the_machine(twilio: TwilioServer, sid: str) -> None:
    twilio.progress(until="sending")
    assert [answer.trouble for answer in twilio.deliver_callbacks()[0].answers] == ["ct", "ct"]


class Listener(BaseHTTPRequestHandler):
    """Validates as an appliance behind a proxy must: for the public address."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        address = f"https://casa.example{self.path}"
        good = RequestValidator(self.server.secret).validate(  # type: ignore[attr-defined]
            address, dict(parse_qsl(body, keep_blank_values=True)), self.headers["X-Twilio-Signature"]
        )
        self.server.seen.append((self.path, self.headers["Host"], good))  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed."""


@pytest.fixture
def listener() -> Iterator[Any]:
    """A server in the appliance's place."""
    server = HTTPServer(("127.0.0.1", 0), Listener)
    server.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_automatic_messages_run_their_course_over_real_http(listener: Any) -> None:
    local = f"http://127.0.0.1:{listener.server_address[1]}"
    with TwilioServer(local_url=local, automatic=True) as twilio:
        listener.secret = twilio.auth_token
        rest = client(twilio)
        sid = send(rest, twilio, status_callback=CALLBACK)
        twilio.settle()
        assert rest.messages(sid).fetch().status == "delivered"
        rest.http_client.close()
        assert [callback.status for callback in twilio.posted_callbacks] == ["sending", "sent", "delivered"]
    assert listener.seen == [("/twilio/status/7", "casa.example", True)] * 3


def test_a_crowd_is_served_at_once_and_told_everything() -> None:
    with TwilioServer(automatic=True) as twilio:
        hook = Hook(twilio.auth_token)
        twilio.postman.transport = hook

        def one(number: int) -> None:
            rest = client(twilio)
            send(rest, twilio, to=f"+346000000{number:02}", status_callback=CALLBACK)
            rest.http_client.close()

        threads = [threading.Thread(target=one, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        twilio.settle()
        assert len({message.sid for message in twilio.sent()}) == 20
        assert sorted(hook.told()) == ["delivered"] * 20 + ["sending"] * 20 + ["sent"] * 20
        twilio.assert_clean()
