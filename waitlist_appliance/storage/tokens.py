"""Tokens of links. The database keeps only the hash: a link is made again from the key, never read from a backup."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain import tokens
from waitlist_appliance.storage.database import Database


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    subject_id: int
    generation: int
    expires_at: datetime | None
    consumed_at: datetime | None


def issue(db: Database, key: bytes, kind: str, subject_id: int, now: datetime, generation: int = 1) -> str:
    """The token of this subject; issuing it again gives the same one."""
    token = tokens.make(kind, subject_id, generation, key)
    # Showing a page stays reading: only a token that is not there yet is written.
    if db.in_write or db.value("SELECT 1 FROM token WHERE hash = ?", tokens.hash_of(token)) is None:
        with db.write():
            db.execute(
                "INSERT OR IGNORE INTO token (hash, kind, subject_id, generation, created_at) VALUES (?, ?, ?, ?, ?)",
                tokens.hash_of(token), kind, subject_id, generation, now,
            )  # fmt: skip
    return token


def find(db: Database, kind: str, token: str) -> Token | None:
    """The token if it is known and of this kind."""
    if not tokens.looks_like(token):
        return None
    return db.row(Token, "SELECT * FROM token WHERE hash = ? AND kind = ?", tokens.hash_of(token), kind)


def is_known(db: Database, token: str) -> bool:
    """Whether this token was ever issued, whatever it is for."""
    return tokens.looks_like(token) and bool(db.value("SELECT 1 FROM token WHERE hash = ?", tokens.hash_of(token)))


def consume(db: Database, token: str, now: datetime) -> int:
    return db.execute(
        "UPDATE token SET consumed_at = ? WHERE hash = ? AND consumed_at IS NULL", now, tokens.hash_of(token)
    )
