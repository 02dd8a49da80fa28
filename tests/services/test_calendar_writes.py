"""Cases 43 and 51 at service level: an event is written once, whatever happens to the answer; and removed for good."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.story import Story
from waitlist_appliance.adapters.calendars.local import LocalCalendar
from waitlist_appliance.ports import NewEvent, Written
from waitlist_appliance.services.booking_acts import transition
from waitlist_appliance.services.cancel_booking import cancel
from waitlist_appliance.services.leave_waitlist import leave
from waitlist_appliance.services.write_calendar import LEASE, write_due
from waitlist_appliance.storage import alarms
from waitlist_appliance.storage.activity import SYSTEM


def writes(story: Story, kind: str) -> list[tuple[str, int]]:
    """State and number of attempts of the calendar writes of a kind."""
    return story.box.db.tuples("SELECT state, attempts FROM calendar_write WHERE kind = ? ORDER BY id", kind)


def claimed_and_dead(story: Story) -> None:
    """A worker claimed the booking's write and died: after the provider had done it, our rows say nothing of it."""
    story.box.db.execute("UPDATE calendar_write SET state = 'pending', attempts = 1 WHERE kind = 'booking'")
    lease = int((story.now + LEASE).timestamp() * 1000)
    story.box.db.execute(
        "UPDATE calendar_write SET state = 'running', lease_until_at = ? WHERE kind = 'booking'", lease
    )
    story.box.db.execute("UPDATE booking SET status = 'pending', confirmed_at = NULL, pending_since_at = ?", story.now)
    story.box.db.execute("DELETE FROM event WHERE tag LIKE 'booking:%'")


class Slow(LocalCalendar):
    """The built-in calendar, with something happening after it has taken an event and before we hear of it."""

    def __init__(self, story: Story, meanwhile: Callable[[], object]) -> None:
        super().__init__(story.box.db)
        self.meanwhile = meanwhile

    def write(self, event: NewEvent) -> Written:
        if event.tag.startswith("booking:"):
            self.meanwhile()
        return super().write(event)


def test_a_booking_cancelled_and_removed_while_it_is_being_written_leaves_no_event(asked: Story) -> None:  # case 51
    asked.yes("Ana")

    def cancelled_and_removed() -> None:
        cancel(asked.box, asked.bookings("Ana")[0].id, asked.now, SYSTEM, "test")
        write_due(asked.box, asked.now)

    asked.box.calendars = {"local": Slow(asked, cancelled_and_removed)}
    asked.ticks(5)
    assert "Ana Pérez · 2" not in asked.calendar()
    assert asked.box.db.value("SELECT COUNT(*) FROM event WHERE tag LIKE 'booking:%'") == 0


def test_a_write_whose_answer_was_lost_leaves_one_event(asked: Story) -> None:  # case 43
    asked.yes("Ana")
    asked.passes()
    claimed_and_dead(asked)
    asked.passes(minutes=2)
    assert asked.calendar().count("Ana Pérez · 2") == 1
    assert asked.bookings("Ana")[0].status == "confirmed"


def test_a_write_whose_answer_was_lost_tells_the_customer_once(asked: Story) -> None:  # case 43
    asked.yes("Ana")
    asked.passes()
    claimed_and_dead(asked)
    asked.passes(minutes=2)
    assert asked.told("Ana").count("confirmed") == 1


def test_a_claimed_write_is_left_to_its_worker_until_the_lease_ends(asked: Story) -> None:  # case 51
    asked.yes("Ana")
    asked.passes()
    claimed_and_dead(asked)
    assert write_due(asked.box, asked.now + LEASE - timedelta(milliseconds=1)) == 0
    assert write_due(asked.box, asked.now + LEASE) == 1


def test_a_write_for_a_cancelled_booking_writes_nothing(asked: Story) -> None:
    asked.yes("Ana")
    cancel(asked.box, asked.bookings("Ana")[0].id, asked.now, SYSTEM, "test")
    asked.passes()
    assert "Ana Pérez · 2" not in asked.calendar()
    assert {state for state, _ in writes(asked, "booking")} == {"dropped"}


def test_a_booking_cancelled_after_a_lost_answer_leaves_no_event(asked: Story) -> None:
    asked.yes("Ana")
    asked.passes()
    claimed_and_dead(asked)
    cancel(asked.box, asked.bookings("Ana")[0].id, asked.now, SYSTEM, "test")
    asked.passes(minutes=2)
    assert "Ana Pérez · 2" not in asked.calendar()


@pytest.mark.parametrize("end", ["yes", "no", "silence", "taken", "left"])
def test_a_holds_tentative_event_is_gone_however_the_hold_ends(story: Story, end: str) -> None:
    story.full("19:30")
    story.in_line("Ana")
    story.frees()
    story.passes()
    assert len(story.held_in_calendar()) == 1
    acts: dict[str, Callable[[], object]] = {
        "yes": lambda: story.yes("Ana"), "no": lambda: story.no("Ana"), "silence": lambda: story.passes(minutes=15),
        "taken": lambda: story.takes("19:30"),
        "left": lambda: leave(story.box, story.joined["Ana", "19:30"].token, story.now),
    }  # fmt: skip
    acts[end]()
    story.passes()
    assert story.held_in_calendar() == []
    assert story.box.db.value("SELECT COUNT(*) FROM event WHERE tag LIKE 'hold:%'") == 0


@pytest.mark.parametrize("end", ["yes", "no"])
def test_a_tentative_event_that_could_not_be_written_in_time_is_never_left_behind(story: Story, end: str) -> None:
    story.full("19:30")
    story.in_line("Ana")
    story.calendar_fails("write")
    story.frees()
    story.passes()
    story.yes("Ana") if end == "yes" else story.no("Ana")
    story.calendar_fails(None)
    story.ticks(12)
    assert story.held_in_calendar() == []


def test_a_failing_write_is_retried_less_and_less_often(asked: Story) -> None:
    asked.calendar_fails("write")
    asked.yes("Ana")
    asked.ticks(30)
    [(state, attempts)] = writes(asked, "booking")
    assert state == "pending"
    assert 6 <= attempts <= 13


def test_a_booking_pending_for_two_minutes_alarms_staff_once(asked: Story) -> None:
    asked.calendar_fails("write")
    asked.yes("Ana")
    asked.ticks(1)
    assert alarms.present(asked.box.db) == []
    asked.ticks(20)
    [alarm] = alarms.present(asked.box.db)
    assert (alarm.condition, alarm.detail, alarm.count) == (
        f"booking_pending:{asked.bookings()[0].id}", asked.bookings()[0].code, 1,
    )  # fmt: skip
    assert asked.box.db.value("SELECT COUNT(*) FROM activity WHERE verb = 'booking_pending_long'") == 1


def test_a_pending_booking_keeps_its_time_blocked(asked: Story) -> None:
    asked.calendar_fails("write")
    asked.yes("Ana")
    asked.ticks(30, step=5)
    assert asked.occupied() == 1
    assert asked.asked() == [("Ana", "accepted")]


@pytest.mark.parametrize("end", ["written", "cancelled", "conflict", "begun"])
def test_the_alarm_of_a_pending_booking_ends_with_it(asked: Story, end: str) -> None:
    asked.calendar_fails("write")
    asked.yes("Ana")
    asked.ticks(5)
    assert len(alarms.present(asked.box.db)) == 1
    if end == "cancelled":
        cancel(asked.box, asked.bookings()[0].id, asked.now, SYSTEM, "test")
    if end == "conflict":
        asked.in_calendar_app("19:30")
    if end == "begun":
        asked.until("19:30")
    asked.calendar_fails(None)
    asked.ticks(10)
    assert alarms.present(asked.box.db) == []


def test_one_write_that_raises_does_not_stop_the_others(story: Story) -> None:  # case 53
    story.books("Ana", "13:00")
    story.books("Bruno", "13:00")
    story.box.db.execute("PRAGMA foreign_keys = OFF")
    story.box.db.execute("UPDATE calendar_write SET booking_id = 999 WHERE id = 1")
    story.passes()
    assert [booking.status for booking in story.bookings()] == ["pending", "confirmed"]


def test_our_own_events_never_count_as_somebody_elses(asked: Story) -> None:
    asked.yes("Ana")
    asked.ticks(30, step=5)
    assert [booking.status for booking in asked.bookings()] == ["confirmed"]
    assert asked.asked() == [("Ana", "accepted")]


def test_a_booking_that_staff_confirm_while_it_is_written_is_not_taken_back_by_an_event_in_the_way(asked: Story) -> None:
    asked.yes("Ana")
    booking = asked.bookings("Ana")[0]
    late = asked.now + timedelta(minutes=20)

    def confirmed_by_hand_and_overlapped() -> None:
        if asked.bookings("Ana")[0].status == "pending":
            transition(asked.box, booking.id, "confirmed", late, SYSTEM)
            asked.box.db.insert(
                "local_event", uid="theirs", title="Reserva", starts_at=booking.starts_at, ends_at=booking.ends_at,
            )  # fmt: skip

    asked.box.calendars = {"local": Slow(asked, confirmed_by_hand_and_overlapped)}
    write_due(asked.box, late)
    write_due(asked.box, late)
    after = asked.bookings("Ana")[0]
    assert (after.status, after.calendar_event_id is not None) == ("confirmed", True)
    assert asked.calendar().count("Ana Pérez · 2") == 1
