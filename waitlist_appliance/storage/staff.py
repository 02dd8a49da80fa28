"""Staff users, their one-time links and the log-in throttle, as SQL."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.storage.database import Database

_USER = "id, public_id, email, name, role, password_hash, last_login_at, disabled_at"


@dataclass(frozen=True, slots=True)
class StaffLink:
    """A one-time link. Only the hash of its secret is kept."""

    user_id: int
    purpose: str
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Throttle:
    """How often a key failed, and until when it has to wait."""

    failures: int
    blocked_until_at: datetime
    updated_at: datetime


def insert_user(db: Database, email: str, name: str, role: str, now: datetime) -> int:
    """A new user without a password; IntegrityError when the email is taken. The row's id."""
    return db.insert("staff_user", public_id=str(uuid.uuid4()), email=email, name=name, role=role, created_at=now)


def user_by_id(db: Database, user_id: int) -> StaffUser | None:
    return db.row(StaffUser, f"SELECT {_USER} FROM staff_user WHERE id = ?", user_id)


def user_by_email(db: Database, email: str) -> StaffUser | None:
    return db.row(StaffUser, f"SELECT {_USER} FROM staff_user WHERE email = ? COLLATE NOCASE", email)


def users(db: Database) -> list[StaffUser]:
    """Everybody who may log in or could once, oldest first."""
    return db.rows(StaffUser, f"SELECT {_USER} FROM staff_user ORDER BY id")


def user_by_public_id(db: Database, public_id: str) -> StaffUser | None:
    return db.row(StaffUser, f"SELECT {_USER} FROM staff_user WHERE public_id = ?", public_id)


def other_owners(db: Database, user_id: int) -> int:
    """How many owners besides this user can log in."""
    sql = """SELECT COUNT(*) FROM staff_user WHERE role = 'owner' AND disabled_at IS NULL AND password_hash IS NOT NULL
             AND id <> ?"""
    return int(db.value(sql, user_id))


def set_role(db: Database, user_id: int, role: str) -> None:
    db.execute("UPDATE staff_user SET role = ? WHERE id = ?", role, user_id)


def set_disabled(db: Database, user_id: int, at: datetime | None) -> None:
    db.execute("UPDATE staff_user SET disabled_at = ? WHERE id = ?", at, user_id)


def open_links(db: Database, now: datetime) -> dict[int, datetime]:
    """User → until when their unused link opens the door."""
    rows = db.rows(
        StaffLink,
        "SELECT user_id, purpose, expires_at, used_at FROM staff_link WHERE used_at IS NULL AND expires_at > ?", now,
    )  # fmt: skip
    return {link.user_id: link.expires_at for link in rows}


def set_password(db: Database, user_id: int, password_hash: str) -> None:
    db.execute("UPDATE staff_user SET password_hash = ? WHERE id = ?", password_hash, user_id)


def replace_hash(db: Database, user_id: int, old: str, new: str) -> None:
    """The same password, hashed anew; nothing happens where another one was chosen meanwhile."""
    db.execute("UPDATE staff_user SET password_hash = ? WHERE id = ? AND password_hash = ?", new, user_id, old)


def set_last_login(db: Database, user_id: int, now: datetime) -> None:
    db.execute("UPDATE staff_user SET last_login_at = ? WHERE id = ?", now, user_id)


def insert_link(db: Database, hashed: bytes, user_id: int, purpose: str, expires_at: datetime) -> None:
    db.insert("staff_link", hash=hashed, user_id=user_id, purpose=purpose, expires_at=expires_at)


def link(db: Database, hashed: bytes) -> StaffLink | None:
    return db.row(StaffLink, "SELECT user_id, purpose, expires_at, used_at FROM staff_link WHERE hash = ?", hashed)


def spend_link(db: Database, hashed: bytes, now: datetime) -> bool:
    """Mark the link used; False when somebody was faster or it is too old."""
    sql = "UPDATE staff_link SET used_at = ? WHERE hash = ? AND used_at IS NULL AND expires_at > ?"
    return db.execute(sql, now, hashed, now) == 1


def void_links(db: Database, user_id: int, now: datetime) -> None:
    """End every unused link of a user, so that only the newest one opens the door."""
    db.execute("UPDATE staff_link SET used_at = ? WHERE user_id = ? AND used_at IS NULL", now, user_id)


def throttle(db: Database, key: str) -> Throttle | None:
    return db.row(Throttle, "SELECT failures, blocked_until_at, updated_at FROM login_throttle WHERE key = ?", key)


def set_throttle(db: Database, key: str, failures: int, blocked_until: datetime, now: datetime) -> None:
    sql = (
        "INSERT INTO login_throttle (key, failures, blocked_until_at, updated_at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (key) DO UPDATE SET failures = excluded.failures, "
        "blocked_until_at = excluded.blocked_until_at, updated_at = excluded.updated_at"
    )
    db.execute(sql, key, failures, blocked_until, now)


def clear_throttle(db: Database, key: str) -> None:
    db.execute("DELETE FROM login_throttle WHERE key = ?", key)


def forget_old_throttles(db: Database, before: datetime) -> None:
    db.execute("DELETE FROM login_throttle WHERE updated_at < ?", before)
