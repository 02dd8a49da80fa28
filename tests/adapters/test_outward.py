"""The one way out: whom we speak to, for how long, and to whom the password goes."""

from __future__ import annotations

import gzip
import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.adapters.caldav.quirks import Question, Quirk, Reply, quirk
from waitlist_appliance.adapters.outward import Answer, Limits, Origin, Outward, retry_after, web_address
from waitlist_appliance.adapters.outward_sockets import may_connect
from waitlist_appliance.ports import CalendarError

PASSWORD = "Basic YW5hOnNlY3JldA=="
QUICK = Limits(connect=2, read=0.3, total=0.6)


@pytest.fixture
def server() -> Iterator[Quirk]:
    with quirk(lambda _: Reply(200, "hello")) as running:
        yield running


@pytest.fixture
def elsewhere() -> Iterator[Quirk]:
    with quirk(lambda _: Reply(200, "elsewhere")) as running:
        yield running


def way_out(server: Quirk, **more: Any) -> Outward:
    more = {"allow_private": True, "home": Origin.of(server.url), "authorization": PASSWORD, **more}
    return Outward(**more)


def trouble(outward: Outward, url: str, method: str = "GET") -> str:
    with pytest.raises(CalendarError) as failure:
        outward.ask(method, url, body=b"x" if method == "PUT" else None)
    return failure.value.trouble


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "0.0.0.0", "169.254.169.254", "::1", "fe80::1%eth0",
     "fc00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.1", "192.0.0.192", "fd00:ec2::254"],
)  # fmt: skip
def test_addresses_of_the_local_network_are_refused(address: str) -> None:
    assert not may_connect(address, encrypted=True, allow_private=False)


@pytest.mark.parametrize("address", ["192.168.1.1", "127.0.0.1", "fc00::1", "::1", "100.64.0.1"])
def test_the_owner_may_allow_the_local_network_also_without_encryption(address: str) -> None:
    assert may_connect(address, encrypted=False, allow_private=True)


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "100.100.100.200", "0.0.0.0"]
)
def test_where_clouds_keep_their_secrets_is_never_allowed(address: str) -> None:
    assert not may_connect(address, encrypted=True, allow_private=True)


@pytest.mark.parametrize("allowed", [True, False])
def test_public_addresses_are_spoken_to_with_encryption_only(allowed: bool) -> None:
    assert may_connect("93.184.216.34", encrypted=True, allow_private=allowed)
    assert not may_connect("93.184.216.34", encrypted=False, allow_private=allowed)
    assert may_connect("2606:2800:220:1::1", encrypted=True, allow_private=allowed)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f000001", "2130706433", "127.1"])
def test_no_spelling_of_a_local_address_gets_through(server: Quirk, host: str) -> None:
    port = Origin.of(server.url).port
    assert trouble(way_out(server, allow_private=False), f"http://{host}:{port}/") == "unsafe"
    assert server.questions == []


def test_a_name_that_leads_into_the_local_network_is_refused(server: Quirk, monkeypatch: pytest.MonkeyPatch) -> None:
    lookups = _leads_here(monkeypatch)
    url = f"https://calendar.example:{Origin.of(server.url).port}/"
    assert trouble(way_out(server, allow_private=False), url) == "unsafe"
    assert (lookups, server.questions) == (["calendar.example"], [])


def test_a_name_is_looked_up_once_so_that_it_cannot_lead_elsewhere_the_second_time(
    server: Quirk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookups = _leads_here(monkeypatch)
    way_out(server).ask("GET", f"http://calendar.example:{Origin.of(server.url).port}/")
    assert lookups == ["calendar.example"]


def _leads_here(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Makes calendar.example a name of this machine; the list fills with every look-up of it."""
    real, lookups = socket.getaddrinfo, []

    def look_up(host: Any, *rest: Any, **more: Any) -> Any:
        if host == "calendar.example":
            lookups.append(host)
            host = "127.0.0.1"
        return real(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return lookups


def test_a_redirect_to_where_clouds_keep_their_secrets_is_refused(server: Quirk) -> None:
    server.answer = lambda _: Reply(302, "", {"Location": "http://169.254.169.254/latest/meta-data/"})
    assert trouble(way_out(server), server.url) == "unsafe"


def test_a_password_goes_home_and_nowhere_else(server: Quirk, elsewhere: Quirk) -> None:
    server.answer = lambda _: Reply(301, "", {"Location": elsewhere.url + "/dav"})
    assert way_out(server).ask("PROPFIND", server.url).body == b"elsewhere"
    assert server.questions[0].headers["authorization"] == PASSWORD
    assert "authorization" not in elsewhere.questions[0].headers
    assert elsewhere.questions[0].method == "PROPFIND"


def test_a_password_follows_a_redirect_within_its_home(server: Quirk) -> None:
    def answer(question: Question) -> Reply:
        return Reply(301, "", {"Location": "/dav"}) if question.path == "/" else Reply(200, "in")

    server.answer = answer
    assert way_out(server).ask("GET", server.url + "/").body == b"in"
    assert server.questions[1].headers["authorization"] == PASSWORD


def test_what_we_write_is_not_sent_on_to_strangers(server: Quirk, elsewhere: Quirk) -> None:
    server.answer = lambda _: Reply(307, "", {"Location": elsewhere.url})
    assert trouble(way_out(server), server.url, "PUT") == "unsafe"
    assert elsewhere.questions == []


def test_a_circle_of_redirects_ends(server: Quirk) -> None:
    server.answer = lambda _: Reply(302, "", {"Location": "/again"})
    assert trouble(way_out(server), server.url) == "garbage"
    assert len(server.questions) == 6


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that nobody vouches for, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    signed = (
        made.not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + signed.public_bytes(serialization.Encoding.PEM)
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    file.write_bytes(pem)
    return file


def test_a_certificate_that_nobody_vouches_for_is_unsafe(certificate: Path) -> None:
    with quirk(lambda _: Reply(), certificate) as server:
        assert trouble(way_out(server), server.url) == "unsafe"
        assert server.questions == []


def test_a_certificate_is_checked_whatever_the_environment_says(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", os.fspath(certificate))
    monkeypatch.setenv("CURL_CA_BUNDLE", os.fspath(certificate))
    with quirk(lambda _: Reply(), certificate) as server:
        assert trouble(way_out(server), server.url) == "unsafe"


def test_encryption_is_never_given_up_by_a_redirect() -> None:
    from waitlist_appliance.adapters.outward import _redirected

    with pytest.raises(CalendarError) as failure:
        _redirected("GET", "https://calendar.example/a", "http://calendar.example/a", 301)
    assert failure.value.trouble == "unsafe"


def test_no_proxy_of_the_machine_is_used(server: Quirk, elsewhere: Quirk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, elsewhere.url)
    monkeypatch.delenv("no_proxy", raising=False)
    assert way_out(server).ask("GET", server.url).body == b"hello"
    assert elsewhere.questions == []


def test_cookies_are_neither_kept_nor_sent(server: Quirk) -> None:
    server.answer = lambda _: Reply(200, "", {"Set-Cookie": "session=1"})
    outward = way_out(server)
    outward.ask("GET", server.url)
    outward.ask("GET", server.url)
    assert "cookie" not in server.questions[1].headers


def test_a_user_name_in_an_address_is_not_sent(server: Quirk) -> None:
    url = server.url.replace("http://", "http://eve:evil@")
    way_out(server, authorization=None).ask("GET", url)
    assert "authorization" not in server.questions[0].headers


def test_an_answer_that_is_compressed_all_the_same_is_read(server: Quirk) -> None:
    server.answer = lambda _: Reply(200, gzip.compress(b"hello"), {"Content-Encoding": "gzip"})
    assert way_out(server).ask("GET", server.url).body == b"hello"


def test_a_small_answer_that_unfolds_to_a_huge_one_is_too_big(server: Quirk) -> None:
    bomb = gzip.compress(b"x" * 50_000_000)
    server.answer = lambda _: Reply(200, bomb, {"Content-Encoding": "gzip"})
    assert trouble(way_out(server), server.url) == "too_big"


def test_several_threads_may_ask_at_once(server: Quirk) -> None:
    outward = way_out(server)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: outward.ask("GET", server.url).body, range(40)))
    assert answers == [b"hello"] * 40


def test_a_slow_drip_of_bytes_ends_when_the_time_is_up(server: Quirk) -> None:
    stop = Event()

    def drip() -> Iterator[bytes]:
        while not stop.wait(0.05):
            yield b"."

    server.answer = lambda _: Reply(200, drip())
    began = time.monotonic()
    assert trouble(way_out(server, limits=QUICK), server.url) == "unreachable"
    stop.set()
    assert time.monotonic() - began < 3


def test_a_slow_drip_of_header_lines_ends_when_the_time_is_up() -> None:
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as listening, _dripping(listening) as url:
        assert trouble(Outward(allow_private=True, limits=QUICK), url) == "unreachable"
    assert time.monotonic() - began < 3


class _dripping:
    """Answers one question with a header that never ends, a byte at a time."""

    def __init__(self, listening: socket.socket) -> None:
        from threading import Thread

        self._listening, self._stop = listening, Event()
        self._thread = Thread(target=self._drip)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}/"

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _drip(self) -> None:
        client, _ = self._listening.accept()
        with client:
            client.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
            while not self._stop.wait(0.05):
                try:
                    client.sendall(b".")
                except OSError:
                    return


def test_a_server_that_says_nothing_is_given_up(server: Quirk) -> None:
    stop = Event()

    def silent(_: Question) -> Reply:
        stop.wait(5)
        return Reply()

    server.answer = silent
    assert trouble(way_out(server, limits=QUICK), server.url) == "unreachable"
    stop.set()


def test_a_server_that_is_not_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert trouble(Outward(allow_private=True), f"http://127.0.0.1:{port}/") == "unreachable"


@pytest.mark.parametrize(
    "url", ["ftp://calendar.example/", "file:///etc/passwd", "http://", "https://a b/", "http://x:99999/", "nonsense"]
)
def test_what_is_no_web_address_is_told_so(url: str) -> None:
    assert trouble(Outward(allow_private=True), url) == "missing"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("cloud.example", "https://cloud.example/"), (" webcal://a.example/x.ics ", "https://a.example/x.ics"),
     ("caldavs://eve:evil@a.example/dav#x", "https://a.example/dav"), ("HTTPS://a.example", "https://a.example/"),
     ("https://a.example/x?key=1", "https://a.example/x?key=1")],
)  # fmt: skip
def test_what_people_type_is_understood(typed: str, meant: str) -> None:
    assert web_address(typed) == meant


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("30", 30), ("999999999", 86400), ("", None), ("soon", None), ("Thu, 01 Jan 1970 00:00:00 GMT", 0)],
)
def test_how_long_to_wait_is_read_and_never_more_than_a_day(header: str, seconds: int | None) -> None:
    found = retry_after(Answer(429, {"retry-after": header}, b"", "https://a.example/"))
    assert found == (None if seconds is None else timedelta(seconds=seconds))
