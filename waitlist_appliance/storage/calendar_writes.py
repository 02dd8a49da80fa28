"""What must still be written to calendars: rows written with the change, worked off later."""

from __future__ import annotations

import hashlib
from datetime import datetime

from waitlist_appliance.domain.records import CalendarWrite
from waitlist_appliance.storage.database import Database

CLAIMABLE = "(state = 'pending' OR (state = 'running' AND lease_until_at <= ?2))"


def event_id(kind: str, subject: str, version: int) -> str:
    """Hex, a subset of every provider's alphabet; the same subject and version always give the same id."""
    return hashlib.sha256(f"{kind}:{subject}:{version}".encode()).hexdigest()[:32]


def add(
    db: Database, kind: str, connection_id: int, write_event_id: str, now: datetime, *,
    hold_id: int | None = None, booking_id: int | None = None,
) -> bool:  # fmt: skip
    """Write down what the calendar must be told; False when it was written down before.

    A removal is always due again: it may have been done before a write that was under way brought the event.
    """
    return bool(
        db.execute(
            """INSERT INTO calendar_write (kind, connection_id, hold_id, booking_id, event_id, due_at,
                      dedupe_key, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT (dedupe_key) DO UPDATE SET state = 'pending', due_at = excluded.due_at
                  WHERE kind = 'remove'""",
            kind, connection_id, hold_id, booking_id, write_event_id, now, f"{kind}:{write_event_id}", now,
        )
    )  # fmt: skip


def by_id(db: Database, write_id: int) -> CalendarWrite:
    found = db.row(CalendarWrite, "SELECT * FROM calendar_write WHERE id = ?", write_id)
    if found is None:
        raise LookupError(f"calendar write {write_id}")
    return found


def due(db: Database, now: datetime, limit: int) -> list[CalendarWrite]:
    return db.rows(
        CalendarWrite,
        f"""SELECT * FROM calendar_write WHERE state IN ('pending', 'running') AND due_at <= ?2 AND {CLAIMABLE}
             ORDER BY due_at, id LIMIT ?1""",
        limit, now,
    )  # fmt: skip


def claim(db: Database, write_id: int, now: datetime, lease_until: datetime) -> int:
    return db.execute(
        f"""UPDATE calendar_write SET state = 'running', lease_until_at = ?3, attempts = attempts + 1
             WHERE id = ?1 AND {CLAIMABLE}""",
        write_id, now, lease_until,
    )  # fmt: skip


def done(db: Database, write_id: int, state: str = "done") -> int:
    """Finished: ``done`` or ``dropped`` (no longer wanted)."""
    return db.execute("UPDATE calendar_write SET state = ?, last_error = NULL WHERE id = ? AND state = 'running'",
                      state, write_id)  # fmt: skip


def retry(db: Database, write_id: int, due_at: datetime, error: str) -> int:
    return db.execute(
        "UPDATE calendar_write SET state = 'pending', due_at = ?, last_error = ? WHERE id = ? AND state = 'running'",
        due_at, error, write_id,
    )  # fmt: skip
