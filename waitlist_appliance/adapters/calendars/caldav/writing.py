"""Writing and removing our own events so that no retry doubles one and no deletion brings one back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from waitlist_appliance.adapters.calendars.caldav import questions
from waitlist_appliance.adapters.calendars.caldav.multistatus import CALDAV, DAV, preconditions, url_of
from waitlist_appliance.adapters.calendars.caldav.our_event import GENERATIONS, id_of, text_of_event, uid_of
from waitlist_appliance.adapters.calendars.caldav.server import Server
from waitlist_appliance.adapters.calendars.icalendar_events import uids
from waitlist_appliance.adapters.outward import Answer, trouble_of
from waitlist_appliance.ports import CalendarError, NewEvent, Written

ICALENDAR: Final = "text/calendar; charset=utf-8"
USED_UP: Final = frozenset({f"{CALDAV}no-uid-conflict", f"{CALDAV}unique-scheduling-object-resource"})
TRIES: Final = 3


def write(server: Server, collection: str, event: NewEvent) -> Written:
    """Put the event where its id says; where that id was used up, where the next one does. CalendarError.

    1. ``If-None-Match: *`` creates it, or says that something is there. A server that ignores the condition replaces
       what is there, which can only be this very event: the address is derived from its subject.
    2. What is there and is ours is replaced, on the condition that nobody changes it meanwhile.
    3. A UID that the server refuses (a deletion used it up, or it lies elsewhere) is replaced where it lies in this
       collection; else the next id is tried.
    """
    for generation in range(GENERATIONS):
        event_id = id_of(event.event_id, generation)
        text = text_of_event(event, event_id, datetime.now(UTC))
        etag = _put(server, collection, event_id, text)
        if etag is not None:
            return Written(event_id, etag)
    host = server.home.host
    raise CalendarError(f"{host} takes this event under none of its ids", retryable=False, trouble="conflict")


def remove(server: Server, collection: str, event_id: str) -> None:
    """Delete the event, also where an app moved it inside the collection; one that is gone is fine. CalendarError."""
    answer = server.ask("DELETE", _address(collection, event_id))
    if answer.status in (404, 410):
        for url in _elsewhere(server, collection, event_id):
            _gone(server.ask("DELETE", url))
        return
    _gone(answer)


def find(server: Server, collection: str, event_id: str) -> tuple[str, Answer] | None:
    """Where our event lies and what was answered there, also where an app moved it inside the collection. CalendarError."""
    url = _address(collection, event_id)
    found = server.ask("GET", url)
    if found.status in (404, 410):
        url = next(iter(_elsewhere(server, collection, event_id)), "")
        if not url:
            return None
        found = server.ask("GET", url)
    if found.status != 200:
        raise trouble_of(found)
    return url, found


def _put(server: Server, collection: str, event_id: str, text: bytes) -> str | None:
    """The etag of what lies there now; None when this id is used up."""
    url = _address(collection, event_id)
    answer = _send(server, url, text, {"If-None-Match": "*"})
    if answer.status < 300:
        return _etag(server, url, answer)
    if _used_up(answer):
        lies = _elsewhere(server, collection, event_id)
        return _replace(server, lies[0], event_id, text) if lies else None
    if answer.status == 412:
        return _replace(server, url, event_id, text)
    raise trouble_of(answer)


def _replace(server: Server, url: str, event_id: str, text: bytes) -> str | None:
    """Put over what is ours; None when it is something else."""
    for _ in range(TRIES):
        found = server.ask("GET", url)
        if found.status in (404, 410):
            condition = {"If-None-Match": "*"}
        elif found.status != 200:
            raise trouble_of(found)
        elif not _is(found, event_id):
            return None
        else:
            condition = _if_match(found)
        answer = _send(server, url, text, condition)
        if answer.status < 300:
            return _etag(server, url, answer)
        if _used_up(answer):
            return None
        if answer.status != 412:
            raise trouble_of(answer)
    words = f"somebody keeps changing this event at {server.home.host}"
    raise CalendarError(words, retryable=True, trouble="conflict")


def _send(server: Server, url: str, text: bytes, condition: dict[str, str]) -> Answer:
    return server.ask("PUT", url, {"Content-Type": ICALENDAR, **condition}, text)


def _if_match(found: Answer) -> dict[str, str]:
    """The condition for what was read. A weak etag never matches (RFC 9110, 13.1.1), so it makes none."""
    etag = found.headers.get("etag", "")
    return {"If-Match": etag} if etag and not etag.startswith("W/") else {}


def _etag(server: Server, url: str, answer: Answer) -> str:
    """The etag of what was written; asked for when the server told none, as it does when it changed the text."""
    told = answer.headers.get("etag", "").strip()
    if told:
        return told
    found, _ = server.multistatus("PROPFIND", url, questions.properties("D:getetag"), "0")
    return next((resource.text(f"{DAV}getetag") for resource in found.resources), "")


def _used_up(answer: Answer) -> bool:
    """Whether the UID is refused, by its precondition; Nextcloud tells of one in its bin in words only."""
    if answer.status not in (400, 403, 409, 412):
        return False
    if preconditions(answer.body) & USED_UP:
        return True
    words = answer.body[:4000].lower()
    return answer.status == 400 and b"uid" in words and b"exists" in words


def _is(found: Answer, event_id: str) -> bool:
    try:
        return uids(found.body.decode("utf-8", "replace")) == {uid_of(event_id)}
    except CalendarError:
        return False


def _elsewhere(server: Server, collection: str, event_id: str) -> list[str]:
    """Where in the collection the UID of this id lies; nowhere, for a server that cannot search for one."""
    try:
        found, base = server.multistatus("REPORT", collection, questions.with_uid(uid_of(event_id)), "1")
    except CalendarError as failure:
        if failure.retryable and failure.trouble != "garbage":
            raise
        return []
    urls = [url_of(base, resource.href) for resource in found.resources if resource.status < 300]
    # Some servers search for a part of the text, or not at all: only what is ours goes.
    return [url for url in urls if _is(server.ask("GET", url), event_id)]


def _gone(answer: Answer) -> None:
    if answer.status >= 300 and answer.status not in (404, 410):
        raise trouble_of(answer)


def _address(collection: str, event_id: str) -> str:
    return f"{collection}{quote(event_id, safe='')}.ics"
