"""Calendar connections: how they are reached, and what is known of their last read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.records import Connection
from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.vault import Vault

LOGGED_READS = 200


@dataclass(frozen=True, slots=True)
class Read:
    """One read of a calendar, as the log keeps it. ``kind`` is ``full`` or ``changes``."""

    cause: str
    kind: str
    ok: bool
    requests: int = 0
    seen: int = 0
    changed: int = 0
    took_ms: int = 0
    trouble: str | None = None
    error: str | None = None


def by_public_id(db: Database, connection_public_id: str) -> Connection | None:
    return db.row(Connection, "SELECT * FROM connection WHERE public_id = ?", connection_public_id)


def written_to(db: Database, connection_id: int | None) -> int | None:
    """The connection, if bookings can be written to it; None for none and for an address that is only read."""
    found: int | None = db.value(
        "SELECT id FROM connection WHERE id = ? AND provider <> 'ics' AND ending_at IS NULL", connection_id
    )
    return found


def credentials(db: Database, vault: Vault, connection_id: int) -> Mapping[str, str]:
    """What opens the calendar, unsealed; empty when nothing is kept. VaultError."""
    sealed = db.value("SELECT credentials FROM connection WHERE id = ?", connection_id)
    found: dict[str, str] = json.loads(vault.open(sealed, _place(connection_id))) if sealed else {}
    return found


def keep_credentials(db: Database, vault: Vault, connection_id: int, kept: Mapping[str, str]) -> None:
    """Seal and store them; an absent or empty refresh token never replaces one that is there."""
    with db.write():
        before = credentials(db, vault, connection_id)
        merged = {**before, **{name: value for name, value in kept.items() if value}}
        sealed = vault.seal(json.dumps(merged).encode(), _place(connection_id))
        db.execute("UPDATE connection SET credentials = ? WHERE id = ?", sealed, connection_id)


def same_as_before(db: Database, before: Connection) -> bool:
    """Whether nobody else has read it meanwhile, or changed what is read."""
    found = db.row(Connection, "SELECT * FROM connection WHERE id = ?", before.id)
    return found is not None and _state(found) == _state(before)


def read_succeeded(
    db: Database, connection_id: int, now: datetime, next_sync_at: datetime, token: str | None,
    span_until: datetime | None, zone: str | None,
) -> None:  # fmt: skip
    """A good read: what failed before is over. ``span_until`` and ``zone`` None leave what is known."""
    db.execute(
        """UPDATE connection SET last_sync_at = ?, next_sync_at = ?, sync_state = ?,
                  span_until_at = COALESCE(?, span_until_at), zone = COALESCE(?, zone),
                  failing_since_at = NULL, last_error = NULL, trouble = NULL,
                  status = CASE WHEN status IN ('error', 'needs_reconnect') THEN 'active' ELSE status END WHERE id = ?""",
        now, next_sync_at, token, span_until, zone, connection_id,
    )  # fmt: skip


def read_failed(
    db: Database, connection_id: int, now: datetime, next_sync_at: datetime | None, error: str, trouble: str
) -> int:
    """Note the failure (``next_sync_at`` None: only the owner can bring it back); 1 when it is the first of a row."""
    db.execute(
        """UPDATE connection SET last_error = ?1, trouble = ?2, next_sync_at = ?3,
                  status = CASE WHEN ?2 = 'signed_out' AND status <> 'disabled' THEN 'needs_reconnect' ELSE status END
            WHERE id = ?4""",
        error, trouble, next_sync_at, connection_id,
    )  # fmt: skip
    return db.execute(
        "UPDATE connection SET failing_since_at = ? WHERE id = ? AND failing_since_at IS NULL", now, connection_id
    )


def read_now(db: Database, connection_id: int, now: datetime) -> int:
    """Its turn is now, whatever its clock says; one that waits after a failure goes on waiting."""
    return db.execute(
        """UPDATE connection SET next_sync_at = ?2
            WHERE id = ?1 AND enabled = 1 AND status <> 'needs_reconnect' AND failing_since_at IS NULL
              AND (next_sync_at IS NULL OR next_sync_at > ?2)""",
        connection_id, now,
    )  # fmt: skip


def read_again(db: Database, connection_id: int, now: datetime, token: str | None) -> int:
    """Not all that was told could be believed: the next read, at once, goes on from this older token."""
    return db.execute("UPDATE connection SET sync_state = ?, next_sync_at = ? WHERE id = ?", token, now, connection_id)


def note_asked(db: Database, now: datetime, unless_since: datetime) -> int:
    """Somebody asked what is free: the calendars are read regularly from now on."""
    return db.execute(
        "UPDATE connection SET asked_at = ? WHERE enabled = 1 AND live_mirror = 0 AND (asked_at IS NULL OR asked_at <= ?)",
        now, unless_since,
    )  # fmt: skip


def is_asked_since(db: Database, since: datetime) -> bool:
    """Whether every calendar outside knows already that somebody asked."""
    return (
        db.value(
            """SELECT 1 FROM connection WHERE enabled = 1 AND live_mirror = 0 AND (asked_at IS NULL OR asked_at <= ?)
                LIMIT 1""",
            since,
        )
        is None
    )


def named_with(db: Database, connection_id: int, setup_number: int) -> None:
    """Its events' resources were found with this set-up."""
    db.execute("UPDATE connection SET named_with = ? WHERE id = ?", setup_number, connection_id)


def log_read(db: Database, connection_id: int, now: datetime, read: Read) -> None:
    """Add a line to the log of reads; the oldest ones go."""
    db.insert(
        "sync_log", connection_id=connection_id, at=now, cause=read.cause, kind=read.kind, ok=read.ok,
        requests=read.requests, seen=read.seen, changed=read.changed, took_ms=read.took_ms, trouble=read.trouble,
        error=read.error,
    )  # fmt: skip
    db.execute(
        """DELETE FROM sync_log WHERE connection_id = ?1 AND id <= (SELECT id FROM sync_log WHERE connection_id = ?1
                  ORDER BY id DESC LIMIT 1 OFFSET ?2)""",
        connection_id, LOGGED_READS,
    )  # fmt: skip


def _state(connection: Connection) -> tuple[object, ...]:
    return connection.sync_state, connection.last_sync_at, connection.calendar_id, connection.enabled


def _place(connection_id: int) -> str:
    return f"connection:{connection_id}"
