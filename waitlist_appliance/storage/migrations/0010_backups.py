"""Which backups were made, and how they ended."""

from __future__ import annotations

from typing import Any

STATEMENTS = (
    """CREATE TABLE backup_run (
        id INTEGER PRIMARY KEY,
        started_at INTEGER NOT NULL,
        finished_at INTEGER,
        state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
        file TEXT,
        bytes INTEGER,
        database_bytes INTEGER,
        verified_at INTEGER,
        offsite TEXT,
        offsite_at INTEGER,
        error TEXT,
        CHECK ((state = 'running') = (finished_at IS NULL)),
        CHECK (state <> 'done' OR (file IS NOT NULL AND verified_at IS NOT NULL)),
        CHECK (state <> 'failed' OR error IS NOT NULL)
    ) STRICT""",
    "CREATE INDEX backup_run_done ON backup_run (finished_at) WHERE state = 'done'",
)


def up(migrator: Any, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
