"""API keys: the secret is shown once; the database keeps its SHA-256."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import uuid4

from waitlist_appliance.domain.records import ApiKey
from waitlist_appliance.storage.database import Database

PREFIX = "wlk_"
SCOPES = (
    "waitlist.view",
    "waitlist.create",
    "waitlist.notify",
    "waitlist.cancel",
    "bookings.view",
    "bookings.create",
    "bookings.cancel",
    "settings.manage",
)
TOUCH_EVERY = timedelta(minutes=1)
_COLUMNS = "id, public_id, name, scopes, created_at, last_used_at, revoked_at, expires_at, previous_until_at"
_IN_FORCE = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)"


def create(
    db: Database, name: str, scopes: Iterable[str], now: datetime, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """A new key and its secret ("wlk_…"), which nobody can read again. ValueError for an unknown scope."""
    wanted = list(dict.fromkeys(scopes))
    unknown = [scope for scope in wanted if scope not in SCOPES]
    if unknown:
        raise ValueError(f"unknown scope {', '.join(unknown)}; there are {', '.join(SCOPES)}")
    secret, public_id = _new_secret(), str(uuid4())
    with db.write():
        db.insert(
            "api_key", public_id=public_id, name=name, hash=hash_of(secret), scopes=json.dumps(wanted),
            created_at=now, expires_at=expires_at,
        )  # fmt: skip
        found = by_id(db, public_id)
    assert found is not None
    return found, secret


def rotate(db: Database, key: ApiKey, previous_until: datetime | None, expires_at: datetime | None) -> str | None:
    """A new secret for the key; the one until now works until then, an older one no more. None where it was revoked."""
    secret = _new_secret()
    with db.write():
        done = db.execute(
            """UPDATE api_key SET hash = ?, previous_hash = CASE WHEN ? IS NOT NULL THEN hash END,
                previous_until_at = ?, expires_at = ? WHERE id = ? AND revoked_at IS NULL""",
            hash_of(secret), previous_until, previous_until, expires_at, key.id,
        )  # fmt: skip
    return secret if done else None


def forget_previous(db: Database, now: datetime) -> int:
    """Secrets whose time beside their successor is over are forgotten; how many."""
    if db.value("SELECT 1 FROM api_key WHERE previous_until_at <= ?", now) is None:
        return 0
    with db.write():
        sql = "UPDATE api_key SET previous_hash = NULL, previous_until_at = NULL WHERE previous_until_at <= ?"
        return db.execute(sql, now)


def in_force(db: Database, scope: str, now: datetime) -> list[ApiKey]:
    """The keys in force that have this scope."""
    return [key for key in every(db) if is_in_force(key, now) and scope in scopes_of(key)]


def is_in_force(key: ApiKey, now: datetime) -> bool:
    """Neither revoked nor past its date."""
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)


def ending(db: Database, until: datetime) -> list[ApiKey]:
    """The keys not revoked whose date comes before ``until``, or has come; the nearest first."""
    sql = f"SELECT {_COLUMNS} FROM api_key WHERE revoked_at IS NULL AND expires_at <= ? ORDER BY expires_at"
    return db.rows(ApiKey, sql, until)


def find_by_secret(db: Database, secret: str, now: datetime) -> ApiKey | None:
    """The key in force that this secret opens, be it the present one or one that still works beside it."""
    hashed = hash_of(secret)
    sql = f"""SELECT {_COLUMNS} FROM api_key
        WHERE (hash = ? OR (previous_hash = ? AND previous_until_at > ?)) AND {_IN_FORCE}"""
    return db.row(ApiKey, sql, hashed, hashed, now, now)


def by_id(db: Database, public_id: str) -> ApiKey | None:
    """The key with this id, whatever its state."""
    return db.row(ApiKey, f"SELECT {_COLUMNS} FROM api_key WHERE public_id = ?", public_id)


def every(db: Database) -> list[ApiKey]:
    """All keys, revoked ones included, oldest first."""
    return db.rows(ApiKey, f"SELECT {_COLUMNS} FROM api_key ORDER BY id")


def revoke(db: Database, public_id: str, now: datetime) -> bool:
    """Whether this ended a key that was in force."""
    with db.write():
        sql = """UPDATE api_key SET revoked_at = ?, previous_hash = NULL, previous_until_at = NULL
            WHERE public_id = ? AND revoked_at IS NULL"""
        return db.execute(sql, now, public_id) > 0


def touch(db: Database, key: ApiKey, now: datetime) -> None:
    """Note that the key is in use: written at most once a minute, so that reading stays reading."""
    if key.last_used_at is not None and now - key.last_used_at < TOUCH_EVERY:
        return
    with db.write():
        db.execute("UPDATE api_key SET last_used_at = ? WHERE id = ?", now, key.id)


def scopes_of(key: ApiKey) -> frozenset[str]:
    """The scopes that the key carries."""
    return frozenset(json.loads(key.scopes))


def _new_secret() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def hash_of(secret: str) -> bytes:
    """What the database keeps of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
