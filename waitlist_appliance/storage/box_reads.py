"""What tells whether the box is well, out of its own tables; each a look at an index."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.storage.database import Database

# Whoever looks every few seconds need not know how many thousands there are.
COUNTED = 1000


@dataclass(frozen=True, slots=True)
class Late:
    """What should have been done by now: how many, and since when the first of them."""

    number: int
    oldest_at: datetime | None


def messages_due(db: Database, now: datetime) -> Late:
    """Messages that could be sent now, counted up to COUNTED. What is being sent, or waits to hear what became of it, is
    not among them."""
    return _late(
        db,
        """SELECT COUNT(*) AS number, MIN(due_at) AS oldest_at FROM (
               SELECT due_at FROM message INDEXED BY message_due
                WHERE state IN ('pending', 'sending') AND due_at <= ?1 AND (state = 'pending' OR lease_until_at <= ?1)
                ORDER BY due_at LIMIT ?2)""",
        now, COUNTED,
    )  # fmt: skip


def late_work(db: Database, now: datetime) -> dict[str, Late]:
    """What else the worker should have done by now, by its name."""
    return {name: _late(db, sql, now) for name, sql in _WORK.items()}


_WORK = {
    "calendar_writes": """SELECT COUNT(*) AS number, MIN(due_at) AS oldest_at FROM calendar_write
        WHERE state IN ('pending', 'running') AND due_at <= ?1 AND (state = 'pending' OR lease_until_at <= ?1)""",
    "slots": """SELECT COUNT(*) AS number, MIN(next_check_at) AS oldest_at FROM slot
        WHERE next_check_at IS NOT NULL AND next_check_at <= ?1""",
    "offers": """SELECT COUNT(*) AS number, MIN(deadline_at) AS oldest_at FROM offer
        WHERE state = 'live' AND deadline_at IS NOT NULL AND deadline_at <= ?1""",
    "staff_letters": """SELECT COUNT(*) AS number, MIN(due_at) AS oldest_at FROM staff_letter
        WHERE state IN ('pending', 'sending') AND due_at <= ?1 AND (state = 'pending' OR lease_until_at <= ?1)""",
    "notices": """SELECT COUNT(*) AS number, MIN(due_at) AS oldest_at FROM notice_delivery
        WHERE state IN ('pending', 'sending') AND due_at <= ?1 AND (state = 'pending' OR lease_until_at <= ?1)""",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class KeyUse:
    """An API key that is in force, or was until it ran out."""

    name: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None


def api_keys(db: Database) -> list[KeyUse]:
    """Every key that nobody revoked."""
    return db.rows(
        KeyUse, "SELECT name, created_at, last_used_at, expires_at FROM api_key WHERE revoked_at IS NULL ORDER BY id"
    )


def owners_with_a_password_only(db: Database) -> list[str]:
    """The names of the owners who come in without a second factor or a passkey."""
    sql = """SELECT name FROM staff_user WHERE role = 'owner' AND disabled_at IS NULL AND password_hash IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM staff_totp WHERE user_id = staff_user.id AND confirmed_at IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM passkey WHERE user_id = staff_user.id) ORDER BY id"""
    return [str(name) for (name,) in db.tuples(sql)]


def tables(db: Database) -> list[str]:
    """The names of all tables."""
    return [str(name) for (name,) in db.tuples("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]


def faults(db: Database, table: str | None = None) -> list[str]:
    """What SQLite finds wrong with its file: quickly all of it, or thoroughly one table with its indexes."""
    if table is None:
        found = db.tuples("PRAGMA quick_check(5)")
    else:
        found = db.tuples('PRAGMA integrity_check("' + table.replace('"', '""') + '")')
    return [str(fault) for (fault,) in found if fault != "ok"][:5]


def orphans(db: Database) -> list[str]:
    """Tables with rows that point to nothing."""
    return sorted({str(row[0]) for row in db.tuples("PRAGMA foreign_key_check")})


def journal_mode(db: Database) -> str:
    return str(db.value("PRAGMA journal_mode"))


def _late(db: Database, sql: str, *parameters: object) -> Late:
    return db.row(Late, sql, *parameters) or Late(0, None)
