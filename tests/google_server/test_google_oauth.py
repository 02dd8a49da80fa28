"""The sign-in side of the test server."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request as Transport
from google.oauth2.credentials import Credentials

from tests.google_server import CALENDAR_EVENTS, CALENDAR_LIST, GoogleServer, Granted
from tests.google_server.real_client import client

VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
BACK = "http://127.0.0.1:8080/back"
STATE = "s" * 24


def page(google: GoogleServer, **changes: str) -> str:
    query = {
        "client_id": google.client.id, "redirect_uri": BACK, "response_type": "code", "state": STATE,
        "scope": f"{CALENDAR_EVENTS} {CALENDAR_LIST}", "access_type": "offline", "prompt": "consent",
        "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    }  # fmt: skip
    return f"{google.auth_url}?{urlencode(query | changes)}"


def sent_back(google: GoogleServer, **changes: str) -> dict[str, str]:
    address = google.agree(page(google, **changes))
    assert address.startswith(BACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def post(google: GoogleServer, path: str, **form: str) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection(google.root.removeprefix("http://"), timeout=5)
    try:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", path, urlencode(form), kind)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def exchange(google: GoogleServer, code: str, **changes: str) -> tuple[int, dict[str, Any]]:
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER,
        "client_id": google.client.id, "client_secret": google.client.secret,
    }  # fmt: skip
    return post(google, "/token", **(form | changes))


def refresh(google: GoogleServer, token: str) -> tuple[int, dict[str, Any]]:
    return post(
        google, "/token", grant_type="refresh_token", refresh_token=token, client_id=google.client.id,
        client_secret=google.client.secret,
    )  # fmt: skip


def stored(google: GoogleServer, granted: Granted) -> Any:
    """What google-auth makes of kept tokens."""
    return Credentials(  # type: ignore[no-untyped-call]
        token=granted.access_token, refresh_token=granted.refresh_token, token_uri=google.token_url,
        client_id=google.client.id, client_secret=google.client.secret,
    )  # fmt: skip


def test_a_consent_comes_back_with_state_and_a_code_that_is_good_once(google: GoogleServer) -> None:
    back = sent_back(google)
    assert back["state"] == STATE
    status, answer = exchange(google, back["code"])
    assert status == 200
    assert set(answer["scope"].split()) == {CALENDAR_EVENTS, CALENDAR_LIST}
    assert answer["refresh_token"]
    assert exchange(google, back["code"])[1]["error"] == "invalid_grant"
    google.assert_clean()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "w" * 64}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"redirect_uri": BACK + "x"}, "redirect_uri_mismatch"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_an_exchange_that_does_not_fit_its_consent_is_refused(
    google: GoogleServer, changes: dict[str, str], error: str
) -> None:
    assert exchange(google, sent_back(google)["code"], **changes)[1]["error"] == error


def test_a_code_lives_ten_minutes(google: GoogleServer) -> None:
    code = sent_back(google)["code"]
    google.clock += timedelta(minutes=10)
    assert exchange(google, code)[1]["error"] == "invalid_grant"


def test_the_owner_may_say_no(google: GoogleServer) -> None:
    google.tokens.deny = True
    back = sent_back(google)
    assert (back["error"], back["state"]) == ("access_denied", STATE)
    assert "code" not in back


def test_an_unticked_scope_is_missing_from_the_tokens(google: GoogleServer) -> None:
    google.tokens.untick = {CALENDAR_EVENTS}
    _, answer = exchange(google, sent_back(google)["code"])
    assert answer["scope"] == CALENDAR_LIST


def test_a_second_consent_without_prompt_brings_no_refresh_token(google: GoogleServer) -> None:
    def brings(**changes: str) -> bool:
        return "refresh_token" in exchange(google, sent_back(google, **changes)["code"])[1]

    assert brings(prompt="select_account")
    assert not brings(prompt="select_account")
    assert brings()
    assert not brings(access_type="online")


def test_a_web_client_comes_back_only_to_its_registered_address(google: GoogleServer) -> None:
    web = google.add_client("web", "secret", redirects=["https://lola.example/back"])
    with pytest.raises(AssertionError, match="400"):
        google.agree(page(google, client_id=web.id))
    assert google.agree(page(google, client_id=web.id, redirect_uri="https://lola.example/back"))


def test_a_consent_without_pkce_or_with_a_weak_state_is_noted(google: GoogleServer) -> None:
    sent_back(google, code_challenge_method="plain")
    sent_back(google, state="1")
    assert len(google.violations) == 2


def test_an_access_token_ends_with_the_clock_and_a_refresh_makes_another(google: GoogleServer) -> None:
    granted = google.grant()
    google.clock += timedelta(hours=1)
    credentials = stored(google, granted)
    credentials.refresh(Transport())
    assert credentials.token != granted.access_token
    fresh = client(google, credentials.token)
    assert len(fresh.calendarList().list().execute()["items"]) == 2
    fresh.close()


def test_a_permission_taken_back_ends_every_token(google: GoogleServer) -> None:
    granted = google.grant()
    google.revoke_refresh_token()
    credentials = stored(google, granted)
    with pytest.raises(RefreshError, match="invalid_grant") as caught:
        credentials.refresh(Transport())
    assert not caught.value.retryable


def test_revoking_either_token_ends_the_grant(google: GoogleServer) -> None:
    granted = google.grant()
    assert post(google, "/revoke", token=granted.access_token)[0] == 200
    assert refresh(google, granted.refresh_token)[1]["error"] == "invalid_grant"
    assert post(google, "/revoke", token=granted.refresh_token) == (
        400,
        {"error": "invalid_token", "error_description": "Token expired or revoked"},
    )


def test_rotation_ends_the_refresh_token_that_was_used(google: GoogleServer) -> None:
    google.tokens.rotate = True
    old = google.grant().refresh_token
    new = refresh(google, old)[1]["refresh_token"]
    assert refresh(google, old)[1]["error"] == "invalid_grant"
    assert refresh(google, new)[0] == 200


def test_in_testing_a_refresh_token_lives_seven_days(google: GoogleServer) -> None:
    google.tokens.testing = True
    token = google.grant().refresh_token
    google.clock += timedelta(days=7)
    assert refresh(google, token)[1]["error"] == "invalid_grant"


def test_the_sign_in_side_can_fail_too(google: GoogleServer) -> None:
    token = google.grant().refresh_token
    google.fail("unavailable", "oauth.token")
    assert refresh(google, token)[0] == 503
    assert refresh(google, token)[0] == 200
