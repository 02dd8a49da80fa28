"""The outbox by state."""

from __future__ import annotations

from typing import Any

INDEXES = (
    "CREATE INDEX message_by_state ON message (state, id)",
)


def up(migrator: Any, db: Any) -> None:
    for statement in INDEXES:
        db.execute_sql(statement)
