"""Letters to the team, sealed while they wait: each carries a link that opens the door."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.vault import Vault

_CLAIMABLE = "(state = 'pending' OR (state = 'sending' AND lease_until_at <= ?2))"


@dataclass(frozen=True, slots=True)
class StaffLetterRow:
    """A letter that waits; ``until_at``: when its link ends."""

    id: int
    user_id: int
    kind: str
    until_at: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class Unsent:
    """A letter that could not be sent, or not yet."""

    name: str
    kind: str
    state: str
    error: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody forgot the password of this address."""

    email: str
    asked_at: datetime


def add(
    db: Database, vault: Vault, user_id: int, kind: str, said: Mapping[str, str], until: datetime, now: datetime
) -> int:  # fmt: skip
    """Keep a letter until it is sent; its id. VaultError."""
    letter = db.insert("staff_letter", user_id=user_id, kind=kind, until_at=until, due_at=now, created_at=now)
    sealed = vault.seal(json.dumps(dict(said)).encode(), place(letter))
    db.execute("UPDATE staff_letter SET sealed = ? WHERE id = ?", sealed, letter)
    return letter


def text_of(db: Database, vault: Vault, letter_id: int) -> dict[str, str]:
    """What it says. VaultError; LookupError when it was wiped."""
    sealed = db.value("SELECT sealed FROM staff_letter WHERE id = ?", letter_id)
    if sealed is None:
        raise LookupError(f"staff letter {letter_id}")
    found: dict[str, str] = json.loads(vault.open(sealed, place(letter_id)))
    return found


def due(db: Database, now: datetime, limit: int) -> list[StaffLetterRow]:
    return db.rows(
        StaffLetterRow,
        f"""SELECT id, user_id, kind, until_at, attempts FROM staff_letter INDEXED BY staff_letter_due
             WHERE state IN ('pending', 'sending') AND due_at <= ?2 AND {_CLAIMABLE} ORDER BY due_at, id LIMIT ?1""",
        limit, now,
    )  # fmt: skip


def claim(db: Database, letter_id: int, now: datetime, lease_until: datetime) -> bool:
    """Take it for sending until the lease ends; False when somebody else has it."""
    return db.execute(
        f"""UPDATE staff_letter SET state = 'sending', lease_until_at = ?3, attempts = attempts + 1
             WHERE id = ?1 AND {_CLAIMABLE}""",
        letter_id, now, lease_until,
    ) > 0  # fmt: skip


def sent(db: Database, letter_id: int) -> None:
    """It left: nothing of it is kept."""
    sql = "UPDATE staff_letter SET state = 'sent', sealed = NULL, error = NULL WHERE id = ? AND state = 'sending'"
    db.execute(sql, letter_id)


def failed(db: Database, letter_id: int, error: str) -> None:
    """It is given up: nothing of it is kept."""
    sql = "UPDATE staff_letter SET state = 'failed', sealed = NULL, error = ? WHERE id = ? AND state = 'sending'"
    db.execute(sql, error, letter_id)


def put_off(db: Database, letter_id: int, due_at: datetime, error: str) -> None:
    sql = "UPDATE staff_letter SET state = 'pending', due_at = ?, error = ? WHERE id = ? AND state = 'sending'"
    db.execute(sql, due_at, error, letter_id)


def count_since(db: Database, user_id: int, kind: str, since: datetime) -> int:
    sql = "SELECT COUNT(*) FROM staff_letter WHERE user_id = ? AND kind = ? AND created_at > ?"
    return int(db.value(sql, user_id, kind, since))


def unsent(db: Database, since: datetime) -> list[Unsent]:
    """What did not go out lately, newest first."""
    return db.rows(
        Unsent,
        """SELECT staff_user.name, staff_letter.kind, staff_letter.state, staff_letter.error, staff_letter.created_at
             FROM staff_letter JOIN staff_user ON staff_user.id = staff_letter.user_id
            WHERE staff_letter.created_at > ? AND staff_letter.error IS NOT NULL AND staff_letter.state <> 'sent'
            ORDER BY staff_letter.id DESC LIMIT 20""",
        since,
    )  # fmt: skip


def forget_before(db: Database, before: datetime) -> int:
    return db.execute("DELETE FROM staff_letter WHERE created_at < ? AND state IN ('sent', 'failed')", before)


def ask(db: Database, email: str, now: datetime) -> None:
    """Note that somebody with this address, if there is anybody, wants to choose a new password."""
    db.insert("forgotten_password", email=email, asked_at=now)


def take_asked(db: Database) -> list[Asked]:
    """What was asked since the last time; it is forgotten with that."""
    return db.rows(Asked, "DELETE FROM forgotten_password RETURNING email, asked_at")


def is_asked(db: Database) -> bool:
    return db.value("SELECT 1 FROM forgotten_password LIMIT 1") is not None


def place(key: object) -> str:
    """What a letter is sealed for."""
    return f"staff_letter:{key}"
