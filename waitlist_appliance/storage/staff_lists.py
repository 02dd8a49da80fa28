"""What the staff's pages of slots and phones read: one statement per list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.storage.database import Database


@dataclass(frozen=True, slots=True)
class SlotLine:
    """A watched time; `waiting` counts live and offered wishes, `invited` those whose people have not signed up."""

    id: int
    public_id: str
    starts_at: datetime
    ends_at: datetime
    status: str
    notes: str | None
    waiting: int
    invited: int
    last_check_at: datetime | None
    next_check_at: datetime | None
    check_interval_minutes: int | None


@dataclass(frozen=True, slots=True)
class PhoneLine:
    """One simulated phone with the last thing that was said on it."""

    phone: str
    name: str | None
    last_at: datetime | None
    last_body: str | None


_NAME = "NULLIF(TRIM(COALESCE(customer.first_name, '') || ' ' || COALESCE(customer.last_name, '')), '')"


def watched_slots(db: Database, now: datetime, limit: int = 60, after: tuple[int, int] | None = None) -> list[SlotLine]:
    """The times that somebody waits for or was invited to, by the clock; `after` is the last row's (start ms, id)."""
    sql = """
    SELECT slot.id, slot.public_id, slot.starts_at, slot.ends_at, slot.status, slot.notes, slot.last_check_at, slot.next_check_at,
        slot.check_interval_minutes,
        (SELECT COUNT(*) FROM wish WHERE wish.slot_id = slot.id AND wish.state IN ('live', 'offered')) AS waiting,
        (SELECT COUNT(*) FROM wish WHERE wish.slot_id = slot.id AND wish.state = 'proposed') AS invited
    FROM slot WHERE slot.status IN ('available', 'monitoring', 'pending') AND slot.closes_at > ?
        AND (slot.starts_at, slot.id) > (?, ?)
    ORDER BY slot.starts_at, slot.id LIMIT ?
    """
    return db.rows(SlotLine, sql, now, *(after or (0, 0)), limit)


def phones(db: Database, limit: int = 200) -> list[PhoneLine]:
    """Everybody who was written to or who answered, the latest first."""
    sql = f"""
    WITH said AS (
        SELECT address, at, body, id FROM simulated_message
        UNION ALL SELECT sender, received_at, body, id FROM reply
    ), newest AS (SELECT address, MAX(at) AS last_at, body FROM said GROUP BY address)
    SELECT customer.phone, {_NAME} AS name, MAX(newest.last_at) AS last_at, newest.body AS last_body
    FROM newest JOIN customer ON newest.address IN (customer.phone, customer.email)
    GROUP BY customer.id ORDER BY last_at DESC LIMIT ?
    """
    return db.rows(PhoneLine, sql, limit)
