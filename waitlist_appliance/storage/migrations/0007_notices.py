"""What staff are told of, who wants to hear it and where; letters to the team."""

from __future__ import annotations

from typing import Any

TABLES = """
-- NULL: the business's own language.
ALTER TABLE staff_user ADD COLUMN locale TEXT;

-- Addresses of services (Slack, Telegram, ntfy, …) that hear of things for everybody.
CREATE TABLE notice_address (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    shown TEXT NOT NULL,
    sealed BLOB,
    allow_private INTEGER NOT NULL DEFAULT 0 CHECK (allow_private IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT;

-- Only what differs from the default (domain/notices.py).
CREATE TABLE notice_choice (
    kind TEXT NOT NULL,
    user_id INTEGER REFERENCES staff_user ON DELETE CASCADE,
    address_id INTEGER REFERENCES notice_address ON DELETE CASCADE,
    wanted INTEGER NOT NULL CHECK (wanted IN (0, 1)),
    CHECK ((user_id IS NULL) <> (address_id IS NULL))
) STRICT;
CREATE UNIQUE INDEX notice_choice_one ON notice_choice (kind, COALESCE(user_id, 0), COALESCE(address_id, 0));

-- One per condition and beginning, and one when it is over; or one per thing that happened (since_at NULL).
-- `told`: its deliveries are written; `ended_at`: the condition is over.
CREATE TABLE notice (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    condition TEXT NOT NULL,
    facts TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(facts)),
    over INTEGER NOT NULL DEFAULT 0 CHECK (over IN (0, 1)),
    since_at INTEGER,
    ended_at INTEGER,
    told INTEGER NOT NULL DEFAULT 0 CHECK (told IN (0, 1)),
    dedupe_key TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX notice_untold ON notice (id) WHERE told = 0;
CREATE INDEX notice_open ON notice (condition) WHERE since_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX notice_by_age ON notice (created_at);

CREATE TABLE notice_delivery (
    id INTEGER PRIMARY KEY,
    notice_id INTEGER NOT NULL REFERENCES notice ON DELETE CASCADE,
    user_id INTEGER REFERENCES staff_user ON DELETE CASCADE,
    address_id INTEGER REFERENCES notice_address ON DELETE CASCADE,
    due_at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sending', 'sent', 'failed', 'dropped')),
    lease_until_at INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    sent_at INTEGER,
    CHECK ((user_id IS NULL) <> (address_id IS NULL))
) STRICT;
CREATE UNIQUE INDEX notice_delivery_one ON notice_delivery (notice_id, COALESCE(user_id, 0), COALESCE(address_id, 0));
CREATE INDEX notice_delivery_due ON notice_delivery (due_at) WHERE state IN ('pending', 'sending');
CREATE INDEX notice_delivery_of_address ON notice_delivery (address_id, id) WHERE address_id IS NOT NULL;
CREATE INDEX notice_delivery_of_user ON notice_delivery (user_id, id) WHERE user_id IS NOT NULL;

-- Letters to the team: written at once, since their links are shown once; wiped when sent or given up.
CREATE TABLE staff_letter (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES staff_user ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('invitation', 'password')),
    sealed BLOB,
    until_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sending', 'sent', 'failed')),
    lease_until_at INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX staff_letter_due ON staff_letter (due_at) WHERE state IN ('pending', 'sending');
CREATE INDEX staff_letter_by_age ON staff_letter (created_at);
CREATE INDEX staff_letter_of_user ON staff_letter (user_id, created_at);

-- Somebody says that they forgot their password; whether there is anybody with this address, the worker finds out.
CREATE TABLE forgotten_password (
    id INTEGER PRIMARY KEY,
    email TEXT NOT NULL,
    asked_at INTEGER NOT NULL
) STRICT
"""


def up(migrator: Any, db: Any) -> None:
    for statement in TABLES.split(";\n"):
        db.execute_sql(statement)
