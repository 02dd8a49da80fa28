"""Matching: freed times are held and offered to the earliest in line whom they fit."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from waitlist_appliance.domain import matching, quiet_hours
from waitlist_appliance.domain.assignment import parties_of
from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.deadlines import is_race, may_still_be_offered
from waitlist_appliance.domain.matching import Candidate
from waitlist_appliance.domain.moments import local, local_day_bounds
from waitlist_appliance.domain.records import Slot
from waitlist_appliance.domain.states import EntryStatus, OfferState, OpeningState, WishState
from waitlist_appliance.services.appliance import SYSTEM, Actor, Appliance
from waitlist_appliance.services.find_openings import Available, find_openings
from waitlist_appliance.services.free_places import Calendars
from waitlist_appliance.services.our_events import show_hold
from waitlist_appliance.services.say import say
from waitlist_appliance.services.settle import refresh_slots
from waitlist_appliance.storage import activity, connections, entries, line, offers, openings, slots, wishes
from waitlist_appliance.storage.setup import Setup

OFFERS_PER_TRANSACTION = 50


@dataclass
class Pass:
    """One pass of matching over some slots: what is free, and who has been asked in it."""

    app: Appliance
    setup: Setup
    now: datetime
    day_start: datetime
    free: dict[int, list[Available]]
    asked: dict[int, frozenset[int]]
    busy_customers: set[int] = field(default_factory=set)
    skipped: dict[int, list[dict[str, object]]] = field(default_factory=lambda: defaultdict(list))
    made: int = 0

    def problem(self, candidate: Candidate, place: Available) -> str | None:
        """Why this candidate is not asked for this place; None when they are."""
        if candidate.customer_id in self.busy_customers:
            return "live_offer"
        asked = candidate.customer_id in self.asked[place.opening.id]
        return matching.problem(candidate, place.resource.seat, asked, self.setup.policies)


def match_interval(app: Appliance, interval: Interval, now: datetime, cause: str) -> int:
    """Match every watched slot whose time overlaps the interval; the number of offers made."""
    margin = app.setup().widest_buffer
    watched = slots.overlapping(app.db, interval.starts_at - margin, interval.ends_at + margin)
    return match_slots(app, watched, now, cause)


def match_slots(
    app: Appliance, watched: Iterable[Slot], now: datetime, cause: str, limit: int = OFFERS_PER_TRANSACTION, *,
    besides: int | None = None,
) -> int:  # fmt: skip
    """Ask, for these slots, which times are free now and who may be asked first; the number of offers made.

    Runs in one write transaction (its own, or the caller's). What ``limit`` leaves over is found by the next pass.
    The customer ``besides`` is asked for nothing.
    """
    with app.db.write():
        setup = app.setup()
        calendars = Calendars(app.db, setup, now)
        open_slots = [slot for slot in watched if slot.closes_at > now]
        free = {slot.id: find_openings(app, setup, calendars, slot, now, cause) for slot in open_slots}
        _read_what_is_too_old(app, setup, calendars, now)
        made = _offer_all(app, setup, open_slots, free, now, limit, besides)
        refresh_slots(app, [slot.id for slot in open_slots], now)
        if made >= limit:
            _go_on_soon(app, open_slots, now)
        return made


def match_open(app: Appliance, now: datetime) -> int:
    """Offer what stood open until its calendar had been read; the number of offers made."""
    return match_slots(app, openings.open_slots(app.db, now), now, "calendar_read")


def _read_what_is_too_old(app: Appliance, setup: Setup, calendars: Calendars, now: datetime) -> None:
    """Something is free as far as is known, and an offer needs to know it now: its calendars are read at once."""
    if setup.policies.offers not in ("automatic", "approve_each"):
        return
    for connection_id in calendars.wanted:
        if connections.read_now(app.db, connection_id, now):
            app.ring_sync(connection_id)


def _go_on_soon(app: Appliance, watched: list[Slot], now: datetime) -> None:
    """More may be free than one short transaction offers: the slots are due for a check at once."""
    for slot in watched:
        slots.schedule(app.db, slot.id, now, slot.check_interval_minutes)
    app.ring_check_slots(now)


def _offer_all(
    app: Appliance, setup: Setup, watched: list[Slot], free: dict[int, list[Available]], now: datetime, limit: int,
    besides: int | None,
) -> int:  # fmt: skip
    if setup.policies.offers not in ("automatic", "approve_each"):
        return 0
    able = [slot for slot in watched if free[slot.id] and _may_offer(setup, slot, now)]
    if not able:
        return 0
    day_start = local_day_bounds(local(now, setup.zone).date(), setup.zone)[0]
    asked = {p.opening.id: line.customers_asked(app.db, p.opening.id) for s in able for p in free[s.id]}
    run = Pass(app, setup, now, day_start, {slot.id: free[slot.id] for slot in able}, asked)
    if besides is not None:
        run.busy_customers.add(besides)
    walked_out = _walk(run, able, limit)
    _note_exhausted(run, walked_out)
    return run.made


def _may_offer(setup: Setup, slot: Slot, now: datetime) -> bool:
    """Whether an offer for the slot can still be answered; in quiet hours, also once they are over."""
    policies = setup.policies
    if not may_still_be_offered(slot.starts_at, now, policies):
        return False
    quiet_end = quiet_hours.quiet_until(now, setup.zone, policies)
    if quiet_end is None or policies.urgent_in_quiet_hours:
        return True
    return not quiet_hours.may_be_lost(slot.starts_at, quiet_end, policies)


def _walk(run: Pass, watched: list[Slot], limit: int) -> set[int]:
    """Go down the lines of all slots as one line, earliest first; the slots whose line was walked to its end."""
    lines: dict[int, Iterator[Candidate]] = {
        slot.id: line.candidates(run.app.db, slot.id, run.day_start, _parties(run, slot)) for slot in watched
    }
    heads: list[tuple[tuple[int, int, int, int], int, Candidate]] = []
    ended: set[int] = set()

    def advance(slot_id: int) -> None:
        head = next(lines[slot_id], None)
        if head is None:
            ended.add(slot_id)
        else:
            heapq.heappush(heads, (head.place, slot_id, head))

    for slot in watched:
        advance(slot.id)
    while heads and run.made < limit:
        _, slot_id, candidate = heapq.heappop(heads)
        if not run.free[slot_id]:
            continue  # nothing is left here: its line need not be walked
        _ask(run, candidate)
        advance(slot_id)
    return ended


def _parties(run: Pass, slot: Slot) -> tuple[int, int]:
    seats = (place.resource.seat for place in run.free[slot.id])
    return parties_of(seats, run.setup.policies.party_tolerance)


def _ask(run: Pass, candidate: Candidate) -> None:
    """Offer the candidate the best free place; note why not where none will do."""
    for place in run.free[candidate.slot_id]:
        why_not = run.problem(candidate, place)
        if why_not is None:
            make_offer(run.app, run.setup, place, candidate, run.now)
            run.made += 1
            run.busy_customers.add(candidate.customer_id)
            openings.remember_skipped(run.app.db, place.opening, run.skipped[place.opening.id])
            _use_up(run, place)
            return
        kept = run.skipped[place.opening.id]
        if len(kept) < openings.SKIPPED_KEPT:
            kept.append({"entry": candidate.entry_id, "why": why_not})


def _use_up(run: Pass, place: Available) -> None:
    """The place is held: nothing else may be made of it, nor of what overlaps it on this resource."""
    place.room -= 1
    for slot_id, free in run.free.items():
        run.free[slot_id] = [other for other in free if not _excluded(other, place)]


def _excluded(other: Available, place: Available) -> bool:
    if other is place:
        return place.room <= 0
    return other.resource.id == place.resource.id and other.taken.overlaps(place.taken)


def _note_exhausted(run: Pass, walked_out: set[int]) -> None:
    """Openings whose whole line was asked are exhausted: free for everybody, until somebody new may be asked."""
    for slot_id, free in run.free.items():
        for place in free:
            openings.remember_skipped(run.app.db, place.opening, run.skipped[place.opening.id])
            if slot_id in walked_out and place.hold is None and place.opening.state == OpeningState.OPEN:
                openings.move(run.app.db, place.opening.id, OpeningState.EXHAUSTED, run.now)


def make_offer(
    app: Appliance, setup: Setup, place: Available, candidate: Candidate, now: datetime, *, by_hand: bool = False,
    actor: Actor = SYSTEM,
) -> int:  # fmt: skip
    """Hold the place (or join its race) and write the offer with its message; the offer's id.

    IntegrityError when the customer has a live offer, was asked before, or the time is taken.
    """
    db = app.db
    if place.hold is None:
        race = not by_hand and is_race(place.slot.starts_at, now, setup.policies)
        hold_id = openings.hold(db, place.opening, place.taken, race, now)
        place.hold = openings.hold_by_id(db, hold_id)
        show_hold(app, place.hold, now)
        place.room = setup.policies.race_size if race else 1
    approve = setup.policies.offers == "approve_each" and not by_hand
    wishes.move(db, candidate.wish_id, WishState.OFFERED, WishState.LIVE)
    offer_id = offers.add(
        db, hold_id=place.hold.id, opening_id=place.opening.id, wish_id=candidate.wish_id, entry_id=candidate.entry_id,
        customer_id=candidate.customer_id, slot_id=place.slot.id, now=now, by_hand=by_hand,
        state=OfferState.PROPOSED if approve else OfferState.LIVE, unsent_limit_at=None,
    )  # fmt: skip
    entries.move(db, candidate.entry_id, EntryStatus.NOTIFIED, notified_at=now)
    activity.record(
        db, now, actor, "offer_proposed" if approve else "offer_made", "offer", offer_id, entry_id=candidate.entry_id,
        customer_id=candidate.customer_id, resource=place.resource.name,
    )  # fmt: skip
    if not approve:
        send_offer(app, setup, offer_id, now)
    return offer_id


def send_offer(app: Appliance, setup: Setup, offer_id: int, now: datetime) -> None:
    """Write the offer's message down. The clock starts when it is handed over, after the quiet hours."""
    offer = offers.by_id(app.db, offer_id)
    slot = slots.by_id(app.db, offer.slot_id)
    quiet_end = quiet_hours.quiet_until(now, setup.zone, setup.policies)
    waits = quiet_end is not None and not quiet_hours.may_be_lost(slot.starts_at, quiet_end, setup.policies)
    due_at = quiet_end if quiet_end is not None and waits else now
    race = openings.hold_by_id(app.db, offer.hold_id).race
    said = say(
        app, "offer_race" if race else "offer", offer.customer_id, now, key=f"offer:{offer.id}", offer_id=offer.id,
        entry_id=offer.entry_id, due_at=due_at,
    )  # fmt: skip
    limit = due_at + timedelta(seconds=setup.policies.unsent_offer_seconds) if said else now
    app.db.execute("UPDATE offer SET unsent_limit_at = ? WHERE id = ?", limit, offer.id)
