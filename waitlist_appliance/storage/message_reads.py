"""What the messages pages read: the outbox in parts, and one customer's conversation in both directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.records import Message
from waitlist_appliance.storage.database import Database

LONGEST = 200
_NAME = "NULLIF(TRIM(COALESCE(customer.first_name, '') || ' ' || COALESCE(customer.last_name, '')), '')"


@dataclass(frozen=True, slots=True)
class OutboxLine:
    """One message; ``again`` tells that staff sent it once more, ``entry_public_id`` what it is about."""

    id: int
    public_id: str
    kind: str
    channel: str
    state: str
    due_at: datetime
    sent_at: datetime | None
    attempts: int
    subject: str | None
    body: str | None
    error: str | None
    customer_public_id: str
    name: str | None
    phone: str
    entry_public_id: str | None
    again: int


@dataclass(frozen=True, slots=True)
class ReplyLine:
    """What somebody answered; ``understood`` is yes, no, unclear and the like."""

    id: int
    customer_public_id: str | None
    name: str | None
    sender: str
    channel: str
    body: str
    understood: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """One turn of a conversation; ``side`` is out for ours, in for theirs. ``state`` is None for theirs."""

    side: str
    id: int
    public_id: str | None
    kind: str | None
    channel: str
    state: str | None
    subject: str | None
    body: str | None
    error: str | None
    understood: str | None
    at: datetime
    again: int


@dataclass(frozen=True, slots=True)
class Person:
    """The customer of a conversation; ``entry_public_id`` is their newest request."""

    id: int
    public_id: str
    phone: str
    name: str | None
    email: str | None
    locale: str | None
    opted_out_at: datetime | None
    undeliverable_at: datetime | None
    entry_public_id: str | None


_AGAIN = "EXISTS (SELECT 1 FROM message later WHERE later.dedupe_key = 'again:' || message.public_id || ':' || message.channel)"
_OUTBOX = f"""
SELECT message.id, message.public_id, message.kind, message.channel, message.state, message.due_at, message.sent_at,
    message.attempts, message.subject, message.body, message.error, customer.public_id AS customer_public_id,
    {_NAME} AS name, customer.phone, entry.public_id AS entry_public_id, {_AGAIN} AS again
FROM message JOIN customer ON customer.id = message.customer_id LEFT JOIN entry ON entry.id = message.entry_id
"""


def newest(db: Database, before: int | None, limit: int) -> list[OutboxLine]:
    """Every message, the newest first; ``before`` is the last row's id."""
    sql = f"{_OUTBOX} WHERE message.id < ? ORDER BY message.id DESC LIMIT ?"
    return db.rows(OutboxLine, sql, before or 2**62, limit)


def due(db: Database, limit: int) -> list[OutboxLine]:
    """What is still to be sent, the next one first."""
    sql = f"{_OUTBOX} WHERE message.state IN ('pending', 'sending') ORDER BY message.due_at, message.id LIMIT ?"
    return db.rows(OutboxLine, sql, limit)


def in_states(db: Database, states: Sequence[str], before: int | None, limit: int) -> list[OutboxLine]:
    """The messages in these states, the newest first."""
    # One walk of the index per state, so that none of them sorts the whole outbox.
    one = f"SELECT * FROM ({_OUTBOX} WHERE message.state = ? AND message.id < ? ORDER BY message.id DESC LIMIT ?)"
    values = [value for state in states for value in (state, before or 2**62, limit)]
    return db.rows(OutboxLine, f"{' UNION ALL '.join([one] * len(states))} ORDER BY id DESC LIMIT ?", *values, limit)


def counts(db: Database) -> dict[str, int]:
    """How many are due, failed (and not sent again): what a person may want to look at."""
    failed = f"SELECT COUNT(*) FROM message WHERE state = 'failed' AND NOT {_AGAIN}"
    return {
        "due": int(db.value("SELECT COUNT(*) FROM message WHERE state IN ('pending', 'sending')")),
        "failed": int(db.value(failed)),
    }


def replies(db: Database, before: int | None, limit: int) -> list[ReplyLine]:
    """What customers answered, the newest first."""
    sql = f"""
    SELECT reply.id, customer.public_id AS customer_public_id, {_NAME} AS name, reply.sender, reply.channel, reply.body,
        reply.understood, reply.received_at
    FROM reply LEFT JOIN customer ON customer.id = reply.customer_id WHERE reply.id < ? ORDER BY reply.id DESC LIMIT ?
    """
    return db.rows(ReplyLine, sql, before or 2**62, limit)


def conversation(db: Database, customer_id: int, limit: int = LONGEST) -> list[Said]:
    """What was said, oldest first: the last ``limit`` turns; what is not sent yet stands at its due time."""
    sql = f"""
    SELECT * FROM (
        SELECT * FROM (
            SELECT 'out' AS side, id, public_id, kind, channel, state, subject, body, error, NULL AS understood,
                COALESCE(sent_at, due_at) AS at, {_AGAIN} AS again
            FROM message WHERE customer_id = ?1 ORDER BY id DESC LIMIT ?2)
        UNION ALL SELECT * FROM (
            SELECT 'in', id, NULL, NULL, channel, NULL, NULL, body, NULL, understood, received_at, 0
            FROM reply WHERE customer_id = ?1 ORDER BY id DESC LIMIT ?2)
        ORDER BY at DESC LIMIT ?2)
    ORDER BY at, side, id
    """
    return db.rows(Said, sql, customer_id, limit)


def person(db: Database, key: str) -> Person | None:
    """The customer by public id or number."""
    sql = f"""
    SELECT id, public_id, phone, {_NAME} AS name, email, locale, opted_out_at, undeliverable_at,
        (SELECT public_id FROM entry WHERE customer_id = customer.id ORDER BY id DESC LIMIT 1) AS entry_public_id
    FROM customer WHERE public_id = ?1 OR phone = ?1
    """
    return db.row(Person, sql, key)


def customer_id(db: Database, public_id: str) -> int | None:
    found = db.value("SELECT id FROM customer WHERE public_id = ?", public_id)
    return None if found is None else int(found)


def customer_public_id(db: Database, customer_id: int) -> str:
    return str(db.value("SELECT public_id FROM customer WHERE id = ?", customer_id))


def by_public_id(db: Database, public_id: str) -> Message | None:
    return db.row(Message, "SELECT * FROM message WHERE public_id = ?", public_id)


def clear_undeliverable(db: Database, customer_id: int) -> int:
    """The number is said to be right after all."""
    return db.execute("UPDATE customer SET undeliverable_at = NULL WHERE id = ?", customer_id)
