"""Cases 37 and 43 on a calendar outside the box: who writes second gives way, and nothing is written twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.conftest import at
from tests.outside_story import Outside
from tests.story import OLIVIA
from waitlist_appliance.ports import CalendarError
from waitlist_appliance.services.cancel_booking import cancel
from waitlist_appliance.services.sync_calendar import sync
from waitlist_appliance.services.write_calendar import write_due


def status(lola: Outside, name: str = "Ana") -> str:
    return lola.story.bookings(name)[0].status.value


def test_a_booking_is_read_written_and_read_again(lola: Outside) -> None:
    lola.story.books("Ana")
    lola.calendar.asked.clear()
    write_due(lola.box, lola.now)
    assert lola.calendar.asked == ["read", "write", "read"]
    assert status(lola) == "confirmed"


def test_an_event_that_was_there_first_takes_the_booking_back(lola: Outside) -> None:
    lola.party()
    lola.story.books("Ana", resource="Table 1")
    lola.story.passes()
    assert (status(lola), lola.story.told("Ana"), lola.calendar.ours()) == ("cancelled", ["apology"], [])
    assert lola.taken() == [("Fiesta Table 1", "Table 1")]


def test_an_event_that_came_while_we_wrote_takes_the_booking_back_and_ours_goes(lola: Outside) -> None:
    lola.story.books("Ana", resource="Table 1")

    def staff_were_faster() -> None:
        lola.calendar.after_write = lambda: None
        lola.party()

    lola.calendar.after_write = staff_were_faster
    lola.story.passes()
    assert (status(lola), lola.story.told("Ana")) == ("cancelled", ["apology"])
    assert list(lola.calendar.events) == ["party"]
    assert lola.story.occupied() == 0


@pytest.mark.parametrize("event", ["another table", "touching", "free", "ours"])
def test_what_is_not_in_the_way_takes_nothing_back(lola: Outside, event: str) -> None:
    if event == "another table":
        lola.party(title="Fiesta Table 2")
    elif event == "touching":
        lola.party("18:00")
    elif event == "free":
        lola.party(busy=False)
    else:
        lola.story.books("Bruno", resource="Table 2")
    lola.story.books("Ana", resource="Table 1")
    lola.story.passes()
    assert status(lola) == "confirmed"


def test_an_unreadable_calendar_keeps_the_booking_pending(lola: Outside) -> None:
    lola.story.books("Ana")
    lola.calendar.fails("read")
    lola.story.ticks(3)
    assert (status(lola), lola.calendar.ours()) == ("pending", [])
    lola.calendar.fails()
    lola.story.ticks(6)
    assert status(lola) == "confirmed"


def test_a_second_read_that_fails_leaves_one_event_and_a_pending_booking(lola: Outside) -> None:
    lola.story.books("Ana")
    lola.calendar.after_write = lambda: lola.calendar.fails("read")
    write_due(lola.box, lola.now)
    assert (status(lola), len(lola.calendar.ours())) == ("pending", 1)
    lola.calendar.fails()
    lola.calendar.after_write = lambda: None
    lola.story.ticks(2)
    assert (status(lola), len(lola.calendar.ours())) == ("confirmed", 1)


def test_a_write_whose_answer_was_lost_leaves_one_event(lola: Outside) -> None:  # case 43
    lola.story.books("Ana")

    def answer_lost() -> None:
        lola.calendar.after_write = lambda: None
        raise CalendarError("timed out", retryable=True)

    lola.calendar.after_write = answer_lost
    write_due(lola.box, lola.now)
    assert status(lola) == "pending"
    lola.reads()
    lola.story.ticks(2)
    assert (status(lola), len(lola.calendar.ours())) == ("confirmed", 1)
    assert lola.story.told("Ana") == ["confirmed"]


def test_an_id_that_was_used_up_becomes_another_and_is_removed_by_that(lola: Outside) -> None:  # case 43
    lola.story.books("Ana")
    [(event_id,)] = lola.box.db.tuples("SELECT event_id FROM calendar_write")
    lola.calendar.used_up.add(event_id)
    lola.story.passes()
    assert lola.event_of("Ana") != event_id
    assert [event.event_id for event in lola.calendar.ours()] == [lola.event_of("Ana")]
    cancel(lola.box, lola.story.bookings()[0].id, lola.now, OLIVIA, "test")
    lola.story.passes()
    assert lola.calendar.ours() == []


def test_an_event_put_on_top_of_a_confirmed_booking_is_told_once(lola: Outside) -> None:
    lola.story.books("Ana", resource="Table 1")
    lola.story.passes()
    lola.party("20:00")
    lola.reads()
    lola.party("20:15")
    lola.reads()
    lola.story.ticks(3)
    assert (status(lola), lola.conditions()) == ("confirmed", ["booking_overlapped"])
    assert lola.activity("booking_overlapped") == 1


@pytest.mark.parametrize("end", ["event gone", "event elsewhere", "booking gone"])
def test_the_alarm_ends_with_the_conflict(lola: Outside, end: str) -> None:
    lola.story.books("Ana", resource="Table 1")
    lola.story.passes()
    lola.party("20:00")
    lola.reads()
    if end == "event gone":
        lola.calendar.delete("party")
    elif end == "event elsewhere":
        lola.calendar.move("party", timedelta(hours=-5))
    else:
        cancel(lola.box, lola.story.bookings()[0].id, lola.now, OLIVIA, "test")
    lola.reads()
    lola.story.passes(seconds=61)
    assert lola.conditions() == []


def test_an_event_that_names_no_table_speaks_of_no_booking_in_particular(lola: Outside) -> None:
    lola.story.books("Ana", resource="Table 1")
    lola.story.passes()
    lola.party("20:00", title="Team meeting")
    lola.reads()
    assert lola.conditions() == []


# --- what is written


def test_by_default_a_calendar_learns_the_name_and_no_more(lola: Outside) -> None:
    lola.story.books("Ana", notes="allergic to nuts")
    lola.story.passes()
    [event] = lola.calendar.ours()
    assert (event.title, event.location) == ("Ana · 2", lola.story.bookings()[0].code)


@pytest.mark.parametrize(
    ("personal", "title", "phone"), [("full", "Ana · 2", True), ("name", "Ana · 2", False), ("none", None, False)]
)
def test_the_owner_says_what_a_calendar_learns(lola: Outside, personal: str, title: str | None, phone: bool) -> None:
    lola.story.policy(event_personal_data=personal)
    lola.story.books("Ana")
    lola.story.passes()
    [event] = lola.calendar.ours()
    assert event.title == (title or f"{lola.story.bookings()[0].code} · 2")
    assert ("+34600000001" in event.location) is phone


def test_the_owner_says_how_an_event_is_called(lola: Outside) -> None:
    lola.story.policy(event_title="{{service}}: {{party_size}} ({{code}})")
    lola.story.books("Ana")
    lola.story.passes()
    service = lola.box.setup().default_service.name
    assert lola.calendar.ours()[0].title == f"{service}: 2 ({lola.story.bookings()[0].code})"


@pytest.mark.parametrize("personal", ["name", "none"])
def test_a_hold_says_for_whom_and_until_when_as_far_as_it_may(lola: Outside, personal: str) -> None:
    lola.story.policy(event_personal_data=personal)
    for table in ("Table 1", "Table 2"):
        lola.party(title=f"Cena {table}", event_id=table)
    lola.reads()
    lola.story.in_line("Ana")
    lola.calendar.delete("Table 1")
    lola.reads()
    lola.story.passes(seconds=61)
    deadline = lola.story.offer("Ana").deadline_at
    assert deadline is not None
    until = f"{deadline.astimezone(lola.box.setup().zone):%H:%M}"
    [event] = lola.calendar.ours()
    assert until in event.title
    assert ("Ana Pérez" in event.title) is (personal == "name")


def test_a_table_with_only_a_feed_is_confirmed_without_being_written(lola: Outside) -> None:
    lola.connects("ics")
    lola.box.db.execute("UPDATE resource SET connection_id = (SELECT id FROM connection WHERE provider = 'ics')")
    sync(lola.box, lola.box.db.value("SELECT id FROM connection WHERE provider = 'ics'"), lola.now)
    lola.story.books("Ana", "21:00")
    assert (status(lola), lola.others["ics"].events) == ("confirmed", {})
    assert at("21:00") == lola.story.bookings()[0].starts_at
