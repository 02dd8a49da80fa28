"""The owner's own texts: what may be saved, what is refused and why, and what goes out afterwards."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.web.desk_story import waits
from waitlist_appliance.domain.errors import Invalid, NotFound
from waitlist_appliance.services import edit_texts
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.business import set_policy
from waitlist_appliance.services.deliver_messages import deliver_due
from waitlist_appliance.services.edit_texts import Which, which
from waitlist_appliance.services.preview_text import mail_page, preview
from waitlist_appliance.storage import activity, own_texts, text_edits, whatsapp_templates
from waitlist_appliance.texts.catalogues import LOCALES
from waitlist_appliance.texts.messages import CHANNELS, KINDS, Template, default_text

OLIVIA = Actor("staff", "Olivia")
OFFER = Which("offer", "sms", "es")
LEFT = Which("left", "sms", "es")
SID = "HX0123456789abcdef0123456789abcdef"


def refused(text: Which, body: str, subject: str | None = None) -> tuple[str, str | None]:
    with pytest.raises(Invalid) as found:
        edit_texts.check(text, Template(subject, body))
    return found.value.code, found.value.field


def verbs(box: Appliance) -> list[str]:
    return [line.verb for line in activity.latest(box.db, 10) if line.subject == "text"]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_text_as_delivered_could_be_saved(kind: str, channel: str, locale: str) -> None:
    edit_texts.check(which(kind, channel, locale), default_text(kind, channel, locale))


def test_a_saved_text_is_found_and_noted_in_the_history(box: Appliance, now: datetime) -> None:
    assert edit_texts.save(box, LEFT, Template(None, "Hasta pronto."), now, OLIVIA)
    assert own_texts.find(box.db, "left", "sms", "es") == (None, "Hasta pronto.")
    assert edit_texts.present(box, LEFT) == (Template(None, "Hasta pronto."), True)
    assert own_texts.find(box.db, "left", "sms", "fr") is None
    assert verbs(box) == ["text_changed"]


def test_saving_the_same_again_changes_nothing(box: Appliance, now: datetime) -> None:
    edit_texts.save(box, LEFT, Template(None, "Hasta pronto."), now, OLIVIA)
    assert not edit_texts.save(box, LEFT, Template(None, "Hasta pronto."), now, OLIVIA)
    assert verbs(box) == ["text_changed"]


def test_a_text_goes_back_to_the_one_as_delivered(box: Appliance, now: datetime) -> None:
    edit_texts.save(box, LEFT, Template(None, "Hasta pronto."), now, OLIVIA)
    assert edit_texts.reset(box, LEFT, now, OLIVIA)
    assert edit_texts.present(box, LEFT) == (default_text("left", "sms", "es"), False)
    assert not edit_texts.reset(box, LEFT, now, OLIVIA)
    assert verbs(box) == ["text_reset", "text_changed"]


def test_typing_the_text_as_delivered_is_no_text_of_ones_own(box: Appliance, now: datetime) -> None:
    edit_texts.save(box, LEFT, Template(None, "Hasta pronto."), now, OLIVIA)
    edit_texts.save(box, LEFT, default_text("left", "sms", "es"), now, OLIVIA)
    assert text_edits.changed(box.db) == set()


def test_a_refused_text_leaves_the_one_before(box: Appliance, now: datetime) -> None:
    edit_texts.save(box, LEFT, Template(None, "Hasta pronto."), now, OLIVIA)
    with pytest.raises(Invalid):
        edit_texts.save(box, LEFT, Template(None, "Hola {{ color }}"), now, OLIVIA)
    assert own_texts.find(box.db, "left", "sms", "es") == (None, "Hasta pronto.")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "text_empty"),
        ("x" * 1601, "too_long"),
        ("Hola {{ colour }} {{ link }}", "text_unknown"),
        ("Hola {{ link", "text_unreadable"),
        ("{% for a in link %}{{ a }}{% endfor %}", "text_too_clever"),
        ("{{ link|upper }}", "text_too_clever"),
        ("{{ party_size }} personas: {{ link }}", "text_needs_if"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_reason(body: str, reason: str) -> None:
    assert refused(OFFER, body) == (reason, "body")


def test_the_unknown_placeholder_is_named() -> None:
    with pytest.raises(Invalid) as found:
        edit_texts.check(OFFER, Template(None, "{{ link }} {{ colour }} {{ size }}"))
    assert found.value.params == {"names": "colour, size"}


def test_what_is_not_always_known_may_be_asked_about() -> None:
    edit_texts.check(OFFER, Template(None, "{% if party_size %}{{ party_size }} personas: {% endif %}{{ link }}"))
    edit_texts.check(Which("joined", "sms", "en"), Template(None, "{% if position %}Nr {{ position }}{% endif %}"))


@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
@pytest.mark.parametrize("kind", ["offer", "offer_race"])
def test_an_offer_has_a_link_or_names_the_answers(kind: str, channel: str) -> None:
    text = Which(kind, channel, "es")
    assert refused(text, "Hay sitio a las {{ time }}. ¿Viene?") == ("text_no_answer", "body")
    assert refused(text, "Hay sitio a las {{ time }}. Responda SI.") == ("text_no_answer", "body")
    assert refused(text, "Si no puede venir, llame.") == ("text_no_answer", "body")
    edit_texts.check(text, Template(None, "Hay sitio a las {{ time }}: {{ link }}"))
    edit_texts.check(text, Template(None, "Hay sitio a las {{ time }}. Responda SÍ o NO."))
    edit_texts.check(text, Template(None, "Hay sitio. Responda con sí o con no."))


def test_a_link_only_asked_about_is_no_link() -> None:
    assert refused(OFFER, "{% if link %}Hay sitio{% endif %} a las {{ time }}")[0] == "text_no_answer"


def test_an_offer_by_email_needs_the_link() -> None:
    text = Which("offer", "email", "en")
    assert refused(text, "Answer YES or NO.", "A place") == ("text_no_link", "body")
    edit_texts.check(text, Template("A place", "Please answer here: {{ link }}"))


@pytest.mark.parametrize(
    ("kind", "body", "word"),
    [
        ("offer", "Answer YES or CANCEL: {{ link }}", "CANCEL"),
        ("offer", "Please reply with yes or stop. {{ link }}", "STOP"),
        ("offer", "{{ link }} YES / END", "END"),
        ("reminder", "Text QUIT to cancel your booking.", "QUIT"),
        ("reminder", "Responda “baja” si no viene.", "BAJA"),
        ("cancelled", "CANCEL", "CANCEL"),
    ],
)
def test_nobody_is_invited_to_answer_with_a_stop_word(kind: str, body: str, word: str) -> None:
    with pytest.raises(Invalid) as found:
        edit_texts.check(Which(kind, "sms", "en"), Template(None, body))
    assert (found.value.code, found.value.params) == ("text_stop_word", {"word": word})


@pytest.mark.parametrize(
    "body", ["To cancel: {{ link }}", "At the end of the day: {{ link }}", "No stop on the way. {{ link }}"]
)
def test_the_same_words_in_a_sentence_are_no_invitation(body: str) -> None:
    edit_texts.check(Which("confirmed", "sms", "en"), Template(None, body))


def test_an_address_with_such_a_word_is_no_invitation() -> None:
    edit_texts.check(Which("left", "sms", "en"), Template(None, "Directions: https://lola.example/STOP"))


def test_the_subject_of_an_email_is_checked_as_well() -> None:
    text = Which("left", "email", "en")
    assert refused(text, "Bye", "{{ link }}x{{ colour }}") == ("text_unknown", "subject")
    assert refused(text, "Bye", "") == ("text_empty", "subject")
    assert refused(text, "Bye", "x" * 151) == ("too_long", "subject")


def test_a_subject_is_one_line_and_only_an_email_has_one() -> None:
    assert edit_texts.tidy(Which("left", "email", "en"), " a\r\nBcc: b ", "x\r\ny  \n") == Template("a Bcc: b", "x\ny")
    assert edit_texts.tidy(LEFT, "subject", "x").subject is None


@pytest.mark.parametrize("which_one", [("nothing", "sms", "es"), ("offer", "fax", "es"), ("offer", "sms", "tlh")])
def test_what_does_not_exist_is_not_found(which_one: tuple[str, str, str]) -> None:
    with pytest.raises(NotFound):
        which(*which_one)


def test_an_approved_template_is_kept_and_can_be_taken_back(box: Appliance, now: datetime) -> None:
    text = Which("offer", "whatsapp", "fr")
    assert edit_texts.set_template(box, text, f" {SID} ", now, OLIVIA)
    assert whatsapp_templates.find(box.db, "offer", "fr") == SID
    assert not edit_texts.set_template(box, text, SID, now, OLIVIA)
    assert edit_texts.set_template(box, text, "", now, OLIVIA)
    assert whatsapp_templates.find(box.db, "offer", "fr") is None
    assert verbs(box) == ["whatsapp_template_removed", "whatsapp_template_set"]


@pytest.mark.parametrize("sid", ["HX123", SID.upper(), SID + "0", "MG" + SID[2:], SID[:-1] + "g", SID + "\nx"])
def test_what_is_no_id_of_a_template_is_refused(box: Appliance, now: datetime, sid: str) -> None:
    with pytest.raises(Invalid, match="content_sid_bad"):
        edit_texts.set_template(box, Which("offer", "whatsapp", "fr"), sid, now, OLIVIA)
    assert whatsapp_templates.find(box.db, "offer", "fr") is None


def test_an_answer_to_a_customer_needs_no_template(box: Appliance, now: datetime) -> None:
    with pytest.raises(NotFound):
        edit_texts.set_template(box, Which("help", "whatsapp", "fr"), SID, now, OLIVIA)


def test_the_preview_counts_parts_and_names_the_dear_letter(box: Appliance, now: datetime) -> None:
    seen = preview(box, OFFER, Template(None, "¿Viene? Responda SÍ o NO"), now)
    assert (seen.said.body, seen.plain) == ("¿Viene? Responda SI o NO", True)
    assert [(letter.char, letter.instead, letter.typed) for letter in seen.dear] == [("Í", "I", True)]
    assert seen.cost is not None
    assert (seen.cost.encoding, seen.cost.segments) == ("GSM-7", 1)


def test_without_plain_letters_the_preview_costs_what_will_be_sent(box: Appliance, now: datetime) -> None:
    set_policy(box, "sms_plain_letters", False, OLIVIA, now)
    seen = preview(box, OFFER, Template(None, "Responda SÍ o NO. " + "x" * 60), now)
    assert "SÍ" in seen.said.body
    assert seen.cost is not None
    assert (seen.cost.encoding, seen.cost.segments) == ("UCS-2", 2)


def test_a_dear_letter_that_the_date_brings_is_told_apart(box: Appliance, now: datetime) -> None:
    seen = preview(box, Which("left", "sms", "es"), Template(None, "{{ business }} ’ {{ when }} ❤"), now)
    assert {letter.char: (letter.instead, letter.typed) for letter in seen.dear} == {"’": ("'", True), "❤": ("", True)}


def test_a_letter_of_another_script_has_no_plain_form(box: Appliance, now: datetime) -> None:
    seen = preview(box, LEFT, Template(None, "Спасибо"), now)
    assert seen.said.body == "Спасибо"
    assert {letter.instead for letter in seen.dear} == {None}


def test_the_link_of_the_preview_is_as_long_as_those_that_are_sent(box: Appliance, now: datetime) -> None:
    sent = box.link("offer", box.token("offer", 1, now))
    shown = preview(box, OFFER, Template(None, "{{ link }}"), now).said.body
    assert len(shown) == len(sent)


def test_an_email_is_shown_as_html_with_its_button_and_nothing_of_the_owners_html(
    box: Appliance, now: datetime
) -> None:
    text = Which("offer", "email", "en")
    page = mail_page(box, text, Template("A <place>", "Hello <script>x</script>\n\nAnswer here: {{ link }}"), now)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert box.url("/waitlist/offer/") in page


def said(box: Appliance, now: datetime) -> str:
    """What Ana gets when she joins the waitlist."""
    waits(box, now)
    deliver_due(box, now)
    return str(box.db.value("SELECT body FROM message WHERE kind = 'joined'"))


def test_what_goes_out_is_the_owners_text_in_plain_letters(box: Appliance, now: datetime) -> None:
    edit_texts.save(box, Which("joined", "sms", "es"), Template(None, "¡Sí, {{ first_name }}!"), now, OLIVIA)
    assert said(box, now) == "¡Si, Ana!"


def test_with_plain_letters_off_it_goes_out_as_it_was_written(box: Appliance, now: datetime) -> None:
    set_policy(box, "sms_plain_letters", False, OLIVIA, now)
    edit_texts.save(box, Which("joined", "sms", "es"), Template(None, "¡Sí, {{ first_name }}!"), now, OLIVIA)
    assert said(box, now) == "¡Sí, Ana!"


def test_after_going_back_the_delivered_text_goes_out(box: Appliance, now: datetime) -> None:
    text = Which("joined", "sms", "es")
    edit_texts.save(box, text, Template(None, "¡Sí, {{ first_name }}!"), now, OLIVIA)
    edit_texts.reset(box, text, now, OLIVIA)
    assert "Casa Lola" in said(box, now)
