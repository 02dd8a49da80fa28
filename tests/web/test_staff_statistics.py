"""The statistics page, its file and its API (issue 3, point 7)."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web.desk_story import OLIVIA, ana_gets_a_table, waits
from tests.web.staff_desk import Desk, desk
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.business import set_policy
from waitlist_appliance.services.join_waitlist import JoinRequest, join


@pytest.fixture
def marco(web_app: Flask, box: Appliance, now: datetime) -> Desk:
    return desk(web_app, box, now, "manager")


def said(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.split('id="live"')[1]))


def stats(client: FlaskClient, bearer: dict[str, str], **query: str) -> Any:
    return client.get("/api/waitlist/stats", query_string=query, headers=bearer).get_json()


def test_an_empty_period_teaches_what_will_stand_here(marco: Desk) -> None:
    assert "As soon as people ask for full times" in said(marco.get("/staff/statistics?lang=en").text)


def test_one_evening_is_told_in_three_numbers(marco: Desk, box: Appliance, now: datetime) -> None:
    ana_gets_a_table(box, now)
    text = said(marco.get("/staff/statistics?lang=en").text)
    assert "Places filled 1" in text
    assert "Minutes to fill one 4" in text
    assert "From request to booking 100%" in text


def test_the_funnel_stands_in_a_table_for_screen_readers(marco: Desk, box: Appliance, now: datetime) -> None:
    ana_gets_a_table(box, now)
    waits(box, now, "Bruno", "+34600222333")
    text = said(marco.get("/staff/statistics?lang=en").text)
    assert "Asked for a full time 2 100% – 0 Signed up 2 100% 100% 0 Got an offer" in text
    assert "Booked 1 50% 100% 0" in text


def test_the_wanted_hour_shows_on_the_business_clock(marco: Desk, box: Appliance, now: datetime) -> None:
    ana_gets_a_table(box, now)
    text = said(marco.get("/staff/statistics?lang=en").text)
    assert "Weekday 19:00 Monday 0" in text
    assert "Friday 1, 1 booked" in text


def test_revenue_is_hidden_until_the_owner_says_what_a_guest_brings(marco: Desk, box: Appliance, now: datetime) -> None:
    ana_gets_a_table(box, now)
    assert "Say in the settings what a guest brings" in marco.get("/staff/statistics?lang=en").text
    set_policy(box, "revenue_per_cover", 35, OLIVIA, now)
    assert "Revenue won back €70" in said(marco.get("/staff/statistics?lang=en").text)


def test_what_happened_before_the_period_does_not_count(marco: Desk, box: Appliance, now: datetime) -> None:
    ana_gets_a_table(box, now)
    text = said(marco.get("/staff/statistics?lang=en&from=2026-01-01&to=2026-01-14").text)
    assert "Nothing happened in this period" in text


NO_PERIODS = ["from=2026-02-01&to=2026-01-01", "from=nonsense&to=2026-01-01", "from=2000-01-01&to=2026-01-01"]


@pytest.mark.parametrize("query", NO_PERIODS)
def test_a_period_that_is_none_is_said_and_the_usual_one_shown(query: str, marco: Desk) -> None:
    answer = marco.get(f"/staff/statistics?lang=en&{query}")
    assert answer.status_code == 200
    assert "That is no period" in answer.text


def test_the_file_holds_the_same_numbers(marco: Desk, box: Appliance, now: datetime) -> None:
    ana_gets_a_table(box, now)
    answer = marco.get("/staff/statistics.csv?days=7")
    rows = {(group, name): value for group, name, value, _ in csv.reader(io.StringIO(answer.text.lstrip("\ufeff")))}
    assert answer.headers["Content-Disposition"] == 'attachment; filename="statistics-2026-01-09-2026-01-15.csv"'
    assert (rows["funnel", "booked"], rows["numbers", "minutes_to_fill"], rows["numbers", "covers"]) == ("1", "4.0", "2")


def test_the_api_says_the_numbers_of_a_period(client: FlaskClient, bearer: dict[str, str], box: Appliance, now: datetime) -> None:
    ana_gets_a_table(box, now)
    answer = stats(client, bearer, days="7")
    assert answer["period"] == {"from": "2026-01-09", "to": "2026-01-15", "days": 7}
    assert answer["funnel"] == {"triggered": 1, "signedUp": 1, "offered": 1, "accepted": 1, "booked": 1}
    assert (answer["conversion"], answer["medianMinutesToFill"], answer["offersPerFill"]) == (1, 4, 1)


def test_the_api_says_null_where_there_is_nothing_to_divide(client: FlaskClient, bearer: dict[str, str]) -> None:
    answer = stats(client, bearer)
    assert [answer[name] for name in ("conversion", "fillRate", "acceptance", "expiryShare")] == [None] * 4


def test_the_api_refuses_a_period_that_ends_before_it_begins(client: FlaskClient, bearer: dict[str, str]) -> None:
    answer = client.get("/api/waitlist/stats?from=2026-02-01&to=2026-01-01", headers=bearer)
    assert (answer.status_code, "to" in answer.get_json()["error"]["fields"]) == (422, True)


def test_an_entry_never_goes_back_in_the_funnel(box: Appliance, now: datetime) -> None:
    ana = ana_gets_a_table(box, now)
    with box.db.write():
        box.db.execute("UPDATE booking SET status = 'cancelled'")
        box.db.execute("UPDATE offer SET state = 'withdrawn'")
        box.db.execute("UPDATE entry SET status = 'waiting', registered_at = ?", now)
    assert box.db.value("SELECT stage FROM entry WHERE id = ?", ana.entry.id) == 4


@pytest.mark.parametrize(("language", "share"), [("en", "100%"), ("es", "100\u202f%"), ("fr", "100\u202f%")])
def test_numbers_are_written_as_in_the_readers_language(
    language: str, share: str, marco: Desk, box: Appliance, now: datetime
) -> None:
    ana_gets_a_table(box, now)
    assert share in marco.get(f"/staff/statistics?lang={language}").text


def test_where_the_clock_stands_beside_the_full_hour_each_wish_counts_in_its_own(
    marco: Desk, box: Appliance, now: datetime
) -> None:
    # 18:30 and 19:00 in Kolkata lie in one hour of UTC.
    zone = ZoneInfo("Asia/Kolkata")
    with box.db.write():
        box.db.execute("UPDATE business SET zone = ?", zone.key)
    for number, clock in enumerate(("18:30", "19:00")):
        starts_at = datetime.fromisoformat(f"2026-01-16T{clock}").replace(tzinfo=zone)
        asked = JoinRequest(
            starts_at=starts_at, phone=f"+3460011122{number}", first_name="Ana", party_size=2, registered=True,
            consent=True, force=True, alternatives=(),
        )  # fmt: skip
        join(box, asked, now, OLIVIA)
    text = said(marco.get("/staff/statistics?lang=en").text)
    assert "Weekday 18:00 19:00 Monday 0 0" in text
    assert "Friday 1, 0 booked 1, 0 booked" in text


def test_the_file_has_what_the_won_guests_brought(marco: Desk, box: Appliance, now: datetime) -> None:
    ana_gets_a_table(box, now)
    assert "revenue" not in marco.get("/staff/statistics.csv").text
    set_policy(box, "revenue_per_cover", 30, OLIVIA, now)
    assert "numbers,revenue,60,0" in marco.get("/staff/statistics.csv").text


def test_the_file_has_the_bookings_by_weekday_and_hour(marco: Desk, box: Appliance, now: datetime) -> None:
    ana_gets_a_table(box, now)
    assert "weekday_hour_booked,5 19:00,1," in marco.get("/staff/statistics.csv").text
