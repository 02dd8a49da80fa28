"""Twilio's posts at our own door: only its own are believed, each acts once, in any order, and none is answered by text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from tests.messaging_accounts import TWILIO, equip, keep, on, use
from tests.story import PHONES, Story
from tests.twilio_server import AUTH_TOKEN, SharedKey, TwilioServer, through
from tests.web.conftest import Clock
from tests.web.staff_desk import snapshot
from waitlist_appliance.ports import STATE_RANK
from waitlist_appliance.services import deliver_messages, receive_reply
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage.database import StorageUnavailable
from waitlist_appliance.web import limits
from waitlist_appliance.web.app import create_app

PUBLIC = "https://casa.example"
ANA = PHONES["Ana"]
SMS = "/twilio/sms/incoming"
EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


@pytest.fixture
def twilio() -> Iterator[TwilioServer]:
    with TwilioServer(public_url=PUBLIC) as server:
        yield server
        server.assert_clean()


@pytest.fixture
def box(box: Appliance, twilio: TwilioServer, now: datetime) -> Appliance:
    """Casa Lola at its public address, with this server's account."""
    box.config = replace(box.config, public_url=PUBLIC, trusted_proxy="127.0.0.1")
    equip(box)
    keep(box, "twilio", now, on(twilio, sms_per_second="1000"))
    use(box)
    return box


@pytest.fixture
def web_app(box: Appliance, clock: Clock, twilio: TwilioServer) -> Flask:
    app = create_app(box, TESTING=True, CLOCK=clock)
    twilio.postman.transport = through(app.test_client())
    return app


@pytest.fixture
def asked(box: Appliance, web_app: Flask, clock: Clock, twilio: TwilioServer) -> Story:
    """Ana has just been asked, by SMS; Bruno is next. Twilio has the messages, and posts when told to."""
    story = Story(box)
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    story.passes(minutes=1)
    story.frees("19:30", "Table 1")
    story.passes()
    for _ in range(3):
        story.passes(seconds=2)  # one number writes one message after the other
    assert story.told("Ana")[-1] == "offer"
    clock.now = story.now
    twilio.clock = story.now
    twilio.pending_callbacks.clear()
    return story


def signed(twilio: TwilioServer, path: str, form: dict[str, str], **headers: str) -> Any:
    """Post a form as Twilio would, to this path of our public address."""
    made = twilio.postman.headers(PUBLIC + path, form) | headers
    return twilio.postman.transport(PUBLIC + path, made, urlencode(form).encode())


def written(body: str, sid: str = "SM" + "1" * 32, **more: str) -> dict[str, str]:
    return {"MessageSid": sid, "From": ANA, "To": TWILIO["sms_from"], "Body": body, **more}


def test_a_yes_by_sms_is_taken_and_answered_with_empty_twiml(asked: Story, twilio: TwilioServer) -> None:
    arrived = twilio.inbound(ANA, "SI")
    assert (arrived.status, arrived.text) == (200, EMPTY)
    assert arrived.answers[-1].headers["Content-Type"].startswith("text/xml")
    assert asked.asked() == [("Ana", "accepted")]


def test_a_no_asks_the_next(asked: Story, twilio: TwilioServer) -> None:
    twilio.inbound(ANA, "no gracias")
    assert [name for name, _ in asked.asked()] == ["Ana", "Bruno"]


def test_a_whatsapp_answer_comes_in_at_its_own_address(asked: Story, twilio: TwilioServer) -> None:
    arrived = twilio.inbound(ANA, "Sí", channel="whatsapp", wa_id=ANA.removeprefix("+"))
    assert arrived.status == 200
    assert asked.asked() == [("Ana", "accepted")]


def test_the_hook_asks_no_provider(asked: Story, twilio: TwilioServer) -> None:
    before = len(twilio.requests)
    twilio.inbound(ANA, "SI")
    assert len(twilio.requests) == before


@pytest.mark.parametrize("signature", ["", "Zm9yZ2Vk", "\u00e9" * 20, "A" * 5000])
def test_what_twilio_did_not_sign_changes_nothing_and_is_logged(
    asked: Story, twilio: TwilioServer, signature: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = snapshot(asked.box)
    arrived = twilio.inbound(ANA, "SI, this must not be logged", signature=signature)
    assert arrived.status == 403
    assert snapshot(asked.box) == before
    assert "/twilio/sms/incoming" in caplog.text
    assert "must not be logged" not in caplog.text


@pytest.mark.parametrize("path", [SMS, "/twilio/whatsapp/incoming", "/twilio/status/whatever"])
def test_every_hook_wants_a_signature(asked: Story, web_app: Flask, path: str) -> None:
    before = snapshot(asked.box)
    assert web_app.test_client().post(path, data=written("SI")).status_code == 403
    assert snapshot(asked.box) == before


def test_a_signature_for_another_address_is_refused(asked: Story, twilio: TwilioServer) -> None:
    form = written("SI")
    for elsewhere in (
        "http://casa.example" + SMS,
        "https://other.example" + SMS,
        f"{PUBLIC}{SMS}/",
        f"{PUBLIC}{SMS}?x=1",
    ):
        headers = twilio.postman.headers(elsewhere, form)
        assert twilio.postman.transport(PUBLIC + SMS, headers, urlencode(form).encode()).status == 403
    assert asked.asked() == [("Ana", "live")]


def test_what_a_request_says_of_its_own_address_counts_for_nothing(asked: Story, twilio: TwilioServer) -> None:
    answer = signed(twilio, SMS, written("SI"), **{"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert answer.status == 200
    assert asked.asked() == [("Ana", "accepted")]


def test_another_accounts_token_is_refused(asked: Story, twilio: TwilioServer) -> None:
    twilio.postman.auth_token = "9f" * 16
    assert twilio.inbound(ANA, "SI").status == 403
    assert asked.asked() == [("Ana", "live")]


def test_a_changed_form_is_refused(asked: Story, twilio: TwilioServer) -> None:
    headers = twilio.postman.headers(PUBLIC + SMS, written("NO"))
    answer = twilio.postman.transport(PUBLIC + SMS, headers, urlencode(written("SI")).encode())
    assert answer.status == 403
    assert asked.asked() == [("Ana", "live")]


def test_the_newer_algorithm_is_understood(asked: Story, twilio: TwilioServer) -> None:
    twilio.use_shared_key(SharedKey("WK1", AUTH_TOKEN))
    assert twilio.inbound(ANA, "SI").status == 200
    assert asked.asked() == [("Ana", "accepted")]


@pytest.mark.parametrize("query", ["?tag=%7Elola%C3%A9", "?a=1&a=2&b=", "?x=%2F+%20"])
def test_escapes_in_the_address_are_read_as_they_were_sent(asked: Story, twilio: TwilioServer, query: str) -> None:
    assert signed(twilio, SMS + query, written("SI")).status == 200
    assert asked.asked() == [("Ana", "accepted")]


def test_an_escaped_path_is_checked_as_it_was_sent(asked: Story, twilio: TwilioServer) -> None:
    assert signed(twilio, "/%74wilio/sms/incoming", written("SI")).status == 200
    assert asked.asked() == [("Ana", "accepted")]


def test_a_message_id_with_escapes_in_the_address_of_a_receipt_is_read(asked: Story, twilio: TwilioServer) -> None:
    form = {"MessageSid": "SM" + "1" * 32, "MessageStatus": "delivered"}
    assert signed(twilio, "/twilio/status/no%7Esuch", form).status == 204


def test_blank_fields_and_fields_that_nobody_knows_are_part_of_the_signature(
    asked: Story, twilio: TwilioServer
) -> None:
    arrived = twilio.inbound(ANA, "SI", extra={"FromCity": "", "NewIn2027": "~ é 😀", "Blank": ""})
    assert arrived.status == 200
    assert asked.asked() == [("Ana", "accepted")]


def test_a_repeated_field_is_read_as_twilio_signs_it(asked: Story, twilio: TwilioServer, web_app: Flask) -> None:
    repeated = [*written("SI").items(), ("Tag", "b"), ("Tag", "a"), ("Tag", "b")]
    headers = twilio.postman.headers(PUBLIC + SMS, MultiDict(repeated))
    answer = web_app.test_client().post(SMS, data=urlencode(repeated).encode(), headers=headers)
    assert answer.status_code == 200
    assert asked.asked() == [("Ana", "accepted")]


def test_the_same_message_again_acts_once(asked: Story, twilio: TwilioServer) -> None:
    sid = twilio.inbound(ANA, "what is this").sid
    before = snapshot(asked.box)
    assert twilio.post_inbound(sid).status == 200
    assert snapshot(asked.box) == before


def test_a_message_without_words_is_taken(asked: Story, twilio: TwilioServer) -> None:
    assert twilio.inbound(ANA, "").status == 200
    assert asked.asked() == [("Ana", "live")]


def test_what_cannot_be_read_is_taken_so_that_twilio_does_not_ask_again(asked: Story, twilio: TwilioServer) -> None:
    before = snapshot(asked.box)
    assert signed(twilio, SMS, {"Body": "SI"}).status == 200
    assert signed(twilio, "/twilio/status/x", {"MessageSid": "SM1", "MessageStatus": "levitating"}).status == 204
    assert snapshot(asked.box) == before


def test_a_form_that_is_too_big_is_refused_before_anything(asked: Story, twilio: TwilioServer) -> None:
    before = snapshot(asked.box)
    assert signed(twilio, SMS, written("SI" * limits.FORM_BYTES)).status == 413
    assert snapshot(asked.box) == before


def test_json_is_no_form(asked: Story, web_app: Flask) -> None:
    assert web_app.test_client().post(SMS, json={"Body": "SI"}).status_code == 403


def test_without_an_account_nothing_is_believed(asked: Story, twilio: TwilioServer) -> None:
    with asked.box.db.write():
        asked.box.db.execute("DELETE FROM provider_credential")
    assert twilio.inbound(ANA, "SI").status == 403


def test_an_account_without_an_auth_token_believes_nobody(asked: Story, twilio: TwilioServer) -> None:
    key = {"auth_token": "", "api_key_sid": "SK" + "0" * 32, "api_key_secret": "s" * 32}
    keep(asked.box, "twilio", asked.now, on(twilio, **key))
    twilio.postman.auth_token = ""
    assert twilio.inbound(ANA, "SI").status == 403
    assert asked.asked() == [("Ana", "live")]


def test_while_the_database_cannot_be_written_twilio_is_asked_to_come_again(
    asked: Story, twilio: TwilioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*anything: object) -> None:
        raise StorageUnavailable("locked")

    twilio.hooks["sms"] += "#rc=5&rp=all"
    monkeypatch.setattr(receive_reply, "receive_inbound", locked)
    arrived = twilio.inbound(ANA, "SI")
    assert [answer.status for answer in arrived.answers] == [503] * 6
    monkeypatch.undo()
    assert twilio.post_inbound(arrived.sid).status == 200
    assert asked.asked() == [("Ana", "accepted")]


def test_the_hook_needs_neither_cookie_nor_form_token_and_sets_no_cookie(asked: Story, twilio: TwilioServer) -> None:
    answer = twilio.inbound(ANA, "SI").answers[-1]
    assert answer.status == 200
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_only_posts_are_taken(web_app: Flask, method: str) -> None:
    client: FlaskClient = web_app.test_client()
    assert getattr(client, method)(SMS).status_code == 405


def state_of(story: Story, name: str = "Ana") -> tuple[str, int]:
    """The offer's message: its state and how far it has come."""
    found = story.box.db.tuples(
        """SELECT message.state, message.rank FROM message JOIN customer ON customer.id = customer_id
           WHERE customer.phone = ? AND message.kind = 'offer' ORDER BY message.id""",
        PHONES[name],
    )  # fmt: skip
    return found[0][0], found[0][1]


def receipts(story: Story, twilio: TwilioServer) -> Callable[..., list[int]]:
    """Post receipts for Ana's offer, in this order; what each was answered."""
    row = story.box.db.tuples(
        """SELECT message.public_id, provider_id FROM message JOIN customer ON customer.id = customer_id
           WHERE phone = ? AND message.kind = 'offer'""",
        ANA,
    )[0]  # fmt: skip

    def post(*statuses: str, code: str = "") -> list[int]:
        answers = []
        for status in statuses:
            form = {"MessageSid": row[1], "MessageStatus": status, "To": ANA, "ErrorCode": code, "AccountSid": ""}
            answers.append(signed(twilio, f"/twilio/status/{row[0]}", form).status)
        return answers

    return post


def test_receipts_in_any_order_never_go_back(asked: Story, twilio: TwilioServer) -> None:
    assert receipts(asked, twilio)("delivered", "sent", "queued", "sending", "delivered") == [204] * 5
    assert state_of(asked) == ("sent", STATE_RANK["delivered"])


def test_a_read_receipt_before_the_delivery_counts(asked: Story, twilio: TwilioServer) -> None:
    receipts(asked, twilio)("read", "delivered")
    assert state_of(asked) == ("sent", STATE_RANK["read"])


def test_a_failed_delivery_leads_to_the_next_person(asked: Story, twilio: TwilioServer) -> None:
    receipts(asked, twilio)("sent", "undelivered", code="30005")
    asked.passes()
    assert [name for name, _ in asked.asked()] == ["Ana", "Bruno"]
    assert state_of(asked)[0] == "failed"


def test_a_receipt_for_another_message_at_this_address_is_not_believed(asked: Story, twilio: TwilioServer) -> None:
    before = state_of(asked)
    row = asked.box.db.value("SELECT public_id FROM message WHERE kind = 'offer' ORDER BY id LIMIT 1")
    form = {"MessageSid": "SM" + "e" * 32, "MessageStatus": "undelivered", "ErrorCode": "30005"}
    signed(twilio, f"/twilio/status/{row}", form)
    assert state_of(asked) == before


def test_a_receipt_of_a_message_that_nobody_knows_changes_nothing(asked: Story, twilio: TwilioServer) -> None:
    before = snapshot(asked.box)
    form = {"MessageSid": "SM" + "e" * 32, "MessageStatus": "delivered"}
    assert signed(twilio, "/twilio/status/unknown", form).status == 204
    assert snapshot(asked.box) == before


def test_the_address_for_receipts_that_twilio_is_given_is_one_that_we_answer(
    asked: Story, twilio: TwilioServer
) -> None:
    given = twilio.calls("messages.create")[-1].form["StatusCallback"]
    path = given.removeprefix(PUBLIC)
    assert re.fullmatch(r"/twilio/status/[A-Za-z0-9-]+", path)
    twilio.progress()
    posted = twilio.deliver_callbacks(reverse=True, times=2)
    assert posted
    assert state_of(asked) == ("sent", STATE_RANK["delivered"])


def test_an_answer_that_comes_while_sending_is_paused_is_taken_all_the_same(asked: Story, twilio: TwilioServer) -> None:
    asked.box.db.insert("alarm", condition=deliver_messages.PAUSED, since_at=asked.now, detail="x")
    assert twilio.inbound(ANA, "SI").status == 200
    assert asked.asked() == [("Ana", "accepted")]
