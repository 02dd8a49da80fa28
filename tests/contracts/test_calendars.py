"""What every calendar behind the `Calendar` port must do. A new provider is one more fixture and a name in CALENDARS.

The stand-in of the tests is held to it too, or it would prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.adapters.caldav.access import caldav_calendar
from tests.adapters.google.access import google_calendar
from tests.conftest import at
from tests.google_server import GoogleServer
from tests.memory_calendar import MemoryCalendar
from tests.radicale_server import running
from waitlist_appliance.adapters.calendars.local import LocalCalendar
from waitlist_appliance.ports import Calendar, CalendarError, CalendarEvent, NewEvent, SyncTokenLost
from waitlist_appliance.services.appliance import Appliance

CALENDARS = ("local", "stand_in", "google", "caldav")
ONE, TWO, NEVER = "a1b2c3d4" * 4, "b1b2c3d4" * 4, "c1b2c3d4" * 4


@pytest.fixture
def local(box: Appliance) -> Calendar:
    return LocalCalendar(box.db)


@pytest.fixture
def stand_in() -> Calendar:
    return MemoryCalendar()


@pytest.fixture
def google() -> Iterator[Calendar]:
    with GoogleServer() as server:
        yield google_calendar(server)
        server.assert_clean()


@pytest.fixture
def caldav() -> Calendar:
    return caldav_calendar(running())


@pytest.fixture(params=CALENDARS)
def calendar(request: pytest.FixtureRequest) -> Calendar:
    found: Calendar = request.getfixturevalue(request.param)
    return found


def dinner(event_id: str = ONE, start: str = "19:30", tag: str = "booking:x", tentative: bool = False) -> NewEvent:
    starts_at = at(start)
    ends_at = starts_at + timedelta(minutes=90)
    return NewEvent(event_id, "Ana · 2", "K7M4PX", starts_at, ends_at, "Table 1", tag, tentative)


def test_what_was_written_is_read_back(calendar: Calendar) -> None:
    etag = calendar.write(dinner()).etag
    (found,) = calendar.read(at("19:00"), at("22:00"))
    assert (found.event_id, found.etag, found.title, found.resource) == (ONE, etag, "Ana · 2", "Table 1")
    assert (found.starts_at, found.ends_at, found.busy, found.tag) == (at("19:30"), at("21:00"), True, "booking:x")


def test_writing_the_same_event_twice_leaves_one(calendar: Calendar) -> None:
    calendar.write(dinner())
    calendar.write(dinner())
    assert len(calendar.read(at("19:00"), at("22:00"))) == 1


def test_writing_an_event_at_another_time_moves_it_and_changes_its_etag(calendar: Calendar) -> None:
    before = calendar.write(dinner())
    assert calendar.write(dinner(start="20:30")).etag != before.etag
    assert [event.starts_at for event in calendar.read(at("12:00"), at("23:00"))] == [at("20:30")]


def test_a_tentative_event_is_busy_too(calendar: Calendar) -> None:
    calendar.write(dinner(tag="hold:1", tentative=True))
    assert [event.busy for event in calendar.read(at("19:00"), at("22:00"))] == [True]


def test_reading_leaves_out_what_only_touches_the_span(calendar: Calendar) -> None:
    calendar.write(dinner())
    assert list(calendar.read(at("21:00"), at("23:00"))) == []
    assert list(calendar.read(at("18:00"), at("19:30"))) == []
    assert len(calendar.read(at("20:59"), at("23:00"))) == 1


def test_a_removed_event_is_gone_and_removing_it_again_is_fine(calendar: Calendar) -> None:
    calendar.write(dinner())
    calendar.remove(ONE)
    calendar.remove(ONE)
    calendar.remove(NEVER)
    assert list(calendar.read(at("19:00"), at("22:00"))) == []


def test_an_event_of_ours_is_found_wherever_in_time_it_lies(calendar: Calendar) -> None:
    calendar.write(dinner())
    far = replace(dinner(), starts_at=at("19:30", "2026-09-16"), ends_at=at("21:00", "2026-09-16"))
    written = calendar.write(far)
    (found,) = calendar.read(far.starts_at, far.ends_at)
    assert (found.etag, calendar.find(ONE)) == (written.etag, found)


def test_an_event_of_ours_that_is_gone_is_not_found(calendar: Calendar) -> None:
    calendar.write(dinner())
    calendar.remove(ONE)
    assert (calendar.find(ONE), calendar.find(NEVER)) == (None, None)


def test_a_calendar_that_cannot_be_read_says_so_and_may_be_tried_again(box: Appliance, local: Calendar) -> None:
    box.db.execute("INSERT INTO local_calendar (id, failure) VALUES (1, 'both')")
    with pytest.raises(CalendarError) as failure:
        local.read(at("19:00"), at("22:00"))
    assert failure.value.retryable
    with pytest.raises(CalendarError):
        local.write(dinner())


# --- what changed

SPAN = (at("00:00", "2026-01-10"), at("00:00", "2026-02-10"))


def follow(calendar: Calendar, known: dict[str, CalendarEvent], token: str | None) -> str | None:
    """Bring ``known`` up to date, as the mirror does; where to go on."""
    told = calendar.changes(*SPAN, token)
    assert told.complete or token is not None
    gone = set(known) if told.complete else set(told.gone)
    gone |= {event_id for event_id, event in known.items() if event.series is not None and event.series in told.series}
    for event_id in gone:
        known.pop(event_id, None)
    known.update({event.event_id: event for event in told.events})
    return told.token


def test_following_the_changes_leads_to_what_a_read_tells(calendar: Calendar) -> None:
    known: dict[str, CalendarEvent] = {}
    calendar.write(dinner())
    token = follow(calendar, known, None)
    assert set(known) == {ONE}
    calendar.write(dinner(start="20:30"))
    calendar.write(dinner(TWO, start="14:00"))
    token = follow(calendar, known, token)
    assert {event_id: event.starts_at for event_id, event in known.items()} == {ONE: at("20:30"), TWO: at("14:00")}
    calendar.remove(ONE)
    token = follow(calendar, known, token)
    follow(calendar, known, token)
    assert list(known.values()) == list(calendar.read(*SPAN))


def test_the_etag_of_a_write_is_the_one_that_is_told_afterwards(calendar: Calendar) -> None:
    written = calendar.write(dinner())
    assert [(e.event_id, e.etag) for e in calendar.changes(*SPAN, None).events] == [(written.event_id, written.etag)]


def test_an_id_that_was_used_up_can_be_written_again_and_is_told_as_it_was_written(calendar: Calendar) -> None:
    calendar.write(dinner())
    calendar.remove(ONE)
    again = calendar.write(dinner())
    assert [event.event_id for event in calendar.read(*SPAN)] == [again.event_id]
    calendar.remove(again.event_id)
    assert list(calendar.read(*SPAN)) == []


@pytest.mark.parametrize("name", ["google", "caldav"])
def test_a_token_that_means_nothing_is_lost(request: pytest.FixtureRequest, name: str) -> None:
    calendar: Calendar = request.getfixturevalue(name)
    with pytest.raises(SyncTokenLost):
        calendar.changes(*SPAN, "nonsense")
