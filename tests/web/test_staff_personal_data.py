"""The page of a person's data at the desk: the file, the button that erases, and who may press it."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from flask import Flask

from tests.conftest import at
from tests.web.desk_story import party, waits
from tests.web.staff_desk import Desk, desk
from waitlist_appliance.services import leave_waitlist
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.deliver_messages import deliver_due
from waitlist_appliance.storage import api_keys, entries, message_reads

ANA = "+34600111222"


@pytest.fixture
def marco(web_app: Flask, box: Appliance, now: datetime) -> Desk:
    """Marco, the manager, in English."""
    marco = desk(web_app, box, now, "manager")
    marco.get("/staff/waitlist?lang=en")
    return marco


@pytest.fixture
def ana(box: Appliance, now: datetime) -> str:
    """Ana waits; the address of her conversation."""
    party(box, now)
    waits(box, now)
    deliver_due(box, now)
    person = message_reads.person(box.db, ANA)
    assert person
    return f"/staff/messages/{person.public_id}"


def leaves(box: Appliance, now: datetime) -> None:
    for (entry_id,) in box.db.tuples("SELECT id FROM entry"):
        leave_waitlist.cancel_entry(box, entries.by_id(box.db, entry_id), now, Actor("staff", "Marco"), "left")
    deliver_due(box, now)


def test_the_conversation_leads_to_the_persons_data(marco: Desk, ana: str) -> None:
    assert f'href="{ana}/data"' in marco.get(ana).text
    assert "What is kept" in marco.get(f"{ana}/data").text


def test_the_file_is_saved_under_a_name_that_says_nothing_of_the_person(marco: Desk, ana: str) -> None:
    answer = marco.get(f"{ana}/data.json")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="personal-data-')
    assert ANA not in answer.headers["Content-Disposition"]
    assert json.loads(answer.text)["customer"][0]["phone"] == ANA


def test_who_still_waits_is_not_erased_and_the_page_says_what_to_do(marco: Desk, ana: str) -> None:
    answer = marco.post(f"{ana}/erase")
    assert "still waits" in marco.get(answer.headers["Location"]).text


def test_after_erasing_every_page_that_named_the_person_still_opens_and_names_nobody(
    marco: Desk, ana: str, box: Appliance, now: datetime
) -> None:
    leaves(box, now)
    marco.post(f"{ana}/erase")
    entry = box.db.value("SELECT public_id FROM entry ORDER BY id")
    pages = [f"{ana}/data", ana, "/staff/messages", "/staff/waitlist?status=cancelled", f"/staff/waitlist/{entry}",
             "/staff/activity", "/staff/phones", "/staff/messages?box=all", f"{ana}/data.json"]  # fmt: skip
    answers = {page: marco.get(page) for page in pages}
    assert {page: answer.status_code for page, answer in answers.items()} == dict.fromkeys(pages, 200)
    assert [page for page, answer in answers.items() if "600 111 222" in answer.text or ANA in answer.text] == []
    assert "Erased" in answers[f"{ana}/data"].text


def test_the_answers_kept_for_requests_sent_twice_name_nobody_and_still_act_once(
    marco: Desk, box: Appliance, now: datetime, web_app: Flask
) -> None:
    caller = web_app.test_client()
    headers = {"Authorization": f"Bearer {api_keys.create(box.db, 'voice', api_keys.SCOPES, now)[1]}"}
    said = {"start_time": at("19:30").isoformat(), "party_size": 2, "attendee": {"name": "Ana", "phone": ANA}}
    booked = caller.post("/api/calendar/booking", json=said, headers=headers).get_json()
    cancel = {"path": f"/api/bookings/{booked['id']}", "headers": headers | {"Idempotency-Key": "once"}}
    assert caller.delete(**cancel).get_json()["booking"]["attendee"]["phone"] == ANA
    deliver_due(box, now)
    person = message_reads.person(box.db, ANA)
    assert person
    marco.post(f"/staff/messages/{person.public_id}/erase")
    assert box.db.value("SELECT COUNT(*) FROM idempotency WHERE instr(body, ?)", ANA) == 0
    assert caller.delete(**cancel).headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("role", ["host", "viewer"])
def test_hosts_and_viewers_neither_read_the_file_nor_erase(
    web_app: Flask, box: Appliance, now: datetime, ana: str, role: str
) -> None:
    somebody = desk(web_app, box, now, role)
    assert somebody.get(f"{ana}/data").status_code == 403
    assert somebody.get(f"{ana}/data.json").status_code == 403
    assert somebody.post(f"{ana}/erase").status_code == 403
    assert f'href="{ana}/data"' not in somebody.get(ana).text


def test_a_stranger_is_a_page_not_found(marco: Desk) -> None:
    assert marco.get("/staff/messages/nobody/data").status_code == 404
    assert marco.get("/staff/messages/nobody/data.json").status_code == 404
