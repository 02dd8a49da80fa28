"""What the messages pages read: the conversations, the outbox in parts, and one conversation in both directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice

from waitlist_appliance.domain.records import Message
from waitlist_appliance.storage.database import Database

LONGEST = 200
_NAME = "NULLIF(TRIM(COALESCE(customer.first_name, '') || ' ' || COALESCE(customer.last_name, '')), '')"


@dataclass(frozen=True, slots=True)
class OutboxLine:
    """One message; ``again`` tells that staff sent it once more, ``entry_public_id`` what it is about, ``come`` how far
    it has come (_COME)."""

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
    code: str | None
    come: str
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
    """One turn of a conversation; ``side`` is out for ours, in for theirs. ``state`` is None for theirs.

    ``come`` is how far ours has come (_COME), ``code`` the provider's own word for a failure.
    """

    side: str
    id: int
    public_id: str | None
    kind: str | None
    channel: str
    state: str | None
    subject: str | None
    body: str | None
    error: str | None
    code: str | None
    come: str | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    understood: str | None
    at: datetime
    again: int


@dataclass(frozen=True, slots=True)
class Talk:
    """A customer's conversation by its newest turn; ``unclear`` is what they wrote that still needs a person's answer.

    ``at`` is when it was or will be said, ``created_at`` what the list is ordered by.
    """

    side: str
    id: int
    customer_public_id: str
    name: str | None
    phone: str
    kind: str | None
    channel: str
    state: str | None
    come: str | None
    body: str | None
    understood: str | None
    at: datetime
    created_at: datetime
    unclear: str | None


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
    erased_at: datetime | None
    entry_public_id: str | None


_AGAIN = "EXISTS (SELECT 1 FROM message later WHERE later.dedupe_key = 'again:' || message.public_id || ':' || message.channel)"
# The state as people see it: queued (the provider has it), sent, delivered, read; unknown: it may have arrived.
_COME = """
CASE WHEN message.state IN ('pending', 'sending') AND message.unknown_since_at IS NOT NULL THEN 'unknown'
    WHEN message.state <> 'sent' THEN message.state
    WHEN message.rank >= 3 THEN 'read' WHEN message.rank = 2 THEN 'delivered'
    WHEN message.rank = 0 AND message.provider IS NOT NULL THEN 'queued' ELSE 'sent' END
"""
_OUTBOX = f"""
SELECT message.id, message.public_id, message.kind, message.channel, message.state, message.due_at, message.sent_at,
    message.attempts, message.subject, message.body, message.error, message.code, {_COME} AS come,
    customer.public_id AS customer_public_id, {_NAME} AS name, customer.phone, entry.public_id AS entry_public_id,
    {_AGAIN} AS again
FROM message JOIN customer ON customer.id = message.customer_id LEFT JOIN entry ON entry.id = message.entry_id
"""


# The newest answer, where it was not understood and the team has not written since.
_UNCLEAR = """
(SELECT CASE WHEN answer.understood = 'unclear' AND NOT EXISTS (
        SELECT 1 FROM message AS note WHERE note.customer_id = customer.id AND note.kind = 'note'
            AND note.created_at >= answer.received_at) THEN answer.body END
    FROM reply AS answer WHERE answer.customer_id = customer.id ORDER BY answer.id DESC LIMIT 1)
"""
# Walked by id from the newest, and each turn asked whether its customer has a newer one: nothing is sorted or grouped.
_LAST_SAID = f"""
SELECT 'out' AS side, turn.id, customer.public_id AS customer_public_id, {_NAME} AS name, customer.phone, turn.kind,
    turn.channel, turn.state, {_COME.replace("message.", "turn.")} AS come, turn.body, NULL AS understood,
    COALESCE(turn.sent_at, turn.due_at) AS at, turn.created_at,
    {_UNCLEAR} AS unclear
FROM message AS turn CROSS JOIN customer ON customer.id = turn.customer_id
WHERE turn.id < ? AND turn.state <> 'dropped' AND NOT EXISTS (
        SELECT 1 FROM message AS later
        WHERE later.customer_id = turn.customer_id AND later.id > turn.id AND later.state <> 'dropped')
    AND COALESCE((SELECT received_at FROM reply WHERE customer_id = turn.customer_id ORDER BY id DESC LIMIT 1), 0)
        <= turn.created_at
ORDER BY turn.id DESC LIMIT ?
"""
_LAST_ANSWERED = f"""
SELECT 'in' AS side, turn.id, customer.public_id AS customer_public_id, {_NAME} AS name, customer.phone, NULL AS kind,
    turn.channel, NULL AS state, NULL AS come, turn.body, turn.understood, turn.received_at AS at, turn.received_at AS created_at,
    {_UNCLEAR} AS unclear
FROM reply AS turn CROSS JOIN customer ON customer.id = turn.customer_id
WHERE turn.id < ? AND turn.id > ? AND NOT EXISTS (
        SELECT 1 FROM reply AS later WHERE later.customer_id = turn.customer_id AND later.id > turn.id)
    AND COALESCE((
        SELECT created_at FROM message WHERE customer_id = turn.customer_id AND state <> 'dropped'
        ORDER BY id DESC LIMIT 1), -1) < turn.received_at
ORDER BY turn.id DESC LIMIT ?
"""


def talks(db: Database, before: tuple[int, int] | None, limit: int) -> tuple[list[Talk], tuple[int, int] | None]:
    """Who was last written to or wrote last, the newest first, and where the next page goes on (None: nowhere).

    ``before`` is what the page before this one gave: the messages and the replies it has come down to.
    """
    message_id, reply_id = before or (2**62, 2**62)
    said = db.rows(Talk, _LAST_SAID, message_id, limit + 1)
    # Nearly every answer is followed by a message of ours: only those as new as this page's messages are looked at.
    floor = _older_reply(db, reply_id, said[limit].created_at) if len(said) > limit else 0
    answered = db.rows(Talk, _LAST_ANSWERED, reply_id, floor, limit + 1)
    lines = list(islice(merge(said, answered, key=lambda talk: talk.created_at, reverse=True), limit))
    if len(lines) == len(said) + len(answered):
        return lines, None
    shown = [talk.id for talk in lines if talk.side == "in"]
    down_to = floor + 1 if len(shown) == len(answered) else min(shown, default=reply_id)
    return lines, (min((talk.id for talk in lines if talk.side == "out"), default=message_id), down_to)


def _older_reply(db: Database, before: int, than: datetime) -> int:
    sql = "SELECT id FROM reply WHERE id < ? AND received_at < ? ORDER BY id DESC LIMIT 1"
    return int(db.value(sql, before, than) or 0)


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
            SELECT 'out' AS side, id, public_id, kind, channel, state, subject, body, error, code, {_COME} AS come, sent_at,
                delivered_at, read_at, NULL AS understood, COALESCE(sent_at, due_at) AS at, {_AGAIN} AS again
            FROM message WHERE customer_id = ?1 ORDER BY id DESC LIMIT ?2)
        UNION ALL SELECT * FROM (
            SELECT 'in', id, NULL, NULL, channel, NULL, NULL, body, NULL, NULL, NULL, NULL, NULL, NULL, understood,
                received_at, 0
            FROM reply WHERE customer_id = ?1 ORDER BY id DESC LIMIT ?2)
        ORDER BY at DESC LIMIT ?2)
    ORDER BY at, side, id
    """
    return db.rows(Said, sql, customer_id, limit)


def person(db: Database, key: str) -> Person | None:
    """The customer by public id or number."""
    sql = f"""
    SELECT id, public_id, phone, {_NAME} AS name, email, locale, opted_out_at, undeliverable_at,
        erased_at, (SELECT public_id FROM entry WHERE customer_id = customer.id ORDER BY id DESC LIMIT 1) AS entry_public_id
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
