"""The bell and the health light: what needs a person, and what to do about it (issue 3, point 1)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask

from tests.web.conftest import Clock
from tests.web.desk_story import OLIVIA, ana_gets_a_table, proposal_for_ana, waits, worker_lives
from tests.web.staff_desk import Desk, desk
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.business import set_policy
from waitlist_appliance.services.receive_reply import receive
from waitlist_appliance.storage import activity, alarms


@pytest.fixture
def hanna(web_app: Flask, box: Appliance, now: datetime) -> Desk:
    worker_lives(box, now)
    return desk(web_app, box, now, "host")


def bell(somebody: Desk) -> str:
    page = somebody.get("/staff/waitlist?lang=en").text
    sheet = re.search(r'data-part="bell">(.*?)</details>', page, re.S)
    assert sheet
    return re.sub(r"\s+", " ", sheet[1])


def light(somebody: Desk) -> str:
    page = somebody.get("/staff/waitlist?lang=en").text
    found = re.search(r'class="light-word">([^<]*)<', page)
    assert found
    return found[1]


def test_a_quiet_evening_rings_nobody(hanna: Desk) -> None:
    assert "Nothing needs you" in bell(hanna)
    assert light(hanna) == "All is well"


def test_a_proposed_offer_waits_for_its_approval(hanna: Desk, box: Appliance, now: datetime) -> None:
    ana = proposal_for_ana(box, now)
    said = bell(hanna)
    assert "An offer waits for your approval." in said
    assert "Approve it and the message goes out" in said
    assert f"/staff/waitlist/{ana.entry.public_id}" in said
    assert light(hanna) == "All is well"


def test_somebody_whom_no_message_reaches_is_named(hanna: Desk, box: Appliance, now: datetime) -> None:
    waits(box, now)
    with box.db.write():
        box.db.execute("UPDATE customer SET undeliverable_at = ?", now)
    assert 'Ana</span> <span class="need-at">Friday 16 January at 19:30' in bell(hanna)


def test_who_has_left_the_list_need_not_be_reached(hanna: Desk, box: Appliance, now: datetime) -> None:
    waits(box, now)
    with box.db.write():
        box.db.execute("UPDATE customer SET undeliverable_at = ?", now)
        box.db.execute("UPDATE entry SET status = 'cancelled'")
    assert "cannot be reached" not in bell(hanna)


def test_a_booking_that_waits_too_long_turns_the_light(hanna: Desk, box: Appliance, now: datetime) -> None:
    ana_gets_a_table(box, now)
    with box.db.write():
        box.db.execute("UPDATE booking SET status = 'pending', alarmed_at = ?", now)
    assert "waited too long for the calendar" in bell(hanna)
    assert light(hanna) == "Needs attention"


def test_a_booking_taken_back_is_told_for_a_day(hanna: Desk, box: Appliance, now: datetime, clock: Clock) -> None:
    ana_gets_a_table(box, now)
    with box.db.write():
        activity.record(box.db, now, OLIVIA, "booking_conflict", "booking", box.db.value("SELECT id FROM booking"))
    assert "A booking was taken back" in bell(hanna)
    clock.forward(hours=11)
    hanna.get("/staff/waitlist")
    clock.forward(hours=11)
    hanna.get("/staff/waitlist")
    clock.forward(hours=3)
    assert "A booking was taken back" not in bell(hanna)


def test_an_answer_nobody_understood_is_shown_until_a_clear_one_comes(hanna: Desk, box: Appliance, now: datetime) -> None:
    waits(box, now)
    receive(box, "+34600111222", "sms", "maybe with my aunt from Soria", now)
    assert "An answer was not understood." in bell(hanna)
    receive(box, "+34600111222", "sms", "no", now + timedelta(minutes=1))
    assert "not understood" not in bell(hanna)


def test_a_silent_worker_is_the_first_thing_said(web_app: Flask, box: Appliance, now: datetime, clock: Clock) -> None:
    worker_lives(box, now)
    clock.forward(seconds=44)
    olivia = desk(web_app, box, now, "owner")
    assert light(olivia) == "All is well"
    clock.forward(seconds=2)
    assert "The worker is not running" in bell(olivia)
    assert light(olivia) == "Needs attention"


def test_a_calendar_that_cannot_be_read_is_named(hanna: Desk, box: Appliance, now: datetime) -> None:
    with box.db.write():
        box.db.execute("UPDATE connection SET failing_since_at = ?, name = 'Terrace'", now)
    assert "The calendar “Terrace” cannot be read." in bell(hanna)


def test_paused_sending_is_resumed_from_the_bell(hanna: Desk, box: Appliance, now: datetime) -> None:
    with box.db.write():
        alarms.raise_alarm(box.db, "messenger_account", "401", now)
    assert "Resume sending" in bell(hanna)
    assert hanna.post("/staff/sending/resume", back="/staff/waitlist").location == "/staff/waitlist"
    assert "Sending goes on" in hanna.get("/staff/waitlist").text
    assert "Resume sending" not in bell(hanna)
    assert activity.latest(box.db, 1)[0].actor_name == "Hanna"


def test_a_viewer_sees_that_sending_is_paused_but_has_no_button(web_app: Flask, box: Appliance, now: datetime) -> None:
    with box.db.write():
        alarms.raise_alarm(box.db, "messenger_account", "401", now)
    said = bell(desk(web_app, box, now, "viewer"))
    assert "Sending is paused" in said
    assert "/staff/sending/resume" not in said


def test_paused_offers_are_remembered(hanna: Desk, box: Appliance, now: datetime) -> None:
    set_policy(box, "offers", "paused", OLIVIA, now)
    assert "Offers are paused" in bell(hanna)


def test_the_bell_counts_everything(hanna: Desk, box: Appliance, now: datetime) -> None:
    for number in range(3):
        waits(box, now, name=f"Bruno {number}", phone=f"+3460055500{number}")
    receive(box, "+34600555000", "sms", "maybe with my aunt from Soria", now)
    with box.db.write():
        box.db.execute("UPDATE customer SET undeliverable_at = ?", now)
    assert "4 things need you" in bell(hanna)


def test_hundreds_of_cases_stay_a_short_list(hanna: Desk, box: Appliance, now: datetime) -> None:
    for number in range(30):
        waits(box, now, name=f"Bruno {number}", phone=f"+346005550{number:02}")
    with box.db.write():
        box.db.execute("UPDATE customer SET undeliverable_at = ?", now)
    said = bell(hanna)
    assert "20+ people in line cannot be reached." in said
    assert said.count("Bruno") == 3


def test_the_navigation_names_only_pages_that_exist(hanna: Desk, web_app: Flask) -> None:
    page = hanna.get("/staff/waitlist").text
    links = set(re.findall(r'class="nav-item[^"]*" href="([^"]+)"', page))
    assert {"/staff/waitlist", "/staff/agenda", "/staff/statistics", "/staff/slots"} <= links
    assert all(hanna.get(link).status_code == 200 for link in links)


def test_a_host_is_not_led_to_what_only_the_owner_may_open(hanna: Desk, web_app: Flask, box: Appliance, now: datetime) -> None:
    assert "/staff/system" not in hanna.get("/staff/waitlist").text
    assert "/staff/system" in desk(web_app, box, now, "owner").get("/staff/waitlist").text


def test_the_bell_leads_nobody_to_a_page_that_their_role_may_not_open(
    web_app: Flask, box: Appliance, now: datetime
) -> None:
    set_policy(box, "offers", "paused", OLIVIA, now)  # and the worker was never seen
    for role, leads in (("owner", True), ("manager", True), ("host", False), ("viewer", False)):
        somebody = desk(web_app, box, now, role)
        said = bell(somebody)
        assert "The worker is not running" in said
        assert "Offers are paused" in said
        links = re.findall(r'class="need-title"><a href="([^"]+)"', said)
        assert links == (["/staff/system", "/staff/settings/switches"] if leads else [])
        assert [link for link in links if somebody.get(link).status_code != 200] == []


OF_THE_BOX = [
    ("sync_failing", "only 86 % of the reads", "/staff/settings/calendars", "All is well"),
    ("delivery_failing", "Too many messages do not arrive: 86 %", "/staff/messages", "All is well"),
    ("expiry_late", "Offers end up to 86 % too late", "/staff/system", "All is well"),
    ("disk_low", "nearly full: 86 %", "/staff/system", "Needs attention"),
]


@pytest.mark.parametrize(("condition", "words", "link", "word"), OF_THE_BOX)
def test_an_alarm_about_the_box_is_told_with_what_to_do(
    web_app: Flask, box: Appliance, now: datetime, condition: str, words: str, link: str, word: str
) -> None:
    worker_lives(box, now)
    olivia, hanna = desk(web_app, box, now, "owner"), desk(web_app, box, now, "host")
    with box.db.write():
        alarms.raise_alarm(box.db, condition, "86 %", now)
    assert words in bell(olivia)
    assert f'<a href="{link}">' in bell(olivia)
    assert light(olivia) == word
    assert words in bell(hanna)
    assert f'<a href="{link}">' not in bell(hanna)
    with box.db.write():
        alarms.clear(box.db, condition)
    assert "Nothing needs you" in bell(olivia)
