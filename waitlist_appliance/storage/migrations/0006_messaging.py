"""Messaging: what became of each message, and the owner's own texts."""

from __future__ import annotations

from typing import Any

# `provider`: who was given it; `rank`: how far it has come (ports.STATE_RANK), never back; `code`: the provider's own
# word for a failure; `unknown_since_at`: nobody knows whether an attempt since then arrived, `unknowns`: how many ended
# so; `locale`: in which language it was written.
MESSAGE = (
    "provider TEXT",
    "rank INTEGER NOT NULL DEFAULT 0",
    "code TEXT",
    "segments INTEGER",
    "delivered_at INTEGER",
    "read_at INTEGER",
    "unknown_since_at INTEGER",
    "unknowns INTEGER NOT NULL DEFAULT 0",
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

-- More of what can go wrong with a simulated phone.
DROP TABLE simulated_failure;
CREATE TABLE simulated_failure (
    address TEXT NOT NULL,
    channel TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('undeliverable', 'retry', 'account', 'crash_after', 'opted_out', 'landline',
        'elsewhere', 'message', 'slow', 'unknown_lost', 'unknown_taken')),
    times INTEGER NOT NULL,
    PRIMARY KEY (address, channel)
) STRICT, WITHOUT ROWID
"""


def up(migrator: Any, db: Any) -> None:
    for table, columns in (("message", MESSAGE), ("reply", REPLY), ("customer", CUSTOMER)):
        for column in columns:
            db.execute_sql(f"ALTER TABLE {table} ADD COLUMN {column}")
    for statement in TABLES.split(";\n"):
        db.execute_sql(statement)
