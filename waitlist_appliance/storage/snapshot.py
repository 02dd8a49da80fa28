"""A copy of the database as it is at one moment, and what may be said of such a copy without changing it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from waitlist_appliance.storage.database import BUSY_TIMEOUT_SECONDS, DatabaseError, OperationalError, sqlite

# What a business lives by; the counts of these stand in the manifest.
COUNTED: Final = (
    "staff_user", "service", "resource", "connection", "event", "local_event", "customer", "entry", "wish", "offer",
    "booking", "message", "reply", "activity",
)  # fmt: skip
FAULTS_SHOWN: Final = 5
# SQLite's own lock bytes: whoever has the file open holds a share of them (sqlite.org/fileformat2.html, "lock-byte page").
_LOCK_BYTES: Final = (0x40000000, 512)
# How many steps of SQLite's machine lie between two looks at how far the copy is.
_STEPS_BETWEEN_LOOKS: Final = 200_000

Progress = Callable[[int], None]


class CopyError(Exception):
    """The database could not be copied, or the copy is not whole."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a copy holds. ``faults`` are SQLite's own words; none in a sound copy."""

    migrations: tuple[str, ...]
    business: str
    business_name: str
    counts: dict[str, int]
    faults: tuple[str, ...] = ()


def size(database: Path) -> int:
    """How many bytes the database takes, with what has not been moved out of the log yet."""
    return sum(path.stat().st_size for path in with_companions(database) if path.exists())


def with_companions(database: Path) -> list[Path]:
    """The database's file and those that SQLite keeps beside it."""
    return [database.with_name(database.name + suffix) for suffix in ("", "-wal", "-shm")]


def take(database: Path, copy: Path, progress: Progress = lambda done: None) -> Contents:
    """Copy the database into a new file, for its owner only, while others read and write; what the copy holds.

    One read transaction (VACUUM INTO): the copy is the state of one moment. Raises CopyError; OSError.
    """
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with closing(_connect(database, "rw")) as source:
            before = _now_at(source)
            source.set_progress_handler(lambda: progress(copy.stat().st_size), _STEPS_BETWEEN_LOOKS)
            source.execute("VACUUM INTO ?", (str(copy),))
            source.set_progress_handler(None, 0)
            contents = inspect(copy)
            source.execute("BEGIN")  # what is counted is one moment, too: that of the copy, or a later one
            same_moment = before == _now_at(source)
            expected = _counts(source) if same_moment else contents.counts
            source.execute("COMMIT")
    except sqlite.Error as error:
        raise CopyError(f"the database could not be copied: {error}") from error
    if contents.faults:
        raise CopyError(f"the copy is not whole: {'; '.join(contents.faults)}")
    if expected != contents.counts:
        raise CopyError("the copy does not hold as many rows as the database")
    _to_disk(copy)
    return contents


def inspect(copy: Path) -> Contents:
    """Check every page and reference of the copy and count its rows; nothing is changed. CopyError for no database."""
    try:
        with closing(_connect(copy, "ro&immutable=1")) as opened:
            faults = [str(row[0]) for row in opened.execute("PRAGMA integrity_check") if row[0] != "ok"]
            for table, row, parent, _ in opened.execute("PRAGMA foreign_key_check").fetchmany(FAULTS_SHOWN):
                faults.append(f"row {row} of {table} names a row of {parent} that there is not")
            business = opened.execute("SELECT public_id, name FROM business").fetchone() or ("", "")
            names = opened.execute("SELECT name FROM schema_migration ORDER BY name")
            return Contents(
                tuple(name for (name,) in names),
                business[0],
                business[1],
                _counts(opened),
                tuple(faults[:FAULTS_SHOWN]),
            )
    except sqlite.Error as error:
        raise CopyError(f"it is no database of this program: {error}") from error


@contextmanager
def nobody_else(database: Path) -> Iterator[bool]:
    """Whether no other process has the database open; while it is so, none can read or write it.

    Holds for a damaged file, too. This process must not have it open itself: its locks would end with this one.
    """
    descriptor = os.open(database, os.O_RDWR)
    try:
        start, length = _LOCK_BYTES
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, length, start)
    except OSError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)


def settle(database: Path) -> bool:
    """Bring everything into the one file, so that it can be moved; False where it is damaged or in use."""
    try:
        with closing(_connect(database, "rw")) as opened:
            return str(opened.execute("PRAGMA journal_mode = delete").fetchone()[0]) == "delete"
    except (sqlite.Error, DatabaseError, OperationalError):
        return False


def _now_at(opened: Any) -> tuple[int, int]:
    """Changes whenever anybody commits anything."""
    return (
        int(opened.execute("PRAGMA data_version").fetchone()[0]),
        int(opened.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]),
    )


def _counts(opened: Any) -> dict[str, int]:
    there = {name for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return {
        table: int(opened.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]) for table in COUNTED if table in there
    }


def _connect(database: Path, mode: str) -> Any:
    opened = sqlite.connect(
        f"file:{quote(str(database.absolute()))}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT_SECONDS,
        isolation_level=None,
    )
    opened.execute("PRAGMA cache_size = -8000")
    return opened


def _to_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
