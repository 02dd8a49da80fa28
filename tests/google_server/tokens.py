"""Who was let in to what: clients, grants, codes and tokens."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

CODE_LIFE = timedelta(minutes=10)
ACCESS_LIFE = timedelta(seconds=3599)
TESTING_LIFE = timedelta(days=7)

CALENDAR_EVENTS = "https://www.googleapis.com/auth/calendar.events"
CALENDAR_LIST = "https://www.googleapis.com/auth/calendar.calendarlist.readonly"


@dataclass
class Client:
    """An OAuth client; one of kind desktop may come back to any port of the loopback address."""

    id: str
    secret: str
    kind: str
    redirects: set[str] = field(default_factory=set)


@dataclass
class Code:
    """An authorization code; good once, for ten minutes, for its client, address and verifier."""

    client_id: str
    redirect_uri: str
    scopes: frozenset[str]
    challenge: str | None
    offline: bool
    refreshable: bool
    made_at: datetime
    used: bool = False


@dataclass
class Refresh:
    """A refresh token."""

    client_id: str
    scopes: frozenset[str]
    made_at: datetime
    testing: bool


@dataclass
class Access:
    """An access token."""

    client_id: str
    scopes: frozenset[str]
    expires_at: datetime
    refresh_token: str | None


@dataclass(frozen=True)
class Granted:
    """A ready-made grant for tests that do not walk through the consent page."""

    refresh_token: str
    access_token: str
    expires_at: datetime
    scopes: frozenset[str]


class Tokens:
    """Everything that the sign-in side knows, and the knobs for its consent page."""

    def __init__(self) -> None:
        self.clients: dict[str, Client] = {}
        self.codes: dict[str, Code] = {}
        self.refresh: dict[str, Refresh] = {}
        self.access: dict[str, Access] = {}
        self.consented: set[str] = set()
        # The consent page: the owner says no, or leaves these boxes empty.
        self.deny = False
        self.untick: set[str] = set()
        # Each refresh gives a new refresh token and ends the old one.
        self.rotate = False
        # The project is in "Testing": refresh tokens die after seven days.
        self.testing = False
        self.access_life = ACCESS_LIFE

    def new_access(self, client_id: str, scopes: frozenset[str], refresh: str | None, now: datetime) -> str:
        """A new access token."""
        token = f"ya29.a0{secrets.token_urlsafe(24)}"
        self.access[token] = Access(client_id, scopes, now + self.access_life, refresh)
        return token

    def new_refresh(self, client_id: str, scopes: frozenset[str], now: datetime) -> str:
        """A new refresh token; slashes in it are usual."""
        token = f"1//0{secrets.token_urlsafe(24)}"
        self.refresh[token] = Refresh(client_id, scopes, now, self.testing)
        return token

    def scopes_of(self, token: str, now: datetime) -> frozenset[str] | None:
        """What this access token is good for now; None when it is not good at all."""
        known = self.access.get(token)
        return known.scopes if known and known.expires_at > now else None

    def take_back(self, client_id: str) -> None:
        """The owner lets this client in no longer: every token of it ends."""
        self.refresh = {k: v for k, v in self.refresh.items() if v.client_id != client_id}
        self.access = {k: v for k, v in self.access.items() if v.client_id != client_id}
        self.consented.discard(client_id)
