"""Secrets of others (calendar tokens, passwords), sealed with a key that never lies in the database.

AES-256-GCM; each secret is bound to what it belongs to, so that a row copied to another place cannot be opened there.
"""

from __future__ import annotations

import base64
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # 8 MB that most processes never need

        key = self._keys()[0]
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(key).encrypt(nonce, secret, about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """The secret again. VaultError when no key fits or it belongs to another place."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        for key in self._keys():
            try:
                return AESGCM(key).decrypt(nonce, rest, about.encode())
            except InvalidTag:
                continue
        raise VaultError(f"what is kept for {about} was sealed with another key")

    def check(self) -> None:
        """VaultError when the key file is missing, broken or open to everybody on the machine."""
        self._keys()
        mode = self._key_file.stat().st_mode & 0o777
        if mode & 0o007:
            raise VaultError(f"everybody may read the key file (mode {mode:04o}); run: chmod 600 {self._key_file}")

    @contextmanager
    def rotation(self) -> Iterator[None]:
        """Nobody else rotates meanwhile. VaultError when somebody does. Ends with the process, however it ends."""
        folder = os.open(self._key_file.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise VaultError("the keys are being rotated already") from None
        finally:
            os.close(folder)

    def add_key(self) -> None:
        """From now on a new key seals, and the old ones still open. With two keys already a rotation was interrupted,
        and it goes on with the newer one."""
        if len(self._keys()) == 1:
            _replace(self._key_file, f"{new_key()}\n{self._lines()[0]}\n")

    def drop_old_keys(self) -> None:
        """Only the key that seals is kept; nothing may be sealed with another one any more."""
        _replace(self._key_file, f"{self._lines()[0]}\n")

    def _lines(self) -> list[str]:
        return self._key_file.read_text("ascii").split()

    def _keys(self) -> list[bytes]:
        try:
            keys = [base64.urlsafe_b64decode(line) for line in self._lines()]
        except (OSError, ValueError) as error:
            raise VaultError(f"the key file {self._key_file.name} cannot be read: {type(error).__name__}") from error
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise VaultError(f"the key file {self._key_file.name} does not hold keys of {KEY_BYTES} bytes")
        return keys


def new_key() -> str:
    """A line for the key file."""
    return base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode("ascii")


def make_key_file(path: Path) -> None:
    """A key file with a new key, for its owner only; one that is there is left alone."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _replace(path, new_key() + "\n")


def _replace(path: Path, text: str) -> None:
    """The file holds either the old text or the new one, whenever the power fails."""
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
