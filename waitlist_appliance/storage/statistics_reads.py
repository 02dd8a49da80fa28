"""What statistics count: each number out of one index (migration 0003), whatever the number of rows behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.statistics import SOURCES, STAGES, Tally
from waitlist_appliance.storage.database import Database

OFFER_STATES = ("live", "accepted", "declined", "expired", "withdrawn", "failed")
OPENING_STATES = ("open", "held", "booked", "exhausted", "taken", "past")

# One range of the index per source and stage: no row is read, nothing is sorted.
_ENTRIES = " UNION ALL ".join(
    f"SELECT '{source}', {stage}, COUNT(*) FROM entry INDEXED BY entry_tally "
    f"WHERE source = '{source}' AND stage = {stage} AND created_at >= ?1 AND created_at < ?2"
    for source in SOURCES
    for stage in range(len(STAGES))
)
_OFFERS = " UNION ALL ".join(
    f"SELECT '{state}', COUNT(*) FROM offer INDEXED BY offer_tally "
    f"WHERE state = '{state}' AND sent_at IS NOT NULL AND sent_at >= ?1 AND sent_at < ?2"
    for state in OFFER_STATES
)
# A yes after the end counts as that yes, and not as the silence or the no before it.
_ANSWERED_LATE = """
SELECT first.state, COUNT(DISTINCT first.id) FROM offer INDEXED BY offer_tally
JOIN offer AS first ON first.entry_id = offer.entry_id AND first.wish_id = offer.wish_id
    AND first.sent_at = offer.sent_at AND first.late = 0
WHERE offer.state IN ('accepted', 'withdrawn') AND offer.sent_at IS NOT NULL
    AND offer.sent_at >= ?1 AND offer.sent_at < ?2 AND offer.late = 1
GROUP BY first.state
"""
_OPENINGS = " UNION ALL ".join(
    f"SELECT '{state}', COUNT(*) FROM opening INDEXED BY opening_tally "
    f"WHERE state = '{state}' AND freed_at >= ?1 AND freed_at < ?2"
    for state in OPENING_STATES
)
_MINUTES = """
SELECT (ended_at - freed_at) / 60000, COUNT(*) FROM opening INDEXED BY opening_filled
WHERE state = 'booked' AND (ended_at - freed_at) / 60000 >= 0 AND freed_at >= ?1 AND freed_at < ?2 GROUP BY 1
"""
_COVERS = """
SELECT COALESCE(SUM(party_size), 0) FROM booking INDEXED BY booking_won
WHERE offer_id IS NOT NULL AND created_at >= ?1 AND created_at < ?2
  AND status IN ('confirmed', 'in_progress', 'completed')
"""
_DEMAND = """
SELECT slot.starts_at, SUM(asked.people) AS asked, SUM(asked.won) AS booked
FROM (
    SELECT requested_slot_id, COUNT(*) AS people, SUM(stage = 4) AS won FROM entry INDEXED BY entry_demand
    WHERE created_at >= ?1 AND created_at < ?2 GROUP BY requested_slot_id
) AS asked JOIN slot ON slot.id = asked.requested_slot_id
GROUP BY slot.starts_at / 900000
"""


@dataclass(frozen=True, slots=True)
class Demand:
    """How many people asked for times in one quarter of an hour, and how many of them were booked."""

    starts_at: datetime
    asked: int
    booked: int


def tally(db: Database, since: datetime, until: datetime) -> Tally:
    """The counted facts of [since, until)."""
    return Tally(
        entries={(source, stage): count for source, stage, count in db.tuples(_ENTRIES, since, until)},
        offers=_offers(db, since, until),
        openings=dict(db.tuples(_OPENINGS, since, until)),
        minutes=dict(db.tuples(_MINUTES, since, until)),
        covers=int(db.value(_COVERS, since, until)),
    )


def _offers(db: Database, since: datetime, until: datetime) -> dict[str, int]:
    counts = dict(db.tuples(_OFFERS, since, until))
    for state, count in db.tuples(_ANSWERED_LATE, since, until):
        counts[state] -= count
    return counts


def demand(db: Database, since: datetime, until: datetime) -> list[Demand]:
    """What was asked for by the entries of [since, until), by the quarter of the wanted start.

    An hour of UTC is none of every zone's: some stand half an hour or a quarter beside it.
    """
    return db.rows(Demand, _DEMAND, since, until)
