"""The outbox: a row of facts, written with the change that causes it, rendered and sent later."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from waitlist_appliance.domain.moments import from_ms
from waitlist_appliance.domain.records import Message
from waitlist_appliance.domain.tokens import masked
from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.ids import public_id

# Sending states are leases: who dies while sending leaves the row to the next.
CLAIMABLE = "(state = 'pending' OR (state = 'sending' AND lease_until_at <= ?2))"
LEASE = timedelta(seconds=60)
# An attempt takes no longer than its lease.
_ATTEMPT_BEGAN = f"lease_until_at - {int(LEASE.total_seconds()) * 1000}"


def by_id(db: Database, message_id: int) -> Message:
    found = db.row(Message, "SELECT * FROM message WHERE id = ?", message_id)
    if found is None:
        raise LookupError(f"message {message_id}")
    return found


def by_public_id(db: Database, message_id: str) -> Message | None:
    return db.row(Message, "SELECT * FROM message WHERE public_id = ?", message_id)


def of_provider(db: Database, provider_id: str) -> Message | None:
    """The message that the provider knows under this id."""
    return db.row(Message, "SELECT * FROM message WHERE provider_id = ? ORDER BY id DESC LIMIT 1", provider_id)


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


def next_due(db: Database, now: datetime, until: datetime) -> datetime | None:
    """When the next message is due, after now and until then; None when none is."""
    ms = db.value(
        """SELECT MIN(at) FROM (
               SELECT CASE state WHEN 'sending' THEN MAX(due_at, COALESCE(lease_until_at, 0)) ELSE due_at END AS at
                 FROM message INDEXED BY message_due WHERE state IN ('pending', 'sending') AND due_at <= ?2)
            WHERE at > ?1 AND at <= ?2""",
        now, until,
    )  # fmt: skip
    return None if ms is None else from_ms(ms)


def under_way(db: Database, provider: str, since: datetime, until: datetime, limit: int) -> list[Message]:
    """What this provider took between these times and has not told the end of, newest first."""
    return db.rows(
        Message,
        """SELECT * FROM message INDEXED BY message_under_way
            WHERE state = 'sent' AND rank < 2 AND sent_at >= ? AND sent_at <= ? AND provider = ?
            ORDER BY sent_at DESC LIMIT ?""",
        since, until, provider, limit,
    )  # fmt: skip


def tried_channels(db: Database, customer_id: int, kind: str, said: str) -> frozenset[str]:
    """The channels on which this was or will be said to the customer; ``said`` is its dedupe key without the channel."""
    found = db.tuples(
        "SELECT channel FROM message WHERE customer_id = ? AND kind = ? AND dedupe_key LIKE ? || ':%'",
        customer_id, kind, said,
    )  # fmt: skip
    return frozenset(channel for (channel,) in found)


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


def rendered(
    db: Database, message_id: int, *, provider: str, locale: str, subject: str | None, body: str, segments: int | None
) -> int:  # fmt: skip
    """Note what is about to be said, and through whom: nobody may live to tell it afterwards."""
    return db.execute(
        "UPDATE message SET provider = ?, locale = ?, subject = ?, body = ?, segments = ? WHERE id = ?",
        provider, locale, subject, masked(body), segments, message_id,
    )  # fmt: skip


def sent(db: Database, message_id: int, provider_id: str, rank: int, segments: int | None, now: datetime) -> int:
    """The provider has it; 0 when that is known already. Also for one put back or dropped whose attempt arrived after
    all."""
    return db.execute(
        """UPDATE message SET state = 'sent', provider_id = ?1, rank = MAX(rank, ?2), segments = COALESCE(?3, segments),
                  sent_at = COALESCE(sent_at, ?4), delivered_at = CASE WHEN ?2 >= 2 THEN COALESCE(delivered_at, ?4) END,
                  read_at = CASE WHEN ?2 >= 3 THEN COALESCE(read_at, ?4) END, error = NULL, code = NULL,
                  unknown_since_at = NULL
            WHERE id = ?5 AND (state = 'sending' OR (state IN ('pending', 'dropped') AND unknown_since_at IS NOT NULL))""",
        provider_id, rank, segments, now, message_id,
    )  # fmt: skip


def advance(db: Database, message_id: int, rank: int, segments: int | None, now: datetime) -> int:
    """It has come further; 0 when it had come as far already. One given up for lost has arrived after all if it was
    read."""
    return db.execute(
        """UPDATE message SET rank = ?1, segments = COALESCE(?2, segments), state = 'sent',
                  delivered_at = CASE WHEN ?1 >= 2 THEN COALESCE(delivered_at, ?3) END,
                  read_at = CASE WHEN ?1 >= 3 THEN COALESCE(read_at, ?3) END
            WHERE id = ?4 AND rank < ?1 AND state IN ('sent', 'failed')""",
        rank, segments, now, message_id,
    )  # fmt: skip


def came_back(db: Database, message_id: int, provider_id: str, code: str | None) -> int:
    """What the provider had taken did not arrive; 0 when it did, or when that is known already."""
    return db.execute(
        """UPDATE message SET state = 'sending', lease_until_at = NULL, rank = 0, sent_at = NULL, code = ?,
                  unknown_since_at = NULL, provider_id = ?
            WHERE id = ? AND ((state = 'sent' AND rank < 2 AND provider_id = ?)
                           OR (state = 'sending' AND provider_id IS NULL))""",
        code, provider_id, message_id, provider_id,
    )  # fmt: skip


def unknown(db: Database, message_id: int, error: str, since: datetime, lease_until: datetime) -> int:
    """Nobody knows whether it arrived: it is left alone until the lease ends, then looked up."""
    return db.execute(
        """UPDATE message SET error = ?, unknown_since_at = COALESCE(unknown_since_at, ?), unknowns = unknowns + 1,
                  lease_until_at = ? WHERE id = ? AND state = 'sending'""",
        error, since, lease_until, message_id,
    )  # fmt: skip


def still_unknown(db: Database, message_id: int, error: str, since: datetime, lease_until: datetime) -> int:
    """It could not be looked up either: it is left alone a little longer."""
    return db.execute(
        """UPDATE message SET error = ?, unknown_since_at = COALESCE(unknown_since_at, ?), lease_until_at = ?
            WHERE id = ? AND state = 'sending'""",
        error, since, lease_until, message_id,
    )  # fmt: skip


def uncount(db: Database, message_id: int) -> int:
    """The attempt does not count: it was not the message's fault."""
    return db.execute("UPDATE message SET attempts = MAX(attempts - 1, 0) WHERE id = ?", message_id)


def let_wait(db: Database, message_id: int, due_at: datetime) -> int:
    """Keep it back until then. An attempt that nobody told the end of stays in doubt."""
    return db.execute(
        f"""UPDATE message SET state = 'pending', due_at = ?, unknown_since_at = COALESCE(unknown_since_at,
                  CASE state WHEN 'sending' THEN {_ATTEMPT_BEGAN} END)
            WHERE id = ? AND state IN ('pending', 'sending')""",
        due_at, message_id,
    )  # fmt: skip


def put_off(db: Database, message_id: int, due_at: datetime, error: str | None = None) -> int:
    """Send it later, after a failure that may pass."""
    return db.execute(
        "UPDATE message SET state = 'pending', due_at = ?, error = ? WHERE id = ? AND state IN ('pending', 'sending')",
        due_at, error, message_id,
    )  # fmt: skip


def failed(db: Database, message_id: int, error: str, code: str | None = None) -> int:
    """Given up on this channel. What the provider tells of it from now on is old news (rank 2)."""
    return db.execute(
        "UPDATE message SET state = 'failed', error = ?, code = ?, rank = 2 WHERE id = ? AND state = 'sending'",
        error, code, message_id,
    )  # fmt: skip


def others_failed(db: Database, message: Message, since: datetime, limit: int) -> int:
    """To how many other customers a message of this kind could not be sent on this channel; ``limit`` at most."""
    sql = """SELECT COUNT(*) FROM (
                 SELECT DISTINCT customer_id FROM message INDEXED BY message_failed_lately
                  WHERE state = 'failed' AND created_at >= ? AND channel = ? AND kind = ? AND customer_id <> ? LIMIT ?)"""
    return int(db.value(sql, since, message.channel, message.kind, message.customer_id, limit))


def drop(db: Database, message_id: int, reason: str) -> int:
    """It is no longer true or no longer wanted."""
    return db.execute(
        "UPDATE message SET state = 'dropped', error = ? WHERE id = ? AND state IN ('pending', 'sending')",
        reason,
        message_id,
    )


def offer_on_its_way(db: Database, offer_id: int) -> bool:
    """Whether the offer's message is being handed over: nobody knows yet that it left."""
    sql = "SELECT 1 FROM message WHERE offer_id = ? AND kind IN ('offer', 'offer_race') AND state = 'sending'"
    return db.value(sql, offer_id) is not None


def put_back_if_abandoned(db: Database, offer_id: int, now: datetime) -> bool:
    """Put the offer's message back into the line when whoever was sending it must be dead; whether it was."""
    sql = f"""UPDATE message SET state = 'pending', unknown_since_at = COALESCE(unknown_since_at, {_ATTEMPT_BEGAN})
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
    """After STOP: what is still unsent on these channels will not go out. An offer is told on another channel, or ends:
    dropped like the rest, it would hold its time and tell nobody."""
    marks = ", ".join("?" * len(channels))
    return db.execute(
        f"""UPDATE message SET state = 'dropped', error = ?
             WHERE customer_id = ? AND state = 'pending' AND channel IN ({marks})
               AND kind NOT IN ('opted_out', 'offer', 'offer_race')""",
        reason, customer_id, *channels,
    )  # fmt: skip


def drop_of_entry(db: Database, entry_id: int, kinds: tuple[str, ...], reason: str) -> int:
    marks = ", ".join("?" * len(kinds))
    return db.execute(
        f"UPDATE message SET state = 'dropped', error = ? WHERE entry_id = ? AND state = 'pending' AND kind IN ({marks})",
        reason, entry_id, *kinds,
    )  # fmt: skip
