"""Sync tokens, pages and series on the test server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.google_server import START, GoogleServer
from tests.google_server.real_client import PROFILE, TEAM, WINDOW, status_and_reason

HOUR = timedelta(hours=1)


def first(service: Any, **query: Any) -> dict[str, Any]:
    answer: dict[str, Any] = service.events().list(calendarId=TEAM, **{**PROFILE, **WINDOW, **query}).execute()
    return answer


def since(service: Any, token: str) -> dict[str, Any]:
    answer: dict[str, Any] = service.events().list(calendarId=TEAM, **PROFILE, syncToken=token).execute()
    return answer


def refusal(service: Any, **query: Any) -> tuple[int, str]:
    with pytest.raises(HttpError) as caught:
        service.events().list(calendarId=TEAM, **query).execute()
    return status_and_reason(caught.value)


def weekly(google: GoogleServer, rule: str = "RRULE:FREQ=WEEKLY;COUNT=4", **more: Any) -> str:
    return google.put_event(TEAM, summary="Choir", start=START, end=START + HOUR, recurrence=[rule], **more)


def test_the_sync_token_stands_only_on_the_last_page(google: GoogleServer, service: Any) -> None:
    for hour in range(5):
        google.put_event(TEAM, start=START + hour * HOUR, end=START + (hour + 1) * HOUR)
    google.page_limit = 2
    answer = first(service)
    sizes = [len(answer["items"])]
    while "nextPageToken" in answer:
        assert "nextSyncToken" not in answer
        answer = first(service, pageToken=answer["nextPageToken"])
        sizes.append(len(answer["items"]))
    assert sizes == [2, 2, 1]
    assert "nextSyncToken" in answer
    google.assert_clean()


def test_a_page_may_be_empty_and_still_have_a_successor(google: GoogleServer, service: Any) -> None:
    google.put_event(TEAM, start=START, end=START + HOUR)
    google.empty_first_page = True
    answer = first(service)
    assert answer["items"] == []
    assert len(first(service, pageToken=answer["nextPageToken"])["items"]) == 1


def test_a_change_between_two_pages_is_told_by_the_next_sync(google: GoogleServer, service: Any) -> None:
    ids = [google.put_event(TEAM, start=START, end=START + HOUR) for _ in range(3)]
    google.page_limit = 2
    answer = first(service)
    google.remove_event(TEAM, ids[0])
    last = first(service, pageToken=answer["nextPageToken"])
    assert [event["id"] for event in since(service, last["nextSyncToken"])["items"]] == [ids[0]]


def test_only_changes_come_after_a_token_and_deleted_events_have_little_but_their_id(
    google: GoogleServer, service: Any
) -> None:
    kept = google.put_event(TEAM, start=START, end=START + HOUR)
    moved = google.put_event(TEAM, start=START, end=START + HOUR)
    gone = google.put_event(TEAM, start=START, end=START + HOUR)
    token = first(service)["nextSyncToken"]
    google.move_event(TEAM, moved, START + HOUR, START + 2 * HOUR)
    google.remove_event(TEAM, gone)
    new = google.put_event(TEAM, start=START, end=START + HOUR)
    answer = since(service, token)
    told = {event["id"]: event for event in answer["items"]}
    assert set(told) == {moved, gone, new}
    assert kept not in told
    assert set(told[gone]) == {"kind", "etag", "id", "status"}
    assert told[moved]["start"]["dateTime"] == "2026-01-15T12:00:00+01:00"
    assert since(service, answer["nextSyncToken"])["items"] == []


def test_an_event_outside_the_first_lists_window_is_not_told_unless_it_was_inside(
    google: GoogleServer, service: Any
) -> None:
    inside = google.put_event(TEAM, start=START, end=START + HOUR)
    token = first(service)["nextSyncToken"]
    far = START + timedelta(days=400)
    google.put_event(TEAM, start=far, end=far + HOUR)
    google.move_event(TEAM, inside, far, far + HOUR)
    assert [event["id"] for event in since(service, token)["items"]] == [inside]


def test_a_token_from_before_the_expiry_is_answered_with_410(google: GoogleServer, service: Any) -> None:
    token = first(service)["nextSyncToken"]
    google.expire_sync_tokens()
    assert refusal(service, **PROFILE, syncToken=token) == (410, "fullSyncRequired")
    assert since(service, first(service)["nextSyncToken"])["items"] == []


@pytest.mark.parametrize(
    "extra", [WINDOW, {"orderBy": "startTime"}, {"q": "x"}, {"showDeleted": False}, {"privateExtendedProperty": "a=1"}]
)
def test_what_may_not_stand_beside_a_sync_token_is_refused_and_noted(
    google: GoogleServer, service: Any, extra: dict[str, Any]
) -> None:
    token = first(service)["nextSyncToken"]
    assert refusal(service, **{**PROFILE, **extra, "syncToken": token})[0] == 400
    assert google.violations


def test_another_profile_than_the_first_lists_is_refused_and_noted(google: GoogleServer, service: Any) -> None:
    token = first(service)["nextSyncToken"]
    assert refusal(service, **{**PROFILE, "maxAttendees": 2, "syncToken": token})[0] == 400
    with pytest.raises(AssertionError, match="after a first list of"):
        google.assert_clean()


def test_an_ordered_list_gives_no_token(service: Any) -> None:
    assert "nextSyncToken" not in first(service, orderBy="startTime")


def test_a_last_page_may_lack_its_token(google: GoogleServer, service: Any) -> None:
    google.gives_sync_tokens = False
    assert "nextSyncToken" not in first(service)


def test_a_series_is_told_as_its_occurrences_and_keeps_its_time_over_the_change_of_clocks(
    google: GoogleServer, service: Any
) -> None:
    spring = datetime(2026, 3, 26, 19, 0, tzinfo=UTC)
    rule = ["RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;TZID=Europe/Madrid:20260409T200000"]
    series = google.put_event(TEAM, start=spring, end=spring + HOUR, recurrence=rule)
    items = first(service)["items"]
    assert [event["id"] for event in items] == [f"{series}_20260326T190000Z", f"{series}_20260402T180000Z"]
    assert items[1]["start"]["dateTime"] == "2026-04-02T20:00:00+02:00"
    assert {event["recurringEventId"] for event in items} == {series}
    assert all("recurrence" not in event for event in items)
    masters = service.events().list(calendarId=TEAM).execute()["items"]
    assert masters[0]["recurrence"] == rule


def test_a_moved_occurrence_keeps_its_id_and_its_original_start(google: GoogleServer, service: Any) -> None:
    series = weekly(google)
    token = first(service)["nextSyncToken"]
    occurrence = f"{series}_20260122T100000Z"
    day = START + timedelta(days=8)
    google.move_event(TEAM, occurrence, day, day + HOUR)
    told = since(service, token)["items"]
    assert [(event["id"], event["start"]["dateTime"]) for event in told] == [(occurrence, "2026-01-23T11:00:00+01:00")]
    assert told[0]["originalStartTime"]["dateTime"] == "2026-01-22T11:00:00+01:00"
    assert len(first(service)["items"]) == 4


def test_a_cancelled_occurrence_is_told_with_its_series(google: GoogleServer, service: Any) -> None:
    series = weekly(google)
    token = first(service)["nextSyncToken"]
    service.events().delete(calendarId=TEAM, eventId=f"{series}_20260122T100000Z").execute()
    told = since(service, token)["items"]
    assert [(event["status"], event["recurringEventId"]) for event in told] == [("cancelled", series)]
    google.tombstones = "id"
    assert "recurringEventId" not in since(service, token)["items"][0]
    masters = service.events().list(calendarId=TEAM).execute()["items"]
    assert [event["status"] for event in masters] == ["confirmed", "cancelled"]


def test_a_shortened_series_cancels_what_it_loses(google: GoogleServer, service: Any) -> None:
    series = weekly(google)
    google.change_event(TEAM, f"{series}_20260205T100000Z", summary="Last one")
    token = first(service)["nextSyncToken"]
    google.change_event(TEAM, series, recurrence=["RRULE:FREQ=WEEKLY;UNTIL=20260123T000000Z"])
    told = {event["id"].rpartition("_")[2]: event["status"] for event in since(service, token)["items"]}
    assert told == {
        "20260115T100000Z": "confirmed", "20260122T100000Z": "confirmed",
        "20260129T100000Z": "cancelled", "20260205T100000Z": "cancelled",
    }  # fmt: skip


def test_of_a_long_deleted_series_only_half_a_year_is_told(google: GoogleServer, service: Any) -> None:
    series = weekly(google, "RRULE:FREQ=WEEKLY;COUNT=60")
    token = service.events().list(calendarId=TEAM, **PROFILE).execute()["nextSyncToken"]
    google.remove_event(TEAM, series)
    told = since(service, token)["items"]
    assert {event["status"] for event in told} == {"cancelled"}
    assert max(event["id"] for event in told) == f"{series}_20260716T090000Z"


def test_deleted_events_may_vanish_from_lists_while_their_ids_stay_taken(google: GoogleServer, service: Any) -> None:
    event_id = google.put_event(TEAM, start=START, end=START + HOUR)
    google.remove_event(TEAM, event_id)
    assert [event["status"] for event in first(service)["items"]] == ["cancelled"]
    assert first(service, showDeleted=False)["items"] == []
    google.forget_deleted(TEAM)
    assert first(service)["items"] == []
    times = {"start": {"dateTime": "2026-01-20T20:00:00Z"}, "end": {"dateTime": "2026-01-20T22:00:00Z"}}
    with pytest.raises(HttpError) as caught:
        service.events().insert(calendarId=TEAM, body={"id": event_id, **times}).execute()
    assert status_and_reason(caught.value) == (409, "duplicate")


def test_instances_lists_one_series(google: GoogleServer, service: Any) -> None:
    series = weekly(google)
    weekly(google)
    assert len(service.events().instances(calendarId=TEAM, eventId=series).execute()["items"]) == 4
    google.assert_clean()
