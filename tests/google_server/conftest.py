"""The server, and Google's own client on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.google_server import GoogleServer
from tests.google_server.real_client import TEAM, client


@pytest.fixture
def google() -> Iterator[GoogleServer]:
    """An account with its own calendar and one more."""
    with GoogleServer() as server:
        server.add_calendar("owner@example.com", "Owner", primary=True)
        server.add_calendar(TEAM, "Casa Lola")
        yield server


@pytest.fixture
def service(google: GoogleServer) -> Iterator[Any]:
    """Google's client with a token for events and the calendar list."""
    made = client(google, google.grant().access_token)
    yield made
    made.close()
