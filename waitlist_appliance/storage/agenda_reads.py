"""What the agenda reads: a day's bookings, holds and events, the week in sums, one booking with its history."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.records import Activity
from waitlist_appliance.storage.database import Database

# Nothing of ours lasts longer than two days (occupancy's check), so a start bounds what may still be going on.
LONGEST_MS = 172_800_000
_NAME = "NULLIF(TRIM(COALESCE(customer.first_name, '') || ' ' || COALESCE(customer.last_name, '')), '')"


@dataclass(frozen=True, slots=True)
class AgendaLine:
    """Something that takes time: `kind` is booking, hold or event; `resource_id` None means everything."""

    kind: str
    public_id: str
    title: str
    starts_at: datetime
    ends_at: datetime
    resource_id: int | None
    resource_name: str | None
    status: str
    party_size: int | None
    code: str | None
    deadline_at: datetime | None
    customer_name: str | None
    notes: str | None
    entry_public_id: str | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many wait for a time, and how many people they are."""

    starts_at: datetime
    parties: int
    people: int


@dataclass(frozen=True, slots=True)
class Column:
    """A resource as the day's grid shows it."""

    id: int
    public_id: str
    name: str
    zone: str | None
    kind: str
    max_party: int


@dataclass(frozen=True, slots=True)
class Load:
    """The bookings that begin at one moment, in sums."""

    starts_at: datetime
    bookings: int
    covers: int
    minutes: int


@dataclass(frozen=True, slots=True)
class BookingDetail:
    """One booking with everything that its panel shows."""

    id: int
    public_id: str
    code: str
    status: str
    starts_at: datetime
    ends_at: datetime
    party_size: int
    notes: str | None
    source: str
    version: int
    created_at: datetime
    resource_name: str
    resource_public_id: str
    zone: str | None
    service_name: str
    customer_name: str | None
    phone: str
    email: str | None
    no_shows: int
    entry_public_id: str | None
    pending_since_at: datetime | None


@dataclass(frozen=True, slots=True)
class Said:
    """One message about a booking."""

    kind: str
    channel: str
    state: str
    at: datetime
    body: str | None


AGENDA = f"""
SELECT 'booking' AS kind, booking.public_id, COALESCE({_NAME}, customer.phone) AS title, booking.starts_at,
    booking.ends_at, booking.resource_id, resource.name AS resource_name, booking.status, booking.party_size,
    booking.code, NULL AS deadline_at, {_NAME} AS customer_name, booking.notes, NULL AS entry_public_id
FROM booking INDEXED BY booking_by_start
JOIN resource ON resource.id = booking.resource_id JOIN customer ON customer.id = booking.customer_id
WHERE booking.starts_at < ?1 AND booking.starts_at > ?2 - {LONGEST_MS} AND booking.ends_at > ?2
    AND booking.status NOT IN ('cancelled', 'expired', 'refunded')
UNION ALL
SELECT 'hold', COALESCE(offer.public_id, 'hold-' || hold.id), COALESCE({_NAME}, customer.phone, ''),
    slot.starts_at, slot.ends_at, hold.resource_id, resource.name, hold.state, wish.party, NULL,
    MIN(offer.deadline_at), {_NAME}, NULL, entry.public_id
FROM hold INDEXED BY hold_one_live JOIN slot ON slot.id = hold.slot_id JOIN resource ON resource.id = hold.resource_id
LEFT JOIN offer ON offer.hold_id = hold.id AND offer.state IN ('proposed', 'live')
LEFT JOIN wish ON wish.id = offer.wish_id LEFT JOIN customer ON customer.id = offer.customer_id
LEFT JOIN entry ON entry.id = offer.entry_id
WHERE hold.state = 'live' AND slot.starts_at < ?1 AND slot.ends_at > ?2
GROUP BY hold.id
UNION ALL
SELECT 'event', event.public_id, event.title, event.starts_at, event.ends_at, event.resource_id, resource.name,
    CASE event.busy WHEN 1 THEN 'busy' ELSE 'free' END, NULL, NULL, NULL, NULL, NULL, NULL
FROM event INDEXED BY event_by_start LEFT JOIN resource ON resource.id = event.resource_id
WHERE event.tag IS NULL AND event.vanished_at IS NULL AND event.starts_at < ?1
    AND event.starts_at > ?2 - {LONGEST_MS} AND event.ends_at > ?2
UNION ALL
SELECT 'event', event.public_id, event.title, event.starts_at, event.ends_at, event.resource_id, resource.name,
    'busy', NULL, NULL, NULL, NULL, NULL, NULL
FROM event INDEXED BY event_busy_long LEFT JOIN resource ON resource.id = event.resource_id
WHERE event.busy = 1 AND event.tag IS NULL AND event.ends_at - event.starts_at > 172800000
    AND event.vanished_at IS NULL AND event.ends_at > ?2 AND event.starts_at <= ?2 - {LONGEST_MS}
ORDER BY 4, 7, 2
"""


def agenda(db: Database, since: datetime, until: datetime) -> list[AgendaLine]:
    """Bookings, held times and other people's events that overlap [since, until), by start."""
    return sorted(db.rows(AgendaLine, AGENDA, until, since), key=lambda line: (line.starts_at, _as_read(line)))


def _as_read(line: AgendaLine) -> list[tuple[int, str]]:
    """Table 2 before Table 10; what is for everything comes first."""
    parts = re.findall(r"[0-9]+|[^0-9]+", line.resource_name or "")
    return [(int(part), "") if part.isascii() and part.isdigit() else (-1, part) for part in parts]


def columns(db: Database) -> list[Column]:
    """What can be occupied: zone by zone, in the order of priority and size."""
    sql = """SELECT id, public_id, name, zone, kind, max_party FROM resource WHERE active = 1
              ORDER BY zone IS NULL, zone, priority, max_party, id"""
    return db.rows(Column, sql)


def waiting(db: Database, since: datetime, until: datetime) -> list[Waiting]:
    """Who waits for the times of [since, until): live and offered wishes."""
    sql = """
    SELECT slot.starts_at, COUNT(*) AS parties, SUM(COALESCE(wish.party, 1)) AS people
    FROM slot INDEXED BY slot_by_start JOIN wish ON wish.slot_id = slot.id AND wish.state IN ('live', 'offered')
    WHERE slot.starts_at >= ? AND slot.starts_at < ? GROUP BY slot.starts_at ORDER BY slot.starts_at
    """
    return db.rows(Waiting, sql, since, until)


def loads(db: Database, since: datetime, until: datetime) -> list[Load]:
    """The bookings of [since, until) in sums by their start."""
    sql = """
    SELECT starts_at, COUNT(*) AS bookings, SUM(party_size) AS covers, SUM(ends_at - starts_at) / 60000 AS minutes
    FROM booking INDEXED BY booking_by_start WHERE starts_at >= ? AND starts_at < ?
        AND status IN ('pending', 'confirmed', 'in_progress', 'completed')
    GROUP BY starts_at ORDER BY starts_at
    """
    return db.rows(Load, sql, since, until)


def booking(db: Database, public_id: str) -> BookingDetail | None:
    sql = f"""
    SELECT booking.id, booking.public_id, booking.code, booking.status, booking.starts_at, booking.ends_at,
        booking.party_size, booking.notes, booking.source, booking.version, booking.created_at,
        resource.name AS resource_name, resource.public_id AS resource_public_id, resource.zone,
        service.name AS service_name, {_NAME} AS customer_name, customer.phone, customer.email, customer.no_shows,
        entry.public_id AS entry_public_id, booking.pending_since_at
    FROM booking JOIN resource ON resource.id = booking.resource_id JOIN service ON service.id = booking.service_id
    JOIN customer ON customer.id = booking.customer_id LEFT JOIN entry ON entry.id = booking.entry_id
    WHERE booking.public_id = ?
    """
    return db.row(BookingDetail, sql, public_id)


def history(db: Database, booking_id: int) -> list[Activity]:
    """What happened to a booking, newest first."""
    sql = "SELECT * FROM activity WHERE subject = 'booking' AND subject_id = ? ORDER BY id DESC LIMIT 50"
    return db.rows(Activity, sql, booking_id)


def said(db: Database, booking_id: int) -> list[Said]:
    """The messages about a booking, newest first."""
    sql = """
    SELECT message.kind, message.channel, message.state, COALESCE(message.sent_at, message.due_at) AS at, message.body
    FROM message JOIN booking ON booking.customer_id = message.customer_id
    WHERE booking.id = ?1 AND message.booking_id = ?1 ORDER BY message.id DESC LIMIT 20
    """
    return db.rows(Said, sql, booking_id)


def event(db: Database, public_id: str) -> AgendaLine | None:
    """One event of the mirror, as the agenda lists it."""
    sql = """
    SELECT 'event' AS kind, event.public_id, event.title, event.starts_at, event.ends_at, event.resource_id,
        resource.name AS resource_name, CASE event.busy WHEN 1 THEN 'busy' ELSE 'free' END AS status,
        NULL AS party_size, NULL AS code, NULL AS deadline_at, NULL AS customer_name, NULL AS notes,
        NULL AS entry_public_id
    FROM event LEFT JOIN resource ON resource.id = event.resource_id WHERE event.public_id = ? AND event.tag IS NULL
    """
    return db.row(AgendaLine, sql, public_id)
