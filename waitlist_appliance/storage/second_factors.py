"""What proves somebody besides their password: an authenticator app's secret (sealed) and recovery codes, as SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.vault import Vault


@dataclass(frozen=True, slots=True)
class Totp:
    """An authenticator app. It counts from ``confirmed_at`` on; codes of steps up to ``last_step`` are spent."""

    user_id: int
    created_at: datetime
    confirmed_at: datetime | None
    last_step: int


def put_totp(db: Database, vault: Vault, user_id: int, secret: str, now: datetime) -> bool:
    """Keep a new secret that is not confirmed yet, in place of another such; False where one is confirmed. VaultError."""
    sealed = vault.seal(secret.encode(), place(user_id))
    return db.execute(
        """INSERT INTO staff_totp (user_id, secret, created_at) VALUES (?, ?, ?)
           ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at, last_step = 0
            WHERE confirmed_at IS NULL""",
        user_id, sealed, now,
    ) == 1  # fmt: skip


def totp(db: Database, user_id: int) -> Totp | None:
    sql = "SELECT user_id, created_at, confirmed_at, last_step FROM staff_totp WHERE user_id = ?"
    return db.row(Totp, sql, user_id)


def totp_secret(db: Database, vault: Vault, user_id: int) -> str:
    """VaultError; LookupError where there is none."""
    sealed = db.value("SELECT secret FROM staff_totp WHERE user_id = ?", user_id)
    if sealed is None:
        raise LookupError(f"second factor of user {user_id}")
    return vault.open(sealed, place(user_id)).decode()


def spend_step(db: Database, user_id: int, step: int) -> bool:
    """Use up the code of this step; False when it, or a later one, was used before."""
    sql = "UPDATE staff_totp SET last_step = ? WHERE user_id = ? AND last_step < ?"
    return db.execute(sql, step, user_id, step) == 1


def confirm_totp(db: Database, user_id: int, now: datetime) -> bool:
    """From now on it counts; False where it did already or there is none."""
    sql = "UPDATE staff_totp SET confirmed_at = ? WHERE user_id = ? AND confirmed_at IS NULL"
    return db.execute(sql, now, user_id) == 1


def drop_totp(db: Database, user_id: int) -> int:
    return db.execute("DELETE FROM staff_totp WHERE user_id = ?", user_id)


def replace_codes(db: Database, user_id: int, hashes: list[bytes]) -> None:
    """These recovery codes instead of all earlier ones."""
    db.execute("DELETE FROM recovery_code WHERE user_id = ?", user_id)
    for hashed in hashes:
        db.insert("recovery_code", hash=hashed, user_id=user_id)


def spend_code(db: Database, user_id: int, hashed: bytes, now: datetime) -> bool:
    """Use up this recovery code; False when it is not the user's or was used before."""
    sql = "UPDATE recovery_code SET used_at = ? WHERE hash = ? AND user_id = ? AND used_at IS NULL"
    return db.execute(sql, now, hashed, user_id) == 1


def codes_left(db: Database, user_id: int) -> int:
    return int(db.value("SELECT COUNT(*) FROM recovery_code WHERE user_id = ? AND used_at IS NULL", user_id))


def kinds(db: Database, user_id: int) -> frozenset[str]:
    """What the user can prove themselves with besides the password: "code", "passkey"."""
    sql = """SELECT 'code' FROM staff_totp WHERE user_id = ?1 AND confirmed_at IS NOT NULL
             UNION SELECT 'passkey' FROM passkey WHERE user_id = ?1"""
    return frozenset(kind for (kind,) in db.tuples(sql, user_id))


def kinds_by_user(db: Database) -> dict[int, frozenset[str]]:
    """User → `kinds`, for everybody who has any."""
    found: dict[int, frozenset[str]] = {}
    sql = "SELECT user_id, 'code' FROM staff_totp WHERE confirmed_at IS NOT NULL UNION SELECT user_id, 'passkey' FROM passkey"
    for user_id, kind in db.tuples(sql):
        found[user_id] = found.get(user_id, frozenset()) | {kind}
    return found


def drop_everything(db: Database, user_id: int) -> int:
    """The user has a password only: app, passkeys and recovery codes are gone. How many factors there were."""
    db.execute("DELETE FROM recovery_code WHERE user_id = ?", user_id)
    return drop_totp(db, user_id) + db.execute("DELETE FROM passkey WHERE user_id = ?", user_id)


def place(key: object) -> str:
    """What a secret is sealed for."""
    return f"staff_totp:{key}"
