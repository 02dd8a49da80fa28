"""Bookings: a confirmed occupation of a resource by a customer, with a life of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.records import Booking
from waitlist_appliance.domain.states import BOOKING_MOVES, BookingStatus
from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.ids import confirmation_code, public_id


def by_id(db: Database, booking_id: int) -> Booking:
    found = db.row(Booking, "SELECT * FROM booking WHERE id = ?", booking_id)
    if found is None:
        raise LookupError(f"booking {booking_id}")
    return found


def by_public_id(db: Database, booking_id: str) -> Booking | None:
    return db.row(Booking, "SELECT * FROM booking WHERE public_id = ?", booking_id)


def of_offer(db: Database, offer_id: int) -> Booking | None:
    return db.row(Booking, "SELECT * FROM booking WHERE offer_id = ?", offer_id)


def newest_of_entry(db: Database, entry_id: int) -> Booking | None:
    return db.row(Booking, "SELECT * FROM booking WHERE entry_id = ? ORDER BY id DESC LIMIT 1", entry_id)


def is_pending_of_entry(db: Database, entry_id: int) -> bool:
    """Whether the entry's yes still waits for the calendar."""
    found = db.value("SELECT 1 FROM booking WHERE entry_id = ? AND status = 'pending' LIMIT 1", entry_id)
    return found is not None


def add(
    db: Database, *, service_id: int, resource_id: int, when: Interval, customer_id: int, party_size: int, source: str,
    now: datetime, entry_id: int | None = None, offer_id: int | None = None, notes: str | None = None,
) -> Booking:  # fmt: skip
    """A pending booking; the occupancy row is the caller's. IntegrityError for a second booking of one offer."""
    booking_id = db.insert(
        "booking", public_id=public_id(), code=_free_code(db), service_id=service_id, resource_id=resource_id,
        starts_at=when.starts_at, ends_at=when.ends_at, customer_id=customer_id, entry_id=entry_id, offer_id=offer_id,
        party_size=party_size, notes=notes, status=BookingStatus.PENDING, source=source, pending_since_at=now,
        created_at=now,
    )  # fmt: skip
    return by_id(db, booking_id)


def move(db: Database, booking_id: int, to: BookingStatus, **columns: object) -> int:
    """Change the status where the table of moves allows it; the row count decides who won."""
    allowed = [status for status, targets in BOOKING_MOVES.items() if to in targets]
    sets = "".join(f", {name} = ?" for name in columns)
    return db.execute(
        f"UPDATE booking SET status = ?{sets} WHERE id = ? AND status IN ({', '.join('?' * len(allowed))})",
        to, *columns.values(), booking_id, *allowed,
    )  # fmt: skip


def place_elsewhere(db: Database, booking: Booking, resource_id: int, when: Interval, now: datetime) -> int:
    """Another time or resource, as a new version that the calendar does not have yet; 0 when it has changed since."""
    return db.execute(
        """UPDATE booking SET resource_id = ?, starts_at = ?, ends_at = ?, version = version + 1, status = 'pending',
                  pending_since_at = ?, alarmed_at = NULL
            WHERE id = ? AND version = ? AND status IN ('pending', 'confirmed')""",
        resource_id, when.starts_at, when.ends_at, now, booking.id, booking.version,
    )  # fmt: skip


def follow_event(db: Database, booking: Booking, when: Interval, etag: str | None) -> int:
    """Its event was moved in the calendar, which therefore has the new time already; a new version all the same."""
    return db.execute(
        """UPDATE booking SET starts_at = ?, ends_at = ?, version = version + 1,
                  calendar_etag = COALESCE(?, calendar_etag) WHERE id = ? AND version = ? AND status = 'confirmed'""",
        when.starts_at, when.ends_at, etag, booking.id, booking.version,
    )  # fmt: skip


def written_elsewhere(db: Database, booking_id: int, event_id: str, etag: str) -> int:
    """Another event stands for it now; nothing else about it has changed."""
    return db.execute(
        """UPDATE booking SET calendar_event_id = ?, calendar_etag = ?
            WHERE id = ? AND status IN ('confirmed', 'in_progress')""",
        event_id, etag, booking_id,
    )  # fmt: skip


def ahead_of(db: Database, resource_ids: Sequence[int], now: datetime) -> list[Booking]:
    """What is not over on these resources, by start."""
    marks = ", ".join("?" * len(resource_ids))
    return db.rows(
        Booking,
        f"""SELECT * FROM booking WHERE status IN ('pending', 'confirmed', 'in_progress') AND ends_at > ?
               AND resource_id IN ({marks}) ORDER BY starts_at, id""",
        now, *resource_ids,
    )  # fmt: skip


def was_confirmed(db: Database, booking_id: int) -> bool:
    """Whether the customer was told before that it is confirmed: pending again means that it was moved."""
    return db.value("SELECT confirmed_at FROM booking WHERE id = ?", booking_id) is not None


def set_notes(db: Database, booking_id: int, notes: str | None) -> int:
    return db.execute("UPDATE booking SET notes = ? WHERE id = ?", notes, booking_id)


def starting(db: Database, now: datetime, limit: int = 200) -> list[Booking]:
    return db.rows(
        Booking,
        "SELECT * FROM booking WHERE status IN ('pending', 'confirmed') AND starts_at <= ? ORDER BY starts_at LIMIT ?",
        now, limit,
    )  # fmt: skip


def ending(db: Database, now: datetime, limit: int = 200) -> list[Booking]:
    return db.rows(
        Booking, "SELECT * FROM booking WHERE status = 'in_progress' AND ends_at <= ? ORDER BY ends_at LIMIT ?", now, limit
    )


def pending_since(db: Database, before: datetime) -> list[Booking]:
    """Bookings that the calendar should long have; each is shown to staff once."""
    return db.rows(
        Booking,
        "SELECT * FROM booking WHERE status = 'pending' AND pending_since_at <= ? AND alarmed_at IS NULL",
        before,
    )


def _free_code(db: Database) -> str:
    while True:
        code = confirmation_code()
        if db.value("SELECT 1 FROM booking WHERE code = ?", code) is None:
            return code
