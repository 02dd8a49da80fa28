"""Segments, dates, states, reasons, refusals, calendar files and the catalogues themselves."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from waitlist_appliance.domain import states as domain_states
from waitlist_appliance.texts import dates, errors, reasons, states
from waitlist_appliance.texts.catalogues import FOLDER, LOCALES, pick_locale, translator
from waitlist_appliance.texts.ics import booking_ics
from waitlist_appliance.texts.segments import Segments, count, expensive, to_gsm7
from waitlist_appliance.texts.wording import WORDINGS

MADRID = ZoneInfo("Europe/Madrid")
ROOT = Path(__file__).parents[3]
FRIDAY = datetime(2027, 1, 15, 18, 30, tzinfo=UTC)
OTHER_LANGUAGES = [locale for locale in LOCALES if locale != "en"]


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("fr", "vendredi 15 janvier à 19h30"),
        ("es", "viernes 15 de enero a las 19:30"),
        ("en", "Friday 15 January at 19:30"),
    ],
)
def test_a_time_is_said_in_the_customers_language_and_the_businesss_zone(locale: str, said: str) -> None:
    assert dates.day_and_time(FRIDAY, MADRID, locale) == said


def test_the_first_of_a_month_and_one_oclock_follow_the_language() -> None:
    night = datetime(2027, 2, 1, 0, 5, tzinfo=UTC)
    assert dates.day_and_time(night, MADRID, "fr") == "lundi 1er février à 01h05"
    assert dates.day_and_time(night, MADRID, "es") == "lunes 1 de febrero a la 01:05"


@pytest.mark.parametrize(
    ("utc", "said"),
    [((2027, 3, 28, 0, 59), "01:59"), ((2027, 3, 28, 1, 0), "03:00"), ((2027, 10, 31, 0, 30), "02:30"),
     ((2027, 10, 31, 1, 30), "02:30"), ((2027, 10, 31, 2, 0), "03:00"), ((2027, 7, 1, 17, 0), "19:00")],
)  # fmt: skip
def test_times_are_right_on_the_nights_the_clocks_change(utc: tuple[int, int, int, int, int], said: str) -> None:
    assert dates.time_of_day(datetime(*utc, tzinfo=UTC), MADRID, "en") == said


def test_a_deadline_is_a_time_alone_only_on_the_same_local_day() -> None:
    late = datetime(2027, 1, 15, 23, 30, tzinfo=UTC)  # 00:30 of the 16th in Madrid
    assert dates.until(FRIDAY, FRIDAY - timedelta(minutes=15), MADRID, "es") == "las 19:30"
    assert dates.until(late, FRIDAY, MADRID, "fr") == "samedi 16 janvier à 00h30"
    assert dates.until(FRIDAY, None, MADRID, "es") == "el viernes 15 de enero a las 19:30"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(360, "6 min left"), (301, "6 min left"), (5, "1 min left"), (0, "time is up"), (3900, "1 h 05 min left")],
)
def test_the_time_left_counts_begun_minutes(seconds: int, said: str) -> None:
    assert dates.left(seconds, "en") == said


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("a" * 160, Segments("GSM-7", 160, 1)),
        ("a" * 161, Segments("GSM-7", 161, 2)),
        ("€" * 80, Segments("GSM-7", 160, 1)),
        ("a" * 152 + "€" + "a" * 152, Segments("GSM-7", 306, 3)),
        ("í" * 70, Segments("UCS-2", 70, 1)),
        ("í" * 71, Segments("UCS-2", 71, 2)),
        ("🎉" * 35, Segments("UCS-2", 70, 1)),
        ("🎉" * 67, Segments("UCS-2", 134, 3)),
        ("", Segments("GSM-7", 0, 1)),
    ],
)
def test_segments_are_counted_as_carriers_bill_them(text: str, cost: Segments) -> None:
    assert count(text) == cost


@pytest.mark.parametrize(
    ("text", "plain"),
    [("Sí, mañana", "Si, mañana"), ("Chloé", "Chloé"), ("l’été – “là” …", "l'été - \"là\" ..."),
     ("garçon œuf", "garcon oeuf"),
     ("Ana 🎉", "Ana "), ("محمد", "محمد"), ("José \u2069", "José ")],
)  # fmt: skip
def test_what_gsm_7_lacks_is_written_plainly_unless_it_is_another_script(text: str, plain: str) -> None:
    assert to_gsm7(text) == plain


@given(st.text())
def test_transliteration_ends_in_gsm_7_or_leaves_the_text_alone(text: str) -> None:
    assert to_gsm7(text) == text or not expensive(to_gsm7(text))


@pytest.mark.parametrize(
    ("candidates", "locale"),
    [
        (("fr-FR",), "fr"),
        ((None, "es_MX"), "es"),
        (("de", "fr"), "fr"),
        ((), "en"),
        (("",), "en"),
        (("de, es;q=0.8",), "es"),
    ],
)
def test_the_first_language_we_speak_is_picked(candidates: tuple[str | None, ...], locale: str) -> None:
    assert pick_locale(*candidates) == locale


def test_there_are_spanish_french_and_english() -> None:
    assert LOCALES == ("es", "fr", "en")


ENUMS = {
    "entry": domain_states.EntryStatus, "wish": domain_states.WishState, "slot": domain_states.SlotStatus,
    "opening": domain_states.OpeningState, "offer": domain_states.OfferState, "booking": domain_states.BookingStatus,
}  # fmt: skip


@pytest.mark.parametrize("noun", ENUMS)
def test_every_state_has_a_word(noun: str) -> None:
    assert set(states.WORDS[noun]) == {str(state) for state in ENUMS[noun]}


def test_the_words_of_entry_states_are_those_agreed() -> None:
    order = ["invited", "waiting", "notified", "confirmed", "declined", "expired", "cancelled"]
    said = {locale: ", ".join(states.shown("entry", state, locale) for state in order) for locale in LOCALES}
    assert said["en"] == "invited, waiting, contacted, confirmed, declined, expired, cancelled"
    assert said["fr"] == "invité, en attente, contacté, confirmé, refusé, expiré, annulé"
    assert said["es"] == "invitado, en espera, avisado, confirmado, rechazado, caducado, cancelado"


@pytest.mark.parametrize("locale", OTHER_LANGUAGES)
def test_every_refusal_and_reason_is_translated(locale: str) -> None:
    assert all(errors.explain(code, locale) != errors.explain(code, "en") for code in errors.SENTENCES)
    assert all(reasons.why_not(code, locale) != reasons.why_not(code, "en") for code in reasons.SENTENCES)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_refusal_never_shows_a_bare_placeholder(locale: str) -> None:
    assert not any("{" in errors.explain(code, locale) for code in errors.SENTENCES)


def test_a_refusal_names_the_field_in_the_readers_words() -> None:
    assert "nombre de personnes" in errors.explain("missing_field", "fr", field="party_size")
    assert "viernes a las 19:30" in errors.explain("slot_available", "es", time="viernes a las 19:30")


def test_an_unknown_refusal_is_a_programming_error() -> None:
    with pytest.raises(KeyError):
        errors.explain("no_such_code", "en")


def test_a_confirmation_brings_a_calendar_file_in_utc() -> None:
    ends = FRIDAY + timedelta(hours=2)
    file = booking_ics(
        "b-1@lola", FRIDAY.astimezone(MADRID), ends, "Casa Lola", "Code K7M4PX", "", 2, False, FRIDAY
    ).decode()
    for line in ("METHOD:PUBLISH", "UID:b-1@lola", "DTSTART:20270115T183000Z", "DTEND:20270115T203000Z", "SEQUENCE:2"):
        assert line in file.splitlines()
    assert "STATUS:CONFIRMED" in file


def test_a_cancelled_booking_is_cancelled_in_the_calendar_file() -> None:
    assert b"STATUS:CANCELLED" in booking_ics("b-1", FRIDAY, FRIDAY + timedelta(hours=2), "x", "", "", 3, True, FRIDAY)


def test_the_calendar_library_is_loaded_only_for_a_calendar_file() -> None:
    code = "import sys; from waitlist_appliance.texts import ics, messages; sys.exit('icalendar' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("locale", OTHER_LANGUAGES)
def test_the_compiled_catalogue_is_that_of_the_texts(locale: str) -> None:
    compiled = translator(locale)
    for message in catalogue(locale):
        if isinstance(message.id, str) and message.id and message.string:
            say = compiled.pgettext(message.context, message.id) if message.context else compiled.gettext(message.id)
            assert say == message.string


@pytest.mark.parametrize("locale", OTHER_LANGUAGES)
def test_every_text_of_messages_refusals_and_reasons_is_in_the_catalogue(locale: str) -> None:
    wordings = [text for w in WORDINGS.values() for text in (w.short, w.subject, w.email) if text]
    said = {message.id for message in catalogue(locale) if message.string}
    assert said >= {*wordings, *errors.SENTENCES.values(), *errors.FIELDS.values(), *reasons.SENTENCES.values()}


def catalogue(locale: str) -> Catalog:
    with (FOLDER / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file)
