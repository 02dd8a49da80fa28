"""The search over everything (issue 3, point 1)."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask

from tests.web.desk_story import ana_gets_a_table, waits
from tests.web.staff_desk import Desk, desk
from waitlist_appliance.services.appliance import Appliance


@pytest.fixture
def hanna(web_app: Flask, box: Appliance, now: datetime) -> Desk:
    return desk(web_app, box, now, "host")


def found(hanna: Desk, text: str) -> str:
    return hanna.client.get("/staff/search", query_string={"q": text, "part": "list", "lang": "en"}).text


REMEMBERED = ["Ana", "ana", "AN", "600111222", "600 111", "+34 600 111 222", "222", "ana@example", "0034600111222"]


@pytest.mark.parametrize("text", REMEMBERED)
def test_a_person_is_found_by_what_one_remembers_of_them(text: str, hanna: Desk, box: Appliance, now: datetime) -> None:
    ana = ana_gets_a_table(box, now)
    assert f"/staff/waitlist/{ana.entry.public_id}" in found(hanna, text)


@pytest.mark.parametrize("text", ["chloe", "CHLOÉ", "Chloe Du", "dupre"])
def test_accents_and_capitals_do_not_matter(text: str, hanna: Desk, box: Appliance, now: datetime) -> None:
    waits(box, now, name="Chloé Dupré", phone="+34600333444")
    assert "Chloé Dupré" in found(hanna, text)


def test_a_booking_is_found_by_the_beginning_of_its_code(hanna: Desk, box: Appliance, now: datetime) -> None:
    ana_gets_a_table(box, now)
    code = box.db.value("SELECT code FROM booking")
    assert code in found(hanna, code[:3].lower())
    assert "day=2026-01-16" in found(hanna, code)


def test_a_name_given_only_on_one_request_is_found_too(hanna: Desk, box: Appliance, now: datetime) -> None:
    waits(box, now)
    with box.db.write():
        box.db.execute("UPDATE entry SET last_name = 'Quesada'")
    assert "Quesada" in found(hanna, "quesa")


def test_who_changed_their_name_is_found_by_the_new_one_only(hanna: Desk, box: Appliance, now: datetime) -> None:
    waits(box, now)
    with box.db.write():
        box.db.execute("UPDATE customer SET first_name = 'Anaïs'")
        box.db.execute("UPDATE entry SET first_name = 'Anaïs'")
    assert "Anaïs" in found(hanna, "anais")


def test_words_in_any_order_must_all_fit(hanna: Desk, box: Appliance, now: datetime) -> None:
    waits(box, now, name="Ana García")
    assert "Ana García" in found(hanna, "garcia ana")
    assert "Ana García" not in found(hanna, "garcia bruno")


OPERATORS = [
    '"', "ana*", "ana OR bruno", "NEAR(ana", "^ana", "words:ana", "%", "'; --", "\x00", "-" * 500, "ana" * 200,
]  # fmt: skip


@pytest.mark.parametrize("text", OPERATORS)
def test_no_text_is_read_as_an_operator(text: str, hanna: Desk, box: Appliance, now: datetime) -> None:
    waits(box, now)
    assert hanna.client.get("/staff/search", query_string={"q": text}).status_code == 200


def test_nothing_found_says_what_to_try(hanna: Desk) -> None:
    assert "Try fewer letters" in found(hanna, "nobody")
    assert "at least two letters" in found(hanna, "a")


def test_a_name_of_markup_is_shown_as_it_is(hanna: Desk, box: Appliance, now: datetime) -> None:
    waits(box, now, name="<script>alert(1)</script>")
    assert "<script>alert" not in found(hanna, "script")


def test_the_search_is_a_page_of_its_own_without_script(hanna: Desk, box: Appliance, now: datetime) -> None:
    waits(box, now)
    page = hanna.client.get("/staff/search?q=ana&lang=en").text
    assert "<h1>Search</h1>" in page
    assert 'value="ana"' in page
    assert "On the waitlist" in page


def test_every_page_has_the_search_field(hanna: Desk) -> None:
    assert 'action="/staff/search"' in hanna.get("/staff/waitlist").text


def test_no_more_than_eight_of_a_kind_are_listed(hanna: Desk, box: Appliance, now: datetime) -> None:
    for number in range(12):
        waits(box, now, name=f"Ana {number}", phone=f"+346005550{number:02}")
    assert found(hanna, "ana").count('class="found-line"') == 8
