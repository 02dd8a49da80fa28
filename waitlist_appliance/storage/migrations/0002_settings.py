"""The logo, and how far the owner has come with the first set-up."""

from __future__ import annotations

from typing import Any

STATEMENTS = (
    # The picture lies in a table of its own, so that reading the business at every request stays small.
    """CREATE TABLE logo (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        media_type TEXT NOT NULL CHECK (media_type IN ('image/png', 'image/jpeg', 'image/webp')),
        content BLOB NOT NULL CHECK (length(content) <= 524288),
        updated_at INTEGER NOT NULL
    ) STRICT""",
    "ALTER TABLE business ADD COLUMN logo TEXT",
    """CREATE TABLE first_run (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        step TEXT NOT NULL,
        finished_at INTEGER
    ) STRICT""",
    # A box that worked before this version has been set up already.
    "INSERT INTO first_run (id, step, finished_at) SELECT 1, 'done', created_at FROM business",
    "CREATE INDEX slot_watched ON slot (service_id) WHERE status IN ('available', 'monitoring', 'pending')",
    "CREATE INDEX hold_live_on ON hold (resource_id) WHERE state = 'live'",
)


def up(migrator: Any, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
