"""Looking at a box from outside, over real sockets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.served import served
from tests.smtp_server import OddServer
from tests.tls_proxy import DAY, Authority, proxy
from waitlist_appliance.adapters.probes import NetworkProbes
from waitlist_appliance.ports.probes import Unreachable
from waitlist_appliance.services.appliance import Appliance

PROBES = NetworkProbes()


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """Everybody on this machine trusts it."""
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


@pytest.fixture
def port(box: Appliance) -> Iterator[int]:
    """A web server of ours."""
    with served(box) as found:
        yield found


@contextmanager
def stranger(body: bytes, *, date: str | None = None) -> Iterator[int]:
    """A web server of somebody else's, with a clock of its own, or none."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            if date is not None:
                self.send_header("Date", date)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else body)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Tests are quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_our_own_port_says_who_answers_and_how_it_was_asked(port: int, host: str) -> None:
    first, second = PROBES.ping(host, port), PROBES.ping(host, port)
    assert first is not None
    assert first == second
    assert (first.scheme, first.caller) == ("http", "127.0.0.1")
    assert len(first.instance) == 16


def test_what_is_not_ours_is_nobody() -> None:
    with stranger(b'{"status":"ok"}') as port:
        assert PROBES.ping("127.0.0.1", port) is None
    assert PROBES.ping("127.0.0.1", closed_port()) is None


def test_what_speaks_no_http_is_nobody() -> None:
    with OddServer(b"220 mail.example.org ESMTP\r\n", hang_up=True) as server:
        assert PROBES.ping("127.0.0.1", server.port) is None


def test_the_public_address_is_asked_as_a_stranger_would(port: int) -> None:
    found = PROBES.reach(f"http://127.0.0.1:{port}/", "192.0.2.77")
    assert (found.status, found.at_home) == (200, True)
    assert found.pong == PROBES.ping("127.0.0.1", port)


def test_an_address_that_nobody_answers_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        PROBES.reach(f"http://127.0.0.1:{closed_port()}", "192.0.2.77")


def test_a_good_certificate_is_read(authority: Authority) -> None:
    with proxy(authority.certificate(ends=5 * DAY), closed_port()) as port:
        found = PROBES.certificate("localhost", port)
    assert found.trouble is None
    assert timedelta(days=4) < found.until - datetime.now(UTC) < timedelta(days=5)
    assert (found.issuer, found.names) == ("Casa Lola's authority", ("localhost", "127.0.0.9"))


@pytest.mark.parametrize(
    ("host", "begins", "ends", "trouble"),
    [
        ("localhost", -30 * DAY, -DAY, "expired"),
        ("localhost", DAY, 30 * DAY, "expired"),
        ("somebody.example", -DAY, 30 * DAY, "name"),
    ],
)
def test_a_certificate_that_is_not_good_is_read_all_the_same(
    authority: Authority, host: str, begins: timedelta, ends: timedelta, trouble: str
) -> None:
    with proxy(authority.certificate(host, begins, ends), closed_port()) as port:
        found = PROBES.certificate("localhost", port)
    assert (found.trouble, found.names[0]) == (trouble, host)


def test_a_certificate_that_nobody_vouches_for_is_untrusted(tmp_path: Path) -> None:
    with proxy(Authority(tmp_path).certificate(), closed_port()) as port:
        assert PROBES.certificate("localhost", port).trouble == "untrusted"


def test_a_port_without_tls_shows_no_certificate() -> None:
    with OddServer(b"220 mail.example.org ESMTP\r\n", hang_up=True) as server, pytest.raises(Unreachable):
        PROBES.certificate("127.0.0.1", server.port)


def test_a_servers_clock_is_compared_with_ours() -> None:
    with stranger(b"", date="Thu, 01 Jan 2026 12:00:00 GMT") as port:
        found = PROBES.clocks(f"http://127.0.0.1:{port}/some/path", allow_private=True)
    assert found.theirs == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert abs(found.ours - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_server_that_tells_no_time_is_unreachable() -> None:
    with stranger(b"") as port, pytest.raises(Unreachable, match="what time"):
        PROBES.clocks(f"http://127.0.0.1:{port}/", allow_private=True)
