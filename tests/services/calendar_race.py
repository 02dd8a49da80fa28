"""One instant, many times: a customer says yes, staff put a dinner into the calendar app, and a push notice comes in."""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tests.conftest import at, build_box
from tests.services.calendar_house import House, house_on
from tests.story import LASTS
from waitlist_appliance.domain.errors import Conflict
from waitlist_appliance.services.answer_offer import accept_offer
from waitlist_appliance.services.appliance import VOICE_AGENT
from waitlist_appliance.services.book import BookRequest, book
from waitlist_appliance.services.join_waitlist import JoinRequest, join
from waitlist_appliance.services.sync_calendar import sync
from waitlist_appliance.services.write_calendar import write_due
from waitlist_appliance.storage import alarms

# So many evenings of one house are raced for, one after the other; then comes the next house.
EVENINGS = 25
# Staff act at any moment of the yes and its writing, or just before one of our three steps takes effect.
MOMENTS = (None, None, "read", "write", "second_read")
LATEST_SECONDS = 0.04
# As long as we need to read, write and read again.
STAFF_LATEST_SECONDS = {"google": 0.1, "caldav": 0.4}
# Minutes until everything has settled, retried writes included.
SETTLED = 3


@dataclass(frozen=True)
class Evening:
    """One place that is offered to one person."""

    name: str
    starts_at: datetime
    offer_id: int


def races(kind: str, number: int, seed: int, ready_made: Path, folder: Path) -> Counter[str]:
    """Race ``number`` times on this kind of calendar; how often it ended how. AssertionError for a wrong end."""
    ends: Counter[str] = Counter()
    dice = random.Random(seed)
    while ends.total() < number:
        place = folder / f"house-{ends.total()}"
        place.mkdir()
        shutil.copy(ready_made, place / "waitlist.db")
        box = build_box(place)
        with house_on(kind, box) as house:
            evenings = _offered(house, min(EVENINGS, number - ends.total()))
            for evening in evenings:
                _race(house, evening, dice, STAFF_LATEST_SECONDS[kind])
            house.story.ticks(SETTLED)
            ends += _ends(house, evenings)
        box.db.close()
        shutil.rmtree(place)
    return ends


def _offered(house: House, number: int) -> list[Evening]:
    """Table 1 was given up on so many evenings, and somebody has just been asked for each."""
    story, starts = house.story, [at("19:30") + timedelta(days=day) for day in range(number)]
    dinners = [house.app.put("Cena Table 1", start) for start in starts]
    for start in starts:
        house.app.put("Cena Table 2", start)
    house.reads()
    for day, start in enumerate(starts):
        name = f"Guest {day}"
        request = JoinRequest(start, story.phone(name), name, party_size=2, registered=True, consent=True, locale="es")
        join(story.box, request, story.now, VOICE_AGENT)
    for dinner in dinners:
        house.app.delete(dinner)
    house.reads()
    story.passes(seconds=61)
    house.reads()
    story.passes()
    offers = [story.offer(f"Guest {day}") for day in range(number)]
    assert {offer.state.value for offer in offers} == {"live"}
    return [Evening(f"Guest {day}", starts[day], offers[day].id) for day in range(number)]


def _race(house: House, evening: Evening, dice: random.Random, staff_latest: float) -> None:
    """Everybody acts at once, on threads of their own; then the worker does what is due."""
    story, moment, not_yet = house.story, dice.choice(MOMENTS), threading.Lock()

    def staff() -> None:
        if not_yet.acquire(blocking=False):
            house.app.put(f"Fiesta Table 1 {evening.name}", evening.starts_at, LASTS)

    def guest() -> None:
        assert accept_offer(story.box, evening.offer_id, story.now).outcome in ("accepted", "lost")
        write_due(story.box, story.now)

    def caller() -> None:
        request = BookRequest(evening.starts_at, "Diego", story.phone("Diego"), party_size=2)
        try:
            book(story.box, request, story.now, VOICE_AGENT)
        except Conflict:
            return
        raise AssertionError("the held table was booked by somebody else")

    def push() -> None:
        assert sync(story.box, house.connection.id, story.now, "push").ok
        write_due(story.box, story.now)

    acts = [(act, dice.uniform(0, LATEST_SECONDS)) for act in (guest, caller, push, push)]
    if moment is None:
        acts.append((staff, dice.uniform(0, staff_latest)))
    else:
        house.app.before(moment, staff)
    _at_once(house, acts)
    house.app.heals()
    staff()  # should the moment not have come
    house.reads()
    story.passes()


def _at_once(house: House, acts: list[tuple[Callable[[], None], float]]) -> None:
    """Each act on a thread of its own, so many seconds after the start."""
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], None], delay: float) -> None:
        barrier.wait(10)
        time.sleep(delay)
        try:
            act()
        finally:
            house.story.box.db.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        for done in [threads.submit(run, act, delay) for act, delay in acts]:
            done.result(60)


def _ends(house: House, evenings: list[Evening]) -> Counter[str]:
    """How each evening ended."""
    box, shown = house.story.box, house.app.shows()
    reported = {alarm.condition for alarm in alarms.present(box.db)}
    ends: Counter[str] = Counter()
    for evening in evenings:
        there = [one.title for one in shown if one.starts_at == evening.starts_at and "Table 2" not in one.title]
        fiesta = box.db.value("SELECT id FROM event WHERE title = ?", f"Fiesta Table 1 {evening.name}")
        ends[_end(house, evening, there, f"booking_overlapped:{fiesta}" in reported)] += 1
    overlapping = box.db.value(
        """SELECT COUNT(*) FROM occupancy a JOIN occupancy b ON a.id < b.id AND a.resource_id = b.resource_id
              AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at"""
    )
    assert overlapping == 0
    return ends


def _end(house: House, evening: Evening, there: list[str], reported: bool) -> str:
    story, name = house.story, evening.name
    fiesta = f"Fiesta Table 1 {name}"
    states = [booking.status.value for booking in story.bookings(name)]
    told, facts = story.told(name), (name, states, there, story.told(name), story.status(name))
    assert fiesta in there, f"staff's event is gone: {facts}"
    if states == ["confirmed"]:
        assert reported, f"two in one place, and nobody knows: {facts}"
        assert (len(there), told[-1]) == (2, "confirmed"), facts
        return "stands, and staff know"
    assert there == [fiesta], f"something of ours was left behind: {facts}"
    assert story.status(name) == "waiting", facts
    if not states:
        assert told[-1] == "offer_lost", facts
        return "refused"
    assert (states, told[-1]) == (["cancelled"], "apology"), facts
    return "taken back"
