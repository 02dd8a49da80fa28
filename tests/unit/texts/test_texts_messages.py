"""Every message exists in every language and channel, says what it must, and costs what it may."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from waitlist_appliance.texts.catalogues import LOCALES
from waitlist_appliance.texts.messages import (
    CHANNELS,
    KINDS,
    BadText,
    BusinessFacts,
    Template,
    check_text,
    default_text,
    placeholders,
    render,
    sample_facts,
)
from waitlist_appliance.texts.segments import count

LOLA = BusinessFacts("Casa Lola", "Europe/Madrid", "+34 911 234 567", "es")
LINK = "https://waitlist.lola.es/wl_AbCdEfGhJkMnPqRsTu"
AFTERNOON = datetime(2027, 1, 15, 15, 0, tzinfo=UTC)
EVERY = [(kind, channel, locale) for kind in KINDS for channel in CHANNELS for locale in LOCALES]
SPEC = """join_link join_nudge joined offer offer_race offer_lost confirmed declined left expired apology reminder moved
cancelled help nothing_pending note error opted_out opted_in already_booked too_late"""


def say(kind: str, channel: str, locale: str, **facts: object) -> str:
    return render(kind, channel, locale, sample_facts(kind) | {"link": LINK} | facts, LOLA, now=AFTERNOON).body


def test_every_message_of_the_specification_exists() -> None:
    assert set(KINDS) == set(SPEC.split())


@pytest.mark.parametrize(("kind", "channel", "locale"), EVERY)
def test_every_message_can_be_sent_on_every_channel_in_every_language(kind: str, channel: str, locale: str) -> None:
    rendered = render(kind, channel, locale, sample_facts(kind), LOLA, now=AFTERNOON)
    assert rendered.body
    assert (rendered.subject is not None) == (channel == "email")
    assert not re.search(r"[{}]|None", (rendered.subject or "") + rendered.body)


@pytest.mark.parametrize(("kind", "channel", "locale"), EVERY)
def test_every_default_text_could_be_saved_by_the_owner(kind: str, channel: str, locale: str) -> None:
    text = default_text(kind, channel, locale)
    check_text(kind, text.body)
    assert not re.search(r"\b(CANCEL|STOP|END|QUIT)\b", text.body)


@pytest.mark.parametrize(("kind", "channel", "locale"), [case for case in EVERY if case[2] != "en"])
def test_no_message_is_left_in_english(kind: str, channel: str, locale: str) -> None:
    assert default_text(kind, channel, locale) != default_text(kind, channel, "en")


@pytest.mark.parametrize("kind", KINDS)
def test_a_preview_has_a_fact_for_every_placeholder(kind: str) -> None:
    for name in placeholders(kind):
        assert render(kind, "sms", "en", sample_facts(kind), LOLA, own=Template(None, f"{{{{ {name} }}}}")).body


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", ["join_link", "offer", "offer_race", "confirmed", "reminder", "help"])
def test_the_frequent_sms_stay_in_gsm_7_and_within_two_segments(kind: str, locale: str) -> None:
    cost = count(say(kind, "sms", locale))
    assert cost.encoding == "GSM-7"
    assert cost.segments <= 2


@pytest.mark.parametrize("locale", LOCALES)
def test_an_invitation_is_one_segment(locale: str) -> None:
    assert count(say("join_link", "sms", locale)).segments == 1


@pytest.mark.parametrize(("locale", "answers"), [("fr", "OUI ou NON"), ("es", "SI o NO"), ("en", "YES or NO")])
@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_an_offer_names_the_answers_and_the_deadline(channel: str, locale: str, answers: str) -> None:
    said = say("offer", channel, locale)
    assert answers in said
    assert ("17h30" if locale == "fr" else "17:30") in said
    assert LINK in said


def test_an_email_asks_for_no_answer_by_email() -> None:
    assert "YES" not in say("offer", "email", "en")


def test_the_french_invitation_reads_exactly_as_agreed() -> None:
    assert say("join_link", "sms", "fr") == (
        "Votre créneau souhaité n'est pas disponible. Vous pouvez rejoindre la liste d'attente en quelques secondes"
        f" ici : {LINK}"
    )


@pytest.mark.parametrize("kind", ["offer", "offer_race"])
def test_the_french_offer_begins_exactly_as_agreed(kind: str) -> None:
    begins = "Une place s'est libérée pour vendredi 15 janvier à 19h30. Confirmez-vous votre venue ?"
    assert say(kind, "sms", "fr").startswith(begins)


def test_a_deadline_on_another_day_is_told_with_its_day() -> None:
    facts = sample_facts("offer")
    said = render("offer", "sms", "es", facts, LOLA, now=datetime(2027, 1, 14, 20, tzinfo=UTC)).body
    assert "hasta el viernes 15 de enero a las 17:30" in said


def test_keeping_the_place_is_said_only_when_it_is_so() -> None:
    assert "keep your place" in say("offer_lost", "sms", "en", keeps_place=True)
    assert "keep your place" not in say("offer_lost", "sms", "en", keeps_place=False)


@pytest.mark.parametrize(
    "text",
    ["{{ colour }}", "{{ code }", "{% for a in business %}x{% endfor %}", "{{ business.__class__ }}",
     "{{ business|upper }}",
     "{{ ''.join(['a']) }}", "{% set a = 1 %}", "{% include 'x' %}", "", "x" * 2000, "{{ range(9) }}", "{{ 9**9 }}"],
)  # fmt: skip
def test_a_text_with_more_than_its_placeholders_is_refused(text: str) -> None:
    with pytest.raises(BadText):
        check_text("offer", text)


def test_a_code_may_be_named_in_a_confirmation_and_not_in_an_offer() -> None:
    check_text("confirmed", "{{ code }}")
    with pytest.raises(BadText, match="code"):
        check_text("offer", "{{ code }}")


def test_a_message_with_a_hole_in_it_is_never_sent() -> None:
    with pytest.raises(BadText):
        render("join_link", "sms", "en", {}, LOLA)


@pytest.mark.parametrize("name", ["{{ phone }}", "<script>", "a\nb", "x" * 300, "\u202eanA", "{% if %}"])
def test_a_strange_name_stays_a_name(name: str) -> None:
    said = render(
        "opted_in", "whatsapp", "en", {"first_name": name}, LOLA, own=Template(None, "Hi {{ first_name }}!")
    ).body
    assert said.count("\n") == 0
    assert len(said) < 100
    assert "\u202e" not in said
    assert "911" not in said


@pytest.mark.parametrize(
    "name", ["https://evil.example/win", "You won: evil.example", "www.evil.example", "a@evil.example"]
)
def test_a_name_that_is_an_address_is_not_said(name: str) -> None:
    said = render(
        "opted_in", "email", "en", {"first_name": name}, LOLA, own=Template("{{ first_name }}", "Hi {{ first_name }}!")
    )
    assert (said.subject, said.body) == ("", "Hi !")


@pytest.mark.parametrize("name", ["J. R.", "J.P.", "Mª José", "O'Neil", "María-José", "St. John"])
def test_a_name_with_dots_is_said(name: str) -> None:
    said = render("opted_in", "email", "en", {"first_name": name}, LOLA, own=Template("x", "Hi {{ first_name }}!"))
    assert said.body == f"Hi {name}!"


def test_an_sms_is_transliterated_and_whatsapp_keeps_its_accents() -> None:
    own = Template(None, "¡Sí! “Mañana” 🎉")
    assert render("opted_in", "sms", "es", {}, LOLA, own=own).body == '¡Si! "Mañana"'
    assert render("opted_in", "whatsapp", "es", {}, LOLA, own=own).body == "¡Sí! “Mañana” 🎉"


def test_a_confirmation_tells_number_of_people_and_code() -> None:
    assert ", 2 p. Code K7M4PX." in say("confirmed", "sms", "en")
    assert ". Code K7M4PX." in say("confirmed", "sms", "en", party_size=None)
