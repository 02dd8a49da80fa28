"""Huey's own file: a doorbell, never the truth. It may be deleted at any time; a broken one is made anew."""

from __future__ import annotations

import logging
from pathlib import Path

from huey import SqliteHuey
from huey.storage import SqliteStorage

from waitlist_appliance.storage.database import create_private

log = logging.getLogger(__name__)

# The error classes of the SQLite that Huey itself uses, which is not the one of our own database.
Unavailable: type[Exception] = SqliteStorage.operational_error
Broken: type[Exception] = Unavailable.__mro__[1]


def open_queue(path: Path) -> SqliteHuey:
    """The queue in this file (mode 0600: what lies in it is unpickled). A file that is broken is deleted and made anew.

    A locked file or a full disk raises: those say nothing about the file itself.
    """
    create_private(path)
    try:
        return _opened(path)
    except Broken as error:
        if isinstance(error, Unavailable):
            raise
        log.warning("%s is broken (%s) and is made anew; what is due stands in the database", path, error)
        _forget(path)
        create_private(path)
        return _opened(path)


def check(queue: SqliteHuey) -> None:
    """Raise Broken when the file cannot be read."""
    queue.storage.queue_size()


def _opened(path: Path) -> SqliteHuey:
    # No results: nobody reads them, and unread ones would stay for ever. fsync stays at SQLite's default (FULL).
    queue = SqliteHuey("waitlist", filename=str(path), results=False)
    verdict = queue.storage.sql("PRAGMA quick_check(1)", results=True)
    if verdict != [("ok",)]:
        raise Broken(str(verdict))
    return queue


def _forget(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
