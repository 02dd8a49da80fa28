"""The tokens of one connection: renewed by one thread at a time, and what is renewed is kept at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import google_auth_httplib2
from google.oauth2.credentials import Credentials

from waitlist_appliance.adapters.calendars.google import errors
from waitlist_appliance.adapters.calendars.google.endpoints import GoogleEndpoints, Limits
from waitlist_appliance.adapters.calendars.google.transport import Http
from waitlist_appliance.ports.calendars import CalendarAccess, ConsentClient

# An access token is renewed this long before it ends, so that it does not end on the way.
MARGIN = timedelta(minutes=4)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What opens the account; ``expires_at`` is that of the access token, None when unknown (then it is renewed)."""

    refresh: str = field(repr=False)
    access: str = field(repr=False, default="")
    expires_at: datetime | None = None

    @classmethod
    def kept(cls, credentials: Mapping[str, str]) -> Tokens:
        """Out of what ``Session`` and the consent keep."""
        expires_at = _aware(credentials.get("expires_at", ""))
        return cls(credentials.get("refresh_token", ""), credentials.get("access_token", ""), expires_at)

    def fresh(self, now: datetime) -> bool:
        return bool(self.access) and self.expires_at is not None and now < self.expires_at - MARGIN


class Session:
    """Shared by all threads that use a connection."""

    def __init__(
        self,
        access: CalendarAccess,
        endpoints: GoogleEndpoints,
        limits: Limits,
        client: Callable[[], ConsentClient | None],
    ) -> None:
        self.limits = limits
        self._endpoints = endpoints
        self._client = client
        self._keep = access.keep
        self._tokens = Tokens.kept(access.credentials)
        self._replaced: set[str] = set()
        self._unkept: dict[str, str] = {}
        self._renewals = 0
        self._failure: errors.GoogleError | None = None
        self._lock = threading.Lock()

    def meet(self, access: CalendarAccess) -> None:
        """Go on with what is stored now, which is another account's after a new consent. An older reading of what was
        replaced meanwhile changes nothing."""
        self._keep = access.keep
        stored = Tokens.kept(access.credentials)
        if stored.refresh == self._tokens.refresh:
            return
        with self._lock:
            if stored.refresh not in (self._tokens.refresh, *self._replaced):
                self._tokens = stored
                self._unkept.clear()

    def token(self, rejected: str | None = None) -> str:
        """An access token that is good, and is not the ``rejected`` one. Whoever waited while another thread renewed it
        takes what came of that, good or bad. GoogleError."""
        renewals = self._renewals
        with self._lock:
            if self._tokens.access == rejected or not self._tokens.fresh(datetime.now(UTC)):
                if self._renewals == renewals or self._failure is None:
                    self._renew()
                if self._failure is not None:
                    raise errors.again(self._failure)
            self._store()
            return self._tokens.access

    def _renew(self) -> None:
        self._failure = None
        try:
            self._take(self._refreshed())
        except errors.GoogleError as failure:
            self._failure = failure
        # counted when it is over: whoever began to wait before then takes what came of it
        self._renewals += 1

    def _take(self, renewed: Tokens) -> None:
        self._unkept["access_token"] = renewed.access
        self._unkept["expires_at"] = renewed.expires_at.isoformat() if renewed.expires_at else ""
        if renewed.refresh != self._tokens.refresh:
            # told only when it changed: a new consent may have stored another one this very moment
            self._unkept["refresh_token"] = renewed.refresh
            self._replaced.add(self._tokens.refresh)
        self._tokens = renewed

    def _store(self) -> None:
        """Tried again at every use until it works: a refresh token that was replaced must not be lost."""
        if self._unkept:
            self._keep(dict(self._unkept))
            self._unkept.clear()

    def _refreshed(self) -> Tokens:
        if not self._tokens.refresh:
            raise errors.GoogleError("nothing is kept that opens this account", "signed_out")
        client = self._client()
        if client is None:
            raise errors.GoogleError("no OAuth client is set up", "not_configured")
        old = Credentials(  # type: ignore[no-untyped-call]
            None, refresh_token=self._tokens.refresh, token_uri=self._endpoints.token_url,
            client_id=client.client_id, client_secret=client.client_secret,
        )  # fmt: skip
        return Tokens(*self._ask_for_token(old))

    def _ask_for_token(self, credentials: Credentials) -> tuple[str, str, datetime | None]:
        http = Http(self.limits.read)
        try:
            credentials.refresh(google_auth_httplib2.Request(http))  # type: ignore[no-untyped-call]
        except errors.RAISED as error:
            raise errors.from_google(error) from None
        except (TypeError, AttributeError):
            # google-auth takes any answer for an object
            raise errors.garbage("no token") from None
        finally:
            http.close()
        # google-auth's expiry is naive and means UTC; a refresh token that was not told anew stays
        expires_at = credentials.expiry.replace(tzinfo=UTC) if credentials.expiry else None
        return credentials.refresh_token or self._tokens.refresh, credentials.token or "", expires_at


def _aware(told: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
