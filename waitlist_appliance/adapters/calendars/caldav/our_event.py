"""An event of ours as calendar text, and the ids it may have."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Final

from icalendar import Calendar, Event

from waitlist_appliance.adapters.calendars.icalendar_events import OURS, RESOURCE, TAG
from waitlist_appliance.ports import NewEvent

GENERATIONS: Final = 10


def id_of(event_id: str, generation: int) -> str:
    """The id itself, or the next one after it was used up by a deletion: the same for every retry."""
    if generation == 0:
        return event_id
    return hashlib.sha256(f"{event_id}:{generation}".encode()).hexdigest()[:32]


def uid_of(event_id: str) -> str:
    """The UID of our event, by which it is told from everybody else's."""
    return event_id + OURS


def text_of_event(event: NewEvent, event_id: str, now: datetime) -> bytes:
    """The event under this id, times in UTC, busy, with our marks where nobody sees them."""
    component = Event()
    component.add("uid", uid_of(event_id))
    component.add("dtstamp", now.astimezone(UTC))
    component.add("dtstart", event.starts_at.astimezone(UTC))
    component.add("dtend", event.ends_at.astimezone(UTC))
    component.add("summary", event.title)
    component.add("description", event.description)
    component.add("status", "TENTATIVE" if event.tentative else "CONFIRMED")
    component.add("transp", "OPAQUE")
    component.add(TAG, event.tag)
    if event.resource:
        component.add(RESOURCE, event.resource)
    calendar = Calendar()
    calendar.add("prodid", "-//Waitlist appliance//EN")
    calendar.add("version", "2.0")
    calendar.add_component(component)
    return bytes(calendar.to_ical())
