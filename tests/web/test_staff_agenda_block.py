"""Blocking a time: what lies in it is named first, and nothing of ours is taken back unasked."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from flask import Flask

from tests.conftest import at
from tests.story import Story
from tests.web.staff_desk import Desk, desk
from waitlist_appliance.services.appliance import Appliance

BLOCK = {"title": "Party", "date": "2026-01-16", "from": "18:00", "until": "23:00"}
EVENTS = "/staff/agenda/events"


@pytest.fixture
def hanna(web_app: Flask, box: Appliance, now: datetime) -> Desk:
    host = desk(web_app, box, now, "host")
    host.get("/staff/agenda?lang=en")
    return host


@pytest.fixture
def story(box: Appliance, now: datetime) -> Story:
    return Story(box, now)


def said_again(page: str) -> str:
    found = re.search(r'name="within" value="([0-9.]+)"', page)
    assert found
    return found[1]


def parties(box: Appliance) -> int:
    return int(box.db.value("SELECT COUNT(*) FROM local_event WHERE title = 'Party'"))


def test_a_booking_in_the_time_is_named_before_anything_is_blocked(hanna: Desk, story: Story) -> None:
    story.books("Ana")
    story.passes()
    answer = hanna.post(EVENTS, **BLOCK)
    assert (answer.status_code, parties(story.box)) == (409, 0)
    assert "1 booking<" in answer.text
    assert "Block all the same" in answer.text


def test_block_all_the_same_keeps_the_confirmed_bookings(hanna: Desk, story: Story) -> None:
    story.books("Ana")
    story.passes()
    seen = said_again(hanna.post(EVENTS, **BLOCK).text)
    assert hanna.post(EVENTS, **BLOCK, within=seen).status_code == 303
    story.passes(minutes=30)
    assert parties(story.box) == 1
    assert [booking.status for booking in story.bookings("Ana")] == ["confirmed"]
    assert "apology" not in story.told("Ana")


def test_a_booking_on_its_way_to_the_calendar_is_not_run_over(hanna: Desk, story: Story) -> None:
    story.books("Ana")
    seen = said_again(hanna.post(EVENTS, **BLOCK).text)
    answer = hanna.post(EVENTS, **BLOCK, within=seen)
    assert (answer.status_code, parties(story.box)) == (422, 0)
    assert "still on its way" in answer.text
    story.passes()
    assert [booking.status for booking in story.bookings("Ana")] == ["confirmed"]


def test_a_hold_and_its_offer_are_named_and_the_one_asked_is_told(hanna: Desk, story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana")
    story.frees()
    story.passes()
    page = hanna.post(EVENTS, **BLOCK).text
    assert "1 time held for somebody" in page
    assert "1 offer that waits for an answer" in page
    hanna.post(EVENTS, **BLOCK, within=said_again(page))
    story.passes()
    assert story.asked() == [("Ana", "withdrawn")]
    assert story.told("Ana")[-1] == "offer_lost"


def test_what_has_come_since_it_was_shown_is_asked_about_again(hanna: Desk, story: Story) -> None:
    story.books("Ana")
    story.passes()
    seen = said_again(hanna.post(EVENTS, **BLOCK).text)
    story.books("Bruno")
    story.passes()
    answer = hanna.post(EVENTS, **BLOCK, within=seen)
    assert (answer.status_code, said_again(answer.text), parties(story.box)) == (409, "2.0.0", 0)


def test_another_table_and_another_time_are_not_in_the_way(hanna: Desk, story: Story) -> None:
    booked = story.books("Ana")
    story.passes()
    other = next(name for name in story.tables() if name != booked.resource.name)
    assert hanna.post(EVENTS, **BLOCK, resource=other).status_code == 303
    assert hanna.post(EVENTS, **{**BLOCK, "from": "13:00", "until": "15:00"}).status_code == 303
    assert story.bookings("Ana")[0].starts_at == at("19:30")


def test_a_cancelled_event_and_a_withdrawn_offer_promise_nothing_while_offers_are_paused(
    hanna: Desk, story: Story
) -> None:
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    story.frees()
    story.passes()
    story.policy(offers="paused")
    hanna.post(f"/staff/waitlist/{story.entry('Ana').public_id}/withdraw", back="/staff/waitlist")
    assert "is withdrawn. Offers are paused: nobody is asked." in hanna.get("/staff/waitlist").text
    hanna.post(f"{EVENTS}/{story.events['19:30', 'Table 2']}/cancel")
    assert "is cancelled. Offers are paused: nobody is asked." in hanna.get("/staff/agenda").text
    assert story.asked() == [("Ana", "withdrawn")]
