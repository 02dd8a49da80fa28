"""Passwords: what they must be, and their argon2id hashes, made and checked within a small box's memory."""

from __future__ import annotations

import threading
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type, hash_secret_raw

from waitlist_appliance.domain.errors import Invalid

LENGTH: Final = 10
LIMIT: Final = 256
_TIME_COST: Final = 2
_MEMORY_KIB: Final = 19 * 1024
_hasher = PasswordHasher(time_cost=_TIME_COST, memory_cost=_MEMORY_KIB, parallelism=1)
# One at a time: each hash takes 19 MiB and a core (runtime.md 4).
_one_hash = threading.Semaphore(1)
# Checked for an unknown email, so that the answer takes as long as for a known one.
NOBODY: Final = "$argon2id$v=19$m=19456,t=2,p=1$oQvl3zKFo0rwg8W3jKGUdA$eiQbg7D3LEBQAH0C31afvVQxMTjKoRLyazOr9/7N9g0"


def check_shape(password: str) -> None:
    """Invalid password_short or password_long."""
    if len(password) < LENGTH:
        raise Invalid("password_short", "password", params={"length": LENGTH})
    if len(password) > LIMIT:
        raise Invalid("password_long", "password", params={"length": LIMIT})


def is_right(password_hash: str, password: str) -> bool:
    with _one_hash:
        try:
            return _hasher.verify(password_hash, password[:LIMIT])
        except (VerificationError, InvalidHashError):
            return False


def hashed(password: str) -> str:
    with _one_hash:
        return _hasher.hash(password)


def is_outdated(password_hash: str) -> bool:
    """Whether it was made with other parameters than a hash would be today."""
    return _hasher.check_needs_rehash(password_hash)


def hash_with(secret: str, salt: bytes) -> bytes:
    """32 bytes by which a short secret can be found again; as slow to guess at as a password."""
    with _one_hash:
        return hash_secret_raw(
            secret.encode(), salt, time_cost=_TIME_COST, memory_cost=_MEMORY_KIB, parallelism=1, hash_len=32,
            type=Type.ID,
        )  # fmt: skip
