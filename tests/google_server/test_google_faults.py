"""What goes wrong on purpose, what is frowned at, races, and push channels."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.google_server import START, GoogleServer, Request, later_pages, on
from tests.google_server.real_client import TEAM, status_and_reason

HOUR = timedelta(hours=1)
EVENT = {
    "id": "0123456789abcdef", "summary": "Ana",
    "start": {"dateTime": "2026-01-20T20:00:00Z"}, "end": {"dateTime": "2026-01-20T22:00:00Z"},
}  # fmt: skip


class Raw:
    """Plain HTTP that, unlike httplib2, never asks twice by itself."""

    def __init__(self, google: GoogleServer) -> None:
        self.address = google.root.removeprefix("http://")
        self.token = google.grant().access_token

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], Any]:
        connection = http.client.HTTPConnection(self.address, timeout=5)
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"} | headers
        try:
            raw = None if body is None else json.dumps(body)
            connection.request(method, f"/calendar/v3/{path}", raw, sent)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, dict(answer.getheaders()), json.loads(text) if text else None
        finally:
            connection.close()


@pytest.fixture
def raw(google: GoogleServer) -> Raw:
    return Raw(google)


EVENTS = f"calendars/{TEAM}/events"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("rateLimitExceeded", (403, "rateLimitExceeded")),
        ("userRateLimitExceeded", (403, "userRateLimitExceeded")),
        ("quotaExceeded", (403, "quotaExceeded")),
        ("tooManyRequests", (429, "rateLimitExceeded")),
        ("internal", (500, "backendError")),
        ("unavailable", (503, "backendError")),
        ("fullSyncRequired", (410, "fullSyncRequired")),
    ],
)
def test_a_refusal_strikes_once_and_has_no_effect(
    google: GoogleServer, service: Any, kind: Any, said: tuple[int, str]
) -> None:
    google.fail(kind, "events.insert")
    with pytest.raises(HttpError) as caught:
        service.events().insert(calendarId=TEAM, body=EVENT).execute()
    assert status_and_reason(caught.value) == said
    assert google.events(TEAM) == []
    service.events().insert(calendarId=TEAM, body=EVENT).execute()


def test_retry_after_is_sent_as_a_header(google: GoogleServer, raw: Raw) -> None:
    google.fail("tooManyRequests", retry_after=7)
    status, headers, _ = raw("GET", EVENTS)
    assert (status, headers["Retry-After"]) == (429, "7")


def test_a_401_lets_the_client_refresh(google: GoogleServer, raw: Raw) -> None:
    google.fail("unauthorized", times=2)
    assert [raw("GET", EVENTS)[0] for _ in range(3)] == [401, 401, 200]


def test_a_page_in_the_middle_fails(google: GoogleServer, service: Any) -> None:
    for _ in range(4):
        google.put_event(TEAM, start=START, end=START + HOUR)
    google.page_limit = 1
    google.fail("unavailable", later_pages, skip=1)
    page = service.events().list(calendarId=TEAM).execute()
    page = service.events().list(calendarId=TEAM, pageToken=page["nextPageToken"]).execute()
    with pytest.raises(HttpError):
        service.events().list(calendarId=TEAM, pageToken=page["nextPageToken"]).execute()


@pytest.mark.parametrize(
    ("kind", "written"), [("drop_before", 0), ("drop_after", 1), ("hang_after", 1), ("truncated", 1)]
)
def test_a_lost_answer_says_nothing_about_the_effect(google: GoogleServer, raw: Raw, kind: Any, written: int) -> None:
    google.fail(kind, "events.insert", seconds=0.05)
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        raw("POST", EVENTS, EVENT)
    assert len(google.events(TEAM)) == written


def test_an_error_after_the_effect_makes_the_retry_a_duplicate(google: GoogleServer, raw: Raw) -> None:
    google.fail("fail_after", "events.insert")
    assert [raw("POST", EVENTS, EVENT)[0] for _ in range(2)] == [503, 409]


def test_a_server_that_stops_frees_those_who_wait() -> None:
    with GoogleServer() as google:
        google.add_calendar(TEAM)
        raw = Raw(google)
        google.fail("hang_after", "events.list", seconds=60)
        outcome: list[str] = []

        def ask() -> None:
            try:
                raw("GET", EVENTS)
            except (http.client.HTTPException, OSError) as error:
                outcome.append(type(error).__name__)

        asking = threading.Thread(target=ask)
        asking.start()
        while not google.requests:
            time.sleep(0.001)
    asking.join(timeout=5)
    assert len(outcome) == 1


def test_a_hook_runs_just_before_the_effect(google: GoogleServer, raw: Raw) -> None:
    def staff_come_first(request: Request) -> None:
        google.put_event(TEAM, summary="Staff", start=START, end=START + HOUR)

    google.before(on("events.insert"), staff_come_first)
    raw("POST", EVENTS, EVENT)
    assert [event["summary"] for event in google.events(TEAM)] == ["Staff", "Ana"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"{EVENTS}?maxresults=5", None),
        ("GET", f"{EVENTS}?maxResults=0", None),
        ("GET", f"{EVENTS}?singleEvents=yes", None),
        ("GET", f"{EVENTS}?timeMin=2026-01-20T20:00:00", None),
        ("GET", f"{EVENTS}?orderBy=start", None),
        ("GET", f"{EVENTS}?q=a&q=b", None),
        ("GET", f"{EVENTS}?fields=items", None),
        ("POST", EVENTS, EVENT | {"title": "Ana"}),
        ("POST", EVENTS, EVENT | {"summary": 7}),
        ("POST", EVENTS, EVENT | {"summary": None}),
        ("POST", EVENTS, EVENT | {"start": {"dateTime": "2026-01-20 20:00"}}),
        ("POST", EVENTS, EVENT | {"attendees": [{"mail": "a@example.com"}]}),
        ("POST", EVENTS, EVENT | {"extendedProperties": {"private": {"a": 1}}}),
        ("DELETE", f"{EVENTS}/abcdef", {}),
        ("GET", "calendars", None),
        ("GET", "colors", None),
    ],
)
def test_what_googles_description_does_not_know_is_refused_and_noted(
    google: GoogleServer, raw: Raw, method: str, path: str, body: Any
) -> None:
    assert raw(method, path, body)[0] >= 400
    assert len(google.violations) == 1
    assert google.events(TEAM) == []


def test_the_log_tells_what_was_asked(google: GoogleServer, raw: Raw) -> None:
    raw("POST", f"{EVENTS}?sendUpdates=none", EVENT, **{"If-None-Match": "x"})
    request = google.requests[-1]
    assert (request.method, request.operation, request.status) == ("POST", "events.insert", 200)
    assert request.query == {"sendUpdates": "none"}
    assert request.body["summary"] == "Ana"
    assert request.headers["if-none-match"] == "x"
    assert request.params == {"calendarId": TEAM}


@pytest.fixture
def listener() -> Iterator[HTTPServer]:
    """Somebody who takes notices."""

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            server.taken.append((dict(self.headers), self.rfile.read(length)))  # type: ignore[attr-defined]
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is printed."""

    server = HTTPServer(("127.0.0.1", 0), Taker)
    server.taken = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


CHANNEL = {"id": "chan-1", "type": "web_hook", "address": "https://lola.example/hook", "token": "secret"}


def test_a_channel_lives_no_longer_than_google_likes(google: GoogleServer, raw: Raw) -> None:
    google.channel_ttl_limit = timedelta(days=2)
    status, _, answer = raw("POST", f"{EVENTS}/watch", CHANNEL | {"params": {"ttl": "2592000"}})
    assert status == 200
    assert answer["expiration"] == str(int((START + timedelta(days=2)).timestamp() * 1000))
    assert google.channels["chan-1"].address == "https://lola.example/hook"
    assert raw("POST", f"{EVENTS}/watch", CHANNEL)[2]["error"]["errors"][0]["reason"] == "channelIdNotUnique"
    plain = CHANNEL | {"id": "chan-2", "address": "http://lola.example/hook"}
    assert raw("POST", f"{EVENTS}/watch", plain)[0] == 400


def test_a_notice_has_headers_and_no_body(google: GoogleServer, raw: Raw, listener: Any) -> None:
    raw("POST", f"{EVENTS}/watch", CHANNEL)
    to = f"http://127.0.0.1:{listener.server_address[1]}/hook"
    assert google.notify("chan-1", "sync", to=to) == 204
    assert google.notify("chan-1", to=to) == 204
    headers, body = listener.taken[1]
    assert body == b""
    assert headers["X-Goog-Channel-ID"] == "chan-1"
    assert headers["X-Goog-Channel-Token"] == "secret"
    assert headers["X-Goog-Resource-State"] == "exists"
    assert headers["X-Goog-Message-Number"] == "2"
    assert headers["X-Goog-Channel-Expiration"] == "Thu, 22 Jan 2026 10:00:00 GMT"


def test_a_channel_is_stopped_by_both_its_ids_and_only_once(google: GoogleServer, raw: Raw) -> None:
    resource = raw("POST", f"{EVENTS}/watch", CHANNEL)[2]["resourceId"]
    stops = [{"id": "chan-1", "resourceId": "other"}, *[{"id": "chan-1", "resourceId": resource}] * 2]
    assert [raw("POST", "channels/stop", stop)[0] for stop in stops] == [404, 204, 404]
    assert google.channels["chan-1"].stopped


def test_an_answer_that_googles_description_does_not_know_is_noted(google: GoogleServer, service: Any) -> None:
    google.add_calendar("odd@example.com", summary=7)  # type: ignore[arg-type]
    service.calendarList().list().execute()
    with pytest.raises(AssertionError, match="answer of calendarList"):
        google.assert_clean()


def test_a_slow_answer_comes_late_and_after_the_effect(google: GoogleServer, raw: Raw) -> None:
    google.fail("slow", "events.insert", seconds=30)
    connection = http.client.HTTPConnection(google.root.removeprefix("http://"), timeout=0.2)
    headers = {"Authorization": f"Bearer {raw.token}", "Content-Type": "application/json"}
    connection.request("POST", f"/calendar/v3/{EVENTS}", json.dumps(EVENT), headers)
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    assert len(google.events(TEAM)) == 1


def test_many_threads_are_served_at_once(google: GoogleServer, raw: Raw) -> None:
    def write(number: int) -> None:
        raw("POST", EVENTS, EVENT | {"id": f"{number:08d}"})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({event["etag"] for event in google.events(TEAM)}) == 12
    google.assert_clean()
