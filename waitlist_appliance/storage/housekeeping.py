"""What is kept for a while only, forgotten in small batches; and when that was last done."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.storage.database import Database


def is_due(db: Database, chore: str, now: datetime, last_before: datetime) -> bool:
    """Whether it was done last before this moment, or by a clock that was ahead of today's."""
    sql = "SELECT 1 FROM chore WHERE name = ? AND done_at > ? AND done_at <= ?"
    return db.value(sql, chore, last_before, now) is None


def done(db: Database, chore: str, now: datetime) -> None:
    sql = "INSERT INTO chore (name, done_at) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET done_at = excluded.done_at"
    db.execute(sql, chore, now)


def forget_calendar_writes(db: Database, before: datetime, limit: int) -> int:
    """Writes that were finished before, of bookings and holds whose time was over before."""
    return db.execute(
        """DELETE FROM calendar_write WHERE id IN (
               SELECT done.id FROM calendar_write done
                 LEFT JOIN booking ON booking.id = done.booking_id
                 LEFT JOIN hold ON hold.id = done.hold_id LEFT JOIN slot ON slot.id = hold.slot_id
                WHERE done.state IN ('done', 'dropped', 'failed') AND done.created_at < ?1
                  AND COALESCE(booking.ends_at, slot.ends_at, 0) < ?1
                LIMIT ?2)""",
        before, limit,
    )  # fmt: skip


def forget_answers(db: Database, before: datetime, limit: int) -> int:
    """Answers to requests with an Idempotency-Key, of before."""
    return db.execute(
        """DELETE FROM idempotency WHERE (caller, key) IN (
               SELECT caller, key FROM idempotency WHERE created_at <= ? LIMIT ?)""",
        before, limit,
    )  # fmt: skip


def forget_staff_links(db: Database, before: datetime, limit: int) -> int:
    """One-time links of staff that ended before, used or not."""
    return db.execute(
        "DELETE FROM staff_link WHERE hash IN (SELECT hash FROM staff_link WHERE expires_at < ? LIMIT ?)", before, limit
    )


def forget_challenges(db: Database, now: datetime, limit: int) -> int:
    """Log-ins that were begun and not finished in time."""
    return db.execute(
        "DELETE FROM login_challenge WHERE hash IN (SELECT hash FROM login_challenge WHERE expires_at <= ? LIMIT ?)",
        now, limit,
    )  # fmt: skip


def forget_consents(db: Database, now: datetime, limit: int) -> int:
    """Calendars that somebody began to connect and did not finish in time."""
    return db.execute(
        """DELETE FROM consent_attempt WHERE state_hash IN (
               SELECT state_hash FROM consent_attempt WHERE expires_at <= ? LIMIT ?)""",
        now, limit,
    )  # fmt: skip


def forget_sessions(db: Database, now: datetime, idle_since: datetime, limit: int) -> int:
    """Sessions that are over."""
    return db.execute(
        """DELETE FROM staff_session WHERE hash IN (
               SELECT hash FROM staff_session WHERE expires_at <= ? OR seen_at <= ? LIMIT ?)""",
        now, idle_since, limit,
    )  # fmt: skip


def forget_throttles(db: Database, before: datetime, limit: int) -> int:
    """Failed log-ins of before, that slow nobody down any more."""
    return db.execute(
        "DELETE FROM login_throttle WHERE key IN (SELECT key FROM login_throttle WHERE updated_at < ? LIMIT ?)",
        before, limit,
    )  # fmt: skip
