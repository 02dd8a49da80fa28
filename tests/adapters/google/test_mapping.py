"""What Google's events mean, without a server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.conftest import MADRID, at
from waitlist_appliance.adapters.calendars.google import mapping
from waitlist_appliance.ports import CalendarEvent, NewEvent

DINNER = NewEvent("a1b2c3d4", "Ana · 2", "K7M4PX", at("19:30"), at("21:00"), "T1", "booking:x", False)


def told(**fields: Any) -> dict[str, Any]:
    return {
        "id": "e1", "etag": '"1"', "status": "confirmed", "summary": "Lunch",
        "start": {"dateTime": "2026-01-16T19:30:00+01:00"}, "end": {"dateTime": "2026-01-16T21:00:00+01:00"},
    } | fields  # fmt: skip


def mapped(**fields: Any) -> CalendarEvent:
    event = mapping.calendar_event(told(**fields), MADRID)
    assert event is not None
    return event


def test_an_event_is_told_with_its_times_in_utc() -> None:
    event = mapped(location="Terraza")
    assert (event.event_id, event.etag, event.title, event.location) == ("e1", '"1"', "Lunch", "Terraza")
    assert (event.starts_at, event.ends_at, event.starts_at.tzinfo) == (at("19:30"), at("21:00"), UTC)
    assert (event.busy, event.tag, event.resource, event.series, event.all_day) == (True, None, None, None, False)


def test_a_cancelled_event_is_none() -> None:
    assert mapping.calendar_event({"id": "e1", "status": "cancelled"}, MADRID) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"transparency": "transparent"},
        {"eventType": "workingLocation"},
        {"eventType": "birthday"},
        {"attendees": [{"self": True, "responseStatus": "declined"}]},
    ],
    ids=["transparent", "working location", "birthday", "declined by us"],
)
def test_what_takes_nobodys_time_is_not_busy(fields: dict[str, Any]) -> None:
    assert not mapped(**fields).busy


@pytest.mark.parametrize(
    "fields",
    [
        {"eventType": "fromGmail"},
        {"eventType": "focusTime"},
        {"eventType": "outOfOffice"},
        {"eventType": "a type of tomorrow"},
        {"status": "tentative"},
        {"visibility": "private"},
        {"attendees": [{"self": True, "responseStatus": "needsAction"}]},
        {"attendees": [{"self": True, "responseStatus": "tentative"}]},
        {"attendees": [{"email": "guest@example.com", "responseStatus": "declined"}]},
    ],
    ids=lambda fields: str(fields),
)
def test_everything_else_is_busy(fields: dict[str, Any]) -> None:
    assert mapped(**fields).busy


def test_a_private_event_of_somebody_else_is_busy_and_has_no_title() -> None:
    raw = told(visibility="private")
    del raw["summary"]
    event = mapping.calendar_event(raw, MADRID)
    assert event is not None
    assert (event.title, event.busy) == ("", True)


def test_an_all_day_event_lasts_from_midnight_to_midnight_in_the_calendars_zone() -> None:
    raw = told(start={"date": "2026-01-16"}, end={"date": "2026-01-18"})
    event = mapping.calendar_event(raw, ZoneInfo("America/New_York"))
    assert event is not None
    assert event.all_day
    assert event.starts_at == datetime(2026, 1, 16, 5, tzinfo=UTC)
    assert event.ends_at == datetime(2026, 1, 18, 5, tzinfo=UTC)


def test_an_all_day_event_on_the_day_of_the_change_of_clocks_has_23_hours() -> None:
    event = mapped(start={"date": "2026-03-29"}, end={"date": "2026-03-30"})
    assert event.ends_at - event.starts_at == timedelta(hours=23)


def test_a_time_without_an_offset_is_in_its_own_zone() -> None:
    start = {"dateTime": "2026-01-16T13:30:00", "timeZone": "America/New_York"}
    assert mapped(start=start).starts_at == at("19:30")


def test_an_event_of_no_length_takes_no_time() -> None:
    event = mapped(end={"dateTime": "2026-01-16T19:30:00+01:00"})
    assert not event.busy
    assert event.ends_at > event.starts_at


def test_an_occurrence_names_its_series() -> None:
    event = mapped(id="s1_20260116T183000Z", recurringEventId="s1")
    assert (event.event_id, event.series) == ("s1_20260116T183000Z", "s1")


def test_our_own_mark_is_read_back() -> None:
    raw = mapping.new_body(DINNER, DINNER.event_id, MADRID) | {"etag": '"2"'}
    event = mapping.calendar_event(raw, MADRID)
    assert event == CalendarEvent(
        "a1b2c3d4", '"2"', "Ana · 2", at("19:30"), at("21:00"), True, "T1", "booking:x", None, "", False
    )


def test_our_mark_stands_in_no_text_that_people_see() -> None:
    body = mapping.new_body(DINNER, DINNER.event_id, MADRID)
    assert (body["summary"], body["description"]) == ("Ana · 2", "K7M4PX")


def test_our_times_are_sent_with_offset_and_zone() -> None:
    body = mapping.new_body(DINNER, DINNER.event_id, MADRID)
    assert body["start"] == {"dateTime": "2026-01-16T19:30:00+01:00", "timeZone": "Europe/Madrid"}


def test_a_new_event_of_ours_wakes_nobody_and_takes_its_time() -> None:
    body = mapping.new_body(DINNER, DINNER.event_id, MADRID)
    assert (body["reminders"], body["transparency"], body["status"]) == ({"useDefault": False}, "opaque", "confirmed")


@pytest.mark.parametrize(
    "broken",
    [
        {"start": {}}, {"start": None}, {"end": {"dateTime": "soon"}}, {"start": {"date": "2026-13-01"}},
        {"start": {"dateTime": "2026-01-16T19:30:00", "timeZone": "Nowhere/At_All"}}, {"id": None, "start": "noon"},
    ],
)  # fmt: skip
def test_an_event_that_cannot_be_placed_is_an_error(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        mapping.calendar_event(told(**broken), MADRID)


@pytest.mark.parametrize(
    ("item", "series"),
    [
        ({"id": "s1_20260116T183000Z"}, True),
        ({"id": "s1_20260116"}, True),
        ({"id": "s1_R20260116T183000"}, True),
        ({"id": "e1", "recurringEventId": "s1"}, True),
        ({"id": "e1", "recurrence": ["RRULE:FREQ=DAILY"]}, True),
        ({"id": "e1"}, False),
        ({"id": "_60q30c1g60o30e1i60o4ac1g"}, False),
    ],
)
def test_a_change_of_a_series_is_recognised(item: dict[str, Any], series: bool) -> None:
    assert mapping.belongs_to_a_series(item) is series


def test_every_generation_of_an_id_is_another_and_is_one_that_google_allows() -> None:
    ids = [mapping.generation_id("0" * 32, generation) for generation in range(10)]
    assert ids[0] == "0" * 32
    assert len(set(ids)) == 10
    assert all(len(one) == 32 and set(one) <= set("0123456789abcdef") for one in ids)


def test_replacing_keeps_what_staff_added() -> None:
    existing = told(
        colorId="5", attendees=[{"email": "chef@example.com"}], recurrence=["RRULE:FREQ=DAILY"],
        extendedProperties={"private": {"waitlist_resource": "T9", "other_app": "1"}, "shared": {"a": "b"}},
    )  # fmt: skip
    body = mapping.changed_body(existing, DINNER, MADRID)
    assert (body["colorId"], body["attendees"]) == ("5", [{"email": "chef@example.com"}])
    assert "recurrence" not in body
    assert body["extendedProperties"] == {
        "private": {
            "other_app": "1",
            "waitlist_tag": "booking:x",
            "waitlist_resource": "T1",
            "waitlist_key": "a1b2c3d4",
        },
        "shared": {"a": "b"},
    }
