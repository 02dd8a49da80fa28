"""How the box itself is doing: its worker, its queues, its calendars, its file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from waitlist_appliance.storage import schema
from waitlist_appliance.storage.database import Database, sqlite
from waitlist_appliance.storage.heartbeats import Heartbeat


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits to be done: `due` now, `oldest_at` the first of those, `later` not yet due."""

    name: str
    due: int
    oldest_at: datetime | None
    later: int


@dataclass(frozen=True, slots=True)
class CalendarRead:
    id: int
    name: str
    provider: str
    status: str
    enabled: bool
    last_sync_at: datetime | None
    next_sync_at: datetime | None
    failing_since_at: datetime | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Store:
    """The database's file; sizes in bytes."""

    path: str
    size: int
    log_size: int
    free_inside: int
    sqlite_version: str
    migrations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    condition: str
    since_at: datetime
    detail: str
    count: int


_QUEUES = {
    "messages": ("message", "due_at", "state IN ('pending', 'sending')"),
    "calendar_writes": ("calendar_write", "due_at", "state IN ('pending', 'running')"),
    "slots": ("slot", "next_check_at", "next_check_at IS NOT NULL"),
    "offers": ("offer", "deadline_at", "state = 'live' AND deadline_at IS NOT NULL"),
}


def queues(db: Database, now: datetime) -> list[Queue]:
    """Everything the worker has to do, each list out of its own partial index."""
    return [_queue(db, name, *where, now) for name, where in _QUEUES.items()]


def calendars(db: Database) -> list[CalendarRead]:
    sql = """SELECT id, name, provider, status, enabled, last_sync_at, next_sync_at, failing_since_at, last_error
             FROM connection ORDER BY id"""
    return db.rows(CalendarRead, sql)


def heartbeats(db: Database) -> list[Heartbeat]:
    """The signs of life of the processes."""
    return db.rows(Heartbeat, "SELECT name, at, detail FROM heartbeat WHERE name = 'worker'")


def alarms(db: Database) -> list[Condition]:
    return db.rows(Condition, "SELECT condition, since_at, detail, count FROM alarm ORDER BY since_at")


def team_size(db: Database) -> int:
    """How many people can log in."""
    return int(db.value("SELECT COUNT(*) FROM staff_user WHERE disabled_at IS NULL AND password_hash IS NOT NULL"))


def with_second_factor(db: Database) -> int:
    """How many of them prove themselves by more than a password."""
    return int(db.value(
        """SELECT COUNT(*) FROM staff_user WHERE disabled_at IS NULL AND password_hash IS NOT NULL AND (
               EXISTS (SELECT 1 FROM staff_totp WHERE user_id = staff_user.id AND confirmed_at IS NOT NULL)
               OR EXISTS (SELECT 1 FROM passkey WHERE user_id = staff_user.id))"""
    ))  # fmt: skip


def store(db: Database) -> Store:
    """The file, from SQLite's own book-keeping."""
    page = int(db.value("PRAGMA page_size"))
    log = Path(db.path + "-wal")
    return Store(
        path=db.path, size=file_size(db),
        log_size=log.stat().st_size if log.exists() else 0, free_inside=int(db.value("PRAGMA freelist_count")) * page,
        sqlite_version=sqlite_version(), migrations=tuple(schema.applied(db)),
    )  # fmt: skip


def file_size(db: Database) -> int:
    """Of the database's file, in bytes."""
    return int(db.value("PRAGMA page_count")) * int(db.value("PRAGMA page_size"))


def sqlite_version() -> str:
    """Of the SQLite that the database is opened with."""
    return str(sqlite.sqlite_version)


def _queue(db: Database, name: str, table: str, due: str, where: str, now: datetime) -> Queue:
    sql = f"SELECT ? AS name, COUNT(*) AS due, MIN({due}) AS oldest_at, 0 AS later FROM {table} WHERE {where} AND {due} <= ?"
    found = db.row(Queue, sql, name, now)
    later = int(db.value(f"SELECT COUNT(*) FROM {table} WHERE {where} AND {due} > ?", now))
    return Queue(name, found.due if found else 0, found.oldest_at if found else None, later)
