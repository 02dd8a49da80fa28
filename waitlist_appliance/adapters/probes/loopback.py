"""Asking our own port, without the weight of an HTTP library."""

from __future__ import annotations

import http.client
import json
from typing import Final

from waitlist_appliance.ports.probes import Pong

SECONDS: Final = 5.0
MAX_BYTES: Final = 2000
PATH: Final = "/healthz/ping?identify"
_ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def ping(host: str, port: int) -> Pong | None:
    """What the web process on this machine says of itself; None when nothing of ours answers in time."""
    connection = http.client.HTTPConnection(_ANYWHERE.get(host, host), port, timeout=SECONDS)
    try:
        connection.request("GET", PATH)
        answer = connection.getresponse()
        return read(answer.read(MAX_BYTES)) if answer.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def read(body: bytes) -> Pong | None:
    """What it said; None for what no web process of ours says."""
    try:
        said = json.loads(body)
        return Pong(str(said["instance"]), str(said["scheme"]), str(said["caller"]))
    except (ValueError, KeyError, TypeError):
        return None
