"""The mirror of calendar events, and the built-in calendar's own rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.records import Booking, Event
from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.ids import public_id


def by_public_id(db: Database, event_public_id: str) -> Event | None:
    return db.row(Event, "SELECT * FROM event WHERE public_id = ?", event_public_id)


def by_id(db: Database, event_id: int) -> Event | None:
    return db.row(Event, "SELECT * FROM event WHERE id = ?", event_id)


def of_provider(db: Database, connection_id: int, provider_event_id: str) -> Event | None:
    return db.row(
        Event, "SELECT * FROM event WHERE connection_id = ? AND provider_event_id = ?", connection_id, provider_event_id
    )


def between(db: Database, since: datetime, until: datetime) -> list[Event]:
    """Mirrored events that overlap [since, until), by start."""
    return db.rows(
        Event, "SELECT * FROM event WHERE ends_at > ? AND starts_at < ? ORDER BY starts_at, id", since, until
    )


def of_connection(db: Database, connection_id: int, since: datetime, until: datetime) -> list[Event]:
    return db.rows(
        Event, "SELECT * FROM event WHERE connection_id = ? AND ends_at > ? AND starts_at < ?",
        connection_id, since, until,
    )  # fmt: skip


def of_series(db: Database, connection_id: int, series: str) -> list[Event]:
    return db.rows(Event, "SELECT * FROM event WHERE connection_id = ? AND series = ?", connection_id, series)


def nameless(db: Database, connection_id: int, now: datetime) -> list[Event]:
    """Busy events of others that are not over, whose resource was not told by the event itself, by start."""
    return db.rows(
        Event,
        "SELECT * FROM event WHERE connection_id = ? AND tag IS NULL AND busy = 1 AND ends_at > ? ORDER BY starts_at, id",
        connection_id, now,
    )  # fmt: skip


def etags(db: Database, connection_id: int) -> dict[str, str]:
    """What the mirror knows of the connection: provider event id → etag."""
    sql = "SELECT provider_event_id, etag FROM event WHERE connection_id = ?"
    return dict(db.tuples(sql, connection_id))


def put(
    db: Database, connection_id: int, provider_event_id: str, etag: str, title: str, when: Interval, *, busy: bool,
    resource_id: int | None, tag: str | None, series: str | None, location: str, all_day: bool, resource_found: bool,
) -> Event:  # fmt: skip
    """Insert or replace the mirror row of this provider event; it is no longer vanished then."""
    db.execute(
        """INSERT INTO event (public_id, connection_id, provider_event_id, etag, title, starts_at, ends_at, busy,
                  resource_id, tag, series, location, all_day, resource_found)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (connection_id, provider_event_id) DO UPDATE SET etag = excluded.etag, title = excluded.title,
                  starts_at = excluded.starts_at, ends_at = excluded.ends_at, busy = excluded.busy,
                  resource_id = excluded.resource_id, tag = excluded.tag, series = excluded.series,
                  location = excluded.location, all_day = excluded.all_day,
                  resource_found = excluded.resource_found, vanished_at = NULL""",
        public_id(), connection_id, provider_event_id, etag, title, when.starts_at, when.ends_at, busy, resource_id, tag,
        series, location, all_day, resource_found,
    )  # fmt: skip
    found = of_provider(db, connection_id, provider_event_id)
    if found is None:
        raise LookupError(f"event {provider_event_id}")
    return found


def give_to(db: Database, event_id: int, resource_id: int | None, *, found: bool) -> int:
    """The event takes this resource (None: all of its calendar); ``found``: nobody said so, it was picked."""
    return db.execute(
        """UPDATE event SET resource_id = ?1, resource_found = ?2
            WHERE id = ?3 AND (resource_id IS NOT ?1 OR resource_found <> ?2)""",
        resource_id, found, event_id,
    )  # fmt: skip


def remove(db: Database, event_id: int) -> int:
    return db.execute("DELETE FROM event WHERE id = ?", event_id)


def forget_before(db: Database, connection_id: int, before: datetime) -> int:
    """Forget what was over before; nobody asks a calendar about it any more."""
    return db.execute("DELETE FROM event WHERE connection_id = ? AND ends_at <= ?", connection_id, before)


def mark_vanished(db: Database, event_id: int, now: datetime) -> int:
    """Gone from a foreign calendar: it still blocks until the grace has passed."""
    return db.execute("UPDATE event SET vanished_at = ? WHERE id = ? AND vanished_at IS NULL", now, event_id)


def is_back(db: Database, event_id: int) -> int:
    return db.execute("UPDATE event SET vanished_at = NULL WHERE id = ? AND vanished_at IS NOT NULL", event_id)


def vanished_before(db: Database, before: datetime) -> list[Event]:
    return db.rows(Event, "SELECT * FROM event WHERE vanished_at IS NOT NULL AND vanished_at <= ?", before)


def vanished_of_bookings(db: Database, connection_id: int) -> list[Event]:
    """Events of bookings that are gone from the calendar, within their grace."""
    return db.rows(
        Event, "SELECT * FROM event WHERE vanished_at IS NOT NULL AND connection_id = ? AND tag LIKE 'booking:%'",
        connection_id,
    )  # fmt: skip


def bookings_under(db: Database, interval: Interval, resource_ids: Sequence[int]) -> list[Booking]:
    """Confirmed bookings on these resources whose own time (buffers left out) overlaps the interval."""
    marks = ", ".join("?" * len(resource_ids))
    return db.rows(
        Booking,
        f"""SELECT * FROM booking INDEXED BY booking_by_start
             WHERE starts_at < ? AND starts_at > ? - 172800000 AND ends_at > ? AND status = 'confirmed'
               AND resource_id IN ({marks}) ORDER BY starts_at, id""",
        interval.ends_at, interval.starts_at, interval.starts_at, *resource_ids,
    )  # fmt: skip
