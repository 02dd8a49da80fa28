"""What an account offers, giving back what was granted, and being told of changes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.adapters.google.access import CALENDAR, HASTY, access, provider
from tests.google_server import CALENDAR_EVENTS, GoogleServer
from waitlist_appliance.ports import CalendarChoice, CalendarError

ADDRESS = "https://casalola.example/hooks/google"


def test_the_primary_calendar_comes_first(server: GoogleServer) -> None:
    server.add_calendar("ana@example.com", "Ana", primary=True, zone="America/New_York")
    assert provider(server).choices(access(server)) == [
        CalendarChoice("ana@example.com", "Ana", "America/New_York", writable=True, primary=True),
        CalendarChoice(CALENDAR, "Tables", "Europe/Madrid", writable=True),
    ]


@pytest.mark.parametrize(
    ("role", "writable"), [("owner", True), ("writer", True), ("writerWithoutPrivateAccess", True), ("reader", False)]
)
def test_only_a_calendar_that_may_be_written_is_writable(server: GoogleServer, role: str, writable: bool) -> None:
    server.change_calendar(CALENDAR, access_role=role)
    assert [choice.writable for choice in provider(server).choices(access(server))] == [writable]


def test_a_calendar_that_tells_only_free_or_busy_is_not_offered(server: GoogleServer) -> None:
    server.change_calendar(CALENDAR, access_role="freeBusyReader")
    assert provider(server).choices(access(server)) == []


def test_every_page_of_calendars_is_told(server: GoogleServer) -> None:
    server.page_limit = 2
    for number in range(4):
        server.add_calendar(f"c{number}@example.com")
    assert len(provider(server).choices(access(server))) == 5
    assert len(server.calls("calendarList.list")) == 3


def test_calendars_that_may_not_be_listed_are_refused(server: GoogleServer) -> None:
    granted = server.grant([CALENDAR_EVENTS])
    opens = {"refresh_token": granted.refresh_token}
    with pytest.raises(CalendarError) as failure:
        provider(server).choices(access(server, opens=opens))
    assert (failure.value.trouble, failure.value.retryable) == ("refused", False)


def test_forgetting_revokes_the_grant(server: GoogleServer) -> None:
    opened = access(server)
    provider(server).forget(opened)
    assert opened.credentials["refresh_token"] not in server.tokens.refresh


def test_a_grant_that_is_already_gone_is_forgotten_too(server: GoogleServer) -> None:
    opened = access(server)
    provider(server).forget(opened)
    provider(server).forget(opened)
    assert [request.status for request in server.calls("oauth.revoke")] == [200, 400]


def test_where_nothing_was_granted_nobody_is_asked(server: GoogleServer) -> None:
    provider(server).forget(access(server, opens={}))
    assert server.requests == []


@pytest.mark.parametrize("kind", ["unavailable", "drop_before", "slow"])
def test_forgetting_that_does_not_come_through_may_be_tried_again(server: GoogleServer, kind: str) -> None:
    server.fail(kind, "oauth.revoke", times=9)  # type: ignore[arg-type]
    with pytest.raises(CalendarError) as failure:
        provider(server, HASTY).forget(access(server))
    assert (failure.value.trouble, failure.value.retryable) == ("unreachable", True)


def test_a_channel_is_opened_with_our_secret(server: GoogleServer) -> None:
    channel = provider(server).watch(access(server), "channel-1", "a-secret", ADDRESS, timedelta(days=2))
    opened = server.channels["channel-1"]
    assert (opened.address, opened.token, opened.calendar_id) == (ADDRESS, "a-secret", CALENDAR)
    assert (channel.channel_id, channel.resource_id) == ("channel-1", opened.resource_id)
    assert channel.expires_at == opened.expires_at == server.clock + timedelta(days=2)


def test_the_end_of_a_channel_is_what_google_granted(server: GoogleServer) -> None:
    channel = provider(server).watch(access(server), "channel-1", "a-secret", ADDRESS, timedelta(days=30))
    assert channel.expires_at == server.clock + timedelta(days=7)


def test_notices_go_to_https_addresses_only(server: GoogleServer) -> None:
    with pytest.raises(CalendarError) as failure:
        provider(server).watch(access(server), "channel-1", "s", "http://casalola.example/hook", timedelta(days=7))
    assert (failure.value.trouble, failure.value.retryable) == ("not_configured", False)
    assert server.requests == []


def test_a_channel_is_stopped_and_stopping_it_again_is_fine(server: GoogleServer) -> None:
    google, opened = provider(server), access(server)
    channel = google.watch(opened, "channel-1", "a-secret", ADDRESS, timedelta(days=7))
    google.stop(opened, channel.channel_id, channel.resource_id)
    google.stop(opened, channel.channel_id, channel.resource_id)
    assert server.channels["channel-1"].stopped
    assert [request.status for request in server.calls("channels.stop")] == [204, 404]


def test_a_channel_that_could_not_be_stopped_is_an_error(server: GoogleServer) -> None:
    google, opened = provider(server), access(server)
    channel = google.watch(opened, "channel-1", "a-secret", ADDRESS, timedelta(days=7))
    server.fail("internal", "channels.stop", times=9)
    with pytest.raises(CalendarError) as failure:
        google.stop(opened, channel.channel_id, channel.resource_id)
    assert failure.value.retryable
