"""Real Radicale for what every server does."""

from __future__ import annotations

import pytest

from tests.adapters.caldav.access import open_calendar
from tests.radicale_server import RadicaleServer, StaffCalendar, running
from waitlist_appliance.ports import Calendar


@pytest.fixture(scope="session")
def radicale() -> RadicaleServer:
    return running()


@pytest.fixture
def staff(radicale: RadicaleServer) -> StaffCalendar:
    """A fresh calendar in the hands of staff."""
    return radicale.new_calendar()


@pytest.fixture
def ours(staff: StaffCalendar) -> Calendar:
    """The same calendar as our adapter sees it."""
    return open_calendar(staff.url)
