"""A calendar provider in memory, for what every outside calendar has in common: tokens, troubles, other people's edits.

It stands beside the adapters in tests of the use cases; what is particular to Google or CalDAV is tested there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from waitlist_appliance.ports import (
    Calendar,
    CalendarAccess,
    CalendarChoice,
    CalendarError,
    CalendarEvent,
    Changes,
    NewEvent,
    SyncTokenLost,
    WatchChannel,
    Written,
)


@dataclass
class MemoryCalendar:
    """ports.CalendarProvider, Calendar and Push in one. ``trouble`` is raised by what ``failing`` names."""

    incremental: bool = True
    events: dict[str, CalendarEvent] = field(default_factory=dict)
    journal: list[str] = field(default_factory=list)
    oldest: int = 0
    failing: frozenset[str] = frozenset()
    trouble: CalendarError | None = None
    asked: list[str] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    before_answer: Callable[[str], None] = lambda what: None
    after_write: Callable[[], None] = lambda: None
    used_up: set[str] = field(default_factory=set)
    channels: dict[str, str] = field(default_factory=dict)
    forgotten: int = 0

    # --- what people do in the calendar app

    def put(
        self, event_id: str, starts_at: datetime, ends_at: datetime, title: str = "Fiesta", **more: object
    ) -> CalendarEvent:
        """Somebody adds or changes an event."""
        before = self.events.get(event_id)
        version = int(before.etag) + 1 if before else 1
        values: dict[str, object] = {"busy": True, "resource": None, "tag": None} | more
        self.events[event_id] = CalendarEvent(event_id, str(version), title, starts_at, ends_at, **values)  # type: ignore[arg-type]
        self.journal.append(event_id)
        return self.events[event_id]

    def move(self, event_id: str, by: timedelta) -> None:
        """Somebody drags an event, ours too, to another time."""
        event = self.events[event_id]
        self.events[event_id] = replace(
            event, starts_at=event.starts_at + by, ends_at=event.ends_at + by, etag=str(int(event.etag) + 1)
        )
        self.journal.append(event_id)

    def delete(self, event_id: str) -> None:
        del self.events[event_id]
        self.used_up.add(event_id)
        self.journal.append(event_id)

    def ours(self) -> list[CalendarEvent]:
        """What the box wrote, by start."""
        return sorted((e for e in self.events.values() if e.tag), key=lambda e: (e.starts_at, e.event_id))

    def fails(self, *what: str, error: CalendarError | None = None) -> None:
        """``changes``, ``read``, ``find``, ``write``, ``remove`` go wrong from now on; nothing does without arguments."""
        self.failing = frozenset(what)
        self.trouble = error or CalendarError("the network is away", retryable=True)

    # --- the port

    def open(self, access: CalendarAccess) -> Calendar:
        return self

    def choices(self, access: CalendarAccess) -> Sequence[CalendarChoice]:
        return [CalendarChoice("main", "Casa Lola", "Europe/Madrid", writable=True, primary=True)]

    def forget(self, access: CalendarAccess) -> None:
        self._fail("forget")
        self.forgotten += 1

    def changes(self, since: datetime, until: datetime, token: str | None) -> Changes:
        self._fail("changes")
        self.tokens.append(token)
        new_token = str(len(self.journal)) if self.incremental else None
        if token is None:
            answer = Changes(self._within(since, until), complete=True, token=new_token, zone="Europe/Madrid")
        else:
            answer = self._since(int(token), new_token)
        self.before_answer("changes")
        return answer

    def read(self, since: datetime, until: datetime) -> Sequence[CalendarEvent]:
        self._fail("read")
        return self._within(since, until)

    def find(self, event_id: str) -> CalendarEvent | None:
        self._fail("find")
        return self.events.get(event_id)

    def write(self, event: NewEvent) -> Written:
        self._fail("write")
        event_id = f"{event.event_id[:-1]}g" if event.event_id in self.used_up else event.event_id
        before = self.events.get(event_id)
        etag = str(int(before.etag) + 1 if before else 1)
        self.events[event_id] = CalendarEvent(
            event_id, etag, event.title, event.starts_at, event.ends_at, True, event.resource, event.tag,
            location=event.description,
        )  # fmt: skip
        self.journal.append(event_id)
        self.after_write()
        return Written(event_id, etag)

    def remove(self, event_id: str) -> None:
        self._fail("remove")
        if event_id in self.events:
            self.delete(event_id)

    def watch(self, access: CalendarAccess, channel_id: str, secret: str, address: str, ttl: timedelta) -> WatchChannel:
        self.asked.append(f"watch {address}")
        self._fail("watch")
        self.channels[channel_id] = secret
        return WatchChannel(channel_id, f"of-{channel_id}", self.expires_at)

    def stop(self, access: CalendarAccess, channel_id: str, resource_id: str) -> None:
        self._fail("stop")
        assert resource_id == f"of-{channel_id}"
        self.channels.pop(channel_id, None)

    expires_at: datetime = field(default_factory=lambda: datetime.max)

    def _within(self, since: datetime, until: datetime) -> list[CalendarEvent]:
        found = [e for e in self.events.values() if e.ends_at > since and e.starts_at < until]
        return sorted(found, key=lambda e: (e.starts_at, e.event_id))

    def _since(self, position: int, token: str | None) -> Changes:
        if position < self.oldest:
            raise SyncTokenLost("the token is too old")
        touched = dict.fromkeys(self.journal[position:])
        told = [self.events[event_id] for event_id in touched if event_id in self.events]
        return Changes(
            told, complete=False, gone=[event_id for event_id in touched if event_id not in self.events], token=token
        )

    def _fail(self, what: str) -> None:
        self.asked.append(what)
        if what in self.failing and self.trouble is not None:
            raise self.trouble
