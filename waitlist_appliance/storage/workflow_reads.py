"""What the page "How it works" asks the database: each a look at the end of an index."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.domain.moments import from_ms
from waitlist_appliance.storage.database import Database


def last_beat(db: Database) -> datetime | None:
    """The worker's last sign of life."""
    return _moment(db.value("SELECT MAX(at) FROM heartbeat"))


def sending_paused(db: Database) -> bool:
    return db.value("SELECT 1 FROM alarm WHERE condition = 'messenger_account'") is not None


def key_use(db: Database) -> tuple[int, datetime | None]:
    """How many keys are in force, and when one of them was last used."""
    count, at = db.tuples("SELECT COUNT(*), MAX(last_used_at) FROM api_key WHERE revoked_at IS NULL")[0]
    return int(count), _moment(at)


def first_entry(db: Database) -> datetime | None:
    return _moment(db.value("SELECT created_at FROM entry ORDER BY id LIMIT 1"))


def first_filled(db: Database) -> datetime | None:
    """When the first booking was made out of an offer."""
    return _moment(db.value("SELECT created_at FROM booking WHERE offer_id IS NOT NULL ORDER BY offer_id LIMIT 1"))


def bookings_between(db: Database, since: datetime, until: datetime) -> int:
    """How many bookings that count begin in [since, until)."""
    sql = """SELECT COUNT(*) FROM booking WHERE starts_at >= ? AND starts_at < ?
             AND status IN ('pending', 'confirmed', 'in_progress')"""
    return int(db.value(sql, since, until))


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else from_ms(ms)
