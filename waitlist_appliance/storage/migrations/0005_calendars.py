"""Calendars outside the box: what a connection needs to be reached, and what is known of each read, watch and consent."""

from __future__ import annotations

from typing import Any

# `credentials` are sealed (storage/vault.py). `scope`: whose time its events take: that of the resources that use it, or
# everybody's (holidays). `account`: whom it belongs to, in words. `trouble`: ports.Trouble of the last failure.
# `span_until_at`: how far ahead the mirror reaches. `ending_at`: disconnected; the worker gives back what was granted.
# `unanswered_read_at`: a change of so many of our own events that a person must look at it first (mass change).
# `asked_at`: when somebody last asked what is free. `named_with`: the set-up (setup_version) that its events' resources
# were found with.
CONNECTION = (
    "credentials BLOB",
    "calendar_id TEXT NOT NULL DEFAULT ''",
    "url TEXT NOT NULL DEFAULT ''",
    "account TEXT",
    "zone TEXT",
    "scope TEXT NOT NULL DEFAULT 'resources' CHECK (scope IN ('resources', 'business'))",
    "allow_private INTEGER NOT NULL DEFAULT 0 CHECK (allow_private IN (0, 1))",
    "trouble TEXT",
    "span_until_at INTEGER",
    "ending_at INTEGER",
    "unanswered_read_at INTEGER",
    "asked_at INTEGER",
    "named_with INTEGER",
)
EVENT = (
    "series TEXT",
    "location TEXT NOT NULL DEFAULT ''",
    "all_day INTEGER NOT NULL DEFAULT 0 CHECK (all_day IN (0, 1))",
    # 1: it names no resource, and this one was found for it (policy `block_one_that_fits`)
    "resource_found INTEGER NOT NULL DEFAULT 0 CHECK (resource_found IN (0, 1))",
)

TABLES = """
CREATE INDEX event_of_series ON event (connection_id, series) WHERE series IS NOT NULL;
CREATE INDEX event_of_ours ON event (connection_id, tag) WHERE tag IS NOT NULL;

-- Calendars that take a resource's time without being the one its bookings are written to (an ICS address beside it).
CREATE TABLE blocking_calendar (
    connection_id INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    resource_id INTEGER NOT NULL REFERENCES resource ON DELETE CASCADE,
    PRIMARY KEY (connection_id, resource_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX blocking_calendar_of_resource ON blocking_calendar (resource_id);

CREATE TABLE sync_log (
    id INTEGER PRIMARY KEY,
    connection_id INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    at INTEGER NOT NULL,
    cause TEXT NOT NULL CHECK (cause IN ('due', 'check', 'push', 'hand', 'booking')),
    kind TEXT NOT NULL CHECK (kind IN ('full', 'changes')),
    ok INTEGER NOT NULL CHECK (ok IN (0, 1)),
    requests INTEGER NOT NULL DEFAULT 0,
    seen INTEGER NOT NULL DEFAULT 0,
    changed INTEGER NOT NULL DEFAULT 0,
    took_ms INTEGER NOT NULL DEFAULT 0,
    trouble TEXT,
    error TEXT
) STRICT;
CREATE INDEX sync_log_of_connection ON sync_log (connection_id, id DESC);

-- `secret_hash`: SHA-256 of what each notice must carry. An old channel overlaps with its successor until it is stopped.
CREATE TABLE watch_channel (
    channel_id TEXT PRIMARY KEY,
    connection_id INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    secret_hash TEXT NOT NULL,
    resource_id TEXT,
    state TEXT NOT NULL CHECK (state IN ('asked', 'open', 'stopping')),
    expires_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX watch_channel_of_connection ON watch_channel (connection_id, state);

-- An owner on the way to the provider's page and back. `session_hash` binds it to the browser (or shell) that began.
CREATE TABLE consent_attempt (
    state_hash TEXT PRIMARY KEY,
    provider TEXT NOT NULL,
    verifier BLOB NOT NULL,
    redirect_uri TEXT NOT NULL,
    session_hash TEXT NOT NULL,
    connection_id INTEGER REFERENCES connection ON DELETE CASCADE,
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What the box as a whole shows to a provider (the owner's OAuth client; later the messaging account), sealed.
CREATE TABLE provider_credential (
    provider TEXT PRIMARY KEY,
    sealed BLOB NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Our own events that staff changed in the calendar app, more at once than may be believed: a person decides.
CREATE TABLE held_change (
    id INTEGER PRIMARY KEY,
    connection_id INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    booking_id INTEGER NOT NULL REFERENCES booking,
    kind TEXT NOT NULL CHECK (kind IN ('gone', 'moved')),
    starts_at INTEGER,
    ends_at INTEGER,
    found_at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'done', 'refused', 'over'))
) STRICT;
CREATE UNIQUE INDEX held_change_once ON held_change (booking_id) WHERE state = 'asked';
CREATE INDEX held_change_asked ON held_change (connection_id) WHERE state = 'asked';

ALTER TABLE calendar_write ADD COLUMN written_event_id TEXT
"""

# Whose time a calendar takes is part of the set-up: its events are looked at again, and the processes read it anew.
SETUP_CHANGED = """
CREATE TRIGGER {name}_changes_setup AFTER {when} BEGIN UPDATE setup_version SET number = number + 1; END
"""
SETUP_EVENTS = {
    "blocking_calendar_insert": "INSERT ON blocking_calendar",
    "blocking_calendar_delete": "DELETE ON blocking_calendar",
    "connection_scope": "UPDATE OF scope ON connection",
}


def up(migrator: Any, db: Any) -> None:
    for column in CONNECTION:
        db.execute_sql(f"ALTER TABLE connection ADD COLUMN {column}")
    for column in EVENT:
        db.execute_sql(f"ALTER TABLE event ADD COLUMN {column}")
    for statement in TABLES.split(";\n"):
        db.execute_sql(statement)
    for name, when in SETUP_EVENTS.items():
        db.execute_sql(SETUP_CHANGED.format(name=name, when=when))
