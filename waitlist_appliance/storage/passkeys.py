"""Passkeys of staff, as SQL: what a key of theirs signs is checked with the public half that is kept here."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.storage.database import Database

_COLUMNS = "id, public_id, user_id, credential_id, public_key, sign_count, name, created_at, last_used_at"


@dataclass(frozen=True, slots=True)
class Passkey:
    """``sign_count``: how often it says that it has signed; always 0 where it is kept on several devices."""

    id: int
    public_id: str
    user_id: int
    credential_id: bytes
    public_key: bytes
    sign_count: int
    name: str
    created_at: datetime
    last_used_at: datetime | None


def add(
    db: Database, user_id: int, credential_id: bytes, public_key: bytes, sign_count: int, name: str, now: datetime
) -> None:
    """IntegrityError where this key is known already."""
    db.insert(
        "passkey", public_id=str(uuid.uuid4()), user_id=user_id, credential_id=credential_id, public_key=public_key,
        sign_count=sign_count, name=name, created_at=now,
    )  # fmt: skip


def by_credential(db: Database, credential_id: bytes) -> Passkey | None:
    return db.row(Passkey, f"SELECT {_COLUMNS} FROM passkey WHERE credential_id = ?", credential_id)


def of_user(db: Database, user_id: int) -> list[Passkey]:
    """The user's passkeys, oldest first."""
    return db.rows(Passkey, f"SELECT {_COLUMNS} FROM passkey WHERE user_id = ? ORDER BY id", user_id)


def are_there(db: Database) -> bool:
    """Whether anybody has one."""
    return bool(db.value("SELECT EXISTS (SELECT 1 FROM passkey)"))


def used(db: Database, key: Passkey, sign_count: int, now: datetime) -> bool:
    """Note a log-in; False when the key has been taken off, or used elsewhere, since it was read."""
    sql = "UPDATE passkey SET sign_count = ?, last_used_at = ? WHERE id = ? AND sign_count = ?"
    return db.execute(sql, sign_count, now, key.id, key.sign_count) == 1


def rename(db: Database, user_id: int, public_id: str, name: str) -> bool:
    """Whether the user has such a passkey."""
    return db.execute("UPDATE passkey SET name = ? WHERE user_id = ? AND public_id = ?", name, user_id, public_id) == 1


def remove(db: Database, user_id: int, public_id: str) -> str | None:
    """The name of what was removed; None where the user has no such passkey."""
    removed = db.tuples("DELETE FROM passkey WHERE user_id = ? AND public_id = ? RETURNING name", user_id, public_id)
    return removed[0][0] if removed else None
