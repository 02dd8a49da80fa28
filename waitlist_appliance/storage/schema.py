"""Bringing the database to the code's version, and refusing to run on another one."""

from __future__ import annotations

from pathlib import Path

from playhouse.migrations import Runner

from waitlist_appliance.storage.database import Database, StorageUnavailable

MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaMismatch(Exception):
    """The database's version is not the code's; ``newer`` tells which side is behind."""

    def __init__(self, message: str, *, newer: bool) -> None:
        super().__init__(message)
        self.newer = newer


def known() -> list[str]:
    """The names of all migrations of this code, in order."""
    return sorted(path.stem for path in MIGRATIONS.glob("[0-9]*.py"))


def applied(db: Database) -> list[str]:
    """The names of the migrations the database has had, in order; empty for a new file."""
    if not db.peewee.table_exists("schema_migration"):
        return []
    return [name for (name,) in db.tuples("SELECT name FROM schema_migration ORDER BY name")]


def migrate(db: Database) -> list[str]:
    """Apply what is missing; the names applied. Raises SchemaMismatch on a database newer than the code."""
    _refuse_newer(db)
    before = set(applied(db))
    if not set(known()) - before:
        return []
    db._run("SELECT 1", ())
    Runner(db.peewee, directory=str(MIGRATIONS), table_name="schema_migration").up()
    return [name for name in applied(db) if name not in before]


def check(db: Database) -> None:
    """Raise SchemaMismatch unless the database is exactly at the code's version."""
    _refuse_newer(db)
    missing = sorted(set(known()) - set(applied(db)))
    if missing:
        raise SchemaMismatch(
            f"the database lacks the migrations {', '.join(missing)}: run `waitlist migrate`", newer=False
        )


def _refuse_newer(db: Database) -> None:
    unknown = sorted(set(applied(db)) - set(known()))
    if unknown:
        raise SchemaMismatch(
            f"the database is newer than this program (it has {', '.join(unknown)}): install the newer version", newer=True
        )


__all__ = ["SchemaMismatch", "StorageUnavailable", "applied", "check", "known", "migrate"]
