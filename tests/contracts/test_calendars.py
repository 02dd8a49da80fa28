"""What every calendar behind the `Calendar` port must do. A new provider is one more line in CALENDARS."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.conftest import at
from waitlist_appliance.adapters.calendars.local import LocalCalendar
from waitlist_appliance.ports import Calendar, CalendarError, NewEvent
from waitlist_appliance.services.appliance import Appliance

CALENDARS: dict[str, Callable[[Appliance], Calendar]] = {"local": lambda box: LocalCalendar(box.db)}


@pytest.fixture(params=sorted(CALENDARS))
def calendar(request: pytest.FixtureRequest, box: Appliance) -> Calendar:
    return CALENDARS[request.param](box)


def dinner(event_id: str = "a1b2c3d4", start: str = "19:30", tag: str = "booking:x", tentative: bool = False) -> NewEvent:
    starts_at = at(start)
    ends_at = starts_at + timedelta(minutes=90)
    return NewEvent(event_id, "Ana · 2", "K7M4PX", starts_at, ends_at, "Table 1", tag, tentative)


def test_what_was_written_is_read_back(calendar: Calendar) -> None:
    etag = calendar.write(dinner())
    (found,) = calendar.read(at("19:00"), at("22:00"))
    assert (found.event_id, found.etag, found.title, found.resource) == ("a1b2c3d4", etag, "Ana · 2", "Table 1")
    assert (found.starts_at, found.ends_at, found.busy, found.tag) == (at("19:30"), at("21:00"), True, "booking:x")


def test_writing_the_same_event_twice_leaves_one(calendar: Calendar) -> None:
    calendar.write(dinner())
    calendar.write(dinner())
    assert len(calendar.read(at("19:00"), at("22:00"))) == 1


def test_writing_an_event_at_another_time_moves_it_and_changes_its_etag(calendar: Calendar) -> None:
    before = calendar.write(dinner())
    assert calendar.write(dinner(start="20:30")) != before
    assert [event.starts_at for event in calendar.read(at("12:00"), at("23:00"))] == [at("20:30")]


def test_a_tentative_event_is_busy_too(calendar: Calendar) -> None:
    calendar.write(dinner(tag="hold:1", tentative=True))
    assert [event.busy for event in calendar.read(at("19:00"), at("22:00"))] == [True]


def test_reading_leaves_out_what_only_touches_the_span(calendar: Calendar) -> None:
    calendar.write(dinner())
    assert calendar.read(at("21:00"), at("23:00")) == []
    assert calendar.read(at("18:00"), at("19:30")) == []
    assert len(calendar.read(at("20:59"), at("23:00"))) == 1


def test_a_removed_event_is_gone_and_removing_it_again_is_fine(calendar: Calendar) -> None:
    calendar.write(dinner())
    calendar.remove("a1b2c3d4")
    calendar.remove("a1b2c3d4")
    calendar.remove("never-there")
    assert calendar.read(at("19:00"), at("22:00")) == []


def test_a_calendar_that_cannot_be_read_says_so_and_may_be_tried_again(box: Appliance, calendar: Calendar) -> None:
    box.db.execute("INSERT INTO local_calendar (id, failure) VALUES (1, 'both')")
    with pytest.raises(CalendarError) as failure:
        calendar.read(at("19:00"), at("22:00"))
    assert failure.value.retryable
    with pytest.raises(CalendarError):
        calendar.write(dinner())
