"""Log-ins that have begun and wait for their second half, as SQL. Of a challenge's secret only the hash is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.storage.database import Database


@dataclass(frozen=True, slots=True)
class Challenge:
    """``challenge``: what a passkey has to sign; None where a code is asked for."""

    purpose: str
    user_id: int | None
    challenge: bytes | None
    ip: str
    failures: int
    expires_at: datetime


def add(
    db: Database, hashed: bytes, purpose: str, user_id: int | None, ip: str, now: datetime, expires_at: datetime,
    challenge: bytes | None = None,
) -> None:  # fmt: skip
    """Remember it; those that are over are forgotten meanwhile."""
    db.execute("DELETE FROM login_challenge WHERE expires_at <= ?", now)
    db.insert(
        "login_challenge", hash=hashed, purpose=purpose, user_id=user_id, challenge=challenge, ip=ip, created_at=now,
        expires_at=expires_at,
    )  # fmt: skip


def alive(db: Database, hashed: bytes, purpose: str, now: datetime) -> Challenge | None:
    """The challenge, unless it is over, spent or for something else."""
    return db.row(
        Challenge,
        """SELECT purpose, user_id, challenge, ip, failures, expires_at FROM login_challenge
            WHERE hash = ? AND purpose = ? AND expires_at > ?""",
        hashed, purpose, now,
    )  # fmt: skip


def fail(db: Database, hashed: bytes, most: int) -> bool:
    """Count a wrong answer; False when that was the last one allowed, and the challenge is over."""
    db.execute("UPDATE login_challenge SET failures = failures + 1 WHERE hash = ?", hashed)
    return db.execute("DELETE FROM login_challenge WHERE hash = ? AND failures >= ?", hashed, most) == 0


def spend(db: Database, hashed: bytes, purpose: str, now: datetime) -> bool:
    """Use it up; False when somebody was faster or it is over."""
    sql = "DELETE FROM login_challenge WHERE hash = ? AND purpose = ? AND expires_at > ?"
    return db.execute(sql, hashed, purpose, now) == 1


def end_of_user(db: Database, user_id: int) -> None:
    """Whatever the user has begun is over."""
    db.execute("DELETE FROM login_challenge WHERE user_id = ?", user_id)
