"""The way to Google's consent page and back."""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime, timedelta
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

import pytest

from tests.adapters.google.access import CALENDAR, HASTY, access, client, endpoints, provider
from tests.conftest import at
from tests.google_server import CALENDAR_EVENTS, CALENDAR_LIST, GoogleServer
from waitlist_appliance.adapters.calendars.google import GoogleConsent, GoogleEndpoints
from waitlist_appliance.ports import CalendarError, ConsentClient, Grant

BACK = "http://127.0.0.1:8080/oauth/google/callback"
VERIFIER = "v" * 64
STATE = "state-of-this-browser-session"


class _StayHere(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def visit(url: str) -> dict[str, str]:
    """What Google's page sends the browser back with."""
    with pytest.raises(HTTPError) as answer:
        build_opener(_StayHere).open(url)
    answer.value.close()
    query = parse_qs(urlsplit(answer.value.headers["Location"]).query)
    return {name: values[0] for name, values in query.items()}


def consent(server: GoogleServer) -> GoogleConsent:
    return GoogleConsent(endpoints(server), HASTY)


def agree(server: GoogleServer, verifier: str = VERIFIER) -> dict[str, str]:
    return visit(consent(server).url(client(server), BACK, STATE, verifier))


def exchange(server: GoogleServer, code: str, verifier: str = VERIFIER, by: ConsentClient | None = None) -> Grant:
    return consent(server).exchange(by or client(server), BACK, code, verifier)


def refused(
    server: GoogleServer, code: str, verifier: str = VERIFIER, by: ConsentClient | None = None
) -> CalendarError:
    with pytest.raises(CalendarError) as failure:
        exchange(server, code, verifier, by)
    return failure.value


def test_the_owner_is_sent_to_googles_page_with_everything_it_needs() -> None:
    url = GoogleConsent(GoogleEndpoints()).url(ConsentClient("id", "secret"), BACK, STATE, VERIFIER)
    assert url.startswith("https://accounts.google.com/o/oauth2/v2/auth?")
    query = {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}
    assert len(query.pop("code_challenge")) == 43
    assert query == {
        "client_id": "id", "redirect_uri": BACK, "response_type": "code", "state": STATE, "access_type": "offline",
        "prompt": "consent", "include_granted_scopes": "false", "code_challenge_method": "S256",
        "scope": f"{CALENDAR_EVENTS} {CALENDAR_LIST}",
    }  # fmt: skip


def test_neither_secret_nor_verifier_stands_in_the_address() -> None:
    url = GoogleConsent(GoogleEndpoints()).url(ConsentClient("id", "a-secret"), BACK, STATE, VERIFIER)
    assert "a-secret" not in url
    assert VERIFIER not in url


def test_a_yes_becomes_credentials_that_open_the_calendar(server: GoogleServer) -> None:
    answer = agree(server)
    assert answer["state"] == STATE
    grant = exchange(server, answer["code"])
    assert grant.scopes == {CALENDAR_EVENTS, CALENDAR_LIST}
    assert set(grant.credentials) == {"refresh_token", "access_token", "expires_at", "scopes"}
    ends_in = datetime.fromisoformat(grant.credentials["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=55) < ends_in <= timedelta(hours=1)
    provider(server).open(access(server, opens=grant.credentials)).read(at("19:00"), at("22:00"))


def test_the_account_is_told_by_its_primary_calendar(server: GoogleServer) -> None:
    assert exchange(server, agree(server)["code"]).account is None
    server.add_calendar("ana@example.com", "Ana", primary=True)
    assert exchange(server, agree(server)["code"]).account == "ana@example.com"


def test_consenting_again_brings_a_refresh_token_again(server: GoogleServer) -> None:
    first, second = exchange(server, agree(server)["code"]), exchange(server, agree(server)["code"])
    assert first.credentials["refresh_token"] != second.credentials["refresh_token"]


@pytest.mark.parametrize("unticked", [CALENDAR_EVENTS, CALENDAR_LIST])
def test_an_unticked_box_is_refused_and_named(server: GoogleServer, unticked: str) -> None:
    server.tokens.untick = {unticked}
    failure = refused(server, agree(server)["code"])
    assert (failure.trouble, failure.retryable) == ("refused", False)
    assert unticked.rpartition("/")[2] in str(failure)


def test_an_unticked_box_is_refused_also_when_oauthlib_is_told_to_look_away(
    server: GoogleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")
    server.tokens.untick = {CALENDAR_EVENTS}
    assert refused(server, agree(server)["code"]).trouble == "refused"


def test_more_than_was_asked_for_is_fine(server: GoogleServer) -> None:
    code = agree(server)["code"]
    server.tokens.codes[code].scopes |= {"openid"}
    assert "openid" in exchange(server, code).scopes


def test_without_a_refresh_token_nothing_is_granted(server: GoogleServer) -> None:
    code = agree(server)["code"]
    server.tokens.codes[code].refreshable = False
    failure = refused(server, code)
    assert (failure.trouble, failure.retryable) == ("refused", False)


def test_a_code_is_good_once(server: GoogleServer) -> None:
    code = agree(server)["code"]
    exchange(server, code)
    failure = refused(server, code)
    assert (failure.trouble, failure.retryable) == ("signed_out", False)


def test_a_code_is_good_for_ten_minutes(server: GoogleServer) -> None:
    code = agree(server)["code"]
    server.clock += timedelta(minutes=11)
    assert refused(server, code).trouble == "signed_out"


def test_a_code_without_its_verifier_is_no_good(server: GoogleServer) -> None:
    assert refused(server, agree(server)["code"], secrets.token_urlsafe(48)).trouble == "signed_out"


def test_a_wrong_client_must_be_set_up_anew(server: GoogleServer) -> None:
    wrong = ConsentClient(server.client.id, "wrong")
    assert refused(server, agree(server)["code"], by=wrong).trouble == "not_configured"


@pytest.mark.parametrize("kind", ["drop_before", "slow"])
def test_a_sign_in_that_cannot_be_reached_may_be_tried_again(server: GoogleServer, kind: str) -> None:
    code = agree(server)["code"]
    server.fail(kind, "oauth.token", times=99)  # type: ignore[arg-type]
    failure = refused(server, code)
    assert (failure.trouble, failure.retryable) == ("unreachable", True)


@pytest.mark.parametrize("kind", ["garbage", "html"])
def test_a_sign_in_that_answers_nonsense_gives_nothing(server: GoogleServer, kind: str) -> None:
    code = agree(server)["code"]
    server.fail(kind, "oauth.token")  # type: ignore[arg-type]
    failure = refused(server, code)
    assert (failure.trouble, failure.retryable) == ("garbage", True)


def test_plain_http_is_for_this_machine_alone() -> None:
    elsewhere = GoogleEndpoints(auth_url="http://192.0.2.1/auth", token_url="http://192.0.2.1/token")
    with pytest.raises(CalendarError) as failure:
        GoogleConsent(elsewhere).exchange(ConsentClient("c", "s"), BACK, "code", VERIFIER)
    assert not failure.value.retryable


def test_the_process_is_not_told_to_put_up_with_plain_http(server: GoogleServer) -> None:
    exchange(server, agree(server)["code"])
    assert "OAUTHLIB_INSECURE_TRANSPORT" not in os.environ


def test_the_calendar_of_the_story_is_there(server: GoogleServer) -> None:
    grant = exchange(server, agree(server)["code"])
    choices = provider(server).choices(access(server, opens=grant.credentials))
    assert [choice.calendar_id for choice in choices] == [CALENDAR]
