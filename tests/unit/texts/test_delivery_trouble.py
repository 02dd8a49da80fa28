"""Why a message did not arrive: every code of the providers has words that say what to do."""

from __future__ import annotations

import pytest

from waitlist_appliance.adapters.messengers.simulator import REFUSALS
from waitlist_appliance.adapters.messengers.twilio.errors import BY_STATUS, MEANINGS
from waitlist_appliance.texts.delivery_trouble import CODES, TROUBLES, of, told

# What stands in words for each verdict: a person who blocks us is not told to check the number.
FITS = {
    "dead": {"no_number", "opted_out", "no_whatsapp"}, "landline": {"landline"}, "opted_out": {"opted_out"},
    "account": {"account", "sender", "busy"}, "slow": {"busy"},
}  # fmt: skip


@pytest.mark.parametrize("code", [str(code) for code in MEANINGS] + [f"HTTP {status}" for status in BY_STATUS])
def test_every_code_of_twilio_has_words(code: str) -> None:
    assert of(code) in TROUBLES


@pytest.mark.parametrize("code", MEANINGS)
def test_the_words_agree_with_what_follows_from_the_code(code: int) -> None:
    verdict = MEANINGS[code].verdict
    assert of(str(code)) in FITS.get(verdict, set(TROUBLES) - {"account", "no_number", "landline", "opted_out"})


@pytest.mark.parametrize("code", [code for code in REFUSALS if code in CODES])
def test_the_simulators_outcomes_have_words(code: str) -> None:
    assert told(str(of(code)), "en").what


@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        ("550 5.1.1", "no_mailbox"), ("550", "no_mailbox"), ("552 5.2.2", "mailbox_full"), ("451 4.7.1", "busy"),
        ("535 5.7.8", "mail_login"), ("550 5.7.1", "mail_unwanted"), ("554", "mail_unwanted"), ("HTTP 503", "no_answer"),
        ("something else", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_an_answer_of_a_mail_server_has_words(code: str | None, trouble: str | None) -> None:
    assert of(code) == trouble


def test_every_code_leads_to_words_and_all_words_are_led_to() -> None:
    assert set(CODES.values()) <= set(TROUBLES)
    assert {of(code) for code in (*CODES, "552", "535")} == set(TROUBLES)


def test_each_says_what_to_do() -> None:
    for words in TROUBLES.values():
        assert words.what.endswith(".")
        assert words.next.endswith(".")
