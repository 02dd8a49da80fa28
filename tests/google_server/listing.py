"""events.list and events.instances."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from tests.google_server.errors import bad, full_sync_required, not_found
from tests.google_server.recurrence import UNROLLED, occurrences
from tests.google_server.state import CalendarData, Page, Request, SyncPoint, World
from tests.google_server.times import Body, moment, stamp
from tests.google_server.views import Span, shown, tombstone, view

# A list asked with one of these gets no sync token (facts 1.1: orderBy; the others could not be repeated with it).
WITHOUT_SYNC_TOKEN = ("orderBy", "iCalUID", "q", "privateExtendedProperty", "sharedExtendedProperty", "updatedMin")
DEFAULT_PAGE, LARGEST_PAGE = 250, 2500


def list_events(world: World, request: Request) -> Body:
    """events.list."""
    calendar = world.calendar(request.params["calendarId"])
    query = request.query
    if "pageToken" in query:
        return next_page(world, request, LARGEST_PAGE)
    _check_zone(query)
    span = _span(query.get("timeMin"), query.get("timeMax"))
    if "syncToken" in query:
        items, point = _since_token(world, calendar, request)
    else:
        items = _full(world, calendar, request, span)
        point = SyncPoint(calendar.id, calendar.version, _repeated(request), query.get("timeMin"), query.get("timeMax"))
    token = None
    if world.gives_sync_tokens and not any(name in query for name in WITHOUT_SYNC_TOKEN):
        token = f"sync-{world.next_number()}=="
        world.sync_points[token] = point
    return first_page(world, request, _head(world, calendar, query), _written(world, calendar, query, items), token)


def list_instances(world: World, request: Request) -> Body:
    """events.instances."""
    calendar = world.calendar(request.params["calendarId"])
    if "pageToken" in request.query:
        return next_page(world, request, LARGEST_PAGE)
    master = calendar.latest(request.params["eventId"])
    if master is None or "recurrence" not in master:
        raise not_found()
    _check_zone(request.query)
    span = _span(request.query.get("timeMin"), request.query.get("timeMax"))
    everything = view(calendar, calendar.version, single=True, span=span, now=world.clock).values()
    items = [
        body
        for body in everything
        if body.get("recurringEventId") == master["id"]
        and span.holds(calendar, body)
        and (body["status"] != "cancelled" or request.query.get("showDeleted") == "true")
    ]
    written = _written(world, calendar, request.query, items)
    return first_page(world, request, _head(world, calendar, request.query), written, None)


def first_page(
    world: World, request: Request, head: Body, items: list[Body], sync_token: str | None, largest: int = LARGEST_PAGE
) -> Body:
    """The first page of an answer that is put together once and then told page by page."""
    if world.empty_first_page:
        return head | {"items": [], "nextPageToken": _page_token(world, request, head, items, sync_token)}
    return _page(world, request, Page(_asked(request), head, items, sync_token), largest)


def next_page(world: World, request: Request, largest: int) -> Body:
    """The page that a token names. Asking the same page again is fine; asking it differently is not."""
    page = world.pages.get(request.query["pageToken"])
    if page is None:
        raise bad("Invalid page token value.")
    if page.asked != _asked(request):
        world.violations.append(f"{request.operation}: a page was asked differently from the one before it")
        raise bad("The page token does not belong to this query.")
    return _page(world, request, page, largest)


def _page(world: World, request: Request, page: Page, largest: int) -> Body:
    size = min(int(request.query.get("maxResults", DEFAULT_PAGE)), largest, world.page_limit or largest)
    here, rest = page.items[:size], page.items[size:]
    answer = page.head | {"items": here}
    if rest:
        return answer | {"nextPageToken": _page_token(world, request, page.head, rest, page.sync_token)}
    return answer | ({"nextSyncToken": page.sync_token} if page.sync_token else {})


def _page_token(world: World, request: Request, head: Body, items: list[Body], sync_token: str | None) -> str:
    token = f"page-{world.next_number()}=="
    world.pages[token] = Page(_asked(request), head, items, sync_token)
    return token


def _asked(request: Request) -> tuple[tuple[str, str], ...]:
    path = ("path", request.path)
    return (path, *sorted(pair for pair in request.pairs if pair[0] not in ("pageToken", "alt")))


def _repeated(request: Request) -> tuple[tuple[str, str], ...]:
    """What must be the same in every call that goes on from this one."""
    loose = ("pageToken", "syncToken", "alt", "timeMin", "timeMax", "prettyPrint", "quotaUser")
    return tuple(sorted(pair for pair in request.pairs if pair[0] not in loose))


def _full(world: World, calendar: CalendarData, request: Request, span: Span) -> list[Body]:
    query = request.query
    single, deleted = query.get("singleEvents") == "true", query.get("showDeleted") == "true"
    everything = view(calendar, calendar.version, single=single, span=span, now=world.clock)
    items = []
    for body in everything.values():
        cancelled = body["status"] == "cancelled"
        of_live_series = not single and "recurringEventId" in body and not _gone(calendar, body["recurringEventId"])
        if cancelled and not (deleted or of_live_series or "updatedMin" in query):
            continue
        inside = _in_window(calendar, body, span, world.clock)
        if inside and body["id"] not in calendar.forgotten and _wanted(body, request):
            items.append(body)
    return _ordered(calendar, items, query)


def _since_token(world: World, calendar: CalendarData, request: Request) -> tuple[list[Body], SyncPoint]:
    point = world.sync_points.get(request.query["syncToken"])
    if point is None or point.calendar_id != calendar.id:
        raise full_sync_required()
    if point.asked != _repeated(request):
        world.violations.append(f"{request.operation}: asked {_repeated(request)} after a first list of {point.asked}")
        raise bad("The sync token does not belong to this query.")
    single, span = request.query.get("singleEvents") == "true", _span(point.since, point.until)
    old = view(calendar, point.version, single=single, span=span, now=world.clock)
    new = view(calendar, calendar.version, single=single, span=span, now=world.clock)
    items = []
    for name in [*new, *(name for name in old if name not in new)]:
        before, after = old.get(name), new.get(name)
        body = after or {**(before or {}), "status": "cancelled"}
        if before == after or name in calendar.forgotten:
            continue
        # Of a deleted series a view holds what Google tells of it; the rest ends without a word.
        if after is None and before and _gone(calendar, before.get("recurringEventId", name)):
            continue
        if (before and before["status"] == "cancelled") and body["status"] == "cancelled":
            continue
        inside = [one for one in (before, after) if one and _in_window(calendar, one, span, world.clock)]
        if inside and _wanted(body, request):
            items.append(body)
    return items, SyncPoint(calendar.id, calendar.version, point.asked, point.since, point.until)


def _in_window(calendar: CalendarData, body: Body, span: Span, now: datetime) -> bool:
    """A series stands in a list of series when it has an occurrence there."""
    if "recurrence" not in body:
        return span.holds(calendar, body)
    return any(occurrences(body, calendar.zone, span.since, span.until or now + UNROLLED))


def _gone(calendar: CalendarData, event_id: str) -> bool:
    master = calendar.latest(event_id)
    return master is None or master["status"] == "cancelled"


def _wanted(body: Body, request: Request) -> bool:
    query = request.query
    types = [value for name, value in request.pairs if name == "eventTypes"]
    if types and body["eventType"] not in types:
        return False
    if "iCalUID" in query and body["iCalUID"] != query["iCalUID"]:
        return False
    updated = datetime.fromisoformat(body["updated"])
    if "updatedMin" in query and updated < datetime.fromisoformat(query["updatedMin"]):
        return False
    text = " ".join(str(body.get(key, "")) for key in ("summary", "description", "location")).lower()
    if query.get("q", "").lower() not in text:
        return False
    for parameter, kind in (("privateExtendedProperty", "private"), ("sharedExtendedProperty", "shared")):
        for value in (value for name, value in request.pairs if name == parameter):
            key, _, wanted = value.partition("=")
            if body.get("extendedProperties", {}).get(kind, {}).get(key) != wanted:
                return False
    return True


def _ordered(calendar: CalendarData, items: list[Body], query: dict[str, str]) -> list[Body]:
    if query.get("orderBy") == "startTime":
        if query.get("singleEvents") != "true":
            raise bad("The requested ordering is not available for the particular query.")
        return sorted(items, key=lambda body: moment(body["start"], calendar.zone))
    if query.get("orderBy") == "updated":
        return sorted(items, key=lambda body: str(body["updated"]))
    return items


def _written(world: World, calendar: CalendarData, query: dict[str, str], items: list[Body]) -> list[Body]:
    zone = query.get("timeZone", calendar.zone)
    trim = int(query["maxAttendees"]) if "maxAttendees" in query else None
    told = [tombstone(body, world.tombstones) if body["status"] == "cancelled" else body for body in items]
    return [shown(calendar, body, zone, trim) for body in told]


def _head(world: World, calendar: CalendarData, query: dict[str, str]) -> Body:
    return {
        "kind": "calendar#events",
        "etag": f'"p{calendar.version}"',
        "summary": calendar.summary,
        "updated": stamp(world.clock),
        "timeZone": query.get("timeZone", calendar.zone),
        "accessRole": calendar.access_role,
        "defaultReminders": [],
    }


def _span(since: str | None, until: str | None) -> Span:
    low = datetime.fromisoformat(since).replace(microsecond=0) if since else None
    high = datetime.fromisoformat(until).replace(microsecond=0) if until else None
    if low and high and high <= low:
        raise bad("The specified time range is empty.", "timeRangeEmpty", "calendar")
    return Span(low, high)


def _check_zone(query: dict[str, str]) -> None:
    try:
        ZoneInfo(query.get("timeZone", "UTC"))
    except (KeyError, ValueError, OSError):
        raise bad("Invalid time zone definition.") from None
