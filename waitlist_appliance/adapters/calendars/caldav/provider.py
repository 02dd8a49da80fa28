"""CalDAV accounts: user name (or email) and app password, and the address that their owner was told."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from waitlist_appliance.adapters.calendars.caldav import discovery
from waitlist_appliance.adapters.calendars.caldav.calendar import CalDavCalendar
from waitlist_appliance.adapters.calendars.caldav.server import Server
from waitlist_appliance.adapters.outward import USUAL, Limits, web_address
from waitlist_appliance.ports import Calendar, CalendarAccess, CalendarChoice, CalendarError

KEPT: Final = 32


class CalDavProvider:
    """ports.CalendarProvider. ``limits`` and ``pause`` are for tests that cannot wait."""

    def __init__(self, limits: Limits = USUAL, pause: Callable[[float], None] = time.sleep) -> None:
        self._limits = limits
        self._pause = pause
        # Kept, because each learns its zone and its owner's addresses once, and its connections stay open.
        self._kept = lru_cache(maxsize=KEPT)(self._calendar)

    def open(self, access: CalendarAccess) -> Calendar:
        """The calendar whose address is ``access.calendar_id``. CalendarError when that is none that we may reach."""
        if not access.calendar_id:
            raise CalendarError("no calendar was chosen yet", retryable=False, trouble="not_configured")
        username, password = _signature(access)
        return self._kept(web_address(access.calendar_id), username, password, access.allow_private, access.zone)

    def choices(self, access: CalendarAccess) -> Sequence[CalendarChoice]:
        """The calendars of the account that hold events, found from ``access.url``."""
        address = web_address(access.url)
        server = self._server(address, *_signature(access), access.allow_private)
        return discovery.choices(server, address)

    def forget(self, access: CalendarAccess) -> None:
        """A password is not granted, so there is nothing to give back: its owner takes an app password back there."""

    def _calendar(self, address: str, username: str, password: str, allow_private: bool, zone: str) -> CalDavCalendar:
        server = self._server(address, username, password, allow_private)
        return CalDavCalendar(server, address, zone, username)

    def _server(self, address: str, username: str, password: str, allow_private: bool) -> Server:
        return Server(address, username, password, allow_private, limits=self._limits, pause=self._pause)


def _signature(access: CalendarAccess) -> tuple[str, str]:
    return access.credentials.get("username", ""), access.credentials.get("password", "")
