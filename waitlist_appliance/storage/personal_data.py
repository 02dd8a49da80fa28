"""What the box knows of one person: all of it to read, and all of it to forget. The counts of what happened stay."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from waitlist_appliance.storage.database import Database

# No telephone number anywhere begins with +0, so that nobody can ever be taken for an erased customer. Being of no kind
# that takes texts, it is written to by nobody, and whoever is put back in line with it is offered nothing.
ERASED_PHONE: Final = "+0"

# Everything that is told when a person asks what is kept: heading → rows. Columns that only the program needs are left out.
_EXPORTED: Final = {
    "customer": """SELECT public_id AS id, phone, first_name, last_name, email, locale, channels, consent_at, opted_out_at,
                          undeliverable_at, no_shows, created_at FROM customer WHERE id = ?1""",
    "other_numbers": "SELECT alias AS number FROM customer_alias WHERE customer_id = ?1 ORDER BY alias",
    "entries": """SELECT entry.public_id AS id, service.name AS service, slot.starts_at AS asked_for, entry.first_name,
                         entry.last_name, entry.email, entry.party_size, entry.status, entry.source, entry.locale,
                         entry.zone, entry.notes, entry.created_at, entry.registered_at, entry.consent_at
                  FROM entry JOIN service ON service.id = entry.service_id
                  JOIN slot ON slot.id = entry.requested_slot_id WHERE entry.customer_id = ?1 ORDER BY entry.id""",
    "wishes": """SELECT entry.public_id AS entry, slot.starts_at, wish.state, wish.created_at
                 FROM wish JOIN entry ON entry.id = wish.entry_id JOIN slot ON slot.id = wish.slot_id
                 WHERE wish.customer_id = ?1 ORDER BY wish.id""",
    "offers": """SELECT offer.public_id AS id, slot.starts_at, resource.name AS resource, offer.state, offer.sent_at,
                        offer.deadline_at, offer.answered_at
                 FROM offer JOIN slot ON slot.id = offer.slot_id JOIN opening ON opening.id = offer.opening_id
                 JOIN resource ON resource.id = opening.resource_id WHERE offer.customer_id = ?1 ORDER BY offer.id""",
    "bookings": """SELECT booking.public_id AS id, booking.code, resource.name AS resource, booking.starts_at,
                          booking.ends_at, booking.party_size, booking.status, booking.notes, booking.source,
                          booking.created_at, booking.confirmed_at
                   FROM booking JOIN resource ON resource.id = booking.resource_id
                   WHERE booking.customer_id = ?1 ORDER BY booking.id""",
    "messages": """SELECT kind, channel, state, subject, body, sent_at, delivered_at, read_at, created_at
                   FROM message WHERE customer_id = ?1 ORDER BY id""",
    "answers": "SELECT channel, sender, body, understood, received_at FROM reply WHERE customer_id = ?1 ORDER BY id",
    "history": """SELECT at, actor, verb, reason, detail FROM activity
                  WHERE customer_id = ?1 OR entry_id IN (SELECT id FROM entry WHERE customer_id = ?1) ORDER BY id""",
}

_BOOKINGS: Final = "(SELECT id FROM booking WHERE customer_id = ?1)"
_ENTRIES: Final = "(SELECT id FROM entry WHERE customer_id = ?1)"
_ADDRESSES: Final = """(SELECT phone FROM customer WHERE id = ?1
    UNION SELECT email FROM customer WHERE id = ?1 AND email IS NOT NULL
    UNION SELECT alias FROM customer_alias WHERE customer_id = ?1
    UNION SELECT email FROM entry WHERE customer_id = ?1 AND email IS NOT NULL)"""
_TAGS: Final = """(SELECT 'booking:' || public_id FROM booking WHERE customer_id = ?1
    UNION SELECT 'hold:' || hold_id FROM offer WHERE customer_id = ?1)"""

# The order matters: what finds other rows goes last. Titles go out of our own copies of events; the owner's calendar is theirs.
_ERASING: Final = (
    f"""DELETE FROM token WHERE (kind = 'registration' AND subject_id IN {_ENTRIES})
        OR (kind = 'offer' AND subject_id IN (SELECT id FROM offer WHERE customer_id = ?1))
        OR (kind = 'booking' AND subject_id IN {_BOOKINGS}) OR (kind = 'unsubscribe' AND subject_id = ?1)""",
    f"UPDATE event SET title = '' WHERE tag IN {_TAGS}",
    f"UPDATE local_event SET title = '' WHERE tag IN {_TAGS}",
    f"DELETE FROM simulated_message WHERE address IN {_ADDRESSES}",
    """UPDATE message SET subject = NULL, body = NULL, facts = '{}', error = NULL, provider_id = NULL
        WHERE customer_id = ?1""",
    # The provider's own id stays: without it the next look at what came in would take the same words for news.
    "UPDATE reply SET sender = '', body = '' WHERE customer_id = ?1",
    # What they wrote before anybody knew whose number it was.
    f"UPDATE reply SET sender = '', body = '' WHERE customer_id IS NULL AND sender IN {_ADDRESSES}",
    # Why staff ended something is in their own words, and why a message failed in the provider's, often with the number.
    f"""UPDATE activity SET detail = json_replace(detail, '$.name', '', '$.title', '', '$.value', '', '$.text', ''),
               reason = CASE WHEN verb = 'cancelled' OR verb LIKE 'booking!_%' ESCAPE '!' OR verb LIKE 'message!_%' ESCAPE '!'
                             THEN NULL ELSE reason END,
               actor_name = CASE actor WHEN 'customer' THEN NULL ELSE actor_name END
        WHERE customer_id = ?1 OR entry_id IN {_ENTRIES}""",
    "UPDATE booking SET notes = NULL WHERE customer_id = ?1",
    "UPDATE entry SET first_name = NULL, last_name = NULL, email = NULL, notes = NULL WHERE customer_id = ?1",
    "DELETE FROM customer_alias WHERE customer_id = ?1",
)
_IN_PLAY: Final = """
    EXISTS (SELECT 1 FROM entry WHERE customer_id = customer.id AND status IN ('invited', 'waiting', 'notified'))
    OR EXISTS (SELECT 1 FROM booking WHERE customer_id = customer.id AND status IN ('pending', 'confirmed', 'in_progress'))
    OR EXISTS (SELECT 1 FROM message WHERE customer_id = customer.id AND state IN ('pending', 'sending'))"""

_UNSEEN: Final = f"""erased_at IS NULL AND created_at < ?1 AND NOT ({_IN_PLAY})
    AND NOT EXISTS (SELECT 1 FROM entry WHERE customer_id = customer.id AND created_at >= ?1)
    AND NOT EXISTS (SELECT 1 FROM booking WHERE customer_id = customer.id AND ends_at >= ?1)
    AND NOT EXISTS (SELECT 1 FROM message WHERE customer_id = customer.id AND created_at >= ?1)
    AND NOT EXISTS (SELECT 1 FROM reply WHERE customer_id = customer.id AND received_at >= ?1)"""


def everything(db: Database, customer_id: int) -> dict[str, list[dict[str, Any]]]:
    """All that is kept of the customer, by heading; moments are epoch milliseconds (columns that end in ``_at`` or name one)."""
    return {heading: [_read(row) for row in db.dicts(sql, customer_id)] for heading, sql in _EXPORTED.items()}


def counts(db: Database, customer_id: int) -> dict[str, int]:
    """How many requests, bookings, messages and answers of this customer there are."""
    of = {"entries": "entry", "bookings": "booking", "messages": "message", "answers": "reply"}
    sql = "SELECT COUNT(*) FROM {} WHERE customer_id = ?"
    return {name: int(db.value(sql.format(table), customer_id)) for name, table in of.items()}


def is_in_play(db: Database, customer_id: int) -> bool:
    """Whether the customer waits, has an offer or a booking ahead, or a message on its way."""
    return bool(db.value(f"SELECT {_IN_PLAY} FROM customer WHERE id = ?", customer_id))


def erase(db: Database, customer_id: int, now: datetime) -> bool:
    """Forget the person, once: names, numbers, addresses, notes, what was written. False when that was done before."""
    for statement in _ERASING:
        db.execute(statement, customer_id)
    return bool(
        db.execute(
            """UPDATE customer SET phone = ?2 || id, phone_kind = 'other', first_name = NULL, last_name = NULL, email = NULL,
                      channels = '[]', consent_at = NULL, whatsapp_wrote_at = NULL, erased_at = ?3
               WHERE id = ?1 AND erased_at IS NULL""",
            customer_id, ERASED_PHONE, now,
        )
    )  # fmt: skip


def forget_answers(db: Database, customer_id: int) -> None:
    """Empty the answers that are kept for requests sent twice, where they tell of this person. Still sent twice, such a
    request acts once. Before `erase`, and for whoever asks for it: of people unseen for months there is none."""
    db.execute(
        """UPDATE idempotency SET body = CASE WHEN caller LIKE 'staff:%' THEN '["", "/staff/waitlist"]' ELSE '{}' END
            WHERE EXISTS (SELECT 1 FROM (
                SELECT public_id AS said FROM customer WHERE id = ?1
                UNION ALL SELECT phone FROM customer WHERE id = ?1
                UNION ALL SELECT public_id FROM entry WHERE customer_id = ?1
                UNION ALL SELECT public_id FROM booking WHERE customer_id = ?1) WHERE instr(idempotency.body, said))""",
        customer_id,
    )  # fmt: skip


def forget_strangers(db: Database, before: datetime, limit: int) -> int:
    """What came in before this moment from numbers and addresses of nobody we know; how many rows went."""
    return db.execute(
        """DELETE FROM reply WHERE id IN (
               SELECT id FROM reply WHERE customer_id IS NULL AND received_at < ? LIMIT ?)""",
        before, limit,
    )  # fmt: skip


def unseen_since(db: Database, before: datetime, limit: int) -> list[int]:
    """Customers with nothing in play of whom nothing was heard since ``before``, the oldest first."""
    sql = f"SELECT id FROM customer WHERE {_UNSEEN} ORDER BY created_at LIMIT ?2"
    return [int(found) for (found,) in db.tuples(sql, before, limit)]


def is_unseen_since(db: Database, before: datetime, customer_id: int) -> bool:
    """Whether that still holds of this one."""
    return db.value(f"SELECT 1 FROM customer WHERE {_UNSEEN} AND id = ?2", before, customer_id) is not None


def _read(row: dict[str, Any]) -> dict[str, Any]:
    for name in ("channels", "detail"):
        if name in row:
            row[name] = json.loads(row[name])
    return row
