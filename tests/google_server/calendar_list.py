"""calendarList.list, calendarList.get and calendars.get."""

from __future__ import annotations

from tests.google_server.errors import full_sync_required
from tests.google_server.listing import first_page, next_page
from tests.google_server.state import ROLES, CalendarData, Request, SyncPoint, World
from tests.google_server.times import Body

LARGEST_PAGE = 250


def list_calendars(world: World, request: Request) -> Body:
    """calendarList.list."""
    if "pageToken" in request.query:
        return next_page(world, request, LARGEST_PAGE)
    since = -1
    if "syncToken" in request.query:
        point = world.sync_points.get(request.query["syncToken"])
        if point is None or point.calendar_id:
            raise full_sync_required()
        since = point.version
    least = ROLES.index(request.query.get("minAccessRole", "freeBusyReader"))
    items = [
        _entry(calendar)
        for calendar in world.calendars.values()
        if calendar.access_role in ROLES
        and ROLES.index(calendar.access_role) >= least
        and (not calendar.hidden or request.query.get("showHidden") == "true")
        and calendar.listed_at > since
    ]
    token = f"list-{world.next_number()}=="
    world.sync_points[token] = SyncPoint("", world.counter, (), None, None)
    head = {"kind": "calendar#calendarList", "etag": f'"l{world.counter}"'}
    return first_page(world, request, head, items, token, LARGEST_PAGE)


def get_entry(world: World, request: Request) -> Body:
    """calendarList.get."""
    return _entry(world.calendar(request.params["calendarId"]))


def get_calendar(world: World, request: Request) -> Body:
    """calendars.get."""
    calendar = world.calendar(request.params["calendarId"])
    return {
        "kind": "calendar#calendar", "etag": f'"c{calendar.listed_at}"', "id": calendar.id,
        "summary": calendar.summary, "timeZone": calendar.zone,
    }  # fmt: skip


def _entry(calendar: CalendarData) -> Body:
    entry: Body = {
        "kind": "calendar#calendarListEntry", "etag": f'"e{calendar.listed_at}"', "id": calendar.id,
        "summary": calendar.summary, "timeZone": calendar.zone, "accessRole": calendar.access_role,
        "colorId": "14", "backgroundColor": "#9fe1e7", "foregroundColor": "#000000", "selected": True,
        "defaultReminders": [], "conferenceProperties": {"allowedConferenceSolutionTypes": ["hangoutsMeet"]},
    }  # fmt: skip
    # Both are left out when they are false, as the documents say.
    return entry | ({"primary": True} if calendar.primary else {}) | ({"hidden": True} if calendar.hidden else {})
