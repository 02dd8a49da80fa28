"""Answers kept for 24 hours, so that a repeated request gets the same one and acts only once."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from waitlist_appliance.domain import tokens
from waitlist_appliance.storage.database import Database

KEPT_FOR = timedelta(hours=24)
# JSON never holds this character as such, so that nothing that somebody said can be read as a reference.
_MARK = "\x1f"
_REFERENCE = re.compile(f"{_MARK}([a-z]+):([0-9]+):([0-9]+){_MARK}")


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    request_hash: bytes
    status: int
    body: str


def find(db: Database, caller: str, key: str, now: datetime, token_key: bytes) -> KeptAnswer | None:
    """The answer that this caller got for this key within the last 24 hours."""
    found = db.row(
        KeptAnswer,
        "SELECT request_hash, status, body FROM idempotency WHERE caller = ? AND key = ? AND created_at > ?",
        caller, key, now - KEPT_FOR,
    )  # fmt: skip
    return None if found is None else replace(found, body=_with_links(found.body, token_key))


def keep(db: Database, caller: str, key: str, answer: KeptAnswer, now: datetime) -> None:
    """Remember the answer (inside the caller's transaction) and forget what is older than 24 hours."""
    db.execute("DELETE FROM idempotency WHERE created_at <= ?", now - KEPT_FOR)
    db.execute(
        """INSERT OR IGNORE INTO idempotency (caller, key, request_hash, status, body, created_at)
           VALUES (?, ?, ?, ?, ?, ?)""",
        caller, key, answer.request_hash, answer.status, _without_links(db, answer.body), now,
    )  # fmt: skip


def _without_links(db: Database, body: str) -> str:
    """The answer with its tokens as references: no link that works is read from a backup."""

    def reference(token: str) -> str:
        row = db.tuples("SELECT kind, subject_id, generation FROM token WHERE hash = ?", tokens.hash_of(token))
        return _MARK + ":".join(map(str, row[0])) + _MARK if row else token

    return tokens.replaced(body, reference)


def _with_links(body: str, key: bytes) -> str:
    return _REFERENCE.sub(lambda found: tokens.make(found[1], int(found[2]), int(found[3]), key), body)
