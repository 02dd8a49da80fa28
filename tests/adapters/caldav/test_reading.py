"""Reading a real server's calendar while staff work in it with another app."""

from __future__ import annotations

import threading

import pytest

from tests.adapters.caldav.access import open_calendar
from tests.adapters.caldav.texts import calendar, dinner, event
from tests.conftest import at
from tests.radicale_server import RadicaleServer, StaffCalendar
from waitlist_appliance.ports import Calendar, Changes, SyncTokenLost

SINCE, UNTIL = at("00:00", "2026-01-01"), at("00:00", "2026-04-01")
NAMES = ("bea", "carlos", "dora", "eva", "fina")


@pytest.fixture
def full(staff: StaffCalendar) -> StaffCalendar:
    """Five dinners of others: one change among them is told as one change."""
    for name in NAMES:
        staff.put(f"{name}.ics", dinner(uid=name))
    return staff


def everything(ours: Calendar) -> Changes:
    return ours.changes(SINCE, UNTIL, None)


def since(ours: Calendar, before: Changes) -> Changes:
    return ours.changes(SINCE, UNTIL, before.token)


def names(told: Changes) -> list[str]:
    return sorted(found.event_id for found in told.events)


def test_the_first_reading_tells_everything_in_the_span(full: StaffCalendar, ours: Calendar) -> None:
    full.put("old.ics", dinner(uid="old", start="DTSTART:20250116T190000Z", end="DTEND:20250116T200000Z"))
    told = everything(ours)
    assert (told.complete, names(told)) == (True, sorted(NAMES))
    assert {found.etag for found in told.events} != {""}


def test_nothing_changed_is_nothing_told(full: StaffCalendar, ours: Calendar) -> None:
    again = since(ours, everything(ours))
    assert (again.complete, names(again), list(again.series)) == (False, [], [])
    assert again.requests == 1


def test_a_new_event_is_told_alone(full: StaffCalendar, ours: Calendar) -> None:
    before = everything(ours)
    full.put("ana.ics", dinner("SUMMARY:Ana"))
    told = since(ours, before)
    assert (told.complete, names(told)) == (False, ["ana"])
    assert [path.rpartition("/")[2] for path in told.series] == ["ana.ics"]


def test_a_deleted_event_is_told_by_its_object(full: StaffCalendar, ours: Calendar) -> None:
    before = everything(ours)
    (path,) = [found.series for found in before.events if found.event_id == "bea"]
    full.delete("bea.ics")
    told = since(ours, before)
    assert (names(told), list(told.series)) == ([], [path])


def test_a_moved_event_is_told_at_its_new_time(full: StaffCalendar, ours: Calendar) -> None:
    before = everything(ours)
    full.edit("bea.ics", lambda text: text.replace("T190000Z", "T120000Z").replace("T200000Z", "T130000Z"))
    (found,) = since(ours, before).events
    assert found.starts_at == at("13:00")


def test_an_event_moved_out_of_the_span_is_told_as_gone(full: StaffCalendar, ours: Calendar) -> None:
    before = everything(ours)
    full.edit("bea.ics", lambda text: text.replace("20260116T", "20270116T"))
    told = since(ours, before)
    assert (names(told), len(told.series)) == ([], 1)


def test_an_event_dragged_into_another_calendar_is_gone_here(
    full: StaffCalendar, ours: Calendar, radicale: RadicaleServer
) -> None:
    before = everything(ours)
    full.move("bea.ics", radicale.new_calendar())
    assert [path.rpartition("/")[2] for path in since(ours, before).series] == ["bea.ics"]


def test_an_event_made_free_or_declined_is_told_as_free(full: StaffCalendar, ours: Calendar) -> None:
    before = everything(ours)
    full.edit("bea.ics", lambda text: text.replace("END:VEVENT", "TRANSP:TRANSPARENT\nEND:VEVENT"))
    declined = "ATTENDEE;PARTSTAT=DECLINED:mailto:Ana@casalola.example\nEND:VEVENT"
    full.edit("dora.ics", lambda text: text.replace("END:VEVENT", declined))
    assert {found.event_id: found.busy for found in since(ours, before).events} == {"bea": False, "dora": False}


def test_one_deleted_occurrence_leaves_the_others_of_its_series(full: StaffCalendar, ours: Calendar) -> None:
    full.put("weekly.ics", dinner("RRULE:FREQ=WEEKLY;COUNT=3", uid="weekly"))
    before = everything(ours)
    full.edit("weekly.ics", lambda text: text.replace("COUNT=3", "COUNT=3\nEXDATE:20260123T190000Z"))
    told = since(ours, before)
    assert names(told) == ["weekly#20260116T190000Z", "weekly#20260130T190000Z"]
    assert len(told.series) == 1


def test_a_series_with_a_moved_occurrence_is_read_as_it_is(staff: StaffCalendar, ours: Calendar) -> None:
    moved = event("RECURRENCE-ID:20260123T190000Z", start="DTSTART:20260124T120000Z", end="DTEND:20260124T130000Z")
    staff.put("ana.ics", calendar(event("RRULE:FREQ=WEEKLY;COUNT=2"), moved))
    assert [found.starts_at for found in ours.read(at("00:00", "2026-01-20"), UNTIL)] == [at("13:00", "2026-01-24")]


def test_many_changes_are_read_as_a_whole(full: StaffCalendar, ours: Calendar) -> None:
    before = everything(ours)
    for name in NAMES:
        full.edit(f"{name}.ics", lambda text: text.replace("END:VEVENT", "SUMMARY:Late\nEND:VEVENT"))
    assert since(ours, before).complete


def test_going_on_from_the_newest_token_tells_a_change_once(full: StaffCalendar, ours: Calendar) -> None:
    before = everything(ours)
    full.put("ana.ics", dinner())
    assert names(since(ours, since(ours, before))) == []


@pytest.mark.parametrize("token", ["", "nonsense", "[]", '{"sync": "x", "ctag": "", "known": 1, "profile": 0}'])
def test_a_token_that_is_not_ours_asks_for_everything_anew(ours: Calendar, token: str) -> None:
    with pytest.raises(SyncTokenLost):
        ours.changes(SINCE, UNTIL, token)


def test_a_token_that_the_server_forgot_asks_for_everything_anew(ours: Calendar) -> None:
    unknown = "http://radicale.org/ns/sync/" + "0" * 64
    with pytest.raises(SyncTokenLost):
        ours.changes(SINCE, UNTIL, f'{{"sync": "{unknown}", "ctag": "", "known": 1, "profile": 1}}')


def test_a_day_is_a_day_of_the_calendars_own_zone(radicale: RadicaleServer) -> None:
    zone = "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VTIMEZONE\nTZID:America/Lima\nEND:VTIMEZONE\nEND:VCALENDAR"
    staff = radicale.new_calendar(zone=zone)
    staff.put("ana.ics", dinner(start="DTSTART;VALUE=DATE:20260116", end=""))
    told = everything(open_calendar(staff.url))
    assert told.zone == "America/Lima"
    assert told.events[0].starts_at == at("06:00")


def test_tasks_are_no_events(full: StaffCalendar, ours: Calendar) -> None:
    full.put("task.ics", calendar("BEGIN:VTODO\nUID:t\nDTSTAMP:20260101T000000Z\nDUE:20260116T190000Z\nEND:VTODO"))
    assert names(everything(ours)) == sorted(NAMES)


def test_names_with_spaces_and_signs_are_read(staff: StaffCalendar, ours: Calendar) -> None:
    for number in range(3):
        staff.put(f"{number}.ics", dinner(uid=str(number)))
    before = everything(ours)
    staff.put("cena%20%26%20baile%23%201.ics", dinner(uid="cena"))
    (found,) = since(ours, before).events
    assert found.series is not None
    assert found.series.endswith("/cena & baile# 1.ics")


def test_several_threads_may_read_and_write_at_once(full: StaffCalendar, ours: Calendar) -> None:
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(len(ours.read(SINCE, UNTIL)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [5] * 8
