"""The HTML of an email: the words of the text, a button for its link, and nothing that could be taken for markup."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

import pytest

from waitlist_appliance.texts.catalogues import LOCALES
from waitlist_appliance.texts.email_html import as_html
from waitlist_appliance.texts.messages import KINDS, BusinessFacts, render, sample_facts

LINK = "https://waitlist.example/wl_AbCdEfGhJkMnPqRsTuVwXy"
BOOKED = f"Hello Ana,\n\nBooked.\n\nFriday 15 January, 19:30\nConfirmation code: K7M4PX\n\nTo cancel it: {LINK}\n\nLola"
VOID = {"meta", "br", "!doctype"}


class Reader(HTMLParser):
    """What a reader sees, and whether every tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def html_of(
    body: str, kind: str = "confirmed", link: str | None = LINK, name: str = "Casa Lola", **more: object
) -> str:
    return as_html(kind, "en", "Your booking", body, name, "#0a7d4f", link, **more)  # type: ignore[arg-type]


def words(html: str) -> str:
    return " ".join(" ".join(read(html).words).split())


def buttons(html: str) -> list[str]:
    return re.findall(r'<td align="center" bgcolor="[^>]*><a href="[^"]*"[^>]*>([^<]*)</a>', html)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_message_says_in_html_what_its_text_says(kind: str, locale: str) -> None:
    facts = sample_facts(kind)
    said = render(kind, "email", locale, facts, BusinessFacts("Casa Lola", "Europe/Madrid", "+34 911 234 567", "es"))
    link = facts.get("link")
    html = as_html(kind, locale, said.subject or "", said.body, "Casa Lola", None, link)  # type: ignore[arg-type]
    shown = words(html)
    for sentence in said.body.replace(str(link), "\n").split("\n"):
        assert " ".join(sentence.split()).strip(" .") in shown
    assert len(buttons(html)) == (link is not None and str(link) in said.body)
    assert f'<html lang="{locale}"' in html


def test_the_button_leads_where_the_text_leads() -> None:
    html = html_of(BOOKED)
    assert buttons(html) == ["See your booking"]
    assert {attributes["href"] for tag, attributes in read(html).tags if tag == "a"} == {LINK}


def test_the_address_is_spelt_out_for_those_who_press_no_buttons() -> None:
    assert words(html_of(BOOKED)).endswith(f"If the button does not open, use this address: {LINK}")


def test_a_link_inside_a_sentence_stays_there_too() -> None:
    shown = words(html_of(f"Answer here: {LINK} until 17:30 (Lola).", "offer"))
    assert "Answer here: waitlist.example until 17:30 (Lola)." in shown


def test_without_a_link_there_is_no_button() -> None:
    for html in (html_of("Thank you.", link=None), html_of("Thank you.")):
        assert "<a " not in html


@pytest.mark.parametrize("link", ["javascript:alert(1)", 'https://a.example/"onmouseover="x', "https://a b"])
def test_only_a_web_address_becomes_a_button(link: str) -> None:
    html = html_of(f"Here: {link}", link=link)
    assert "<a " not in html
    assert unescape(link) in words(html)


def test_the_code_stands_out() -> None:
    html = html_of(BOOKED, code="K7M4PX")
    assert re.search(r"<div[^>]*>Confirmation code:</div><div[^>]*font-size:28px[^>]*>K7M4PX</div>", html)


def test_the_code_inside_a_sentence_is_bold() -> None:
    html = html_of("Your table at Lola is kept and waits for you, code K7M4PX, see you then.", code="K7M4PX")
    assert re.search(r"code <strong[^>]*>K7M4PX</strong>, see", html)


def test_the_time_is_large_on_its_own_line_and_bold_in_a_sentence() -> None:
    when = "Friday 15 January, 19:30"
    html = html_of(f"Hello,\n\nCome.\n\n{when}\n\nSo on {when} at Lola.", times=("19:30", when))
    assert re.search(rf"<td[^>]*font-size:24px[^>]*>{when}</td>", html)
    assert re.search(rf"So on <strong[^>]*>{when}</strong> at", html)


def test_nothing_that_people_typed_becomes_markup() -> None:
    evil = "<script>alert(1)</script><img src=x onerror=y>\"'&amp;"
    html = as_html(
        "note", "en", evil, f"{evil}\n\n{evil}\n{evil}\n\n{evil} x", evil, evil, None, code=evil, times=(evil,)
    )
    assert {tag for tag, _ in read(html).tags} <= {
        "html", "head", "meta", "title", "body", "div", "table", "tr", "td", "br", "strong", "bdi",
    }  # fmt: skip
    assert evil in "".join(read(html).words)


def test_a_name_from_right_to_left_keeps_its_direction() -> None:
    html = html_of("مرحبا,\n\nBooked.\n\nمطعم الزيتون, +34 911 234 567", name="مطعم الزيتون", link=None)
    assert re.search(r'<td dir="auto"[^>]*>مطعم الزيتون</td>', html)
    assert '<bdi dir="ltr">+34 911 234 567</bdi>' in html


def test_nothing_is_loaded_from_anywhere() -> None:
    html = html_of(BOOKED, code="K7M4PX")
    assert not re.search(r"<(img|link|script|style|iframe)|url\(|src=|@import", html)


@pytest.mark.parametrize(("colour", "ink"), [("#f2c200", "#1c1917"), ("#1b3a6b", "#ffffff"), ("red;x:y", "#ffffff")])
def test_the_button_can_be_read_on_every_colour(colour: str, ink: str) -> None:
    html = as_html("offer", "en", "A place", f"Here: {LINK}", "Casa Lola", colour, LINK)
    assert f"font-weight:600;color:{ink}" in html
    assert "x:y" not in html


def test_text_and_paper_keep_the_colours_of_the_reader() -> None:
    html = html_of(BOOKED, code="K7M4PX").replace("#0a7d4f", "")
    assert re.findall(r"(?<![-\w])(?:background|color):(?!inherit|#ffffff|;)([^;\"]*)", html) == []
    assert 'name="color-scheme" content="light dark"' in html


def test_the_preview_says_what_it_is_about_instead_of_the_greeting() -> None:
    assert re.search(r'aria-hidden="true">Booked\.</div>', html_of(BOOKED))
