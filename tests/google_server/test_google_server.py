"""Events on the test server, driven by Google's own client."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.google_server import START, GoogleServer
from tests.google_server.real_client import PROFILE, TEAM, WINDOW, client, status_and_reason

HOUR = timedelta(hours=1)
ID = "0123456789abcdef0123456789abcdef"


def body(**more: Any) -> dict[str, Any]:
    times = {"start": {"dateTime": "2026-01-20T20:00:00Z"}, "end": {"dateTime": "2026-01-20T22:00:00Z"}}
    return {"id": ID, "summary": "Ana", **times, **more}


def refusal(call: Any) -> tuple[int, str]:
    with pytest.raises(HttpError) as caught:
        call.execute()
    return status_and_reason(caught.value)


def test_an_inserted_event_is_read_back_with_the_offset_of_the_calendar(google: GoogleServer, service: Any) -> None:
    service.events().insert(calendarId=TEAM, body=body()).execute()
    told = service.events().get(calendarId=TEAM, eventId=ID).execute()
    assert told["start"]["dateTime"] == "2026-01-20T21:00:00+01:00"
    assert google.calls("events.insert")[0].body["summary"] == "Ana"
    google.assert_clean()


@pytest.mark.parametrize("wrong", ["abcd", "waitlist0001", "ABCDEF", "0123-4567"])
def test_an_id_outside_base32hex_is_refused(service: Any, wrong: str) -> None:
    assert refusal(service.events().insert(calendarId=TEAM, body=body(id=wrong))) == (400, "invalid")


def test_an_id_is_taken_once_and_for_all(service: Any) -> None:
    events = service.events()
    events.insert(calendarId=TEAM, body=body()).execute()
    assert refusal(events.insert(calendarId=TEAM, body=body())) == (409, "duplicate")
    assert events.delete(calendarId=TEAM, eventId=ID).execute() == ""
    assert refusal(events.delete(calendarId=TEAM, eventId=ID)) == (410, "deleted")
    assert refusal(events.insert(calendarId=TEAM, body=body())) == (409, "duplicate")
    assert events.get(calendarId=TEAM, eventId=ID).execute()["status"] == "cancelled"
    assert refusal(events.patch(calendarId=TEAM, eventId=ID, body={"summary": "x"})) == (403, "forbidden")
    assert refusal(events.get(calendarId=TEAM, eventId="unknown0")) == (404, "notFound")


def test_overlapping_events_are_both_accepted(google: GoogleServer, service: Any) -> None:
    service.events().insert(calendarId=TEAM, body=body()).execute()
    service.events().insert(calendarId=TEAM, body=body(id="other00")).execute()
    assert len(google.events(TEAM)) == 2


def test_a_stale_etag_is_refused_and_every_write_changes_it(service: Any) -> None:
    first = service.events().insert(calendarId=TEAM, body=body()).execute()
    patch = service.events().patch(calendarId=TEAM, eventId=ID, body={"summary": "Bea"})
    patch.headers["If-Match"] = first["etag"]
    assert patch.execute()["etag"] != first["etag"]
    for call in (
        service.events().patch(calendarId=TEAM, eventId=ID, body={"summary": "Eva"}),
        service.events().delete(calendarId=TEAM, eventId=ID),
        service.events().update(calendarId=TEAM, eventId=ID, body=body()),
    ):
        call.headers["If-Match"] = first["etag"]
        assert refusal(call) == (412, "conditionNotMet")


def test_update_drops_what_it_leaves_out_and_patch_keeps_it(service: Any) -> None:
    events = service.events()
    events.insert(calendarId=TEAM, body=body(location="Terraza")).execute()
    patched = events.patch(calendarId=TEAM, eventId=ID, body={"summary": "Bea"}).execute()
    assert (patched["summary"], patched["location"]) == ("Bea", "Terraza")
    updated = events.update(calendarId=TEAM, eventId=ID, body=body()).execute()
    assert updated["summary"] == "Ana"
    assert "location" not in updated


def test_a_private_property_is_kept_found_and_deleted_by_null(service: Any) -> None:
    events = service.events()
    events.insert(calendarId=TEAM, body=body(extendedProperties={"private": {"a": "1", "b": "2"}})).execute()
    events.insert(calendarId=TEAM, body=body(id="other00")).execute()
    found = events.list(calendarId=TEAM, privateExtendedProperty="a=1").execute()
    assert [event["id"] for event in found["items"]] == [ID]
    change = {"extendedProperties": {"private": {"a": None}}}
    told = events.patch(calendarId=TEAM, eventId=ID, body=change).execute()
    assert told["extendedProperties"] == {"private": {"b": "2"}}


def test_an_all_day_event_reaches_as_far_as_the_calendars_zone_says(google: GoogleServer, service: Any) -> None:
    google.change_calendar(TEAM, zone="Pacific/Auckland")
    google.put_event(TEAM, start=date(2026, 1, 20), end=date(2026, 1, 21))
    # The 20th ends in Auckland at 11:00 UTC.
    assert len(listed(service, timeMin="2026-01-20T10:59:59Z")) == 1
    assert len(listed(service, timeMin="2026-01-20T11:00:00Z")) == 0
    answer = service.events().list(calendarId=TEAM).execute()
    assert answer["timeZone"] == "Pacific/Auckland"
    assert answer["items"][0]["start"] == {"date": "2026-01-20"}


def test_both_ends_of_the_window_are_exclusive(google: GoogleServer, service: Any) -> None:
    google.put_event(TEAM, start=START, end=START + HOUR)
    assert listed(service, timeMin="2026-01-15T11:00:00Z") == []
    assert listed(service, timeMax="2026-01-15T10:00:00Z") == []
    assert len(listed(service, timeMin="2026-01-15T10:59:59Z", timeMax="2026-01-15T12:00:00Z")) == 1
    assert len(listed(service, timeMin="2026-01-15T09:00:00Z", timeMax="2026-01-15T10:00:01Z")) == 1


def test_only_the_accounts_own_attendance_is_told_when_asked_for_one(google: GoogleServer, service: Any) -> None:
    guests = [{"email": "a@example.com"}, {"email": "owner@example.com", "responseStatus": "declined"}]
    google.put_event("owner@example.com", start=START, end=START + HOUR, attendees=guests)
    google.put_event(TEAM, start=START, end=START + HOUR, attendees=guests)
    own = service.events().list(calendarId="primary", maxAttendees=1).execute()["items"][0]
    assert own["attendees"] == [{"email": "owner@example.com", "responseStatus": "declined", "self": True}]
    assert own["attendeesOmitted"] is True
    others = service.events().list(calendarId=TEAM, maxAttendees=1).execute()["items"][0]
    assert "attendees" not in others


def test_writing_back_a_trimmed_guest_list_loses_the_guests(google: GoogleServer, service: Any) -> None:
    guests = [{"email": "a@example.com"}, {"email": "owner@example.com"}]
    event_id = google.put_event("owner@example.com", start=START, end=START + HOUR, attendees=guests)
    told = service.events().get(calendarId="primary", eventId=event_id, maxAttendees=1).execute()
    service.events().update(calendarId="primary", eventId=event_id, body=told).execute()
    assert len((google.event("primary", event_id) or {})["attendees"]) == 2
    del told["attendeesOmitted"]
    service.events().update(calendarId="primary", eventId=event_id, body=told).execute()
    assert len((google.event("primary", event_id) or {})["attendees"]) == 1


def test_a_reader_sees_no_details_of_private_events_and_writes_nothing(google: GoogleServer, service: Any) -> None:
    google.put_event(TEAM, start=START, end=START + HOUR, summary="Doctor", visibility="private")
    google.change_calendar(TEAM, access_role="reader")
    event = service.events().list(calendarId=TEAM).execute()["items"][0]
    assert "summary" not in event
    assert event["start"]["dateTime"] == "2026-01-15T11:00:00+01:00"
    assert refusal(service.events().insert(calendarId=TEAM, body=body())) == (403, "requiredAccessLevel")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"end": {"dateTime": "2026-01-20T19:00:00Z"}}, "timeRangeEmpty"),
        ({"start": {"dateTime": "2026-01-20T20:00:00"}}, "required"),
        ({"start": {"date": "2026-01-20"}}, "invalid"),
        ({"recurrence": ["RRULE:FREQ=WEEKLY"]}, "timeZoneRequired"),
        ({"eventType": "fromGmail"}, "eventTypeRestriction"),
        ({"status": "gone"}, "invalid"),
    ],
)
def test_a_body_that_makes_no_sense_is_refused(service: Any, change: dict[str, Any], reason: str) -> None:
    assert refusal(service.events().insert(calendarId=TEAM, body=body(**change))) == (400, reason)


def test_calendars_come_page_by_page(google: GoogleServer, service: Any) -> None:
    google.add_calendar("shared@example.com", "Shared", access_role="freeBusyReader")
    google.page_limit = 2
    first = service.calendarList().list().execute()
    assert "nextSyncToken" not in first
    last = service.calendarList().list(pageToken=first["nextPageToken"]).execute()
    told = [(entry["id"], entry.get("primary", False)) for entry in first["items"] + last["items"]]
    assert told == [("owner@example.com", True), (TEAM, False), ("shared@example.com", False)]
    assert "nextSyncToken" in last
    writable = service.calendarList().list(minAccessRole="writer", showHidden=True).execute()["items"]
    assert len(writable) == 2
    assert service.calendarList().get(calendarId=TEAM).execute()["summary"] == "Casa Lola"


def test_every_scope_opens_its_own_methods_only(google: GoogleServer) -> None:
    scope = "https://www.googleapis.com/auth/calendar.events"
    service = client(google, google.grant(scopes=[scope]).access_token)
    assert service.events().list(calendarId=TEAM).execute()["items"] == []
    assert refusal(service.calendarList().list()) == (403, "insufficientPermissions")
    assert refusal(service.calendars().get(calendarId=TEAM)) == (403, "insufficientPermissions")
    service.close()


def test_the_mirrors_profile_is_accepted_as_a_whole(google: GoogleServer, service: Any) -> None:
    first = service.events().list(calendarId=TEAM, **PROFILE, **WINDOW).execute()
    service.events().list(calendarId=TEAM, **PROFILE, syncToken=first["nextSyncToken"]).execute()
    google.assert_clean()


def listed(service: Any, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.events().list(calendarId=TEAM, **query).execute()["items"]
    return found
