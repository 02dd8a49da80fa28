"""A Google calendar of ours on the test server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.google_server import GoogleServer
from waitlist_appliance.adapters.calendars.google import GoogleEndpoints, GoogleProvider
from waitlist_appliance.adapters.calendars.google.endpoints import Limits
from waitlist_appliance.ports import Calendar, CalendarAccess, ConsentClient

# Patient enough for a busy machine, and quick to give up where a test makes it wait.
QUICK = Limits(read=10, budget=10, pause=0.01)
HASTY = Limits(read=0.3, budget=2, pause=0.01)
CALENDAR = "tables@example.com"


@dataclass
class Kept:
    """What the adapter gave back to be stored."""

    saved: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, renewed: Mapping[str, str]) -> None:
        self.saved.append(dict(renewed))


def endpoints(server: GoogleServer) -> GoogleEndpoints:
    return GoogleEndpoints(server.url, server.auth_url, server.token_url, server.revoke_url)


def client(server: GoogleServer) -> ConsentClient:
    return ConsentClient(server.client.id, server.client.secret)


def provider(server: GoogleServer, limits: Limits = QUICK) -> GoogleProvider:
    return GoogleProvider(endpoints(server), lambda: client(server), limits)


def credentials(server: GoogleServer, expires_in: timedelta = timedelta(hours=1)) -> dict[str, str]:
    """A grant of the server's, as the consent would have kept it."""
    granted = server.grant()
    return {
        "refresh_token": granted.refresh_token, "access_token": granted.access_token,
        "expires_at": (datetime.now(UTC) + expires_in).isoformat(), "scopes": " ".join(granted.scopes),
    }  # fmt: skip


def access(
    server: GoogleServer,
    kept: Kept | None = None,
    *,
    calendar_id: str = CALENDAR,
    opens: Mapping[str, str] | None = None,
) -> CalendarAccess:
    return CalendarAccess(
        connection_id=7, calendar_id=calendar_id, url="", zone="Europe/Madrid",
        credentials=credentials(server) if opens is None else opens, keep=kept or Kept(),
    )  # fmt: skip


def google_calendar(server: GoogleServer, limits: Limits = QUICK) -> Calendar:
    """The calendar ``CALENDAR`` of a running server, let in with fresh credentials; it is created if it is not there."""
    if CALENDAR not in server.calendars:
        server.add_calendar(CALENDAR, "Tables")
    return provider(server, limits).open(access(server))
