"""Tiny servers with the oddities of real ones: a function answers, and every question is kept."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CALENDAR = "/dav/calendar/"


@dataclass(frozen=True)
class Question:
    method: str
    path: str
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True)
class Reply:
    """``body`` as pieces is sent piece by piece, without a length."""

    status: int = 200
    body: str | bytes | Iterable[bytes] = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Quirk:
    """A running server; ``answer`` may be replaced in the middle of a test."""

    url: str
    answer: Callable[[Question], Reply]
    questions: list[Question] = field(default_factory=list)

    @property
    def calendar(self) -> str:
        return self.url + CALENDAR

    def asked(self, method: str) -> list[Question]:
        return [question for question in self.questions if question.method == method]


class _Handler(BaseHTTPRequestHandler):
    quirk: Quirk
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        question = Question(self.command, self.path, headers, body)
        self.quirk.questions.append(question)
        self._send(self.quirk.answer(question))

    do_GET = do_PUT = do_DELETE = do_PROPFIND = do_REPORT = answer

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        whole = reply.body.encode() if isinstance(reply.body, str) else reply.body
        if isinstance(whole, bytes):
            if reply.status != 304:
                self.send_header("Content-Length", str(len(whole)))
            self.end_headers()
            self.wfile.write(whole)
            return
        self.close_connection = True
        self.end_headers()
        try:
            for piece in whole:
                self.wfile.write(piece)
                self.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):
            return  # the other side had enough, which is what some tests are about

    def log_message(self, *_: object) -> None:
        """No lines in between the tests' own."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """A client that gives up is part of the tests."""


@contextmanager
def quirk(answer: Callable[[Question], Reply], certificate: Path | None = None) -> Iterator[Quirk]:
    """A server that answers with this function; over TLS with this certificate and key in one file."""
    handler = type("Handler", (_Handler,), {})
    server = _Server(("127.0.0.1", 0), handler)
    scheme = "http"
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    running = Quirk(f"{scheme}://127.0.0.1:{server.server_address[1]}", answer)
    handler.quirk = running  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def multistatus(*inside: str, token: str = "") -> Reply:
    """A 207."""
    end = f"<sync-token>{token}</sync-token>" if token else ""
    body = f'<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">{"".join(inside)}{end}</multistatus>'
    return Reply(207, body, {"Content-Type": "application/xml"})


def found(href: str, *properties: str) -> str:
    """One resource with these properties, as XML."""
    status = "<status>HTTP/1.1 200 OK</status>"
    return f"<response><href>{href}</href><propstat><prop>{''.join(properties)}</prop>{status}</propstat></response>"


def changed(name: str) -> str:
    return found(CALENDAR + name, '<getetag>"1"</getetag>')


def gone(name: str) -> str:
    return f"<response><href>{CALENDAR}{name}</href><status>HTTP/1.1 404 Not Found</status></response>"


def stored(name: str, text: str) -> str:
    return found(CALENDAR + name, '<getetag>"1"</getetag>', f"<C:calendar-data>{text}</C:calendar-data>")


def facts(sync: str = "", ctag: str = "") -> Reply:
    """What a collection tells about itself."""
    reports = "<supported-report><report><sync-collection/></report></supported-report>" if sync else ""
    told = [f"<supported-report-set>{reports}</supported-report-set>"]
    if sync:
        told.append(f"<sync-token>{sync}</sync-token>")
    if ctag:
        told.append(f'<getctag xmlns="http://calendarserver.org/ns/">{ctag}</getctag>')
    return multistatus(found(CALENDAR, *told))


def refused(status: int, precondition: str) -> Reply:
    """A refusal that names the precondition (DAV:error)."""
    body = f'<D:error xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><{precondition}/></D:error>'
    return Reply(status, body, {"Content-Type": "application/xml"})
