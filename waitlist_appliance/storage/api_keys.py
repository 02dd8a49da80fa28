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
_COLUMNS = "id, public_id, name, scopes, created_at, last_used_at, revoked_at"


def create(db: Database, name: str, scopes: Iterable[str], now: datetime) -> tuple[ApiKey, str]:
    """A new key and its secret ("wlk_…"), which nobody can read again. ValueError for an unknown scope."""
    wanted = list(dict.fromkeys(scopes))
    unknown = [scope for scope in wanted if scope not in SCOPES]
    if unknown:
        raise ValueError(f"unknown scope {', '.join(unknown)}; there are {', '.join(SCOPES)}")
    secret = PREFIX + secrets.token_urlsafe(32)
    with db.write():
        db.insert(
            "api_key", public_id=str(uuid4()), name=name, hash=hash_of(secret), scopes=json.dumps(wanted),
            created_at=now,
        )  # fmt: skip
        found = find_by_secret(db, secret)
    assert found is not None
    return found, secret


def in_force(db: Database, scope: str) -> list[ApiKey]:
    """The keys in force that have this scope."""
    return [key for key in every(db) if key.revoked_at is None and scope in scopes_of(key)]


def find_by_secret(db: Database, secret: str) -> ApiKey | None:
    """The key in force that this secret opens, or None."""
    return db.row(ApiKey, f"SELECT {_COLUMNS} FROM api_key WHERE hash = ? AND revoked_at IS NULL", hash_of(secret))


def every(db: Database) -> list[ApiKey]:
    """All keys, revoked ones included, oldest first."""
    return db.rows(ApiKey, f"SELECT {_COLUMNS} FROM api_key ORDER BY id")


def revoke(db: Database, public_id: str, now: datetime) -> bool:
    """Whether this ended a key that was in force."""
    with db.write():
        sql = "UPDATE api_key SET revoked_at = ? WHERE public_id = ? AND revoked_at IS NULL"
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


def hash_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
