"""httplib2 with the time-outs that we want, and no habits that we do not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httplib2

CONNECT_SECONDS = 5


class _Connecting:
    """httplib2 knows one time-out for connecting and reading; connecting gets its own here."""

    timeout: float
    sock: Any

    def connect(self) -> None:
        read, self.timeout = self.timeout, CONNECT_SECONDS
        super().connect()  # type: ignore[misc]
        self.timeout = read
        self.sock.settimeout(read)


class _Plain(_Connecting, httplib2.HTTPConnectionWithTimeout):
    pass


class _Secure(_Connecting, httplib2.HTTPSConnectionWithTimeout):
    pass


class Http(httplib2.Http):
    """Connections for one thread, to be closed after use. Follows no redirect: Google's API sends none."""

    def __init__(self, read_seconds: float) -> None:
        super().__init__(timeout=read_seconds)
        self.follow_redirects = False

    def request(
        self, uri: str, method: str = "GET", body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[Any, bytes]:
        kind = _Secure if uri.startswith("https:") else _Plain
        answer: tuple[Any, bytes] = super().request(uri, method, body, headers, connection_type=kind)
        return answer
