"""Moving a booking: never two at one table, the old time is offered on, and the customer is told once, the truth."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.conftest import NOW, at
from waitlist_appliance.adapters.calendars.local import LocalCalendar
from waitlist_appliance.domain.errors import Conflict, Invalid, Refused
from waitlist_appliance.domain.records import Booking
from waitlist_appliance.ports import CalendarError, NewEvent
from waitlist_appliance.services.appliance import CUSTOMER, Actor, Appliance
from waitlist_appliance.services.book import BookRequest, book
from waitlist_appliance.services.booking_acts import transition
from waitlist_appliance.services.cancel_booking import cancel
from waitlist_appliance.services.deliver_messages import deliver_due
from waitlist_appliance.services.edit_events import add_event
from waitlist_appliance.services.join_waitlist import JoinRequest, join
from waitlist_appliance.services.lifecycle import advance_bookings
from waitlist_appliance.services.move_booking import Move, move, times_to_move_to
from waitlist_appliance.services.write_calendar import write_due
from waitlist_appliance.storage import bookings, messages

HANNA = Actor("staff", "Hanna")
PHONES = {"Ana": "+34600000001", "Bruno": "+34600000002", "Chloé": "+33612345678", "Diego": "+34600000009"}


def books(box: Appliance, name: str, time: str, party: int = 2, table: str | None = None) -> Booking:
    asked = BookRequest(at(time), name, PHONES[name], party_size=party, resource=table, source="manual")
    return book(box, asked, NOW, HANNA).booking


def works(box: Appliance, now: datetime = NOW) -> None:
    """What the worker does until nothing is due."""
    while write_due(box, now) + deliver_due(box, now):
        pass


def waits(box: Appliance, name: str, time: str, party: int = 2) -> None:
    wanted = JoinRequest(
        at(time), PHONES[name], first_name=name, party_size=party, registered=True, consent=True, force=True,
        source="manual", alternatives=(),
    )  # fmt: skip
    join(box, wanted, NOW, HANNA)


def now_of(box: Appliance, booking: Booking) -> Booking:
    return bookings.by_id(box.db, booking.id)


def said(box: Appliance, name: str) -> list[str]:
    """The kinds of what has gone out by SMS, in order."""
    sql = """SELECT m.kind FROM message m JOIN customer c ON c.id = m.customer_id
              WHERE c.phone = ? AND m.channel = 'sms' AND m.state = 'sent' ORDER BY m.id"""
    return [kind for (kind,) in box.db.tuples(sql, PHONES[name])]


def calendar(box: Appliance) -> list[tuple[str, datetime]]:
    found = box.calendars["local"].read(at("00:00"), at("23:59"))
    return [(event.title, event.starts_at) for event in found]


def refusal(box: Appliance, booking: Booking, to: Move, actor: Actor = HANNA) -> Refused:
    with pytest.raises(Refused) as refused:
        move(box, booking.id, to, NOW, actor)
    return refused.value


@pytest.fixture
def ana(box: Appliance) -> Booking:
    """Ana has table 1 at 19:30, confirmed, and knows it."""
    booking = books(box, "Ana", "19:30", table="Table 1")
    works(box)
    return now_of(box, booking)


def test_a_moved_booking_has_its_new_time_at_once_and_the_calendar_after_it(box: Appliance, ana: Booking) -> None:
    moved = move(box, ana.id, Move(at("21:00")), NOW, HANNA)
    assert (moved.status, moved.starts_at, moved.ends_at, moved.version) == (
        "pending", at("21:00"), at("21:00") + (ana.ends_at - ana.starts_at), 2,
    )  # fmt: skip
    works(box)
    assert now_of(box, ana).status == "confirmed"
    assert calendar(box) == [("Ana · 2", at("21:00"))]


def test_the_customer_is_told_once_that_it_was_moved_and_not_confirmed_again(box: Appliance, ana: Booking) -> None:
    move(box, ana.id, Move(at("21:00")), NOW, HANNA)
    works(box)
    assert said(box, "Ana") == ["confirmed", "moved"]


def test_another_table_at_the_same_time_is_no_news_for_the_guest(box: Appliance, ana: Booking) -> None:
    moved = move(box, ana.id, Move(resource="Table 2"), NOW, HANNA)
    works(box)
    assert box.setup().resources[moved.resource_id].name == "Table 2"
    assert said(box, "Ana") == ["confirmed"]


def test_a_taken_time_is_refused_with_others_and_nothing_changes(box: Appliance, ana: Booking) -> None:
    for table, name in (("Table 1", "Bruno"), ("Table 2", "Chloé")):
        books(box, name, "21:30", table=table)
    refused = refusal(box, ana, Move(at("21:30")))
    assert (refused.code, refused.extra["suggest_waitlist"]) == ("full", True)
    assert at("19:00") in [datetime.fromisoformat(str(time)) for time in refused.extra["alternatives"]]  # type: ignore[attr-defined]
    assert now_of(box, ana) == ana


def test_two_bookings_never_sit_at_one_table(box: Appliance, ana: Booking) -> None:
    bruno = books(box, "Bruno", "21:30", table="Table 1")
    assert refusal(box, ana, Move(at("21:30"), "Table 1")).code == "full"
    assert move(box, ana.id, Move(at("21:30")), NOW, HANNA).resource_id != bruno.resource_id


def test_two_staff_who_move_to_one_place_at_once_do_not_both_get_it(box: Appliance, ana: Booking) -> None:
    bruno = books(box, "Bruno", "19:30", table="Table 2")
    results: list[object] = []
    start = threading.Barrier(2)

    def moves(booking: Booking) -> None:
        start.wait()
        try:
            results.append(move(box, booking.id, Move(at("22:00"), "Table 2"), NOW, HANNA).status)
        except Conflict as refused:
            results.append(refused.code)
        finally:
            box.db.close()

    threads = [threading.Thread(target=moves, args=(booking,)) for booking in (ana, bruno)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, results)) == ["full", "pending"]


def test_a_cancelled_booking_is_not_moved(box: Appliance, ana: Booking) -> None:
    cancel(box, ana.id, NOW, HANNA, "test")
    assert refusal(box, ana, Move(at("21:00"))).code == "booking_over"
    assert box.db.value("SELECT COUNT(*) FROM occupancy") == 0


def test_it_may_slide_along_its_own_table(box: Appliance, ana: Booking) -> None:
    books(box, "Bruno", "19:30", table="Table 2")
    moved = move(box, ana.id, Move(at("20:00")), NOW, HANNA)
    assert (moved.resource_id, moved.starts_at) == (ana.resource_id, at("20:00"))


def test_what_it_leaves_is_offered_to_who_waits(box: Appliance, ana: Booking) -> None:
    books(box, "Bruno", "19:30", table="Table 2")
    waits(box, "Chloé", "19:30")
    move(box, ana.id, Move(at("22:00")), NOW, HANNA)
    works(box)
    assert said(box, "Chloé")[-1] == "offer"


def test_a_time_that_somebody_waits_for_is_not_taken_from_them(box: Appliance, ana: Booking) -> None:
    events = [add_event(box, "Party", at("22:00"), at("23:30"), t, NOW, HANNA) for t in ("Table 1", "Table 2")]
    waits(box, "Diego", "22:00")
    box.db.execute("DELETE FROM event WHERE id = ?", events[0].id)
    box.db.execute("DELETE FROM local_event WHERE uid = ?", events[0].provider_event_id)
    assert refusal(box, ana, Move(at("22:00")), CUSTOMER).code == "reserved"
    works(box)
    assert said(box, "Diego")[-1] == "offer"


def test_outside_the_opening_hours_it_is_refused(box: Appliance, ana: Booking) -> None:
    assert refusal(box, ana, Move(at("04:00", "2026-01-17"))).code == "closed"


def test_into_the_past_it_is_refused(box: Appliance, ana: Booking) -> None:
    refused = refusal(box, ana, Move(NOW - timedelta(hours=1)))
    assert (type(refused), refused.code) == (Invalid, "slot_in_past")


def test_a_party_is_not_moved_to_a_table_that_is_too_small(box: Appliance) -> None:
    four = books(box, "Ana", "19:30", party=4)
    assert refusal(box, four, Move(resource="Table 1")).code == "too_small"


def test_a_move_to_where_it_is_changes_nothing(box: Appliance, ana: Booking) -> None:
    assert move(box, ana.id, Move(at("19:30"), "Table 1"), NOW, HANNA) == ana


def test_a_booking_that_has_begun_is_not_moved(box: Appliance, ana: Booking) -> None:
    advance_bookings(box, at("19:31"))
    with pytest.raises(Conflict, match="booking_over"):
        move(box, ana.id, Move(at("22:00")), at("19:31"), HANNA)


def test_what_was_to_be_said_of_the_old_time_is_never_said(box: Appliance, ana: Booking) -> None:  # case 47
    messages.add(
        box.db, customer_id=ana.customer_id, kind="reminder", channel="sms", booking_id=ana.id, own_act=False, now=NOW,
        facts={"starts_at_ms": 0}, dedupe_key="reminder:1", due_at=at("18:30"),
    )  # fmt: skip
    move(box, ana.id, Move(at("22:00")), NOW, HANNA)
    works(box, at("18:31"))
    assert said(box, "Ana") == ["confirmed", "moved"]


def test_a_message_caught_half_sent_by_a_move_is_dropped_by_its_version(box: Appliance, ana: Booking) -> None:
    messages.add(
        box.db, customer_id=ana.customer_id, kind="reminder", channel="sms", booking_id=ana.id, own_act=False, now=NOW,
        facts={"starts_at_ms": 0, "version": ana.version}, dedupe_key="reminder:1", due_at=NOW,
    )  # fmt: skip
    box.db.execute("UPDATE message SET state = 'sending', lease_until_at = ? WHERE kind = 'reminder'", NOW)
    move(box, ana.id, Move(at("22:00")), NOW, HANNA)
    works(box, NOW + timedelta(minutes=5))
    assert box.db.value("SELECT state FROM message WHERE kind = 'reminder'") == "dropped"


def test_moved_twice_before_anything_went_out_only_the_last_is_said(box: Appliance, ana: Booking) -> None:
    move(box, ana.id, Move(at("21:00")), NOW, HANNA)
    move(box, ana.id, Move(at("22:00")), NOW, HANNA)
    works(box)
    assert said(box, "Ana") == ["confirmed", "moved"]
    assert calendar(box) == [("Ana · 2", at("22:00"))]


def test_moved_before_the_calendar_ever_had_it_the_code_is_still_told(box: Appliance) -> None:
    booking = books(box, "Ana", "19:30")
    move(box, booking.id, Move(at("21:00")), NOW, HANNA)
    works(box)
    assert said(box, "Ana") == ["moved", "confirmed"]
    assert calendar(box) == [("Ana · 2", at("21:00"))]


class Crashing(LocalCalendar):
    """A calendar that takes the event and then loses the answer, once."""

    lost = False

    def write(self, event: NewEvent) -> str:
        etag = super().write(event)
        if not self.lost:
            self.lost = True
            raise CalendarError("the answer was lost", retryable=True)
        return etag


def test_a_crash_while_the_calendar_is_written_leaves_one_event(box: Appliance, ana: Booking) -> None:
    box.calendars = {"local": Crashing(box.db)}
    move(box, ana.id, Move(at("21:00")), NOW, HANNA)
    works(box)
    assert now_of(box, ana).status == "pending"
    works(box, NOW + timedelta(minutes=2))
    assert now_of(box, ana).status == "confirmed"
    assert calendar(box) == [("Ana · 2", at("21:00"))]


class Slow(LocalCalendar):
    """A calendar during whose write the booking is moved."""

    moves: Iterator[Any] = iter(())

    def write(self, event: NewEvent) -> str:
        etag = super().write(event)
        next(self.moves, None)
        return etag


def test_moved_while_it_is_being_written_the_old_event_does_not_stay(box: Appliance) -> None:
    booking, slow = books(box, "Ana", "19:30"), Slow(box.db)
    slow.moves = (move(box, booking.id, Move(at(time)), NOW, HANNA) for time in ("21:00",))
    box.calendars = {"local": slow}
    works(box)
    assert calendar(box) == [("Ana · 2", at("21:00"))]
    assert (now_of(box, booking).status, now_of(box, booking).starts_at) == ("confirmed", at("21:00"))


class Busy(LocalCalendar):
    """A calendar in whose app somebody has just put an event, at 21:00 on table 1."""

    def read(self, since: datetime, until: datetime) -> Any:
        from waitlist_appliance.ports import CalendarEvent

        party = CalendarEvent("x", "1", "Party", at("21:00"), at("22:00"), True, "Table 1", None)
        return [*super().read(since, until), party]


def test_somebody_elses_event_at_the_new_time_cancels_it_and_the_customer_is_told(box: Appliance, ana: Booking) -> None:
    box.calendars = {"local": Busy(box.db)}
    move(box, ana.id, Move(at("21:00"), "Table 1"), NOW, HANNA)
    works(box)
    assert now_of(box, ana).status == "cancelled"
    assert said(box, "Ana")[-1] == "cancelled"
    assert calendar(box) == [("Party", at("21:00"))]


def test_the_times_to_move_to_are_those_that_a_move_accepts(box: Appliance, ana: Booking) -> None:
    books(box, "Bruno", "21:00", table="Table 1")
    books(box, "Chloé", "21:00", table="Table 2")
    times = times_to_move_to(box, ana, at("19:30").date(), NOW)
    assert at("19:00") in times
    assert at("21:00") not in times
    for time in times:
        move(box, ana.id, Move(time), NOW, CUSTOMER)


def test_a_move_is_in_the_history_with_who_did_it(box: Appliance, ana: Booking) -> None:
    move(box, ana.id, Move(at("21:00")), NOW, HANNA)
    sql = "SELECT actor, actor_name FROM activity WHERE verb = 'booking_moved' AND subject_id = ?"
    assert box.db.tuples(sql, ana.id) == [("staff", "Hanna")]


def test_a_no_show_is_said_only_once_the_booking_has_begun(box: Appliance, ana: Booking) -> None:
    with pytest.raises(Conflict, match="not_begun"):
        transition(box, ana.id, "no_show", NOW, HANNA)
    advance_bookings(box, at("19:45"))
    assert transition(box, ana.id, "no_show", at("19:45"), HANNA).status == "no_show"


def test_a_no_show_who_came_after_all_is_not_counted(box: Appliance, ana: Booking) -> None:
    transition(box, ana.id, "no_show", at("19:45"), HANNA)
    assert box.db.value("SELECT no_shows FROM customer WHERE id = ?", ana.customer_id) == 1
    transition(box, ana.id, "completed", at("20:00"), HANNA)
    assert box.db.value("SELECT no_shows FROM customer WHERE id = ?", ana.customer_id) == 0


def test_a_table_left_empty_by_a_no_show_is_free_again(box: Appliance, ana: Booking) -> None:
    transition(box, ana.id, "no_show", at("19:45"), HANNA)
    assert box.db.value("SELECT COUNT(*) FROM occupancy") == 0


def test_refunding_a_booking_ahead_cancels_it_first(box: Appliance, ana: Booking) -> None:
    transition(box, ana.id, "refund", NOW, HANNA)
    works(box)
    assert (now_of(box, ana).status, calendar(box)) == ("refunded", [])
