"""Connections as they are made, changed and let go, and which resources they are for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from waitlist_appliance.domain.records import Connection
from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.ids import public_id

# Bookings ahead whose place is written to this connection.
_AHEAD = """FROM booking JOIN resource ON resource.id = booking.resource_id
            WHERE resource.connection_id = ?1 AND booking.status IN ('pending', 'confirmed') AND booking.starts_at > ?2"""


def add(db: Database, provider: str, name: str, **values: object) -> Connection:
    """A new connection."""
    return db.insert_row(Connection, "connection", public_id=public_id(), provider=provider, name=name, **values)


def present(db: Database) -> list[Connection]:
    """Every connection that was not let go, the built-in one first."""
    return db.rows(Connection, "SELECT * FROM connection WHERE ending_at IS NULL ORDER BY provider <> 'local', id")


def by_public_id(db: Database, connection_public_id: str) -> Connection | None:
    """The connection, unless it was let go."""
    return db.row(
        Connection, "SELECT * FROM connection WHERE public_id = ? AND ending_at IS NULL", connection_public_id
    )


def of_account(db: Database, provider: str, url: str, account: str) -> Connection | None:
    """The connection of this user at this address, unless it was let go."""
    return db.row(
        Connection, "SELECT * FROM connection WHERE provider = ? AND url = ? AND account = ? AND ending_at IS NULL",
        provider, url, account,
    )  # fmt: skip


def unfinished(db: Database, provider: str, account: str) -> Connection | None:
    """A connection of this account for which no calendar was ever chosen."""
    return db.row(
        Connection,
        """SELECT * FROM connection WHERE provider = ? AND account = ? AND calendar_id = '' AND ending_at IS NULL
            ORDER BY id""",
        provider, account,
    )  # fmt: skip


def built_in(db: Database) -> Connection | None:
    return db.row(Connection, "SELECT * FROM connection WHERE provider = 'local' ORDER BY id")


def change(db: Database, connection_id: int, **values: object) -> None:
    """Store these columns; their names come from our own code, never from input."""
    columns = ", ".join(f"{name} = ?" for name in values)
    db.execute(f"UPDATE connection SET {columns} WHERE id = ?", *values.values(), connection_id)


def forget_read(db: Database, connection_id: int) -> None:
    """Nothing is known of the calendar any more: it must be read from the beginning before it may be believed."""
    db.execute("DELETE FROM event WHERE connection_id = ?", connection_id)
    db.execute(
        """UPDATE connection SET sync_state = NULL, span_until_at = NULL, last_sync_at = NULL, next_sync_at = NULL,
                  failing_since_at = NULL, last_error = NULL, trouble = NULL, unanswered_read_at = NULL WHERE id = ?""",
        connection_id,
    )
    db.execute("UPDATE watch_channel SET state = 'stopping' WHERE connection_id = ?", connection_id)


def written_by(db: Database, connection_id: int) -> set[int]:
    """The resources whose bookings are written to it."""
    return {row[0] for row in db.tuples("SELECT id FROM resource WHERE connection_id = ?", connection_id)}


def write_here(db: Database, connection_id: int, resource_ids: Iterable[int], otherwise: int | None) -> None:
    """Exactly these resources are written to it; those that were and are no longer go to ``otherwise``."""
    wanted, before = set(resource_ids), written_by(db, connection_id)
    for resource_id in sorted(wanted - before):
        db.execute("UPDATE resource SET connection_id = ? WHERE id = ?", connection_id, resource_id)
    for resource_id in sorted(before - wanted):
        db.execute("UPDATE resource SET connection_id = ? WHERE id = ?", otherwise, resource_id)


def blocked(db: Database, connection_id: int) -> set[int]:
    """The resources whose time it takes without being written to."""
    return {
        row[0] for row in db.tuples("SELECT resource_id FROM blocking_calendar WHERE connection_id = ?", connection_id)
    }


def block(db: Database, connection_id: int, resource_ids: Iterable[int]) -> None:
    """It takes the time of exactly these resources."""
    db.execute("DELETE FROM blocking_calendar WHERE connection_id = ?", connection_id)
    for resource_id in sorted(set(resource_ids)):
        db.insert("blocking_calendar", connection_id=connection_id, resource_id=resource_id)


def bookings_ahead(db: Database, connection_id: int, now: datetime) -> int:
    """How many bookings ahead are written to it."""
    return int(db.value(f"SELECT COUNT(*) {_AHEAD}", connection_id, now))


def redirect_writes(db: Database, connection_id: int, to: int | None) -> None:
    """What was still to be written to it goes to another one; with none, and what was to be removed, is dropped."""
    waiting = "connection_id = ?1 AND state IN ('pending', 'running')"
    if to is not None:
        db.execute(
            f"UPDATE calendar_write SET connection_id = ?2 WHERE {waiting} AND kind <> 'remove'", connection_id, to
        )
    db.execute(f"UPDATE calendar_write SET state = 'dropped' WHERE {waiting}", connection_id)


def end(db: Database, connection_id: int, now: datetime) -> None:
    """Off for good; the worker gives back what was granted."""
    db.execute(
        "UPDATE connection SET enabled = 0, status = 'disabled', next_sync_at = NULL, ending_at = ?"
        " WHERE id = ? AND ending_at IS NULL",
        now, connection_id,
    )  # fmt: skip
    db.execute("UPDATE held_change SET state = 'over' WHERE connection_id = ? AND state = 'asked'", connection_id)


def to_give_back(db: Database) -> list[Connection]:
    """Let go, and still with credentials."""
    return db.rows(
        Connection, "SELECT * FROM connection WHERE ending_at IS NOT NULL AND credentials IS NOT NULL ORDER BY id"
    )


def forget_credentials(db: Database, connection_id: int) -> None:
    db.execute("UPDATE connection SET credentials = NULL, url = '' WHERE id = ?", connection_id)
