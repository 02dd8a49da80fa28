"""Reading a Google calendar: all of it, what changed, and never half of it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from tests.adapters.google.access import CALENDAR, google_calendar
from tests.conftest import at
from tests.google_server import GoogleServer, later_pages
from waitlist_appliance.ports import CalendarError, CalendarEvent, Changes, NewEvent, SyncTokenLost

SINCE, UNTIL = at("00:00"), at("00:00") + timedelta(days=90)


def put(server: GoogleServer, title: str, start: str = "19:30", **fields: Any) -> str:
    return server.put_event(CALENDAR, summary=title, start=at(start), end=at(start) + timedelta(minutes=90), **fields)


def every_day(server: GoogleServer) -> str:
    start = at("12:00")
    rule = ["RRULE:FREQ=DAILY;COUNT=5"]
    return server.put_event(CALENDAR, summary="Cleaning", start=start, end=start + timedelta(hours=1), recurrence=rule)


def titles(events: Any) -> list[str]:
    return sorted(event.title for event in events)


def everything(server: GoogleServer) -> Changes:
    return google_calendar(server).changes(SINCE, UNTIL, None)


def since(server: GoogleServer, token: str | None) -> Changes:
    assert token is not None
    return google_calendar(server).changes(SINCE, UNTIL, token)


def test_the_first_read_tells_everything_and_where_to_go_on(server: GoogleServer) -> None:
    put(server, "Ana"), put(server, "Ben", "21:00")
    first = everything(server)
    assert (titles(first.events), first.complete, first.zone, first.requests) == (
        ["Ana", "Ben"],
        True,
        "Europe/Madrid",
        1,
    )
    assert since(server, first.token).events == []


def test_what_lies_outside_the_span_is_not_told(server: GoogleServer) -> None:
    server.put_event(CALENDAR, summary="Past", start=SINCE - timedelta(days=2), end=SINCE - timedelta(days=1))
    server.put_event(CALENDAR, summary="Far", start=UNTIL, end=UNTIL + timedelta(hours=1))
    assert everything(server).events == []


def test_a_cancelled_event_is_not_among_everything(server: GoogleServer) -> None:
    server.remove_event(CALENDAR, put(server, "Ana"))
    assert everything(server).events == []


def test_later_only_what_changed_is_told_with_one_request(server: GoogleServer) -> None:
    put(server, "Ana")
    token = everything(server).token
    moved = put(server, "Ben")
    server.move_event(CALENDAR, moved, at("21:00"), at("22:00"))
    news = since(server, token)
    assert (titles(news.events), news.complete, news.gone, news.requests) == (["Ben"], False, [], 1)
    assert news.events[0].starts_at == at("21:00")


def test_a_deleted_event_is_told_by_its_id_as_an_event_and_as_a_series(server: GoogleServer) -> None:
    event_id = put(server, "Ana")
    token = everything(server).token
    server.remove_event(CALENDAR, event_id)
    news = since(server, token)
    assert (news.events, news.complete, news.requests) == ([], False, 1)
    assert news.gone == news.series == [event_id]


@pytest.mark.parametrize("tombstones", ["full", "guaranteed", "id"])
def test_a_deleted_event_is_told_however_little_google_says_of_it(server: GoogleServer, tombstones: Any) -> None:
    event_id = put(server, "Ana")
    token = everything(server).token
    server.tombstones = tombstones
    server.remove_event(CALENDAR, event_id)
    assert since(server, token).gone == [event_id]


def test_an_event_that_somebody_declined_meanwhile_is_told_as_not_busy(server: GoogleServer) -> None:
    event_id = put(server, "Ana")
    token = everything(server).token
    declined = [{"email": CALENDAR, "responseStatus": "declined"}]
    server.change_event(CALENDAR, event_id, attendees=declined)
    assert [event.busy for event in since(server, token).events] == [False]


def test_the_next_token_goes_on_where_the_last_one_ended(server: GoogleServer) -> None:
    token = everything(server).token
    put(server, "Ana")
    news = since(server, token)
    put(server, "Ben", "21:00")
    assert titles(since(server, news.token).events) == ["Ben"]


@pytest.mark.parametrize("tombstones", ["full", "guaranteed", "id"])
def test_a_change_of_one_occurrence_reads_the_span_anew(server: GoogleServer, tombstones: Any) -> None:
    series = every_day(server)
    first = everything(server)
    server.tombstones = tombstones
    occurrence = first.events[1].event_id
    server.remove_event(CALENDAR, occurrence)
    news = since(server, first.token)
    assert (news.complete, len(news.events), news.requests) == (True, 4, 2)
    assert occurrence not in {event.event_id for event in news.events}
    assert {event.series for event in news.events} == {series}


def test_the_token_of_the_new_reading_is_good(server: GoogleServer) -> None:
    first = everything(server)
    every_day(server)
    again = since(server, first.token)
    put(server, "Ana")
    assert (titles(since(server, again.token).events), since(server, again.token).complete) == (["Ana"], False)


def test_a_moved_occurrence_keeps_its_id(server: GoogleServer) -> None:
    every_day(server)
    first = everything(server)
    moved = first.events[2]
    server.move_event(
        CALENDAR, moved.event_id, moved.starts_at + timedelta(hours=3), moved.ends_at + timedelta(hours=3)
    )
    (found,) = [event for event in since(server, first.token).events if event.event_id == moved.event_id]
    assert found.starts_at == moved.starts_at + timedelta(hours=3)


def test_a_deleted_series_is_told_whole(server: GoogleServer) -> None:
    series = every_day(server)
    first = everything(server)
    server.remove_event(CALENDAR, series)
    news = since(server, first.token)
    assert news.complete
    assert news.events == []


def test_many_pages_are_one_answer(server: GoogleServer) -> None:
    server.page_limit = 2
    for number in range(5):
        put(server, f"Guest {number}")
    first = everything(server)
    assert (len(first.events), first.requests) == (5, 3)
    for number in range(5, 9):
        put(server, f"Guest {number}")
    news = since(server, first.token)
    assert (len(news.events), news.requests) == (4, 2)


def test_an_empty_first_page_is_not_the_end(server: GoogleServer) -> None:
    server.empty_first_page = True
    put(server, "Ana")
    assert titles(everything(server).events) == ["Ana"]


def test_a_page_that_fails_in_the_middle_tells_nothing(server: GoogleServer) -> None:
    server.page_limit = 1
    put(server, "Ana"), put(server, "Ben", "21:00")
    server.fail("internal", later_pages, times=99)
    with pytest.raises(CalendarError) as failure:
        everything(server)
    assert (failure.value.trouble, failure.value.retryable) == ("unreachable", True)


def test_a_page_that_fails_once_is_asked_for_again(server: GoogleServer) -> None:
    server.page_limit = 1
    put(server, "Ana"), put(server, "Ben", "21:00")
    server.fail("unavailable", later_pages)
    first = everything(server)
    assert (titles(first.events), first.requests) == (["Ana", "Ben"], 3)


def test_a_lost_token_is_said(server: GoogleServer) -> None:
    token = everything(server).token
    server.expire_sync_tokens()
    with pytest.raises(SyncTokenLost):
        since(server, token)


def test_a_token_lost_between_two_pages_tells_nothing(server: GoogleServer) -> None:
    token = everything(server).token
    server.page_limit = 1
    put(server, "Ana"), put(server, "Ben", "21:00")
    server.fail("fullSyncRequired", later_pages)
    with pytest.raises(SyncTokenLost):
        since(server, token)


@pytest.mark.parametrize("token", ["", "{}", "nonsense", "[1]", json.dumps({"profile": 0, "token": "sync-1=="})])
def test_a_token_of_another_profile_is_lost_without_asking(server: GoogleServer, token: str) -> None:
    with pytest.raises(SyncTokenLost):
        since(server, token)
    assert server.requests == []


def test_a_last_page_without_a_token_is_garbage(server: GoogleServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.google_server.listing.WITHOUT_SYNC_TOKEN", ("timeMin",))
    with pytest.raises(CalendarError) as failure:
        everything(server)
    assert failure.value.trouble == "garbage"


def test_everything_is_asked_with_the_same_constants(server: GoogleServer) -> None:
    token = everything(server).token
    since(server, token)
    first, later = (dict(request.query) for request in server.calls("events.list"))
    assert (first.pop("timeMin"), first.pop("timeMax")) == (SINCE.isoformat(), UNTIL.isoformat())
    assert later.pop("syncToken")
    assert first == later == {
        "singleEvents": "true", "showDeleted": "true", "maxResults": "2500", "maxAttendees": "1", "alt": "json",
    }  # fmt: skip


def test_a_fresh_read_tells_what_overlaps_the_interval(server: GoogleServer) -> None:
    put(server, "Ana"), every_day(server)
    found = google_calendar(server).read(at("20:00"), at("23:00"))
    assert titles(found) == ["Ana"]
    assert google_calendar(server).read(at("21:00"), at("23:00")) == []
    assert google_calendar(server).read(at("18:00"), at("19:30")) == []


def test_all_day_events_lie_in_the_calendars_zone_and_not_in_the_businesss(server: GoogleServer) -> None:
    server.change_calendar(CALENDAR, zone="America/New_York")
    server.put_event(CALENDAR, summary="Closed", start=date(2026, 1, 16), end=date(2026, 1, 17))
    first = everything(server)
    assert first.zone == "America/New_York"
    assert first.events[0].starts_at == at("06:00")


def test_staffs_private_event_on_a_calendar_that_is_only_shared_is_busy(server: GoogleServer) -> None:
    put(server, "Doctor", visibility="private")
    server.change_calendar(CALENDAR, access_role="reader")
    (event,) = everything(server).events
    assert (event.busy, event.tag) == (True, None)


def test_an_event_that_is_free_is_told_as_free(server: GoogleServer) -> None:
    put(server, "Idea", transparency="transparent")
    assert [event.busy for event in everything(server).events] == [False]


def test_what_we_wrote_ourselves_is_told_with_our_mark(server: GoogleServer) -> None:
    token = everything(server).token
    ours = NewEvent("ab" * 16, "Ana · 2", "", at("19:30"), at("21:00"), "T1", "hold:1", True)
    written = google_calendar(server).write(ours)
    assert since(server, token).events == [
        CalendarEvent(
            written.event_id, written.etag, "Ana · 2", at("19:30"), at("21:00"), True, "T1", "hold:1"
        )
    ]  # fmt: skip


def test_a_calendar_that_is_gone_is_missing(server: GoogleServer) -> None:
    calendar = google_calendar(server)
    server.remove_calendar(CALENDAR)
    with pytest.raises(CalendarError) as failure:
        calendar.read(SINCE, UNTIL)
    assert (failure.value.trouble, failure.value.retryable) == ("missing", False)
