"""The page of the messengers' accounts: what it shows, what it connects, and what it never gives back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from html import unescape

import pytest
from flask import Flask

from tests.messaging_accounts import SMTP, TWILIO, equip, keep, on, use
from tests.smtp_server import SmtpServer
from tests.twilio_server import ACCOUNT_SID, AUTH_TOKEN, TwilioServer
from tests.web.staff_desk import Desk, desk, snapshot
from waitlist_appliance.services import messaging_accounts
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import alarms
from waitlist_appliance.web.app import create_app
from waitlist_appliance.web.staff.settings import messaging_words

HOME = "/staff/settings/messaging"
ANA = "+34600000001"


@pytest.fixture
def box(box: Appliance) -> Appliance:
    return equip(box)


@pytest.fixture
def twilio() -> Iterator[TwilioServer]:
    with TwilioServer() as server:
        yield server
        server.assert_clean()


@pytest.fixture
def olivia(web_app: Flask, box: Appliance, now: datetime) -> Desk:
    return at_desk(web_app, box, now, "owner")


def at_desk(app: Flask, box: Appliance, now: datetime, role: str) -> Desk:
    made = desk(app, box, now, role)
    made.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    made.get("/staff/waitlist?lang=en")
    return made


def words(page: str) -> str:
    """What is read on the page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def form_fields(given: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if name != "base_url"}


def test_with_nothing_connected_the_page_says_where_messages_go_and_what_to_do(olivia: Desk) -> None:
    page = olivia.get(HOME).text
    assert "Messages go to simulated phones" in words(page)
    assert 'href="/staff/phones"' in page
    assert {f'href="{HOME}/twilio"', f'href="{HOME}/email"'} <= set(re.findall(r'href="[^"]+"', page))


def test_the_page_stands_among_the_settings(olivia: Desk) -> None:
    assert f'href="{HOME}"' in olivia.get("/staff/settings").text


def test_the_form_explains_step_by_step_what_to_do_at_twilio(olivia: Desk) -> None:
    page = olivia.get(f"{HOME}/twilio")
    assert page.status_code == 200
    assert page.text.count("<li><p>") >= 4
    assert "twilio.com" in page.text


def test_a_wrong_field_is_named_beside_it_and_what_was_typed_stays(olivia: Desk) -> None:
    answer = olivia.post(f"{HOME}/twilio", account_sid="AC12", auth_token="not-to-be-repeated", whatsapp_from="911")
    assert answer.status_code == 422
    assert "The account SID begins with AC" in words(answer.text)
    assert "WhatsApp number with its country code" in words(answer.text)
    assert 'value="AC12"' in answer.text
    assert "not-to-be-repeated" not in answer.text


def test_an_account_that_does_not_work_is_not_kept_and_the_page_says_why(
    box: Appliance, olivia: Desk, twilio: TwilioServer, now: datetime
) -> None:
    keep(box, "twilio", now, on(twilio))
    twilio.fail(20003, "messages.list")
    before = snapshot(box)["provider_credential"]
    answer = olivia.post(f"{HOME}/twilio", **form_fields(on(twilio, auth_token="", whatsapp_from="")))
    assert answer.status_code == 422
    assert "does not take these credentials" in words(answer.text)
    assert snapshot(box)["provider_credential"] == before


def test_a_changed_sender_is_tried_and_kept_without_typing_the_secret_again(
    box: Appliance, olivia: Desk, twilio: TwilioServer, now: datetime
) -> None:
    keep(box, "twilio", now, on(twilio))
    answer = olivia.post(f"{HOME}/twilio", **form_fields(on(twilio, auth_token="", whatsapp_from="")))
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{HOME}#m-twilio")
    assert messaging_accounts.card(box, "twilio").channels == ("sms",)
    assert twilio.count("messages.create") == 0


def test_a_mail_account_is_connected_on_the_page(box: Appliance, olivia: Desk) -> None:
    with SmtpServer() as server:
        answer = olivia.post(f"{HOME}/email", **{**SMTP, "port": str(server.port)})
    assert answer.status_code == 303
    assert "hola@casalola.example" in olivia.get(HOME).text


def test_a_card_shows_the_account_and_never_a_secret(box: Appliance, olivia: Desk, now: datetime) -> None:
    keep(box, "twilio", now, TWILIO)
    keep(box, "smtp", now, {**SMTP, "username": "lola", "password": "the-kitchen"})
    pages = olivia.get(HOME).text + olivia.get(f"{HOME}/twilio").text + olivia.get(f"{HOME}/email").text
    assert ACCOUNT_SID in pages
    assert "+34 911 23 00 00" in pages
    assert AUTH_TOKEN not in pages
    assert "the-kitchen" not in pages


def test_the_addresses_to_enter_at_twilio_are_there_to_the_letter(box: Appliance, olivia: Desk, now: datetime) -> None:
    keep(box, "twilio", now, TWILIO)
    page = unescape(olivia.get(HOME).text)
    assert 'value="http://127.0.0.1:8080/twilio/sms/incoming#rc=5&rp=all"' in page
    assert 'value="http://127.0.0.1:8080/twilio/whatsapp/incoming#rc=5&rp=all"' in page
    assert "no public https address" in page


def test_a_box_with_a_public_address_is_not_told_that_it_has_none(box: Appliance, now: datetime) -> None:
    box.config = replace(box.config, public_url="https://casa.example", trusted_proxy="127.0.0.1")
    keep(box, "twilio", now, TWILIO)
    web = create_app(box, TESTING=True, CLOCK=lambda: now, SESSION_COOKIE_SECURE=False)
    page = unescape(desk(web, box, now, "owner").get(f"{HOME}?lang=en").text)
    assert "https://casa.example/twilio/sms/incoming#rc=5&rp=all" in page
    assert "no public https address" not in page


def test_an_account_without_an_auth_token_is_told_that_posts_are_refused(
    box: Appliance, olivia: Desk, now: datetime
) -> None:
    with_key = {**TWILIO, "auth_token": "", "api_key_sid": "SK" + "0" * 32, "api_key_secret": "s" * 32}
    keep(box, "twilio", now, with_key)
    assert "Without the auth token" in words(olivia.get(HOME).text)


def test_the_environments_account_is_shown_as_such_and_has_no_buttons(
    box: Appliance, olivia: Desk, now: datetime
) -> None:
    box.given_accounts = {"twilio": box.accounts["twilio"].read(TWILIO).settings}
    page = olivia.get(HOME).text
    assert "comes from the environment" in words(page)
    assert "twilio/disconnect" not in page
    answer = olivia.post(f"{HOME}/twilio", **TWILIO)
    assert answer.status_code == 422
    assert "environment" in words(answer.text)


def test_a_test_message_is_sent_and_its_fate_told_once(
    box: Appliance, olivia: Desk, twilio: TwilioServer, now: datetime
) -> None:
    keep(box, "twilio", now, on(twilio))
    use(box)
    answer = olivia.post(f"{HOME}/test", channel="sms", address="600 000 001")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{HOME}#m-twilio")
    assert "Test message to +34 600 00 00 01." in words(olivia.get(HOME).text)
    assert "Test message to" not in words(olivia.get(HOME).text)
    assert len(twilio.sent(ANA)) == 1


def test_a_refused_test_message_says_why_with_the_providers_code(
    box: Appliance, olivia: Desk, twilio: TwilioServer, now: datetime
) -> None:
    keep(box, "twilio", now, on(twilio))
    use(box)
    twilio.refuse(ANA, 21614)
    olivia.post(f"{HOME}/test", channel="sms", address=ANA)
    said = words(olivia.get(HOME).text)
    assert "This number cannot receive text messages." in said
    assert "21614" in said


def test_a_number_that_cannot_be_is_named_beside_the_field(box: Appliance, olivia: Desk, now: datetime) -> None:
    keep(box, "twilio", now, TWILIO)
    answer = olivia.post(f"{HOME}/test", channel="sms", address="12")
    assert answer.status_code == 422
    assert 'value="12"' in answer.text
    assert "That phone number cannot be right" in words(answer.text)


def test_pausing_shows_on_the_page_and_in_the_bell_and_is_taken_back(box: Appliance, olivia: Desk) -> None:
    assert olivia.post(f"{HOME}/pause").status_code == 303
    page = words(olivia.get(HOME).text)
    assert "All sending is paused" in page
    assert "Sending is paused by the team" in page
    assert olivia.post(f"{HOME}/resume").status_code == 303
    assert "All sending is paused" not in words(olivia.get(HOME).text)
    assert messaging_accounts.paused(box) is None


def test_the_order_of_the_ways_is_chosen_on_the_page(box: Appliance, olivia: Desk) -> None:
    assert olivia.post(f"{HOME}/order", channel_order="whatsapp_sms_email").status_code == 303
    assert '<option value="whatsapp_sms_email" selected>' in olivia.get(HOME).text
    olivia.post(f"{HOME}/order", channel_order="pigeon_first")
    assert box.setup().policies.channel_order == "whatsapp_sms_email"


def test_a_fault_of_the_account_shows_its_reason(box: Appliance, olivia: Desk, now: datetime) -> None:
    with box.db.write():
        alarms.raise_alarm(box.db, alarms.SENDING_PAUSED, "Twilio: the account is suspended (30002)", now)
    page = words(olivia.get(HOME).text)
    assert "The provider refuses everything" in page
    assert "(30002)" in page


def test_disconnecting_forgets_the_account(box: Appliance, olivia: Desk, now: datetime) -> None:
    keep(box, "twilio", now, TWILIO)
    assert olivia.post(f"{HOME}/twilio/disconnect").status_code == 303
    assert not messaging_accounts.is_connected(box, "twilio")
    assert "Messages go to simulated phones" in words(olivia.get(HOME).text)


def test_a_key_that_is_gone_is_said_on_the_card(box: Appliance, olivia: Desk, now: datetime) -> None:
    keep(box, "twilio", now, TWILIO)
    box.config.credentials_key_path.unlink()
    assert "The key file that opens the kept passwords cannot be used." in words(olivia.get(HOME).text)


@pytest.mark.parametrize("role", ["host", "viewer"])
def test_who_may_not_set_up_sees_and_changes_nothing(web_app: Flask, box: Appliance, now: datetime, role: str) -> None:
    keep(box, "twilio", now, TWILIO)
    who = at_desk(web_app, box, now, role)
    before = snapshot(box, besides=("activity", "change_counter"))
    acts = ("", "/twilio", "/email")
    assert {who.get(HOME + act).status_code for act in acts} == {403}
    posts = ("/twilio", "/email", "/test", "/pause", "/resume", "/twilio/disconnect")
    assert {who.post(HOME + act).status_code for act in posts} == {403}
    after = snapshot(box, besides=("activity", "change_counter"))
    assert after == before


def test_a_form_without_its_token_changes_nothing(box: Appliance, olivia: Desk) -> None:
    assert olivia.client.post(f"{HOME}/pause").status_code in (400, 403)
    assert messaging_accounts.paused(box) is None


def test_the_state_of_a_card_is_one_word(box: Appliance, now: datetime) -> None:
    keep(box, "twilio", now, TWILIO)
    card = messaging_accounts.card(box, "twilio")
    assert messaging_words.state_of(card, paused=False) == "unused"
    assert messaging_words.state_of(card, paused=True) == "paused"
    seen = {"sms": messaging_accounts.Traffic(now - timedelta(minutes=1), None)}
    assert messaging_words.state_of(replace(card, traffic=seen), paused=False) == "well"
    assert messaging_words.state_of(replace(card, trouble="vault"), paused=True) == "trouble"
