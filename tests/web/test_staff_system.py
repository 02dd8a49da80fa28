"""The system page: is the box well? (issue 3, point 9)"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask

from tests.web.desk_story import party, waits, worker_lives
from tests.web.staff_desk import Desk, desk
from waitlist_appliance import __version__
from waitlist_appliance.services import rates
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import alarms, backup_runs, heartbeats, schema, staff, tallies
from waitlist_appliance.storage.database import sqlite
from waitlist_appliance.web.staff import system_day
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


def test_an_alarm_leads_to_where_something_can_be_done(olivia: Desk, box: Appliance, now: datetime) -> None:
    with box.db.write():
        alarms.raise_alarm(box.db, rates.SYNC_FAILING, "86 %", now - timedelta(minutes=5))
    page = olivia.get("/staff/system?lang=en").text
    assert re.search(r'<a class="btn btn-quiet" href="/staff/settings/calendars">To the calendars</a>', page)
    assert "The calendars often cannot be read" in said(olivia)
    assert "began 5 min ago · 86 %" in said(olivia)


def test_without_an_alarm_it_says_so(olivia: Desk, box: Appliance, now: datetime) -> None:
    worker_lives(box, now)
    assert "Alarms No alarm." in said(olivia)


def test_a_box_that_has_done_nothing_says_so_in_each_place(olivia: Desk) -> None:
    text = said(olivia)
    assert "No calendar outside the box was read." in text
    assert "No message has come to an end yet." in text
    assert "No time became free that somebody waits for." in text
    assert "How long things took" not in text


def counted(box: Appliance, now: datetime, *found: tuple[str, str, int]) -> None:
    with box.db.write():
        for name, label, by in found:
            tallies.count(box.db, name, now, label, by=by)


def test_the_rates_of_a_day_are_told(olivia: Desk, box: Appliance, now: datetime) -> None:
    counted(box, now, ("calendar_read", "google:ok", 18), ("calendar_read", "google:failed", 2))
    counted(box, now - timedelta(hours=5), ("message_delivered", "sms", 40), ("message_sent", "email", 9))
    counted(box, now, ("message_lost", "sms", 1), ("offer_made", "", 5), ("offer_accepted", "", 2))
    text = said(olivia)
    assert "Calendar reads 90% went well" in text
    assert "20 reads · 2 failed" in text
    assert "Messages 98% arrived" in text
    assert "49 arrived · 1 reached nobody" in text
    assert "Offers 5 made" in text
    assert "2 yes · 0 no · 0 silence" in text


def test_what_was_before_yesterday_is_not_told(olivia: Desk, box: Appliance, now: datetime) -> None:
    counted(box, now - timedelta(hours=24), ("offer_made", "", 5))
    assert "No time became free" in said(olivia)
    counted(box, now - timedelta(hours=23), ("offer_made", "", 5))
    assert "Offers 5 made" in said(olivia)


def test_each_hour_has_its_bar_and_the_running_one_is_last(olivia: Desk, box: Appliance, now: datetime) -> None:
    counted(box, now, ("offer_made", "", 4))
    counted(box, now - timedelta(hours=23), ("offer_made", "", 2))
    page = olivia.get("/staff/system").text
    assert re.findall(r'class="day-good" x="(\d+)" y="[\d.]+" width="8" height="([\d.]+)"', page) == [
        ("1", "50.0"), ("231", "100.0"),
    ]  # fmt: skip
    assert page.count('class="day-none"') == 22


def test_what_takes_too_long_is_marked(olivia: Desk, box: Appliance, now: datetime) -> None:
    with box.db.write():
        tallies.count(box.db, "offer_expiry", now, ms=20_000)
        tallies.count(box.db, "offer_expiry", now, ms=40_000)
        tallies.count(box.db, "booking_confirmed", now, ms=300)
    page = olivia.get("/staff/system?lang=en").text
    assert "From the end of an offer to the next 30 s 40 s 2" in said(olivia)
    assert "From a yes to the calendar 300 ms 300 ms 1" in said(olivia)
    assert page.count('<td class="day-low">') == 1


def test_a_share_under_a_limit_never_reads_as_the_limit(web_app: Flask) -> None:
    with web_app.test_request_context("/staff/system?lang=en"):
        assert [system_day.percent(share) for share in (0.9499, 0.9999, 1.0, 0.0, None)] == [
            "94.9%",
            "99.9%",
            "100%",
            "0%",
            "–",
        ]


def test_the_last_backup_is_told_and_that_it_left_the_machine(olivia: Desk, box: Appliance, now: datetime) -> None:
    at = now - timedelta(hours=3)
    run = backup_runs.begin(box.db, at)
    backup_runs.done(box.db, run, at, "a.backup", 41_000_000, 1)
    assert (
        "Last good backup 3 h ago Size sealed 41.0 MB Opened again and counted 3 h ago Copied off the machine no"
        in said(olivia)
    )
    backup_runs.copied(box.db, run, now - timedelta(hours=2), "rclone:x:y", None)
    assert "Copied off the machine 2 h ago" in said(olivia)


def test_a_backup_that_failed_says_why(olivia: Desk, box: Appliance, now: datetime) -> None:
    backup_runs.failed(box.db, backup_runs.begin(box.db, now), now, "the disk is full")
    text = said(olivia)
    assert "Last good backup none yet" in text
    assert "The newest try failed the disk is full" in text


def test_a_box_that_makes_no_backups_says_what_to_do(olivia: Desk) -> None:
    assert "none yet What to do Set a passphrase or a key for backups" in said(olivia)


def test_how_many_use_a_second_step_is_told(olivia: Desk, box: Appliance, web_app: Flask, now: datetime) -> None:
    desk(web_app, box, now, "host")
    with box.db.write():
        box.db.execute("UPDATE staff_user SET password_hash = 'x'")
        staff.insert_user(box.db, "invited@casalola.example", "Invited", "host", now)
    assert "0 of 2" in said(olivia)
    with box.db.write():
        box.db.execute("INSERT INTO staff_totp (user_id, secret, created_at) SELECT id, x'00', ? FROM staff_user", now)
    assert "0 of 2" in said(olivia)  # begun, and never confirmed
    with box.db.write():
        box.db.execute("UPDATE staff_totp SET confirmed_at = ? WHERE user_id = (SELECT MIN(id) FROM staff_user)", now)
    assert "1 of 2" in said(olivia)
    with box.db.write():
        box.db.execute("UPDATE staff_totp SET confirmed_at = ?", now)
    assert "all 2" in said(olivia)


def test_other_signs_of_life_are_not_the_workers(olivia: Desk, box: Appliance, now: datetime) -> None:
    heartbeats.beat(box.db, "message_poll:sms", now)
    assert "State never seen" in said(olivia)


SIZES = [(0, "0 B"), (999, "999 B"), (12_400, "12 kB"), (12_400_000, "12.4 MB"), (3 * 10**12, "3.0 TB")]


@pytest.mark.parametrize(("count", "words"), SIZES)
def test_sizes_are_said_as_people_say_them(count: int, words: str) -> None:
    assert size(count) == words
