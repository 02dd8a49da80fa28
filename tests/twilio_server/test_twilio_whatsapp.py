"""WhatsApp: the 24-hour window, templates, buttons, and people who are not there."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.twilio_server import START, TwilioServer
from tests.twilio_server.hook import Hook

ANA = "+34600000001"
TO = f"whatsapp:{ANA}"


def send(rest: Any, twilio: TwilioServer, **content: Any) -> str:
    return str(rest.messages.create(to=TO, from_=twilio.whatsapp_sender, **content).sid)


def end_of(rest: Any, twilio: TwilioServer, **content: Any) -> tuple[str, int | None]:
    sid = send(rest, twilio, **content)
    twilio.progress()
    fetched = rest.messages(sid).fetch()
    return fetched.status, fetched.error_code


def test_free_text_outside_the_window_is_taken_and_fails(twilio: TwilioServer, rest: Any) -> None:
    assert end_of(rest, twilio, body="Hola") == ("failed", 63016)
    twilio.assert_clean()


def test_free_text_arrives_for_a_day_after_they_wrote(twilio: TwilioServer, rest: Any, hook: Hook) -> None:
    twilio.inbound(ANA, "Hola", channel="whatsapp")
    twilio.clock = START + timedelta(hours=24)
    assert end_of(rest, twilio, body="Hola") == ("delivered", None)
    twilio.advance(1)
    assert end_of(rest, twilio, body="Hola") == ("failed", 63016)


def test_an_sms_opens_no_window(twilio: TwilioServer, rest: Any, hook: Hook) -> None:
    twilio.inbound(ANA, "Hola")
    assert end_of(rest, twilio, body="Hola") == ("failed", 63016)


def test_an_approved_template_arrives_at_any_time(twilio: TwilioServer, rest: Any) -> None:
    sid = twilio.add_template("Hola {{1}}, mesa a las {{2}}.", ["1", "2"], defaults={"2": "21:00"})
    assert end_of(rest, twilio, content_sid=sid, content_variables=json.dumps({"1": "Ana"})) == ("delivered", None)
    assert twilio.sent()[0].body == "Hola Ana, mesa a las 21:00."
    twilio.assert_clean()


def test_a_template_without_approval_needs_the_window(twilio: TwilioServer, rest: Any, hook: Hook) -> None:
    sid = twilio.add_template("Hola", approved=False)
    assert end_of(rest, twilio, content_sid=sid) == ("failed", 63016)
    twilio.inbound(ANA, "Hola", channel="whatsapp")
    assert end_of(rest, twilio, content_sid=sid) == ("delivered", None)


@pytest.mark.parametrize(
    "variables", ["{", "[]", '{"1": 3}', '{"1": ""}', '{"1": "Ana", "9": "x"}', "{}"],
)  # fmt: skip
def test_variables_must_be_texts_for_the_templates_own_places(twilio: TwilioServer, rest: Any, variables: str) -> None:
    sid = twilio.add_template("Hola {{1}}", ["1"])
    with pytest.raises(TwilioRestException) as caught:
        send(rest, twilio, content_sid=sid, content_variables=variables)
    assert (caught.value.status, caught.value.code) == (400, 21656)


def test_an_unknown_template_is_refused(twilio: TwilioServer, rest: Any) -> None:
    with pytest.raises(TwilioRestException) as caught:
        send(rest, twilio, content_sid="HX" + "0" * 32)
    assert caught.value.code == 21655


def test_a_template_and_a_text_together_are_noted(twilio: TwilioServer, rest: Any) -> None:
    send(rest, twilio, content_sid=twilio.add_template("Hola"), body="Hola")
    assert twilio.violations == ["messages.create: a ContentSid and a Body together"]


@pytest.mark.parametrize("code", [63003, 63024, 63014, 63032, 63049])
def test_somebody_who_is_not_there_is_found_out_later(twilio: TwilioServer, rest: Any, code: int) -> None:
    twilio.has_no_whatsapp(ANA, code)
    assert end_of(rest, twilio, content_sid=twilio.add_template("Hola")) == ("undelivered", code)


def test_a_sender_that_is_no_channel_is_refused(twilio: TwilioServer, rest: Any) -> None:
    with pytest.raises(TwilioRestException) as caught:
        rest.messages.create(to=TO, from_="whatsapp:+34911239999", body="Hola")
    assert caught.value.code == 63007


def test_a_button_names_the_message_that_it_answers(twilio: TwilioServer, rest: Any, hook: Hook) -> None:
    offer = send(rest, twilio, content_sid=twilio.add_template("Hola"))
    twilio.inbound(ANA, channel="whatsapp", button="Sí", payload="accept:7", answers=offer, wa_id="5215512345678")
    post = hook.posts[0]
    assert post.address == "https://casa.example/twilio/whatsapp/incoming"
    named = ("From", "To", "Body", "ButtonText", "ButtonPayload", "MessageType", "OriginalRepliedMessageSid", "WaId")
    assert [post.form[name] for name in named] == [
        TO, twilio.whatsapp_sender, "Sí", "Sí", "accept:7", "button", offer, "5215512345678",
    ]  # fmt: skip
    assert "FromCity" not in post.form


def test_a_stop_on_whatsapp_means_nothing_to_twilio_by_itself(twilio: TwilioServer, rest: Any, hook: Hook) -> None:
    twilio.inbound(ANA, "STOP", channel="whatsapp")
    assert end_of(rest, twilio, body="Hola") == ("delivered", None)


def test_a_message_is_read(twilio: TwilioServer, rest: Any, hook: Hook) -> None:
    sid = send(rest, twilio, content_sid=twilio.add_template("Hola"), status_callback="https://casa.example/cb")
    twilio.progress()
    twilio.read(sid)
    twilio.deliver_callbacks()
    assert hook.told() == ["sending", "sent", "delivered", "read"]
    assert hook.posts[-1].form["EventType"] == "READ"
    assert rest.messages(sid).fetch().status == "read"
    twilio.assert_clean()
