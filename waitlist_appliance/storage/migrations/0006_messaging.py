"""Messaging: what became of each message, the owner's own texts, and whom to tell of trouble."""

from __future__ import annotations

from typing import Any

# `provider`: who was given it; `rank`: how far it has come (ports.STATE_RANK), never back; `code`: the provider's own
# word for a failure; `unknown_since_at`: nobody knows whether the last attempt arrived; `locale`: in which language it
# was written; `sender`: which of our numbers sent it.
MESSAGE = (
    "provider TEXT",
    "rank INTEGER NOT NULL DEFAULT 0",
    "code TEXT",
    "segments INTEGER",
    "delivered_at INTEGER",
    "read_at INTEGER",
    "unknown_since_at INTEGER",
    "locale TEXT",
)
# `answers`: the message of ours that it answers; `handled_at`: staff have seen to it.
REPLY = ("answers_message_id INTEGER REFERENCES message", "handled_at INTEGER")
# WhatsApp takes free text for 24 hours after the customer's last word.
CUSTOMER = ("whatsapp_wrote_at INTEGER", "whatsapp_refused_at INTEGER", "email_refused_at INTEGER")

TABLES = """
CREATE INDEX message_of_provider ON message (provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX message_under_way ON message (sent_at) WHERE state = 'sent' AND rank < 2;
CREATE INDEX message_failed_lately ON message (created_at) WHERE state = 'failed';
CREATE INDEX message_billed ON message (sent_at, channel, segments) WHERE sent_at IS NOT NULL;

-- The owner's own texts; what is not here is said as delivered.
CREATE TABLE own_text (
    kind TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('sms', 'whatsapp', 'email')),
    locale TEXT NOT NULL,
    subject TEXT,
    body TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (kind, channel, locale)
) STRICT, WITHOUT ROWID;

-- Approved WhatsApp templates: one per kind of message and language.
CREATE TABLE whatsapp_template (
    kind TEXT NOT NULL,
    locale TEXT NOT NULL,
    content_sid TEXT NOT NULL,
    PRIMARY KEY (kind, locale)
) STRICT, WITHOUT ROWID;

-- What staff are told of, written with what causes it and sent later: one per condition, and one when it is over.
CREATE TABLE notice (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    condition TEXT NOT NULL,
    facts TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(facts)),
    over INTEGER NOT NULL DEFAULT 0 CHECK (over IN (0, 1)),
    due_at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sending', 'sent', 'failed', 'dropped')),
    lease_until_at INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    dedupe_key TEXT NOT NULL UNIQUE,
    error TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX notice_due ON notice (due_at) WHERE state IN ('pending', 'sending');

-- Letters to the team (invitations, new passwords): rendered at once, since their links are shown once; sent later.
CREATE TABLE staff_letter (
    id INTEGER PRIMARY KEY,
    address TEXT NOT NULL,
    subject TEXT NOT NULL,
    sealed_body BLOB NOT NULL,
    due_at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sending', 'sent', 'failed')),
    lease_until_at INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    dedupe_key TEXT NOT NULL UNIQUE,
    error TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX staff_letter_due ON staff_letter (due_at) WHERE state IN ('pending', 'sending')
"""


def up(migrator: Any, db: Any) -> None:
    for table, columns in (("message", MESSAGE), ("reply", REPLY), ("customer", CUSTOMER)):
        for column in columns:
            db.execute_sql(f"ALTER TABLE {table} ADD COLUMN {column}")
    for statement in TABLES.split(";\n"):
        db.execute_sql(statement)
