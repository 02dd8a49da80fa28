"""Tokens: renewed once, by one thread, kept at once, and never lost."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.adapters.google.access import CALENDAR, HASTY, QUICK, Kept, access, client, credentials, endpoints, provider
from tests.conftest import at
from tests.google_server import GoogleServer
from waitlist_appliance.adapters.calendars.google import GoogleProvider
from waitlist_appliance.adapters.calendars.google.session import Tokens
from waitlist_appliance.ports import CalendarAccess, CalendarError

SINCE, UNTIL = at("00:00"), at("00:00") + timedelta(days=90)
EXPIRED = timedelta(minutes=-1)


def read(google: GoogleProvider, opened: CalendarAccess) -> None:
    google.open(opened).read(SINCE, UNTIL)


def failing(google: GoogleProvider, opened: CalendarAccess) -> CalendarError:
    with pytest.raises(CalendarError) as failure:
        read(google, opened)
    return failure.value


def test_a_token_that_is_good_is_used(server: GoogleServer) -> None:
    kept = Kept()
    read(provider(server), access(server, kept))
    assert server.calls("oauth.token") == []
    assert kept.saved == []


def test_a_token_that_is_about_to_end_is_renewed_and_kept(server: GoogleServer) -> None:
    kept = Kept()
    read(provider(server), access(server, kept, opens=credentials(server, timedelta(minutes=3))))
    (saved,) = kept.saved
    assert saved["access_token"] in server.tokens.access
    ends_in = datetime.fromisoformat(saved["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=55) < ends_in <= timedelta(hours=1)


def test_the_end_of_a_token_does_not_depend_on_the_zone_of_the_machine(
    server: GoogleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept()
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        read(provider(server), access(server, kept, opens=credentials(server, EXPIRED)))
    finally:
        monkeypatch.undo()
        time.tzset()
    ends_in = datetime.fromisoformat(kept.saved[0]["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=55) < ends_in <= timedelta(hours=1)


def test_what_was_kept_opens_the_calendar_again(server: GoogleServer) -> None:
    kept, opens = Kept(), credentials(server, EXPIRED)
    read(provider(server), access(server, kept, opens=opens))
    read(provider(server), access(server, kept, opens=opens | kept.saved[0]))
    assert len(server.calls("oauth.token")) == 1


@pytest.mark.parametrize("expires_at", ["", "soon", "2020-01-01T00:00:00"])
def test_a_token_whose_end_is_unknown_is_not_trusted(server: GoogleServer, expires_at: str) -> None:
    opens = credentials(server) | {"expires_at": expires_at}
    read(provider(server), access(server, opens=opens))
    assert len(server.calls("oauth.token")) == 1


def test_an_end_without_a_zone_means_utc() -> None:
    tokens = Tokens.kept({"refresh_token": "r", "access_token": "a", "expires_at": "2026-01-15T11:00:00"})
    assert tokens.expires_at == datetime(2026, 1, 15, 11, tzinfo=UTC)


def test_eight_threads_renew_an_ended_token_once(server: GoogleServer) -> None:
    google, kept = provider(server), Kept()
    opened = access(server, kept, opens=credentials(server, EXPIRED))
    calendar, start = google.open(opened), threading.Barrier(8)

    def one(_: int) -> int:
        start.wait()
        return len(calendar.read(SINCE, UNTIL))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(8))) == [0] * 8
    assert len(server.calls("oauth.token")) == len(kept.saved) == 1
    assert len(server.calls("events.list")) == 8


def test_eight_threads_whose_token_is_refused_renew_it_once(server: GoogleServer) -> None:
    calendar, start = provider(server).open(access(server)), threading.Barrier(8)
    server.expire_access_tokens()

    def one(_: int) -> int:
        start.wait()
        return len(calendar.read(SINCE, UNTIL))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(8))) == [0] * 8
    assert len(server.calls("oauth.token")) == 1


def wait_until_all_want_a_token(count: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        stacks = [traceback.extract_stack(frame) for frame in sys._current_frames().values()]
        if sum(any(line.name == "token" for line in stack) for stack in stacks) >= count:
            return
        time.sleep(0.01)


def test_threads_that_waited_for_a_renewal_that_failed_do_not_try_again(server: GoogleServer) -> None:
    calendar = provider(server).open(access(server, opens=credentials(server, EXPIRED)))
    server.revoke_refresh_token()
    server.before("oauth.token", lambda _: wait_until_all_want_a_token(8))

    def one(_: int) -> str:
        with pytest.raises(CalendarError) as failure:
            calendar.read(SINCE, UNTIL)
        return failure.value.trouble

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(8))) == ["signed_out"] * 8
    assert len(server.calls("oauth.token")) == 1


def test_a_renewal_that_failed_is_tried_anew_by_who_comes_later(server: GoogleServer) -> None:
    google, opened = provider(server, HASTY), access(server, opens=credentials(server, EXPIRED))
    server.fail("garbage", "oauth.token")
    failing(google, opened)
    read(google, opened)


def test_many_threads_use_one_calendar_at_once(server: GoogleServer) -> None:
    server.put_event(CALENDAR, summary="Ana", start=at("19:30"), end=at("21:00"))
    calendar = provider(server).open(access(server))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: len(calendar.read(SINCE, UNTIL)), range(80)))
    assert found == [1] * 80


def test_a_refused_token_is_renewed_and_the_question_asked_again(server: GoogleServer) -> None:
    kept = Kept()
    opened = access(server, kept)
    server.expire_access_tokens()
    read(provider(server), opened)
    assert [request.operation for request in server.requests] == ["events.list", "oauth.token", "events.list"]
    assert len(kept.saved) == 1


def test_a_token_that_is_refused_even_when_new_means_signed_out(server: GoogleServer) -> None:
    server.fail("unauthorized", "events.list", times=99)
    failure = failing(provider(server), access(server))
    assert (failure.trouble, failure.retryable) == ("signed_out", False)
    assert len(server.calls("oauth.token")) == 1


def test_a_refresh_token_that_is_replaced_is_kept(server: GoogleServer) -> None:
    server.tokens.rotate = True
    kept, opens = Kept(), credentials(server, EXPIRED)
    read(provider(server), access(server, kept, opens=opens))
    assert kept.saved[0]["refresh_token"] in server.tokens.refresh
    assert opens["refresh_token"] not in server.tokens.refresh
    server.expire_access_tokens()
    read(provider(server), access(server, kept, opens=opens | kept.saved[0]))


def test_a_refresh_token_that_did_not_change_is_not_touched(server: GoogleServer) -> None:
    kept = Kept()
    read(provider(server), access(server, kept, opens=credentials(server, EXPIRED)))
    assert set(kept.saved[0]) == {"access_token", "expires_at"}


def test_an_older_reading_of_what_was_replaced_does_not_bring_it_back(server: GoogleServer) -> None:
    server.tokens.rotate = True
    google, opened = provider(server), access(server, opens=credentials(server, EXPIRED))
    read(google, opened)
    server.expire_access_tokens()
    read(google, opened)


def test_a_replaced_refresh_token_that_could_not_be_kept_is_kept_later(server: GoogleServer) -> None:
    server.tokens.rotate = True
    google, kept, opens = provider(server), Kept(), credentials(server, EXPIRED)

    def full_disk(_: object) -> None:
        raise OSError("disk full")

    broken = CalendarAccess(7, CALENDAR, "", "Europe/Madrid", opens, full_disk)
    with pytest.raises((OSError, CalendarError)):
        read(google, broken)
    server.expire_access_tokens()
    read(google, access(server, kept, opens=opens))
    assert kept.saved[-1]["refresh_token"] in server.tokens.refresh


def test_a_new_consent_is_used_at_once(server: GoogleServer) -> None:
    google = provider(server)
    opened = access(server)
    server.revoke_refresh_token()
    assert failing(google, opened).trouble == "signed_out"
    read(google, access(server))


def test_a_revoked_grant_means_signed_out_and_is_asked_about_once(server: GoogleServer) -> None:
    opened = access(server, opens=credentials(server, EXPIRED))
    server.revoke_refresh_token()
    failure = failing(provider(server), opened)
    assert (failure.trouble, failure.retryable) == ("signed_out", False)
    assert [request.operation for request in server.requests] == ["oauth.token"]


def test_a_grant_of_a_project_in_testing_ends_after_seven_days(server: GoogleServer) -> None:
    server.tokens.testing = True
    opened = access(server, opens=credentials(server, EXPIRED))
    read(provider(server), opened)
    server.clock += timedelta(days=7)
    failure = failing(provider(server), opened)
    assert (failure.trouble, failure.retryable) == ("signed_out", False)
    assert len(server.calls("oauth.token")) == 2


def test_nothing_kept_means_signed_out_without_asking(server: GoogleServer) -> None:
    assert failing(provider(server), access(server, opens={})).trouble == "signed_out"
    assert server.requests == []


def test_without_an_oauth_client_nothing_can_be_renewed(server: GoogleServer) -> None:
    google = GoogleProvider(endpoints(server), lambda: None, QUICK)
    failure = failing(google, access(server, opens=credentials(server, EXPIRED)))
    assert (failure.trouble, failure.retryable, server.requests) == ("not_configured", False, [])


def test_an_oauth_client_that_google_does_not_know_must_be_set_up(server: GoogleServer) -> None:
    server.client.secret = "changed"
    wrong = client(server)
    server.client.secret = "GOCSPX-secret"
    google = GoogleProvider(endpoints(server), lambda: wrong, QUICK)
    failure = failing(google, access(server, opens=credentials(server, EXPIRED)))
    assert (failure.trouble, failure.retryable) == ("not_configured", False)


@pytest.mark.parametrize("kind", ["drop_before", "slow"])
def test_a_sign_in_that_cannot_be_reached_may_be_tried_again(server: GoogleServer, kind: str) -> None:
    server.fail(kind, "oauth.token", times=99)  # type: ignore[arg-type]
    failure = failing(provider(server, HASTY), access(server, opens=credentials(server, EXPIRED)))
    assert (failure.trouble, failure.retryable) == ("unreachable", True)


def test_a_sign_in_that_answers_nonsense_is_garbage(server: GoogleServer) -> None:
    server.fail("garbage", "oauth.token", times=99)
    failure = failing(provider(server), access(server, opens=credentials(server, EXPIRED)))
    assert failure.trouble in ("garbage", "unreachable")
    assert failure.retryable


@pytest.mark.slow
def test_a_sign_in_in_trouble_may_be_tried_again(server: GoogleServer) -> None:
    server.fail("unavailable", "oauth.token", times=99)
    failure = failing(provider(server), access(server, opens=credentials(server, EXPIRED)))
    assert (failure.trouble, failure.retryable) == ("unreachable", True)
