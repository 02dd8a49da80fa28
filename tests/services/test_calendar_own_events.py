"""Case 44: staff change our events in the calendar app. The booking follows, unless too much changes at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.conftest import NOW, at
from tests.outside_story import Outside
from tests.story import OLIVIA
from waitlist_appliance.ports import CalendarEvent
from waitlist_appliance.services.cancel_booking import cancel
from waitlist_appliance.services.move_booking import Move, move
from waitlist_appliance.services.own_events import answer_held
from waitlist_appliance.services.write_calendar import write_due
from waitlist_appliance.storage.activity import SYSTEM


@pytest.fixture
def booked(lola: Outside) -> Outside:
    """Ana has table 1 at 19:30, confirmed; the calendar has been read since."""
    lola.story.books("Ana")
    lola.story.passes()
    lola.reads()
    return lola


@pytest.fixture
def three(lola: Outside) -> Outside:
    """Three confirmed bookings at different times."""
    for name, time in (("Ana", "13:00"), ("Bruno", "17:00"), ("Chloé", "21:00")):
        lola.story.books(name, time)
    lola.story.passes()
    lola.reads()
    return lola


def after_the_grace(lola: Outside) -> None:
    lola.reads()
    lola.story.passes(seconds=61)


def statuses(lola: Outside) -> list[str]:
    return [booking.status.value for booking in lola.story.bookings()]


# --- deleted


def test_a_deleted_event_cancels_the_booking_and_tells_the_customer(booked: Outside) -> None:
    booked.deletes("Ana")
    after_the_grace(booked)
    assert statuses(booked) == ["cancelled"]
    assert booked.story.told("Ana") == ["confirmed", "cancelled"]
    assert booked.story.occupied() == 0


def test_a_deleted_events_time_is_offered_on(booked: Outside) -> None:
    booked.party(title="Cena Table 2", event_id="t2")
    booked.reads()
    booked.story.waits("Bruno")
    booked.story.passes()
    assert booked.story.asked() == []
    booked.deletes("Ana")
    after_the_grace(booked)
    assert booked.story.asked() == [("Bruno", "live")]


def test_a_deletion_that_is_undone_within_the_grace_cancels_nothing(booked: Outside) -> None:
    event = booked.calendar.events[booked.event_of("Ana")]
    booked.deletes("Ana")
    booked.reads()
    booked.calendar.events[event.event_id] = event
    booked.calendar.journal.append(event.event_id)
    booked.reads()
    booked.story.ticks(3)
    assert statuses(booked) == ["confirmed"]


def test_a_deletion_found_by_a_full_read_counts_too(booked: Outside) -> None:
    booked.deletes("Ana")
    booked.calendar.oldest = 99
    after_the_grace(booked)
    assert statuses(booked) == ["cancelled"]


def test_our_own_removal_is_nobodys_deletion(booked: Outside) -> None:
    cancel(booked.box, booked.story.bookings()[0].id, booked.now, OLIVIA, "staff")
    booked.story.passes()
    booked.reads()
    booked.story.ticks(3)
    assert booked.story.told("Ana") == ["confirmed", "cancelled"]
    assert booked.activity("booking_cancelled") == 1


def test_a_booking_moved_by_us_is_not_cancelled_when_its_old_event_goes(booked: Outside) -> None:
    move(booked.box, booked.story.bookings()[0].id, Move(at("21:00")), booked.now, OLIVIA)
    booked.story.passes()
    booked.reads()
    booked.story.ticks(3)
    assert (statuses(booked), len(booked.calendar.ours())) == (["confirmed"], 1)


def test_an_event_written_while_a_full_read_was_under_way_is_not_missed(lola: Outside) -> None:
    lola.calendar.incremental = False
    lola.reads()
    lola.story.books("Ana")

    def written_meanwhile(what: str) -> None:
        lola.calendar.before_answer = lambda what: None
        assert write_due(lola.box, lola.now) == 1

    lola.calendar.before_answer = written_meanwhile
    lola.story.now += timedelta(seconds=1)
    assert lola.reads().ok
    assert lola.calendar.tokens[-1] is None
    assert [event.vanished_at for event in lola.mirrored()] == [None]
    lola.story.passes(seconds=61)
    assert statuses(lola) == ["confirmed"]


def test_a_past_bookings_event_may_be_deleted(booked: Outside) -> None:
    booked.story.now = at("20:00")
    booked.story.passes()
    booked.deletes("Ana")
    after_the_grace(booked)
    assert statuses(booked) == ["in_progress"]
    assert "cancelled" not in booked.story.told("Ana")


def test_a_holds_event_that_is_deleted_leaves_the_hold_alive(lola: Outside) -> None:
    for table in ("Table 1", "Table 2"):
        lola.party(title=f"Cena {table}", event_id=table)
    lola.reads()
    lola.story.in_line("Ana")
    lola.calendar.delete("Table 1")
    lola.reads()
    lola.story.passes(seconds=61)
    assert lola.story.asked() == [("Ana", "live")]
    lola.calendar.delete(lola.calendar.ours()[0].event_id)
    after_the_grace(lola)
    assert (lola.story.asked(), lola.story.occupied()) == ([("Ana", "live")], 1)
    assert lola.story.yes("Ana").outcome == "accepted"
    lola.story.passes()
    assert statuses(lola) == ["confirmed"]


# --- moved


def test_an_event_dragged_to_another_time_moves_the_booking_and_tells_the_customer(booked: Outside) -> None:
    booked.drags("Ana", 1.5)
    booked.reads()
    booked.story.passes()
    booking = booked.story.bookings()[0]
    assert (booking.starts_at, booking.status.value, booking.version) == (at("21:00"), "confirmed", 2)
    assert booked.story.told("Ana") == ["confirmed", "moved"]
    assert booked.box.db.tuples("SELECT starts_at FROM occupancy") == [(int(at("21:00").timestamp() * 1000),)]
    assert len(booked.calendar.ours()) == 1


def test_what_a_dragged_event_leaves_is_offered(booked: Outside) -> None:
    booked.party(title="Cena Table 2", event_id="t2")
    booked.reads()
    booked.story.waits("Bruno")
    booked.drags("Ana", 2)
    booked.reads()
    booked.story.passes()
    assert booked.story.asked() == [("Bruno", "live")]


def test_an_event_made_longer_blocks_longer_without_troubling_the_customer(booked: Outside) -> None:
    event = booked.calendar.events[booked.event_of("Ana")]
    booked.calendar.put(event.event_id, event.starts_at, at("22:30"), event.title, resource=event.resource, tag=event.tag)
    booked.reads()
    booked.story.passes()
    assert booked.story.bookings()[0].ends_at == at("22:30")
    assert booked.story.told("Ana") == ["confirmed"]


def test_an_event_dragged_onto_a_booking_of_ours_moves_nothing_and_staff_are_told(lola: Outside) -> None:
    for name, time in (("Ana", "17:00"), ("Bruno", "21:00")):
        lola.story.books(name, time, resource="Table 1")
    lola.story.passes()
    lola.reads()
    lola.drags("Ana", 4)
    lola.reads()
    lola.story.ticks(3)
    assert [b.starts_at for b in lola.story.bookings()] == [at("17:00"), at("21:00")]
    assert (lola.conditions(), lola.activity("event_move_refused")) == (["event_moved_onto"], 1)
    assert lola.story.told("Ana") == ["confirmed"]


def test_an_event_dragged_into_the_past_moves_nothing(booked: Outside) -> None:
    booked.drags("Ana", -48)
    booked.reads()
    assert booked.story.bookings()[0].starts_at == at("19:30")
    assert booked.conditions() == ["event_moved_onto"]


def test_an_event_that_was_only_renamed_changes_nothing(booked: Outside) -> None:
    event = booked.calendar.events[booked.event_of("Ana")]
    booked.calendar.put(event.event_id, event.starts_at, event.ends_at, "Ana VIP", resource=event.resource, tag=event.tag)
    booked.reads()
    booked.story.ticks(2)
    assert (booked.story.bookings()[0].version, booked.story.told("Ana")) == (1, ["confirmed"])


def test_a_booking_moved_in_the_calendar_can_be_cancelled_and_leaves_no_event(booked: Outside) -> None:
    booked.drags("Ana", 1)
    booked.reads()
    cancel(booked.box, booked.story.bookings()[0].id, booked.now, SYSTEM, "test")
    booked.story.passes()
    assert booked.calendar.ours() == []


# --- what is ours and what is not


def test_a_copy_that_staff_made_of_our_event_blocks_like_any_other(booked: Outside) -> None:
    ours = booked.calendar.events[booked.event_of("Ana")]
    booked.calendar.put("copy", at("13:00"), at("14:30"), "Ana Table 1", resource=ours.resource, tag=ours.tag)
    booked.reads()
    assert booked.taken() == [("Ana Table 1", "Table 1")]
    assert booked.story.bookings()[0].starts_at == at("19:30")


@pytest.mark.parametrize("tag", ["booking:of-another-box", "hold:1", "hold:x", "nonsense"])
def test_an_event_with_a_tag_that_we_know_nothing_of_blocks(lola: Outside, tag: str) -> None:
    lola.party(tag=tag)
    lola.reads()
    assert lola.taken() == [("Fiesta Table 1", "Table 1")]


def test_an_event_left_behind_by_a_booking_that_is_over_is_removed(booked: Outside) -> None:
    booking = booked.story.bookings()[0]
    cancel(booked.box, booking.id, booked.now, OLIVIA, "staff")
    booked.story.passes()
    left = CalendarEvent(
        "lost0", "1", "Ana", at("19:30"), at("21:00"), True, None, f"booking:{booking.public_id}"
    )
    booked.box.db.execute("UPDATE booking SET calendar_event_id = 'lost0'")
    booked.calendar.events["lost0"] = left
    booked.calendar.journal.append("lost0")
    booked.reads()
    booked.story.passes()
    assert booked.calendar.ours() == []


# --- many at once


@pytest.mark.parametrize("how", ["deleted", "dragged", "mixed"])
def test_three_changes_at_once_change_nothing_and_staff_are_asked(three: Outside, how: str) -> None:
    for number, name in enumerate(("Ana", "Bruno", "Chloé")):
        if how == "deleted" or (how == "mixed" and number == 0):
            three.deletes(name)
        else:
            three.drags(name, 24)
    three.reads()
    three.story.ticks(5)
    assert statuses(three) == ["confirmed"] * 3
    assert three.story.occupied() == 3
    assert (three.conditions(), three.activity("calendar_changes_held")) == (["calendar_changes_held"], 1)
    assert {"cancelled", "moved"}.isdisjoint(three.story.told("Ana") + three.story.told("Chloé"))


def test_two_at_once_are_believed(three: Outside) -> None:
    three.deletes("Ana", "Bruno")
    after_the_grace(three)
    assert statuses(three) == ["cancelled", "cancelled", "confirmed"]


def test_three_within_one_grace_are_many_too(three: Outside) -> None:
    three.deletes("Ana", "Bruno")
    three.reads()
    three.story.now += timedelta(seconds=20)
    three.deletes("Chloé")
    after_the_grace(three)
    assert statuses(three) == ["confirmed"] * 3
    assert three.conditions() == ["calendar_changes_held"]


def test_the_limit_is_the_owners(three: Outside) -> None:
    three.story.policy(mass_change_limit=4)
    three.deletes("Ana", "Bruno", "Chloé")
    after_the_grace(three)
    assert statuses(three) == ["cancelled"] * 3


def test_when_staff_agree_the_bookings_follow_the_calendar(three: Outside) -> None:
    three.deletes("Ana", "Bruno")
    three.drags("Chloé", 24)
    three.reads()
    assert answer_held(three.box, three.id, True, three.now, OLIVIA) == 3
    three.story.passes()
    assert statuses(three) == ["cancelled", "cancelled", "confirmed"]
    assert three.story.bookings("Chloé")[0].starts_at == at("21:00") + timedelta(days=1)
    assert (three.story.told("Ana")[-1], three.story.told("Chloé")[-1]) == ("cancelled", "moved")
    assert three.conditions() == []


def test_when_staff_refuse_our_events_are_put_back_and_nobody_is_told(three: Outside) -> None:
    three.deletes("Ana", "Bruno")
    three.drags("Chloé", 24)
    three.reads()
    assert answer_held(three.box, three.id, False, three.now, OLIVIA) == 3
    three.story.passes()
    three.reads()
    three.story.ticks(3)
    assert [event.starts_at for event in three.calendar.ours()] == [at("13:00"), at("17:00"), at("21:00")]
    assert statuses(three) == ["confirmed"] * 3
    assert three.story.told("Ana") == ["confirmed"]
    assert three.conditions() == []


def test_an_answer_given_twice_does_nothing_the_second_time(three: Outside) -> None:
    three.deletes("Ana", "Bruno", "Chloé")
    three.reads()
    answer_held(three.box, three.id, True, three.now, OLIVIA)
    assert answer_held(three.box, three.id, False, three.now, OLIVIA) == 0
    assert statuses(three) == ["cancelled"] * 3


def test_held_changes_that_come_right_by_themselves_are_over(three: Outside) -> None:
    for name in ("Ana", "Bruno", "Chloé"):
        three.drags(name, 24)
    three.reads()
    for name in ("Ana", "Bruno", "Chloé"):
        three.drags(name, -24)
    three.reads()
    assert three.conditions() == []
    assert answer_held(three.box, three.id, True, three.now, OLIVIA) == 0


def test_a_full_read_asks_about_the_same_changes_only_once(three: Outside) -> None:
    three.deletes("Ana", "Bruno", "Chloé")
    three.reads()
    three.calendar.oldest = 99
    three.story.now = NOW + timedelta(minutes=10)
    three.reads()
    assert three.activity("calendar_changes_held") == 1
    assert answer_held(three.box, three.id, True, three.now, OLIVIA) == 3
