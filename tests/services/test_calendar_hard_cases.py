"""What would hurt quietly: changes of staff that fall between two reads, and graces that end before anybody has looked."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.conftest import at
from tests.memory_calendar import MemoryCalendar
from tests.outside_story import Outside
from tests.story import OLIVIA
from waitlist_appliance.domain.records import Connection
from waitlist_appliance.ports import CalendarError, Changes, SilentTimers
from waitlist_appliance.services import connect_calendar, manage_calendars
from waitlist_appliance.services.own_events import answer_held
from waitlist_appliance.services.sweep import provider_pass, sweep
from waitlist_appliance.services.sync_calendar import sync
from waitlist_appliance.services.watch_calendar import notice
from waitlist_appliance.services.write_calendar import write_due
from waitlist_appliance.storage import watch_channels

SIGNED_OUT = CalendarError("invalid_grant", retryable=False, trouble="signed_out")


def confirmed(lola: Outside, *names: str) -> None:
    for name, time in zip(names, ("13:00", "17:00", "21:00"), strict=False):
        lola.story.books(name, time)
    lola.story.passes()
    lola.reads()


def statuses(lola: Outside) -> list[str]:
    return [booking.status.value for booking in lola.story.bookings()]


def test_a_booking_whose_event_came_back_unread_within_the_grace_is_not_cancelled(lola: Outside) -> None:
    confirmed(lola, "Ana")
    event = lola.calendar.events[lola.event_of("Ana")]
    lola.deletes("Ana")
    lola.reads()
    lola.calendar.events[event.event_id] = event
    lola.calendar.journal.append(event.event_id)
    lola.story.passes(seconds=61)
    assert statuses(lola) == ["confirmed"]


def test_a_grace_ends_with_no_cancellation_while_the_calendar_cannot_be_read(lola: Outside) -> None:
    confirmed(lola, "Ana")
    event = lola.calendar.events[lola.event_of("Ana")]
    lola.deletes("Ana")
    lola.reads()
    lola.calendar.fails("changes")
    lola.story.ticks(3)
    assert statuses(lola) == ["confirmed"]
    lola.calendar.events[event.event_id] = event
    lola.calendar.journal.append(event.event_id)
    lola.calendar.fails()
    lola.story.ticks(6)
    assert statuses(lola) == ["confirmed"]


def test_a_deleted_event_leads_to_an_offer_with_two_reads(lola: Outside) -> None:
    for table in ("Table 1", "Table 2"):
        lola.party(title=f"Cena {table}", event_id=table)
    lola.reads()
    lola.story.in_line("Ana")
    lola.story.passes(minutes=1)
    lola.calendar.asked.clear()
    lola.calendar.delete("Table 1")
    lola.reads("push")
    deleted_at = lola.now
    while not lola.story.asked() and lola.now - deleted_at < timedelta(minutes=5):
        lola.story.now += timedelta(seconds=10)
        sweep(lola.box, lola.now)
        provider_pass(lola.box, lola.now)
    assert lola.story.asked() == [("Ana", "live")]
    assert lola.now - deleted_at <= timedelta(seconds=70)
    assert lola.calendar.asked.count("changes") == 2


def test_a_change_of_an_event_that_we_wrote_while_a_read_was_under_way_is_told_again(lola: Outside) -> None:
    lola.story.books("Ana", "13:00")

    def written_and_dragged(what: str) -> None:
        lola.calendar.before_answer = lambda what: None
        assert write_due(lola.box, lola.now) == 1
        lola.drags("Ana", 2)

    lola.calendar.before_answer = written_and_dragged
    real = lola.calendar.changes

    def answered_late(since: object, until: object, token: str | None) -> Changes:
        """The provider makes its answer after all that happened meanwhile."""
        lola.calendar.before_answer("changes")
        return real(since, until, token)  # type: ignore[arg-type]

    lola.calendar.changes = answered_late  # type: ignore[method-assign]
    assert lola.reads().ok
    lola.story.passes(seconds=1)
    assert [booking.starts_at for booking in lola.story.bookings()] == [at("15:00")]
    assert lola.story.told("Ana")[-1] == "moved"


def test_the_deletion_of_an_event_of_ours_is_found_where_deletions_are_told_by_their_object(lola: Outside) -> None:
    lola.story.books("Ana", "13:00")
    lola.story.passes()
    event = lola.calendar.events[lola.event_of("Ana")]
    path = f"/lola/{event.event_id}.ics"
    answers = [
        Changes([replace(event, series=path, location="")], complete=False, series=[path], token="8"),
        Changes([], complete=False, series=[path], token="9"),
        Changes([], complete=False, token="9"),
        Changes([], complete=False, token="9"),
    ]
    lola.calendar.changes = lambda since, until, token: answers.pop(0)  # type: ignore[method-assign]
    lola.reads()
    lola.calendar.delete(event.event_id)
    lola.story.now += timedelta(seconds=1)
    lola.reads()
    lola.story.passes(seconds=61)
    assert statuses(lola) == ["cancelled"]


def test_held_deletions_whose_events_come_back_unchanged_are_over(lola: Outside) -> None:
    confirmed(lola, "Ana", "Bruno", "Chloé")
    events = dict(lola.calendar.events)
    lola.deletes("Ana", "Bruno", "Chloé")
    lola.reads()
    assert lola.conditions() == ["calendar_changes_held"]
    for event_id, event in events.items():
        lola.calendar.events[event_id] = event
        lola.calendar.journal.append(event_id)
    lola.reads()
    assert lola.conditions() == []
    assert answer_held(lola.box, lola.id, True, lola.now, OLIVIA) == 0
    assert statuses(lola) == ["confirmed"] * 3


def test_a_calendar_that_hangs_is_asked_for_one_write_a_pass(lola: Outside) -> None:
    for name, time in (("Ana", "13:00"), ("Bruno", "17:00"), ("Chloé", "21:00")):
        lola.story.books(name, time)
    lola.calendar.fails("read", "write")
    lola.calendar.asked.clear()
    write_due(lola.box, lola.now)
    assert lola.calendar.asked == ["read"]
    lola.calendar.fails()
    lola.story.ticks(2)
    assert statuses(lola) == ["confirmed"] * 3


def test_what_lies_before_the_span_of_a_full_read_is_forgotten(lola: Outside) -> None:
    lola.party()
    lola.reads()
    lola.story.now += timedelta(days=40)
    lola.reads()
    assert lola.mirrored() == []


def test_a_booking_written_while_another_calendar_was_chosen_is_written_into_the_new_one(lola: Outside) -> None:
    lola.story.books("Ana", "13:00")

    def chosen() -> None:
        lola.calendar.after_write = lambda: None
        with lola.box.db.write():
            lola.box.db.execute("UPDATE connection SET calendar_id = 'other', sync_state = NULL WHERE id = ?", lola.id)

    lola.calendar.after_write = chosen
    write_due(lola.box, lola.now)
    assert (statuses(lola), lola.mirrored()) == (["pending"], [])
    lola.story.ticks(1)
    assert statuses(lola) == ["confirmed"]


def test_a_read_that_fails_after_its_calendar_was_let_go_alarms_nobody(lola: Outside) -> None:
    def let_go(since: object, until: object, token: str | None) -> Changes:
        manage_calendars.disconnect(lola.box, "outside", lola.now, OLIVIA)
        raise CalendarError("the network is away", retryable=True)

    lola.calendar.changes = let_go  # type: ignore[method-assign]
    assert not lola.reads().ok
    assert lola.conditions() == []


class Ringing(SilentTimers):
    """Remembers which calendars were rung for."""

    def __init__(self) -> None:
        self.rung: list[tuple[int, str]] = []

    def sync(self, connection_id: int, cause: str = "due") -> None:
        self.rung.append((connection_id, cause))


def test_asking_for_a_read_by_hand_is_logged_as_such(lola: Outside) -> None:
    lola.box.timers = timers = Ringing()
    manage_calendars.sync_now(lola.box, "outside", lola.now)
    assert timers.rung == [(lola.id, "hand")]


@pytest.mark.parametrize(("well", "rung"), [(True, 1), (False, 0)])
def test_notices_do_not_hurry_a_calendar_that_waits_after_a_failure(lola: Outside, well: bool, rung: int) -> None:
    watch_channels.add(lola.box.db, "channel", lola.id, hashlib.sha256(b"secret").hexdigest(), lola.now)
    watch_channels.opened(lola.box.db, "channel", "resource", lola.now + timedelta(days=7))
    if not well:
        lola.calendar.fails("changes", error=CalendarError("slow down", retryable=True, trouble="too_fast"))
        lola.reads()
    lola.box.timers = timers = Ringing()
    assert notice(lola.box, "channel", "secret", "exists", lola.now)
    assert len(timers.rung) == rung


def test_an_account_that_is_connected_again_is_no_longer_said_to_be_signed_out_until_it_is(lola: Outside) -> None:
    box, provider = lola.box, MemoryCalendar()
    box.calendars = {**box.calendars, "caldav": provider}

    def connects() -> Connection:
        return connect_calendar.connect_caldav(box, "https://dav.example", "ana", "pw", False, lola.now, OLIVIA)[0]

    made = connects()
    manage_calendars.choose(box, made.public_id, "main", None, lola.now, OLIVIA)
    provider.fails("changes", error=SIGNED_OUT)
    sync(box, made.id, lola.now)
    assert lola.conditions() == ["calendar_signed_out"]
    connects()
    assert lola.conditions() == []
    provider.fails("changes")
    sync(box, made.id, lola.now)
    assert lola.conditions() == ["calendar_failing"]


@pytest.mark.parametrize("what", ["choose", "switch", "disconnect"])
def test_a_calendar_that_is_dealt_with_is_no_longer_said_to_be_signed_out(lola: Outside, what: str) -> None:
    lola.calendar.fails("changes", error=SIGNED_OUT)
    lola.reads()
    assert lola.conditions() == ["calendar_signed_out"]
    if what == "choose":
        lola.box.db.execute("UPDATE connection SET calendar_id = 'before' WHERE id = ?", lola.id)
        manage_calendars.choose(lola.box, "outside", "main", None, lola.now, OLIVIA)
    elif what == "switch":
        manage_calendars.switch(lola.box, "outside", False, lola.now, OLIVIA)
    else:
        manage_calendars.disconnect(lola.box, "outside", lola.now, OLIVIA)
    assert lola.conditions() == []
