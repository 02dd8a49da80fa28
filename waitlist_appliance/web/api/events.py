"""The calendar's events: read from the mirror, created, moved and cancelled in the built-in calendar."""

from __future__ import annotations

from typing import Any

from flask import Response

from waitlist_appliance.domain.errors import Invalid, NotFound
from waitlist_appliance.domain.records import Event
from waitlist_appliance.services import edit_events
from waitlist_appliance.storage import events as stored
from waitlist_appliance.web.api import schemas
from waitlist_appliance.web.api.answers import answer, iso
from waitlist_appliance.web.api.bookings import span
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import api_actor, box, the_business
from waitlist_appliance.web.validation import read_body, read_query


def list_events() -> Response:
    """What the calendars say about a day or a span."""
    since, until = span(read_query(schemas.EVENTS_QUERY, the_business().tz))
    return answer({"events": [event_json(event) for event in edit_events.list_events(box(), since, until)]})


def add_event() -> Response:
    """An event that blocks its time."""
    asked = read_body(schemas.EVENT, the_business().tz)
    if asked["ends_at"] <= asked["starts_at"]:
        raise Invalid("bad_value", "ends_at", params={"field": "end_time"})
    event = edit_events.add_event(
        box(), asked["title"] or "", asked["starts_at"], asked["ends_at"], asked["resource"], current_time(),
        api_actor(), busy=asked["busy"] is not False,
    )  # fmt: skip
    return answer({"success": True, "event": event_json(event)}, 201)


def show_event(event_id: str) -> Response:
    """One event."""
    return answer({"success": True, "event": event_json(_event(event_id))})


def move_event(event_id: str) -> Response:
    """Another time or another resource; the freed time is offered."""
    asked = read_body(schemas.EVENT_CHANGE, the_business().tz)
    event = _event(event_id)
    starts_at = asked["starts_at"] or event.starts_at
    # Moved by its start alone, an event keeps its length.
    ends_at = asked["ends_at"] or starts_at + (event.ends_at - event.starts_at)
    if ends_at <= starts_at:
        raise Invalid("bad_value", "ends_at", params={"field": "end_time"})
    resource = asked["resource"] or _resource_of(event)
    moved = edit_events.move_event(box(), event_id, starts_at, ends_at, resource, current_time(), api_actor())
    return answer({"success": True, "event": event_json(moved)})


def cancel_event(event_id: str) -> Response:
    """The event is off; its time is offered to whoever waits for it."""
    event = edit_events.cancel_event(box(), event_id, current_time(), api_actor())
    return answer({"success": True, "event": event_json(event)})


def event_json(event: Event) -> dict[str, Any]:
    """An event as the calendar API says it."""
    return {
        "id": event.public_id,
        "title": event.title,
        "start_time": iso(event.starts_at),
        "end_time": iso(event.ends_at),
        "busy": event.busy,
        "resource_id": _resource_of(event),
    }


def _event(public_id: str) -> Event:
    found = stored.by_public_id(box().db, public_id)
    if found is None:
        raise NotFound("not_found")
    return found


def _resource_of(event: Event) -> str | None:
    if event.resource_id is None:
        return None
    resource = box().setup().resources.get(event.resource_id)
    return None if resource is None else resource.public_id
