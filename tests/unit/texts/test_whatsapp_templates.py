"""WhatsApp templates: numbered gaps that keep their meaning in every language and after every edit."""

from __future__ import annotations

import re

import pytest

from waitlist_appliance.texts import whatsapp
from waitlist_appliance.texts.catalogues import LOCALES
from waitlist_appliance.texts.messages import KINDS, BadText, BusinessFacts, Template, sample_facts

LOLA = BusinessFacts("Casa Lola", "Europe/Madrid", "+34 911 234 567", "es")


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", whatsapp.KINDS)
def test_a_template_has_every_gap_and_nothing_else_to_fill(kind: str, locale: str) -> None:
    text = whatsapp.template_text(kind, locale, LOLA)
    numbers = {int(number) for number in re.findall(r"\{\{(\d+)\}\}", text)}
    assert numbers == set(range(1, len(whatsapp.gaps(kind)) + 1))
    assert not re.search(r"\{%|\{\{ |\x00", text)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", whatsapp.KINDS)
def test_a_template_neither_begins_nor_ends_with_a_gap(kind: str, locale: str) -> None:
    text = whatsapp.template_text(kind, locale, LOLA)
    assert not text.startswith("{{")
    assert not re.search(r"\}\}\W*$", text)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", whatsapp.KINDS)
def test_every_gap_is_filled(kind: str, locale: str) -> None:
    filled = whatsapp.fillings(kind, sample_facts(kind), LOLA, locale, None)
    assert list(filled) == [str(number) for number in range(1, len(whatsapp.gaps(kind)) + 1)]
    assert all(filled.values())


def test_the_numbers_mean_the_same_whatever_the_owner_writes() -> None:
    own = Template(None, "Until {{ deadline }}: {{ link }}. At {{ time }} on {{ date }}, {{ business }}.")
    assert whatsapp.gaps("offer") == ("date", "time", "link", "deadline")
    assert whatsapp.template_text("offer", "en", LOLA, own) == "Until {{4}}: {{3}}. At {{2}} on {{1}}, Casa Lola."


def test_an_own_text_with_other_gaps_cannot_be_handed_in() -> None:
    own = Template(None, "Come at {{ time }}: {{ link }}")
    assert whatsapp.template_text("offer", "en", LOLA, own) == whatsapp.template_text("offer", "en", LOLA)


def test_a_gap_without_a_fact_is_never_sent_empty() -> None:
    facts = {name: value for name, value in sample_facts("offer").items() if name != "link"}
    with pytest.raises(BadText, match="link"):
        whatsapp.fillings("offer", facts, LOLA, "en", None)


def test_a_filling_is_one_line() -> None:
    assert whatsapp.fillings("note", {"text": "Hello\n\n\tAna"}, LOLA, "en", None) == {"1": "Hello Ana"}


def test_answers_need_no_template() -> None:
    assert set(whatsapp.KINDS) < set(KINDS)
    with pytest.raises(KeyError):
        whatsapp.gaps("help")
