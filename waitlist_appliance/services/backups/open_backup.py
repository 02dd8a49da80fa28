"""Opening a backup: its checksums, its seal, and whether what comes out is a database of this program, whole.

Nothing live is touched: everything is opened into a folder that is gone afterwards.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from waitlist_appliance.config import Config
from waitlist_appliance.services.backups import container, folder, payload, sealing
from waitlist_appliance.services.backups.container import Header
from waitlist_appliance.services.backups.errors import BackupError, Damaged, TooNew
from waitlist_appliance.services.backups.progress import Steps, unseen
from waitlist_appliance.services.backups.sealing import Keys
from waitlist_appliance.storage import schema, sealed, snapshot
from waitlist_appliance.storage.database import Database, DatabaseError
from waitlist_appliance.storage.snapshot import Contents, CopyError
from waitlist_appliance.storage.vault import Vault, VaultError

MARGIN = 32 * folder.MEGABYTE


@dataclass(frozen=True, slots=True)
class Verdict:
    """``opened``: whether it was opened and counted; without a key only its checksums are known to be right."""

    header: Header
    opened: bool
    counts: dict[str, int]
    migrated: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        if self.opened:
            return "whole: opened, every page and reference checked, counted"
        return "its checksums are right; to open it here, give the passphrase or the private key"


def verify(path: Path, keys: Keys, place: Path, steps: Steps = unseen) -> Verdict:
    """Whether it would restore. ``place``: a folder with room for it. Damaged, WrongKey, TooNew, NoSpace; OSError."""
    header = look(path, steps)
    if not keys:
        return Verdict(header, False, header.manifest.counts)
    with opened(header, keys, place, steps) as files, steps("Checking the database", 0):
        contents, migrated = judge(header, files)
        return Verdict(header, True, contents.counts, migrated)


def look(path: Path, steps: Steps = unseen) -> Header:
    """Its plain parts, with every checksum checked. Damaged, TooNew; OSError."""
    header = container.look(path)
    _refuse_newer(header)
    with steps("Checking checksums", header.payload.size) as tick:
        container.check_payload(header, tick)
    return header


@contextmanager
def opened(header: Header, keys: Keys, place: Path, steps: Steps = unseen) -> Iterator[Path]:
    """Its files, in a folder that is gone at the end."""
    with folder.workplace(place) as files:
        unpack_into(header, keys, files, steps)
        yield files


def unpack_into(header: Header, keys: Keys, into: Path, steps: Steps = unseen) -> None:
    """Its files into this folder, each for its owner only. WrongKey, Damaged, NoSpace; OSError."""
    total = sum(header.manifest.files.values())
    folder.require_space(into, total + MARGIN, "opening this backup")
    identities = sealing.identities(keys, header.sealed_key)
    with steps("Opening", total) as tick:
        payload.unpack(header, identities, into, tick)


def extract(header: Header, keys: Keys, into: Path, steps: Steps = unseen) -> list[Path]:
    """Every file of it into a new or empty folder, as it was sealed. BackupError for a folder that holds something."""
    into.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(into.iterdir()):
        raise BackupError(f"{into} is not empty: name a new folder, so that nothing is overwritten")
    unpack_into(header, keys, into, steps)
    return sorted(path for path in into.rglob("*") if path.is_file())


def configuration(header: Header, keys: Keys) -> str:
    """Its config.toml; "" where it holds none. WrongKey, Damaged."""
    return _peek(header, keys).get(payload.CONFIG, b"").decode("utf-8", "replace")


def differing_secrets(config: Config, header: Header, keys: Keys) -> list[str]:
    """Which of its secrets are other than those in force: with others, links sent before open nothing."""
    found = _peek(header, keys)
    there = {
        attribute: found[name].decode().strip() for attribute, name in payload.SECRET_FILES.items() if name in found
    }
    return [attribute for attribute, value in there.items() if value != payload.secret_of(config, attribute)]


def _peek(header: Header, keys: Keys) -> dict[str, bytes]:
    return payload.peek(header, sealing.identities(keys, header.sealed_key))


def judge(header: Header, files: Path) -> tuple[Contents, tuple[str, ...]]:
    """Look at what came out of it, and bring the database to this version. What it held, the migrations applied; Damaged."""
    database = files / payload.DATABASE
    try:
        contents = snapshot.inspect(database)
        if contents.faults:
            raise Damaged(f"its database is not whole: {'; '.join(contents.faults)}")
        _compare(header, contents)
        applied = _bring_up(database, files / payload.CREDENTIALS)
        if (files / payload.CONFIG).exists():
            tomllib.loads((files / payload.CONFIG).read_text("utf-8"))
    except (CopyError, DatabaseError) as error:
        raise Damaged(f"its database cannot be read: {error}") from error
    except VaultError as error:
        raise Damaged(f"the key in it does not open what is sealed in its database: {error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Damaged(f"the configuration in it cannot be read: {error}") from error
    return contents, applied


def _compare(header: Header, contents: Contents) -> None:
    manifest = header.manifest
    if contents.counts != manifest.counts:
        wrong = sorted(
            t for t in {*contents.counts, *manifest.counts} if contents.counts.get(t) != manifest.counts.get(t)
        )
        raise Damaged(f"it does not hold as many rows as its manifest says: {', '.join(wrong)}")
    if contents.migrations != manifest.migrations or contents.business != manifest.business:
        raise Damaged("its database is not the one that its manifest speaks of")


def _bring_up(database: Path, key_file: Path) -> tuple[str, ...]:
    db = Database(database)
    try:
        applied = schema.migrate(db)
        if key_file.exists():
            sealed.check(db, Vault(key_file))
        return tuple(applied)
    finally:
        db.close()


def _refuse_newer(header: Header) -> None:
    unknown = sorted(set(header.manifest.migrations) - set(schema.known()))
    if unknown:
        raise TooNew(
            f"it was made by version {header.manifest.program}, which is newer than this one (it has {', '.join(unknown)}): "
            "install that version or a newer one first"
        )
