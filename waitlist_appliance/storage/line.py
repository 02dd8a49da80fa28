"""The line for a slot, page by page in its order, with the facts that decide about each person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.matching import Candidate
from waitlist_appliance.storage.database import Database

FIRST_PAGE = 4
LAST_PAGE = 256
ANY_PARTY = (0, 10_000)

# A hot query: it walks wish_line from the place reached so far; every EXISTS and COUNT is one index look-up.
LINE = """
SELECT w.id AS wish_id, w.entry_id, w.customer_id, w.slot_id, w.round, w.priority, w.lined_up_at, w.party,
       w.resource_id, w.zone,
       (c.opted_out_at IS NULL AND c.undeliverable_at IS NULL AND (c.phone_kind IN ('mobile', 'maybe')
           OR (c.whatsapp_refused_at IS NULL AND c.channels LIKE '%"whatsapp"%')))
           OR (c.email IS NOT NULL AND c.email_refused_at IS NULL) AS contactable,
       EXISTS (SELECT 1 FROM offer o WHERE o.customer_id = w.customer_id AND o.state IN ('proposed', 'live'))
           AS live_offer,
       EXISTS (SELECT 1 FROM booking b WHERE b.customer_id = w.customer_id AND b.status = 'pending')
           AS pending_booking,
       (SELECT COUNT(*) FROM offer o WHERE o.customer_id = w.customer_id AND o.created_at >= ?6 AND o.late = 0)
           AS offers_today,
       (SELECT COUNT(*) FROM message m WHERE m.customer_id = w.customer_id AND m.created_at >= ?6 AND m.own_act = 0
           AND m.state <> 'dropped') AS messages_today
  FROM wish w JOIN customer c ON c.id = w.customer_id
 WHERE w.slot_id = ?1 AND w.state = 'live'
   AND w.party BETWEEN ?8 AND ?9
   AND (w.round, w.priority, w.lined_up_at, w.entry_id) > (?2, ?3, ?4, ?5)
 ORDER BY w.round, w.priority, w.lined_up_at, w.entry_id
 LIMIT ?7
"""


@dataclass(frozen=True, slots=True)
class LinePlace:
    """Where a reader of the line has got to."""

    round: int = -1
    priority: int = -(2**62)
    lined_up_at: int = -1
    entry_id: int = -1


def candidates(
    db: Database, slot_id: int, day_start: datetime, parties: tuple[int, int] = ANY_PARTY
) -> Iterator[Candidate]:
    """The line of a slot, from its head. ``day_start`` is the start of the business's day, for the caps; ``parties``
    are the smallest and largest that any place in question seats: a long line of others is passed over in the index."""
    place, size = LinePlace(), FIRST_PAGE
    while True:
        page = db.rows(
            Candidate, LINE, slot_id, place.round, place.priority, place.lined_up_at, place.entry_id, day_start, size,
            *parties,
        )  # fmt: skip
        yield from page
        if len(page) < size:
            return
        place, size = LinePlace(*page[-1].place), min(size * 4, LAST_PAGE)


def candidate(db: Database, wish_id: int, day_start: datetime) -> Candidate | None:
    """One live wish as a candidate, wherever it stands in line."""
    sql = LINE.replace("w.slot_id = ?1 AND w.state = 'live'", "w.id = ?1 AND w.state = 'live'")
    first = LinePlace()
    return db.row(
        Candidate, sql, wish_id, first.round, first.priority, first.lined_up_at, first.entry_id, day_start, 1, *ANY_PARTY
    )


def customers_asked(db: Database, opening_id: int) -> frozenset[int]:
    """Who is not asked for this opening: who was, and who had an offer taken back by staff for an overlapping time
    since it was freed (or the same person would be asked again at once)."""
    found = db.tuples(
        """SELECT customer_id FROM offer WHERE opening_id = ?1
           UNION
           SELECT o.customer_id FROM offer o INDEXED BY offer_taken_back
             JOIN slot theirs ON theirs.id = o.slot_id
             JOIN opening p ON p.id = ?1 JOIN slot s ON s.id = p.slot_id
            WHERE o.ended_reason = 'staff' AND o.answered_at >= (SELECT freed_at FROM opening WHERE id = ?1)
              AND theirs.starts_at < s.ends_at AND theirs.ends_at > s.starts_at""",
        opening_id,
    )
    return frozenset(customer_id for (customer_id,) in found)


def anybody_fitting(db: Database, slot_id: int, resource_id: int, zone: str | None, smallest: int, largest: int) -> bool:
    """Whether some live wish suits the resource, whatever else keeps its customer from being asked now."""
    return db.value(
        """SELECT 1 FROM wish WHERE slot_id = ?1 AND state = 'live' AND party BETWEEN ?4 AND ?5
              AND (resource_id IS NULL OR resource_id = ?2) AND (zone IS NULL OR zone = ?3) LIMIT 1""",
        slot_id, resource_id, zone, smallest, largest,
    ) is not None  # fmt: skip
