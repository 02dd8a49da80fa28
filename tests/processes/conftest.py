"""What the tests of real processes share."""

from __future__ import annotations

import socket

import pytest


@pytest.fixture
def port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
