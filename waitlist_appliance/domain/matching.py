"""Who is next, and why somebody is not. Pure: the database gives facts in line order, these rules choose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from waitlist_appliance.domain.assignment import Seat, party_problem
from waitlist_appliance.domain.policies import Policies


@dataclass(frozen=True, slots=True)
class Candidate:
    """A live wish with the facts that decide about it. ``offers_today`` and ``messages_today`` count the caps."""

    wish_id: int
    entry_id: int
    customer_id: int
    slot_id: int
    round: int
    priority: int
    lined_up_at: int
    party: int | None
    resource_id: int | None
    zone: str | None
    contactable: bool
    live_offer: bool
    pending_booking: bool
    offers_today: int
    messages_today: int

    @property
    def place(self) -> tuple[int, int, int, int]:
        """The order of the line: round, priority, sign-up time, id."""
        return (self.round, self.priority, self.lined_up_at, self.entry_id)


def fit_problem(candidate: Candidate, seat: Seat, policies: Policies) -> str | None:
    """Why the seat does not suit the wish; None when it does."""
    if candidate.resource_id is not None and candidate.resource_id != seat.id:
        return "wants_other_resource"
    if candidate.zone is not None and candidate.zone != seat.zone:
        return "wants_other_zone"
    if candidate.party is None:
        return "not_registered"
    return party_problem(seat, candidate.party, policies.party_tolerance)


def person_problem(candidate: Candidate, policies: Policies) -> str | None:
    """Why the customer may not be asked at all now, whatever the seat; None when they may."""
    if candidate.live_offer:
        return "live_offer"
    if candidate.pending_booking:
        return "pending_booking"
    if not candidate.contactable:
        return "cannot_be_contacted"
    if candidate.offers_today >= policies.offers_per_day or candidate.messages_today >= policies.messages_per_day:
        return "capped"
    return None


def problem(candidate: Candidate, seat: Seat, asked: bool, policies: Policies) -> str | None:
    """The one reason that keeps this candidate from this opening; None when they may be asked."""
    person = person_problem(candidate, policies)
    if person in ("live_offer", "pending_booking"):
        return person
    if asked:
        return "already_offered"
    return fit_problem(candidate, seat, policies) or person


def first_in_line(candidates: Iterable[Candidate], seat: Seat, asked: frozenset[int], policies: Policies) -> Candidate | None:
    """The candidate to ask for this seat: the earliest in line without a problem. ``asked`` holds customer ids."""
    able = [c for c in candidates if problem(c, seat, c.customer_id in asked, policies) is None]
    return min(able, key=lambda c: c.place, default=None)


def best_seat(candidate: Candidate, seats: Iterable[Seat], policies: Policies) -> Seat | None:
    """Among seats in order of preference (smallest first), the first that fits the candidate."""
    return next((seat for seat in seats if fit_problem(candidate, seat, policies) is None), None)
