"""A backup, made while the box works: copied at one moment, sealed, put in place under its name, and opened again."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from waitlist_appliance import __version__
from waitlist_appliance.config import Config
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.backups import container, folder, open_backup, payload, sealing
from waitlist_appliance.services.backups import manifest as manifests
from waitlist_appliance.services.backups.errors import BackupError, Busy
from waitlist_appliance.services.backups.manifest import Manifest
from waitlist_appliance.services.backups.open_backup import Verdict
from waitlist_appliance.services.backups.payload import Content
from waitlist_appliance.services.backups.progress import Steps, unseen
from waitlist_appliance.services.backups.sealing import Keys, Lock
from waitlist_appliance.storage import alarms, backup_runs, snapshot
from waitlist_appliance.storage.database import DatabaseError, StorageUnavailable
from waitlist_appliance.storage.snapshot import Contents, CopyError

# A backup takes minutes: when it began is not when it ended.
Clock = Callable[[], datetime]

log = logging.getLogger(__name__)

FAILED: Final = "backup_failed"
# The copy and the sealed file lie there together; afterwards the sealed file and what comes out of it.
COPIES: Final = 2


@dataclass(frozen=True, slots=True)
class Made:
    """A whole backup; ``verdict`` is what opening it again gave."""

    run_id: int
    path: Path
    bytes: int
    verdict: Verdict


def make_backup(app: Appliance, config_file: Path | None, clock: Clock, steps: Steps = unseen) -> Made:
    """Make one, and open it again. BackupError; what failed is written down and raises the alarm ``backup_failed``."""
    now = clock()
    try:
        run_id = backup_runs.begin(app.db, now)
    except StorageUnavailable as error:
        raise BackupError(f"the database cannot be written, so that no backup can be noted: {error}") from error
    try:
        made = _make(app, run_id, config_file, now, steps)
        backup_runs.done(
            app.db, run_id, clock(), made.path.name, made.bytes, made.verdict.header.manifest.database_bytes
        )
    except Busy:
        backup_runs.forget(app.db, run_id)  # the one at work says how it ended
        raise
    except BackupError as error:
        note_failure(app, run_id, error, clock())
        raise
    except Exception as error:
        problem = BackupError(_in_words(error))
        note_failure(app, run_id, problem, clock())
        raise problem from error
    return made


def note_failure(app: Appliance, run_id: int, problem: BackupError, now: datetime) -> None:
    """Written down, and staff are told, unless even that cannot be written."""
    log.error("the backup failed: %s", problem)
    try:
        backup_runs.failed(app.db, run_id, now, str(problem))
        tell_staff(app, str(problem), now)
    except StorageUnavailable as error:
        log.error("that the backup failed could not be written down: %s", error)


def tell_staff(app: Appliance, problem: str, now: datetime) -> None:
    """The alarm ``backup_failed``; it ends with the next night in which all goes well."""
    with app.db.write():
        alarms.raise_alarm(app.db, FAILED, problem, now)


def all_is_well(app: Appliance) -> None:
    """The last one is good: an alarm about an earlier one is over."""
    if alarms.holds(app.db, FAILED):
        with app.db.write():
            alarms.clear(app.db, FAILED)


def keys_of(config: Config) -> Keys:
    """What this machine can open its backups with."""
    return Keys(passphrase=config.backup_passphrase)


def _make(app: Appliance, run_id: int, config_file: Path | None, now: datetime, steps: Steps) -> Made:
    config = app.config
    lock = sealing.lock_for(config.backup_recipient, config.backup_passphrase)
    place = config.backup_path
    with folder.alone(place):
        backup_runs.alone(app.db, run_id, now)
        size = snapshot.size(config.database_path)
        folder.require_space(place, COPIES * size + open_backup.MARGIN, "making a backup")
        path, key = folder.free_name(place, now), _key_file(config)
        with folder.workplace(place) as work:
            copy = work / payload.DATABASE
            with steps("Copying", size) as tick:
                contents = snapshot.take(config.database_path, copy, tick)
            _write(path, lock, _files(config, config_file, copy, key), contents, now, steps)
        try:
            verdict = open_backup.verify(path, keys_of(config), place, steps)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Made(run_id, path, path.stat().st_size, verdict)


def _key_file(config: Config) -> list[bytes]:
    """The keys that open what is sealed in the database; none where there is no file."""
    path = config.credentials_key_path
    return path.read_bytes().split() if path.exists() else []


def _files(config: Config, config_file: Path | None, copy: Path, keys_before: list[bytes]) -> dict[str, Content]:
    """The small ones first, so that they can be read without the database."""
    found: dict[str, Content] = {}
    if config_file is not None and config_file.exists():
        found[payload.CONFIG] = config_file.read_bytes()
    for attribute, name in payload.SECRET_FILES.items():
        if value := payload.secret_of(config, attribute):
            found[name] = f"{value}\n".encode()
    # Keys may be rotated while the database is copied: with those of before and after, one opens what was copied.
    if keys := dict.fromkeys([*_key_file(config), *keys_before]):
        found[payload.CREDENTIALS] = b"".join(key + b"\n" for key in keys)
    return found | {payload.DATABASE: copy}


def _write(
    path: Path, lock: Lock, files: Mapping[str, Content], contents: Contents, now: datetime, steps: Steps
) -> None:  # fmt: skip
    """Under a name that nobody takes for a backup, to the disk, then under its own."""
    mtime = int(now.timestamp())
    partial = path.with_name(path.name + folder.PARTIAL)
    sizes = {name: payload.size_of(content) for name, content in files.items()}
    about = Manifest(
        manifests.FORMAT, __version__, now, contents.business, contents.migrations, sizes[payload.DATABASE], 0, "", sizes,
        contents.counts, lock.opens_with,
    )  # fmt: skip
    try:
        with os.fdopen(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "w+b") as file:
            folder.give_to_owner(path.parent, partial)
            writer = container.Writer(file, mtime)
            if lock.sealed_key is not None:
                writer.add(container.KEY, lock.sealed_key)
            with steps("Sealing", sizes[payload.DATABASE]) as tick:
                source = payload.packed(files, mtime, tick)
                size, digest = writer.add_streamed(container.PAYLOAD, lambda target: sealing.seal(source, target, lock))
            writer.add(container.MANIFEST, manifests.as_bytes(manifests.with_payload(about, size, digest)))
            writer.finish()
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    folder.to_disk(path.parent)


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename or 'the disk'}: {error.strerror or error}"
    if isinstance(error, CopyError | StorageUnavailable | DatabaseError):
        return str(error)
    return f"unexpected {type(error).__name__}: {error}"
