"""How often what happened, by the hour: what rates are worked out from, and what /metrics counts."""

from __future__ import annotations

from typing import Any

STATEMENTS = (
    # hour_at 0 holds what older hours came to, so that the sum over all rows never falls.
    """CREATE TABLE tally (
        name TEXT NOT NULL,
        label TEXT NOT NULL DEFAULT '',
        hour_at INTEGER NOT NULL CHECK (hour_at % 3600000 = 0),
        count INTEGER NOT NULL CHECK (count >= 0),
        total_ms INTEGER NOT NULL DEFAULT 0 CHECK (total_ms >= 0),
        longest_ms INTEGER NOT NULL DEFAULT 0 CHECK (longest_ms >= 0),
        PRIMARY KEY (name, label, hour_at)
    ) STRICT, WITHOUT ROWID""",
    # How far something has been counted ('activity': the newest row's id) or folded ('folded': the hour).
    "CREATE TABLE tally_mark (name TEXT PRIMARY KEY, reached INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    # What was before is history, not news.
    "INSERT INTO tally_mark (name, reached) SELECT 'activity', COALESCE(MAX(id), 0) FROM activity",
    # How late offers ended lately.
    "CREATE INDEX offer_expired_lately ON offer (answered_at, deadline_at) WHERE state = 'expired'",
)


def up(migrator: Any, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
