"""The database, looked at and copied by the release's own Python, with its own SQLite, as the service's user.

Never in this process and never as root: a file that root opens gets helper files that the service may not write.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from waitlist_appliance.installation import files
from waitlist_appliance.installation.failure import Failed
from waitlist_appliance.installation.machine import Machine
from waitlist_appliance.installation.releases import Release

_OPEN: Final = """
import json, sys
try:
    from peewee import sqlite3
except ImportError:
    import sqlite3
db = sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None)
def rows(sql):
    try:
        return db.execute(sql).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return []
        raise
"""
LOOK: Final = """
print(json.dumps({
    "migrations": [name for name, in rows("SELECT name FROM schema_migration ORDER BY name")],
    "set_up": bool(rows("SELECT 1 FROM business")),
    "heartbeat": max((at for at, in rows("SELECT at FROM heartbeat WHERE name = 'worker'")), default=0),
}))
"""
_COPY: Final = _OPEN + 'db.execute("VACUUM INTO ?", (sys.argv[2],))'
# What the last commits wrote goes into the file itself, and the file can be replaced.
_FOLD: Final = _OPEN + 'db.execute("PRAGMA wal_checkpoint(TRUNCATE)"); db.close()'


@dataclass(frozen=True, slots=True)
class Look:
    """What stands in the database. `heartbeat`: the worker's last sign of life, epoch milliseconds."""

    migrations: tuple[str, ...] = ()
    set_up: bool = False
    heartbeat: int = 0


def look(machine: Machine, release: Release) -> Look:
    """An empty Look when there is no database yet. Raises Failed when it cannot be read."""
    database = machine.places.database
    if not database.exists():
        return Look()
    found = json.loads(_ask(machine, release, "Reading the database", _OPEN + LOOK, database))
    return Look(tuple(found["migrations"]), found["set_up"], found["heartbeat"])


def copy(machine: Machine, release: Release, target: Path) -> None:
    """A compact copy of all that is committed, whole or not there, for the service's user alone."""
    part = target.with_name(f"{target.name}.part")
    files.remove(part)
    _ask(machine, release, "Copying the database", _COPY, machine.places.database, part)
    os.chmod(part, 0o600)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(part, target)
    files.sync_folder(target.parent)


def put_back(machine: Machine, release: Release, saved: Path) -> None:
    """Replaces the database by the copy `saved`, which stays. The services must be stopped; safe to run again."""
    database = machine.places.database
    spare = database.with_name("waitlist.db.restoring")
    files.remove(spare)
    machine.must("Copying the database back", ["cp", "--", saved, spare], as_service=True)
    os.chmod(spare, 0o600)
    with spare.open("rb") as file:
        os.fsync(file.fileno())
    if database.exists():
        # A log left beside a replaced file would be played into it: first it is emptied, then it goes, then the file.
        machine.run([release.folder / "bin" / "python", "-c", _FOLD, database], as_service=True)
    for suffix in ("-wal", "-shm"):
        files.remove(database.with_name(database.name + suffix))
    os.replace(spare, database)
    files.sync_folder(database.parent)
    # Huey's queue belongs to what was; it is disposable and is made anew.
    for name in ("huey.db", "huey.db-wal", "huey.db-shm"):
        files.remove(database.with_name(name))


def _ask(machine: Machine, release: Release, title: str, script: str, *words: Path) -> str:
    done = machine.run([release.folder / "bin" / "python", "-c", script, *words], as_service=True)
    if done.code != 0:
        raise Failed(f"{title} failed: {done.tail.splitlines()[-1] if done.tail else 'no answer'}")
    return done.output
