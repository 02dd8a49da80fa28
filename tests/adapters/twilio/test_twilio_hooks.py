"""What Twilio posts: read, and believed only with its signature."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import Headers, MultiDict

from tests.adapters.twilio.access import ANA, sms, whatsapp
from tests.adapters.twilio.conftest import Make
from tests.conftest import NOW
from tests.twilio_server import Answer, SharedKey, TwilioServer
from waitlist_appliance.adapters.messengers.twilio import is_genuine, numbers, parse_inbound, parse_status
from waitlist_appliance.ports import Fate, Inbound

PUBLIC = "https://casa.example"
PATH = "/twilio/sms/incoming"
TOKEN = "1b" * 16


class Hook:
    """Keeps what is posted, as it was posted."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, dict[str, str], MultiDict[str, str]]] = []

    def __call__(self, address: str, headers: dict[str, str], body: bytes) -> Answer:
        self.posts.append((address, headers, MultiDict(parse_qsl(body.decode(), keep_blank_values=True))))
        return Answer(204)

    @property
    def form(self) -> MultiDict[str, str]:
        return self.posts[-1][2]


@pytest.fixture
def hook(twilio: TwilioServer) -> Hook:
    made = Hook()
    twilio.postman.transport = made
    return made


def received(twilio: TwilioServer, hook: Hook, sender: str = ANA, body: str = "", **more: Any) -> Inbound:
    twilio.inbound(sender, body, **more)
    return parse_inbound(hook.form, NOW)


def test_the_callbacks_of_a_message_tell_its_whole_way(twilio: TwilioServer, make: Make, hook: Hook) -> None:
    sid = make().send(sms(callback=f"{PUBLIC}/twilio/status/7"), NOW).provider_id
    twilio.progress()
    twilio.deliver_callbacks()
    told = [parse_status(form) for _, _, form in hook.posts]
    assert [(fate.provider_id, fate.state) for fate in told] == [(sid, "queued"), (sid, "sent"), (sid, "delivered")]
    assert {(fate.code, fate.verdict) for fate in told} == {(None, None)}


def test_a_failure_is_told_with_its_code_and_what_follows(twilio: TwilioServer, make: Make, hook: Hook) -> None:
    twilio.come_to_nothing(ANA, 30006)
    sid = make().send(sms(callback=f"{PUBLIC}/twilio/status/7"), NOW).provider_id
    twilio.progress()
    twilio.deliver_callbacks()
    assert parse_status(hook.form) == Fate(sid, "failed", "30006", "landline")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("accepted", "queued"), ("scheduled", "queued"), ("queued", "queued"), ("sending", "queued"), ("sent", "sent"),
        ("delivery_unknown", "sent"), ("delivered", "delivered"), ("partially_delivered", "delivered"),
        ("undelivered", "failed"), ("failed", "failed"), ("canceled", "failed"), ("read", "read"),
    ],
)  # fmt: skip
def test_every_status_has_its_state(status: str, state: str) -> None:
    assert parse_status({"MessageSid": "SM1", "MessageStatus": status, "Never": "heard of"}).state == state


def test_the_older_names_of_the_fields_will_do() -> None:
    assert parse_status({"SmsSid": "SM1", "SmsStatus": "sent"}) == Fate("SM1", "sent")


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"MessageSid": "SM1"},
        {"MessageStatus": "sent"},
        {"MessageSid": "", "MessageStatus": "sent"},
        {"MessageSid": "SM1", "MessageStatus": "received"},
    ],
)
def test_a_status_that_says_nothing_is_an_error(form: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        parse_status(form)


@pytest.mark.parametrize("code", ["", "0", "none", "１２"])
def test_a_code_that_is_none_is_none(code: str) -> None:
    fate = parse_status({"MessageSid": "SM1", "MessageStatus": "failed", "ErrorCode": code})
    assert (fate.code, fate.verdict) == (None, "elsewhere")


def test_a_text_message_is_read_as_it_was_written(twilio: TwilioServer, hook: Hook) -> None:
    assert received(twilio, hook, body="  SÍ ") == Inbound(hook.form["MessageSid"], "sms", ANA, "  SÍ ", NOW)


def test_an_empty_text_is_a_message_too(twilio: TwilioServer, hook: Hook) -> None:
    assert received(twilio, hook).body == ""


def test_a_button_of_a_template_tells_what_it_answers_and_carries(twilio: TwilioServer, make: Make, hook: Hook) -> None:
    template = twilio.add_template("Hola {{1}}", ["1"])
    sid = make("whatsapp", lambda kind, locale: template).send(whatsapp(variables={"1": "Ana"}), NOW).provider_id
    tapped = received(twilio, hook, channel="whatsapp", button="Sí", payload="accept:ab12", answers=sid)
    assert hook.form["MessageType"] == "button"
    assert (tapped.channel, tapped.address, tapped.body) == ("whatsapp", ANA, "Sí")
    assert (tapped.answers, tapped.payload) == (sid, "accept:ab12")


def test_a_quick_reply_within_a_conversation_is_read_alike(twilio: TwilioServer, make: Make, hook: Hook) -> None:
    sid = make("whatsapp").send(whatsapp(in_session=True), NOW).provider_id
    tapped = received(twilio, hook, channel="whatsapp", button="No", payload="decline:ab12", answers=sid)
    assert hook.form["MessageType"] == "interactive"
    assert (tapped.body, tapped.answers, tapped.payload) == ("No", sid, "decline:ab12")


def test_whatsapps_own_id_of_the_sender_is_another_name(twilio: TwilioServer, hook: Hook) -> None:
    written = received(twilio, hook, "+525512345678", "hola", channel="whatsapp", wa_id="5215512345678")
    assert (written.address, written.aliases) == ("+525512345678", ("+5215512345678",))


@pytest.mark.parametrize(
    ("number", "twin"),
    [
        ("+5215512345678", "+525512345678"), ("+525512345678", "+5215512345678"), ("+5491123456789", "+541123456789"),
        ("+541123456789", "+5491123456789"), ("+5511987654321", "+551187654321"), ("+551187654321", "+5511987654321"),
    ],
)  # fmt: skip
def test_a_number_with_two_names_is_known_by_both(number: str, twin: str) -> None:
    assert numbers.aliases(number) == (twin,)


@pytest.mark.parametrize("number", ["+34600000001", "+551132654321", "+15005550006", "CasaLola", ""])
def test_other_numbers_have_one_name(number: str) -> None:
    assert numbers.aliases(number) == ()


@pytest.mark.parametrize(("told", "opt_out"), [("STOP", "stop"), ("START", "start"), ("HELP", None), (None, None)])
def test_an_opt_out_that_twilio_understood_is_told(
    twilio: TwilioServer, hook: Hook, told: Any, opt_out: str | None
) -> None:
    assert received(twilio, hook, body="BAJA", opt_out_type=told).opt_out == opt_out


def test_fields_never_heard_of_change_nothing(twilio: TwilioServer, hook: Hook) -> None:
    assert received(twilio, hook, body="SI", extra={"Brand": "new", "Blank": ""}).body == "SI"


@pytest.mark.parametrize("form", [{}, {"From": ANA, "Body": "SI"}, {"MessageSid": "SM1", "Body": "SI"}])
def test_a_message_without_id_or_sender_is_an_error(form: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        parse_inbound(form, NOW)


def genuine(hook: Hook, token: str = TOKEN, public: str = PUBLIC) -> bool:
    address, headers, form = hook.posts[-1]
    return is_genuine(token, public, address.removeprefix(PUBLIC), "", form, Headers(headers))


def test_what_twilio_signed_is_believed(twilio: TwilioServer, hook: Hook) -> None:
    twilio.inbound(ANA, "SÍ 👍 á+b&c=d%20\n", extra={"Blank": ""})
    assert genuine(hook)
    assert genuine(hook, public=f"{PUBLIC}/")


def test_a_shared_key_with_the_newer_algorithm_is_believed(twilio: TwilioServer, hook: Hook) -> None:
    twilio.use_shared_key(SharedKey("webhooks_sharedkey_1", "another secret"))
    twilio.inbound(ANA, "SI")
    assert genuine(hook, token="another secret")
    assert not genuine(hook)


def test_a_wrong_token_and_a_wrong_address_are_not_believed(twilio: TwilioServer, hook: Hook) -> None:
    twilio.inbound(ANA, "SI")
    assert not genuine(hook, token="2c" * 16)
    assert not genuine(hook, public="https://elsewhere.example")


def test_a_changed_added_or_missing_field_is_not_believed(twilio: TwilioServer, hook: Hook) -> None:
    twilio.inbound(ANA, "SI ", extra={"Blank": ""})
    address, headers, form = hook.posts[-1]
    for changed in ({**form, "Body": "SI"}, {**form, "More": "x"}, {k: v for k, v in form.items() if k != "Body"}):
        assert not is_genuine(TOKEN, PUBLIC, address.removeprefix(PUBLIC), "", changed, headers)
    without_blanks = {name: value for name, value in form.items() if value}
    # A blank value adds its name to what is signed.
    assert not is_genuine(TOKEN, PUBLIC, address.removeprefix(PUBLIC), "", without_blanks, headers)


@pytest.mark.parametrize("token", ["", TOKEN])
def test_a_missing_signature_is_not_believed(token: str) -> None:
    assert not is_genuine(token, PUBLIC, PATH, "", {"Body": "SI"}, {})
    assert not is_genuine(token, PUBLIC, PATH, "", {"Body": "SI"}, {"X-Twilio-Signature": ""})


def test_an_empty_token_believes_nobody() -> None:
    signature = RequestValidator("").compute_signature(PUBLIC + PATH, {"Body": "SI"})
    assert not is_genuine("", PUBLIC, PATH, "", {"Body": "SI"}, {"X-Twilio-Signature": signature})


def signed(address: str, form: Any) -> dict[str, str]:
    return {"x-twilio-signature": RequestValidator(TOKEN).compute_signature(address, form)}


def test_the_query_is_part_of_the_address_as_it_was_written() -> None:
    headers = signed(f"{PUBLIC}{PATH}?a=%7E&b=%C3%A9", {"Body": "SI"})
    assert is_genuine(TOKEN, PUBLIC, PATH, "a=%7E&b=%C3%A9", {"Body": "SI"}, headers)
    assert not is_genuine(TOKEN, PUBLIC, PATH, "a=~&b=é", {"Body": "SI"}, headers)
    assert not is_genuine(TOKEN, PUBLIC, PATH, "", {"Body": "SI"}, headers)


def test_the_port_may_be_written_or_not() -> None:
    assert is_genuine(TOKEN, PUBLIC, PATH, "", {"Body": "SI"}, signed(f"{PUBLIC}:443{PATH}", {"Body": "SI"}))
    assert not is_genuine(TOKEN, PUBLIC, PATH, "", {"Body": "SI"}, signed(f"{PUBLIC}{PATH}/", {"Body": "SI"}))


def test_a_name_that_comes_twice_is_signed_with_all_its_values() -> None:
    form = MultiDict([("MediaUrl", "b"), ("MediaUrl", "a"), ("MediaUrl", "b"), ("Body", "SI")])
    headers = signed(PUBLIC + PATH, form)
    assert is_genuine(TOKEN, PUBLIC, PATH, "", form, headers)
    assert is_genuine(TOKEN, PUBLIC, PATH, "", {"MediaUrl": ["a", "b"], "Body": ["SI"]}, headers)
    assert not is_genuine(TOKEN, PUBLIC, PATH, "", {"MediaUrl": "a", "Body": "SI"}, headers)


@pytest.mark.parametrize(
    ("public", "settings"),
    [
        ("https://[casa", ""),
        ("https://casa.example:99999", ""),
        (PUBLIC, "key=k,algorithm=NONE"),
        (PUBLIC, "algorithm=,=,,"),
    ],
)
def test_nonsense_is_not_believed_and_breaks_nothing(
    public: str, settings: str, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"X-Twilio-Signature": "é" * 28, "X-Twilio-Webhooks-Signature-Settings": settings}
    assert not is_genuine(TOKEN, public, PATH, "", {"Body": "\ud800"}, headers)
    assert caplog.text == ""
