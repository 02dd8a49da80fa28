"""Google failing in every way that it knows, and what the appliance makes of it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from googleapiclient.errors import HttpError
from httplib2 import Response

from tests.adapters.google.access import CALENDAR, HASTY, QUICK, access, endpoints, google_calendar
from tests.conftest import at
from tests.google_server import GoogleServer
from waitlist_appliance.adapters.calendars.google import GoogleEndpoints, GoogleProvider, errors
from waitlist_appliance.ports import CalendarError, ConsentClient, SyncTokenLost

SINCE, UNTIL = at("00:00"), at("00:00") + timedelta(days=90)


def read(server: GoogleServer, limits: Any = QUICK) -> CalendarError:
    with pytest.raises(CalendarError) as failure:
        google_calendar(server, limits).read(SINCE, UNTIL)
    return failure.value


@pytest.mark.parametrize("kind", ["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "tooManyRequests"])
def test_asking_too_often_is_tried_twice_more_and_then_said(server: GoogleServer, kind: Any) -> None:
    server.fail(kind, "events.list", times=99)
    failure = read(server)
    assert (failure.trouble, failure.retryable, failure.retry_after) == ("too_fast", True, None)
    assert len(server.calls("events.list")) == 3


@pytest.mark.parametrize("kind", ["internal", "unavailable", "html", "drop_before"])
def test_a_server_in_trouble_is_unreachable_and_may_be_tried_again(server: GoogleServer, kind: Any) -> None:
    server.fail(kind, "events.list", times=99)
    failure = read(server)
    assert (failure.trouble, failure.retryable) == ("unreachable", True)


@pytest.mark.parametrize("kind", ["rateLimitExceeded", "internal", "drop_before", "truncated"])
def test_what_goes_wrong_once_is_not_noticed(server: GoogleServer, kind: Any) -> None:
    server.fail(kind, "events.list")
    assert google_calendar(server).read(SINCE, UNTIL) == []


def test_a_pause_that_google_asks_for_and_that_is_too_long_is_handed_on(server: GoogleServer) -> None:
    server.fail("tooManyRequests", "events.list", times=99, retry_after=3600)
    failure = read(server)
    assert failure.retry_after == timedelta(hours=1)
    assert len(server.calls("events.list")) == 1


def test_a_short_pause_that_google_asks_for_is_kept(server: GoogleServer) -> None:
    server.fail("tooManyRequests", "events.list", retry_after=1)
    began = time.monotonic()
    google_calendar(server).read(SINCE, UNTIL)
    assert time.monotonic() - began >= 1


def test_a_slow_answer_is_waited_for_and_then_given_up(server: GoogleServer) -> None:
    server.fail("slow", "events.list", times=99)
    began = time.monotonic()
    failure = read(server, HASTY)
    assert (failure.trouble, failure.retryable) == ("unreachable", True)
    assert time.monotonic() - began < 10


def test_an_answer_that_is_no_json_is_garbage(server: GoogleServer) -> None:
    server.fail("garbage", "events.list", times=99)
    assert read(server).trouble == "garbage"


def test_being_refused_is_not_tried_again(server: GoogleServer) -> None:
    server.fail("forbidden", "events.list", times=99)
    failure = read(server)
    assert (failure.trouble, failure.retryable, len(server.requests)) == ("refused", False, 1)


def test_a_token_that_does_not_fit_the_question_is_lost(server: GoogleServer) -> None:
    calendar = google_calendar(server)
    token = calendar.changes(SINCE, UNTIL, None).token
    assert token is not None
    with pytest.raises(SyncTokenLost):
        calendar.changes(SINCE, UNTIL, token.replace("sync-", "sink-"))


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address of this machine at which nobody listens, and nobody else will meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/"


def test_a_server_that_is_not_there_is_unreachable(server: GoogleServer, nobody: str) -> None:
    nowhere = GoogleEndpoints(nobody, nobody, nobody, nobody)
    calendar = GoogleProvider(nowhere, lambda: ConsentClient("c", "s"), HASTY).open(access(server))
    with pytest.raises(CalendarError) as failure:
        calendar.read(SINCE, UNTIL)
    assert (failure.value.trouble, failure.value.retryable) == ("unreachable", True)


def test_a_server_that_does_not_speak_tls_is_unreachable(server: GoogleServer) -> None:
    secure = GoogleEndpoints(*(url.replace("http:", "https:") for url in _urls(server)))
    calendar = GoogleProvider(secure, lambda: ConsentClient("c", "s"), HASTY).open(access(server))
    with pytest.raises(CalendarError) as failure:
        calendar.read(SINCE, UNTIL)
    assert failure.value.trouble == "unreachable"


def _urls(server: GoogleServer) -> tuple[str, str, str, str]:
    where = endpoints(server)
    return where.api_url, where.auth_url, where.token_url, where.revoke_url


def answered(status: int, content: bytes, **headers: str) -> errors.GoogleError:
    return errors.from_google(HttpError(Response({"status": str(status), **headers}), content))


@pytest.mark.parametrize(
    ("status", "reason", "trouble", "retryable"),
    [
        (400, "badRequest", "garbage", False),
        (401, "authError", "signed_out", False),
        (403, "accessNotConfigured", "not_configured", False),
        (403, "insufficientPermissions", "refused", False),
        (403, "dailyLimitExceeded", "too_fast", True),
        (401, "push.webhookUrlUnauthorized", "not_configured", False),
        (404, "notFound", "missing", False),
        (412, "conditionNotMet", "conflict", True),
        (413, "uploadTooLarge", "too_big", False),
        (503, "backendError", "unreachable", True),
        (302, "", "garbage", True),
    ],
)
def test_every_answer_has_its_trouble(status: int, reason: str, trouble: str, retryable: bool) -> None:
    failure = answered(status, f'{{"error": {{"errors": [{{"reason": "{reason}"}}]}}}}'.encode())
    assert (failure.trouble, failure.retryable, failure.status) == (trouble, retryable, status)


def test_the_newer_form_of_googles_errors_is_understood() -> None:
    failure = answered(429, b'{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "slow down"}}')
    assert (str(failure), failure.trouble) == ("Google answered 429 RESOURCE_EXHAUSTED", "too_fast")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"error": null}', b'{"error": {"errors": [null]}}', b"<html>"]
)
def test_an_error_without_a_reason_is_told_by_its_status(content: bytes) -> None:
    assert str(answered(403, content)) == "Google answered 403"


def test_a_reason_that_is_no_code_word_is_not_repeated() -> None:
    failure = answered(403, b'{"error": {"errors": [{"reason": "owner@example.com may not"}]}}')
    assert str(failure) == "Google answered 403"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7), ("", None), ("soon", None), ("-5", None), ("99999999", 86_400),
        (format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True), 0),
    ],
)  # fmt: skip
def test_retry_after_is_read_in_both_its_forms(header: str, seconds: int | None) -> None:
    failure = answered(429, b"", **{"retry-after": header})
    assert failure.retry_after == (None if seconds is None else timedelta(seconds=seconds))


def test_a_bad_certificate_is_unsafe() -> None:
    import ssl

    assert errors.from_google(ssl.SSLCertVerificationError("nope")).trouble == "unsafe"


@pytest.mark.parametrize(
    "change", [lambda event: event.pop("start"), lambda event: event.update(end={"date": "never"})]
)
def test_one_event_that_cannot_be_placed_makes_the_whole_answer_garbage(
    server: GoogleServer, change: Callable[[dict[str, Any]], Any]
) -> None:
    event_id = server.put_event(CALENDAR, summary="Ana", start=at("19:30"), end=at("21:00"))
    change(server.calendars[CALENDAR].records[event_id].latest)
    with pytest.raises(CalendarError):
        google_calendar(server).read(SINCE, UNTIL)
    server.violations.clear()
