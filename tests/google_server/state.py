"""What the server knows: calendars, their events with every revision, and the knobs a test may turn."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import Message
from typing import Any, Literal

from tests.google_server.errors import not_found
from tests.google_server.times import Body

WRITERS = ("owner", "writer", "writerWithoutPrivateAccess")
ROLES = ("freeBusyReader", "reader", "writerWithoutPrivateAccess", "writer", "owner")


@dataclass
class Request:
    """One request as it arrived. ``operation`` is ``events.list`` and so on, ``oauth.token``, or "" for nothing known."""

    method: str
    path: str
    query: dict[str, str]
    pairs: list[tuple[str, str]]
    headers: Message
    body: Any
    raw: bytes
    operation: str = ""
    params: dict[str, str] = field(default_factory=dict)
    scopes: frozenset[str] = frozenset()
    status: int | None = None


@dataclass
class Record:
    """An event with everything it ever was; the last revision is what it is."""

    revisions: list[tuple[int, Body]] = field(default_factory=list)

    def at(self, version: int) -> Body | None:
        """What it was when the calendar stood at ``version``."""
        return next((body for stood, body in reversed(self.revisions) if stood <= version), None)

    @property
    def latest(self) -> Body:
        """What it is."""
        return self.revisions[-1][1]


@dataclass
class CalendarData:
    """One calendar of the account. ``version`` counts its writes."""

    id: str
    summary: str
    zone: str
    access_role: str
    primary: bool
    hidden: bool
    listed_at: int
    version: int = 0
    records: dict[str, Record] = field(default_factory=dict)
    # Deleted events that no listing tells any more; their ids stay taken.
    forgotten: set[str] = field(default_factory=set)

    def keep(self, body: Body) -> Body:
        """Write a new revision; the etag changes with every write."""
        self.version += 1
        kept = body | {"etag": f'"{3_300_000_000 + self.version * 2}"'}
        self.records.setdefault(body["id"], Record()).revisions.append((self.version, kept))
        return kept

    def latest(self, event_id: str) -> Body | None:
        """The stored event with this id, cancelled or not."""
        record = self.records.get(event_id)
        return record.latest if record else None


@dataclass(frozen=True)
class SyncPoint:
    """What a sync token stands for: where the calendar stood, and how the first list was asked."""

    calendar_id: str
    version: int
    asked: tuple[tuple[str, str], ...]
    since: str | None
    until: str | None


@dataclass(frozen=True)
class Page:
    """What a page token stands for: the rest of an answer that was put together with its first page."""

    asked: tuple[tuple[str, str], ...]
    head: Body
    items: list[Body]
    sync_token: str | None


class World:
    """Everything behind the wire. ``lock`` guards it; a request takes effect under it in one piece."""

    def __init__(self, now: datetime) -> None:
        self.lock = threading.RLock()
        self.clock = now
        self.account = "owner@example.com"
        self.violations: list[str] = []
        self.requests: list[Request] = []
        self.calendars: dict[str, CalendarData] = {}
        self.sync_points: dict[str, SyncPoint] = {}
        self.pages: dict[str, Page] = {}
        self.counter = 0
        # How many items at most stand on one page, whatever was asked for.
        self.page_limit: int | None = None
        # Every answer begins with an empty page that has a successor; the documents allow it.
        self.empty_first_page = False
        # What a list tells of cancelled events: everything; what is guaranteed (the id and, of a series, which
        # occurrence); or the id alone, which is all that a deleted event is promised to have.
        self.tombstones: Literal["full", "guaranteed", "id"] = "guaranteed"
        # Whether a list that may have a sync token gets one.
        self.gives_sync_tokens = True
        # Whether update and patch may bring a deleted event back; seen both ways in the wild.
        self.undelete = False
        # Whether the id of an event is checked against those already used, as insert normally does.
        self.detect_duplicates = True
        self.channel_ttl_limit = timedelta(days=7)

    def next_number(self) -> int:
        """Never the same twice."""
        with self.lock:
            self.counter += 1
            return self.counter

    def calendar(self, calendar_id: str) -> CalendarData:
        """The calendar; ``primary`` names the account's own. 404 when there is none."""
        if calendar_id == "primary":
            found = next((c for c in self.calendars.values() if c.primary), None)
        else:
            found = self.calendars.get(calendar_id)
        if found is None or found.access_role == "none":
            raise not_found()
        return found
