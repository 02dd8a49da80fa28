"""Which backups were made, and how they ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.storage.database import Database

KEPT = 400


@dataclass(frozen=True, slots=True)
class BackupRun:
    """``state``: running, done or failed. ``error``: what failed, also of the copy off the machine (``offsite``)."""

    id: int
    started_at: datetime
    finished_at: datetime | None
    state: str
    file: str | None
    bytes: int | None
    database_bytes: int | None
    verified_at: datetime | None
    offsite: str | None
    offsite_at: datetime | None
    error: str | None


def begin(db: Database, now: datetime) -> int:
    """A run begins."""
    with db.write():
        found = db.insert("backup_run", started_at=now, state="running")
        db.execute("DELETE FROM backup_run WHERE id <= ?", found - KEPT)
        return found


def alone(db: Database, run_id: int, now: datetime) -> None:
    """No other run is at work: what is still noted as running was killed, and is noted as failed."""
    with db.write():
        db.execute(
            """UPDATE backup_run SET state = 'failed', finished_at = ?, error = 'it was interrupted'
                WHERE state = 'running' AND id <> ?""",
            now, run_id,
        )  # fmt: skip


def forget(db: Database, run_id: int) -> None:
    """It never began."""
    with db.write():
        db.execute("DELETE FROM backup_run WHERE id = ?", run_id)


def done(db: Database, run_id: int, now: datetime, file: str, size: int, database_bytes: int) -> None:
    """The backup lies there, opened again and found whole."""
    with db.write():
        db.execute(
            """UPDATE backup_run SET state = 'done', finished_at = ?1, verified_at = ?1, file = ?2, bytes = ?3,
                      database_bytes = ?4 WHERE id = ?5""",
            now, file, size, database_bytes, run_id,
        )  # fmt: skip


def failed(db: Database, run_id: int, now: datetime, error: str) -> None:
    with db.write():
        db.execute(
            "UPDATE backup_run SET state = 'failed', finished_at = ?, error = ? WHERE id = ?", now, error, run_id
        )


def copied(db: Database, run_id: int, now: datetime, target: str, error: str | None) -> None:
    """How copying it off the machine ended; without an error it lies there."""
    with db.write():
        db.execute(
            "UPDATE backup_run SET offsite = ?, offsite_at = ?, error = ? WHERE id = ?",
            target, now if error is None else None, error, run_id,
        )  # fmt: skip


def last_good(db: Database) -> BackupRun | None:
    """The newest run that left a whole backup."""
    return db.row(BackupRun, "SELECT * FROM backup_run WHERE state = 'done' ORDER BY finished_at DESC, id DESC LIMIT 1")


def last_copied(db: Database) -> str | None:
    """The newest file that is known to have arrived off the machine."""
    found: str | None = db.value("SELECT file FROM backup_run WHERE offsite_at IS NOT NULL ORDER BY id DESC LIMIT 1")
    return found


def newest(db: Database, limit: int = 20) -> list[BackupRun]:
    """The last runs, the newest first."""
    return db.rows(BackupRun, "SELECT * FROM backup_run ORDER BY id DESC LIMIT ?", limit)


def by_file(db: Database) -> dict[str, BackupRun]:
    """File name → the run that made it."""
    return {run.file: run for run in reversed(newest(db, KEPT)) if run.file is not None}
