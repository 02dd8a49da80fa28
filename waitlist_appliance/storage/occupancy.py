"""What is busy: occupancy of ours, and everybody else's mirrored events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.storage.database import Database

# Nothing but a long event lasts longer than two days, so an end bounds a start and the index can be walked.
BUSY = """
SELECT resource_id, NULL AS connection_id, starts_at, ends_at,
       CASE WHEN hold_id IS NULL THEN 'booking' ELSE 'hold' END AS kind, hold_id, booking_id
  FROM occupancy
 WHERE ends_at > :since AND ends_at < :until + 172800000 AND starts_at < :until
UNION ALL
SELECT resource_id, connection_id, starts_at, ends_at, 'event', NULL, NULL
  FROM event INDEXED BY event_busy_by_time
 WHERE busy = 1 AND tag IS NULL AND ends_at - starts_at <= 172800000
   AND ends_at > :since AND ends_at < :until + 172800000 AND starts_at < :until
UNION ALL
SELECT resource_id, connection_id, starts_at, ends_at, 'event', NULL, NULL
  FROM event INDEXED BY event_busy_long
 WHERE busy = 1 AND tag IS NULL AND ends_at - starts_at > 172800000
   AND ends_at > :since AND starts_at < :until
""".replace(":since", "?1").replace(":until", "?2")


@dataclass(frozen=True, slots=True)
class Busy:
    """Something that takes a resource (or, for an event that names none, every resource of its connection)."""

    resource_id: int | None
    connection_id: int | None
    starts_at: datetime
    ends_at: datetime
    kind: str
    hold_id: int | None
    booking_id: int | None

    def overlaps(self, interval: Interval) -> bool:
        return self.starts_at < interval.ends_at and self.ends_at > interval.starts_at


def busy(db: Database, interval: Interval) -> list[Busy]:
    """Everything that overlaps the interval, on any resource."""
    return db.rows(Busy, BUSY, interval.starts_at, interval.ends_at)


def occupy(
    db: Database, resource_id: int, interval: Interval, *, hold_id: int | None = None, booking_id: int | None = None
) -> int:
    """Take the resource; IntegrityError when something of ours overlaps (the trigger)."""
    return db.insert(
        "occupancy", resource_id=resource_id, starts_at=interval.starts_at, ends_at=interval.ends_at,
        hold_id=hold_id, booking_id=booking_id,
    )  # fmt: skip


def release_hold(db: Database, hold_id: int) -> int:
    return db.execute("DELETE FROM occupancy WHERE hold_id = ?", hold_id)


def release_booking(db: Database, booking_id: int) -> int:
    return db.execute("DELETE FROM occupancy WHERE booking_id = ?", booking_id)


def move_booking(db: Database, booking_id: int, resource_id: int, interval: Interval) -> int:
    """Put the booking's row elsewhere; IntegrityError when something of ours overlaps there (the trigger)."""
    return db.execute(
        "UPDATE occupancy SET resource_id = ?, starts_at = ?, ends_at = ? WHERE booking_id = ?",
        resource_id, interval.starts_at, interval.ends_at, booking_id,
    )  # fmt: skip


def hold_becomes_booking(db: Database, hold_id: int, booking_id: int) -> int:
    return db.execute("UPDATE occupancy SET hold_id = NULL, booking_id = ? WHERE hold_id = ?", booking_id, hold_id)
