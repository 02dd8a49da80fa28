"""What the staff's pages of slots, agenda and phones read: one statement per list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.storage.database import Database


@dataclass(frozen=True, slots=True)
class SlotLine:
    """A watched time; `waiting` counts live and offered wishes, `invited` those whose people have not signed up."""

    id: int
    public_id: str
    starts_at: datetime
    ends_at: datetime
    status: str
    waiting: int
    invited: int
    last_check_at: datetime | None
    next_check_at: datetime | None
    check_interval_minutes: int | None


@dataclass(frozen=True, slots=True)
class AgendaLine:
    """Something that takes time: `kind` is booking, hold or event; `resource_name` None means everything."""

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
    """One simulated phone with the last thing that was said on it."""

    phone: str
    name: str | None
    last_at: datetime | None
    last_body: str | None


_NAME = "NULLIF(TRIM(COALESCE(customer.first_name, '') || ' ' || COALESCE(customer.last_name, '')), '')"


def watched_slots(db: Database, now: datetime, limit: int = 200) -> list[SlotLine]:
    """The times that somebody waits for or was invited to, by the clock."""
    sql = """
    SELECT slot.id, slot.public_id, slot.starts_at, slot.ends_at, slot.status, slot.last_check_at, slot.next_check_at,
        slot.check_interval_minutes,
        (SELECT COUNT(*) FROM wish WHERE wish.slot_id = slot.id AND wish.state IN ('live', 'offered')) AS waiting,
        (SELECT COUNT(*) FROM wish WHERE wish.slot_id = slot.id AND wish.state = 'proposed') AS invited
    FROM slot WHERE slot.status IN ('available', 'monitoring', 'pending') AND slot.closes_at > ?
    ORDER BY slot.starts_at, slot.id LIMIT ?
    """
    return db.rows(SlotLine, sql, now, limit)


def agenda(db: Database, since: datetime, until: datetime) -> list[AgendaLine]:
    """Bookings, held times and other people's events that overlap [since, until), by start."""
    sql = f"""
    SELECT 'booking' AS kind, booking.public_id, COALESCE({_NAME}, customer.phone) AS title, booking.starts_at,
        booking.ends_at, resource.name AS resource_name, booking.status, booking.party_size, booking.code,
        NULL AS deadline_at, {_NAME} AS customer_name
    FROM booking JOIN resource ON resource.id = booking.resource_id JOIN customer ON customer.id = booking.customer_id
    WHERE booking.starts_at < ?1 AND booking.starts_at > ?2 - 172800000 AND booking.ends_at > ?2
        AND booking.status NOT IN ('cancelled', 'expired', 'refunded')
    UNION ALL
    SELECT 'hold', COALESCE(offer.public_id, 'hold-' || hold.id), COALESCE({_NAME}, customer.phone, ''),
        slot.starts_at, slot.ends_at, resource.name, hold.state, wish.party, NULL, MIN(offer.deadline_at), {_NAME}
    FROM hold JOIN slot ON slot.id = hold.slot_id JOIN resource ON resource.id = hold.resource_id
    LEFT JOIN offer ON offer.hold_id = hold.id AND offer.state IN ('proposed', 'live')
    LEFT JOIN wish ON wish.id = offer.wish_id LEFT JOIN customer ON customer.id = offer.customer_id
    WHERE hold.state = 'live' AND slot.starts_at < ?1 AND slot.ends_at > ?2
    GROUP BY hold.id
    UNION ALL
    SELECT 'event', event.public_id, event.title, event.starts_at, event.ends_at, resource.name, 'confirmed', NULL,
        NULL, NULL, NULL
    FROM event LEFT JOIN resource ON resource.id = event.resource_id
    WHERE event.tag IS NULL AND event.vanished_at IS NULL AND event.starts_at < ?1 AND event.ends_at > ?2
    ORDER BY 4, 6, 2
    """
    return sorted(db.rows(AgendaLine, sql, until, since), key=lambda line: (line.starts_at, _as_read(line)))


def _as_read(line: AgendaLine) -> list[tuple[int, str]]:
    """Table 2 before Table 10; what is for everything comes first."""
    parts = re.findall(r"[0-9]+|[^0-9]+", line.resource_name or "")
    return [(int(part), "") if part.isascii() and part.isdigit() else (-1, part) for part in parts]


def phones(db: Database, limit: int = 200) -> list[PhoneLine]:
    """Everybody who was written to or who answered, the latest first."""
    sql = f"""
    WITH said AS (
        SELECT address, at, body, id FROM simulated_message
        UNION ALL SELECT sender, received_at, body, id FROM reply
    ), newest AS (SELECT address, MAX(at) AS last_at, body FROM said GROUP BY address)
    SELECT customer.phone, {_NAME} AS name, MAX(newest.last_at) AS last_at, newest.body AS last_body
    FROM newest JOIN customer ON newest.address IN (customer.phone, customer.email)
    GROUP BY customer.id ORDER BY last_at DESC LIMIT ?
    """
    return db.rows(PhoneLine, sql, limit)
