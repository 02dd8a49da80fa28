"""The mirror of calendar events, and the built-in calendar's own rows."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.domain.records import Event
from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.ids import public_id


def by_public_id(db: Database, event_public_id: str) -> Event | None:
    return db.row(Event, "SELECT * FROM event WHERE public_id = ?", event_public_id)


def of_provider(db: Database, connection_id: int, provider_event_id: str) -> Event | None:
    return db.row(
        Event, "SELECT * FROM event WHERE connection_id = ? AND provider_event_id = ?", connection_id, provider_event_id
    )


def between(db: Database, since: datetime, until: datetime) -> list[Event]:
    """Mirrored events that overlap [since, until), by start."""
    return db.rows(
        Event, "SELECT * FROM event WHERE ends_at > ? AND starts_at < ? ORDER BY starts_at, id", since, until
    )


def of_connection(db: Database, connection_id: int, since: datetime, until: datetime) -> list[Event]:
    return db.rows(
        Event, "SELECT * FROM event WHERE connection_id = ? AND ends_at > ? AND starts_at < ?",
        connection_id, since, until,
    )  # fmt: skip


def put(
    db: Database, connection_id: int, provider_event_id: str, etag: str, title: str, starts_at: datetime,
    ends_at: datetime, busy: bool, resource_id: int | None, tag: str | None,
) -> int:  # fmt: skip
    """Insert or replace the mirror row of this provider event; it is no longer vanished then."""
    return db.execute(
        """INSERT INTO event (public_id, connection_id, provider_event_id, etag, title, starts_at, ends_at, busy,
                  resource_id, tag) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (connection_id, provider_event_id) DO UPDATE SET etag = excluded.etag, title = excluded.title,
                  starts_at = excluded.starts_at, ends_at = excluded.ends_at, busy = excluded.busy,
                  resource_id = excluded.resource_id, tag = excluded.tag, vanished_at = NULL""",
        public_id(), connection_id, provider_event_id, etag, title, starts_at, ends_at, busy, resource_id, tag,
    )  # fmt: skip


def remove(db: Database, event_id: int) -> int:
    return db.execute("DELETE FROM event WHERE id = ?", event_id)


def mark_vanished(db: Database, event_id: int, now: datetime) -> int:
    """Gone from a foreign calendar: it still blocks until the grace has passed."""
    return db.execute("UPDATE event SET vanished_at = ? WHERE id = ? AND vanished_at IS NULL", now, event_id)


def vanished_before(db: Database, before: datetime) -> list[Event]:
    return db.rows(Event, "SELECT * FROM event WHERE vanished_at IS NOT NULL AND vanished_at <= ?", before)


def read_succeeded(db: Database, connection_id: int, now: datetime, next_sync_at: datetime) -> None:
    db.execute(
        """UPDATE connection SET last_sync_at = ?, next_sync_at = ?, failing_since_at = NULL, last_error = NULL,
                  status = CASE status WHEN 'error' THEN 'active' ELSE status END WHERE id = ?""",
        now, next_sync_at, connection_id,
    )  # fmt: skip


def read_failed(db: Database, connection_id: int, now: datetime, next_sync_at: datetime, error: str) -> int:
    """Note the failure; 1 when it is the first of a row."""
    db.execute("UPDATE connection SET last_error = ?, next_sync_at = ? WHERE id = ?", error, next_sync_at, connection_id)
    return db.execute(
        "UPDATE connection SET failing_since_at = ? WHERE id = ? AND failing_since_at IS NULL", now, connection_id
    )
