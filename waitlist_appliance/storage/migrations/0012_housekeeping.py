"""When what is kept for a while only was last looked through, and an index to find it by its age."""

from __future__ import annotations

from typing import Any

STATEMENTS = (
    "CREATE TABLE chore (name TEXT PRIMARY KEY, done_at INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE INDEX calendar_write_by_age ON calendar_write (created_at)
        WHERE state IN ('done', 'dropped', 'failed')""",
)


def up(migrator: Any, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
