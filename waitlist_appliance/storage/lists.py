"""Lists for the command line and the API: one row per line, already joined."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.storage.database import Database

NAME = "TRIM(COALESCE({t}.first_name, '') || ' ' || COALESCE({t}.last_name, ''))"


@dataclass(frozen=True, slots=True)
class OfferLine:
    public_id: str
    state: str
    customer_name: str
    phone: str
    starts_at: datetime
    resource_name: str
    created_at: datetime
    sent_at: datetime | None
    deadline_at: datetime | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class MessageLine:
    public_id: str
    kind: str
    channel: str
    phone: str
    customer_name: str
    state: str
    due_at: datetime
    sent_at: datetime | None
    body: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class BookingLine:
    public_id: str
    code: str
    status: str
    customer_name: str
    phone: str
    starts_at: datetime
    ends_at: datetime
    party_size: int
    resource_name: str


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message of a conversation; ``side`` is ``out`` for what we sent, ``in`` for what the customer answered."""

    side: str
    channel: str
    subject: str | None
    body: str
    at: datetime


def offers_list(db: Database, limit: int = 100) -> list[OfferLine]:
    """Newest first."""
    return db.rows(
        OfferLine,
        f"""SELECT o.public_id, o.state, {NAME.format(t="c")} AS customer_name, c.phone, s.starts_at,
                   r.name AS resource_name, o.created_at, o.sent_at, o.deadline_at, o.answered_at
              FROM offer o JOIN customer c ON c.id = o.customer_id JOIN slot s ON s.id = o.slot_id
              JOIN hold h ON h.id = o.hold_id JOIN resource r ON r.id = h.resource_id
             ORDER BY o.id DESC LIMIT ?""",
        limit,
    )


def messages_list(db: Database, limit: int = 100, customer_id: int | None = None) -> list[MessageLine]:
    """Newest first."""
    return db.rows(
        MessageLine,
        f"""SELECT m.public_id, m.kind, m.channel, c.phone, {NAME.format(t="c")} AS customer_name, m.state, m.due_at,
                   m.sent_at, m.body, m.error
              FROM message m JOIN customer c ON c.id = m.customer_id
             WHERE (?1 IS NULL OR m.customer_id = ?1) ORDER BY m.id DESC LIMIT ?2""",
        customer_id, limit,
    )  # fmt: skip


def bookings_list(db: Database, since: datetime | None = None, limit: int = 100) -> list[BookingLine]:
    """By start, from ``since`` on."""
    return db.rows(
        BookingLine,
        f"""SELECT b.public_id, b.code, b.status, {NAME.format(t="c")} AS customer_name, c.phone, b.starts_at, b.ends_at,
                   b.party_size, r.name AS resource_name
              FROM booking b JOIN customer c ON c.id = b.customer_id JOIN resource r ON r.id = b.resource_id
             WHERE b.starts_at >= COALESCE(?1, 0) ORDER BY b.starts_at, b.id LIMIT ?2""",
        since, limit,
    )  # fmt: skip


def conversation(db: Database, phone: str, email: str | None = None) -> list[Bubble]:
    """What a simulated phone (and its owner's mailbox) received and what was answered from it, oldest first."""
    return db.rows(
        Bubble,
        """SELECT 'out' AS side, channel, subject, body, at FROM simulated_message
            WHERE address IN (?1, COALESCE(?2, (SELECT email FROM customer WHERE phone = ?1)))
           UNION ALL
           SELECT 'in', r.channel, NULL, r.body, r.received_at FROM reply r JOIN customer c ON c.id = r.customer_id
            WHERE c.phone = ?1
           ORDER BY at""",
        phone, email,
    )  # fmt: skip
