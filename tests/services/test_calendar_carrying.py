"""A resource gets another calendar: its bookings go with it, and nothing that lies there cancels one of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.conftest import at
from tests.memory_calendar import MemoryCalendar
from tests.outside_story import Outside
from tests.story import OLIVIA
from waitlist_appliance.domain.records import Connection
from waitlist_appliance.ports import CalendarChoice, CalendarError
from waitlist_appliance.services import manage_calendars
from waitlist_appliance.services.cancel_booking import cancel
from waitlist_appliance.services.own_events import answer_held
from waitlist_appliance.services.sync_calendar import sync
from waitlist_appliance.storage import alarms
from waitlist_appliance.storage import setup as setups


@pytest.fixture
def booked(lola: Outside) -> Outside:
    """Ana has table 1 at 19:30, confirmed; the calendar has been read since."""
    lola.story.books("Ana")
    lola.story.passes()
    lola.reads()
    return lola


def another(lola: Outside) -> MemoryCalendar:
    """A second calendar, connected and read; nothing uses it yet."""
    sync(lola.box, lola.connects("caldav"), lola.now)
    return lola.others["caldav"]


def moves_to_the_other(lola: Outside) -> None:
    manage_calendars.use_for(lola.box, "caldav", None, "write", lola.now, OLIVIA)
    lola.story.passes()


def standing(lola: Outside) -> tuple[str, int, list[str]]:
    """Ana's booking: status, version, and what she was told."""
    booking = lola.story.bookings("Ana")[-1]
    return booking.status.value, booking.version, lola.story.told("Ana")


CONFIRMED = ("confirmed", 1, ["confirmed"])


def test_bookings_ahead_are_written_into_the_new_calendar_and_leave_the_old_one(booked: Outside) -> None:
    other = another(booked)
    moves_to_the_other(booked)
    assert ([e.starts_at for e in other.ours()], booked.calendar.ours()) == ([at("19:30")], [])
    assert standing(booked) == CONFIRMED
    assert booked.event_of("Ana") == other.ours()[0].event_id


def test_a_booking_goes_with_its_table_there_and_back_again(booked: Outside) -> None:
    other = another(booked)
    moves_to_the_other(booked)
    manage_calendars.use_for(booked.box, "outside", None, "write", booked.now, OLIVIA)
    booked.story.passes()
    assert ([e.starts_at for e in booked.calendar.ours()], other.ours()) == ([at("19:30")], [])
    assert standing(booked) == CONFIRMED


def test_a_reservation_copied_by_hand_cancels_no_booking_and_a_person_looks_at_it(booked: Outside) -> None:
    other = another(booked)
    other.put("copy", at("19:30"), at("21:00"), "Ana Table 1")
    assert booked.box.db.value("SELECT COUNT(*) FROM event WHERE provider_event_id = 'copy'") == 0
    sync(booked.box, booked.box.db.value("SELECT id FROM connection WHERE public_id = 'caldav'"), booked.now)
    moves_to_the_other(booked)
    assert standing(booked) == CONFIRMED
    assert (len(other.ours()), booked.conditions()) == (1, ["booking_overlapped"])


def test_what_is_deleted_in_the_calendar_that_was_left_cancels_nothing(booked: Outside) -> None:
    another(booked).fails("write")
    manage_calendars.use_for(booked.box, "caldav", None, "write", booked.now, OLIVIA)
    booked.deletes("Ana")
    booked.reads()
    booked.story.ticks(3)
    assert standing(booked) == CONFIRMED


def test_an_event_stays_in_the_old_calendar_until_the_new_one_has_it(booked: Outside) -> None:
    other = another(booked)
    other.fails("write")
    moves_to_the_other(booked)
    assert (len(booked.calendar.ours()), other.ours()) == (1, [])
    other.fails()
    booked.story.ticks(2)
    assert (booked.calendar.ours(), len(other.ours())) == ([], 1)


def test_a_lost_answer_leaves_one_event_in_the_new_calendar(booked: Outside) -> None:
    other = another(booked)
    other.fails("read")
    moves_to_the_other(booked)
    other.fails()
    booked.story.ticks(2)
    assert (booked.calendar.ours(), len(other.ours())) == ([], 1)


def test_a_booking_cancelled_on_its_way_leaves_no_event_anywhere(booked: Outside) -> None:
    other = another(booked)

    def cancelled() -> None:
        other.after_write = lambda: None
        cancel(booked.box, booked.story.bookings()[0].id, booked.now, OLIVIA, "staff")

    other.after_write = cancelled
    moves_to_the_other(booked)
    assert (booked.calendar.ours(), other.ours()) == ([], [])


def test_a_booking_dragged_on_its_way_is_written_as_it_is_then(booked: Outside) -> None:
    other = another(booked)

    def dragged() -> None:
        other.after_write = lambda: None
        booked.box.db.execute(
            "UPDATE booking SET starts_at = ?, ends_at = ?, version = version + 1", at("20:00"), at("21:30")
        )

    other.after_write = dragged
    moves_to_the_other(booked)
    assert ([e.starts_at for e in other.ours()], booked.calendar.ours()) == ([at("20:00")], [])


def test_a_pending_booking_waits_for_the_new_calendar(lola: Outside) -> None:
    lola.calendar.fails("write")
    lola.story.books("Ana")
    lola.story.passes()
    other = another(lola)
    moves_to_the_other(lola)
    assert (lola.story.told("Ana"), len(other.ours())) == (["confirmed"], 1)
    lola.calendar.fails()
    lola.story.ticks(10)
    assert lola.calendar.ours() == []


def test_another_calendar_of_the_account_gets_the_bookings_ahead(booked: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = CalendarChoice("other", "Casa Lola", "Europe/Madrid", writable=True)
    monkeypatch.setattr(booked.calendar, "choices", lambda access: [chosen])
    booked.calendar.events.clear()  # what the other one holds
    manage_calendars.choose(booked.box, "outside", "other", None, booked.now, OLIVIA)
    booked.story.ticks(5)
    assert [e.starts_at for e in booked.calendar.ours()] == [at("19:30")]
    assert (standing(booked), booked.conditions()) == (CONFIRMED, [])


def test_a_calendar_that_is_let_go_hands_its_bookings_to_the_built_in_one(booked: Outside) -> None:
    manage_calendars.disconnect(booked.box, "outside", booked.now, OLIVIA, force=True)
    booked.story.passes()
    assert standing(booked) == CONFIRMED
    assert booked.box.db.value("SELECT COUNT(*) FROM local_event WHERE tag LIKE 'booking:%'") == 1


# --- put back


def test_events_are_put_back_although_somebody_elses_lies_there_now(lola: Outside) -> None:
    for name, time in (("Ana", "13:00"), ("Bruno", "17:00"), ("Chloé", "21:00")):
        lola.story.books(name, time, resource="Table 1")
    lola.story.passes()
    lola.reads()
    lola.deletes("Ana", "Bruno", "Chloé")
    lola.reads()
    lola.party("13:00")
    assert answer_held(lola.box, lola.id, False, lola.now, OLIVIA) == 3
    lola.story.passes()
    assert [e.starts_at for e in lola.calendar.ours()] == [at("13:00"), at("17:00"), at("21:00")]
    lola.reads()
    lola.story.ticks(3)
    assert (standing(lola), lola.conditions()) == (CONFIRMED, ["booking_overlapped"])


# --- beyond what is read


def connection(lola: Outside) -> Connection:
    found = setups.connection(lola.box.db, lola.id)
    assert found is not None
    return found


def test_an_event_dragged_beyond_what_is_read_moves_the_booking(booked: Outside) -> None:
    booked.calendar.move(booked.event_of("Ana"), timedelta(days=120))
    booked.calendar.oldest = 99
    booked.reads()
    booked.story.passes(seconds=61)
    booking = booked.story.bookings()[0]
    assert (booking.status.value, booking.starts_at) == ("confirmed", at("19:30") + timedelta(days=120))
    assert booked.story.told("Ana") == ["confirmed", "moved"]


def test_an_event_that_cannot_be_asked_for_cancels_nothing_until_it_can(booked: Outside) -> None:
    booked.deletes("Ana")
    booked.calendar.oldest = 99
    booked.calendar.fails("find", error=CalendarError("the network is away", retryable=True))
    assert not booked.reads().ok
    booked.story.ticks(5)
    assert standing(booked) == CONFIRMED
    assert connection(booked).failing_since_at is not None
    booked.calendar.fails()
    booked.story.ticks(10)
    assert (standing(booked)[0], alarms.present(booked.box.db)) == ("cancelled", [])
