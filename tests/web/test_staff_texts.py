"""Settings, Texts: the list, the editor without script, the preview for the script, the mail in its frame, templates."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html import unescape

import pytest
from flask import Flask

from tests.web.desk_story import ana_gets_a_table, waits
from tests.web.staff_desk import Desk, desk
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.business import set_policy
from waitlist_appliance.services.deliver_messages import deliver_due
from waitlist_appliance.storage import message_costs, own_texts, whatsapp_templates
from waitlist_appliance.texts.messages import KINDS as ALL_KINDS
from waitlist_appliance.texts.messages import default_text, placeholders
from waitlist_appliance.web.staff.messages import KINDS
from waitlist_appliance.web.staff.settings.text_words import GROUPS, PLACEHOLDERS

HOME = "/staff/settings/texts"
OFFER = f"{HOME}/offer"
SID = "HX0123456789abcdef0123456789abcdef"


@pytest.fixture
def olivia(web_app: Flask, box: Appliance, now: datetime) -> Desk:
    """Olivia, the owner, reading English."""
    olivia = desk(web_app, box, now, "owner")
    olivia.get("/staff/waitlist?lang=en")
    return olivia


def words(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def typed(page: str) -> str:
    found = re.search(r'<textarea[^>]*id="f-body"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert found
    return unescape(found[1])


def test_every_message_stands_in_one_group_with_a_name() -> None:
    grouped = [kind for _, members in GROUPS.values() for kind in members]
    assert sorted(grouped) == sorted(ALL_KINDS)
    assert set(KINDS) >= set(ALL_KINDS)


def test_every_placeholder_has_words() -> None:
    assert set(PLACEHOLDERS) == {name for kind in ALL_KINDS for name in placeholders(kind)}


def test_the_list_marks_what_was_changed(olivia: Desk) -> None:
    assert " changed" not in words(olivia.get(HOME).text).replace("Something changed", "")
    olivia.post(OFFER, channel="sms", locale="fr", body="Une place : {{ link }}", do="save")
    page = olivia.get(HOME).text
    assert words(page).count("changed : SMS Français") == 1
    assert "1 text is your own" in words(page)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_each_message_has_its_page_in_every_channel(olivia: Desk, kind: str) -> None:
    for channel in ("sms", "whatsapp", "email"):
        page = olivia.get(f"{HOME}/{kind}?channel={channel}&locale=fr").text
        assert typed(page) == default_text(kind, channel, "fr").body
        assert ('name="subject"' in page) == (channel == "email")


def test_a_text_is_saved_and_the_delivered_one_stands_beside_it(olivia: Desk, box: Appliance) -> None:
    answer = olivia.post(OFFER, channel="sms", locale="es", body="Sitio a las {{ time }}: {{ link }}", do="save")
    assert (answer.status_code, answer.location) == (303, f"{OFFER}?channel=sms&locale=es")
    assert own_texts.find(box.db, "offer", "sms", "es") == (None, "Sitio a las {{ time }}: {{ link }}")
    assert "To the next in line; they answer yes or no." in olivia.get(OFFER).text
    page = olivia.get(answer.location).text
    assert typed(page) == "Sitio a las {{ time }}: {{ link }}"
    assert default_text("offer", "sms", "es").body in unescape(page)
    assert "Back to the text as delivered" in page


def test_what_is_refused_stays_typed_with_the_reason_beside_it(olivia: Desk, box: Appliance) -> None:
    answer = olivia.post(OFFER, channel="sms", locale="es", body="Hola {{ colour }} {{ link }}", do="save")
    assert answer.status_code == 422
    assert "There is no placeholder called colour in this message" in words(answer.text)
    assert typed(answer.text) == "Hola {{ colour }} {{ link }}"
    assert own_texts.find(box.db, "offer", "sms", "es") is None


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("offer", "Come!", "Nobody could answer this offer"),
        ("offer", "Answer YES or CANCEL", "Whoever answers CANCEL gets no more messages from you at all"),
        ("joined", "You are number {{ position }}", "{% if position %}…{% endif %}"),
        ("left", "Bye {{ link", "Each begins with two curly brackets and ends with two, like {{ link }}."),
        ("left", "{% set a = 1 %}", "Only the placeholders below"),
        ("left", "", "The text is empty"),
    ],
)
def test_every_reason_is_said_in_words(olivia: Desk, kind: str, body: str, reason: str) -> None:
    answer = olivia.post(f"{HOME}/{kind}", channel="sms", locale="en", body=body, do="save")
    assert answer.status_code == 422
    assert reason in words(answer.text)


def test_a_text_goes_back_to_the_one_as_delivered(olivia: Desk, box: Appliance) -> None:
    olivia.post(OFFER, channel="sms", locale="es", body="Sitio: {{ link }}", do="save")
    olivia.post(OFFER, channel="sms", locale="es", body="whatever", do="reset")
    assert own_texts.find(box.db, "offer", "sms", "es") is None
    assert "Back to the text as delivered" not in olivia.get(f"{OFFER}?locale=es").text


def test_the_preview_button_works_without_script_and_saves_nothing(olivia: Desk, box: Appliance) -> None:
    page = olivia.post(
        OFFER, channel="sms", locale="es", body="Hay sitio a las {{ time }}: {{ link }}", do="preview"
    ).text
    assert "Hay sitio a las 19:30" in page
    assert typed(page) == "Hay sitio a las {{ time }}: {{ link }}"
    assert own_texts.find(box.db, "offer", "sms", "es") is None


def test_the_script_gets_the_preview_alone(olivia: Desk) -> None:
    part = olivia.post(f"{OFFER}/preview", channel="sms", locale="es", body="¿Viene? SÍ o NO")
    assert (part.status_code, "<html" in part.text) == (200, False)
    assert "¿Viene? SI o NO" in part.text
    assert "1 SMS part · 15 of 160 characters" in words(part.text)
    assert "“Í” would double the price, so “I” is sent." in words(part.text)


def test_without_plain_letters_the_dear_one_is_named_with_its_plain_form(
    olivia: Desk, box: Appliance, now: datetime
) -> None:
    set_policy(box, "sms_plain_letters", False, SYSTEM, now)
    part = olivia.post(f"{OFFER}/preview", channel="sms", locale="es", body="¿Viene? SÍ o NO " + "x" * 60).text
    assert "This character doubles the price: “Í” → “I”" in words(part)
    assert "2 SMS parts · 76 of 134 characters" in words(part)
    assert 'data-replace="Í" data-with="I"' in part


def test_the_preview_tells_a_reason_instead_of_a_text(olivia: Desk) -> None:
    part = olivia.post(f"{OFFER}/preview", channel="sms", locale="es", body="Hola {{ colour }}").text
    assert "There is no placeholder called colour" in words(part)
    assert "text-bubble" not in part


def test_what_the_owner_types_is_shown_and_never_run(olivia: Desk) -> None:
    part = olivia.post(f"{HOME}/left/preview", channel="sms", locale="es", body="<img src=x onerror=alert(1)>").text
    assert "<img" not in part
    assert "&lt;img" in part


def test_the_mail_stands_alone_in_a_frame_where_nothing_runs_or_loads(olivia: Desk) -> None:
    page = olivia.get(f"{OFFER}?channel=email&locale=fr")
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    source = re.search(r'<iframe[^>]* src="([^"]+)" sandbox=""', page.text)
    assert source
    mail = olivia.get(unescape(source[1]))
    policy = mail.headers["Content-Security-Policy"]
    assert {"default-src 'none'", "frame-ancestors 'self'", "form-action 'none'", "sandbox"} <= set(policy.split("; "))
    assert "script-src" not in policy
    assert "Casa Lola" in mail.text


def test_a_mail_that_cannot_be_is_an_empty_page(olivia: Desk) -> None:
    mail = olivia.get(f"{OFFER}/mail?locale=fr&subject=a&body=%7B%7B+colour+%7D%7D")
    assert (mail.status_code, "colour" in mail.text) == (200, False)


def test_other_pages_may_hold_no_frame(olivia: Desk) -> None:
    for path in (HOME, f"{OFFER}?channel=sms"):
        assert "frame-src" not in olivia.get(path).headers["Content-Security-Policy"]


def test_a_template_is_kept_and_a_wrong_id_is_told(olivia: Desk, box: Appliance) -> None:
    path = f"{OFFER}?channel=whatsapp&locale=fr"
    page = olivia.get(path).text
    assert "{{1}} à {{2}}" in unescape(page)
    answer = olivia.post(f"{OFFER}/template", channel="whatsapp", locale="fr", content_sid="HX12")
    assert answer.status_code == 422
    assert "It begins with HX and has 32 more signs" in words(answer.text)
    assert 'value="HX12"' in answer.text
    olivia.post(f"{OFFER}/template", channel="whatsapp", locale="fr", content_sid=SID)
    assert whatsapp_templates.find(box.db, "offer", "fr") == SID
    assert SID in olivia.get(path).text


def test_only_whatsapp_shows_templates_and_only_where_they_can_be_needed(olivia: Desk) -> None:
    assert 'id="template"' not in olivia.get(f"{OFFER}?channel=sms").text
    assert 'id="template"' not in olivia.get(f"{HOME}/help?channel=whatsapp").text


@pytest.mark.parametrize("path", [f"{HOME}/nothing", f"{OFFER}?channel=fax", f"{OFFER}?locale=tlh"])
def test_a_text_that_does_not_exist_is_not_found(olivia: Desk, path: str) -> None:
    assert olivia.get(path).status_code == 404


@pytest.mark.parametrize("role", ["host", "viewer"])
def test_only_who_may_change_settings_sees_and_changes_texts(
    web_app: Flask, box: Appliance, now: datetime, role: str
) -> None:
    somebody = desk(web_app, box, now, role)
    for path in (HOME, OFFER, f"{OFFER}/mail"):
        assert somebody.get(path).status_code == 403
    for path in (OFFER, f"{OFFER}/preview", f"{OFFER}/template"):
        assert somebody.post(path, channel="sms", locale="es", body="x", do="save").status_code == 403


def test_todays_parts_are_counted_and_the_estimate_appears_with_a_price(
    olivia: Desk, box: Appliance, now: datetime
) -> None:
    assert "No SMS was sent today" in words(olivia.get("/staff/messages").text)
    waits(box, now)
    deliver_due(box, now)
    line = words(olivia.get("/staff/messages").text)
    assert re.search(r"Today \d SMS parts, in 2 messages · Say what one costs", line)
    with box.db.write():
        box.db.execute("UPDATE message SET segments = 3")
    set_policy(box, "sms_price_cents", 7, SYSTEM, now)
    assert "Today 6 SMS parts, in 2 messages: about €0.42" in words(olivia.get("/staff/messages").text)


def test_the_cost_of_a_day_is_its_own(box: Appliance, now: datetime) -> None:
    ana_gets_a_table(box, now)
    day = timedelta(days=1)
    sent = message_costs.sms(box.db, now - day, now + day)
    assert sent.messages == box.db.value("SELECT COUNT(*) FROM message WHERE channel = 'sms' AND sent_at IS NOT NULL")
    assert sent.segments >= sent.messages >= 3
    assert message_costs.sms(box.db, now - day, now) == message_costs.Sent(0, 0)


def test_the_cost_is_read_off_its_index_alone(box: Appliance, now: datetime) -> None:
    plan = box.db.tuples(
        "EXPLAIN QUERY PLAN SELECT COUNT(*), SUM(COALESCE(segments, 1)) FROM message INDEXED BY message_billed"
        " WHERE sent_at >= 0 AND sent_at < 9 AND channel = 'sms'"
    )
    assert "COVERING INDEX message_billed (sent_at>? AND sent_at<?)" in plan[0][-1]


def test_the_message_settings_tell_it_as_well(olivia: Desk, box: Appliance, now: datetime) -> None:
    waits(box, now)
    deliver_due(box, now)
    assert re.search(r"Today \d SMS parts, in 2 messages", words(olivia.get("/staff/settings/messaging").text))
