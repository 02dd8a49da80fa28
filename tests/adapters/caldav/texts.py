"""Calendar text as other people's programs write it."""

from __future__ import annotations


def calendar(*events: str, before: str = "") -> str:
    """A VCALENDAR around these components."""
    inside = "".join(event.strip() + "\n" for event in (before, *events) if event)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Casa Lola//EN\n{inside}END:VCALENDAR\n"


def event(
    *lines: str, uid: str = "ana", start: str = "DTSTART:20260116T190000Z", end: str = "DTEND:20260116T200000Z"
) -> str:
    """A VEVENT on the evening of the story, from 20:00 to 21:00 in Madrid unless told otherwise."""
    told = [f"UID:{uid}", "DTSTAMP:20260101T000000Z", start, end, *lines]
    return "BEGIN:VEVENT\n" + "\n".join(line for line in told if line) + "\nEND:VEVENT"


def dinner(*lines: str, **parts: str) -> str:
    """A calendar with one event."""
    return calendar(event(*lines, **parts))
