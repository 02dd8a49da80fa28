"""Reading a calendar into the mirror: outside any transaction, then one short one that applies the difference."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.domain.records import Connection, Event
from waitlist_appliance.ports import CalendarError, CalendarEvent
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.each_row import each_row
from waitlist_appliance.services.make_offers import match_interval
from waitlist_appliance.storage import activity, alarms, events
from waitlist_appliance.storage import setup as setups
from waitlist_appliance.storage.database import StorageUnavailable
from waitlist_appliance.storage.setup import Setup

log = logging.getLogger(__name__)

BACK = timedelta(days=30)
AHEAD = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class SyncResult:
    """``changed`` mirror rows in one read; ``error`` in words when it failed."""

    ok: bool
    changed: int = 0
    error: str | None = None


def sync(app: Appliance, connection_id: int, now: datetime) -> SyncResult:
    """Read the calendar and apply what changed; freed times are matched in the same transaction.

    A failure leaves the mirror as it is, marks the connection, raises an alarm: nothing on it is free until it is back.
    """
    connection = setups.connection(app.db, connection_id)
    if connection is None or not connection.enabled or connection.provider not in app.calendars:
        return SyncResult(False, error="not connected")
    try:
        return SyncResult(True, _read_and_apply(app, connection, now))
    except CalendarError as error:
        note_failure(app, connection, str(error), now)
        return SyncResult(False, error=str(error))
    except StorageUnavailable:
        raise
    except Exception as error:
        # What cannot be understood cannot be believed either; the other calendars are read all the same.
        log.exception("calendar %s could not be read", connection.name)
        note_failure(app, connection, type(error).__name__, now)
        return SyncResult(False, error=type(error).__name__)


def _read_and_apply(app: Appliance, connection: Connection, now: datetime) -> int:
    calendar, span = app.calendars[connection.provider], Interval(now - BACK, now + AHEAD)
    if connection.live_mirror:
        # It lies in our own database: read inside the transaction, no edit of ours can come between read and apply.
        with app.db.write():
            return _apply(app, connection, calendar.read(span.starts_at, span.ends_at), span, now)
    found = calendar.read(span.starts_at, span.ends_at)
    with app.db.write():
        return _apply(app, connection, found, span, now)


def sync_due(app: Appliance, now: datetime) -> int:
    """Read every connection that something depends on and whose turn it is; how many were read."""
    due = [c for c in setups.connections(app.db) if _due(app, c, now)]
    for connection in due:
        sync(app, connection.id, now)
    return len(due)


def mirror(app: Appliance, connection: Connection, event: CalendarEvent) -> int | None:
    """Put one provider event into the mirror; its resource by public id or name, None when it names none."""
    setup = app.setup()
    events.put(
        app.db, connection.id, event.event_id, event.etag, event.title, event.starts_at, event.ends_at, event.busy,
        _resource_id(setup, event), event.tag,
    )  # fmt: skip
    found = events.of_provider(app.db, connection.id, event.event_id)
    return found.id if found else None


def note_success(app: Appliance, connection: Connection, now: datetime) -> None:
    """The calendar could be read: what failed before is over."""
    interval = timedelta(seconds=app.setup().policies.read_interval_seconds)
    events.read_succeeded(app.db, connection.id, now, now + interval)
    if alarms.clear(app.db, f"calendar_failing:{connection.id}"):
        activity.record(app.db, now, SYSTEM, "calendar_back", "connection", connection.id)
        match_interval(app, Interval(now, now + AHEAD), now, "calendar_back")


def note_failure(app: Appliance, connection: Connection, error: str, now: datetime) -> None:
    """Until the calendar can be read again, nothing on it is free."""
    log.warning("calendar %s could not be read: %s", connection.name, error)
    with app.db.write():
        first = events.read_failed(app.db, connection.id, now, now + timedelta(seconds=30), error)
        if first:
            alarms.raise_alarm(app.db, f"calendar_failing:{connection.id}", connection.name, now)
            activity.record(app.db, now, SYSTEM, "calendar_failing", "connection", connection.id, reason=error)


def _due(app: Appliance, connection: Connection, now: datetime) -> bool:
    """Whether its time has come and something depends on it: people waiting, bookings ahead, or a failure to end."""
    if not connection.enabled:
        return False
    next_sync_at = app.db.value("SELECT next_sync_at FROM connection WHERE id = ?", connection.id)
    # A mark further ahead than one interval was set by a clock that has jumped back since.
    longest = timedelta(seconds=app.setup().policies.read_interval_seconds)
    if next_sync_at is not None and to_ms(now) < next_sync_at <= to_ms(now + longest):
        return False
    if connection.failing_since_at is not None:
        return True
    depended_on = app.db.value(
        """SELECT EXISTS (SELECT 1 FROM slot WHERE next_check_at IS NOT NULL)
               OR EXISTS (SELECT 1 FROM booking WHERE status IN ('pending', 'confirmed') AND starts_at > ?)""",
        now,
    )
    return bool(depended_on)


def _apply(app: Appliance, connection: Connection, found: Sequence[CalendarEvent], span: Interval, now: datetime) -> int:
    """Mark and sweep: upsert what differs, drop what is gone, match what may have become free."""
    kept = {e.provider_event_id: e for e in events.of_connection(app.db, connection.id, span.starts_at, span.ends_at)}
    freed: list[Interval] = []
    changed = 0
    for event in found:
        before = kept.pop(event.event_id, None)
        if before is not None and before.etag == event.etag and before.vanished_at is None:
            continue
        changed += 1
        mirror(app, connection, event)
        freed += [Interval(event.starts_at, event.ends_at)]
        if before is not None:
            freed.append(Interval(before.starts_at, before.ends_at))
    for gone in kept.values():
        changed += 1
        freed += _vanish(app, connection, gone, now)
    note_success(app, connection, now)
    for interval in freed:
        match_interval(app, interval, now, "calendar_changed")
    return changed


def _vanish(app: Appliance, connection: Connection, event: Event, now: datetime) -> list[Interval]:
    """An event that is gone frees its time: at once on our own calendar, after the grace on a foreign one."""
    if connection.live_mirror:
        events.remove(app.db, event.id)
        return [Interval(event.starts_at, event.ends_at)]
    events.mark_vanished(app.db, event.id, now)
    return []


def end_graces(app: Appliance, now: datetime) -> int:
    """Events that stayed away for the whole grace free their time now."""
    gone = events.vanished_before(app.db, now - timedelta(seconds=app.setup().policies.grace_seconds))
    return each_row(app, gone, lambda event: _free(app, event, now), now, "event")


def _free(app: Appliance, event: Event, now: datetime) -> int:
    if events.remove(app.db, event.id):
        match_interval(app, Interval(event.starts_at, event.ends_at), now, "event_removed")
    return 1


def _resource_id(setup: Setup, event: CalendarEvent) -> int | None:
    if event.resource is None:
        return None
    wanted = event.resource.casefold()
    # One that is no longer used still takes its own time only, and not everybody's.
    known = (*setup.resources.values(), *setup.retired.values())
    return next((r.id for r in known if wanted in (r.public_id, r.name.casefold())), None)
