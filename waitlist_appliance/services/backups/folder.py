"""The folder of backups: what lies in it, what a killed run left there, and one run at a time."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from waitlist_appliance.services.backups.errors import Busy, NoSpace

NAME: Final = re.compile(r"waitlist-(\d{8}T\d{6}Z)\.backup\.tar")
PARTIAL: Final = ".partial"
WORK: Final = ".work-"
_LOCK: Final = ".lock"
_STAMP: Final = "%Y%m%dT%H%M%SZ"
MEGABYTE: Final = 1024 * 1024


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(_STAMP)


def file_name(moment: datetime) -> str:
    """waitlist-20261121T030000Z.backup.tar"""
    return f"waitlist-{stamp(moment)}.backup.tar"


def made_at(name: str) -> datetime | None:
    """When the backup of this name was made; None for what is none of ours."""
    match = NAME.fullmatch(name)
    if match is None:
        return None
    try:
        return datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def backups(folder: Path) -> list[Path]:
    """The backups in it, the newest first; what is none of ours is not seen."""
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if made_at(path.name) is not None and path.is_file()]
    return sorted(found, key=lambda path: path.name, reverse=True)


def free_name(folder: Path, now: datetime) -> Path:
    """A name that is not taken: two in one second get two."""
    while (folder / file_name(now)).exists():
        now += timedelta(seconds=1)
    return folder / file_name(now)


def prepare(folder: Path) -> None:
    """The folder is there, for its owner only where it is made now. OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else makes or removes backups here meanwhile; what a killed run left is removed first. Busy; OSError."""
    prepare(folder)
    descriptor = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    give_to_owner(folder, folder / _LOCK)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"another backup is being made in {folder}; wait until it is done") from None
        _remove_leftovers(folder)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def workplace(folder: Path) -> Iterator[Path]:
    """An empty folder for files that must not lie anywhere else; gone at the end, also when it is left by a kill."""
    place = folder / f"{WORK}{os.getpid()}-{os.urandom(4).hex()}"
    place.mkdir(mode=0o700)
    descriptor = os.open(place, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # as long as it is held, nobody takes it for a leftover
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        os.close(descriptor)


def remove_workplaces(folder: Path) -> None:
    """Those that killed runs left; not those that are in use."""
    for place in folder.glob(f"{WORK}*"):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(place, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)


def require_space(folder: Path, needed: int, what: str) -> None:
    """NoSpace unless so many bytes are free there."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise NoSpace(
            f"{what} needs {needed // MEGABYTE + 1} MB in {folder}, and {free // MEGABYTE} MB are free: make space, or set "
            "backup.directory to a folder on another disk"
        )


def to_disk(folder: Path) -> None:
    """What was renamed in it stays renamed, whenever the power fails."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def give_to_owner(folder: Path, path: Path) -> None:
    """Run by root, what is made belongs to whom the folder belongs: the service must be able to use it.

    Never what a link points to: whoever owns the folder could have put it there, and would be given any file.
    """
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _remove_leftovers(folder: Path) -> None:
    remove_workplaces(folder)
    for path in folder.glob(f"*{PARTIAL}"):
        if made_at(path.name.removesuffix(PARTIAL)) is not None:
            path.unlink(missing_ok=True)
