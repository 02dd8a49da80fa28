"""The events of a calendar as a list shows them, now or at an earlier version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from tests.google_server.recurrence import UNROLLED, occurrences
from tests.google_server.state import CalendarData
from tests.google_server.times import Body, moment, rendered

# Of a deleted series Google tells only so many cancelled occurrences (facts 1.1).
TOLD_OF_A_DELETED_SERIES = timedelta(days=183)


@dataclass(frozen=True)
class Span:
    """timeMin and timeMax: both optional, both exclusive."""

    since: datetime | None
    until: datetime | None

    def holds(self, calendar: CalendarData, body: Body) -> bool:
        """Whether the event ends after the one and starts before the other."""
        start, end = moment(body["start"], calendar.zone), moment(body["end"], calendar.zone)
        return (self.since is None or end > self.since) and (self.until is None or start < self.until)


def view(calendar: CalendarData, version: int, *, single: bool, span: Span, now: datetime) -> dict[str, Body]:
    """Every event by id, cancelled ones with that status; with ``single``, series are replaced by their occurrences."""
    bodies = {name: body for name, record in calendar.records.items() if (body := record.at(version)) is not None}
    if not single:
        return bodies
    shown = {name: body for name, body in bodies.items() if "recurrence" not in body}
    for body in bodies.values():
        if "recurrence" in body:
            for occurrence in _unrolled(calendar, body, span, now):
                shown.setdefault(occurrence["id"], occurrence)
    return shown


def _unrolled(calendar: CalendarData, master: Body, span: Span, now: datetime) -> list[Body]:
    until = span.until or now + UNROLLED
    if master["status"] == "cancelled":
        until = min(until, now + TOLD_OF_A_DELETED_SERIES)
    return list(occurrences(master, calendar.zone, span.since, until))


def tombstone(body: Body, told: Literal["full", "guaranteed", "id"]) -> Body:
    """A cancelled event as a list tells it."""
    keys = ["kind", "etag", "id", "status"]
    if told == "guaranteed":
        keys += ["recurringEventId", "originalStartTime"]
    return body if told == "full" else {key: body[key] for key in keys if key in body}


def shown(calendar: CalendarData, body: Body, zone: str, max_attendees: int | None) -> Body:
    """An event as an answer writes it for this account."""
    body = dict(body)
    if _hidden(calendar, body):
        keys = ("kind", "etag", "id", "status", "start", "end", "recurringEventId", "originalStartTime", "eventType",
                "created", "updated", "iCalUID", "sequence", "transparency")  # fmt: skip
        body = {key: body[key] for key in keys if key in body} | {"visibility": "private"}
    for key in ("start", "end", "originalStartTime"):
        if key in body:
            body[key] = rendered(body[key], zone)
    attendees = body.get("attendees", [])
    if max_attendees is not None and len(attendees) > max_attendees:
        mine = [attendee for attendee in attendees if attendee.get("self")]
        body.pop("attendees")
        body |= {"attendeesOmitted": True} | ({"attendees": mine} if mine else {})
    return body


def _hidden(calendar: CalendarData, body: Body) -> bool:
    if calendar.access_role == "freeBusyReader":
        return True
    private = body.get("visibility") in ("private", "confidential")
    return private and calendar.access_role in ("reader", "writerWithoutPrivateAccess")
