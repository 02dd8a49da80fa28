"""The application's database: one connection per thread, one writer per process, rings after the commit."""

from __future__ import annotations

import json
import os
import threading
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

import peewee

from waitlist_appliance.domain.moments import from_ms, to_ms
from waitlist_appliance.domain.search_words import stored_words

Row = TypeVar("Row")
Parameters = tuple[object, ...] | list[object]

# The module that peewee itself picked (pysqlite3 where it is installed). Opening one file with two copies of SQLite in
# one process breaks POSIX locks, so nothing of ours imports the standard library's sqlite3.
sqlite = peewee.sqlite3

IntegrityError = peewee.IntegrityError
OperationalError = peewee.OperationalError
DatabaseError = peewee.DatabaseError

BUSY_TIMEOUT_SECONDS = 5
PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: a confirmed booking survives a power cut
    "foreign_keys": 1,
    "cache_size": -8000,
    "journal_size_limit": 16 * 1024 * 1024,
    # As long as the log is kept anyway: what is written often goes into the file once instead of four times.
    "wal_autocheckpoint": 4000,
    "temp_store": 2,
}


class StorageUnavailable(Exception):
    """The database is locked, full or read-only: nothing was written; the caller may try again later."""


class Database:
    """A SQLite file with our pragmas. Safe to share among threads: each has its own connection."""

    def __init__(self, path: Path | str) -> None:
        self.path = str(path)
        self.peewee = peewee.SqliteDatabase(
            self.path, pragmas=dict(PRAGMAS), timeout=BUSY_TIMEOUT_SECONDS, lock_type="IMMEDIATE"
        )
        # Called by the triggers that keep search_word (migration 3): a connection without it cannot write a customer.
        self.peewee.register_function(_search_words, "search_words", 2, deterministic=True)
        # SQLite's busy handler sleeps in steps; a lock of our own keeps p99 low among our threads (runtime.md 2).
        self._writer = threading.RLock()
        self._rings = threading.local()
        self.kept_setup: Any = None  # storage.setup keeps its last reading here

    def rows(self, shape: type[Row], sql: str, *parameters: object) -> list[Row]:
        """Every row as ``shape``, whose field names are the column names."""
        cursor = self._run(sql, parameters)
        make = _maker(shape, tuple(column[0] for column in cursor.description))
        return [make(row) for row in cursor.fetchall()]

    def row(self, shape: type[Row], sql: str, *parameters: object) -> Row | None:
        """The first row as ``shape``, or None."""
        cursor = self._run(sql, parameters)
        row = cursor.fetchone()
        return None if row is None else _maker(shape, tuple(c[0] for c in cursor.description))(row)

    def tuples(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Every row as a plain tuple of SQLite values."""
        return self._run(sql, parameters).fetchall()  # type: ignore[no-any-return]

    def dicts(self, sql: str, *parameters: object) -> list[dict[str, Any]]:
        """Every row as column → plain SQLite value, for what is written out whole."""
        cursor = self._run(sql, parameters)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def value(self, sql: str, *parameters: object) -> Any:
        """The first column of the first row, or None."""
        row = self._run(sql, parameters).fetchone()
        return None if row is None else row[0]

    def execute(self, sql: str, *parameters: object) -> int:
        """Run a statement; the number of rows it changed decides who won."""
        return int(self._run(sql, parameters).rowcount)

    def insert(self, table: str, **values: object) -> int:
        """Insert one row; its rowid. Table and column names come from our own code, never from input."""
        sql = _insert_sql(table, tuple(values))
        return int(self._run(sql, tuple(values.values())).lastrowid)

    def insert_row(self, shape: type[Row], table: str, **values: object) -> Row:
        """Insert one row and give it back as it now stands, with the columns that the table filled in."""
        cursor = self._run(_insert_sql(table, tuple(values)) + " RETURNING *", tuple(values.values()))
        make = _maker(shape, tuple(column[0] for column in cursor.description))
        return make(cursor.fetchall()[0])

    @contextmanager
    def write(self) -> Iterator[None]:
        """A short IMMEDIATE transaction; a nested one joins the outer. Rings fire after the outermost commit.

        Raises StorageUnavailable when the file is locked, full or read-only; nothing is half-written then.
        """
        if self.in_write:
            yield
            return
        with self._writer:
            self._rings.pending, self._rings.undone = {}, {}
            try:
                with self.peewee.atomic("IMMEDIATE"), self._forgetting():
                    yield
            except peewee.OperationalError as error:
                self.kept_setup = None
                self._rings.undone = {}
                raise StorageUnavailable(_first_of(error)) from error
            except BaseException:
                self._rings.pending = None
                for act in self._rings.undone.values():
                    act()
                raise
            finally:
                rings, self._rings.pending = self._rings.pending, None
        for ring in rings.values():
            ring()

    @contextmanager
    def _forgetting(self) -> Iterator[None]:
        """The set-up may have been read from what is about to be rolled back."""
        try:
            yield
        except BaseException:
            self.kept_setup = None
            raise

    @property
    def in_write(self) -> bool:
        return getattr(self._rings, "pending", None) is not None

    def after_commit(self, key: object, ring: Callable[[], None]) -> None:
        """Run ``ring`` once after the outermost commit (now, outside a transaction); same keys ring once.

        Rings are dropped on rollback.
        """
        if self.in_write:
            self._rings.pending[key] = ring
        else:
            ring()

    def after_rollback(self, key: object, act: Callable[[], object]) -> None:
        """Run ``act`` once after the outermost transaction was rolled back (now, outside a transaction).

        For what must be done although, or because, the caller is refused; nothing happens after a commit.
        """
        if self.in_write:
            self._rings.undone[key] = act
        else:
            act()

    def close(self) -> None:
        """Close this thread's connection."""
        if not self.peewee.is_closed():
            self.peewee.close()

    def _run(self, sql: str, parameters: Parameters) -> Any:
        connection = self.peewee.connection()  # this thread's; opened when it is closed
        values = [to_ms(p) if isinstance(p, datetime) else p for p in parameters]
        with peewee.__exception_wrapper__:
            return connection.execute(sql, values)


def _first_of(error: BaseException) -> str:
    """What went wrong first: a commit that a full disk refuses cannot be rolled back either, which says nothing."""
    while isinstance(error.__context__, peewee.OperationalError | sqlite.OperationalError):
        error = error.__context__
    return str(error)


def _search_words(phone: str, said: str) -> str:
    return json.dumps(stored_words(phone, said))


def create_private(path: Path) -> None:
    """Make an empty database file that only its owner may read; nothing happens when it exists."""
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


_inserts: dict[tuple[str, tuple[str, ...]], str] = {}
_makers: dict[tuple[type, tuple[str, ...]], Callable[[tuple[Any, ...]], Any]] = {}


def _insert_sql(table: str, columns: tuple[str, ...]) -> str:
    key = (table, columns)
    if key not in _inserts:
        marks = ", ".join("?" * len(columns))
        _inserts[key] = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
    return _inserts[key]


def _maker(shape: type[Row], columns: tuple[str, ...]) -> Callable[[tuple[Any, ...]], Row]:
    key = (shape, columns)
    if key not in _makers:
        _makers[key] = _build_maker(shape, columns)
    return _makers[key]


def _build_maker(shape: type[Row], columns: tuple[str, ...]) -> Callable[[tuple[Any, ...]], Row]:
    """A function from a SQLite row to ``shape``; conversions follow the field types (datetime, enum, bool)."""
    hints = typing.get_type_hints(shape)
    wanted = [field.name for field in fields(shape)]  # type: ignore[arg-type]
    places = [(columns.index(name), _converter(hints[name])) for name in wanted]

    def make(row: tuple[Any, ...]) -> Row:
        return shape(*[row[at] if convert is None or row[at] is None else convert(row[at]) for at, convert in places])

    return make


def _converter(hint: Any) -> Callable[[Any], Any] | None:
    kinds = [kind for kind in typing.get_args(hint) if kind is not type(None)] or [hint]
    kind = kinds[0]
    if kind is datetime:
        return from_ms
    if kind is bool or (isinstance(kind, type) and issubclass(kind, Enum)):
        return kind
    return None
