"""What customers write: signed posts, the API's list, STOP and START."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, request
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import SIGNATURE_HEADER, RequestValidator

from tests.twilio_server import Answer, TwilioServer, through
from tests.twilio_server.hook import Hook
from tests.twilio_server.inbound import OptOutType

ANA, LUIS = "+34600000001", "+34600000002"


def is_blocked(rest: Any, to: str = ANA, **sender: str) -> bool:
    try:
        rest.messages.create(to=to, body="Hola", **sender)
    except TwilioRestException as error:
        return bool(error.code == 21610)
    return False


def test_an_answer_is_posted_signed_and_listed(twilio: TwilioServer, rest: Any, hook: Hook) -> None:
    arrived = twilio.inbound(ANA, " Sí \n")
    assert (arrived.status, arrived.text) == (200, "<Response/>")
    post = hook.posts[0]
    assert post.address == "https://casa.example/twilio/sms/incoming"
    assert (post.form["From"], post.form["To"], post.form["Body"]) == (ANA, twilio.number, " Sí \n")
    assert (post.form["SmsStatus"], post.form["NumMedia"], post.form["FromCity"]) == ("received", "0", "")
    listed = rest.messages.list(to=twilio.number)
    assert [(m.sid, m.direction, m.status, m.from_) for m in listed] == [(arrived.sid, "inbound", "received", ANA)]
    twilio.assert_clean()


def test_a_flask_test_client_can_stand_where_the_appliance_listens(twilio: TwilioServer) -> None:
    app = Flask(__name__)

    @app.post("/twilio/sms/incoming")
    def incoming() -> str:
        good = RequestValidator(twilio.auth_token).validate(
            request.url, request.form, request.headers[SIGNATURE_HEADER]
        )
        return f"<Response><!-- {good} --></Response>"

    twilio.postman.transport = through(app.test_client())
    assert "True" in twilio.inbound(ANA, "SI").text
    twilio.assert_clean()


def test_what_the_hook_missed_is_still_listed(twilio: TwilioServer, rest: Any, hook: Hook) -> None:
    quiet = twilio.inbound(ANA, "SI", deliver=False)
    hook.script += [Answer(503)]
    refused = twilio.inbound(LUIS, "NO")
    assert (quiet.status, refused.status) == (0, 503)
    assert [m.sid for m in rest.messages.list(to=twilio.number)] == [refused.sid, quiet.sid]
    assert [warning[:5] for warning in twilio.warnings] == ["11200"]


def test_the_same_message_can_be_posted_again(twilio: TwilioServer, hook: Hook) -> None:
    arrived = twilio.inbound(ANA, "SI")
    assert twilio.post_inbound(arrived.sid).status == 200
    assert hook.posts[0].form == hook.posts[1].form


@pytest.mark.parametrize("signature", ["", "AAAA"])
def test_a_post_can_be_badly_signed(twilio: TwilioServer, hook: Hook, signature: str) -> None:
    assert twilio.inbound(ANA, "SI", signature=signature).status == 403
    assert hook.posts[0].headers.get("X-Twilio-Signature", "") == signature


def test_fields_nobody_has_heard_of_are_signed_too(twilio: TwilioServer, hook: Hook) -> None:
    assert twilio.inbound(ANA, "SI", extra={"NewField": "x", "Empty": ""}).status == 200
    assert (hook.posts[0].form["NewField"], hook.posts[0].form["Empty"]) == ("x", "")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(200, {"Content-Type": "application/json"}, b"{}"), "12300"),
        (Answer(200, {"Content-Type": "text/xml"}, b"<Response>"), "12100"),
        (Answer(200, {"Content-Type": "text/xml"}, b"<Reply/>"), "12200"),
    ],
)
def test_an_answer_that_is_no_twiml_is_noted(twilio: TwilioServer, hook: Hook, answer: Answer, code: str) -> None:
    hook.script += [answer]
    twilio.inbound(ANA, "SI")
    assert [violation[:5] for violation in twilio.violations] == [code]


@pytest.mark.parametrize("word", ["STOP", "stop", " Cancel ", "End", "optout"])
def test_a_stop_word_blocks_and_is_still_posted(twilio: TwilioServer, rest: Any, hook: Hook, word: str) -> None:
    assert twilio.inbound(ANA, word).status == 200
    assert is_blocked(rest, from_=twilio.number)
    assert not is_blocked(rest, LUIS, from_=twilio.number)
    # Twilio says goodbye by itself, and that is in the list.
    assert [m.direction for m in rest.messages.list(to=ANA)] == ["outbound-reply"]
    twilio.assert_clean()


@pytest.mark.parametrize("word", ["stop it", "no", "baja", "arret", "SI"])
def test_other_words_block_nothing(twilio: TwilioServer, rest: Any, hook: Hook, word: str) -> None:
    twilio.inbound(ANA, word)
    assert not is_blocked(rest, from_=twilio.number)


@pytest.mark.parametrize("word", ["START", "yes", "Unstop"])
def test_a_start_word_lets_in_again(twilio: TwilioServer, rest: Any, hook: Hook, word: str) -> None:
    twilio.inbound(ANA, "STOP")
    twilio.inbound(ANA, word)
    assert not is_blocked(rest, from_=twilio.number)


def test_a_yes_without_a_stop_is_only_a_yes(twilio: TwilioServer, rest: Any, hook: Hook) -> None:
    twilio.inbound(ANA, "YES")
    assert rest.messages.list(to=ANA) == []


def test_a_stop_to_a_service_counts_for_all_its_senders(twilio: TwilioServer, rest: Any, hook: Hook) -> None:
    other = twilio.add_number("+34911230001")
    service = twilio.add_service(twilio.number, other)
    twilio.inbound(ANA, "STOP")
    assert is_blocked(rest, messaging_service_sid=service)
    assert is_blocked(rest, from_=other)
    assert not is_blocked(rest, from_=twilio.add_number("+34911230002"))


@pytest.mark.parametrize(("told", "blocked"), [("STOP", True), ("START", False), ("HELP", False)])
def test_advanced_opt_out_tells_what_it_did(
    twilio: TwilioServer, rest: Any, hook: Hook, told: OptOutType, blocked: bool
) -> None:
    twilio.inbound(ANA, "BAJA", opt_out_type=told)
    assert hook.posts[0].form["OptOutType"] == told
    assert is_blocked(rest, from_=twilio.number) == blocked
