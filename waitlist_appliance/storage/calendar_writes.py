"""What must still be written to calendars: rows written with the change, worked off later."""

from __future__ import annotations

import hashlib
from datetime import datetime

from waitlist_appliance.domain.records import Booking, CalendarWrite
from waitlist_appliance.storage.database import Database

CLAIMABLE = "(state = 'pending' OR (state = 'running' AND lease_until_at <= ?2))"


def event_id(kind: str, subject: str, version: int) -> str:
    """Hex, a subset of every provider's alphabet; the same subject and version always give the same id."""
    return hashlib.sha256(f"{kind}:{subject}:{version}".encode()).hexdigest()[:32]


def carried_id(booking: Booking, connection_id: int, writes_before: int) -> str:
    """The id of a confirmed booking's event in another calendar: of the same version, and used only this once."""
    return event_id("booking", f"{booking.public_id}:{connection_id}:{writes_before}", booking.version)


def is_carried(db: Database, write: CalendarWrite, booking: Booking) -> bool:
    """Whether this write is the booking's newest one, and takes it as it is now into another calendar."""
    earlier = [one.id for one in of_booking(db, booking.id) if one.id != write.id]
    is_newest = all(id_ < write.id for id_ in earlier)
    return is_newest and write.event_id == carried_id(booking, write.connection_id, len(earlier))


def is_current(db: Database, write: CalendarWrite, booking: Booking) -> bool:
    """Whether this write is of the booking as it is now; one that was moved or carried on since has its own."""
    return write.event_id == event_id("booking", booking.public_id, booking.version) or is_carried(db, write, booking)


def add(
    db: Database, kind: str, connection_id: int, write_event_id: str, now: datetime, *,
    hold_id: int | None = None, booking_id: int | None = None,
) -> bool:  # fmt: skip
    """Write down what the calendar must be told; False when it was written down before.

    A removal is always due again: it may have been done before a write that was under way brought the event. So is a
    hold that was written: there is more to say in it (its deadline).
    """
    return bool(
        db.execute(
            """INSERT INTO calendar_write (kind, connection_id, hold_id, booking_id, event_id, due_at,
                      dedupe_key, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT (dedupe_key) DO UPDATE SET state = 'pending', due_at = excluded.due_at
                  WHERE kind = 'remove' OR (kind = 'hold' AND state = 'done')""",
            kind, connection_id, hold_id, booking_id, write_event_id, now, f"{kind}:{write_event_id}", now,
        )
    )  # fmt: skip


def add_removal_once(
    db: Database, connection_id: int, event_id: str, now: datetime, *, booking_id: int | None = None
) -> bool:
    """Have an event removed, unless that was written down at any time before."""
    return not is_removing(db, event_id) and add(
        db, "remove", connection_id, event_id, now, booking_id=booking_id
    )


def is_removing(db: Database, event_id: str) -> bool:
    """Whether we have removed this event, or are about to."""
    return db.value("SELECT 1 FROM calendar_write WHERE dedupe_key = ?", f"remove:{event_id}") is not None


def may_have_written(db: Database, booking_id: int, event_id: str) -> bool:
    """Whether this event can be one that we wrote for the booking: known, or under way with its id not known yet."""
    return (
        db.value(
            """SELECT 1 FROM calendar_write WHERE booking_id = ?1 AND kind = 'booking'
                  AND (?2 IN (event_id, written_event_id) OR state IN ('pending', 'running')) LIMIT 1""",
            booking_id, event_id,
        )
        is not None
    )  # fmt: skip


def may_have_written_hold(db: Database, hold_id: int, event_id: str) -> bool:
    """The same for the event of a hold."""
    return (
        db.value(
            """SELECT 1 FROM calendar_write WHERE hold_id = ?1 AND kind = 'hold'
                  AND (?2 IN (event_id, written_event_id) OR state IN ('pending', 'running')) LIMIT 1""",
            hold_id, event_id,
        )
        is not None
    )  # fmt: skip


def of_booking(db: Database, booking_id: int) -> list[CalendarWrite]:
    """Every write of the booking's event, of all its versions."""
    return db.rows(CalendarWrite, "SELECT * FROM calendar_write WHERE booking_id = ? AND kind = 'booking'", booking_id)


def of_hold(db: Database, hold_id: int) -> list[CalendarWrite]:
    return db.rows(CalendarWrite, "SELECT * FROM calendar_write WHERE hold_id = ? AND kind = 'hold'", hold_id)


def by_id(db: Database, write_id: int) -> CalendarWrite:
    found = db.row(CalendarWrite, "SELECT * FROM calendar_write WHERE id = ?", write_id)
    if found is None:
        raise LookupError(f"calendar write {write_id}")
    return found


def due(db: Database, now: datetime, limit: int) -> list[CalendarWrite]:
    """What can be written now. A calendar that only its owner can bring back is left alone until they have."""
    return db.rows(
        CalendarWrite,
        f"""SELECT * FROM calendar_write WHERE state IN ('pending', 'running') AND due_at <= ?2 AND {CLAIMABLE}
               AND NOT EXISTS (SELECT 1 FROM connection WHERE connection.id = connection_id
                                  AND (connection.status = 'needs_reconnect' OR connection.enabled = 0))
             ORDER BY due_at, id LIMIT ?1""",
        limit, now,
    )  # fmt: skip


def claim(db: Database, write_id: int, now: datetime, lease_until: datetime) -> int:
    return db.execute(
        f"""UPDATE calendar_write SET state = 'running', lease_until_at = ?3, attempts = attempts + 1
             WHERE id = ?1 AND {CLAIMABLE}""",
        write_id, now, lease_until,
    )  # fmt: skip


def wrote(db: Database, write_id: int, written_event_id: str) -> int:
    """Under which id the provider has it; it is removed by that."""
    return db.execute("UPDATE calendar_write SET written_event_id = ? WHERE id = ?", written_event_id, write_id)


def done(db: Database, write_id: int, state: str = "done") -> int:
    """Finished: ``done`` or ``dropped`` (no longer wanted)."""
    return db.execute("UPDATE calendar_write SET state = ?, last_error = NULL WHERE id = ? AND state = 'running'",
                      state, write_id)  # fmt: skip


def put_off(db: Database, connection_id: int, now: datetime, due_at: datetime) -> int:
    """Its calendar does not answer: what else is due there waits."""
    return db.execute(
        """UPDATE calendar_write INDEXED BY calendar_write_due SET due_at = ?
            WHERE state IN ('pending', 'running') AND due_at <= ? AND state = 'pending' AND connection_id = ?""",
        due_at, now, connection_id,
    )  # fmt: skip


def retry(db: Database, write_id: int, due_at: datetime, error: str) -> int:
    return db.execute(
        "UPDATE calendar_write SET state = 'pending', due_at = ?, last_error = ? WHERE id = ? AND state = 'running'",
        due_at, error, write_id,
    )  # fmt: skip
