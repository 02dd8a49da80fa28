"""What the calendars' pages show: which resources use a connection, what waits for an answer, the log of reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.moments import from_ms
from waitlist_appliance.storage.database import Database

CONNECTED = ("calendar_connected", "calendar_reconnected")


@dataclass(frozen=True, slots=True)
class UsedBy:
    """A resource that uses the connection."""

    public_id: str
    name: str


@dataclass(frozen=True, slots=True)
class HeldChange:
    """A change of one of our events that staff must look at: the event is ``gone``, or ``moved`` to the new times."""

    booking_public_id: str
    code: str
    customer_name: str
    booked_from: datetime
    kind: str
    starts_at: datetime | None
    ends_at: datetime | None
    found_at: datetime


@dataclass(frozen=True, slots=True)
class SyncLogLine:
    """One read: what set it off, how much was asked and told, and what went wrong."""

    at: datetime
    cause: str
    kind: str
    ok: bool
    requests: int
    seen: int
    changed: int
    took_ms: int
    trouble: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Ahead:
    """What the mirror knows of the future: busy events, and those among them that name no resource."""

    busy: int
    unnamed: int


@dataclass(frozen=True, slots=True)
class Watch:
    """A channel of push notices."""

    state: str
    expires_at: datetime | None


def written_by(db: Database, connection_id: int) -> list[UsedBy]:
    """The resources whose bookings are written to it."""
    return db.rows(
        UsedBy, "SELECT public_id, name FROM resource WHERE connection_id = ? AND active = 1 ORDER BY priority, id",
        connection_id,
    )  # fmt: skip


def blocks(db: Database, connection_id: int) -> list[UsedBy]:
    """The resources whose time it takes without being written to."""
    return db.rows(
        UsedBy,
        """SELECT public_id, name FROM blocking_calendar JOIN resource ON resource.id = resource_id
            WHERE blocking_calendar.connection_id = ? AND active = 1 ORDER BY priority, resource.id""",
        connection_id,
    )


def ahead(db: Database, connection_id: int, now: datetime) -> Ahead:
    """Other people's busy events that are not over; those that name no resource block all that use the calendar."""
    found = db.row(
        Ahead,
        """SELECT COUNT(*) AS busy, COALESCE(SUM(resource_id IS NULL), 0) AS unnamed FROM event
            WHERE connection_id = ? AND busy = 1 AND tag IS NULL AND vanished_at IS NULL AND ends_at > ?""",
        connection_id, now,
    )  # fmt: skip
    return found or Ahead(0, 0)


def writes_waiting(db: Database, connection_id: int) -> int:
    """What is still to be written to it."""
    return int(
        db.value(
            "SELECT COUNT(*) FROM calendar_write WHERE state IN ('pending', 'running') AND connection_id = ?",
            connection_id,
        )
    )


def held(db: Database, connection_id: int) -> list[HeldChange]:
    """What staff must decide about, the earliest booking first."""
    return db.rows(
        HeldChange,
        """SELECT booking.public_id AS booking_public_id, code, booking.starts_at AS booked_from, kind,
                  held_change.starts_at, held_change.ends_at, found_at,
                  COALESCE(NULLIF(TRIM(COALESCE(first_name, '') || ' ' || COALESCE(last_name, '')), ''), phone)
                      AS customer_name
             FROM held_change JOIN booking ON booking.id = booking_id JOIN customer ON customer.id = customer_id
            WHERE connection_id = ? AND state = 'asked' ORDER BY booking.starts_at, held_change.id""",
        connection_id,
    )


def watch(db: Database, connection_id: int) -> Watch | None:
    """The channel that serves it, an open one before one that was only asked for."""
    return db.row(
        Watch,
        """SELECT state, expires_at FROM watch_channel WHERE connection_id = ? AND state <> 'stopping'
            ORDER BY state = 'open' DESC, expires_at DESC""",
        connection_id,
    )


def connected_at(db: Database, connection_id: int) -> datetime | None:
    """When the permission now in use was given."""
    found = db.value(
        """SELECT MAX(at) FROM activity WHERE subject = 'connection' AND subject_id = ? AND verb IN (?, ?)""",
        connection_id, *CONNECTED,
    )  # fmt: skip
    return None if found is None else from_ms(found)


def sync_log(db: Database, connection_id: int, limit: int) -> list[SyncLogLine]:
    """The newest reads first."""
    return db.rows(
        SyncLogLine, "SELECT * FROM sync_log WHERE connection_id = ? ORDER BY id DESC LIMIT ?", connection_id, limit
    )
