"""Writing into a real server's calendar: never twice, never over somebody else's event."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.adapters.caldav.access import open_calendar
from tests.adapters.caldav.texts import dinner
from tests.conftest import at
from tests.radicale_server import RadicaleServer, StaffCalendar
from waitlist_appliance.ports import Calendar, CalendarError, NewEvent

KEY = "0123456789abcdef0123456789abcdef"
ANA = NewEvent(KEY, "Ana · 2", "K7M4PX", at("20:00"), at("21:30"), "table-1", "booking:x", tentative=False)


def evening(ours: Calendar) -> list[tuple[str, str | None]]:
    return [(found.title, found.tag) for found in ours.read(at("00:00"), at("23:59"))]


def test_what_is_written_is_what_staff_see_and_our_marks_are_not_in_its_words(
    staff: StaffCalendar, ours: Calendar
) -> None:
    ours.write(ANA)
    text = staff.text(f"{KEY}.ics").replace("\r\n ", "")
    assert f"UID:{KEY}@waitlist" in text
    assert "SUMMARY:Ana · 2\r\n" in text
    assert "DESCRIPTION:K7M4PX\r\n" in text
    assert "X-WAITLIST-TAG:booking:x" in text
    assert "X-WAITLIST-RESOURCE:table-1" in text


def test_a_retry_after_a_lost_answer_leaves_one_event(staff: StaffCalendar, ours: Calendar) -> None:
    first, again = ours.write(ANA), ours.write(ANA)
    assert first.event_id == again.event_id == KEY
    assert staff.names() == [f"{KEY}.ics"]


def test_the_told_etag_is_the_one_that_reading_tells(ours: Calendar) -> None:
    written = ours.write(ANA)
    (found,) = ours.read(at("00:00"), at("23:59"))
    assert (found.event_id, found.etag) == (written.event_id, written.etag)


def test_a_moved_booking_moves_its_event_also_when_staff_edited_it(staff: StaffCalendar, ours: Calendar) -> None:
    ours.write(ANA)
    staff.edit(f"{KEY}.ics", lambda text: text.replace("Ana · 2", "Ana · window"))
    ours.write(replace(ANA, starts_at=ANA.starts_at + timedelta(hours=1), ends_at=ANA.ends_at + timedelta(hours=1)))
    (found,) = ours.read(at("00:00"), at("23:59"))
    assert (found.title, found.starts_at) == ("Ana · 2", at("21:00"))


def test_an_event_that_staff_deleted_is_written_anew(staff: StaffCalendar, ours: Calendar) -> None:
    ours.write(ANA)
    staff.delete(f"{KEY}.ics")
    assert ours.write(ANA).event_id == KEY
    assert evening(ours) == [("Ana · 2", "booking:x")]


def test_an_event_that_an_app_renamed_is_replaced_where_it_lies(staff: StaffCalendar, ours: Calendar) -> None:
    ours.write(ANA)
    staff.move(f"{KEY}.ics", staff, "renamed.ics")
    ours.write(replace(ANA, title="Ana · 4"))
    assert evening(ours) == [("Ana · 4", "booking:x")]


def test_an_event_that_an_app_renamed_is_removed_where_it_lies(staff: StaffCalendar, ours: Calendar) -> None:
    ours.write(ANA)
    staff.move(f"{KEY}.ics", staff, "renamed.ics")
    ours.remove(KEY)
    assert staff.names() == []


def test_somebody_elses_event_in_our_place_is_left_alone(staff: StaffCalendar, ours: Calendar) -> None:
    staff.put(f"{KEY}.ics", dinner("SUMMARY:Private", uid="other"))
    written = ours.write(ANA)
    assert written.event_id != KEY
    assert sorted(title for title, _ in evening(ours)) == ["Ana · 2", "Private"]
    assert ours.write(ANA).event_id == written.event_id


def test_removing_takes_ours_and_nothing_else(staff: StaffCalendar, ours: Calendar) -> None:
    staff.put("bea.ics", dinner(uid="bea"))
    ours.write(ANA)
    ours.remove(KEY)
    ours.remove(KEY)
    assert staff.names() == ["bea.ics"]


def test_a_hold_is_tentative_and_busy(staff: StaffCalendar, ours: Calendar) -> None:
    ours.write(replace(ANA, tag="hold:1", tentative=True))
    assert "STATUS:TENTATIVE" in staff.text(f"{KEY}.ics")
    assert [found.busy for found in ours.read(at("00:00"), at("23:59"))] == [True]


def test_words_with_line_breaks_and_commas_arrive_whole(ours: Calendar) -> None:
    ours.write(replace(ANA, title="Ana, Bea; \\ Carlos", resource=None))
    assert evening(ours) == [("Ana, Bea; \\ Carlos", "booking:x")]


def test_a_wrong_password_is_told_as_signed_out(staff: StaffCalendar) -> None:
    with pytest.raises(CalendarError) as failure:
        open_calendar(staff.url, password="old").write(ANA)
    assert (failure.value.trouble, failure.value.retryable) == ("signed_out", False)


def test_somebody_elses_calendar_is_refused(staff: StaffCalendar) -> None:
    with pytest.raises(CalendarError) as failure:
        open_calendar(staff.url, username="bea", password="bea").write(ANA)
    assert failure.value.trouble == "refused"


def test_a_calendar_that_is_gone_is_missing(radicale: RadicaleServer, staff: StaffCalendar) -> None:
    with pytest.raises(CalendarError) as failure:
        open_calendar(staff.url.rstrip("/") + "-gone/").changes(at("00:00"), at("23:00"), None)
    assert failure.value.trouble == "missing"
