"""What the alarms about rates look at: the log of reads, and how late offers end."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.domain.moments import from_ms
from waitlist_appliance.storage.database import Database


def reads_since(db: Database, since: datetime) -> list[tuple[datetime, bool]]:
    """When a calendar outside the box was read, and whether that went well; newest first.

    Of calendars that are in use: what failed before one was switched off is nobody's business any more. The log keeps
    two hundred reads of each.
    """
    found = db.tuples(
        # CROSS: the few calendars first, then of each its own part of the index.
        """SELECT sync_log.at, sync_log.ok FROM connection CROSS JOIN sync_log ON sync_log.connection_id = connection.id
            WHERE connection.provider <> 'local' AND connection.enabled = 1 AND connection.ending_at IS NULL
              AND sync_log.at > ? ORDER BY sync_log.at DESC, sync_log.id DESC""",
        since,
    )  # fmt: skip
    return [(from_ms(at), bool(ok)) for at, ok in found]


def first_deadline(db: Database) -> datetime | None:
    """The earliest deadline of an offer that has not ended."""
    found = db.value("SELECT MIN(deadline_at) FROM offer WHERE state = 'live' AND deadline_at IS NOT NULL")
    return None if found is None else from_ms(found)


def lags_since(db: Database, since: datetime) -> list[int]:
    """How long after their deadlines offers ended in silence, in milliseconds, the shortest first."""
    found = db.tuples(
        """SELECT MAX(answered_at - deadline_at, 0) AS lag FROM offer INDEXED BY offer_expired_lately
            WHERE state = 'expired' AND answered_at > ? AND deadline_at IS NOT NULL ORDER BY lag""",
        since,
    )  # fmt: skip
    return [lag for (lag,) in found]
