"""Sealing with age: for a public key, for a passphrase, or for both. What holds the keys never lies about in plain.

The passphrase seals a key made for this one backup (``key.age``), and that key the rest, which is streamed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import pyrage

from waitlist_appliance.services.backups import passphrase as by_passphrase
from waitlist_appliance.services.backups.errors import BackupError, NotConfigured, WrongKey

PASSPHRASE: Final = "passphrase"
PRIVATE_KEY: Final = "private key"
HOW_TO: Final = (
    "backups are sealed, and nothing says for whom. Run `waitlist backup key`: it makes a passphrase, keeps it in a file "
    "and says what to write into config.toml (backup.passphrase_file); or set backup.recipient to a public key of age"
)


class Reader(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class Writer(Protocol):
    def write(self, data: bytes, /) -> int: ...


@dataclass(frozen=True, slots=True)
class Lock:
    """For whom a backup is sealed. ``sealed_key`` is the content of key.age; None without a passphrase."""

    recipients: tuple[Any, ...]
    sealed_key: bytes | None
    opens_with: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Keys:
    """What may open a backup: a passphrase, or the text of an age identity file."""

    passphrase: str = field(default="", repr=False)
    identity: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self.passphrase or self.identity)


def lock_for(recipient: str, passphrase: str) -> Lock:
    """NotConfigured when neither is given."""
    if not recipient and not passphrase:
        raise NotConfigured(HOW_TO)
    recipients: list[Any] = [pyrage.x25519.Recipient.from_str(key) for key in recipient.split()]
    opens_with = [PRIVATE_KEY] if recipients else []
    sealed_key = None
    if passphrase:
        own = pyrage.x25519.Identity.generate()
        recipients.append(own.to_public())
        sealed_key = by_passphrase.seal(str(own).encode(), passphrase)
        opens_with.insert(0, PASSPHRASE)
    return Lock(tuple(recipients), sealed_key, tuple(opens_with))


def seal(source: Reader, target: Writer, lock: Lock) -> None:
    """Read the source to its end and write it sealed; a few kilobytes lie in memory. Errors pass as they were raised."""
    reader, writer = _Remembering(source.read), _Remembering(target.write)
    try:
        pyrage.encrypt_io(_Source(reader), _Target(writer), lock.recipients)
    except Exception as error:
        raise reader.error or writer.error or BackupError(f"it could not be sealed: {error}") from error


def open_sealed(source: Reader, target: Writer, identities: list[Any]) -> None:
    """The other way round. WrongKey when no identity fits; BackupError when it was changed after it was sealed."""
    reader, writer = _Remembering(source.read), _Remembering(target.write)
    try:
        pyrage.decrypt_io(_Source(reader), _Target(writer), identities)
    except pyrage.DecryptError as error:
        known = reader.error or writer.error
        raise known or WrongKey("the key does not fit: this backup was sealed for another one") from error
    except Exception as error:
        raise reader.error or writer.error or BackupError(f"it cannot be unsealed: {error}") from error


def identities(keys: Keys, sealed_key: bytes | None) -> list[Any]:
    """Every key that may open the backup. WrongKey when none is left."""
    found = _from_text(keys.identity, "the file with the private key") if keys.identity else []
    if keys.passphrase and sealed_key is not None:
        found += _from_text(_open_key(sealed_key, keys.passphrase), "key.age")
    if not found and keys.passphrase:
        raise WrongKey("it was not sealed with a passphrase: give the private key with --identity FILE")
    if not found:
        raise WrongKey("neither a passphrase nor a private key was given")
    return found


def _open_key(sealed_key: bytes, passphrase: str) -> str:
    try:
        return bytes(pyrage.passphrase.decrypt(sealed_key, passphrase)).decode("ascii")
    except (pyrage.DecryptError, OSError, ValueError) as error:
        raise WrongKey("the passphrase is not the one that this backup was sealed with") from error


def _from_text(text: str, what: str) -> list[Any]:
    lines = [line.strip() for line in text.splitlines()]
    try:
        return [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except pyrage.IdentityError as error:
        raise WrongKey(f"{what} holds no private key of age (AGE-SECRET-KEY-1…)") from error


class _Remembering:
    """The library turns every error into one of its own; this keeps the first as it was."""

    def __init__(self, act: Callable[..., Any]) -> None:
        self._act = act
        self.error: Exception | None = None

    def __call__(self, *arguments: Any) -> Any:
        try:
            return self._act(*arguments)
        except Exception as error:
            self.error = self.error or error
            raise


class _Source:
    def __init__(self, read: _Remembering) -> None:
        self.read = read


class _Target:
    def __init__(self, write: _Remembering) -> None:
        self.write = write

    def flush(self) -> None:
        """Asked for by the library; the file is brought to the disk once, at its end."""
