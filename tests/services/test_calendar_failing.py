"""Cases 36 and 37: a calendar that cannot be read, and staff who fill the time in the calendar app."""

from __future__ import annotations

import pytest

from tests.conftest import at
from tests.story import OLIVIA, Story
from waitlist_appliance.domain.errors import Conflict, NotFound
from waitlist_appliance.services.availability import FreeTimes, free_times
from waitlist_appliance.services.edit_events import add_event
from waitlist_appliance.services.sync_calendar import sync
from waitlist_appliance.storage import alarms

CALENDAR = 1


def failing(story: Story, what: str = "read") -> Story:
    """The calendar has just been found unreadable."""
    story.calendar_fails(what)
    sync(story.box, CALENDAR, story.now)
    return story


def mended(story: Story) -> None:
    story.calendar_fails(None)
    story.passes(seconds=31)


def conditions(story: Story) -> list[str]:
    return [alarm.condition for alarm in alarms.present(story.box.db)]


# --- case 36


def test_nothing_on_an_unreadable_calendar_is_free(story: Story) -> None:
    failing(story)
    assert free_times(story.box, FreeTimes(at("12:00"), at("23:00")), story.now) == []
    with pytest.raises(Conflict):
        story.books("Ana")


def test_a_caller_for_an_unreadable_calendar_is_queued(story: Story) -> None:  # cases 5 and 36
    failing(story)
    assert story.caller("Ana").entry.status == "invited"


def test_staff_see_an_unreadable_calendar_at_once(story: Story) -> None:
    failing(story)
    assert conditions(story) == [f"calendar_failing:{CALENDAR}"]


def test_an_unreadable_calendar_is_one_alarm_however_often_it_fails(story: Story) -> None:
    failing(story)
    story.ticks(10)
    assert conditions(story) == [f"calendar_failing:{CALENDAR}"]
    assert story.box.db.value("SELECT COUNT(*) FROM activity WHERE verb = 'calendar_failing'") == 1


def test_a_calendar_that_is_back_clears_its_alarm(story: Story) -> None:
    failing(story)
    mended(story)
    assert conditions(story) == []
    assert story.books("Ana").resource.name == "Table 1"


def test_a_cancellation_missed_while_it_could_not_be_read_is_found_when_it_is_back(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana")
    failing(story)
    story.box.db.execute("DELETE FROM local_event WHERE resource = (SELECT public_id FROM resource WHERE id = 1)")
    story.ticks(5)
    assert story.asked() == []
    mended(story)
    assert story.asked() == [("Ana", "live")]


def test_a_time_that_staff_free_while_nothing_can_be_read_is_offered_when_it_can(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana")
    story.calendar_fails("read")
    story.frees()
    story.ticks(3)
    assert story.asked() == []
    mended(story)
    assert story.asked() == [("Ana", "live")]


def test_an_event_added_while_nothing_can_be_read_is_refused_or_blocks(story: Story) -> None:
    story.calendar_fails("read")
    with pytest.raises(NotFound, match="calendar_unreadable"):
        add_event(story.box, "Fiesta", at("19:30"), at("21:00"), "Table 1", story.now, OLIVIA)
    assert story.calendar() == []


def test_an_offer_out_stays_out_while_the_calendar_fails(asked: Story) -> None:
    failing(asked)
    asked.passes(minutes=1)
    assert asked.asked() == [("Ana", "live")]


def test_a_yes_while_the_calendar_fails_stays_pending_and_is_written_when_it_is_back(asked: Story) -> None:
    failing(asked, "both")
    assert asked.yes("Ana").outcome == "accepted"
    asked.ticks(3)
    assert asked.bookings("Ana")[0].status == "pending"
    asked.calendar_fails(None)
    asked.ticks(6)
    assert (asked.bookings("Ana")[0].status, asked.told("Ana")[-1]) == ("confirmed", "confirmed")


def test_a_silence_while_the_calendar_fails_asks_nobody_else(asked: Story) -> None:
    failing(asked)
    asked.passes(minutes=16)
    assert asked.asked() == [("Ana", "expired")]
    mended(asked)
    assert asked.asked() == [("Ana", "expired"), ("Bruno", "live")]


# --- case 37


def test_staff_filling_the_time_by_us_withdraws_the_offer(asked: Story) -> None:
    asked.takes("19:30")
    asked.passes()
    assert asked.asked() == [("Ana", "withdrawn")]
    assert (asked.status("Ana"), asked.told("Ana")[-1]) == ("waiting", "offer_lost")
    assert asked.openings() == [("Table 1", "taken")]


def test_an_event_found_by_the_next_read_withdraws_the_offer(asked: Story) -> None:
    asked.in_calendar_app("19:30")
    sync(asked.box, CALENDAR, asked.now)
    asked.passes()
    assert asked.asked() == [("Ana", "withdrawn")]
    assert asked.occupied() == 0


def test_a_yes_after_the_mirror_knows_is_refused(asked: Story) -> None:
    with asked.box.db.write():
        asked.in_calendar_app("19:30")
        row = asked.box.db.tuples("SELECT starts_at, ends_at FROM local_event WHERE title = 'Fiesta'")[0]
        asked.box.db.insert(
            "event", public_id="fiesta", connection_id=CALENDAR, provider_event_id="app", etag="1", title="Fiesta",
            starts_at=row[0], ends_at=row[1], busy=1, resource_id=1,
        )  # fmt: skip
    answer = asked.yes("Ana")
    assert (answer.outcome, answer.keeps_place, asked.bookings()) == ("lost", True, [])


def test_a_yes_whose_calendar_write_finds_staffs_event_is_taken_back(asked: Story) -> None:
    asked.in_calendar_app("19:30")
    assert asked.yes("Ana").outcome == "accepted"
    asked.passes()
    assert asked.bookings("Ana")[0].status == "cancelled"
    assert asked.told("Ana")[-1] == "apology"
    assert sorted(asked.calendar()) == ["Fiesta", "Reserva Table 2"]


def test_after_the_apology_the_wishes_of_this_and_other_entries_live_again(story: Story) -> None:
    story.full("13:00", "19:30", "21:30")
    story.waits("Ana", "19:30", "21:30")
    story.waits("Ana", "13:00")
    story.caller("Ana", "16:00", force=True)
    story.frees()
    story.passes()
    story.in_calendar_app("19:30")
    story.yes("Ana")
    story.passes()
    assert story.wishes("Ana") == {"13:00": "live", "16:00": "proposed", "19:30": "live", "21:30": "live"}
    assert [entry.status for entry in story.entries("Ana")] == ["waiting", "waiting", "invited"]


def test_after_the_apology_the_place_in_line_is_kept(asked: Story) -> None:
    asked.in_calendar_app("19:30")
    asked.yes("Ana")
    asked.passes()
    asked.frees("19:30", "Table 2")
    asked.passes()
    assert asked.asked()[-1] == ("Ana", "live")


def test_after_the_apology_nobody_is_offered_the_taken_time(asked: Story) -> None:
    asked.in_calendar_app("19:30")
    asked.yes("Ana")
    asked.ticks(10)
    assert asked.asked() == [("Ana", "withdrawn")]
    assert "offer" not in asked.told("Bruno")


def test_staff_are_told_of_the_conflict(asked: Story) -> None:
    asked.in_calendar_app("19:30")
    asked.yes("Ana")
    asked.passes()
    assert asked.box.db.value("SELECT COUNT(*) FROM activity WHERE verb = 'booking_conflict'") == 1


def test_an_event_for_the_whole_house_takes_the_yes_back_too(asked: Story) -> None:
    asked.in_calendar_app("19:30", table=None)
    asked.yes("Ana")
    asked.passes()
    assert asked.told("Ana")[-1] == "apology"


def test_an_event_that_only_touches_the_time_does_not_matter(asked: Story) -> None:
    asked.in_calendar_app("18:00")
    asked.in_calendar_app("21:00")
    asked.yes("Ana")
    asked.passes()
    assert asked.bookings("Ana")[0].status == "confirmed"


def test_a_booking_by_phone_that_conflicts_is_apologised_for(story: Story) -> None:
    story.in_calendar_app("19:30")
    story.books("Ana")
    story.passes()
    assert (story.bookings("Ana")[0].status, story.told("Ana")) == ("cancelled", ["apology"])
    assert story.occupied() == 0
