"""Secrets of others (calendar tokens, passwords), sealed with a key that never lies in the database.

AES-256-GCM; each secret is bound to what it belongs to, so that a row copied to another place cannot be opened there.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
KEY_BYTES = 32


class VaultError(Exception):
    """The key file is missing, broken or not the one that this secret was sealed with."""


class Vault:
    """Seals and opens with the keys of one file: the first line seals, every line opens (while keys are rotated)."""

    def __init__(self, key_file: Path) -> None:
        self._key_file = key_file

    def seal(self, secret: bytes, about: str) -> bytes:
        """The secret as it may be stored. ``about`` names its place, for example ``connection:3``."""
        key = self._keys()[0]
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(key).encrypt(nonce, secret, about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """The secret again. VaultError when no key fits or it belongs to another place."""
        nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        for key in self._keys():
            try:
                return AESGCM(key).decrypt(nonce, rest, about.encode())
            except InvalidTag:
                continue
        raise VaultError(f"what is kept for {about} was sealed with another key")

    def _keys(self) -> list[bytes]:
        try:
            keys = [base64.urlsafe_b64decode(line) for line in self._key_file.read_text("ascii").split()]
        except (OSError, ValueError) as error:
            raise VaultError(f"the key file {self._key_file.name} cannot be read: {type(error).__name__}") from error
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise VaultError(f"the key file {self._key_file.name} does not hold keys of {KEY_BYTES} bytes")
        return keys


def new_key() -> str:
    """A line for the key file."""
    return base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode("ascii")
