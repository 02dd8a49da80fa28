"""How tests reach a calendar behind CalDAV."""

from __future__ import annotations

from collections.abc import Mapping

from tests.radicale_server import PASSWORD, USERNAME, RadicaleServer
from waitlist_appliance.adapters.calendars.caldav import CalDavProvider
from waitlist_appliance.adapters.outward import Limits
from waitlist_appliance.ports import Calendar, CalendarAccess

# Short enough that a test of a time-out does not wait, long enough for two busy cores.
LIMITS = Limits(connect=2, read=5, total=10)


def access(
    url: str, calendar_id: str = "", *, username: str = USERNAME, password: str = PASSWORD, allow_private: bool = True
) -> CalendarAccess:
    """An access in Madrid whose credentials never change."""
    credentials = {"username": username, "password": password}
    return CalendarAccess(1, calendar_id, url, "Europe/Madrid", credentials, _keep, allow_private)


def _keep(credentials: Mapping[str, str]) -> None:
    raise AssertionError("a password is never renewed")


def open_calendar(url: str, **who: str) -> Calendar:
    """The calendar at this address, as our adapter opens it; waiting takes no time."""
    return CalDavProvider(LIMITS, pause=lambda _: None).open(access(url, url, **who))


def caldav_calendar(radicale: RadicaleServer) -> Calendar:
    """A fresh, empty calendar on the real server."""
    return open_calendar(radicale.new_calendar().url)
