"""Channels of push notices: written down before they are asked for, so that none is ever orphaned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.records import Connection
from waitlist_appliance.storage.database import Database


@dataclass(frozen=True, slots=True)
class Channel:
    """``asked`` (no answer yet), ``open`` or ``stopping``. Only the hash of its secret is kept."""

    channel_id: str
    connection_id: int
    secret_hash: str
    resource_id: str | None
    state: str
    expires_at: datetime | None
    created_at: datetime


def by_id(db: Database, channel_id: str) -> Channel | None:
    return db.row(Channel, "SELECT * FROM watch_channel WHERE channel_id = ?", channel_id)


def add(db: Database, channel_id: str, connection_id: int, secret_hash: str, now: datetime) -> None:
    db.insert(
        "watch_channel", channel_id=channel_id, connection_id=connection_id, secret_hash=secret_hash, state="asked",
        created_at=now,
    )  # fmt: skip


def opened(db: Database, channel_id: str, resource_id: str, expires_at: datetime) -> None:
    """The provider has opened it; those before it are no longer needed."""
    db.execute(
        "UPDATE watch_channel SET state = 'open', resource_id = ?, expires_at = ? WHERE channel_id = ?",
        resource_id, expires_at, channel_id,
    )  # fmt: skip
    db.execute(
        """UPDATE watch_channel SET state = 'stopping' WHERE channel_id <> ?1 AND state = 'open'
              AND connection_id = (SELECT connection_id FROM watch_channel WHERE channel_id = ?1)""",
        channel_id,
    )


def stop_all(db: Database, connection_id: int) -> None:
    db.execute("UPDATE watch_channel SET state = 'stopping' WHERE connection_id = ?", connection_id)


def stopping(db: Database, connection_id: int | None = None) -> list[Channel]:
    return db.rows(
        Channel,
        "SELECT * FROM watch_channel WHERE state = 'stopping' AND (?1 IS NULL OR connection_id = ?1) ORDER BY created_at",
        connection_id,
    )


def forget(db: Database, channel_id: str) -> None:
    db.execute("DELETE FROM watch_channel WHERE channel_id = ?", channel_id)


def forget_unanswered(db: Database, before: datetime) -> None:
    """Asked for so long ago that it has ended, if it ever was opened."""
    db.execute("DELETE FROM watch_channel WHERE state = 'asked' AND created_at <= ?", before)


def to_open(db: Database, ends_before: datetime, asked_before: datetime) -> list[Connection]:
    """Calendars in use with no channel that lasts longer, and for which none was asked lately."""
    return db.rows(
        Connection,
        """SELECT * FROM connection WHERE enabled = 1 AND status = 'active' AND ending_at IS NULL AND calendar_id <> ''
              AND NOT EXISTS (SELECT 1 FROM watch_channel WHERE connection_id = connection.id
                    AND ((state = 'open' AND expires_at > ?) OR (state = 'asked' AND created_at > ?))) ORDER BY id""",
        ends_before, asked_before,
    )  # fmt: skip


def of_unused(db: Database) -> list[int]:
    """Calendars that are off or let go, and still have a channel open."""
    sql = """SELECT DISTINCT connection_id FROM watch_channel JOIN connection ON connection.id = connection_id
              WHERE state <> 'stopping' AND (enabled = 0 OR ending_at IS NOT NULL)"""
    return [connection_id for (connection_id,) in db.tuples(sql)]
