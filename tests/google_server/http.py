"""The wire: real HTTP/1.1 on the loopback address, with answers that can be late, cut short or missing."""

from __future__ import annotations

import json
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.google_server.faults import Fault
from tests.google_server.pipeline import Reply
from tests.google_server.state import Request

# Decides about one request: its answer, and the fault that strikes the answer on its way.
Answer = Callable[[Request], tuple[Reply | None, Fault | None]]


class Wire(ThreadingHTTPServer):
    """Serves until closed; closing frees every connection, also those that hang."""

    daemon_threads = False
    block_on_close = True

    def __init__(self, answer: Answer, broken: Callable[[str], None]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.broken = broken
        self.closing = threading.Event()
        self.open_sockets: set[socket.socket] = set()
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,), name="google-server")

    def start(self) -> None:
        """Serve in a thread of its own."""
        self.thread.start()

    def stop(self) -> None:
        """Stop serving and wait for every thread."""
        self.closing.set()
        self.shutdown()
        self.thread.join()
        for connection in list(self.open_sockets):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open_sockets.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open_sockets.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            self.broken(traceback.format_exc())


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Wire

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed."""

    def _handle(self) -> None:
        request = self._read()
        reply, fault = self.server.answer(request)
        if fault is not None and fault.kind in ("hang_after", "slow"):
            self.server.closing.wait(fault.seconds)
        if reply is None:
            self._cut()
            return
        request.status = reply.status
        self._write(reply, cut_short=fault is not None and fault.kind == "truncated")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle

    def _read(self) -> Request:
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        body = _body(raw, self.headers.get_content_type())
        return Request(self.command, parts.path, dict(pairs), pairs, self.headers, body, raw)

    def _write(self, reply: Reply, *, cut_short: bool) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status not in (204, 304):
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body[: len(reply.body) // 2] if cut_short else reply.body)
        if cut_short:
            self._cut()

    def _cut(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


def _body(raw: bytes, kind: str) -> Any:
    if not raw:
        return None
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(raw.decode(), keep_blank_values=True))
    try:
        return json.loads(raw)
    except ValueError:
        return None
