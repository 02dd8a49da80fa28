"""The calendar file that goes with a confirmation."""

from __future__ import annotations

from datetime import UTC, datetime


def booking_ics(
    uid: str,
    starts_at: datetime,
    ends_at: datetime,
    summary: str,
    description: str,
    location: str,
    sequence: int,
    cancelled: bool,
    now: datetime,
) -> bytes:
    """One event to add to a calendar (METHOD:PUBLISH, times in UTC); a higher `sequence` replaces the one before."""
    from icalendar import Calendar, Event  # a quarter of a second: only where a confirmation is sent

    event = Event()
    event.add("uid", uid)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", starts_at.astimezone(UTC))
    event.add("dtend", ends_at.astimezone(UTC))
    event.add("sequence", sequence)
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    for name, text in (("summary", summary), ("description", description), ("location", location)):
        if text:
            event.add(name, text)
    calendar = Calendar()
    calendar.add("prodid", "-//Waitlist appliance//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return bytes(calendar.to_ical())
