"""Case 37 at one instant: staff put a dinner into the calendar app while Ana says yes. Never two in one place.

Once it has settled, either the booking was taken back with an apology and Ana kept her place, or it stands and staff
have been told that their event lies on it: nobody is left to find out at the door.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from tests.conftest import at
from tests.memory_calendar import MemoryCalendar
from tests.outside_story import Outside, outside
from tests.services.calendar_race import races
from tests.story import Story
from waitlist_appliance.ports import CalendarEvent
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.sync_calendar import sync

# --- between our reads and our word, step by step


class Watched(MemoryCalendar):
    """Somebody acts just after our read with this number."""

    def __init__(self) -> None:
        super().__init__()
        self.reads_left = 0
        self.act: Callable[[], object] = lambda: None

    def read(self, since: datetime, until: datetime) -> Sequence[CalendarEvent]:
        found = super().read(since, until)
        self.reads_left -= 1
        if self.reads_left == 0:
            self.act()
        return found

    def after_read(self, number: int, act: Callable[[], object]) -> None:
        self.reads_left, self.act = number, act


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
def lola(box: Appliance, watched: Watched) -> Outside:
    return outside(Story(box), watched)


def status(lola: Outside, name: str = "Ana") -> str:
    return lola.story.bookings(name)[-1].status.value


def test_an_event_that_another_read_finds_before_the_booking_is_confirmed_takes_it_back(
    lola: Outside, watched: Watched
) -> None:
    lola.story.books("Ana", resource="Table 1")

    def staff_and_a_push_notice() -> None:
        lola.party()
        assert lola.reads("push").ok

    watched.after_read(2, staff_and_a_push_notice)
    lola.story.passes()
    assert (status(lola), lola.story.told("Ana"), watched.ours()) == ("cancelled", ["apology"], [])


def test_an_event_that_nobody_has_read_before_the_booking_is_confirmed_is_told_to_staff(
    lola: Outside, watched: Watched
) -> None:
    lola.story.books("Ana", resource="Table 1")
    watched.after_read(2, lola.party)
    lola.story.passes()
    lola.reads()
    assert (status(lola), lola.conditions()) == ("confirmed", ["booking_overlapped"])


def test_an_event_on_a_booking_that_is_found_while_another_is_written_is_told_to_staff(lola: Outside) -> None:
    lola.story.books("Ana", resource="Table 1")
    lola.story.passes()
    lola.party()
    lola.story.books("Bruno", resource="Table 2")
    lola.story.passes()
    lola.reads()
    assert (status(lola), status(lola, "Bruno"), lola.conditions()) == (
        "confirmed", "confirmed", ["booking_overlapped"],
    )  # fmt: skip


def test_a_further_calendars_event_takes_back_a_booking_that_is_not_confirmed_yet(lola: Outside) -> None:
    works = lola.connects("ics", "Table 1")
    assert sync(lola.box, works, lola.now, "hand").ok
    lola.calendar.fails("write")
    lola.story.books("Ana", resource="Table 1")
    lola.story.passes()
    assert status(lola) == "pending"
    lola.others["ics"].put("obras", at("19:00"), at("20:00"), "Obras")
    assert sync(lola.box, works, lola.now, "hand").ok
    lola.calendar.fails()
    lola.story.ticks(2)
    assert (status(lola), lola.story.told("Ana")) == ("cancelled", ["apology"])


# --- all at once, on real servers and real threads


@pytest.mark.parametrize(("kind", "number"), [("google", 50), ("caldav", 15)])
def test_staff_and_a_yes_at_the_same_instant_never_make_two(
    kind: str, number: int, ready_made: Path, tmp_path: Path
) -> None:
    ends = races(kind, number, 7, ready_made, tmp_path)
    assert ends.total() == number
    assert ends["taken back"] > 0


@pytest.mark.soak
@pytest.mark.parametrize(("kind", "number"), [("google", 1000), ("caldav", 200)])
def test_a_thousand_times_staff_and_a_yes_at_the_same_instant_never_make_two(
    kind: str, number: int, ready_made: Path, tmp_path: Path
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"the dice were thrown with {seed}")
    ends = races(kind, number, seed, ready_made, tmp_path)
    print(dict(ends))
    assert ends.total() == number
    assert {"taken back", "stands, and staff know"} <= set(ends)
