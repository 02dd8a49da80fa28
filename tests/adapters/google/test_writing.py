"""Writing to a Google calendar: once, whatever gets lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.adapters.google.access import CALENDAR, HASTY, google_calendar
from tests.conftest import at
from tests.google_server import GoogleServer, Request
from waitlist_appliance.adapters.calendars.google import mapping
from waitlist_appliance.ports import CalendarError, NewEvent

ID = "0123456789abcdef" * 2
DINNER = NewEvent(ID, "Ana · 2", "K7M4PX", at("19:30"), at("21:00"), "T1", "booking:x", False)
HOLD = replace(DINNER, title="Held", tag="hold:1", tentative=True)


def stored(server: GoogleServer) -> list[tuple[str, str]]:
    return [(event["id"], event["summary"]) for event in server.events(CALENDAR)]


def asked(server: GoogleServer) -> list[str]:
    return [request.operation for request in server.requests]


def test_an_event_is_written_under_our_id_with_one_request(server: GoogleServer) -> None:
    written = google_calendar(server).write(DINNER)
    assert written.event_id == ID
    assert asked(server) == ["events.insert"]
    event = server.event(CALENDAR, ID)
    assert event is not None
    assert (event["etag"], event["status"], event["reminders"]) == (written.etag, "confirmed", {"useDefault": False})


def test_nobody_is_sent_an_email(server: GoogleServer) -> None:
    calendar = google_calendar(server)
    calendar.write(DINNER)
    calendar.write(HOLD)
    calendar.remove(ID)
    writes = [request for request in server.requests if request.operation != "events.get"]
    assert [request.query["sendUpdates"] for request in writes] == ["none"] * len(writes)


def test_writing_the_same_again_changes_nothing(server: GoogleServer) -> None:
    calendar = google_calendar(server)
    assert calendar.write(DINNER) == calendar.write(DINNER)
    assert asked(server) == ["events.insert", "events.insert", "events.get"]


def test_a_hold_becomes_the_booking(server: GoogleServer) -> None:
    calendar = google_calendar(server)
    held = calendar.write(HOLD)
    booked = calendar.write(DINNER)
    assert booked.event_id == held.event_id == ID
    assert booked.etag != held.etag
    assert stored(server) == [(ID, "Ana · 2")]
    assert [event.tag for event in calendar.read(at("12:00"), at("23:00"))] == ["booking:x"]


def test_a_moved_booking_takes_its_new_time(server: GoogleServer) -> None:
    calendar = google_calendar(server)
    calendar.write(DINNER)
    calendar.write(replace(DINNER, starts_at=at("21:00"), ends_at=at("22:30")))
    assert [event.starts_at for event in calendar.read(at("12:00"), at("23:00"))] == [at("21:00")]


def test_a_booking_that_staff_made_all_day_gets_its_times_back(server: GoogleServer) -> None:
    calendar = google_calendar(server)
    calendar.write(DINNER)
    server.change_event(CALENDAR, ID, start=date(2026, 1, 16), end=date(2026, 1, 17), colorId="5")
    calendar.write(DINNER)
    (event,) = calendar.read(at("12:00"), at("23:00"))
    assert (event.all_day, event.starts_at) == (False, at("19:30"))
    assert (server.event(CALENDAR, ID) or {})["colorId"] == "5"


@pytest.mark.parametrize("lost", ["drop_after", "fail_after", "truncated"])
def test_an_answer_that_got_lost_does_not_double_the_event(server: GoogleServer, lost: str) -> None:
    server.fail(lost, "events.insert")  # type: ignore[arg-type]
    assert google_calendar(server).write(DINNER).event_id == ID
    assert stored(server) == [(ID, "Ana · 2")]


def test_a_server_that_takes_the_event_and_then_hangs_does_not_double_it(server: GoogleServer) -> None:
    server.fail("hang_after", "events.insert")
    assert google_calendar(server, HASTY).write(DINNER).event_id == ID
    assert stored(server) == [(ID, "Ana · 2")]


def test_a_write_that_never_comes_through_may_be_tried_again_under_the_same_id(server: GoogleServer) -> None:
    server.fail("fail_after", "events.insert", times=3)
    server.fail("internal", "events.get", times=3)
    with pytest.raises(CalendarError) as failure:
        google_calendar(server).write(DINNER)
    assert failure.value.retryable
    server.heal()
    assert google_calendar(server).write(DINNER).event_id == ID
    assert stored(server) == [(ID, "Ana · 2")]


def test_an_id_that_a_deletion_used_up_is_followed_by_the_next(server: GoogleServer) -> None:
    calendar = google_calendar(server)
    calendar.write(DINNER)
    server.remove_event(CALENDAR, ID)
    second = calendar.write(DINNER)
    assert second.event_id == mapping.generation_id(ID, 1)
    assert calendar.write(DINNER) == second
    assert stored(server) == [(second.event_id, "Ana · 2")]


def test_a_deleted_event_that_google_no_longer_knows_still_has_its_id(server: GoogleServer) -> None:
    calendar = google_calendar(server)
    calendar.write(DINNER)
    server.remove_event(CALENDAR, ID)
    server.forget_deleted(CALENDAR)
    assert calendar.write(DINNER).event_id == mapping.generation_id(ID, 1)


def test_an_id_that_somebody_else_has_is_left_alone(server: GoogleServer) -> None:
    server.put_event(CALENDAR, id=ID, summary="Not ours", start=at("12:00"), end=at("13:00"))
    written = google_calendar(server).write(DINNER)
    assert sorted(stored(server)) == sorted([(ID, "Not ours"), (written.event_id, "Ana · 2")])


def test_ten_deletions_use_up_every_id(server: GoogleServer) -> None:
    calendar = google_calendar(server)
    for _ in range(10):
        server.remove_event(CALENDAR, calendar.write(DINNER).event_id)
    with pytest.raises(CalendarError) as failure:
        calendar.write(DINNER)
    assert not failure.value.retryable


def test_a_change_by_staff_in_between_is_looked_at_and_then_replaced(server: GoogleServer) -> None:
    calendar = google_calendar(server)
    calendar.write(HOLD)
    server.before("events.update", lambda _: server.change_event(CALENDAR, ID, location="Terraza"))
    calendar.write(DINNER)
    event = server.event(CALENDAR, ID) or {}
    assert (event["summary"], event["location"]) == ("Ana · 2", "Terraza")
    assert [request.status for request in server.calls("events.update")] == [412, 200]


def test_an_event_that_never_stops_changing_is_a_conflict(server: GoogleServer) -> None:
    calendar = google_calendar(server)
    calendar.write(HOLD)

    def change(request: Request) -> None:
        server.change_event(CALENDAR, ID, location=f"Table {len(server.requests)}")
        server.before("events.update", change)

    server.before("events.update", change)
    with pytest.raises(CalendarError) as failure:
        calendar.write(DINNER)
    assert (failure.value.trouble, failure.value.retryable) == ("conflict", True)


def test_an_event_that_staff_delete_in_between_is_written_under_the_next_id(server: GoogleServer) -> None:
    calendar = google_calendar(server)
    calendar.write(HOLD)
    server.before("events.update", lambda _: server.remove_event(CALENDAR, ID))
    written = calendar.write(DINNER)
    assert stored(server) == [(written.event_id, "Ana · 2")]
    assert written.event_id != ID


def test_without_a_resource_none_is_named(server: GoogleServer) -> None:
    calendar = google_calendar(server)
    calendar.write(DINNER)
    calendar.write(replace(DINNER, resource=None))
    assert [event.resource for event in calendar.read(at("12:00"), at("23:00"))] == [None]


def test_a_calendar_that_may_only_be_read_refuses(server: GoogleServer) -> None:
    server.change_calendar(CALENDAR, access_role="reader")
    with pytest.raises(CalendarError) as failure:
        google_calendar(server).write(DINNER)
    assert (failure.value.trouble, failure.value.retryable) == ("refused", False)


def test_a_removed_event_is_gone_and_removing_it_again_is_fine(server: GoogleServer) -> None:
    calendar = google_calendar(server)
    calendar.write(DINNER)
    calendar.remove(ID)
    calendar.remove(ID)
    calendar.remove("never-there")
    assert stored(server) == []
    assert [request.status for request in server.calls("events.delete")] == [204, 410, 404]


def test_a_removal_whose_answer_got_lost_is_done(server: GoogleServer) -> None:
    calendar = google_calendar(server)
    calendar.write(DINNER)
    server.fail("fail_after", "events.delete")
    calendar.remove(ID)
    assert stored(server) == []


def test_a_removal_that_is_refused_is_an_error(server: GoogleServer) -> None:
    calendar = google_calendar(server)
    calendar.write(DINNER)
    server.fail("forbidden", "events.delete")
    with pytest.raises(CalendarError) as failure:
        calendar.remove(ID)
    assert failure.value.trouble == "refused"
    assert stored(server) == [(ID, "Ana · 2")]


def test_a_long_event_keeps_its_instants_over_the_change_of_clocks(server: GoogleServer) -> None:
    night = at("00:30", "2026-10-25")
    calendar = google_calendar(server)
    calendar.write(replace(DINNER, starts_at=night, ends_at=night + timedelta(hours=4)))
    (event,) = calendar.read(night, night + timedelta(hours=5))
    assert event.ends_at - event.starts_at == timedelta(hours=4)
