"""Changes of our own events that wait for a person: too many came at once to be believed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.storage.database import Database


@dataclass(frozen=True, slots=True)
class HeldChange:
    """``gone``, or ``moved`` to the new times."""

    id: int
    connection_id: int
    booking_id: int
    kind: str
    starts_at: datetime | None
    ends_at: datetime | None
    found_at: datetime


def asked(db: Database, connection_id: int) -> list[HeldChange]:
    return db.rows(
        HeldChange, "SELECT * FROM held_change WHERE connection_id = ? AND state = 'asked' ORDER BY id", connection_id
    )


def of_booking(db: Database, booking_id: int) -> HeldChange | None:
    return db.row(HeldChange, "SELECT * FROM held_change WHERE booking_id = ? AND state = 'asked'", booking_id)


def put(
    db: Database, connection_id: int, booking_id: int, kind: str, to: Interval | None, now: datetime
) -> None:
    """Ask about the booking, or bring up to date what is asked about it."""
    starts_at, ends_at = (to.starts_at, to.ends_at) if to else (None, None)
    db.execute(
        """INSERT INTO held_change (connection_id, booking_id, kind, starts_at, ends_at, found_at)
           VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (booking_id) WHERE state = 'asked' DO UPDATE SET kind = excluded.kind,
              starts_at = excluded.starts_at, ends_at = excluded.ends_at""",
        connection_id, booking_id, kind, starts_at, ends_at, now,
    )  # fmt: skip


def end(db: Database, change_id: int, state: str) -> int:
    """``done``, ``refused``, or ``over`` when nothing is left to decide."""
    return db.execute("UPDATE held_change SET state = ? WHERE id = ? AND state = 'asked'", state, change_id)
