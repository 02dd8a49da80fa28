"""Somebody put an event on top of a booking that was confirmed: both stand, and staff are told once."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.records import Booking, Connection, Event
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.storage import activity, alarms, events
from waitlist_appliance.storage import setup as setups

OVERLAPPED = "booking_overlapped:"


def look(app: Appliance, connection: Connection, event: Event, now: datetime) -> None:
    """Tell staff of the confirmed bookings that this event lies on."""
    under = _bookings_under(app, connection, event, now)
    condition = f"{OVERLAPPED}{event.id}"
    if not under or alarms.holds(app.db, condition):
        return
    alarms.raise_alarm(app.db, condition, ", ".join(booking.code for booking in under), now)
    for booking in under:
        activity.record(
            app.db, now, SYSTEM, "booking_overlapped", "booking", booking.id, entry_id=booking.entry_id,
            customer_id=booking.customer_id, calendar=connection.name,
        )  # fmt: skip


def end_conflicts(app: Appliance, now: datetime) -> int:
    """Alarms whose event or bookings have gone elsewhere are over."""
    with app.db.write():
        return sum(_end(app, alarm.condition, now) for alarm in alarms.present(app.db))


def _end(app: Appliance, condition: str, now: datetime) -> int:
    if not condition.startswith(OVERLAPPED):
        return 0
    event = events.by_id(app.db, int(condition.removeprefix(OVERLAPPED)))
    connection = setups.connection(app.db, event.connection_id) if event else None
    if event is not None and connection is not None and _bookings_under(app, connection, event, now):
        return 0
    return int(alarms.clear(app.db, condition))


def _bookings_under(app: Appliance, connection: Connection, event: Event, now: datetime) -> list[Booking]:
    if not event.busy or event.tag is not None or event.vanished_at is not None or event.ends_at <= now:
        return []
    resources = _concerned(app, connection, event)
    return events.bookings_under(app.db, Interval(event.starts_at, event.ends_at), resources) if resources else []


def _concerned(app: Appliance, connection: Connection, event: Event) -> list[int]:
    """Whose bookings the event speaks of. One that names none on a shared calendar speaks of nobody in particular."""
    if event.resource_id is not None:
        return [event.resource_id]
    for_all = connection.takes_everything or connection.provider == "local"
    return list(app.setup().resources) if for_all else []
