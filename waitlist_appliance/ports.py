"""What lies outside the box, as Protocols: calendars, messengers, timers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class OutsideError(Exception):
    """An outside service failed. ``retryable`` is the one decision it carries."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable


class CalendarError(OutsideError):
    """A calendar could not be read or written. What cannot be known counts as busy."""


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """One event as a provider tells it. ``resource`` is the resource's public id or name, None when it names none;
    ``tag`` is our own private mark (``booking:…`` or ``hold:…``), None on everybody else's events."""

    event_id: str
    etag: str
    title: str
    starts_at: datetime
    ends_at: datetime
    busy: bool
    resource: str | None
    tag: str | None


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to write. ``event_id`` is ours, derived from its subject, so that a retry never doubles."""

    event_id: str
    title: str
    description: str
    starts_at: datetime
    ends_at: datetime
    resource: str | None
    tag: str
    tentative: bool


class Calendar(Protocol):
    """A calendar provider. Every call may raise CalendarError; none is made inside a transaction."""

    def read(self, since: datetime, until: datetime) -> Sequence[CalendarEvent]:
        """All events that overlap [since, until), cancelled ones left out."""

    def write(self, event: NewEvent) -> str:
        """Create or replace the event with this id; its etag. Writing the same event twice leaves one."""

    def remove(self, event_id: str) -> None:
        """Remove the event; one that is already gone is fine."""


class DeliveryError(OutsideError):
    """A message was not taken. ``account_fault`` means that nothing can be sent to anybody."""

    def __init__(self, message: str, *, retryable: bool, account_fault: bool = False) -> None:
        super().__init__(message, retryable=retryable)
        self.account_fault = account_fault


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready to be handed over. ``key`` is the same at every attempt, so that a provider can tell repeats."""

    key: str
    channel: str
    address: str
    subject: str | None
    body: str
    attachment: bytes | None = None


class Messenger(Protocol):
    """A way to reach a customer on one channel."""

    def send(self, letter: Letter, now: datetime) -> str:
        """Hand the letter over; the provider's id for it. Raises DeliveryError."""


class Timers(Protocol):
    """The clock of the box. Every ring may be lost, doubled, early or late: the database is the truth."""

    def deliver(self) -> None:
        """Some message is due."""

    def write_calendar(self) -> None:
        """Some calendar write is due."""

    def expire_offers(self, at: datetime) -> None:
        """Some offer ends at ``at``."""

    def check_slots(self, at: datetime) -> None:
        """Some slot is due for a check at ``at``."""

    def sync(self, connection_id: int) -> None:
        """A calendar should be read now."""


class SilentTimers:
    """Timers that ring nobody: for the command line and for tests, where the sweep finds everything."""

    def deliver(self) -> None: ...

    def write_calendar(self) -> None: ...

    def expire_offers(self, at: datetime) -> None: ...

    def check_slots(self, at: datetime) -> None: ...

    def sync(self, connection_id: int) -> None: ...
