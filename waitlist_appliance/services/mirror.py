"""One provider event in the mirror: whether it is ours, and which resource it takes."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.event_names import party_in, resource_named
from waitlist_appliance.domain.records import Connection, Event, Resource
from waitlist_appliance.ports import CalendarEvent
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import bookings, calendar_writes, connections, events, occupancy
from waitlist_appliance.storage.setup import Setup

ONE_THAT_FITS = "block_one_that_fits"


def mirror(app: Appliance, connection: Connection, event: CalendarEvent) -> Event:
    """Put one provider event into the mirror. Inside the caller's write transaction.

    A tag that we know nothing of (another box, an older copy of the database) makes it somebody else's: it blocks.
    """
    before = events.of_provider(app.db, connection.id, event.event_id)
    tag = event.tag if is_ours(app, event) else None
    row = events.put(
        app.db, connection.id, event.event_id, event.etag, event.title, Interval(event.starts_at, event.ends_at),
        busy=event.busy, resource_id=None, tag=tag, series=event.series, location=event.location, all_day=event.all_day,
        resource_found=False,
    )  # fmt: skip
    if event.resource is not None:
        events.give_to(app.db, row.id, _explicit(app.setup(), event.resource), found=False)
    else:
        _give(app, connection, row, before if before is not None and before.resource_found else None)
    return events.of_provider(app.db, connection.id, event.event_id) or row


def up_to_date(app: Appliance, connection: Connection, event: CalendarEvent) -> Event:
    """The mirror row of an event that was just read; written only where it differs."""
    before = events.of_provider(app.db, connection.id, event.event_id)
    if before is None or before.vanished_at is not None or not same(before, event):
        return mirror(app, connection, event)
    return before


def same(before: Event, event: CalendarEvent) -> bool:
    """Whether the mirror says the same already."""
    stored = (before.etag, before.starts_at, before.ends_at, before.busy, before.title, before.location, before.series)
    told = (event.etag, event.starts_at, event.ends_at, event.busy, event.title, event.location, event.series)
    return stored == told


def name_again(app: Appliance, connection: Connection, now: datetime) -> list[Interval]:
    """The set-up has changed: look again at what its events say. The intervals in which something may be free now."""
    setup = app.setup()
    connections.named_with(app.db, connection.id, setup.number)
    if connection.provider == "local":
        return []  # its events name their resource themselves, or mean everything
    touched = []
    for event in events.nameless(app.db, connection.id, now):
        if _give(app, connection, event, event if event.resource_found else None):
            touched.append(Interval(event.starts_at, event.ends_at))
    return touched


def is_ours(app: Appliance, event: CalendarEvent) -> bool:
    """Whether we wrote it for a hold or booking that we know; a copy that staff made of it is theirs."""
    kind, _, subject = (event.tag or "").partition(":")
    if kind == "hold":
        hold_id = int(subject) if subject.isascii() and subject.isdecimal() else 0
        return calendar_writes.may_have_written_hold(app.db, hold_id, event.event_id)
    booking = bookings.by_public_id(app.db, subject) if kind == "booking" else None
    if booking is None:
        return False
    known = booking.calendar_event_id in (None, event.event_id)
    return known or calendar_writes.may_have_written(app.db, booking.id, event.event_id)


def _give(app: Appliance, connection: Connection, event: Event, picked: Event | None) -> int:
    resource_id, found = _resource_of(app, connection, event, picked)
    return events.give_to(app.db, event.id, resource_id, found=found)


def _resource_of(
    app: Appliance, connection: Connection, event: Event, picked: Event | None
) -> tuple[int | None, bool]:
    """The resource that an event takes which does not carry one itself, and whether it was merely picked for it."""
    setup = app.setup()
    if connection.takes_everything or connection.provider == "local":
        return None, False
    users = setup.users_of(connection.id)
    if len(users) == 1:
        return users[0].id, False
    # One that is no longer used still takes its own time only, and not everybody's.
    known = [*users, *(r for r in setup.retired.values() if r.connection_id == connection.id)]
    named = resource_named((event.title, event.location), known)
    if named is not None:
        return named.id, False
    if setup.policies.unnamed_events != ONE_THAT_FITS or not event.busy or event.tag is not None:
        return None, False
    one = _one_that_fits(app, users, event, picked)
    return (one.id, True) if one is not None else (None, False)


def _one_that_fits(app: Appliance, users: list[Resource], event: Event, picked: Event | None) -> Resource | None:
    """The smallest free one for the party that the title tells; the one picked before, as long as it is free."""
    party = party_in(event.title, users) or 1
    when = Interval(event.starts_at, event.ends_at)
    taken = {
        row.resource_id for row in occupancy.busy(app.db, when) if row.overlaps(when) and row.event_id != event.id
    }
    free = [resource for resource in users if resource.id not in taken and resource.max_party >= party]
    kept = (resource for resource in free if picked is not None and resource.id == picked.resource_id)
    return next(kept, free[0] if free else None)


def _explicit(setup: Setup, wanted: str) -> int | None:
    folded = wanted.casefold()
    known = (*setup.resources.values(), *setup.retired.values())
    return next((r.id for r in known if folded in (r.public_id, r.name.casefold())), None)
