"""Putting a cancelled event back, as long as nobody was given its time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.errors import Conflict
from waitlist_appliance.domain.records import Event
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.edit_events import add_event
from waitlist_appliance.storage import occupancy


@dataclass(frozen=True, slots=True)
class CancelledEvent:
    """What is needed to put it back; ``resource`` is a public id or name, None for all."""

    title: str
    starts_at: datetime
    ends_at: datetime
    resource: str | None
    busy: bool = True


def can_put_back(app: Appliance, event: CancelledEvent) -> bool:
    """Whether its time is still nobody's: neither booked nor held for somebody."""
    resource = app.setup().resource_named(event.resource)
    taken = occupancy.busy(app.db, Interval(event.starts_at, event.ends_at))
    ours = [row for row in taken if row.kind != "event"]
    return not any(resource is None or row.resource_id == resource.id for row in ours)


def put_back(app: Appliance, event: CancelledEvent, now: datetime, actor: Actor) -> Event:
    """The event again as it was. Conflict ``undo_too_late`` once somebody was given its time."""
    with app.db.write():
        if not can_put_back(app, event):
            raise Conflict("undo_too_late")
        return add_event(app, event.title, event.starts_at, event.ends_at, event.resource, now, actor, busy=event.busy)
