"""What the owner types in."""

from __future__ import annotations

import pytest

from waitlist_appliance.adapters.messengers.twilio import TwilioAccount
from waitlist_appliance.ports.accounts import BadAccount

SID, TOKEN, KEY, SECRET = "AC" + "0a" * 16, "1b" * 16, "SK" + "2c" * 16, "s3cret" * 5
GOOD = {
    "account_sid": SID,
    "auth_token": TOKEN,
    "sms_from": "+34 911 23-00.00",
    "whatsapp_from": "whatsapp:+34911230000",
}


def problems(**changes: object) -> set[str]:
    with pytest.raises(BadAccount) as found:
        TwilioAccount.from_mapping(GOOD | changes)
    return set(found.value.problems)


def test_numbers_are_read_as_people_write_them() -> None:
    account = TwilioAccount.from_mapping(GOOD)
    assert (account.sms_from, account.whatsapp_from, account.channels) == (
        "+34911230000",
        "+34911230000",
        ("sms", "whatsapp"),
    )


def test_a_messaging_service_is_a_sender_too() -> None:
    account = TwilioAccount.from_mapping(
        {"account_sid": SID, "auth_token": TOKEN, "messaging_service_sid": "MG" + "3d" * 16}
    )
    assert account.channels == ("sms",)


def test_an_api_key_is_used_where_there_is_one() -> None:
    account = TwilioAccount.from_mapping(GOOD | {"auth_token": "", "api_key_sid": KEY, "api_key_secret": SECRET})
    assert account.login == (KEY, SECRET)
    assert TwilioAccount.from_mapping(GOOD).login == (SID, TOKEN)


def test_nothing_secret_is_shown() -> None:
    shown = repr(TwilioAccount.from_mapping(GOOD | {"api_key_sid": KEY, "api_key_secret": SECRET}))
    assert SID in shown
    assert TOKEN not in shown
    assert SECRET not in shown


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"account_sid": KEY}, {"account_sid"}),
        ({"account_sid": "AC12"}, {"account_sid"}),
        ({"auth_token": ""}, {"auth_token"}),
        ({"auth_token": "two words which are long"}, {"auth_token"}),
        ({"auth_token": "clé" * 10}, {"auth_token"}),
        ({"api_key_sid": KEY}, {"api_key_secret"}),
        ({"api_key_sid": SID, "api_key_secret": SECRET}, {"api_key_sid"}),
        ({"sms_from": "911230000000"}, {"sms_from"}),
        ({"sms_from": "A name that is too long"}, {"sms_from"}),
        ({"sms_from": "", "whatsapp_from": ""}, {"sms_from"}),
        ({"whatsapp_from": "911"}, {"whatsapp_from"}),
        ({"messaging_service_sid": SID}, {"messaging_service_sid"}),
        ({"sms_per_second": "0"}, {"sms_per_second"}),
        ({"sms_per_second": "nan"}, {"sms_per_second"}),
        ({"sms_per_second": "fast"}, {"sms_per_second"}),
        ({"base_url": "http://gateway.example"}, {"base_url"}),
        ({"base_url": "https://user:word@gateway.example"}, {"base_url"}),
        ({"base_url": "https://gateway.example:99999"}, {"base_url"}),
    ],
)
def test_what_is_wrong_is_said_field_by_field(changes: dict[str, object], fields: set[str]) -> None:
    assert problems(**changes) == fields


def test_an_error_repeats_nothing_that_was_typed_in() -> None:
    with pytest.raises(BadAccount) as found:
        TwilioAccount.from_mapping(GOOD | {"auth_token": "not a token, but secret"})
    assert "but secret" not in str(found.value)


@pytest.mark.parametrize("sender", ["CasaLola", "Casa Lola", "12345", "+34911230000"])
def test_a_name_and_a_short_code_are_senders(sender: str) -> None:
    assert TwilioAccount.from_mapping(GOOD | {"sms_from": sender}).sms_from == sender


def test_the_pace_may_be_written_with_a_comma() -> None:
    assert TwilioAccount.from_mapping(GOOD | {"sms_per_second": "0,5"}).sms_per_second == 0.5
    assert TwilioAccount.from_mapping(GOOD).sms_per_second == 1.0
