"""States as words, and the explicit tables of allowed moves (docs: domain.md, States)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class EntryStatus(StrEnum):
    INVITED = "invited"
    WAITING = "waiting"
    NOTIFIED = "notified"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class SlotStatus(StrEnum):
    EXPIRED = "expired"
    AVAILABLE = "available"
    MONITORING = "monitoring"
    PENDING = "pending"
    FILLED = "filled"
    CANCELLED = "cancelled"


class WishState(StrEnum):
    PROPOSED = "proposed"
    LIVE = "live"
    OFFERED = "offered"
    FULFILLED = "fulfilled"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    PASSED = "passed"


class OpeningState(StrEnum):
    OPEN = "open"
    HELD = "held"
    BOOKED = "booked"
    EXHAUSTED = "exhausted"
    TAKEN = "taken"
    PAST = "past"


class HoldState(StrEnum):
    LIVE = "live"
    BOOKED = "booked"
    RELEASED = "released"


class OfferState(StrEnum):
    PROPOSED = "proposed"
    LIVE = "live"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


class BookingStatus(StrEnum):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    EXPIRED = "expired"
    REFUNDED = "refunded"


_E, _O, _P, _B = EntryStatus, OfferState, OpeningState, BookingStatus

ENTRY_MOVES: Mapping[EntryStatus, frozenset[EntryStatus]] = {
    _E.INVITED: frozenset({_E.WAITING, _E.NOTIFIED, _E.EXPIRED, _E.CANCELLED}),
    _E.WAITING: frozenset({_E.NOTIFIED, _E.DECLINED, _E.EXPIRED, _E.CANCELLED}),
    _E.NOTIFIED: frozenset({_E.WAITING, _E.CONFIRMED, _E.DECLINED, _E.EXPIRED, _E.CANCELLED}),
    _E.EXPIRED: frozenset({_E.WAITING}),
    _E.CONFIRMED: frozenset(),
    _E.DECLINED: frozenset(),
    _E.CANCELLED: frozenset(),
}
OFFER_MOVES: Mapping[OfferState, frozenset[OfferState]] = {
    _O.PROPOSED: frozenset({_O.LIVE, _O.WITHDRAWN}),
    _O.LIVE: frozenset({_O.ACCEPTED, _O.DECLINED, _O.EXPIRED, _O.WITHDRAWN, _O.FAILED}),
    _O.ACCEPTED: frozenset({_O.WITHDRAWN}),
    _O.DECLINED: frozenset(),
    _O.EXPIRED: frozenset(),
    _O.WITHDRAWN: frozenset(),
    _O.FAILED: frozenset(),
}
OPENING_MOVES: Mapping[OpeningState, frozenset[OpeningState]] = {
    _P.OPEN: frozenset({_P.HELD, _P.EXHAUSTED, _P.TAKEN, _P.PAST, _P.BOOKED}),
    _P.HELD: frozenset({_P.OPEN, _P.BOOKED, _P.EXHAUSTED, _P.TAKEN, _P.PAST}),
    _P.EXHAUSTED: frozenset({_P.OPEN, _P.BOOKED, _P.TAKEN, _P.PAST}),
    _P.BOOKED: frozenset({_P.TAKEN}),
    _P.TAKEN: frozenset(),
    _P.PAST: frozenset({_P.TAKEN}),
}
BOOKING_MOVES: Mapping[BookingStatus, frozenset[BookingStatus]] = {
    _B.PENDING: frozenset({_B.CONFIRMED, _B.CANCELLED, _B.EXPIRED}),
    _B.CONFIRMED: frozenset({_B.IN_PROGRESS, _B.CANCELLED, _B.NO_SHOW, _B.COMPLETED, _B.REFUNDED}),
    _B.IN_PROGRESS: frozenset({_B.COMPLETED, _B.NO_SHOW, _B.CANCELLED, _B.REFUNDED}),
    _B.COMPLETED: frozenset({_B.NO_SHOW, _B.REFUNDED}),
    _B.CANCELLED: frozenset({_B.REFUNDED}),
    _B.NO_SHOW: frozenset({_B.COMPLETED, _B.REFUNDED}),
    _B.EXPIRED: frozenset({_B.CANCELLED}),
    _B.REFUNDED: frozenset(),
}

# Watched, or about to be when the invited sign up: one more invitation changes nothing of it.
SLOT_ACTIVE = frozenset({SlotStatus.AVAILABLE, SlotStatus.MONITORING, SlotStatus.PENDING})
ENTRY_ACTIVE = frozenset({_E.INVITED, _E.WAITING, _E.NOTIFIED})
OFFER_ANSWERABLE = frozenset({_O.PROPOSED, _O.LIVE})
BOOKING_ACTIVE = frozenset({_B.PENDING, _B.CONFIRMED, _B.IN_PROGRESS})


def slot_status(*, closed: bool, openings: frozenset[str], waiting: bool, invited: bool, booked: bool) -> SlotStatus:
    """The state that follows from what the slot has; the first that holds wins (domain.md, States)."""
    if closed:
        return SlotStatus.EXPIRED
    if openings & {OpeningState.OPEN, OpeningState.HELD}:
        return SlotStatus.AVAILABLE
    if waiting:
        return SlotStatus.MONITORING
    if invited:
        return SlotStatus.PENDING
    return SlotStatus.FILLED if booked else SlotStatus.CANCELLED
