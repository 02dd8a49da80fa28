"""A Google of our own, held against Google's description of itself after every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.adapters.google.access import CALENDAR
from tests.google_server import GoogleServer


@pytest.fixture
def server() -> Iterator[GoogleServer]:
    with GoogleServer() as google:
        google.add_calendar(CALENDAR, "Tables")
        yield google
        google.assert_clean()
