"""When a customer's personal data was erased, and which customers are old enough for it."""

from __future__ import annotations

from typing import Any

STATEMENTS = (
    "ALTER TABLE customer ADD COLUMN erased_at INTEGER",
    "CREATE INDEX customer_kept ON customer (created_at) WHERE erased_at IS NULL",
)


def up(migrator: Any, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
