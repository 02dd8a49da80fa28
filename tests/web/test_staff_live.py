"""Live pages and small answers (issue 3, point 10)."""

from __future__ import annotations

import gzip
import re
from datetime import datetime

import pytest
from flask import Flask

from tests.web.conftest import Clock
from tests.web.desk_story import proposal_for_ana, waits, worker_lives
from tests.web.staff_desk import Desk, desk
from waitlist_appliance.services.appliance import Appliance

FIRST_LOAD = 150_000
SMALL = {"Accept-Encoding": "gzip"}


@pytest.fixture
def olivia(web_app: Flask, box: Appliance, now: datetime) -> Desk:
    worker_lives(box, now)
    return desk(web_app, box, now, "owner")


def files_of(page: str) -> list[str]:
    return [found.replace("&amp;", "&") for found in re.findall(r'(?:href|src)="((?:/static|/bootstrap|/brand)[^"]+)"', page)]


def test_a_change_moves_the_counter(olivia: Desk, box: Appliance, now: datetime) -> None:
    before = olivia.get("/staff/changes").get_json()
    waits(box, now)
    after = olivia.get("/staff/changes").get_json()
    assert after["changes"] > before["changes"]
    assert after["attention"] == before["attention"]


def test_what_needs_a_person_moves_the_mark_of_the_bell(olivia: Desk, box: Appliance, now: datetime) -> None:
    before = olivia.get("/staff/changes").get_json()
    proposal_for_ana(box, now)
    assert olivia.get("/staff/changes").get_json()["attention"] != before["attention"]


def test_a_worker_that_falls_silent_moves_the_mark_though_nothing_is_written(olivia: Desk, clock: Clock) -> None:
    before = olivia.get("/staff/changes").get_json()
    clock.forward(minutes=1)
    after = olivia.get("/staff/changes").get_json()
    assert (after["changes"], after["attention"] == before["attention"]) == (before["changes"], False)


def test_the_page_carries_the_marks_it_was_made_with(olivia: Desk) -> None:
    marks = olivia.get("/staff/changes").get_json()
    page = olivia.get("/staff/waitlist").text
    assert f'data-changes="{marks["changes"]}" data-attention="{marks["attention"]}"' in page


@pytest.mark.parametrize("path", ["/staff/waitlist", "/staff/statistics", "/staff/activity", "/staff/agenda"])
def test_the_first_load_of_a_page_is_small(path: str, olivia: Desk, box: Appliance, now: datetime) -> None:
    for number in range(60):
        waits(box, now, name=f"Ana {number}", phone=f"+346005550{number:02}")
    page = olivia.client.get(path, headers=SMALL)
    text = gzip.decompress(page.data).decode()
    weights = [len(olivia.client.get(file, headers=SMALL).data) for file in files_of(text)]
    assert len(weights) >= 6
    assert len(page.data) + sum(weights) <= FIRST_LOAD


def test_a_file_compressed_and_plain_says_the_same(olivia: Desk) -> None:
    small = olivia.client.get("/static/css/staff.css?v=1", headers=SMALL)
    plain = olivia.client.get("/static/css/staff.css?v=1", buffered=True)
    assert (small.headers["Content-Encoding"], small.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(small.data) == plain.data
    assert len(small.data) < len(plain.data) / 3


def test_a_file_the_browser_has_is_not_sent_again(olivia: Desk) -> None:
    mark = olivia.client.get("/static/css/staff.css", headers=SMALL).headers["ETag"]
    again = olivia.client.get("/static/css/staff.css", headers={**SMALL, "If-None-Match": mark}, buffered=True)
    assert (again.status_code, again.data, again.headers["Vary"]) == (304, b"", "Accept-Encoding")


def test_asking_for_the_head_only_gets_no_body(olivia: Desk) -> None:
    answer = olivia.client.head("/static/css/staff.css", headers=SMALL, buffered=True)
    assert (answer.status_code, answer.data) == (200, b"")


def test_the_length_of_a_page_tells_nothing_of_what_is_on_it(olivia: Desk) -> None:
    pages = [olivia.client.get("/staff/system", headers=SMALL) for _ in range(12)]
    assert len({len(page.data) for page in pages}) > 1
    assert "<h1>" in gzip.decompress(pages[0].data).decode()


def test_machines_get_their_json_as_it_is(olivia: Desk) -> None:
    assert "Content-Encoding" not in olivia.client.get("/staff/changes", headers=SMALL).headers
