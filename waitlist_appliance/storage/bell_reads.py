"""What needs a person now: one bounded statement per reason, each out of a small partial index."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.storage.database import Database

# More than this says "20+" and the page behind it lists them.
AT_MOST = 20
_NAME = "COALESCE(NULLIF(TRIM(COALESCE(customer.first_name, '') || ' ' || COALESCE(customer.last_name, '')), ''), customer.phone)"


@dataclass(frozen=True, slots=True)
class Case:
    """Somebody a thing is about; `at` is the time it is about."""

    name: str
    phone: str
    public_id: str | None
    at: datetime


def proposed_offers(db: Database) -> list[Case]:
    """Offers that wait for an approval; `public_id` is the entry's, `at` the offered start."""
    sql = f"""
    SELECT {_NAME} AS name, customer.phone, entry.public_id, slot.starts_at AS at
    FROM offer INDEXED BY offer_one_live JOIN customer ON customer.id = offer.customer_id JOIN entry ON entry.id = offer.entry_id
    JOIN slot ON slot.id = offer.slot_id
    WHERE offer.state IN ('proposed', 'live') AND offer.state = 'proposed' ORDER BY offer.id LIMIT {AT_MOST}
    """
    return db.rows(Case, sql)


def unreachable(db: Database) -> list[Case]:
    """People on the list whom no message reaches; `at` is the wanted start."""
    sql = f"""
    SELECT {_NAME} AS name, customer.phone, entry.public_id, slot.starts_at AS at
    FROM customer INDEXED BY customer_unreachable
    CROSS JOIN entry ON entry.customer_id = customer.id AND entry.status IN ('invited', 'waiting', 'notified')
    CROSS JOIN slot ON slot.id = entry.requested_slot_id
    WHERE customer.undeliverable_at IS NOT NULL OR customer.opted_out_at IS NOT NULL
    ORDER BY customer.id DESC LIMIT {AT_MOST}
    """
    return db.rows(Case, sql)


def stuck_bookings(db: Database) -> list[Case]:
    """Bookings that wait too long for the calendar; `public_id` is the booking's, `at` its start."""
    sql = f"""
    SELECT {_NAME} AS name, customer.phone, booking.public_id, booking.starts_at AS at
    FROM booking INDEXED BY booking_pending JOIN customer ON customer.id = booking.customer_id
    WHERE booking.status = 'pending' AND booking.alarmed_at IS NOT NULL ORDER BY booking.id LIMIT {AT_MOST}
    """
    return db.rows(Case, sql)


def conflicts(db: Database, since: datetime) -> list[Case]:
    """Bookings taken back because the calendar had something else; `public_id` is the booking's, `at` its start."""
    sql = f"""
    SELECT {_NAME} AS name, customer.phone, booking.public_id, booking.starts_at AS at
    FROM activity INDEXED BY activity_conflict JOIN booking ON booking.id = activity.subject_id
    JOIN customer ON customer.id = booking.customer_id
    WHERE activity.verb = 'booking_conflict' AND activity.at >= ? ORDER BY activity.at DESC LIMIT {AT_MOST}
    """
    return db.rows(Case, sql, since)


def held_changes(db: Database) -> list[Case]:
    """Bookings that were changed in a calendar app, too many at once to be believed; `at` is the booked start."""
    sql = f"""
    SELECT {_NAME} AS name, customer.phone, booking.public_id, booking.starts_at AS at
    FROM held_change JOIN booking ON booking.id = held_change.booking_id
    JOIN customer ON customer.id = booking.customer_id JOIN connection ON connection.id = held_change.connection_id
    WHERE held_change.state = 'asked' AND ending_at IS NULL ORDER BY booking.starts_at LIMIT {AT_MOST}
    """
    return db.rows(Case, sql)


def unclear_replies(db: Database, since: datetime) -> list[Case]:
    """Answers that nobody understood and nothing clearer has followed; `public_id` is the newest entry's."""
    sql = f"""
    SELECT {_NAME} AS name, customer.phone,
        (SELECT public_id FROM entry WHERE customer_id = customer.id ORDER BY id DESC LIMIT 1) AS public_id,
        MAX(reply.received_at) AS at
    FROM reply INDEXED BY reply_unclear JOIN customer ON customer.id = reply.customer_id
    WHERE reply.understood = 'unclear' AND reply.received_at >= ? AND NOT EXISTS (
        SELECT 1 FROM reply AS later WHERE later.customer_id = reply.customer_id AND later.id > reply.id
            AND later.understood <> 'unclear')
    GROUP BY customer.id ORDER BY at DESC LIMIT {AT_MOST}
    """
    return db.rows(Case, sql, since)
