"""One calendar collection: what changed, what is there, and what we put there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from waitlist_appliance.adapters.calendars.caldav import questions, writing
from waitlist_appliance.adapters.calendars.caldav.discovery import own_addresses
from waitlist_appliance.adapters.calendars.caldav.multistatus import (
    CALDAV,
    DAV,
    Multistatus,
    Resource,
    parse_multistatus,
    path_of,
    preconditions,
    url_of,
)
from waitlist_appliance.adapters.calendars.caldav.server import XML, Server
from waitlist_appliance.adapters.calendars.icalendar_events import Place, Reading, events
from waitlist_appliance.adapters.calendars.icalendar_text import zone_of_text
from waitlist_appliance.adapters.outward import trouble_of
from waitlist_appliance.ports import CalendarError, CalendarEvent, Changes, NewEvent, SyncTokenLost, Written

PROFILE: Final = 1
BATCH: Final = 100
# So many changes at once are read as a whole, which also finds what is gone.
MANY: Final = 200
MOST_PAGES: Final = 100
# The status of an answer that the server did not finish.
CUT: Final = 507
SHORTEST: Final = timedelta(days=1)
# Nobody drags a reservation further than this; a series that an app made of it has an end so.
FAR: Final = timedelta(days=5 * 366)
CTAG: Final = "{http://calendarserver.org/ns/}getctag"
_FACTS = questions.properties(
    "D:sync-token", "S:getctag", "D:supported-report-set", "C:calendar-timezone", "D:current-user-principal"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class State:
    """Where we stopped reading. ``known`` is how many objects the last whole reading found."""

    sync: str = ""
    ctag: str = ""
    known: int = 0
    profile: int = PROFILE

    def __str__(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, token: str) -> State:
        """The state behind a token; SyncTokenLost when it is none of ours or of an older kind."""
        try:
            state = cls(**json.loads(token))
        except (TypeError, ValueError) as failure:
            raise SyncTokenLost("the token is not one of this calendar's") from failure
        if state.profile != PROFILE:
            raise SyncTokenLost("the token is of an older kind")
        return state


@dataclass(frozen=True, slots=True)
class Facts:
    """What the collection tells about itself."""

    state: State
    zone: ZoneInfo | None
    addresses: frozenset[str]


class CalDavCalendar:
    """ports.Calendar; may be used by several threads."""

    def __init__(self, server: Server, collection: str, zone: str, username: str) -> None:
        self._server = server
        self._collection = collection if collection.endswith("/") else collection + "/"
        self._zone = ZoneInfo(zone)
        self._username = username.strip().lower()
        self._facts: Facts | None = None  # what hardly ever changes; another thread may learn the same

    def changes(self, since: datetime, until: datetime, token: str | None) -> Changes:
        server = self._server.anew()
        state = State.of(token) if token is not None else State()
        if state.sync:
            return self._since(server, state, since, until)
        if token is None:
            self._facts = None  # now and then the owner gets another address
        facts = self._learn(server)
        if state.ctag and state.ctag == facts.state.ctag:
            return Changes([], complete=False, token=token, zone=_key(facts.zone), requests=server.requests)
        return self._everything(server, facts, since, until)

    def read(self, since: datetime, until: datetime) -> Sequence[CalendarEvent]:
        server = self._server.anew()
        return self._told(self._query(server, since, until), self._known(server), since, until)

    def find(self, event_id: str) -> CalendarEvent | None:
        server, now = self._server.anew(), datetime.now(UTC)
        told = writing.find(server, self._collection, event_id)
        if told is None:
            return None
        url, answer = told
        facts = self._known(server)
        reading = Reading(now - FAR, now + FAR, facts.zone or self._zone, facts.addresses)
        place = Place(answer.headers.get("etag", "").strip(), path_of(self._collection, url))
        found = events(answer.body.decode("utf-8", "replace"), reading, place)
        return next((event for event in found if event.event_id == event_id), None)

    def write(self, event: NewEvent) -> Written:
        return writing.write(self._server.anew(), self._collection, event)

    def remove(self, event_id: str) -> None:
        writing.remove(self._server.anew(), self._collection, event_id)

    # Reading as a whole -------------------------------------------------------------------------------------------

    def _everything(self, server: Server, facts: Facts, since: datetime, until: datetime) -> Changes:
        """Everything in the span. The token is older than what was read, so that nothing falls in between."""
        objects = self._query(server, since, until)
        told = self._told(objects, facts, since, until)
        state = replace(facts.state, known=len(objects))
        token = str(state) if state.sync or state.ctag else None
        return Changes(told, complete=True, token=token, zone=_key(facts.zone), requests=server.requests)

    def _query(self, server: Server, since: datetime, until: datetime) -> list[Resource]:
        """The objects that overlap the span; in halves when they are too many for one answer."""
        try:
            found, _ = server.multistatus("REPORT", self._collection, questions.in_span(since, until), "1")
            if any(resource.status == CUT for resource in found.resources):
                raise CalendarError("the server cut its answer", retryable=True, trouble="too_big")
        except CalendarError as failure:
            if failure.trouble != "too_big" or until - since <= SHORTEST:
                raise
            middle = since + (until - since) / 2
            return self._distinct([*self._query(server, since, middle), *self._query(server, middle, until)])
        return self._distinct(found.resources)

    def _distinct(self, found: Iterable[Resource]) -> list[Resource]:
        return list({self._path(resource): resource for resource in found if _is_there(resource)}.values())

    # Reading what changed -----------------------------------------------------------------------------------------

    def _since(self, server: Server, state: State, since: datetime, until: datetime) -> Changes:
        """What changed; everything when that is simpler.

        Some servers take a token that they do not know for the first one and tell everything there is, but not what
        is gone. So whoever tells as much as we know of is read as a whole.
        """
        told, sync = self._collect(server, state.sync)
        if told and len(told) >= min(MANY, max(state.known, 1)):
            return self._everything(server, self._learn(server), since, until)
        facts = self._known(server)
        changed = [resource.href for resource in told.values() if _is_there(resource)]
        found = self._told(self._fetch(server, changed), facts, since, until)
        return Changes(
            found, complete=False, series=sorted(told), token=str(replace(state, sync=sync)), zone=_key(facts.zone),
            requests=server.requests,
        )  # fmt: skip

    def _collect(self, server: Server, token: str) -> tuple[dict[str, Resource], str]:
        """All pages of a sync-collection by path, and the next token."""
        told: dict[str, Resource] = {}
        for _ in range(MOST_PAGES):
            page = self._page(server, token)
            own = path_of(self._collection, "").rstrip("/")
            told |= {self._path(found): found for found in page.resources if not self._path(found).endswith("/")}
            told.pop(own, None)
            token = page.sync_token
            if not any(found.status == CUT for found in page.resources):
                return told, token
        raise CalendarError("the server never comes to the end of its changes", retryable=True, trouble="garbage")

    def _page(self, server: Server, token: str) -> Multistatus:
        """One page. An unknown token is told by its precondition: the status differs from server to server."""
        headers = {"Content-Type": XML, "Depth": "0"}
        answer = server.ask("REPORT", self._collection, headers, questions.changed_since(token))
        if f"{DAV}valid-sync-token" in preconditions(answer.body):
            raise SyncTokenLost(f"{server.home.host} does not know our token any more")
        if answer.status != 207:
            raise trouble_of(answer)
        page = parse_multistatus(answer.body)
        if not page.sync_token:
            raise SyncTokenLost(f"{server.home.host} gives no token to go on with")
        return page

    def _fetch(self, server: Server, hrefs: Sequence[str]) -> list[Resource]:
        """The objects at these hrefs; one that is gone meanwhile is left out."""
        found: list[Resource] = []
        for first in range(0, len(hrefs), BATCH):
            body = questions.these(hrefs[first : first + BATCH])
            found += server.multistatus("REPORT", self._collection, body, "1")[0].resources
        return self._distinct(found)

    # What was read ------------------------------------------------------------------------------------------------

    def _told(self, objects: Iterable[Resource], facts: Facts, since: datetime, until: datetime) -> list[CalendarEvent]:
        reading = Reading(since, until, facts.zone or self._zone, facts.addresses)
        return [event for found in objects for event in self._events(found, reading)]

    def _events(self, found: Resource, reading: Reading) -> Sequence[CalendarEvent]:
        place = Place(found.text(f"{DAV}getetag"), self._path(found))
        try:
            return events(found.text(f"{CALDAV}calendar-data"), reading, place)
        except CalendarError as failure:
            if failure.trouble != "garbage":
                raise
            return []  # one object that no app can show either must not hide all the others

    def _path(self, resource: Resource) -> str:
        return path_of(self._collection, resource.href)

    # The collection itself ----------------------------------------------------------------------------------------

    def _known(self, server: Server) -> Facts:
        return self._facts or self._learn(server)

    def _learn(self, server: Server) -> Facts:
        """Ask the collection what it is; who we are there is asked for once only."""
        found, base = server.multistatus("PROPFIND", self._collection, _FACTS, "0")
        if not found.resources or found.resources[0].status >= 300:
            raise CalendarError(
                f"{server.home.host} does not tell about this calendar", retryable=True, trouble="garbage"
            )
        told = found.resources[0]
        before = self._facts
        addresses = before.addresses if before else self._addresses(server, base, told)
        syncs = f"{DAV}sync-collection" in told.kinds(f"{DAV}supported-report-set")
        state = State(told.text(f"{DAV}sync-token") if syncs else "", told.text(CTAG))
        self._facts = facts = Facts(state, zone_of_text(told.text(f"{CALDAV}calendar-timezone")), addresses)
        return facts

    def _addresses(self, server: Server, base: str, told: Resource) -> frozenset[str]:
        """Under which addresses the owner is invited: an account's name often is one; the server may know more."""
        own = frozenset({self._username} if "@" in self._username else ())
        principal = next(iter(told.hrefs(f"{DAV}current-user-principal")), "")
        try:
            return own | (own_addresses(server, url_of(base, principal)) if principal else frozenset())
        except CalendarError as failure:
            if failure.retryable and failure.trouble != "garbage":
                raise
            return own


def _is_there(resource: Resource) -> bool:
    """Whether the object exists. CalendarError when the server does not tell: what is not known is not gone."""
    if resource.status in (404, 410):
        return False
    if resource.status >= 300:
        raise CalendarError(f"the server does not tell an event ({resource.status})", retryable=True, trouble="garbage")
    return True


def _key(zone: ZoneInfo | None) -> str | None:
    return zone.key if zone else None
