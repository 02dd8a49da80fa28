"""Handing letters to Twilio, and every way in which that goes wrong."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from tests.adapters.twilio.access import ANA, CALLBACK, TEXT, account, sms, whatsapp
from tests.adapters.twilio.conftest import Make
from tests.conftest import NOW
from tests.twilio_server import TwilioServer
from waitlist_appliance.adapters.messengers.twilio import TwilioMessenger, check
from waitlist_appliance.adapters.messengers.twilio.errors import MEANINGS
from waitlist_appliance.adapters.messengers.twilio.pace import Pace
from waitlist_appliance.adapters.messengers.twilio.sending import will_be_called
from waitlist_appliance.ports import DeliveryError, Letter


def refused(messenger: TwilioMessenger, letter: Letter | None = None) -> DeliveryError:
    with pytest.raises(DeliveryError) as failure:
        messenger.send(letter or sms(), NOW)
    return failure.value


def form(twilio: TwilioServer) -> dict[str, str]:
    return twilio.calls("messages.create")[-1].form


def test_a_text_message_goes_to_its_number(twilio: TwilioServer, make: Make) -> None:
    handed = make().send(sms(callback=CALLBACK), NOW)
    (sent,) = twilio.sent(ANA)
    assert (handed.provider_id, handed.state, handed.segments) == (sent.sid, "queued", 1)
    assert (sent.body, sent.sender, sent.callback) == (TEXT, twilio.number, CALLBACK)
    assert form(twilio)["SmartEncoded"] == "true"
    assert "ValidityPeriod" not in form(twilio)
    twilio.assert_clean()


def test_a_messaging_service_sends_and_its_segments_are_not_known_yet(twilio: TwilioServer, make: Make) -> None:
    service = twilio.add_service(twilio.number)
    handed = make(messaging_service_sid=service, sms_from="").send(sms(), NOW)
    assert (handed.state, handed.segments, twilio.sent()[0].service) == ("queued", None, service)
    assert "From" not in form(twilio)
    twilio.assert_clean()


def test_an_api_key_sends(twilio: TwilioServer, make: Make) -> None:
    key, secret = twilio.add_api_key()
    assert make(auth_token="", api_key_sid=key, api_key_secret=secret).send(sms(), NOW)
    twilio.assert_clean()


def test_whatsapp_takes_free_text_within_a_conversation(twilio: TwilioServer, make: Make) -> None:
    make("whatsapp").send(whatsapp(in_session=True), NOW)
    (sent,) = twilio.sent(f"whatsapp:{ANA}")
    assert (sent.body, sent.sender, sent.template) == (TEXT, twilio.whatsapp_sender, None)
    assert "SmartEncoded" not in form(twilio)
    twilio.assert_clean()


def test_outside_a_conversation_whatsapp_gets_the_template_of_kind_and_language(
    twilio: TwilioServer, make: Make
) -> None:
    template = twilio.add_template("Hola {{1}}, mesa a las {{2}}.", ["1", "2"])
    messenger = make("whatsapp", lambda kind, locale: template if (kind, locale) == ("offer", "es") else None)
    messenger.send(whatsapp(variables={"1": "Zoë", "2": "21:00"}), NOW)
    assert twilio.sent()[0].body == "Hola Zoë, mesa a las 21:00."
    assert "Body" not in form(twilio)
    twilio.assert_clean()


def test_values_that_whatsapp_would_refuse_are_smoothed(twilio: TwilioServer, make: Make) -> None:
    template = twilio.add_template("Hola {{1}} y {{2}}.", ["1", "2"])
    make("whatsapp", lambda kind, locale: template).send(whatsapp(variables={"1": "Ana\n\t  María", "2": " "}), NOW)
    assert json.loads(form(twilio)["ContentVariables"]) == {"1": "Ana María", "2": "-"}


def test_without_a_template_the_next_channel_is_asked(twilio: TwilioServer, make: Make) -> None:
    assert refused(make("whatsapp"), whatsapp()).verdict == "elsewhere"
    assert twilio.calls() == []


@pytest.mark.parametrize(
    ("left", "period"),
    [(timedelta(seconds=5), "5"), (timedelta(seconds=119.9), "119"), (timedelta(days=2), "36000")],
)
def test_an_offer_is_not_kept_in_the_queue_beyond_its_time(
    twilio: TwilioServer, make: Make, left: timedelta, period: str
) -> None:
    make().send(sms(valid_for=left), NOW)
    assert form(twilio)["ValidityPeriod"] == period
    twilio.assert_clean()


@pytest.mark.parametrize("left", [timedelta(seconds=4.9), timedelta(0), timedelta(seconds=-60)])
def test_an_offer_whose_time_is_up_is_not_sent(twilio: TwilioServer, make: Make, left: timedelta) -> None:
    error = refused(make(), sms(valid_for=left))
    assert (error.verdict, twilio.calls()) == ("message", [])
    assert "too late" in str(error)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://casa.example/twilio/status/7", True),
        ("https://casa_lola.example/twilio/status/7", False),
        ("http://localhost:8000/twilio/status/7", False),
        ("https://casa.local/twilio/status/7", False),
        ("http://192.168.1.20/twilio/status/7", False),
        ("http://8.8.8.8/twilio/status/7", True),
        ("/twilio/status/7", False),
    ],
)
def test_an_address_that_twilio_cannot_call_does_not_cost_the_message(
    twilio: TwilioServer, url: str, told: bool
) -> None:
    assert will_be_called(account(twilio, base_url="https://api.twilio.com"), url) is told


def test_on_a_stand_in_of_this_machine_any_address_is_called(twilio: TwilioServer) -> None:
    assert will_be_called(account(twilio), "http://127.0.0.1:8000/twilio/status/7")


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (21211, "dead"), (21217, "dead"), (21614, "landline"), (21635, "landline"), (21610, "opted_out"),
        (21612, "elsewhere"), (21408, "message"), (21608, "message"), (21617, "message"), (21655, "message"),
        (21606, "account"), (21659, "account"), (21660, "account"), (21212, "account"), (21603, "account"),
        (20003, "account"), (20005, "account"), (21611, "account"), (20429, "slow"), (20001, "message"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("problem_details", [False, True])
def test_a_refusal_says_what_follows(
    twilio: TwilioServer, make: Make, code: int, verdict: str, problem_details: bool
) -> None:
    twilio.problem_details = problem_details
    twilio.fail(code, "messages.create")
    error = refused(make())
    assert (error.verdict, error.code) == (verdict, str(code))
    assert error.retryable is (verdict == "slow")


def test_a_refusal_that_is_not_known_is_for_a_person_to_see(twilio: TwilioServer, make: Make) -> None:
    twilio.fail(20004, "messages.create")
    assert refused(make()).verdict == "message"


def test_wrong_credentials_are_the_accounts_fault(make: Make) -> None:
    error = refused(make(auth_token="9f" * 16))
    assert (error.verdict, error.account_fault) == ("account", True)


@pytest.mark.parametrize(
    ("asked", "told"), [(7, 7), ("12", 12), (999999, 3600), ("Thu, 15 Jan 2026 10:00:00 GMT", None), (None, None)]
)
def test_too_many_requests_tell_when_to_come_back(
    twilio: TwilioServer, make: Make, asked: int | str | None, told: int | None
) -> None:
    twilio.fail("too_many", "messages.create", retry_after=asked)
    error = refused(make())
    assert error.verdict == "slow"
    assert error.retry_after == (timedelta(seconds=told) if told else None)
    assert twilio.sent() == []


@pytest.mark.parametrize(
    "kind", ["internal", "unavailable", "html", "garbage", "fail_after", "drop_before", "drop_after", "truncated"]
)
def test_an_answer_that_tells_nothing_leaves_it_unknown(twilio: TwilioServer, make: Make, kind: Any) -> None:
    twilio.fail(kind, "messages.create")
    assert refused(make()).verdict == "unknown"
    assert twilio.count("messages.create") == 1


@pytest.mark.parametrize("said", ["[]", "{}", "null", '{"sid": null}', '{"sid": "", "date_created": "99"}'])
def test_a_yes_that_names_no_message_leaves_it_unknown(say: Callable[[str], str], make: Make, said: str) -> None:
    assert refused(make(base_url=say(said))).verdict == "unknown"


@pytest.mark.parametrize("kind", ["hang_before", "hang_after", "slow"])
def test_a_silent_server_is_given_up_and_leaves_it_unknown(
    twilio: TwilioServer, make: Make, kind: Any, little_patience: None
) -> None:
    twilio.fail(kind, "messages.create")
    assert refused(make()).verdict == "unknown"
    assert twilio.count("messages.create") == 1


def test_a_server_that_nobody_reaches_has_taken_nothing(twilio: TwilioServer, make: Make) -> None:
    twilio.refuse_connections()
    assert refused(make()).verdict == "later"


def test_a_name_that_does_not_resolve_has_taken_nothing(make: Make) -> None:
    assert refused(make(base_url="https://twilio.invalid")).verdict == "later"


def test_a_server_that_cannot_be_trusted_has_taken_nothing(impostor: str, make: Make) -> None:
    error = refused(make(base_url=impostor))
    assert (error.verdict, error.code) == ("later", "certificate")
    assert "clock" in str(error)


def test_a_broken_handshake_leaves_it_unknown(twilio: TwilioServer, make: Make) -> None:
    assert refused(make(base_url=twilio.url.replace("http:", "https:"))).verdict == "unknown"


def test_a_character_that_cannot_be_written_is_the_messages_fault(twilio: TwilioServer, make: Make) -> None:
    assert refused(make(), sms("half an emoji \ud83d")).verdict == "message"


def test_a_message_that_is_refused_at_once_as_failed_is_no_success(twilio: TwilioServer, make: Make) -> None:
    twilio.taken = lambda sid: twilio.change(sid, "failed", 30006)
    error = refused(make())
    assert (error.verdict, error.code) == ("landline", "30006")


@pytest.mark.parametrize("kind", [21211, 21610, "internal", "garbage", "drop_after", "unauthorized", "too_many"])
def test_nothing_secret_and_no_text_is_in_an_error_or_the_log(
    twilio: TwilioServer, make: Make, kind: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    twilio.fail(kind, "messages.create")
    with pytest.raises(DeliveryError) as failure:
        make().send(sms(), NOW)
    written = "".join(traceback.format_exception(failure.value)) + caplog.text
    assert failure.value.__context__ is None
    for secret in (twilio.auth_token, "Se ha liberado", ANA):
        assert secret not in written


def test_a_good_call_leaves_no_number_in_the_log(
    twilio: TwilioServer, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    messenger = make()
    messenger.send(sms(), NOW)
    messenger.look_up(sms(), NOW)
    assert ANA not in caplog.text
    assert "34600000001" not in caplog.text


def test_a_long_code_writes_one_segment_a_second_and_says_when_to_come_back(twilio: TwilioServer, make: Make) -> None:
    messenger = make(sms_per_second=1.0)
    messenger.send(sms("a" * 161, key="1"), NOW)  # two segments
    for key, seconds in (("2", 2), ("3", 3)):
        error = refused(messenger, sms(key=key))
        assert (error.verdict, error.retry_after) == ("slow", timedelta(seconds=seconds))
    assert len(twilio.sent()) == 1
    assert messenger.send(sms(key="2"), NOW + timedelta(seconds=2))
    assert messenger.send(sms(key="3"), NOW + timedelta(seconds=3))


def test_a_messenger_made_anew_keeps_the_pace_of_its_sender(twilio: TwilioServer) -> None:
    pace = Pace()
    first, second = (
        TwilioMessenger(account(twilio, sms_per_second=1.0), "sms", lambda kind, locale: None, pace) for _ in range(2)
    )
    first.send(sms(key="1"), NOW)
    assert refused(second, sms(key="2")).verdict == "slow"
    first.close()


def test_whatsapp_is_not_held_back_by_the_pace_of_sms(twilio: TwilioServer, make: Make) -> None:
    messenger = make("whatsapp", sms_per_second=0.01)
    messenger.send(whatsapp(in_session=True), NOW)
    assert messenger.send(whatsapp(in_session=True), NOW + timedelta(seconds=0.0125))


def test_the_channels_of_an_account_do_not_wait_for_each_other(twilio: TwilioServer) -> None:
    pace, slow = Pace(), account(twilio, sms_per_second=0.01)
    by_sms, by_whatsapp = (TwilioMessenger(slow, name, lambda kind, locale: None, pace) for name in slow.channels)
    by_sms.send(sms(), NOW)
    by_whatsapp.send(whatsapp(in_session=True), NOW)
    by_sms.close()
    by_whatsapp.close()


def test_eight_at_once_are_each_sent_once(twilio: TwilioServer, make: Make, caplog: pytest.LogCaptureFixture) -> None:
    messenger = make()
    with ThreadPoolExecutor(8) as pool:
        handed = list(
            pool.map(lambda n: messenger.send(sms(f"{TEXT}{n}", key=str(n)), NOW + timedelta(seconds=n)), range(24))
        )
    assert {one.provider_id for one in handed} == {message.sid for message in twilio.sent()}
    assert len(handed) == 24
    assert "pool is full" not in caplog.text
    twilio.assert_clean()


def test_a_channel_without_a_sender_has_no_messenger(make: Make) -> None:
    with pytest.raises(ValueError, match="whatsapp"):
        make("whatsapp", whatsapp_from="")


def test_the_environment_does_not_send_messages_elsewhere(
    twilio: TwilioServer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("TWILIO_REGION", "ie1"), ("TWILIO_EDGE", "dublin"), ("TWILIO_AUTH_TOKEN", "x")):
        monkeypatch.setenv(name, value)
    assert make().send(sms(), NOW)


def test_good_credentials_pass_the_check_with_one_call(twilio: TwilioServer) -> None:
    check(account(twilio))
    assert (twilio.count("messages.list"), twilio.count()) == (1, 1)
    twilio.assert_clean()


def test_wrong_credentials_fail_the_check(twilio: TwilioServer) -> None:
    with pytest.raises(DeliveryError) as failure:
        check(account(twilio, auth_token="9f" * 16))
    assert failure.value.verdict == "account"


def test_a_server_out_of_reach_fails_the_check_for_now(twilio: TwilioServer) -> None:
    twilio.refuse_connections()
    with pytest.raises(DeliveryError) as failure:
        check(account(twilio))
    assert failure.value.verdict == "later"


def test_every_meaning_has_words_that_name_nobody() -> None:
    assert all(
        meaning.words
        and not any(
            char.isdigit() for char in meaning.words.replace("1600", "").replace("24", "").replace("A2P 10DLC", "")
        )
        for meaning in MEANINGS.values()
    )
