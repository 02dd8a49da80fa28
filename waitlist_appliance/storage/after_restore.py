"""What a database that comes out of a backup must forget: the box went on after it was made, and nobody knows how."""

from __future__ import annotations

from datetime import UTC, datetime

from waitlist_appliance.storage import activity, alarms
from waitlist_appliance.storage.activity import Actor
from waitlist_appliance.storage.database import Database


def mark(db: Database, made_at: datetime, now: datetime, actor: Actor) -> None:
    """Written into the copy before it is put in place, all or nothing.

    1. What was due may have gone out since: each message is in doubt, so the provider is asked before it is sent.
    2. No calendar is believed before it has been read from its beginning.
    3. Whoever was logged in logs in again: sessions ended since the backup would live again.
    4. The worker has given no sign of life here, and the run that made the backup is over.
    """
    with db.write():
        db.execute(
            """UPDATE message SET unknown_since_at = COALESCE(unknown_since_at, MIN(due_at, ?1))
                WHERE state IN ('pending', 'sending') AND due_at <= ?2""",
            made_at, now,
        )  # fmt: skip
        db.execute("UPDATE message SET state = 'pending', lease_until_at = NULL WHERE state = 'sending'")
        db.execute(
            """UPDATE connection SET sync_state = NULL, span_until_at = NULL, last_sync_at = NULL, next_sync_at = NULL
                WHERE live_mirror = 0"""
        )
        for table in ("staff_session", "login_challenge"):
            db.execute(f"DELETE FROM {table}")
        db.execute("DELETE FROM heartbeat WHERE name NOT LIKE '%:%'")
        db.execute("DELETE FROM backup_run WHERE state = 'running'")
        for gone in ("worker_silent", "web_silent", "disk_low", "backup_failed", "backup_old"):
            alarms.clear(db, gone)
        activity.record(db, now, actor, "box_restored", "box", made_at=made_at.isoformat())


def ask_staff_to_look(db: Database, made_at: datetime, now: datetime, reason: str) -> None:
    """Nothing is sent until staff have looked and resume it; with that the alarm ends, too."""
    with db.write():
        alarms.raise_alarm(db, alarms.BOX_RESTORED, f"{made_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC", now)
        if not alarms.holds(db, alarms.SENDING_PAUSED):
            alarms.raise_alarm(db, alarms.SENDING_PAUSED, reason, now)
