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
class SlotLine:
    """A watched slot with who waits for it, what is open, and the next deadline of its live offers."""

    id: int
    public_id: str
    starts_at: datetime
    ends_at: datetime
    status: str
    waiting: int
    invited: int
    openings_open: int
    live_offers: int
    deadline_at: datetime | None
    last_check_at: datetime | None
    next_check_at: datetime | None
    check_interval_minutes: int | None


@dataclass(frozen=True, slots=True)
class AgendaLine:
    """One line of the day: ``kind`` is booking, hold or event. ``public_id`` of a hold is its offer's."""

    kind: str
    public_id: str
    title: str
    starts_at: datetime
    ends_at: datetime
    resource_name: str | None
    status: str
    party_size: int | None
    code: str | None
    deadline_at: datetime | None
    customer_name: str | None


@dataclass(frozen=True, slots=True)
class PhoneLine:
    """A simulated phone; ``unread`` counts messages since the last answer from it."""

    phone: str
    name: str
    unread: int
    last_at: datetime | None
    last_body: str | None


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message of a conversation; ``side`` is ``out`` for what we sent, ``in`` for what the customer answered."""

    side: str
    channel: str
    subject: str | None
    body: str
    at: datetime


def slots_page(db: Database, now: datetime, limit: int = 500) -> list[SlotLine]:
    """Slots that somebody waits for or that have something open, nearest first."""
    return db.rows(
        SlotLine,
        """SELECT s.id, s.public_id, s.starts_at, s.ends_at, s.status, s.last_check_at, s.next_check_at,
                  s.check_interval_minutes,
                  (SELECT COUNT(*) FROM wish w WHERE w.slot_id = s.id AND w.state IN ('live', 'offered')) AS waiting,
                  (SELECT COUNT(*) FROM wish w WHERE w.slot_id = s.id AND w.state = 'proposed') AS invited,
                  (SELECT COUNT(*) FROM opening o WHERE o.slot_id = s.id AND o.state IN ('open', 'held', 'exhausted'))
                      AS openings_open,
                  (SELECT COUNT(*) FROM hold h JOIN offer f ON f.hold_id = h.id
                    WHERE h.slot_id = s.id AND h.state = 'live' AND f.state = 'live') AS live_offers,
                  (SELECT MIN(f.deadline_at) FROM hold h JOIN offer f ON f.hold_id = h.id
                    WHERE h.slot_id = s.id AND h.state = 'live' AND f.state = 'live') AS deadline_at
             FROM slot s
            WHERE s.starts_at >= ? AND s.status IN ('available', 'monitoring', 'pending')
            ORDER BY s.starts_at, s.id LIMIT ?""",
        now, limit,
    )  # fmt: skip


def agenda(db: Database, since: datetime, until: datetime) -> list[AgendaLine]:
    """Bookings, holds and other people's events that overlap [since, until), by start."""
    return db.rows(
        AgendaLine,
        f"""SELECT 'booking' AS kind, b.public_id, {NAME.format(t="c")} AS title, b.starts_at, b.ends_at,
                   r.name AS resource_name, b.status, b.party_size, b.code, NULL AS deadline_at,
                   {NAME.format(t="c")} AS customer_name
              FROM booking b JOIN customer c ON c.id = b.customer_id JOIN resource r ON r.id = b.resource_id
             WHERE b.ends_at > ?1 AND b.starts_at < ?2 AND b.starts_at > ?1 - 172800000
               AND b.status NOT IN ('cancelled', 'expired')
            UNION ALL
            SELECT 'hold', o.public_id, {NAME.format(t="c")}, s.starts_at, s.ends_at, r.name, o.state,
                   (SELECT party_size FROM entry e WHERE e.id = o.entry_id), NULL, o.deadline_at, {NAME.format(t="c")}
              FROM slot s JOIN hold h ON h.slot_id = s.id AND h.state = 'live'
              JOIN offer o ON o.hold_id = h.id AND o.state IN ('live', 'proposed')
              JOIN customer c ON c.id = o.customer_id JOIN resource r ON r.id = h.resource_id
             WHERE s.ends_at > ?1 AND s.starts_at < ?2 AND s.starts_at > ?1 - 172800000
            UNION ALL
            SELECT 'event', e.public_id, e.title, e.starts_at, e.ends_at, r.name,
                   CASE WHEN e.busy THEN 'busy' ELSE 'free' END, NULL, NULL, NULL, NULL
              FROM event e LEFT JOIN resource r ON r.id = e.resource_id
             WHERE e.ends_at > ?1 AND e.starts_at < ?2 AND e.tag IS NULL
             ORDER BY 4, 6, 2""",
        since, until,
    )  # fmt: skip


def phones(db: Database, limit: int = 200) -> list[PhoneLine]:
    """Every customer's simulated phone, the one with the newest message first."""
    return db.rows(
        PhoneLine,
        f"""SELECT c.phone, {NAME.format(t="c")} AS name, m.at AS last_at, m.body AS last_body,
                   (SELECT COUNT(*) FROM simulated_message u WHERE u.address IN (c.phone, c.email)
                       AND u.at > COALESCE((SELECT MAX(received_at) FROM reply r WHERE r.customer_id = c.id), 0)) AS unread
              FROM customer c LEFT JOIN simulated_message m ON m.id =
                   (SELECT MAX(n.id) FROM simulated_message n WHERE n.address IN (c.phone, c.email))
             ORDER BY m.id DESC, c.id DESC LIMIT ?""",
        limit,
    )


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
