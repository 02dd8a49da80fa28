"""A Sentry of our own: the one address that events are posted to, on this machine."""

from __future__ import annotations

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

KEY = "0123456789abcdef0123456789abcdef"


class SentryServer:
    """Keeps what it is posted. ``stalled``: it takes connections and never answers."""

    def __init__(self, *, stalled: bool = False) -> None:
        self.envelopes: list[bytes] = []
        self._over = threading.Event()
        keep, over = self.envelopes.append, self._over

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                if stalled:
                    over.wait(30)
                    return
                body = self.rfile.read(int(self.headers["Content-Length"]))
                keep(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *arguments: object) -> None:
                """Nothing on the terminal of the tests."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.dsn = f"http://{KEY}@127.0.0.1:{self._server.server_port}/7"

    def __enter__(self) -> SentryServer:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def events(self) -> list[dict[str, Any]]:
        """The payloads of all items of all envelopes."""
        found = []
        for envelope in self.envelopes:
            _, *lines = envelope.split(b"\n")
            found += [json.loads(payload) for _, payload in zip(lines[::2], lines[1::2], strict=False) if payload]
        return found
