"""Slots: a service at a start time that somebody waits for."""

from __future__ import annotations

from datetime import datetime, timedelta

from waitlist_appliance.domain.records import Slot
from waitlist_appliance.domain.states import SlotStatus, slot_status
from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.ids import public_id

ACTIVE = "('available', 'monitoring', 'pending')"


def by_id(db: Database, slot_id: int) -> Slot:
    found = db.row(Slot, "SELECT * FROM slot WHERE id = ?", slot_id)
    if found is None:
        raise LookupError(f"slot {slot_id}")
    return found


def by_public_id(db: Database, slot_id: str) -> Slot | None:
    return db.row(Slot, "SELECT * FROM slot WHERE public_id = ?", slot_id)


def at(db: Database, service_id: int, starts_at: datetime) -> Slot | None:
    return db.row(Slot, "SELECT * FROM slot WHERE service_id = ? AND starts_at = ?", service_id, starts_at)


def ensure(
    db: Database, service_id: int, starts_at: datetime, ends_at: datetime, closes_at: datetime, now: datetime
) -> Slot:
    """The slot at this start, made if nobody waited for it before."""
    found = at(db, service_id, starts_at)
    if found is not None:
        return found
    slot_id = db.insert(
        "slot", public_id=public_id(), service_id=service_id, starts_at=starts_at, ends_at=ends_at,
        closes_at=closes_at, status=SlotStatus.PENDING, created_at=now,
    )  # fmt: skip
    return by_id(db, slot_id)


def overlapping(db: Database, since: datetime, until: datetime) -> list[Slot]:
    """Watched slots whose time overlaps [since, until), earliest first. No slot lasts longer than two days."""
    return db.rows(
        Slot,
        f"""SELECT * FROM slot WHERE starts_at > ?1 - 172800000 AND starts_at < ?2 AND ends_at > ?1
              AND status IN {ACTIVE} ORDER BY starts_at, id""",
        since, until,
    )  # fmt: skip


def due(db: Database, now: datetime, limit: int = 500) -> list[Slot]:
    return db.rows(
        Slot, "SELECT * FROM slot WHERE next_check_at <= ? AND next_check_at IS NOT NULL ORDER BY next_check_at LIMIT ?",
        now, limit,
    )  # fmt: skip


def closing(db: Database, now: datetime, limit: int = 200) -> list[Slot]:
    """Watched slots whose cut-off has passed."""
    return db.rows(
        Slot, f"SELECT * FROM slot WHERE closes_at <= ? AND status IN {ACTIVE} ORDER BY closes_at LIMIT ?", now, limit
    )


def move_cutoffs(db: Database, cutoff: timedelta) -> int:
    """The policy has changed: the slots still watched close that long before their start."""
    return db.execute(
        f"UPDATE slot SET closes_at = starts_at - ? WHERE status IN {ACTIVE}", int(cutoff.total_seconds() * 1000)
    )


def due_now_for(db: Database, customer_id: int, now: datetime) -> int:
    """What stands open where the customer waits is due for a check."""
    return db.execute(
        """UPDATE slot SET next_check_at = ?1 WHERE next_check_at > ?1 AND id IN (
               SELECT w.slot_id FROM wish w INDEXED BY wish_one_active
                 JOIN opening o ON o.slot_id = w.slot_id AND o.state IN ('open', 'exhausted')
                WHERE w.customer_id = ?2 AND w.state IN ('proposed', 'live', 'offered') AND w.state = 'live')""",
        now, customer_id,
    )  # fmt: skip


def all_due_now(db: Database, now: datetime) -> int:
    """Every watched slot is due for a check."""
    return db.execute("UPDATE slot SET next_check_at = ?1 WHERE next_check_at > ?1", now)


def claim_check(db: Database, slot: Slot, next_check_at: datetime | None, now: datetime) -> int:
    """Take the due check; 0 when another task already has."""
    return db.execute(
        "UPDATE slot SET last_check_at = ?, next_check_at = ? WHERE id = ? AND next_check_at = ?",
        now, next_check_at, slot.id, slot.next_check_at,
    )  # fmt: skip


def schedule(db: Database, slot_id: int, next_check_at: datetime | None, interval: int | None) -> int:
    return db.execute(
        "UPDATE slot SET next_check_at = ?, check_interval_minutes = ? WHERE id = ? AND next_check_at IS NOT ?",
        next_check_at, interval, slot_id, next_check_at,
    )  # fmt: skip


def refresh(db: Database, slot_id: int, now: datetime) -> SlotStatus:
    """Store the status that follows from the slot's wishes, openings and bookings; timers stop where none is due."""
    row = db.tuples(
        """SELECT s.closes_at <= ?2, s.status, s.next_check_at,
                  EXISTS (SELECT 1 FROM wish WHERE slot_id = s.id AND state IN ('live', 'offered')),
                  EXISTS (SELECT 1 FROM wish WHERE slot_id = s.id AND state = 'proposed'),
                  (SELECT group_concat(DISTINCT state) FROM opening WHERE slot_id = s.id)
             FROM slot s WHERE s.id = ?1""",
        slot_id, now,
    )[0]  # fmt: skip
    openings = frozenset((row[5] or "").split(","))
    status = slot_status(
        closed=bool(row[0]), openings=openings, waiting=bool(row[3]), invited=bool(row[4]), booked="booked" in openings
    )
    timed = status in (SlotStatus.MONITORING, SlotStatus.AVAILABLE)
    if status != row[1] or (not timed and row[2] is not None):
        db.execute(
            "UPDATE slot SET status = ?, next_check_at = CASE WHEN ? THEN next_check_at END WHERE id = ?",
            status, timed, slot_id,
        )  # fmt: skip
    return status
