"""Putting a backup in the place of what is there, with the services stopped.

Everything that takes long or can fail happens in a folder beside: opening, checking, bringing the database to this
version, marking what nobody knows any more. Then files are only renamed, and the database comes last: until it lies
there no service starts, and the same command can simply be run again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from waitlist_appliance.config import Config
from waitlist_appliance.config_checks import Location
from waitlist_appliance.services.backups import folder, open_backup, payload
from waitlist_appliance.services.backups.container import Header
from waitlist_appliance.services.backups.errors import BackupError, Busy
from waitlist_appliance.services.backups.progress import Steps, unseen
from waitlist_appliance.services.backups.sealing import Keys
from waitlist_appliance.services.messaging_accounts import BY_STAFF
from waitlist_appliance.storage import after_restore, snapshot
from waitlist_appliance.storage.activity import Actor
from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.snapshot import Contents

ASIDE: Final = "before-restore-"
_LOCK: Final = ".restore.lock"
STOP: Final = (
    "stop it first, then run this again: systemctl stop waitlist-web waitlist-worker waitlist-watch.timer "
    "waitlist-backup.timer (or end `waitlist dev`, serve and worker)"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the files of a box lie. ``config`` is where its configuration lies, or is to lie."""

    data: Path
    database: Path
    credentials_key: Path
    huey: Path
    config: Path

    @classmethod
    def of(cls, config: Config, config_file: Path) -> Place:
        return cls(
            config.data_directory, config.database_path, config.credentials_key_path, config.huey_path, config_file
        )

    def moved(self, data: Path) -> Place:
        """Another folder for the data; the files in it are called as before."""
        return Place(
            data, data / self.database.name, data / self.credentials_key.name, data / self.huey.name, self.config
        )

    @classmethod
    def of_restored(cls, text: str, config_file: Path) -> Place:
        """As the configuration of the backup says, read from its new place. BackupError."""
        try:
            document = tomllib.loads(text)
            location = Location(config_file.absolute())
            data = location.resolve(str(document["data"]["directory"]))
            key_file = str(document.get("keys", {}).get("credentials_key_file", payload.CREDENTIALS))
        except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
            raise BackupError(f"the configuration in the backup does not say where the data lies: {error}") from error
        return cls(data, data / payload.DATABASE, data / Path(key_file).expanduser(), data / "huey.db", config_file)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done. ``aside``: the folder that holds what was there before; None when there was nothing.

    ``migrated``: migrations that the backup lacked. ``written``: configuration and secrets that were replaced.
    """

    place: Place
    header: Header
    contents: Contents
    aside: Path | None
    migrated: tuple[str, ...]
    written: tuple[Path, ...]


Confirm = Callable[[Header, Contents], None]


def restore(
    place: Place, header: Header, keys: Keys, now: datetime, actor: Actor, confirm: Confirm, *, with_config: bool,
    resume: bool, steps: Steps = unseen,
) -> Restored:  # fmt: skip
    """Put the backup in place. ``confirm`` raises to stop before anything is changed; ``resume``: send at once again.

    Raises Busy while anybody has the database open; what `open_backup` raises; BackupError; OSError.
    """
    _make_folder(place.data)
    with _alone(place.data), folder.workplace(place.data) as files:
        _refuse_while_in_use(place.database)
        open_backup.unpack_into(header, keys, files, steps)
        with steps("Checking the database", 0):
            contents, migrated = open_backup.judge(header, files)
        _mark(files / payload.DATABASE, header, now, actor, resume=resume)
        confirm(header, contents)
        targets = _config_targets(place, files) if with_config else {}
        aside = _put_aside(place, folder.stamp(now))
        written = tuple(_put_config(source, target, folder.stamp(now)) for source, target in targets.items())
        _put_data(place, files)
        return Restored(place, header, contents, aside, migrated, written)


def _make_folder(data: Path) -> None:
    data.mkdir(parents=True, exist_ok=True, mode=0o700)


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """One restore at a time; what a killed one left is removed first."""
    descriptor = os.open(data / _LOCK, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"another restore is at work in {data}; wait until it is done") from None
        folder.give_to_owner(data, data / _LOCK)
        folder.remove_workplaces(data)
        yield
    finally:
        os.close(descriptor)


def _refuse_while_in_use(database: Path) -> None:
    """Any process that has the database open, however idle, holds a share of its locks."""
    if not database.exists():
        return
    snapshot.settle(database)
    with snapshot.nobody_else(database) as free:
        if not free:
            raise Busy(
                f"the box runs: another process has {database} open. A restore would pull it away from under it; {STOP}"
            )


def _mark(database: Path, header: Header, now: datetime, actor: Actor, *, resume: bool) -> None:
    db = Database(database)
    try:
        after_restore.mark(db, header.manifest.made_at, now, actor)
        if not resume:
            after_restore.ask_staff_to_look(db, header.manifest.made_at, now, BY_STAFF)
    finally:
        db.close()
    if not snapshot.settle(database):
        raise BackupError("the opened copy could not be finished")


def _put_aside(place: Place, stamp: str) -> Path | None:
    """What is there goes into a folder of its own; the database first, so that no service starts on half of it."""
    found = [path for path in snapshot.with_companions(place.database) if path.exists()]
    earlier = sorted(place.data.glob(f"{ASIDE}*"))
    if not found:
        return earlier[-1] if earlier else None  # a restore that was killed has put it there
    # A log without its database was left by a restore that was killed: it goes to where that put the database.
    aside = earlier[-1] if earlier and found[0] != place.database else _new_aside(place.data, stamp)
    aside.mkdir(mode=0o700, exist_ok=True)
    folder.give_to_owner(place.data, aside)
    with snapshot.nobody_else(place.database) if place.database.exists() else contextlib.nullcontext(True) as free:
        if not free:
            raise Busy(f"the box was started meanwhile; {STOP}")
        if place.credentials_key.exists():
            shutil.copy2(place.credentials_key, aside / place.credentials_key.name, follow_symlinks=False)
            folder.give_to_owner(place.data, aside / place.credentials_key.name)
        for path in found:
            path.rename(aside / path.name)
    folder.to_disk(aside)
    folder.to_disk(place.data)
    return aside


def _new_aside(data: Path, stamp: str) -> Path:
    """A folder that is not there: what was put aside before is never overwritten."""
    aside, number = data / f"{ASIDE}{stamp}", 1
    while aside.exists():
        number += 1
        aside = data / f"{ASIDE}{stamp}-{number}"
    return aside


def _put_data(place: Place, files: Path) -> None:
    """Key first, database last: with it the box is whole again."""
    key = files / payload.CREDENTIALS
    if key.exists():
        place.credentials_key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.give_to_owner(place.data, key)
        _replace(key, place.credentials_key)
    for path in snapshot.with_companions(place.huey):
        path.unlink(missing_ok=True)
    folder.give_to_owner(place.data, files / payload.DATABASE)
    _replace(files / payload.DATABASE, place.database)


def _config_targets(place: Place, files: Path) -> dict[Path, Path]:
    """File of the backup → where it belongs. A secret that stands in config.toml itself has no file of its own."""
    source = files / payload.CONFIG
    if not source.exists():
        raise BackupError("there is no configuration in this backup; leave out --with-config")
    document = tomllib.loads(source.read_text("utf-8"))
    location = Location(place.config.absolute())
    targets = {
        file: location.resolve(named)
        for file in sorted((files / payload.SECRETS).glob("*.txt"))
        if (named := _file_of(document, file.stem))
    }
    return targets | {source: place.config}


def _file_of(document: dict[str, Any], secret: str) -> str:
    sections = (section for section in document.values() if isinstance(section, dict))
    names = (f"{secret}_file", f"{secret.removeprefix('sentry_')}_file")
    return next((str(section[name]) for section in sections for name in names if section.get(name)), "")


def _put_config(source: Path, target: Path, stamp: str) -> Path:
    """In place of what is there, which is kept beside it; its owner and mode stay."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if target.exists():
        before = target.stat()
        shutil.copy2(target, target.with_name(f"{target.name}.{ASIDE}{stamp}"))
        os.chmod(target.with_name(f"{target.name}.{ASIDE}{stamp}"), 0o600)
        os.chmod(source, before.st_mode & 0o7770)
        if os.geteuid() == 0:
            os.chown(source, before.st_uid, before.st_gid)
    _replace(source, target)
    return target


def _replace(source: Path, target: Path) -> None:
    """Whenever the power fails, the old file lies there or the new one. The two may lie on different disks."""
    beside = target.with_name(f".{target.name}.restoring")
    try:
        os.replace(source, beside)
    except OSError:
        shutil.copy2(source, beside)
        if os.geteuid() == 0:
            os.chown(beside, source.stat().st_uid, source.stat().st_gid)
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(beside, target)
    folder.to_disk(target.parent)
