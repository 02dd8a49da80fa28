"""Telling services through Apprise, really posting to a server on this machine."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from waitlist_appliance.adapters.notices.apprise_notifier import AppriseNotifier
from waitlist_appliance.ports.notices import Level, NoticeError

# The library loads its hundred services to find one, and some of them are behind their time.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SECRET = "s3cr3t-key"


@dataclass
class Service:
    """Keeps what it is told and answers what the test says."""

    port: int = 0
    status: int = 200
    location: str = ""
    heard: list[dict[str, Any]] = field(default_factory=list)

    def address(self, path: str = "") -> str:
        return f"json://127.0.0.1:{self.port}/{path}"


@pytest.fixture
def service() -> Iterator[Service]:
    told = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            told.heard.append({"path": self.path, **json.loads(body)})
            self.send_response(told.status)
            if told.location:
                self.send_header("Location", told.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


def tell(address: str, *, allow_private: bool = True, level: Level = "trouble") -> None:
    AppriseNotifier().send(
        address, "Casa Lola: Little space", "The disk is nearly full.", level, allow_private=allow_private
    )


def refused(address: str, *, allow_private: bool = True) -> str:
    with pytest.raises(NoticeError) as caught:
        tell(address, allow_private=allow_private)
    assert SECRET not in str(caught.value)
    return caught.value.trouble


def test_a_service_is_told_title_and_text(service: Service) -> None:
    tell(service.address("desk"))
    (heard,) = service.heard
    assert heard["path"].strip("/") == "desk"
    assert heard["title"] == "Casa Lola: Little space"
    assert heard["message"] == "The disk is nearly full."


@pytest.mark.parametrize(("level", "kind"), [("trouble", "failure"), ("good", "success"), ("news", "info")])
def test_a_service_can_tell_trouble_from_an_all_clear(service: Service, level: Level, kind: str) -> None:
    tell(service.address(), level=level)
    assert service.heard[0]["type"] == kind


def test_the_own_network_is_not_spoken_to_unless_the_owner_allowed_it(service: Service) -> None:
    assert refused(service.address(SECRET), allow_private=False) == "private"
    assert service.heard == []


def test_a_name_that_leads_into_the_own_network_is_judged_by_where_it_leads(service: Service) -> None:
    assert refused(f"json://localhost:{service.port}/{SECRET}", allow_private=False) == "private"
    assert service.heard == []


def test_what_tells_clouds_their_secrets_is_never_spoken_to() -> None:
    assert refused("json://169.254.169.254/latest") == "private"


def test_the_open_internet_is_not_told_without_encryption() -> None:
    assert refused("json://93.184.215.14/hook") == "private"


def test_a_service_that_sends_us_elsewhere_is_not_followed(service: Service) -> None:
    service.status, service.location = 307, f"http://127.0.0.1:{service.port}/elsewhere"
    assert refused(service.address("desk?redirect=yes")) == "refused"
    assert [heard["path"].strip("/") for heard in service.heard] == ["desk"]


def test_a_service_that_says_no_may_say_yes_later(service: Service) -> None:
    service.status = 503
    with pytest.raises(NoticeError) as caught:
        tell(service.address(SECRET))
    assert caught.value.retryable
    service.status = 200
    tell(service.address(SECRET))


def test_a_service_that_is_not_there_may_be_there_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert refused(f"json://127.0.0.1:{port}/{SECRET}") == "refused"


@pytest.mark.parametrize(
    "address", [f"nosuch://{SECRET}", "slack://", "syslog://", "dbus://", "json://", "not an address"]
)
def test_an_address_that_tells_nobody_is_given_up(address: str) -> None:
    assert refused(address) == "nonsense"


def test_nothing_of_an_address_stands_in_a_log(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    service.status = 500
    refused(service.address(SECRET))
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("urllib3")]
    assert SECRET not in "\n".join(ours)


def test_other_threads_and_later_calls_may_connect_as_they_like(service: Service) -> None:
    refused(service.address(), allow_private=False)
    with socket.create_connection(("127.0.0.1", service.port), timeout=5) as connection:
        assert connection.getpeername()[1] == service.port


def test_whether_the_extra_is_there_is_seen_without_loading_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert AppriseNotifier().is_installed()
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert refused("json://127.0.0.1/x") == "missing"
