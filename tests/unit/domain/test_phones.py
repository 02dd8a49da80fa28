"""Every spelling of a number is one number; what cannot be called is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waitlist_appliance.domain.phones import BadPhone, can_receive_sms, masked, parse

ANA = "+34612345678"


@pytest.mark.parametrize(
    "raw",
    ["612345678", "612 34 56 78", "+34 612-345-678", "0034612345678", "whatsapp:+34612345678", "tel:+34-612-345-678",
     "６１２３４５６７８", "٦١٢٣٤٥٦٧٨", "+34\u00a0612\u202f345\u202f678", "(612) 345.678",
     "\u202a+34 612 345 678\u202c",
     "612–345–678", " WhatsApp: +34612345678 "],
)  # fmt: skip
def test_every_spelling_of_anas_number_is_the_same_number(raw: str) -> None:
    assert parse(raw, "ES").e164 == ANA


@pytest.mark.parametrize(
    "raw",
    ["", "  ", "ana", "1-800-FLOWERS", "612345678 ext. 5", "612345678x5", "tel:+34612345678;ext=5", "612345678#5",
     "123",
     "+34 612 345 67", "+999612345678", "612345678, 5", "6" * 100, "+", "-"],
)  # fmt: skip
def test_letters_extensions_and_impossible_numbers_are_refused(raw: str) -> None:
    with pytest.raises(BadPhone):
        parse(raw, "ES")


@pytest.mark.parametrize(
    ("raw", "region", "kind", "sms"),
    [
        ("612345678", "ES", "mobile", True),
        ("911234567", "ES", "landline", False),
        ("0142685300", "FR", "landline", False),
        ("900123456", "ES", "other", False),
        ("(415) 555-2671", "US", "maybe", True),
        ("+54 11 4321 1234", "ES", "maybe", True),
        ("+54 9 11 2345 6789", "ES", "mobile", True),
    ],
)
def test_the_numbering_tells_what_cannot_receive_an_sms(raw: str, region: str, kind: str, sms: bool) -> None:
    phone = parse(raw, region)
    assert (phone.kind, can_receive_sms(phone)) == (kind, sms)


@pytest.mark.parametrize("raw", ["+52 1 55 1234 5678", "5215512345678", "044 55 1234 5678", "55 1234 5678"])
def test_mexicos_old_mobile_prefixes_are_dropped(raw: str) -> None:
    region = "ES" if raw.startswith("+") else "MX"
    assert parse(raw if raw != "5215512345678" else "+" + raw, region).e164 == "+525512345678"


def test_a_foreign_number_keeps_its_own_region() -> None:
    assert parse("+33 6 12 34 56 78", "ES").region == "FR"


def test_a_number_is_masked_but_for_its_last_three_digits() -> None:
    assert masked(ANA) == "+34 ••• ••• 678"


@given(st.text(max_size=80))
def test_no_text_makes_anything_but_a_number_or_a_refusal(raw: str) -> None:
    try:
        assert parse(raw, "ES").e164[1:].isdecimal()
    except BadPhone:
        assert raw.strip() != ANA
