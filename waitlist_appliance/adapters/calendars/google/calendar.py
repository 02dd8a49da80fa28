"""One Google calendar behind the `Calendar` port."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from waitlist_appliance.adapters.calendars.google import errors, mapping
from waitlist_appliance.adapters.calendars.google.conversation import Conversation
from waitlist_appliance.ports.calendars import CalendarAccess, CalendarEvent, Changes, NewEvent, SyncTokenLost, Written

# A sync token is good only for the very question that it was given for: whoever changes these raises PROFILE, and
# every calendar is read anew. (`maxAttendees` 1: we want to know of our own answer only.)
PROFILE = 1
QUESTION: Mapping[str, Any] = {"singleEvents": True, "showDeleted": True, "maxResults": 2500, "maxAttendees": 1}
# What is looked at of an event; the rest of a page is dropped before the next one is asked for.
LOOKED_AT = (
    "id", "etag", "status", "summary", "location", "start", "end", "transparency", "eventType", "recurringEventId",
    "recurrence", "attendees", "extendedProperties",
)  # fmt: skip
GENERATIONS = 10
LOOKS = 3
GONE = (404, 410)


@dataclass(frozen=True, slots=True)
class _Listing:
    """All pages of one answer."""

    items: Sequence[Mapping[str, Any]]
    zone: str | None
    token: str | None


class GoogleCalendar:
    """ports.Calendar. ``service`` only builds requests and knows no token; each call has its own connections."""

    def __init__(self, access: CalendarAccess, service: Any, talk: Callable[[], Conversation]) -> None:
        self._id = access.calendar_id
        self._zone = ZoneInfo(access.zone)
        self._events = service.events()
        self._talk = talk

    def changes(self, since: datetime, until: datetime, token: str | None) -> Changes:
        with self._talk() as talk:
            if token is None:
                return self._everything(talk, since, until)
            news = self._news(talk, _unpacked(token))
            if any(mapping.belongs_to_a_series(item) for item in news.items):
                # an incremental answer tells not every occurrence that a change of the series moved or ended
                return self._everything(talk, since, until)
            gone = [str(item.get("id", "")) for item in news.items if item.get("status") == "cancelled"]
            return Changes(
                # a deleted series is told like a deleted event, by one id: it may be either
                self._mapped(news), complete=False, gone=gone, series=gone, token=_packed(news), zone=news.zone,
                requests=talk.requests,
            )  # fmt: skip

    def read(self, since: datetime, until: datetime) -> Sequence[CalendarEvent]:
        with self._talk() as talk:
            return self._mapped(self._pages(talk, **_span(since, until), showDeleted=False))

    def find(self, event_id: str) -> CalendarEvent | None:
        with self._talk() as talk:
            found = self._existing(talk, event_id)
        return next(iter(_mapped([found], self._zone)), None) if found is not None else None

    def write(self, event: NewEvent) -> Written:
        with self._talk() as talk:
            for generation in range(GENERATIONS):
                written = self._written(talk, event, mapping.generation_id(event.event_id, generation))
                if written is not None:
                    return written
        raise errors.GoogleError("every id of this event was used up by deletions", "refused")

    def remove(self, event_id: str) -> None:
        with self._talk() as talk:
            try:
                talk.tell(self._events.delete(calendarId=self._id, eventId=event_id, sendUpdates="none"))
            except errors.GoogleError as error:
                if error.status not in GONE:
                    raise

    def _everything(self, talk: Conversation, since: datetime, until: datetime) -> Changes:
        found = self._pages(talk, **_span(since, until))
        return Changes(
            self._mapped(found), complete=True, token=_packed(found), zone=found.zone, requests=talk.requests
        )

    def _news(self, talk: Conversation, sync_token: str) -> _Listing:
        try:
            return self._pages(talk, syncToken=sync_token)
        except errors.GoogleError as error:
            # 410 as documented; 400 for a token that does not fit the question
            if error.status in (400, 410):
                raise SyncTokenLost("Google no longer knows the sync token") from None
            raise

    def _pages(self, talk: Conversation, **question: Any) -> _Listing:
        """Every page or an error. By hand: the client's `list_next` stumbles over some questions."""
        items: list[Mapping[str, Any]] = []
        asked: set[str] = set()
        answer = talk.ask(self._page(question))
        while True:
            items.extend({name: item[name] for name in LOOKED_AT if name in item} for item in answer.get("items", ()))
            page = answer.get("nextPageToken")
            if page is None:
                return _Listing(items, answer.get("timeZone"), answer.get("nextSyncToken"))
            if page in asked:
                raise errors.garbage("the same page twice")
            asked.add(page)
            answer = talk.ask(self._page({**question, "pageToken": page}))

    def _page(self, question: Mapping[str, Any]) -> Any:
        return self._events.list(calendarId=self._id, **{**QUESTION, **question})

    def _mapped(self, listing: _Listing) -> list[CalendarEvent]:
        return list(_mapped(listing.items, self._zone_of(listing)))

    def _zone_of(self, listing: _Listing) -> ZoneInfo:
        try:
            return ZoneInfo(listing.zone) if listing.zone else self._zone
        except (ValueError, LookupError):
            return self._zone

    def _written(self, talk: Conversation, event: NewEvent, event_id: str) -> Written | None:
        """The event under this id, created or replaced; None when the id is not, or no longer, to be had."""
        try:
            body = mapping.new_body(event, event_id, self._zone)
            return _as_written(talk.ask(self._events.insert(calendarId=self._id, body=body, sendUpdates="none")))
        except errors.GoogleError as error:
            if error.status != 409:
                raise
        return self._replaced(talk, event, event_id)

    def _replaced(self, talk: Conversation, event: NewEvent, event_id: str) -> Written | None:
        failure = errors.GoogleError("the event changes faster than it can be replaced", "conflict")
        for _ in range(LOOKS):
            existing = self._existing(talk, event_id)
            if existing is None or mapping.private(existing).get(mapping.KEY) != event.event_id:
                return None
            if mapping.is_same(existing, event, self._zone):
                return _as_written(existing)
            try:
                return _as_written(talk.ask(self._update(existing, event, event_id)))
            except errors.GoogleError as error:
                # changed or deleted since we looked (a deleted one may be answered with 403): look again
                if error.status not in (*GONE, 403, 412):
                    raise
                failure = error
        raise failure

    def _existing(self, talk: Conversation, event_id: str) -> Mapping[str, Any] | None:
        """The event that has this id; None when a deleted one has it, which in time is not even found any more."""
        try:
            found = talk.ask(self._events.get(calendarId=self._id, eventId=event_id))
        except errors.GoogleError as error:
            if error.status in GONE:
                return None
            raise
        return None if found.get("status") == "cancelled" else found

    def _update(self, existing: Mapping[str, Any], event: NewEvent, event_id: str) -> Any:
        body = mapping.changed_body(existing, event, self._zone)
        request = self._events.update(calendarId=self._id, eventId=event_id, body=body, sendUpdates="none")
        request.headers["If-Match"] = existing.get("etag", "*")
        return request


def _mapped(items: Iterable[Mapping[str, Any]], zone: ZoneInfo) -> Iterable[CalendarEvent]:
    for item in items:
        try:
            event = mapping.calendar_event(item, zone)
        except ValueError as error:
            # one that cannot be placed may lie anywhere: nothing is free
            raise errors.garbage(str(error)) from None
        if event is not None:
            yield event


def _span(since: datetime, until: datetime) -> dict[str, str]:
    return {"timeMin": since.astimezone(UTC).isoformat(), "timeMax": until.astimezone(UTC).isoformat()}


def _as_written(answer: Mapping[str, Any]) -> Written:
    if "id" not in answer or "etag" not in answer:
        raise errors.garbage("an event without id or etag")
    return Written(str(answer["id"]), str(answer["etag"]))


def _packed(listing: _Listing) -> str:
    if not listing.token:
        raise errors.garbage("a last page without a sync token")
    return json.dumps({"profile": PROFILE, "token": listing.token})


def _unpacked(token: str) -> str:
    try:
        kept = json.loads(token)
        if kept["profile"] == PROFILE:
            return str(kept["token"])
    except (ValueError, LookupError, TypeError):
        pass
    raise SyncTokenLost("the sync token was given for another question")
