"""Events of the built-in calendar: add, move, cancel. Calendar, mirror and matching in one transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.errors import Invalid, NotFound
from waitlist_appliance.domain.records import Connection, Event, Resource
from waitlist_appliance.ports import CalendarError
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.cancel_booking import cancel
from waitlist_appliance.services.make_offers import match_interval
from waitlist_appliance.services.sync_calendar import mirror, note_failure
from waitlist_appliance.storage import activity, bookings, events
from waitlist_appliance.storage import setup as setups
from waitlist_appliance.storage.ids import public_id

LONGEST = timedelta(days=366)
LONGEST_TITLE = 500


def list_events(app: Appliance, since: datetime, until: datetime) -> list[Event]:
    """The mirror's events that overlap [since, until)."""
    return events.between(app.db, since, until)


def add_event(
    app: Appliance, title: str, starts_at: datetime, ends_at: datetime, resource: str | None, now: datetime,
    actor: Actor, busy: bool = True,
) -> Event:  # fmt: skip
    """Put an event into the built-in calendar; without a resource it takes all of them. Invalid names the field."""
    with app.db.write():
        named = app.setup().resource_named(resource)
        _check(title, starts_at, ends_at)
        uid = public_id().replace("-", "")
        app.db.insert(
            "local_event", uid=uid, title=title.strip(), starts_at=starts_at, ends_at=ends_at, transparent=not busy,
            resource=named.public_id if named else None,
        )  # fmt: skip
        return _changed(app, uid, "event_added", now, actor, [Interval(starts_at, ends_at)], created=True)


def move_event(
    app: Appliance, event_id: str, starts_at: datetime, ends_at: datetime, resource: str | None, now: datetime,
    actor: Actor, everywhere: bool = False,
) -> Event:  # fmt: skip
    """Give a staff event another time or resource; what it leaves is offered. NotFound, Invalid.

    Without a resource it stays where it is, or takes all of them with ``everywhere``.
    """
    with app.db.write():
        event = _own_to_edit(app, event_id)
        kept = None if everywhere else _resource(app, event.resource_id)
        named = app.setup().resource_named(resource) if resource else kept
        _check(event.title, starts_at, ends_at)
        app.db.execute(
            "UPDATE local_event SET starts_at = ?, ends_at = ?, resource = ?, version = version + 1 WHERE uid = ?",
            starts_at, ends_at, named.public_id if named else None, event.provider_event_id,
        )  # fmt: skip
        touched = [Interval(event.starts_at, event.ends_at), Interval(starts_at, ends_at)]
        return _changed(app, event.provider_event_id, "event_moved", now, actor, touched)


def cancel_event(app: Appliance, event_id: str, now: datetime, actor: Actor) -> Event:
    """Cancel an event; the freed time is offered at once. Cancelling a booking's event cancels the booking."""
    with app.db.write():
        event = events.by_public_id(app.db, event_id)
        if event is None:
            raise NotFound("not_found", "event")
        if event.tag is not None and event.tag.startswith("booking:"):
            booking = bookings.by_public_id(app.db, event.tag.removeprefix("booking:"))
            if booking is not None:
                cancel(app, booking.id, now, actor, "its event was cancelled")
            return event
        event = _own_to_edit(app, event_id)
        app.db.execute("DELETE FROM local_event WHERE uid = ?", event.provider_event_id)
        _changed(app, event.provider_event_id, "event_cancelled", now, actor, [Interval(event.starts_at, event.ends_at)])
        return event


def _check(title: str, starts_at: datetime, ends_at: datetime) -> None:
    if not title.strip() or len(title) > LONGEST_TITLE:
        raise Invalid("bad_value", "title", params={"value": title[:40]})
    if ends_at <= starts_at or ends_at - starts_at > LONGEST:
        raise Invalid("bad_value", "end_time", params={"value": ends_at.isoformat()})


def _own_to_edit(app: Appliance, event_id: str) -> Event:
    """A staff event of the built-in calendar; holds and bookings have their own ways."""
    event = events.by_public_id(app.db, event_id)
    if event is None or event.tag is not None or event.connection_id != _connection(app).id:
        raise NotFound("not_found", "event")
    return event


def _changed(
    app: Appliance, uid: str, verb: str, now: datetime, actor: Actor, touched: list[Interval], created: bool = False
) -> Event:
    """Bring the mirror up to date and match. A calendar that cannot be read leaves the mirror behind and counts as
    failing, so that nothing on it is free until a read has found the change."""
    connection = _connection(app)
    before = events.of_provider(app.db, connection.id, uid)
    try:
        found = {e.event_id: e for i in touched for e in app.calendar(connection).read(i.starts_at, i.ends_at)}
    except CalendarError as error:
        note_failure(app, connection, error, now)
        app.ring_sync(connection.id)
        found = None
    if found is not None and uid in found:
        mirror(app, connection, found[uid])
    elif found is not None and before is not None:
        events.remove(app.db, before.id)
    after = events.of_provider(app.db, connection.id, uid) or before
    if after is None:
        raise NotFound("calendar_unreadable")
    activity.record(app.db, now, actor, verb, "event", after.id, title=after.title)
    if found is not None:
        for interval in touched:
            match_interval(app, interval, now, verb)
    return after


def _connection(app: Appliance) -> Connection:
    for connection in setups.connections(app.db):
        if connection.provider == "local":
            return connection
    raise NotFound("not_found", "calendar")


def _resource(app: Appliance, resource_id: int | None) -> Resource | None:
    return app.setup().resources.get(resource_id) if resource_id else None
