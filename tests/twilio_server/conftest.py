"""The server, and Twilio's own client on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.twilio_server import TwilioServer
from tests.twilio_server.hook import Hook
from tests.twilio_server.real_client import client


@pytest.fixture
def twilio() -> Iterator[TwilioServer]:
    """An account with one number."""
    with TwilioServer() as server:
        yield server


@pytest.fixture
def rest(twilio: TwilioServer) -> Iterator[Any]:
    """Twilio's client with the account's token."""
    made = client(twilio)
    yield made
    made.http_client.close()


@pytest.fixture
def hook(twilio: TwilioServer) -> Hook:
    """Where the server posts to."""
    made = Hook(twilio.auth_token)
    twilio.postman.transport = made
    return made
