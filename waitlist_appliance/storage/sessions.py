"""Log-ins of staff, one per browser, as SQL. Of a session's secret only the hash is kept."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.storage.database import Database

LONGEST_AGENT = 400
_ROW = "public_id, user_id, ip, user_agent, proved_by, proved_at, created_at, seen_at, expires_at"
_USER = "id, public_id, email, name, role, password_hash, last_login_at, disabled_at"
_ALIVE = "expires_at > ? AND seen_at > ?"


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One log-in on one browser. ``proved_at``: when a password or a second factor was last given there."""

    public_id: str
    user_id: int
    ip: str
    user_agent: str
    proved_by: str
    proved_at: datetime
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


def insert(
    db: Database, hashed: bytes, user_id: int, now: datetime, expires_at: datetime, *, ip: str = "",
    user_agent: str = "", proved_by: str = "password",
) -> None:  # fmt: skip
    db.insert(
        "staff_session", hash=hashed, public_id=str(uuid.uuid4()), user_id=user_id, created_at=now, seen_at=now,
        proved_at=now, expires_at=expires_at, ip=ip, user_agent=user_agent[:LONGEST_AGENT], proved_by=proved_by,
    )  # fmt: skip


def alive(db: Database, hashed: bytes, now: datetime, idle_since: datetime) -> SessionRow | None:
    """The session, unless it is over or idle too long."""
    return db.row(SessionRow, f"SELECT {_ROW} FROM staff_session WHERE hash = ? AND {_ALIVE}", hashed, now, idle_since)


def user_of(db: Database, session: SessionRow) -> StaffUser | None:
    """Whose session it is; None for somebody without access."""
    return db.row(StaffUser, f"SELECT {_USER} FROM staff_user WHERE id = ? AND disabled_at IS NULL", session.user_id)


def of_user(db: Database, user_id: int, now: datetime, idle_since: datetime) -> list[SessionRow]:
    """The sessions in force, the one last used first."""
    sql = f"SELECT {_ROW} FROM staff_session WHERE user_id = ? AND {_ALIVE} ORDER BY seen_at DESC, public_id"
    return db.rows(SessionRow, sql, user_id, now, idle_since)


def in_force(db: Database, now: datetime, idle_since: datetime) -> list[SessionRow]:
    """Everybody's sessions, the one last used first."""
    sql = f"SELECT {_ROW} FROM staff_session WHERE {_ALIVE} ORDER BY seen_at DESC, public_id"
    return db.rows(SessionRow, sql, now, idle_since)


def touch(db: Database, hashed: bytes, now: datetime) -> None:
    db.execute("UPDATE staff_session SET seen_at = ? WHERE hash = ?", now, hashed)


def renew(db: Database, hashed: bytes, fresh: bytes, now: datetime) -> bool:
    """The session goes on under another secret, proved now; False when there is none."""
    sql = "UPDATE staff_session SET hash = ?, proved_at = ?, seen_at = ? WHERE hash = ?"
    return db.execute(sql, fresh, now, now, hashed) == 1


def end(db: Database, hashed: bytes) -> int:
    return db.execute("DELETE FROM staff_session WHERE hash = ?", hashed)


def end_one(db: Database, user_id: int, public_id: str) -> bool:
    """End the session of this user with this id; False when there is none."""
    return db.execute("DELETE FROM staff_session WHERE user_id = ? AND public_id = ?", user_id, public_id) == 1


def end_of_user(db: Database, user_id: int, *, but: bytes = b"") -> int:
    """End all sessions of a user but the one with this hash; how many there were."""
    return db.execute("DELETE FROM staff_session WHERE user_id = ? AND hash <> ?", user_id, but)


def set_proved_by(db: Database, hashed: bytes, user_id: int, proved_by: str) -> None:
    sql = "UPDATE staff_session SET proved_by = ? WHERE hash = ? AND user_id = ?"
    db.execute(sql, proved_by, hashed, user_id)


def end_by_password(db: Database, user_id: int) -> int:
    """End the sessions of a user that a password alone opened; how many there were."""
    return db.execute("DELETE FROM staff_session WHERE user_id = ? AND proved_by = 'password'", user_id)


def forget_old(db: Database, now: datetime, idle_since: datetime) -> None:
    db.execute("DELETE FROM staff_session WHERE expires_at <= ? OR seen_at <= ?", now, idle_since)
