"""Assignment: which resource a party gets. Pure choice; whether a resource is free is known by the caller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations as subsets
from itertools import groupby
from typing import Literal

from waitlist_appliance.domain.policies import Distribution

__all__ = ["Kind", "PartyProblem", "Seat", "combinations", "distribute", "fits", "order_for", "parties_of", "party_problem"]

Kind = Literal["table", "staff", "room"]
PartyProblem = Literal["party_too_big", "party_too_small"]


@dataclass(frozen=True, slots=True)
class Seat:
    """A resource as the chooser sees it. Lower priority is taken first; `combinable` matters for tables only."""

    id: int
    kind: Kind
    min_party: int
    max_party: int
    zone: str | None = None
    priority: int = 100
    combinable: bool = True


def fits(seat: Seat, party: int, tolerance: int) -> bool:
    """Whether the party may be given this resource; at most `tolerance` seats of a table may stay empty."""
    return party_problem(seat, party, tolerance) is None


def party_problem(seat: Seat, party: int, tolerance: int) -> PartyProblem | None:
    """Why the party may not be given this resource, or None. Empty places count at tables only."""
    if party > seat.max_party:
        return "party_too_big"
    if party < seat.min_party:
        return "party_too_small"
    if seat.kind == "table" and seat.max_party - party > tolerance:
        return "party_too_small"
    return None


def parties_of(seats: Iterable[Seat], tolerance: int) -> tuple[int, int]:
    """The smallest and the largest party that one of the seats takes; (1, 0), which nobody is, without seats."""
    ranges = [
        (max(s.min_party, s.max_party - tolerance) if s.kind == "table" else s.min_party, s.max_party) for s in seats
    ]
    return min((low for low, _ in ranges), default=1), max((high for _, high in ranges), default=0)


def order_for(
    seats: Iterable[Seat], party: int, wanted_zone: str | None, wanted_resource: int | None, tolerance: int
) -> list[Seat]:
    """The resources that fit, best first: wanted zone, then smallest, then priority, then id.

    A wanted resource is the only one considered; a wanted zone only comes first.
    """
    fitting = (seat for seat in seats if wanted_resource in (None, seat.id) and fits(seat, party, tolerance))
    return sorted(fitting, key=lambda s: (not _in_zone(s, wanted_zone), s.max_party, s.priority, s.id))


def distribute(
    strategy: Distribution,
    seats: Iterable[Seat],
    counts: Mapping[int, int],
    last_id: int | None,
    wanted: int | None = None,
) -> list[Seat]:
    """Staff members in the order they should be tried. `counts`: bookings by id; `last_id`: who had the last turn.

    `specific` yields the wanted one alone (nobody else steps in), or the first by priority when none is wanted.
    """
    ranked = sorted(seats, key=lambda seat: (seat.priority, seat.id))
    match strategy:
        case "round_robin":
            return _after(sorted(ranked, key=lambda seat: seat.id), last_id)
        case "least_busy":
            return sorted(ranked, key=lambda seat: counts.get(seat.id, 0))
        case "priority":
            return ranked
        case "specific":
            return [seat for seat in ranked if wanted in (None, seat.id)][:1]


def combinations(
    seats: Iterable[Seat], party: int, tolerance: int, most: int = 3, wanted_zone: str | None = None
) -> list[tuple[Seat, ...]]:
    """Two to `most` combinable tables of one zone that together seat the party, none of them needless.

    Best first: wanted zone, fewest tables, fewest seats, priority, ids. For when no single table fits.
    """
    found = [group for group in _groups(seats, party, most) if _combine(group, party, tolerance)]
    return sorted(found, key=lambda group: _rank(group, wanted_zone))


def _groups(seats: Iterable[Seat], party: int, most: int) -> Iterator[tuple[Seat, ...]]:
    # A table that seats the party alone would make any other needless.
    tables = [seat for seat in seats if seat.kind == "table" and seat.combinable and seat.max_party < party]
    tables.sort(key=lambda seat: (_zone_key(seat.zone), seat.id))
    for _, neighbours in groupby(tables, lambda seat: _zone_key(seat.zone)):
        together = list(neighbours)
        for size in range(2, most + 1):
            yield from subsets(together, size)


def _combine(group: tuple[Seat, ...], party: int, tolerance: int) -> bool:
    total = sum(seat.max_party for seat in group)
    needless = total - min(seat.max_party for seat in group) >= party
    return party <= total <= party + tolerance and not needless


def _rank(group: tuple[Seat, ...], wanted_zone: str | None) -> tuple[bool, int, int, int, tuple[int, ...]]:
    seats = sum(seat.max_party for seat in group)
    priority = sum(seat.priority for seat in group)
    return not _in_zone(group[0], wanted_zone), len(group), seats, priority, tuple(seat.id for seat in group)


def _after(seats: list[Seat], last_id: int | None) -> list[Seat]:
    if last_id is None:
        return seats
    return [seat for seat in seats if seat.id > last_id] + [seat for seat in seats if seat.id <= last_id]


def _in_zone(seat: Seat, wanted_zone: str | None) -> bool:
    return wanted_zone is None or _zone_key(seat.zone) == _zone_key(wanted_zone)


def _zone_key(zone: str | None) -> str:
    return (zone or "").strip().casefold()
