"""Indexes for the outbox by state, and for the waitlist in the order in which people are served."""

from __future__ import annotations

from typing import Any

INDEXES = (
    "CREATE INDEX message_by_state ON message (state, id)",
    # The expression is staff_pages' order: who has not been lined up stands behind the others.
    "CREATE INDEX entry_in_line ON entry (priority, COALESCE(lined_up_at, 9007199254740991), id)"
    " WHERE status IN ('waiting', 'invited')",
)


def up(migrator: Any, db: Any) -> None:
    for statement in INDEXES:
        db.execute_sql(statement)
