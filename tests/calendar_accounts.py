"""Calendars to connect: a Google account of our own, an ICS file on this machine, and the box that can reach them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.adapters.google.access import client, endpoints, provider
from tests.google_server import GoogleServer
from waitlist_appliance.adapters.calendars.caldav import CalDavProvider
from waitlist_appliance.adapters.calendars.google import GoogleConsent
from waitlist_appliance.adapters.calendars.ics import IcsProvider
from waitlist_appliance.domain.records import Connection
from waitlist_appliance.services import connect_calendar
from waitlist_appliance.services.appliance import SYSTEM, Appliance

OWNER, TEAM = "owner@example.com", "team@example.com"
HOLIDAYS = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//Casa Lola//Holidays//ES\r
X-WR-CALNAME:Festivos\r
BEGIN:VEVENT\r
UID:reyes@casalola.example\r
DTSTAMP:20260101T000000Z\r
DTSTART:20260120T180000Z\r
DTEND:20260120T220000Z\r
SUMMARY:Fiesta\r
END:VEVENT\r
END:VCALENDAR\r
"""


@contextmanager
def google_account() -> Iterator[GoogleServer]:
    """An account with its own calendar; what it is asked is held against Google's description."""
    with GoogleServer() as server:
        server.add_calendar(OWNER, "Lola", primary=True)
        yield server
        server.assert_clean()


def reaches(box: Appliance, server: GoogleServer) -> None:
    """The box knows this Google, its OAuth client, and the other kinds of calendars."""
    google = provider(server)
    box.calendars = {**box.calendars, "google": google, "caldav": CalDavProvider(), "ics": IcsProvider()}
    box.push = {"google": google}
    box.consents = {"google": GoogleConsent(endpoints(server))}
    box.clients = {"google": client(server)}


def connected(box: Appliance, server: GoogleServer, now: datetime, again: str | None = None) -> Connection:
    """The owner went to Google's page, agreed, and came back."""
    url = connect_calendar.begin_google(box, "browser", connect_calendar.redirect_uri(box), now, SYSTEM, again)
    state, code = connect_calendar.parse_pasted(server.agree(url))
    return connect_calendar.finish_google(box, "browser", state, code, now, SYSTEM)


@dataclass
class Feed:
    """A file at an address; ``content`` and ``kind`` may change."""

    content: bytes = HOLIDAYS.encode()
    kind: str = "text/calendar"
    status: int = 200
    address: str = ""
    asked: list[str] = field(default_factory=list)


@contextmanager
def feed() -> Iterator[Feed]:
    """A web server on this machine with one file."""
    told = Feed()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append(self.path)
            self.send_response(told.status)
            self.send_header("Content-Type", told.kind)
            self.send_header("Content-Length", str(len(told.content)))
            self.end_headers()
            self.wfile.write(told.content)

        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    told.address = f"http://127.0.0.1:{server.server_address[1]}/private-4711/basic.ics"
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
