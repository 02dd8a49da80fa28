"""What a calendar told becomes the mirror, in one transaction: nothing is half-applied. What it frees is matched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.records import Connection, Event
from waitlist_appliance.ports import CalendarEvent, Changes
from waitlist_appliance.services import event_conflicts, own_events
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.each_row import each_row
from waitlist_appliance.services.make_offers import match_interval
from waitlist_appliance.services.mirror import is_ours, mirror, name_again, same
from waitlist_appliance.services.own_events import OwnChanges
from waitlist_appliance.storage import connections, events
from waitlist_appliance.storage import setup as setups


@dataclass
class _Applying:
    """One answer while it is applied."""

    app: Appliance
    connection: Connection
    known: Mapping[str, str]
    now: datetime
    changed: int = 0
    unsure: bool = False
    touched: list[Interval] = field(default_factory=list)
    own: OwnChanges = field(default_factory=OwnChanges)


def apply(
    app: Appliance, connection: Connection, answer: Changes, span: Interval, known: Mapping[str, str], now: datetime
) -> tuple[int, list[Interval], bool]:
    """Bring the mirror in line with the answer: how many events changed, where something may be free now, and whether
    the same must be told again.

    Runs inside the caller's write transaction. ``known`` is what the mirror held when the read began: what was written
    since (by ourselves) stays. Whether it is newer than the answer nobody can tell, so the answer is asked for again.
    """
    run = _Applying(app, connection, known, now)
    told = {event.event_id for event in answer.events}
    for event in answer.events:
        _told(run, event)
    for gone in _gone(run, answer, span, told):
        _vanished(run, gone)
    if connection.named_with != app.setup().number:
        run.touched += name_again(app, connection, now)
    run.touched += own_events.take_in(app, connection, run.own, now)
    if answer.complete and not connection.live_mirror:
        events.forget_before(app.db, connection.id, span.starts_at)
    return run.changed, run.touched, run.unsure


def not_accounted_for(
    app: Appliance, connection: Connection, answer: Changes, span: Interval, now: datetime
) -> list[Event]:
    """Events of bookings that the answer leaves out without telling that they were deleted: they may lie beyond it."""
    known = {event.event_id for event in answer.events} | set(answer.gone)
    return own_events.missing(app, connection, _left_out(app, connection, answer, span, known), now)


def end_graces(app: Appliance, now: datetime) -> int:
    """Events that stayed away for the whole grace free their time now.

    Whether they did is told by a read after it; until then that read is asked for.
    """
    grace = timedelta(seconds=app.setup().policies.grace_seconds)
    gone = events.vanished_before(app.db, now - grace)
    return each_row(app, gone, lambda event: _end_grace(app, event, grace, now), now, "event")


def _told(run: _Applying, event: CalendarEvent) -> None:
    before = events.of_provider(run.app.db, run.connection.id, event.event_id)
    if before is not None and run.known.get(event.event_id) != before.etag:
        run.unsure = run.unsure or not same(before, event)
        return
    if before is not None and same(before, event):
        run.changed += events.is_back(run.app.db, before.id)
        return
    run.changed += 1
    row = mirror(run.app, run.connection, event)
    if is_ours(run.app, event):
        run.own.told.append(event)
        return
    run.touched.append(Interval(row.starts_at, row.ends_at))
    if before is not None:
        run.touched.append(Interval(before.starts_at, before.ends_at))
    event_conflicts.look(run.app, run.connection, row, run.now)


def _gone(run: _Applying, answer: Changes, span: Interval, told: set[str]) -> Iterable[Event]:
    """What the mirror still has and the calendar has no more; only what it had when the read began."""
    once = _left_out(run.app, run.connection, answer, span, told)
    believed = [event for event in once if run.known.get(event.provider_event_id) == event.etag]
    run.unsure = run.unsure or len(believed) < len(once)
    return believed


def _left_out(app: Appliance, connection: Connection, answer: Changes, span: Interval, told: set[str]) -> list[Event]:
    """What the mirror has in the answer's reach, and the answer has not."""
    if answer.complete:
        found = events.of_connection(app.db, connection.id, span.starts_at, span.ends_at)
    else:
        named = [events.of_provider(app.db, connection.id, event_id) for event_id in answer.gone]
        found = [event for event in named if event is not None]
        for series in answer.series:
            found += events.of_series(app.db, connection.id, series)
    return list({event.id: event for event in found if event.provider_event_id not in told}.values())


def _vanished(run: _Applying, event: Event) -> None:
    """An event that is gone frees its time: at once on our own calendar, after the grace on a foreign one."""
    if event.vanished_at is not None:
        return
    run.changed += 1
    if event.tag is not None:
        run.own.gone.append(event)
    elif run.connection.live_mirror or not event.busy:
        events.remove(run.app.db, event.id)
        run.touched.append(Interval(event.starts_at, event.ends_at))
    else:
        events.mark_vanished(run.app.db, event.id, run.now)


def _end_grace(app: Appliance, event: Event, grace: timedelta, now: datetime) -> int:
    connection = setups.connection(app.db, event.connection_id)
    if connection is None or event.vanished_at is None:
        return 0
    if connection.live_mirror or (connection.last_sync_at and connection.last_sync_at - event.vanished_at >= grace):
        return _free(app, event, now)
    if connections.read_now(app.db, connection.id, now):
        app.ring_sync(connection.id)
    return 0


def _free(app: Appliance, event: Event, now: datetime) -> int:
    if events.remove(app.db, event.id):
        if event.tag is not None:
            own_events.is_gone(app, event, now)
        match_interval(app, Interval(event.starts_at, event.ends_at), now, "event_removed")
    return 1

