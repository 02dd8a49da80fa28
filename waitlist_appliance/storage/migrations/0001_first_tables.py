"""The first tables. Raw SQL, because STRICT tables, partial indexes and triggers are the point (runtime.md 2)."""

from __future__ import annotations

from typing import Any

TABLES = """
CREATE TABLE business (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    public_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    zone TEXT NOT NULL,
    locale TEXT NOT NULL CHECK (locale IN ('es', 'fr', 'en')),
    phone_region TEXT NOT NULL CHECK (length(phone_region) = 2),
    phone TEXT,
    email TEXT,
    address TEXT,
    brand_colour TEXT,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE setting (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL CHECK (json_valid(value)),
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE availability_rule (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    zone TEXT NOT NULL,
    schedule TEXT NOT NULL CHECK (json_valid(schedule)),
    slot_duration_minutes INTEGER NOT NULL CHECK (slot_duration_minutes > 0),
    step_minutes INTEGER NOT NULL CHECK (step_minutes > 0),
    buffer_before_minutes INTEGER NOT NULL DEFAULT 0 CHECK (buffer_before_minutes >= 0),
    buffer_after_minutes INTEGER NOT NULL DEFAULT 0 CHECK (buffer_after_minutes >= 0),
    min_notice_minutes INTEGER NOT NULL DEFAULT 0 CHECK (min_notice_minutes >= 0),
    max_notice_minutes INTEGER NOT NULL DEFAULT 525600 CHECK (max_notice_minutes > 0),
    is_default INTEGER NOT NULL DEFAULT 0 CHECK (is_default IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX availability_rule_one_default ON availability_rule (is_default) WHERE is_default = 1;

CREATE TABLE date_override (
    id INTEGER PRIMARY KEY,
    rule_id INTEGER NOT NULL REFERENCES availability_rule ON DELETE CASCADE,
    day TEXT NOT NULL CHECK (length(day) = 10),
    available INTEGER NOT NULL CHECK (available IN (0, 1)),
    reason TEXT,
    intervals TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(intervals)),
    UNIQUE (rule_id, day)
) STRICT;

CREATE TABLE service (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    duration_minutes INTEGER NOT NULL CHECK (duration_minutes BETWEEN 1 AND 1440),
    buffer_before_minutes INTEGER CHECK (buffer_before_minutes >= 0),
    buffer_after_minutes INTEGER CHECK (buffer_after_minutes >= 0),
    rule_id INTEGER REFERENCES availability_rule,
    is_default INTEGER NOT NULL DEFAULT 0 CHECK (is_default IN (0, 1)),
    active INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX service_one_default ON service (is_default) WHERE is_default = 1;

CREATE TABLE connection (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    provider TEXT NOT NULL CHECK (provider IN ('local', 'google', 'caldav', 'ics')),
    name TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'needs_reconnect', 'error', 'disabled')),
    enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
    live_mirror INTEGER NOT NULL DEFAULT 0 CHECK (live_mirror IN (0, 1)),
    check_interval_minutes INTEGER CHECK (check_interval_minutes > 0),
    sync_state TEXT,
    last_sync_at INTEGER,
    next_sync_at INTEGER,
    failing_since_at INTEGER,
    last_error TEXT
) STRICT;

CREATE TABLE resource (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('table', 'staff', 'room')),
    min_party INTEGER NOT NULL DEFAULT 1 CHECK (min_party >= 1),
    max_party INTEGER NOT NULL CHECK (max_party >= min_party),
    zone TEXT,
    priority INTEGER NOT NULL DEFAULT 100,
    rule_id INTEGER REFERENCES availability_rule,
    connection_id INTEGER REFERENCES connection,
    active INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1))
) STRICT;

CREATE TABLE service_resource (
    service_id INTEGER NOT NULL REFERENCES service ON DELETE CASCADE,
    resource_id INTEGER NOT NULL REFERENCES resource ON DELETE CASCADE,
    PRIMARY KEY (service_id, resource_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE local_event (
    uid TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL CHECK (ends_at > starts_at),
    status TEXT NOT NULL DEFAULT 'confirmed' CHECK (status IN ('confirmed', 'tentative', 'cancelled')),
    transparent INTEGER NOT NULL DEFAULT 0 CHECK (transparent IN (0, 1)),
    resource TEXT,
    tag TEXT,
    version INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;
CREATE INDEX local_event_by_time ON local_event (ends_at, starts_at);

CREATE TABLE local_calendar (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    failure TEXT CHECK (failure IN ('read', 'write', 'both'))
) STRICT;

CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    connection_id INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    provider_event_id TEXT NOT NULL,
    etag TEXT NOT NULL,
    title TEXT NOT NULL,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL CHECK (ends_at > starts_at),
    busy INTEGER NOT NULL CHECK (busy IN (0, 1)),
    resource_id INTEGER REFERENCES resource,
    tag TEXT,
    vanished_at INTEGER,
    UNIQUE (connection_id, provider_event_id)
) STRICT;
CREATE INDEX event_busy_by_time ON event (ends_at, starts_at, resource_id, connection_id)
    WHERE busy = 1 AND tag IS NULL AND ends_at - starts_at <= 172800000;
CREATE INDEX event_busy_long ON event (ends_at, starts_at)
    WHERE busy = 1 AND tag IS NULL AND ends_at - starts_at > 172800000;
CREATE INDEX event_vanished ON event (vanished_at) WHERE vanished_at IS NOT NULL;
CREATE INDEX event_by_start ON event (starts_at);

CREATE TABLE customer (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    phone TEXT NOT NULL UNIQUE CHECK (phone LIKE '+%'),
    phone_kind TEXT NOT NULL DEFAULT 'maybe',
    first_name TEXT,
    last_name TEXT,
    email TEXT,
    locale TEXT,
    channels TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(channels)),
    consent_at INTEGER,
    opted_out_at INTEGER,
    undeliverable_at INTEGER,
    no_shows INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX customer_unreachable ON customer (id) WHERE undeliverable_at IS NOT NULL OR opted_out_at IS NOT NULL;

CREATE TABLE customer_alias (
    alias TEXT PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customer ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE slot (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    service_id INTEGER NOT NULL REFERENCES service,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL CHECK (ends_at > starts_at),
    closes_at INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('expired', 'available', 'monitoring', 'pending', 'filled', 'cancelled')),
    last_check_at INTEGER,
    next_check_at INTEGER,
    check_interval_minutes INTEGER,
    notes TEXT,
    created_at INTEGER NOT NULL,
    UNIQUE (service_id, starts_at)
) STRICT;
CREATE INDEX slot_due ON slot (next_check_at) WHERE next_check_at IS NOT NULL;
CREATE INDEX slot_closing ON slot (closes_at) WHERE status IN ('available', 'monitoring', 'pending');
CREATE INDEX slot_by_start ON slot (starts_at);

CREATE TABLE entry (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    customer_id INTEGER NOT NULL REFERENCES customer,
    service_id INTEGER NOT NULL REFERENCES service,
    first_name TEXT,
    last_name TEXT,
    email TEXT,
    party_size INTEGER CHECK (party_size BETWEEN 1 AND 499),
    status TEXT NOT NULL
        CHECK (status IN ('invited', 'waiting', 'notified', 'confirmed', 'declined', 'expired', 'cancelled')),
    priority INTEGER NOT NULL DEFAULT 100,
    source TEXT NOT NULL CHECK (source IN ('voice_agent', 'web', 'manual')),
    locale TEXT NOT NULL,
    zone TEXT,
    resource_id INTEGER REFERENCES resource,
    notes TEXT,
    requested_slot_id INTEGER NOT NULL REFERENCES slot,
    proposed_times TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(proposed_times)),
    silences INTEGER NOT NULL DEFAULT 0,
    replaces_booking_id INTEGER,
    created_at INTEGER NOT NULL,
    registered_at INTEGER,
    lined_up_at INTEGER,
    nudge_at INTEGER,
    notified_at INTEGER,
    confirmed_at INTEGER,
    response_deadline_at INTEGER,
    consent_at INTEGER
) STRICT;
CREATE INDEX entry_by_created ON entry (created_at DESC, id DESC);
CREATE INDEX entry_by_status ON entry (status, created_at DESC, id DESC);
CREATE INDEX entry_by_customer ON entry (customer_id);
CREATE INDEX entry_in_line ON entry (priority, COALESCE(lined_up_at, 9007199254740991), id)
    WHERE status IN ('waiting', 'invited');
CREATE INDEX entry_to_nudge ON entry (nudge_at) WHERE nudge_at IS NOT NULL;

CREATE TABLE wish (
    id INTEGER PRIMARY KEY,
    entry_id INTEGER NOT NULL REFERENCES entry ON DELETE CASCADE,
    customer_id INTEGER NOT NULL REFERENCES customer,
    slot_id INTEGER NOT NULL REFERENCES slot,
    state TEXT NOT NULL
        CHECK (state IN ('proposed', 'live', 'offered', 'fulfilled', 'declined', 'withdrawn', 'passed')),
    round INTEGER NOT NULL DEFAULT 0,
    priority INTEGER NOT NULL DEFAULT 100,
    lined_up_at INTEGER,
    party INTEGER,
    resource_id INTEGER REFERENCES resource,
    zone TEXT,
    ended_by_booking_id INTEGER,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX wish_one_active ON wish (customer_id, slot_id) WHERE state IN ('proposed', 'live', 'offered');
CREATE INDEX wish_line ON wish (slot_id, round, priority, lined_up_at, entry_id, party) WHERE state = 'live';
CREATE INDEX wish_by_entry ON wish (entry_id);
CREATE INDEX wish_by_slot ON wish (slot_id, state);
CREATE INDEX wish_ended_by ON wish (ended_by_booking_id) WHERE ended_by_booking_id IS NOT NULL;

CREATE TABLE opening (
    id INTEGER PRIMARY KEY,
    slot_id INTEGER NOT NULL REFERENCES slot,
    resource_id INTEGER NOT NULL REFERENCES resource,
    cause TEXT NOT NULL,
    freed_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'held', 'booked', 'exhausted', 'taken', 'past')),
    skipped TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(skipped)),
    ended_at INTEGER
) STRICT;
CREATE UNIQUE INDEX opening_one_active ON opening (slot_id, resource_id)
    WHERE state IN ('open', 'held', 'exhausted');
CREATE INDEX opening_by_slot ON opening (slot_id, state);

CREATE TABLE hold (
    id INTEGER PRIMARY KEY,
    opening_id INTEGER NOT NULL REFERENCES opening,
    slot_id INTEGER NOT NULL REFERENCES slot,
    resource_id INTEGER NOT NULL REFERENCES resource,
    state TEXT NOT NULL CHECK (state IN ('live', 'booked', 'released')),
    race INTEGER NOT NULL DEFAULT 0 CHECK (race IN (0, 1)),
    calendar_event_id TEXT,
    created_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;
CREATE UNIQUE INDEX hold_one_live ON hold (opening_id) WHERE state = 'live';

CREATE TABLE offer (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    hold_id INTEGER NOT NULL REFERENCES hold,
    opening_id INTEGER NOT NULL REFERENCES opening,
    wish_id INTEGER NOT NULL REFERENCES wish,
    entry_id INTEGER NOT NULL REFERENCES entry,
    customer_id INTEGER NOT NULL REFERENCES customer,
    slot_id INTEGER NOT NULL REFERENCES slot,
    state TEXT NOT NULL
        CHECK (state IN ('proposed', 'live', 'accepted', 'declined', 'expired', 'withdrawn', 'failed')),
    late INTEGER NOT NULL DEFAULT 0 CHECK (late IN (0, 1)),
    by_hand INTEGER NOT NULL DEFAULT 0 CHECK (by_hand IN (0, 1)),
    created_at INTEGER NOT NULL,
    sent_at INTEGER,
    deadline_at INTEGER,
    unsent_limit_at INTEGER,
    answered_at INTEGER,
    ended_reason TEXT
) STRICT;
CREATE UNIQUE INDEX offer_one_live ON offer (customer_id) WHERE state IN ('proposed', 'live');
CREATE UNIQUE INDEX offer_once ON offer (opening_id, customer_id) WHERE late = 0;
CREATE UNIQUE INDEX offer_one_yes ON offer (hold_id) WHERE state = 'accepted';
CREATE INDEX offer_deadline ON offer (deadline_at) WHERE state = 'live' AND deadline_at IS NOT NULL;
CREATE INDEX offer_unsent ON offer (unsent_limit_at) WHERE state = 'live' AND sent_at IS NULL;
CREATE INDEX offer_by_hold ON offer (hold_id, state);
CREATE INDEX offer_by_entry ON offer (entry_id, id);
CREATE INDEX offer_by_customer ON offer (customer_id, created_at);
CREATE INDEX offer_by_opening ON offer (opening_id, customer_id);
CREATE INDEX offer_taken_back ON offer (answered_at) WHERE ended_reason = 'staff';
CREATE INDEX offer_by_created ON offer (created_at);

CREATE TABLE booking (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    code TEXT NOT NULL UNIQUE,
    service_id INTEGER NOT NULL REFERENCES service,
    resource_id INTEGER NOT NULL REFERENCES resource,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL CHECK (ends_at > starts_at),
    customer_id INTEGER NOT NULL REFERENCES customer,
    entry_id INTEGER REFERENCES entry,
    offer_id INTEGER REFERENCES offer,
    party_size INTEGER NOT NULL CHECK (party_size BETWEEN 1 AND 499),
    notes TEXT,
    status TEXT NOT NULL CHECK (status IN
        ('pending', 'confirmed', 'in_progress', 'completed', 'cancelled', 'no_show', 'expired', 'refunded')),
    calendar_event_id TEXT,
    calendar_etag TEXT,
    source TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    pending_since_at INTEGER,
    alarmed_at INTEGER,
    created_at INTEGER NOT NULL,
    confirmed_at INTEGER,
    ended_at INTEGER
) STRICT;
CREATE UNIQUE INDEX booking_one_per_offer ON booking (offer_id) WHERE offer_id IS NOT NULL;
CREATE INDEX booking_by_start ON booking (starts_at);
CREATE INDEX booking_starting ON booking (starts_at) WHERE status IN ('pending', 'confirmed');
CREATE INDEX booking_running ON booking (ends_at) WHERE status = 'in_progress';
CREATE INDEX booking_pending ON booking (customer_id) WHERE status = 'pending';
CREATE INDEX booking_by_customer ON booking (customer_id, starts_at);
CREATE INDEX booking_by_entry ON booking (entry_id) WHERE entry_id IS NOT NULL;

CREATE TABLE occupancy (
    id INTEGER PRIMARY KEY,
    resource_id INTEGER NOT NULL REFERENCES resource,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL CHECK (ends_at > starts_at AND ends_at - starts_at <= 172800000),
    hold_id INTEGER REFERENCES hold,
    booking_id INTEGER REFERENCES booking,
    CHECK ((hold_id IS NULL) <> (booking_id IS NULL))
) STRICT;
CREATE INDEX occupancy_by_resource ON occupancy (resource_id, ends_at, starts_at);
CREATE INDEX occupancy_by_time ON occupancy (ends_at, starts_at);
CREATE INDEX occupancy_by_hold ON occupancy (hold_id) WHERE hold_id IS NOT NULL;
CREATE INDEX occupancy_by_booking ON occupancy (booking_id) WHERE booking_id IS NOT NULL;

CREATE TABLE calendar_write (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('hold', 'booking', 'remove')),
    connection_id INTEGER NOT NULL REFERENCES connection,
    hold_id INTEGER REFERENCES hold,
    booking_id INTEGER REFERENCES booking,
    event_id TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'running', 'done', 'dropped', 'failed')),
    lease_until_at INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    dedupe_key TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX calendar_write_due ON calendar_write (due_at) WHERE state IN ('pending', 'running');
CREATE INDEX calendar_write_by_hold ON calendar_write (hold_id) WHERE hold_id IS NOT NULL;
CREATE INDEX calendar_write_by_booking ON calendar_write (booking_id) WHERE booking_id IS NOT NULL;

CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL,
    customer_id INTEGER NOT NULL REFERENCES customer,
    kind TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('sms', 'whatsapp', 'email')),
    facts TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(facts)),
    own_act INTEGER NOT NULL DEFAULT 0 CHECK (own_act IN (0, 1)),
    due_at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'sending', 'sent', 'delivered', 'failed', 'dropped')),
    lease_until_at INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    offer_id INTEGER REFERENCES offer,
    entry_id INTEGER REFERENCES entry,
    booking_id INTEGER REFERENCES booking,
    dedupe_key TEXT NOT NULL UNIQUE,
    provider_id TEXT,
    subject TEXT,
    body TEXT,
    sent_at INTEGER,
    error TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX message_due ON message (due_at) WHERE state IN ('pending', 'sending');
CREATE INDEX message_by_customer ON message (customer_id, id);
CREATE INDEX message_by_offer ON message (offer_id) WHERE offer_id IS NOT NULL;

CREATE TABLE reply (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER REFERENCES customer,
    sender TEXT NOT NULL,
    channel TEXT NOT NULL,
    body TEXT NOT NULL,
    understood TEXT NOT NULL,
    offer_id INTEGER REFERENCES offer,
    provider_id TEXT UNIQUE,
    received_at INTEGER NOT NULL
) STRICT;
CREATE INDEX reply_by_customer ON reply (customer_id, id);

CREATE TABLE simulated_message (
    id INTEGER PRIMARY KEY,
    provider_id TEXT NOT NULL UNIQUE,
    address TEXT NOT NULL,
    channel TEXT NOT NULL,
    subject TEXT,
    body TEXT NOT NULL,
    attachment TEXT,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX simulated_message_by_address ON simulated_message (address, id);

CREATE TABLE simulated_failure (
    address TEXT NOT NULL,
    channel TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('undeliverable', 'retry', 'account', 'crash_after')),
    times INTEGER NOT NULL,
    PRIMARY KEY (address, channel)
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
    hash BLOB PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('registration', 'offer', 'booking', 'unsubscribe')),
    subject_id INTEGER NOT NULL,
    generation INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    consumed_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE activity (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL CHECK (actor IN ('staff', 'customer', 'voice_agent', 'system')),
    actor_name TEXT,
    verb TEXT NOT NULL,
    subject TEXT NOT NULL,
    subject_id INTEGER,
    entry_id INTEGER,
    customer_id INTEGER,
    reason TEXT,
    detail TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(detail))
) STRICT;
CREATE INDEX activity_by_entry ON activity (entry_id, id) WHERE entry_id IS NOT NULL;
CREATE INDEX activity_by_subject ON activity (subject, subject_id, id);

CREATE TABLE staff_user (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL UNIQUE COLLATE NOCASE,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('owner', 'manager', 'host', 'viewer')),
    password_hash TEXT,
    last_login_at INTEGER,
    disabled_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE staff_link (
    hash BLOB PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES staff_user ON DELETE CASCADE,
    purpose TEXT NOT NULL CHECK (purpose IN ('first', 'reset', 'invitation')),
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE staff_session (
    hash BLOB PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES staff_user ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX staff_session_by_user ON staff_session (user_id);

CREATE TABLE login_throttle (
    key TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    blocked_until_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_key (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    scopes TEXT NOT NULL CHECK (json_valid(scopes)),
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at INTEGER
) STRICT;

CREATE TABLE idempotency (
    caller TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (caller, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (created_at);

CREATE TABLE alarm (
    condition TEXT PRIMARY KEY,
    since_at INTEGER NOT NULL,
    detail TEXT NOT NULL,
    count INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;

CREATE TABLE setup_version (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL
) STRICT;
INSERT INTO setup_version VALUES (1, 1);

CREATE TABLE heartbeat (
    name TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    detail TEXT NOT NULL DEFAULT '{}'
) STRICT, WITHOUT ROWID
"""

# Overlap is refused by the database itself, so that no code path can double-book (domain.md, occupancy).
OVERLAP = """
CREATE TRIGGER occupancy_no_overlap_{event}
BEFORE {when} ON occupancy
WHEN EXISTS (
    SELECT 1 FROM occupancy AS other
    WHERE other.resource_id = NEW.resource_id
      AND other.ends_at > NEW.starts_at
      AND other.starts_at < NEW.ends_at
      {besides}
)
BEGIN
    SELECT RAISE(ABORT, 'occupancy overlaps on this resource');
END
"""


# What the owner sets up is read at every request and changes rarely: a counter tells the processes to read it again.
SETUP_CHANGED = """
CREATE TRIGGER {table}_{event}_changes_setup AFTER {when} ON {table}
BEGIN
    UPDATE setup_version SET number = number + 1;
END
"""
SETUP_TABLES = (
    "business", "setting", "availability_rule", "date_override", "service", "resource", "service_resource",
)  # fmt: skip


def up(migrator: Any, db: Any) -> None:
    for statement in TABLES.split(";\n"):
        db.execute_sql(statement)
    db.execute_sql(OVERLAP.format(event="insert", when="INSERT", besides=""))
    db.execute_sql(
        OVERLAP.format(
            event="update", when="UPDATE OF resource_id, starts_at, ends_at", besides="AND other.id <> NEW.id"
        )
    )
    for table in SETUP_TABLES:
        for when in ("INSERT", "UPDATE", "DELETE"):
            db.execute_sql(SETUP_CHANGED.format(table=table, event=when.lower(), when=when))
