"""A person added by hand: asked for consent, with everything that the edit form knows too."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask

from tests.conftest import at
from tests.web.staff_desk import Desk, desk, snapshot
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.edit_events import add_event
from waitlist_appliance.storage import staff_pages

ADD = "/staff/waitlist/add"
FORM = {"date": "2026-01-16", "time": "19:30", "phone": "600 111 222", "first_name": "Ana", "party_size": "2"}
AGREED = {**FORM, "consent": "on"}


@pytest.fixture
def hanna(web_app: Flask, box: Appliance, now: datetime) -> Desk:
    """Hanna at the desk, in English; every table is taken on Friday."""
    add_event(box, "Private party", at("12:00"), at("23:59"), None, now, SYSTEM)
    hanna = desk(web_app, box, now, "host")
    hanna.get("/staff/waitlist?lang=en")
    return hanna


def test_nobody_is_added_and_nothing_is_sent_without_consent(hanna: Desk, box: Appliance) -> None:
    before = snapshot(box)
    answer = hanna.post(ADD, **FORM)
    assert answer.status_code == 422
    assert 'id="h-consent"' in answer.text
    assert snapshot(box) == before


def test_consent_is_kept_with_its_moment(hanna: Desk, box: Appliance, now: datetime) -> None:
    hanna.post(ADD, **AGREED)
    assert box.db.tuples("SELECT consent_at FROM entry") == [(int(now.timestamp() * 1000),)]


def test_other_times_are_waited_for_too(hanna: Desk, box: Appliance) -> None:
    assert hanna.post(ADD, **AGREED, date_1="2026-01-16", time_1="21:00").status_code == 303
    [line_id] = [row[0] for row in box.db.tuples("SELECT id FROM entry")]
    live = [wish.starts_at for wish in staff_pages.wishes(box.db, [line_id])[line_id] if wish.state == "live"]
    assert live == [at("19:30"), at("21:00")]


def test_another_time_that_cannot_be_is_said_there_and_nobody_is_added(hanna: Desk, box: Appliance) -> None:
    before = snapshot(box)
    answer = hanna.post(ADD, **AGREED, date_1="2026-01-14", time_1="21:00")
    assert answer.status_code == 422
    assert 'id="h-times"' in answer.text
    assert snapshot(box) == before


def test_the_language_and_the_wanted_table_are_kept(hanna: Desk, box: Appliance) -> None:
    hanna.post(ADD, **AGREED, locale="fr", resource="Table 2")
    wanted = "SELECT e.locale, r.name FROM entry e JOIN resource r ON r.id = e.resource_id"
    assert box.db.tuples(wanted) == [("fr", "Table 2")]


def test_without_a_language_the_known_one_stays(hanna: Desk, box: Appliance) -> None:
    hanna.post(ADD, **AGREED, locale="fr")
    hanna.post(ADD, **{**AGREED, "time": "20:30", "locale": ""})
    assert box.db.tuples("SELECT DISTINCT locale FROM entry") == [("fr",)]
