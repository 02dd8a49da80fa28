"""A second factor, passkeys, sessions that can be told apart, and keys that can be changed without a gap."""

from __future__ import annotations

from typing import Any

STATEMENTS = (
    # What a person needs to recognise a session, and to end it from elsewhere.
    "ALTER TABLE staff_session ADD COLUMN public_id TEXT",
    "ALTER TABLE staff_session ADD COLUMN ip TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE staff_session ADD COLUMN user_agent TEXT NOT NULL DEFAULT ''",
    """ALTER TABLE staff_session ADD COLUMN proved_by TEXT NOT NULL DEFAULT 'password'
        CHECK (proved_by IN ('password', 'code', 'recovery_code', 'passkey'))""",
    # When whoever sits there last gave a password or a second factor: the riskiest acts ask for that anew.
    "ALTER TABLE staff_session ADD COLUMN proved_at INTEGER NOT NULL DEFAULT 0",
    "UPDATE staff_session SET public_id = lower(hex(randomblob(16))), proved_at = created_at",
    "CREATE UNIQUE INDEX staff_session_public ON staff_session (public_id)",
    # The secret is sealed (storage/vault.py). A code is good once: steps up to last_step are spent.
    """CREATE TABLE staff_totp (
        user_id INTEGER PRIMARY KEY REFERENCES staff_user ON DELETE CASCADE,
        secret BLOB NOT NULL,
        created_at INTEGER NOT NULL,
        confirmed_at INTEGER,
        last_step INTEGER NOT NULL DEFAULT 0
    ) STRICT""",
    """CREATE TABLE recovery_code (
        hash BLOB PRIMARY KEY,
        user_id INTEGER NOT NULL REFERENCES staff_user ON DELETE CASCADE,
        used_at INTEGER
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX recovery_code_by_user ON recovery_code (user_id)",
    """CREATE TABLE passkey (
        id INTEGER PRIMARY KEY,
        public_id TEXT NOT NULL UNIQUE,
        user_id INTEGER NOT NULL REFERENCES staff_user ON DELETE CASCADE,
        credential_id BLOB NOT NULL UNIQUE,
        public_key BLOB NOT NULL,
        sign_count INTEGER NOT NULL,
        name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
        created_at INTEGER NOT NULL,
        last_used_at INTEGER
    ) STRICT""",
    "CREATE INDEX passkey_by_user ON passkey (user_id)",
    # Between the password and the second factor, and between a challenge and its answer. Good once, for minutes.
    # ``failures``: after some wrong answers it is over.
    """CREATE TABLE login_challenge (
        hash BLOB PRIMARY KEY,
        purpose TEXT NOT NULL CHECK (purpose IN ('second_factor', 'passkey_login', 'passkey_add')),
        user_id INTEGER REFERENCES staff_user ON DELETE CASCADE,
        challenge BLOB,
        ip TEXT NOT NULL,
        failures INTEGER NOT NULL DEFAULT 0,
        created_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        CHECK (user_id IS NOT NULL OR purpose = 'passkey_login')
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX login_challenge_by_expiry ON login_challenge (expires_at)",
    # Every guess forgets old counters first: many addresses must not make that a walk through all of theirs.
    "CREATE INDEX login_throttle_by_age ON login_throttle (updated_at)",
    # Another kind of letter to the team: what became of somebody's access. The table is made anew for its CHECK.
    """CREATE TABLE staff_letter_new (
        id INTEGER PRIMARY KEY,
        user_id INTEGER NOT NULL REFERENCES staff_user ON DELETE CASCADE,
        kind TEXT NOT NULL CHECK (kind IN ('invitation', 'password', 'account')),
        sealed BLOB,
        until_at INTEGER NOT NULL,
        due_at INTEGER NOT NULL,
        state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sending', 'sent', 'failed')),
        lease_until_at INTEGER,
        attempts INTEGER NOT NULL DEFAULT 0,
        error TEXT,
        created_at INTEGER NOT NULL
    ) STRICT""",
    """INSERT INTO staff_letter_new SELECT id, user_id, kind, sealed, until_at, due_at, state, lease_until_at, attempts,
        error, created_at FROM staff_letter""",
    "DROP TABLE staff_letter",
    "ALTER TABLE staff_letter_new RENAME TO staff_letter",
    "CREATE INDEX staff_letter_due ON staff_letter (due_at) WHERE state IN ('pending', 'sending')",
    "CREATE INDEX staff_letter_by_age ON staff_letter (created_at)",
    "CREATE INDEX staff_letter_of_user ON staff_letter (user_id, created_at)",
    # A new secret while the old one still works for a while: whoever calls is changed over without a gap.
    "ALTER TABLE api_key ADD COLUMN expires_at INTEGER",
    "ALTER TABLE api_key ADD COLUMN previous_hash BLOB",
    "ALTER TABLE api_key ADD COLUMN previous_until_at INTEGER",
    "CREATE UNIQUE INDEX api_key_previous ON api_key (previous_hash) WHERE previous_hash IS NOT NULL",
)


def up(migrator: Any, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
