"""Offers: a hold shown to one customer until a deadline."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.domain.records import Offer
from waitlist_appliance.domain.states import OFFER_MOVES, OfferState
from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.ids import public_id


def by_id(db: Database, offer_id: int) -> Offer:
    found = db.row(Offer, "SELECT * FROM offer WHERE id = ?", offer_id)
    if found is None:
        raise LookupError(f"offer {offer_id}")
    return found


def by_public_id(db: Database, offer_id: str) -> Offer | None:
    return db.row(Offer, "SELECT * FROM offer WHERE public_id = ?", offer_id)


def add(
    db: Database, *, hold_id: int, opening_id: int, wish_id: int, entry_id: int, customer_id: int, slot_id: int,
    state: OfferState, now: datetime, unsent_limit_at: datetime | None, by_hand: bool = False,
    late_to: Offer | None = None,
) -> int:  # fmt: skip
    """IntegrityError when the customer has a live offer, or was asked for this opening before.

    ``late_to``: the offer that a late yes answers; it counts from when that one was sent.
    """
    return db.insert(
        "offer", public_id=public_id(), hold_id=hold_id, opening_id=opening_id, wish_id=wish_id, entry_id=entry_id,
        customer_id=customer_id, slot_id=slot_id, state=state, by_hand=by_hand, late=late_to is not None,
        created_at=now, unsent_limit_at=unsent_limit_at, sent_at=late_to.sent_at if late_to else None,
        answered_at=now if late_to else None,
    )  # fmt: skip


def move(db: Database, offer_id: int, to: OfferState, **columns: object) -> int:
    """Change the state where the table of moves allows it; the row count decides who won."""
    allowed = [state for state, targets in OFFER_MOVES.items() if to in targets]
    sets = "".join(f", {name} = ?" for name in columns)
    return db.execute(
        f"UPDATE offer SET state = ?{sets} WHERE id = ? AND state IN ({', '.join('?' * len(allowed))})",
        to, *columns.values(), offer_id, *allowed,
    )  # fmt: skip


def end(db: Database, offer_id: int, to: OfferState, now: datetime, reason: str | None) -> int:
    """End an offer that can still be answered; 0 when it was over. A yes is not undone here."""
    return db.execute(
        """UPDATE offer SET state = ?, answered_at = ?, ended_reason = ?
            WHERE id = ? AND state IN ('proposed', 'live')""",
        to, now, reason, offer_id,
    )  # fmt: skip


def start_clock(db: Database, offer_id: int, deadline: datetime, now: datetime) -> int:
    """Write the deadline just before the message is handed over; 0 when the offer is no longer live or has one."""
    return db.execute(
        "UPDATE offer SET sent_at = ?, deadline_at = ? WHERE id = ? AND state = 'live' AND deadline_at IS NULL",
        now, deadline, offer_id,
    )  # fmt: skip


def stop_clock(db: Database, offer_id: int) -> int:
    """The message has not left after all: no deadline runs."""
    return db.execute(
        "UPDATE offer SET sent_at = NULL, deadline_at = NULL WHERE id = ? AND state = 'live'", offer_id
    )


def overdue(db: Database, now: datetime, limit: int = 100) -> list[Offer]:
    """Live offers whose deadline has come; ``now == deadline`` counts."""
    return db.rows(
        Offer,
        "SELECT * FROM offer WHERE state = 'live' AND deadline_at IS NOT NULL AND deadline_at <= ? ORDER BY deadline_at LIMIT ?",
        now, limit,
    )  # fmt: skip


def unsent_too_long(db: Database, now: datetime, limit: int = 100) -> list[Offer]:
    return db.rows(
        Offer, "SELECT * FROM offer WHERE state = 'live' AND sent_at IS NULL AND unsent_limit_at <= ? LIMIT ?", now, limit
    )


def is_overdue(offer: Offer, now: datetime) -> bool:
    """What ``overdue`` looks for, of an offer read again."""
    return offer.state == OfferState.LIVE and offer.deadline_at is not None and offer.deadline_at <= now


def is_unsent_too_long(offer: Offer, now: datetime) -> bool:
    """What ``unsent_too_long`` looks for, of an offer read again."""
    limit = offer.unsent_limit_at
    return offer.state == OfferState.LIVE and offer.sent_at is None and limit is not None and limit <= now


def of_hold(db: Database, hold_id: int) -> list[Offer]:
    """The offers of the hold that can still be answered."""
    return db.rows(Offer, "SELECT * FROM offer WHERE hold_id = ? AND state IN ('proposed', 'live') ORDER BY id", hold_id)


def of_entry(db: Database, entry_id: int) -> list[Offer]:
    """The entry's offers, newest first."""
    return db.rows(Offer, "SELECT * FROM offer WHERE entry_id = ? ORDER BY id DESC", entry_id)


def live_of_customer(db: Database, customer_id: int) -> Offer | None:
    return db.row(Offer, "SELECT * FROM offer WHERE customer_id = ? AND state IN ('proposed', 'live')", customer_id)


def newest_sent_of_customer(db: Database, customer_id: int, until: datetime) -> Offer | None:
    """The newest offer the customer had been told about by then: what a reply by message is matched to."""
    return db.row(
        Offer,
        """SELECT * FROM offer WHERE customer_id = ? AND sent_at <= ? AND late = 0
            ORDER BY state = 'live' DESC, id DESC LIMIT 1""",
        customer_id, until,
    )  # fmt: skip


def asked(db: Database, opening_id: int, customer_id: int) -> bool:
    return db.value("SELECT 1 FROM offer WHERE opening_id = ? AND customer_id = ?", opening_id, customer_id) is not None


def anybody_asked(db: Database) -> bool:
    """Whether somebody may answer just now."""
    sql = "SELECT 1 FROM offer INDEXED BY offer_deadline WHERE state = 'live' AND deadline_at IS NOT NULL LIMIT 1"
    return db.value(sql) is not None
