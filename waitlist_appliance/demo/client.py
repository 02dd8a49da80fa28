"""A caller like any other: JSON over HTTP to the demo's own server, and nothing behind its back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from typing import Any, Final
from urllib.parse import quote, urlencode

TIMEOUT_SECONDS: Final = 15.0


class Refused(Exception):
    """The server said no: method, path, status and its own words."""


class Client:
    """Calls the server on this machine with an API key."""

    def __init__(self, host: str, port: int, api_key: str) -> None:
        self._host, self._port, self._key = host, port, api_key

    def get(self, path: str, **query: object) -> dict[str, Any]:
        """The JSON answer. Raises Refused for anything but success, OSError when nobody answers."""
        return self._call("GET", f"{path}?{urlencode(query)}" if query else path, None)

    def post(self, path: str, body: dict[str, object] | None = None) -> dict[str, Any]:
        """Like get, with a JSON body."""
        return self._call("POST", path, body or {})

    def delete(self, path: str) -> dict[str, Any]:
        """Like get."""
        return self._call("DELETE", path, None)

    def answers(self) -> bool:
        """Whether the server is up and well."""
        try:
            self.get("/healthz")
        except (OSError, Refused):
            return False
        return True

    def _call(self, method: str, path: str, body: dict[str, object] | None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection = HTTPConnection(self._host, self._port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return _understood(method, path, answer.status, answer.read())
        except HTTPException as error:
            raise Refused(f"{method} {path} was not answered properly: {error!r}") from error
        finally:
            connection.close()


def _understood(method: str, path: str, status: int, raw: bytes) -> dict[str, Any]:
    if not 200 <= status < 300:
        raise Refused(f"{method} {path} was answered with {status}: {raw[:500].decode('utf-8', 'replace')}")
    found = json.loads(raw or b"{}")
    return found if isinstance(found, dict) else {"value": found}


def in_path(text: str) -> str:
    """A text that can stand in a path."""
    return quote(text, safe="")


def wait_for_answer(client: Client, seconds: float, is_over: Callable[[], bool]) -> bool:
    """Whether the server answered within so many seconds, and before it `is_over`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not is_over():
        if client.answers():
            return True
        time.sleep(0.05)
    return False
