"""Signs of life of the long-running processes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.storage.database import Database


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The last sign of life of one process; ``detail`` is JSON text."""

    name: str
    at: datetime
    detail: str


def beat(db: Database, name: str, now: datetime, detail: str = "{}") -> None:
    """Note that this process lives at ``now``."""
    sql = """INSERT INTO heartbeat (name, at, detail) VALUES (?, ?, ?)
             ON CONFLICT (name) DO UPDATE SET at = excluded.at, detail = excluded.detail"""
    with db.write():
        db.execute(sql, name, now, detail)


def read(db: Database, name: str) -> Heartbeat | None:
    """The last sign of life; None when there never was one."""
    return db.row(Heartbeat, "SELECT name, at, detail FROM heartbeat WHERE name = ?", name)
