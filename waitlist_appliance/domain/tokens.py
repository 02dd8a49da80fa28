"""Link tokens: derived from a key outside the database, so that links can be repeated and never read from a backup."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Final

KINDS: Final = frozenset({"registration", "offer", "booking", "unsubscribe"})
PREFIX = "wl_"

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"  # base58: no 0 O I l
_LENGTH = 22  # what 128 bits need at most
_SHAPE = re.compile(rf"{PREFIX}[{_ALPHABET}]{{{_LENGTH}}}")


def make(kind: str, id: int, generation: int, key: bytes) -> str:
    """The token of this row: "wl_" and 22 characters, the same each time. ValueError for an unknown kind."""
    if kind not in KINDS:
        raise ValueError(f"unknown kind of token: {kind}")
    if not key:
        raise ValueError("a token needs a key")
    digest = hmac.new(key, f"{kind}:{id}:{generation}".encode(), hashlib.sha256).digest()
    return PREFIX + _base58(digest[:16])


def looks_like(token: str) -> bool:
    """Whether the text has a token's shape; says nothing about whether it exists."""
    return _SHAPE.fullmatch(token) is not None


def masked(text: str) -> str:
    """The text without the tokens in it: what may be read by others than the customer."""
    return _SHAPE.sub(f"{PREFIX}…", text)


def replaced(text: str, by: Callable[[str], str]) -> str:
    """The text with every token in it replaced."""
    return _SHAPE.sub(lambda found: by(found[0]), text)


def hash_of(token: str) -> bytes:
    """What the database keeps of a token: its SHA-256, 32 bytes."""
    return hashlib.sha256(token.encode()).digest()


def _base58(raw: bytes) -> str:
    number, digits = int.from_bytes(raw, "big"), ""
    for _ in range(_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
