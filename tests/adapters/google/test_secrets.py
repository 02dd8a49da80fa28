"""No secret reaches a log or a message, however loud the libraries are."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from tests.adapters.google.access import CALENDAR, HASTY, access, client, credentials, endpoints, provider
from tests.adapters.google.test_consent import BACK, STATE, VERIFIER, agree, exchange
from tests.conftest import at
from tests.google_server import GoogleServer
from waitlist_appliance.adapters.calendars.google import GoogleConsent
from waitlist_appliance.ports import CalendarError

OLD_TOKEN, WRONG_CODE = f"sync-{9}==", f"4/0A{'wrong'}"
OLD_STATE = json.dumps({"profile": 1, "token": OLD_TOKEN})
SINCE, UNTIL = at("00:00"), at("00:00") + timedelta(days=90)


def known(server: GoogleServer) -> set[str]:
    """Everything that opens something."""
    tokens = server.tokens
    return {*tokens.access, *tokens.refresh, *tokens.codes, server.client.secret, VERIFIER}


def test_nothing_that_opens_something_is_logged(server: GoogleServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    grant = exchange(server, agree(server)["code"])
    opens = {**grant.credentials, "expires_at": ""}
    google, opened = provider(server), access(server, opens=opens)
    google.open(opened).changes(SINCE, UNTIL, None)
    google.watch(opened, "channel-1", "the-channel-secret", "https://casalola.example/hook", timedelta(days=1))
    secrets = known(server) | {"the-channel-secret"}
    google.forget(opened)
    assert caplog.records
    assert [secret for secret in secrets if secret in caplog.text] == []


FAILURES: dict[str, tuple[str, str, Callable[[GoogleServer, Any], Any]]] = {
    "a read": ("forbidden", "events.list", lambda server, opened: provider(server).open(opened).read(SINCE, UNTIL)),
    "a slow read": ("slow", "events.list", lambda server, opened: provider(server, HASTY).open(opened).read(SINCE, UNTIL)),
    "a lost token": (
        "fullSyncRequired", "events.list",
        lambda server, opened: provider(server).open(opened).changes(SINCE, UNTIL, OLD_STATE),
    ),
    "a refresh": ("drop_before", "oauth.token", lambda server, opened: provider(server).open(opened).read(SINCE, UNTIL)),
    "a revocation": ("unavailable", "oauth.revoke", lambda server, opened: provider(server).forget(opened)),
    "an exchange": ("drop_before", "oauth.token", lambda server, _: exchange(server, agree(server)["code"])),
    "a bad exchange": ("slow", "", lambda server, _: exchange(server, WRONG_CODE)),
}  # fmt: skip


@pytest.mark.parametrize("failing", FAILURES)
def test_nothing_that_opens_something_stands_in_a_traceback(server: GoogleServer, failing: str) -> None:
    kind, operation, act = FAILURES[failing]
    opened = access(server, opens=credentials(server, timedelta(minutes=-1)))
    if operation:
        server.fail(kind, operation, times=99)  # type: ignore[arg-type]
    with pytest.raises(CalendarError) as failure:
        act(server, opened)
    written = "".join(traceback.format_exception(failure.value))
    secrets = known(server) | {CALENDAR, OLD_TOKEN, WRONG_CODE}
    assert [secret for secret in secrets if secret in written or quote(secret, safe="") in written] == []


def test_neither_session_nor_grant_shows_its_tokens(server: GoogleServer) -> None:
    grant = exchange(server, agree(server)["code"])
    opened = access(server, opens=grant.credentials)
    calendar = provider(server).open(opened)
    shown = f"{grant!r} {opened!r} {calendar!r} {client(server)!r}"
    assert [secret for secret in known(server) if secret in shown] == []


def test_the_page_is_reached_without_the_clients_secret(server: GoogleServer) -> None:
    url = GoogleConsent(endpoints(server)).url(client(server), BACK, STATE, VERIFIER)
    assert server.client.secret not in url
