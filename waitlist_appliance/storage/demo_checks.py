"""What the demo looks at when its play is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.moments import from_ms
from waitlist_appliance.storage.database import Database


@dataclass(frozen=True, slots=True)
class BookingFound:
    """A booking with its customer's phone and its resource's name."""

    id: int
    status: str
    starts_at: datetime
    phone: str
    resource: str


def bookings(db: Database) -> list[BookingFound]:
    """All bookings, whatever became of them."""
    sql = """SELECT booking.id, booking.status, booking.starts_at, customer.phone, resource.name AS resource
             FROM booking JOIN customer ON customer.id = booking.customer_id
             JOIN resource ON resource.id = booking.resource_id ORDER BY booking.id"""
    return db.rows(BookingFound, sql)


def occupancy(db: Database) -> list[tuple[str, datetime, datetime, int | None]]:
    """(resource, from, until, booking) of every time that is occupied; the booking is None for a hold."""
    rows = db.tuples(
        """SELECT resource.name, occupancy.starts_at, occupancy.ends_at, occupancy.booking_id
           FROM occupancy JOIN resource ON resource.id = occupancy.resource_id ORDER BY occupancy.id"""
    )
    return [(name, from_ms(since), from_ms(until), booking) for name, since, until, booking in rows]


def written_events(db: Database, booking_id: int) -> int:
    """How many events of the built-in calendar are this booking's, or anybody's hold or booking besides."""
    sql = "SELECT count(*) FROM local_event WHERE tag IS NOT NULL AND status = 'confirmed'"
    event_id = db.value("SELECT calendar_event_id FROM booking WHERE id = ?", booking_id)
    return int(db.value(sql)) if event_id else 0


def entry_and_offers(db: Database, phone: str) -> tuple[str, list[str]] | None:
    """The status of the customer's only entry and the states of its offers, in order; None without exactly one."""
    entries = db.tuples(
        """SELECT entry.id, entry.status FROM entry JOIN customer ON customer.id = entry.customer_id
           WHERE customer.phone = ?""",
        phone,
    )
    if len(entries) != 1:
        return None
    offers = db.tuples("SELECT state FROM offer WHERE entry_id = ? ORDER BY id", entries[0][0])
    return entries[0][1], [state for (state,) in offers]


def handed_over(db: Database, phone: str) -> list[str]:
    """The kinds of the messages that were handed over to this phone, in order."""
    sql = """SELECT message.kind FROM message JOIN customer ON customer.id = message.customer_id
             WHERE customer.phone = ? AND message.state IN ('sent', 'delivered') ORDER BY message.id"""
    return [kind for (kind,) in db.tuples(sql, phone)]
