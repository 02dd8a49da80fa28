"""The agenda's views: a day by table, a week in sums, a list; who waits; what was cancelled can be put back."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from tests.conftest import at
from tests.web.conftest import Clock
from tests.web.staff_desk import Desk, desk
from waitlist_appliance.domain.records import Booking
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.book import BookRequest, book
from waitlist_appliance.services.edit_events import add_event
from waitlist_appliance.services.join_waitlist import JoinRequest, join
from waitlist_appliance.storage import agenda_reads
from waitlist_appliance.storage.database import Database

FRIDAY = "/staff/agenda?day=2026-01-16"
OLIVIA = Actor("staff", "Olivia")


@pytest.fixture
def hanna(web_app: Flask, box: Appliance, now: datetime) -> Desk:
    host = desk(web_app, box, now, "host")
    host.get("/staff/agenda?lang=en")
    return host


@pytest.fixture
def ana(box: Appliance, now: datetime) -> Booking:
    asked = BookRequest(at("19:30"), "Ana Pérez", "+34600000001", party_size=2, resource="Table 1", source="manual")
    return book(box, asked, now, OLIVIA).booking


def waits(box: Appliance, now: datetime, name: str = "Bruno", time: str = "19:30") -> None:
    wanted = JoinRequest(
        at(time), "+34600000002", first_name=name, party_size=2, registered=True, consent=True, force=True,
        source="manual", alternatives=(),
    )  # fmt: skip
    join(box, wanted, now, OLIVIA)


def cells(page: str, column: str) -> list[str]:
    """What stands in a column of the grid, as text."""
    found = re.search(rf'data-resource="{column}">(.*?)</ol>', page, re.S)
    assert found, f"no column {column}"
    blocks = re.findall(r'<li class="block.*?</li>', found[1], re.S)
    return [" ".join(re.sub(r"<[^>]+>", " ", block).split()) for block in blocks]


def test_a_booking_stands_in_the_column_of_its_table(hanna: Desk, ana: Booking) -> None:
    page = hanna.get(FRIDAY + "&view=day").text
    assert cells(page, "Table 1")[0].startswith("Ana Pérez 19:30 –21:00 · 2 people")
    assert cells(page, "Table 2") == []


def test_the_columns_stand_in_their_zones(hanna: Desk) -> None:
    zones = re.findall(r'class="zone-name"><span>([^<]+)', hanna.get(FRIDAY + "&view=day").text)
    assert zones == ["Interior", "Terraza"]


def test_a_booking_lies_at_its_quarter_and_is_as_high_as_it_is_long(hanna: Desk, ana: Booking) -> None:
    page = hanna.get(FRIDAY + "&view=day").text
    first = int(re.findall(r'data-first="(\d+)"', page)[0]) // 1000
    [(top, height)] = re.findall(r'class="block is-booking[^"]* g(\d+) h(\d+)"', page)
    assert first + int(top) * 900 == int(at("19:30").timestamp())
    assert int(height) * 900 == (ana.ends_at - ana.starts_at).total_seconds()


def test_no_page_of_the_agenda_has_a_style_or_a_script_of_its_own(hanna: Desk, ana: Booking) -> None:
    for view in ("", "day", "week", "list"):
        page = hanna.get(f"{FRIDAY}&view={view}&booking={ana.public_id}").text
        assert not re.search(r"\sstyle=|<style|<script(?! src=)", page)


def test_a_held_time_shows_whose_answer_it_waits_for(hanna: Desk, box: Appliance, now: datetime) -> None:
    events = [
        add_event(box, "Dinner", at("19:30"), at("21:00"), table, now, OLIVIA) for table in ("Table 1", "Table 2")
    ]
    waits(box, now)
    hanna.post(f"/staff/agenda/events/{events[0].public_id}/cancel")
    [cell] = cells(hanna.get(FRIDAY + "&view=day").text, "Table 1")
    assert cell.startswith("Bruno 19:30")
    assert "held" in cell


def test_people_who_wait_are_counted_at_their_time_and_lead_to_them(hanna: Desk, box: Appliance, now: datetime) -> None:
    for table in ("Table 1", "Table 2"):
        add_event(box, "Dinner", at("19:30"), at("21:00"), table, now, OLIVIA)
    waits(box, now)
    page = hanna.get(FRIDAY + "&view=day").text
    assert 'href="/staff/waitlist?date=2026-01-16&amp;time=19:30"' in page.replace("%3A", ":")
    assert "1 party waits for 19:30" in page


def test_an_event_on_everything_has_a_column_of_its_own(hanna: Desk, box: Appliance, now: datetime) -> None:
    add_event(box, "Closed for the staff party", at("18:00"), at("23:00"), None, now, OLIVIA)
    page = hanna.get(FRIDAY + "&view=day").text
    assert re.search(r"All tables</h3><ol.*?Closed for the staff party", page, re.S)


def test_the_line_of_now_stands_only_on_today(hanna: Desk, clock: Clock) -> None:
    clock.forward(hours=2)
    assert "now-label" in hanna.get("/staff/agenda?view=day").text
    assert "now-label" not in hanna.get(FRIDAY + "&view=day").text


def test_the_week_sums_covers_and_those_who_wait(hanna: Desk, box: Appliance, ana: Booking, now: datetime) -> None:
    waits(box, now)
    page = hanna.get(FRIDAY + "&view=week").text
    friday = page[page.index("Friday 16") : page.index("Saturday 17")]
    assert re.search(r"<b>2</b>\s*guests", friday)
    assert "1 booking" in friday
    assert "1 waiting" in friday


def test_view_and_day_stay_in_the_address_of_the_days_beside(hanna: Desk) -> None:
    page = hanna.get(FRIDAY + "&view=day").text
    assert 'data-before="/staff/agenda?view=day"' in page.replace("&amp;", "&")  # Thursday is today
    assert 'data-after="/staff/agenda?view=day&day=2026-01-17"' in page.replace("&amp;", "&")
    assert 'data-after="/staff/agenda?view=week&day=2026-01-23"' in hanna.get(FRIDAY + "&view=week").text.replace(
        "&amp;", "&"
    )


@pytest.mark.parametrize("query", ["view=nonsense", "day=2026-02-31", "day=0001-01-01", "booking=nobody", "day="])
def test_an_address_that_means_nothing_shows_an_agenda_all_the_same(hanna: Desk, query: str) -> None:
    assert hanna.get(f"/staff/agenda?{query}").status_code == 200


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_the_nights_when_the_clocks_change_have_a_grid(hanna: Desk, box: Appliance, now: datetime, day: str) -> None:
    add_event(box, "Night", at("01:00", day), at("05:00", day), "Table 1", now, OLIVIA)
    assert "Night" in cells(hanna.get(f"/staff/agenda?view=day&day={day}").text, "Table 1")[0]


def test_an_event_that_was_cancelled_here_can_be_put_back(hanna: Desk, box: Appliance, now: datetime) -> None:
    event = add_event(box, "Choir", at("19:30"), at("21:00"), "Table 1", now, OLIVIA)
    hanna.post(f"/staff/agenda/events/{event.public_id}/cancel")
    assert "“Choir” was cancelled just now." in hanna.get(FRIDAY).text
    hanna.post("/staff/agenda/events/undo")
    assert "Choir" in cells(hanna.get(FRIDAY + "&view=day").text, "Table 1")[0]
    assert "was cancelled just now" not in hanna.get(FRIDAY).text


def test_once_somebody_was_asked_for_its_time_it_cannot_be_put_back(
    hanna: Desk, box: Appliance, now: datetime, full: dict[int, str]
) -> None:
    waits(box, now)
    hanna.post(f"/staff/agenda/events/{full[1]}/cancel")
    assert "was cancelled just now" not in hanna.get(FRIDAY).text
    answer = hanna.client.post("/staff/agenda/events/undo", data={"csrf_token": hanna.token()}, follow_redirects=True)
    assert "cannot be undone" in answer.text


def test_putting_back_is_offered_for_two_minutes(hanna: Desk, box: Appliance, now: datetime, clock: Clock) -> None:
    event = add_event(box, "Choir", at("19:30"), at("21:00"), "Table 1", now, OLIVIA)
    hanna.post(f"/staff/agenda/events/{event.public_id}/cancel")
    clock.forward(minutes=3)
    assert "was cancelled just now" not in hanna.get(FRIDAY).text


def test_long_events_of_other_calendars_are_shown_on_every_day_of_theirs(
    hanna: Desk, box: Appliance, now: datetime
) -> None:
    add_event(box, "Renovation", at("00:00", "2026-01-05"), at("00:00", "2026-02-01"), "Table 1", now, OLIVIA)
    assert "Renovation" in cells(hanna.get(FRIDAY + "&view=day").text, "Table 1")[0]


@pytest.mark.parametrize("read", [agenda_reads.agenda, agenda_reads.loads, agenda_reads.waiting])
def test_no_read_of_the_agenda_walks_a_whole_table(box: Appliance, read: Callable[..., Any]) -> None:
    seen: list[str] = []

    class Watching(Database):
        def rows(self, shape: Any, sql: str, *parameters: object) -> Any:
            seen.extend(str(row[3]) for row in box.db.tuples("EXPLAIN QUERY PLAN " + sql, *parameters))
            return []

    read(Watching(box.config.data_directory / "waitlist.db"), at("00:00"), at("00:00") + timedelta(days=1))
    # A hold is live for minutes: its index of live ones is walked from end to end.
    assert [step for step in seen if step.startswith("SCAN") and "hold_one_live" not in step] == []


BLOCK = {"title": "Choir", "date": "2026-01-16", "from": "19:30", "until": "21:00", "resource": "Table 1"}


def test_a_time_blocked_with_a_double_click_is_one_event(hanna: Desk, box: Appliance) -> None:
    for _ in range(2):
        assert hanna.post("/staff/agenda/events", **BLOCK, form_key="a1b2").status_code == 303
    assert box.db.value("SELECT COUNT(*) FROM event") == 1


def test_a_whole_day_can_be_blocked(hanna: Desk, box: Appliance) -> None:
    hanna.post("/staff/agenda/events", **{**BLOCK, "from": "00:00", "until": "23:45"})
    lasts = box.db.value("SELECT ends_at - starts_at FROM event")
    assert timedelta(milliseconds=lasts) == timedelta(hours=23, minutes=45)


def test_an_event_moved_to_everything_takes_every_table(hanna: Desk, box: Appliance, now: datetime) -> None:
    event = add_event(box, "Choir", at("19:30"), at("21:00"), "Table 1", now, OLIVIA)
    hanna.post(f"/staff/agenda/events/{event.public_id}/move", **{**BLOCK, "resource": ""})
    assert box.db.tuples("SELECT resource_id FROM event") == [(None,)]


def test_an_event_in_the_grid_leads_to_where_it_is_moved_and_cancelled(
    hanna: Desk, web_app: Flask, box: Appliance, now: datetime
) -> None:
    event = add_event(box, "Choir", at("19:30"), at("21:00"), "Table 1", now, OLIVIA)
    there = f"/staff/agenda?view=list&amp;day=2026-01-16#i-{event.public_id}"
    assert f'href="{there}"' in hanna.get(FRIDAY + "&view=day").text
    assert f'id="i-{event.public_id}"' in hanna.get("/staff/agenda?view=list&day=2026-01-16").text
    assert there not in desk(web_app, box, now, "viewer").get(FRIDAY + "&view=day").text
