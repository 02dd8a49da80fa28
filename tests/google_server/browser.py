"""The server's own way out: a browser that follows nothing, and the sender of notices."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit


def call(method: str, address: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str]]:
    """One request without a body; the status and the headers that came back."""
    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=10)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, path, body=b"" if method == "POST" else None, headers=headers or {})
        answer = connection.getresponse()
        answer.read()
        return answer.status, dict(answer.getheaders())
    finally:
        connection.close()
