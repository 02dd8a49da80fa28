"""The outbox: a row of facts, written with the change that causes it, rendered and sent later."""

from __future__ import annotations

import json
from datetime import datetime

from waitlist_appliance.domain.records import Message
from waitlist_appliance.domain.tokens import masked
from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.ids import public_id

# Sending states are leases: who dies while sending leaves the row to the next.
CLAIMABLE = "(state = 'pending' OR (state = 'sending' AND lease_until_at <= ?2))"


def by_id(db: Database, message_id: int) -> Message:
    found = db.row(Message, "SELECT * FROM message WHERE id = ?", message_id)
    if found is None:
        raise LookupError(f"message {message_id}")
    return found


def add(
    db: Database, *, customer_id: int, kind: str, channel: str, facts: dict[str, object], dedupe_key: str,
    due_at: datetime, now: datetime, own_act: bool, offer_id: int | None = None, entry_id: int | None = None,
    booking_id: int | None = None,
) -> bool:  # fmt: skip
    """Write one thing to say; False when it was written before (same dedupe key)."""
    return bool(
        db.execute(
            """INSERT OR IGNORE INTO message (public_id, customer_id, kind, channel, facts, own_act, due_at, offer_id,
                      entry_id, booking_id, dedupe_key, created_at)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            public_id(), customer_id, kind, channel, json.dumps(facts), own_act, due_at, offer_id, entry_id,
            booking_id, dedupe_key, now,
        )
    )  # fmt: skip


def due(db: Database, now: datetime, limit: int) -> list[Message]:
    return db.rows(
        Message,
        f"""SELECT * FROM message INDEXED BY message_due
             WHERE state IN ('pending', 'sending') AND due_at <= ?2 AND {CLAIMABLE} ORDER BY due_at, id LIMIT ?1""",
        limit, now,
    )  # fmt: skip


def claim(db: Database, message_id: int, now: datetime, lease_until: datetime) -> int:
    """Take the message for sending until the lease ends; 0 when somebody else has it."""
    return db.execute(
        f"UPDATE message SET state = 'sending', lease_until_at = ?3, attempts = attempts + 1 WHERE id = ?1 AND {CLAIMABLE}",
        message_id, now, lease_until,
    )  # fmt: skip


def still_due(db: Database, message_id: int, now: datetime) -> bool:
    """Whether the message, found due outside this transaction, is still due and nobody else's."""
    sql = f"SELECT 1 FROM message WHERE id = ?1 AND due_at <= ?2 AND {CLAIMABLE}"
    return db.value(sql, message_id, now) is not None


def is_taken(db: Database, message_id: int, mine: datetime) -> bool:
    """Whether it is being sent under another lease than ``mine``."""
    sql = "SELECT 1 FROM message WHERE id = ? AND state = 'sending' AND lease_until_at <> ?"
    return db.value(sql, message_id, mine) is not None


def sent(db: Database, message_id: int, provider_id: str, subject: str | None, body: str, now: datetime) -> int:
    return db.execute(
        """UPDATE message SET state = 'sent', provider_id = ?, subject = ?, body = ?, sent_at = ?, error = NULL
            WHERE id = ? AND state = 'sending'""",
        provider_id, subject, masked(body), now, message_id,
    )  # fmt: skip


def put_off(db: Database, message_id: int, due_at: datetime, error: str | None = None) -> int:
    """Send it later: quiet hours, or a failure that may pass."""
    return db.execute(
        "UPDATE message SET state = 'pending', due_at = ?, error = ? WHERE id = ? AND state IN ('pending', 'sending')",
        due_at, error, message_id,
    )  # fmt: skip


def failed(db: Database, message_id: int, error: str) -> int:
    return db.execute(
        "UPDATE message SET state = 'failed', error = ? WHERE id = ? AND state = 'sending'", error, message_id
    )


def drop(db: Database, message_id: int, reason: str) -> int:
    """It is no longer true or no longer wanted."""
    return db.execute(
        "UPDATE message SET state = 'dropped', error = ? WHERE id = ? AND state IN ('pending', 'sending')",
        reason, message_id,
    )


def offer_on_its_way(db: Database, offer_id: int) -> bool:
    """Whether the offer's message is being handed over: nobody knows yet that it left."""
    sql = "SELECT 1 FROM message WHERE offer_id = ? AND kind IN ('offer', 'offer_race') AND state = 'sending'"
    return db.value(sql, offer_id) is not None


def put_back_if_abandoned(db: Database, offer_id: int, now: datetime) -> bool:
    """Put the offer's message back into the line when whoever was sending it must be dead; whether it was."""
    sql = """UPDATE message SET state = 'pending'
              WHERE offer_id = ? AND kind IN ('offer', 'offer_race') AND state = 'sending' AND lease_until_at <= ?"""
    return bool(db.execute(sql, offer_id, now))


def drop_of_offer(db: Database, offer_id: int, reason: str) -> int:
    return db.execute(
        """UPDATE message SET state = 'dropped', error = ?
            WHERE offer_id = ? AND kind IN ('offer', 'offer_race') AND state = 'pending'""",
        reason, offer_id,
    )  # fmt: skip


def drop_of_booking(db: Database, booking_id: int, reason: str) -> int:
    """What is still unsent about the booking is no longer true."""
    return db.execute(
        "UPDATE message SET state = 'dropped', error = ? WHERE booking_id = ? AND state = 'pending'", reason, booking_id
    )


def drop_of_customer(db: Database, customer_id: int, channels: tuple[str, ...], reason: str) -> int:
    """After STOP: what is still unsent on these channels will not go out."""
    marks = ", ".join("?" * len(channels))
    return db.execute(
        f"""UPDATE message SET state = 'dropped', error = ?
             WHERE customer_id = ? AND state = 'pending' AND channel IN ({marks}) AND kind <> 'opted_out'""",
        reason, customer_id, *channels,
    )  # fmt: skip


def drop_of_entry(db: Database, entry_id: int, kinds: tuple[str, ...], reason: str) -> int:
    marks = ", ".join("?" * len(kinds))
    return db.execute(
        f"UPDATE message SET state = 'dropped', error = ? WHERE entry_id = ? AND state = 'pending' AND kind IN ({marks})",
        reason, entry_id, *kinds,
    )  # fmt: skip
