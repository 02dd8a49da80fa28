"""Openings, and the holds that take their time."""

from __future__ import annotations

import json
from datetime import datetime

from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.records import Hold, Opening, Slot
from waitlist_appliance.domain.states import OPENING_MOVES, OpeningState
from waitlist_appliance.storage import occupancy
from waitlist_appliance.storage.database import Database

SKIPPED_KEPT = 20


def by_id(db: Database, opening_id: int) -> Opening:
    found = db.row(Opening, "SELECT * FROM opening WHERE id = ?", opening_id)
    if found is None:
        raise LookupError(f"opening {opening_id}")
    return found


def active_of_slot(db: Database, slot_id: int) -> list[Opening]:
    return db.rows(
        Opening, "SELECT * FROM opening WHERE slot_id = ? AND state IN ('open', 'held', 'exhausted')", slot_id
    )


def open_slots(db: Database, now: datetime) -> list[Slot]:
    """The watched times with something that stands open: free, and offered to nobody yet."""
    return db.rows(
        Slot,
        """SELECT * FROM slot WHERE closes_at > ? AND id IN (SELECT slot_id FROM opening INDEXED BY opening_one_active
                  WHERE state IN ('open', 'held', 'exhausted') AND state = 'open') ORDER BY starts_at, id""",
        now,
    )


def of_slot(db: Database, slot_id: int) -> list[Opening]:
    return db.rows(Opening, "SELECT * FROM opening WHERE slot_id = ? ORDER BY id DESC LIMIT 50", slot_id)


def add(db: Database, slot_id: int, resource_id: int, cause: str, now: datetime) -> Opening:
    opening_id = db.insert(
        "opening", slot_id=slot_id, resource_id=resource_id, cause=cause, freed_at=now, state=OpeningState.OPEN
    )
    return by_id(db, opening_id)


def move(db: Database, opening_id: int, to: OpeningState, now: datetime) -> int:
    """Change the state where the table of moves allows it; 0 when it does not."""
    allowed = [state for state, targets in OPENING_MOVES.items() if to in targets]
    ended = now if to in (OpeningState.BOOKED, OpeningState.TAKEN, OpeningState.PAST) else None
    return db.execute(
        f"UPDATE opening SET state = ?, ended_at = ? WHERE id = ? AND state IN ({', '.join('?' * len(allowed))})",
        to, ended, opening_id, *allowed,
    )  # fmt: skip


def remember_skipped(db: Database, opening: Opening, skipped: list[dict[str, object]]) -> None:
    """Keep why the first people in line were not asked, for "why not offered?"."""
    text = json.dumps(skipped[:SKIPPED_KEPT])
    if text != opening.skipped:
        db.execute("UPDATE opening SET skipped = ? WHERE id = ?", text, opening.id)


def hold_by_id(db: Database, hold_id: int) -> Hold:
    found = db.row(Hold, "SELECT * FROM hold WHERE id = ?", hold_id)
    if found is None:
        raise LookupError(f"hold {hold_id}")
    return found


def live_hold(db: Database, opening_id: int) -> Hold | None:
    return db.row(Hold, "SELECT * FROM hold WHERE opening_id = ? AND state = 'live'", opening_id)


def hold(db: Database, opening: Opening, taken: Interval, race: bool, now: datetime) -> int:
    """Hold the opening's time: nobody else can book it. IntegrityError when something overlaps."""
    hold_id = db.insert(
        "hold", opening_id=opening.id, slot_id=opening.slot_id, resource_id=opening.resource_id, state="live",
        race=race, created_at=now,
    )  # fmt: skip
    occupancy.occupy(db, opening.resource_id, taken, hold_id=hold_id)
    if opening.state == OpeningState.EXHAUSTED:
        move(db, opening.id, OpeningState.OPEN, now)
    move(db, opening.id, OpeningState.HELD, now)
    return hold_id


def release(db: Database, hold: Hold, to: OpeningState, now: datetime) -> int:
    """End the hold, free its time and move its opening; 0 when the hold was over already."""
    won = db.execute("UPDATE hold SET state = 'released', ended_at = ? WHERE id = ? AND state = 'live'", now, hold.id)
    if won:
        occupancy.release_hold(db, hold.id)
        move(db, hold.opening_id, to, now)
    return won


def hold_booked(db: Database, hold_id: int, now: datetime) -> int:
    """The hold has turned into a booking; 0 when it was over."""
    return db.execute("UPDATE hold SET state = 'booked', ended_at = ? WHERE id = ? AND state = 'live'", now, hold_id)
