"""Entries: one request of a customer to wait."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.domain.records import Entry
from waitlist_appliance.domain.states import ENTRY_MOVES, EntryStatus
from waitlist_appliance.storage.database import Database


def by_id(db: Database, entry_id: int) -> Entry:
    found = db.row(Entry, "SELECT * FROM entry WHERE id = ?", entry_id)
    if found is None:
        raise LookupError(f"entry {entry_id}")
    return found


def by_public_id(db: Database, public_id: str) -> Entry | None:
    return db.row(Entry, "SELECT * FROM entry WHERE public_id = ?", public_id)


def waiting_for(db: Database, customer_id: int, slot_id: int) -> Entry | None:
    """The customer's active entry that wants this slot, as the requested time or as another wish."""
    return db.row(
        Entry,
        """SELECT e.* FROM entry e WHERE e.customer_id = ?1 AND e.status IN ('invited', 'waiting', 'notified')
              AND (e.requested_slot_id = ?2 OR EXISTS (
                   SELECT 1 FROM wish w WHERE w.entry_id = e.id AND w.slot_id = ?2
                      AND w.state IN ('proposed', 'live', 'offered')))
            ORDER BY e.id LIMIT 1""",
        customer_id, slot_id,
    )  # fmt: skip


def move(db: Database, entry_id: int, to: EntryStatus, **columns: object) -> int:
    """Change the status where the table of moves allows it; 0 when it does not. Column names are our own."""
    allowed = [status for status, targets in ENTRY_MOVES.items() if to in targets]
    sets = "".join(f", {name} = ?" for name in columns)
    marks = ", ".join("?" * len(allowed))
    return db.execute(
        f"UPDATE entry SET status = ?{sets} WHERE id = ? AND status IN ({marks})",
        to, *columns.values(), entry_id, *allowed,
    )  # fmt: skip


def set_columns(db: Database, entry_id: int, **columns: object) -> int:
    """Set columns that are not a state. Column names are our own."""
    sets = ", ".join(f"{name} = ?" for name in columns)
    return db.execute(f"UPDATE entry SET {sets} WHERE id = ?", *columns.values(), entry_id)


def invitations_to_nudge(db: Database, now: datetime, limit: int = 100) -> list[Entry]:
    return db.rows(
        Entry, "SELECT * FROM entry WHERE nudge_at <= ? AND nudge_at IS NOT NULL AND status = 'invited' LIMIT ?",
        now, limit,
    )  # fmt: skip


def active_of_customer(db: Database, customer_id: int) -> list[Entry]:
    return db.rows(
        Entry,
        "SELECT * FROM entry WHERE customer_id = ? AND status IN ('invited', 'waiting', 'notified') ORDER BY id",
        customer_id,
    )
