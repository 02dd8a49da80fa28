"""How often what happened, by the hour: for /metrics, for the system page, and for the alarms that watch rates.

What has its own line in the activity log is counted from there afterwards (``count_news``), so that nothing a caller
waits for becomes slower; what has none is counted where it happens (``count``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from waitlist_appliance.domain.moments import from_ms, to_ms
from waitlist_appliance.storage.database import Database

HOUR_MS: Final = 3_600_000
# Hours are kept apart for as long as somebody may look at them; then only their sum is of interest.
KEPT: Final = timedelta(days=8)
# So many lines of the log are counted in one go: a transaction of some ten milliseconds.
AT_ONCE: Final = 2000

# What is counted from the log under the verb's own name; from `message_…` by channel.
VERBS: Final = (
    "invited", "joined", "registered", "offer_made", "offer_proposed", "offer_accepted", "offer_declined",
    "offer_expired", "offer_withdrawn", "offer_failed", "booking_conflict", "booking_pending_long", "booking_cancelled",
    "message_sent", "message_failed",
)  # fmt: skip
CONFIRMED: Final = "booking_confirmed"
EXPIRY: Final = "offer_expiry"
FREED_TO_TOLD: Final = "freed_to_told"


@dataclass(frozen=True, slots=True)
class Tally:
    """``longest_ms`` is that of the longest single one."""

    count: int
    total_ms: int
    longest_ms: int


@dataclass(frozen=True, slots=True)
class Hour:
    """One row: what happened in the hour that began at ``hour_at``."""

    name: str
    label: str
    hour_at: datetime
    count: int
    total_ms: int
    longest_ms: int


def count(db: Database, name: str, now: datetime, label: str = "", *, ms: int | None = None, by: int = 1) -> None:
    """Note that it happened, inside the caller's write transaction; ``ms`` is how long it took."""
    took = max(ms or 0, 0)
    db.execute(_ADD, name, label, _hour(now), by, took, took)


def rates(db: Database, name: str, since: datetime) -> dict[str, Tally]:
    """What was counted since the beginning of ``since``'s hour, by label."""
    found = db.tuples(
        "SELECT label, SUM(count), SUM(total_ms), MAX(longest_ms) FROM tally WHERE name = ? AND hour_at >= ? GROUP BY label",
        name, _hour(since),
    )  # fmt: skip
    return {label: Tally(*sums) for label, *sums in found}


def totals(db: Database) -> dict[tuple[str, str], Tally]:
    """Everything ever counted, by name and label: never less than before."""
    found = db.tuples("SELECT name, label, SUM(count), SUM(total_ms), MAX(longest_ms) FROM tally GROUP BY name, label")
    return {(name, label): Tally(*sums) for name, label, *sums in found}


def longest(db: Database, since: datetime) -> dict[tuple[str, str], int]:
    """The longest single one of each name and label, in milliseconds, since the beginning of ``since``'s hour."""
    found = db.tuples(
        "SELECT name, label, MAX(longest_ms) FROM tally WHERE hour_at >= ? GROUP BY name, label", _hour(since)
    )
    return {(name, label): ms for name, label, ms in found}


def hours(db: Database, since: datetime) -> list[Hour]:
    """Every row since the beginning of ``since``'s hour."""
    return db.rows(Hour, "SELECT * FROM tally WHERE hour_at >= ? ORDER BY name, label, hour_at", _hour(since))


def hour_of(at: datetime) -> datetime:
    """When the hour began in which this happened, as it is counted."""
    return from_ms(_hour(at))


def count_news(db: Database) -> int:
    """Count what the activity log has learnt since the last time; how many lines were looked at.

    Each line is counted once: how far it came is written in the same transaction.
    """
    newest = int(db.value("SELECT COALESCE(MAX(id), 0) FROM activity"))
    if newest == reached(db, "activity"):
        return 0
    with db.write():
        before = reached(db, "activity")
        until = min(newest, before + AT_ONCE)  # less than before where the newest lines were erased
        for sql in _NEWS:
            for name, label, hour_at, number, total_ms, longest_ms in db.tuples(sql, before, until):
                db.execute(_ADD, name, label, hour_at, number, total_ms, longest_ms)
        _reach(db, "activity", until)
    return max(until - before, 0)


def fold_old(db: Database, now: datetime) -> int:
    """Once an hour: add what is older than eight days to the sums without an hour; how many rows went."""
    if reached(db, "folded") == _hour(now):
        return 0
    before = _hour(now - KEPT)
    with db.write():
        db.execute(
            """INSERT INTO tally (name, label, hour_at, count, total_ms, longest_ms)
               SELECT name, label, 0, SUM(count), SUM(total_ms), MAX(longest_ms) FROM tally
                WHERE hour_at > 0 AND hour_at < ? GROUP BY name, label
               ON CONFLICT (name, label, hour_at) DO UPDATE SET count = count + excluded.count,
                  total_ms = total_ms + excluded.total_ms, longest_ms = MAX(longest_ms, excluded.longest_ms)""",
            before,
        )  # fmt: skip
        gone = db.execute("DELETE FROM tally WHERE hour_at > 0 AND hour_at < ?", before)
        _reach(db, "folded", _hour(now))
    return gone


def reached(db: Database, name: str) -> int:
    """How far this has been counted or folded."""
    return int(db.value("SELECT reached FROM tally_mark WHERE name = ?", name) or 0)


def _reach(db: Database, name: str, value: int) -> None:
    db.execute(
        "INSERT INTO tally_mark VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET reached = excluded.reached", name, value
    )


def _hour(at: datetime) -> int:
    return to_ms(at) // HOUR_MS * HOUR_MS


_ADD: Final = """INSERT INTO tally (name, label, hour_at, count, total_ms, longest_ms) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (name, label, hour_at) DO UPDATE SET count = count + excluded.count,
       total_ms = total_ms + excluded.total_ms, longest_ms = MAX(longest_ms, excluded.longest_ms)"""

_LINES: Final = "activity WHERE activity.id > ?1 AND activity.id <= ?2"
_HOUR: Final = f"activity.at / {HOUR_MS} * {HOUR_MS}"


def _durations(name: str, verb: str, joins: str, ms: str, also: str = "") -> str:
    """How long something took that ends with this line of the log."""
    return f"""SELECT '{name}', '', {_HOUR}, COUNT(*), SUM(MAX({ms}, 0)), MAX(MAX({ms}, 0))
        FROM activity {joins} WHERE activity.id > ?1 AND activity.id <= ?2 AND activity.verb = '{verb}' {also} GROUP BY 3"""


_NEWS: Final = (
    f"""SELECT verb, CASE WHEN verb LIKE 'message_%' THEN COALESCE(json_extract(detail, '$.channel'), '') ELSE '' END,
            {_HOUR}, COUNT(*), 0, 0
        FROM {_LINES} AND verb IN ({", ".join(f"'{verb}'" for verb in VERBS)}) GROUP BY 1, 2, 3""",
    # A booking that is moved is confirmed again: only its first version waited for the yes.
    _durations(
        CONFIRMED, "booking_confirmed", "JOIN booking ON booking.id = activity.subject_id",
        "activity.at - booking.created_at", "AND booking.version = 1",
    ),
    _durations(
        EXPIRY, "offer_expired", "JOIN offer ON offer.id = activity.subject_id", "activity.at - offer.deadline_at",
        "AND offer.deadline_at IS NOT NULL",
    ),
    # Of a freed time, only the first who is told: those behind them wait for an answer, not for us.
    _durations(
        FREED_TO_TOLD, "message_sent",
        """JOIN message ON message.id = activity.subject_id JOIN offer ON offer.id = message.offer_id
           JOIN opening ON opening.id = offer.opening_id""",
        "activity.at - opening.freed_at",
        """AND message.kind IN ('offer', 'offer_race') AND NOT EXISTS (
               SELECT 1 FROM offer AS before WHERE before.opening_id = opening.id AND before.id < offer.id)""",
    ),
)  # fmt: skip
