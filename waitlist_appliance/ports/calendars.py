"""Calendars: reading what is busy, writing what is ours, and being let in at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

from waitlist_appliance.ports.errors import OutsideError

# What went wrong, as one word that the texts and the connection card know. `signed_out`: the owner must connect again;
# `refused`: the account may not do this; `missing`: no such calendar; `too_fast`: asked too often; `unreachable`:
# network, time-out, 5xx; `garbage`: the answer makes no sense; `too_big`; `unsafe`: a private address or a bad
# certificate; `conflict`: somebody changed the event in between; `not_configured`: the box lacks something.
Trouble = Literal[
    "signed_out", "refused", "missing", "too_fast", "unreachable", "garbage", "too_big", "unsafe", "conflict",
    "not_configured",
]  # fmt: skip


class CalendarError(OutsideError):
    """A calendar could not be read or written. What cannot be known counts as busy.

    ``message`` is for the log and carries no secret; ``trouble`` is what people are told in their words;
    ``retry_after`` is what the provider asked for, None when it asked for nothing.
    """

    def __init__(
        self, message: str, *, retryable: bool, trouble: Trouble = "unreachable", retry_after: timedelta | None = None
    ) -> None:
        super().__init__(message, retryable=retryable)
        self.trouble: Trouble = trouble
        self.retry_after = retry_after


class SyncTokenLost(CalendarError):
    """The token is too old or unknown: everything must be read anew, which finds what was deleted meanwhile."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True, trouble="garbage")


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """One event (one occurrence of a series) as a provider tells it; times aware, [starts_at, ends_at).

    ``event_id`` is stable and unique in its calendar: a series' occurrence is named by the series and its original
    start. ``busy`` follows facts/calendar.md 1.3. ``resource`` is the public id or name that the event itself carries
    (ours do), None when it names none. ``tag`` is our own private mark (``booking:<public id>`` or ``hold:<id>``), None
    on everybody else's. ``series`` groups what one change may rewrite: Google's recurringEventId, CalDAV's href.
    """

    event_id: str
    etag: str
    title: str
    starts_at: datetime
    ends_at: datetime
    busy: bool
    resource: str | None
    tag: str | None
    series: str | None = None
    location: str = ""
    all_day: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """What a calendar told.

    ``complete``: ``events`` is everything that overlaps the span, and what is not among them is gone. Otherwise
    ``events`` are new or changed, ``gone`` are the ids of ended ones, and of each series in ``series`` only the events
    told here remain. ``token`` is where to go on next time, None when the provider has no such thing. ``zone`` is the
    calendar's own IANA zone where it tells one. ``requests`` counts what was asked over the wire.
    """

    events: Sequence[CalendarEvent]
    complete: bool
    gone: Sequence[str] = ()
    series: Sequence[str] = ()
    token: str | None = None
    zone: str | None = None
    requests: int = 1


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to write. ``event_id`` (32 hex digits) is ours, derived from its subject, so that a retry never doubles."""

    event_id: str
    title: str
    description: str
    starts_at: datetime
    ends_at: datetime
    resource: str | None
    tag: str
    tentative: bool


@dataclass(frozen=True, slots=True)
class Written:
    """Under which id and etag the provider has the event; the id differs from ours when ours was used up by a deletion."""

    event_id: str
    etag: str


class Calendar(Protocol):
    """One calendar of one connection. Every call may raise CalendarError; none is made inside a transaction."""

    def changes(self, since: datetime, until: datetime, token: str | None) -> Changes:
        """What changed since ``token``; with None everything that overlaps [since, until), cancelled ones left out.

        Nothing is told unless every page arrived. Raises SyncTokenLost when the token is no longer good.
        """

    def read(self, since: datetime, until: datetime) -> Sequence[CalendarEvent]:
        """All events that overlap [since, until) as the provider has them this moment, cancelled ones left out."""

    def find(self, event_id: str) -> CalendarEvent | None:
        """The event of ours with this id, wherever in time it lies now; None when it is gone or cancelled."""

    def write(self, event: NewEvent) -> Written:
        """Create or replace the event with this id. Writing the same event twice, also after a lost answer, leaves one."""

    def remove(self, event_id: str) -> None:
        """Remove the event; one that is already gone is fine."""


@dataclass(frozen=True, slots=True)
class CalendarAccess:
    """Everything needed to reach one calendar. ``credentials`` are decrypted; ``keep`` stores renewed ones.

    ``zone`` is the business's, for calendars that tell none. ``allow_private``: the owner allowed addresses of the
    local network.
    """

    connection_id: int
    calendar_id: str
    url: str
    zone: str
    credentials: Mapping[str, str] = field(repr=False)
    keep: Callable[[Mapping[str, str]], None] = field(repr=False)
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class CalendarChoice:
    """A calendar that an account offers; ``calendar_id`` is what the adapter wants back (Google's id, CalDAV's URL)."""

    calendar_id: str
    name: str
    zone: str | None
    writable: bool
    primary: bool = False


class CalendarProvider(Protocol):
    """A kind of calendar: google, caldav, ics, local."""

    def open(self, access: CalendarAccess) -> Calendar:
        """The calendar behind this access; no network yet. May be kept and reused, also by several threads."""

    def choices(self, access: CalendarAccess) -> Sequence[CalendarChoice]:
        """The calendars of this account, the primary first. ``access.calendar_id`` is not looked at. CalendarError."""

    def forget(self, access: CalendarAccess) -> None:
        """Give back what was granted, where the provider can take it back. CalendarError."""


@dataclass(frozen=True, slots=True)
class ConsentClient:
    """The OAuth client that the owner registered."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """What came of a consent. ``credentials`` go into the vault; always with a refresh token. ``account`` is its email
    where the provider tells it."""

    credentials: Mapping[str, str] = field(repr=False)
    scopes: frozenset[str]
    account: str | None = None


class Consent(Protocol):
    """The owner lets us in on the provider's own page (OAuth authorization code with PKCE)."""

    def url(self, client: ConsentClient, redirect_uri: str, state: str, verifier: str) -> str:
        """Where to send the owner's browser."""

    def exchange(self, client: ConsentClient, redirect_uri: str, code: str, verifier: str) -> Grant:
        """Turn the code into credentials. CalendarError: `signed_out` for a code that is no longer good, `refused` when
        a scope was not ticked or no refresh token came."""


@dataclass(frozen=True, slots=True)
class WatchChannel:
    """A channel that the provider opened; ``expires_at`` is what it granted, not what was asked for."""

    channel_id: str
    resource_id: str
    expires_at: datetime


class Push(Protocol):
    """The provider tells us that something changed."""

    def watch(self, access: CalendarAccess, channel_id: str, secret: str, address: str, ttl: timedelta) -> WatchChannel:
        """Ask for notices at ``address``, each with ``secret``. CalendarError."""

    def stop(self, access: CalendarAccess, channel_id: str, resource_id: str) -> None:
        """No more notices; a channel that is already gone is fine. CalendarError."""
