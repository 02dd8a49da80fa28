"""Answers kept for 24 hours, so that a repeated request gets the same one and acts only once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from waitlist_appliance.storage.database import Database

KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    request_hash: bytes
    status: int
    body: str


def find(db: Database, caller: str, key: str, now: datetime) -> KeptAnswer | None:
    """The answer that this caller got for this key within the last 24 hours."""
    return db.row(
        KeptAnswer,
        "SELECT request_hash, status, body FROM idempotency WHERE caller = ? AND key = ? AND created_at > ?",
        caller, key, now - KEPT_FOR,
    )  # fmt: skip


def keep(db: Database, caller: str, key: str, answer: KeptAnswer, now: datetime) -> None:
    """Remember the answer (inside the caller's transaction) and forget what is older than 24 hours."""
    db.execute("DELETE FROM idempotency WHERE created_at <= ?", now - KEPT_FOR)
    db.execute(
        """INSERT OR IGNORE INTO idempotency (caller, key, request_hash, status, body, created_at)
           VALUES (?, ?, ?, ?, ?, ?)""",
        caller, key, answer.request_hash, answer.status, answer.body, now,
    )  # fmt: skip
