"""The system page: is the box well? (issue 3, point 9)"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask

from tests.web.desk_story import party, waits, worker_lives
from tests.web.staff_desk import Desk, desk
from waitlist_appliance import __version__
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import alarms, schema
from waitlist_appliance.storage.database import sqlite
from waitlist_appliance.web.staff.system import size


@pytest.fixture
def olivia(web_app: Flask, box: Appliance, now: datetime) -> Desk:
    return desk(web_app, box, now, "owner")


def said(olivia: Desk) -> str:
    page = olivia.get("/staff/system?lang=en").text.split('id="live"')[1]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_a_worker_that_beats_is_running(olivia: Desk, box: Appliance, now: datetime) -> None:
    worker_lives(box, now - timedelta(seconds=5))
    text = said(olivia)
    assert "State running" in text
    assert "Last round took 7 ms" in text


def test_a_worker_that_was_never_seen_says_what_to_do(olivia: Desk) -> None:
    assert "never seen What to do Start the worker" in said(olivia)


def test_a_silent_worker_is_not_running(olivia: Desk, box: Appliance, now: datetime) -> None:
    worker_lives(box, now - timedelta(minutes=5))
    assert "State not running Last sign of life 5 min ago" in said(olivia)


def test_the_queues_tell_what_is_due_and_since_when(olivia: Desk, box: Appliance, now: datetime) -> None:
    party(box, now)
    waits(box, now - timedelta(minutes=3))
    assert re.search(r"Messages to be sent 1 · \d+ oldest 3 min ago", said(olivia))


def test_the_last_read_of_each_calendar_is_told(olivia: Desk, box: Appliance, now: datetime) -> None:
    with box.db.write():
        box.db.execute("UPDATE connection SET name = 'Terrace', last_sync_at = ?", now - timedelta(minutes=2))
    assert "Terrace Built in readable 2 min ago" in said(olivia)


def test_a_failing_calendar_says_since_when_and_why(olivia: Desk, box: Appliance, now: datetime) -> None:
    with box.db.write():
        box.db.execute("UPDATE connection SET failing_since_at = ?, last_error = 'no route'", now - timedelta(hours=1))
    assert "cannot be read failing since 1 h ago no route" in said(olivia)


def test_versions_and_sizes_are_told(olivia: Desk) -> None:
    text = said(olivia)
    assert f"Waitlist Appliance {__version__}" in text
    assert f"SQLite {sqlite.sqlite_version}" in text
    assert schema.known()[-1].replace("_", " ") in text
    assert re.search(r"Size of the database \d+ kB", text)


def test_alarms_stand_there_in_words(olivia: Desk, box: Appliance, now: datetime) -> None:
    with box.db.write():
        alarms.raise_alarm(box.db, "messenger_account", "401 from the provider", now)
    assert "The message provider refuses everything" in said(olivia)


SIZES = [(0, "0 B"), (999, "999 B"), (12_400, "12 kB"), (12_400_000, "12.4 MB"), (3 * 10**12, "3.0 TB")]


@pytest.mark.parametrize(("count", "words"), SIZES)
def test_sizes_are_said_as_people_say_them(count: int, words: str) -> None:
    assert size(count) == words
