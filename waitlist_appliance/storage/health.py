"""Whether the database can be read and written right now, found out without leaving a trace."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile

from waitlist_appliance.storage import schema
from waitlist_appliance.storage.database import Database, OperationalError, StorageUnavailable

# Enough pages that a file at its limit must refuse them; small enough to stay in the page cache until the roll-back.
_PROBE_CHARACTERS = 64 * 1024


class _Undo(Exception):
    """Carries the probe out of its transaction."""


def writable(db: Database) -> bool:
    """Whether a transaction of ordinary size would go through; the probe itself is rolled back."""
    return _disk_takes_files(Path(db.path).parent) and _database_takes_rows(db)


def _disk_takes_files(folder: Path) -> bool:
    """A disk that turned read-only under an open database shows at a real write only, not before the commit."""
    try:
        with TemporaryFile(dir=folder, buffering=0) as file:
            return file.write(b"x") == 1
    except OSError:
        return False


def _database_takes_rows(db: Database) -> bool:
    try:
        with db.write():
            db.execute(
                "INSERT OR REPLACE INTO heartbeat (name, at, detail) VALUES ('probe', 0, ?)", "x" * _PROBE_CHARACTERS
            )
            raise _Undo
    except _Undo:
        return True
    except StorageUnavailable:
        return False


def migrated(db: Database) -> bool:
    """Whether the tables are exactly at the code's version."""
    try:
        schema.check(db)
    except (schema.SchemaMismatch, OperationalError):
        return False
    return True
