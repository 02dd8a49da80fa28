"""Connecting calendars over HTTP: under both sets of names, by key and by browser; and Google's notices."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.calendar_accounts import OWNER, TEAM, connected, google_account, reaches
from tests.conftest import at
from tests.google_server import GoogleServer
from tests.web.conftest import Clock
from tests.web.staff_desk import COOKIE, Desk, desk
from waitlist_appliance.services import connect_calendar, manage_calendars
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.storage import api_keys, connecting
from waitlist_appliance.web.consent import browser_mark

START = "/api/waitlist/calendar/oauth/google/start"
CALLBACK = connect_calendar.CALLBACK
Bearer = dict[str, str]


@pytest.fixture
def google(box: Appliance) -> Iterator[GoogleServer]:
    """An account with a calendar of its own and one more, which the box can reach."""
    with google_account() as server:
        server.add_calendar(TEAM, "Casa Lola")
        reaches(box, server)
        yield server


@pytest.fixture
def linked(box: Appliance, google: GoogleServer, now: datetime) -> str:
    """The id of a connection that is read and written."""
    connection = connected(box, google, now)
    manage_calendars.choose(box, connection.public_id, TEAM, None, now, SYSTEM)
    return connection.public_id


def path_of(address: str) -> str:
    """The path and query of an absolute address."""
    return "/" + address.split("/", 3)[3]


def config(client: FlaskClient, bearer: Bearer) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/waitlist/calendar/config", headers=bearer).get_json()
    return found


def test_a_program_connects_google_from_the_start_to_the_first_written_calendar(
    client: FlaskClient, bearer: Bearer, google: GoogleServer
) -> None:
    assert config(client, bearer)["connected"] is False
    url = client.get(START, headers=bearer).get_json()["oauthUrl"]
    done = client.get(path_of(google.agree(url)), headers=bearer)
    assert (done.status_code, done.get_json()["connection"]["needsChoice"]) == (200, True)
    offered = client.get("/api/waitlist/calendar/calendars", headers=bearer).get_json()["calendars"]
    assert [choice["id"] for choice in offered] == [OWNER, TEAM]
    chosen = client.post(
        "/api/waitlist/calendar/select", headers=bearer, json={"calendarId": TEAM, "calendarName": "Reservas"}
    )
    assert chosen.status_code == 200, chosen.get_json()
    told = config(client, bearer)
    assert (told["connected"], told["isEnabled"], told["calendarId"], told["calendarName"]) == (
        True, True, TEAM, "Reservas",
    )  # fmt: skip
    assert len(told["connections"][1]["writtenBy"]) == 2


def test_the_browser_that_got_the_address_from_a_program_needs_no_key(
    client: FlaskClient, bearer: Bearer, google: GoogleServer
) -> None:
    url = client.get("/api/calendar/google/connect", headers=bearer).get_json()["oauth_url"]
    page = client.get(path_of(google.agree(url)))
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "The calendar is connected" in page.get_data(as_text=True)
    assert config(client, bearer)["connected"] is True


def test_a_revoked_key_finishes_nothing(
    client: FlaskClient, bearer: Bearer, google: GoogleServer, box: Appliance, now: datetime
) -> None:
    address = google.agree(client.get(START, headers=bearer).get_json()["oauthUrl"])
    (key,) = api_keys.every(box.db)
    api_keys.revoke(box.db, key.public_id, now)
    assert client.get(path_of(address)).status_code == 422
    assert len(connecting.present(box.db)) == 1


def test_another_key_cannot_finish_what_this_one_began(
    client: FlaskClient, bearer: Bearer, google: GoogleServer, box: Appliance, now: datetime
) -> None:
    address = google.agree(client.get(START, headers=bearer).get_json()["oauthUrl"])
    other = api_keys.create(box.db, "other", api_keys.SCOPES, now)[1]
    refused = client.get(path_of(address), headers={"X-API-Key": other})
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (409, "calendar_state_bad")


def test_a_key_without_the_scope_cannot_come_to_the_callback(
    client: FlaskClient, box: Appliance, now: datetime
) -> None:
    secret = api_keys.create(box.db, "agent", ["waitlist.create"], now)[1]
    assert client.get(f"{CALLBACK}?state=s&code=c", headers={"X-API-Key": secret}).status_code == 403


def test_staff_finish_what_they_began_on_the_same_browser_and_on_no_other(
    web_app: Flask, box: Appliance, google: GoogleServer, now: datetime
) -> None:
    olivia, other = desk(web_app, box, now, "owner"), desk(web_app, box, now, "manager")
    address = path_of(google.agree(begun_on(web_app, olivia, box, now)))
    for stranger in (web_app.test_client(), other.client):
        refused = stranger.get(address, headers={"Accept-Language": "en"})
        assert (refused.status_code, "copy the address of this page" in refused.get_data(as_text=True)) == (422, True)
    done = olivia.client.get(address)
    assert (done.status_code, done.location.endswith("/choose")) == (303, True)
    assert olivia.client.get(done.location).status_code == 200


def begun_on(web_app: Flask, browser: Desk, box: Appliance, now: datetime) -> str:
    """Google's page as this browser's own session begins it."""
    cookie = browser.client.get_cookie(COOKIE)
    assert cookie is not None
    with web_app.test_request_context("/", headers={"Cookie": f"{COOKIE}={cookie.value}"}):
        return connect_calendar.begin_google(box, browser_mark(), connect_calendar.redirect_uri(box), now, SYSTEM)


@pytest.mark.parametrize("query", ["", "?state=s", "?state=s&code=c", "?error=access_denied&state=s", "?state[]=1"])
def test_a_browser_that_comes_back_with_nothing_gets_a_friendly_page(client: FlaskClient, query: str) -> None:
    for path in (CALLBACK, "/api/calendar/google/callback"):
        page = client.get(path + query)
        assert (page.status_code, page.mimetype) == (422, "text/html")
        assert "The calendar is not connected" in page.get_data(as_text=True)


def test_a_link_scanner_uses_up_no_state(client: FlaskClient, bearer: Bearer, google: GoogleServer) -> None:
    address = path_of(google.agree(client.get(START, headers=bearer).get_json()["oauthUrl"]))
    assert client.head(address).status_code == 204
    assert client.get(address).status_code == 200


def test_a_refusal_of_googles_is_told_with_what_to_do(
    client: FlaskClient, bearer: Bearer, google: GoogleServer
) -> None:
    google.tokens.untick = {"https://www.googleapis.com/auth/calendar.events"}
    address = path_of(google.agree(client.get(START, headers=bearer).get_json()["oauthUrl"]))
    refused = client.get(address, headers=bearer)
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (409, "calendar_scope_missing")
    assert "tick every box" in refused.get_json()["error"]["message"]


def test_a_repeated_selection_is_answered_once(
    client: FlaskClient, bearer: Bearer, linked: str, box: Appliance
) -> None:
    headers = {**bearer, "Idempotency-Key": "k1"}
    answers = [
        client.post("/api/waitlist/calendar/select", headers=headers, json={"calendarId": OWNER}) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].get_json() == answers[1].get_json()
    assert box.db.value("SELECT COUNT(*) FROM activity WHERE verb = 'calendar_chosen'") == 2  # one was the fixture's


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "invalid_fields"),
        ({"calendarId": "nobody@example.com"}, 422, "calendar_unknown"),
        ({"calendarId": TEAM, "connectionId": "none"}, 404, "not_found"),
        ({"calendarId": OWNER, "use": "everything"}, 422, "bad_value"),
        ({"calendarId": OWNER, "resources": ["Sauna"]}, 422, "unknown_resource"),
    ],
)
def test_a_selection_that_cannot_be_is_named(
    client: FlaskClient, bearer: Bearer, linked: str, body: dict[str, Any], status: int, code: str
) -> None:
    refused = client.post("/api/waitlist/calendar/select", headers=bearer, json=body)
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (status, code)
    assert config(client, bearer)["calendarName"] == "Casa Lola"


def test_with_two_connections_the_one_meant_must_be_named(
    client: FlaskClient, bearer: Bearer, linked: str, box: Appliance
) -> None:
    connecting.add(box.db, "caldav", "Marta's")
    refused = client.post("/api/waitlist/calendar/toggle", headers=bearer, json={"isEnabled": False})
    assert (refused.status_code, "connectionId" in str(refused.get_json())) == (422, True)
    told = client.post(
        "/api/waitlist/calendar/toggle", headers=bearer, json={"is_enabled": "false", "connection_id": linked}
    )
    assert told.get_json()["isEnabled"] is False


def test_disconnecting_forgets_the_connection_under_both_names(
    client: FlaskClient, bearer: Bearer, linked: str, box: Appliance, google: GoogleServer, now: datetime
) -> None:
    assert client.post("/api/waitlist/calendar/disconnect", headers=bearer, json={}).get_json()["connected"] is False
    assert config(client, bearer)["connected"] is False
    again = connected(box, google, now).public_id
    assert client.delete(f"/api/calendar/google/disconnect/{again}", headers=bearer).status_code == 200
    assert client.delete(f"/api/calendar/google/disconnect/{again}", headers=bearer).status_code == 404


def test_the_built_in_calendar_is_not_disconnected_as_if_it_were_googles(
    client: FlaskClient, bearer: Bearer, box: Appliance
) -> None:
    (built_in,) = connecting.present(box.db)
    refused = client.delete(f"/api/calendar/google/disconnect/{built_in.public_id}", headers=bearer)
    assert refused.status_code == 404


def test_no_answer_holds_a_secret(
    client: FlaskClient, bearer: Bearer, linked: str, box: Appliance, google: GoogleServer
) -> None:
    told = client.get("/api/waitlist/calendar/config", headers=bearer).get_data(as_text=True)
    assert not any(token in told for token in (*google.tokens.refresh, *google.tokens.access, google.client.secret))


def test_reading_now_only_rings(client: FlaskClient, bearer: Bearer, linked: str, google: GoogleServer) -> None:
    asked = len(google.requests)
    told = client.post("/api/calendar/sync", headers=bearer, json={})
    assert (told.status_code, told.get_json()["queued"]) == (202, 2)
    assert client.post("/api/calendar/sync", headers=bearer, json={"connectionId": linked}).get_json()["queued"] == 1
    cron = client.get("/api/cron/calendar-sync", headers={"Authorization": f"Bearer {'c' * 32}"})
    assert (cron.status_code, cron.get_json()["queued"]) == (200, 2)
    assert len(google.requests) == asked


def test_the_clock_outside_needs_its_secret(client: FlaskClient, bearer: Bearer) -> None:
    assert client.get("/api/cron/calendar-sync").status_code == 401
    assert client.get("/api/cron/calendar-sync", headers=bearer).status_code == 401


# --- notices of Google's


def channel(box: Appliance, connection_id: str, now: datetime) -> None:
    """An open channel whose notices carry the secret ``s3cret``."""
    box.db.insert(
        "watch_channel", channel_id="channel-1", connection_id=manage_calendars.found(box, connection_id).id,
        secret_hash=hashlib.sha256(b"s3cret").hexdigest(), resource_id="r", state="open",
        expires_at=now + timedelta(days=7), created_at=now,
    )  # fmt: skip


def notice(client: FlaskClient, channel_id: str = "channel-1", secret: str = "s3cret", state: str = "exists") -> int:
    told = {
        "X-Goog-Channel-ID": channel_id, "X-Goog-Channel-Token": secret, "X-Goog-Resource-State": state,
        "X-Goog-Message-Number": "2",
    }  # fmt: skip
    return client.post("/hooks/google/calendar", headers=told).status_code


def test_a_notice_makes_it_the_calendars_turn_and_reads_nothing_itself(
    client: FlaskClient, box: Appliance, linked: str, google: GoogleServer, clock: Clock, now: datetime
) -> None:
    channel(box, linked, now)
    connecting.change(box.db, manage_calendars.found(box, linked).id, next_sync_at=at("23:00"))
    asked = len(google.requests)
    assert notice(client) == 204
    assert manage_calendars.found(box, linked).next_sync_at == clock.now
    assert len(google.requests) == asked


def test_the_first_notice_of_a_channel_is_welcome(
    client: FlaskClient, box: Appliance, linked: str, now: datetime
) -> None:
    channel(box, linked, now)
    assert notice(client, state="sync") == 204


@pytest.mark.parametrize(
    ("channel_id", "secret"), [("channel-1", "guessed"), ("channel-1", ""), ("other", "s3cret"), ("", ""), ("é", "é")]
)
def test_a_notice_that_proves_nothing_is_not_found(
    client: FlaskClient, box: Appliance, linked: str, now: datetime, channel_id: str, secret: str
) -> None:
    channel(box, linked, now)
    connecting.change(box.db, manage_calendars.found(box, linked).id, next_sync_at=at("23:00"))
    assert notice(client, channel_id, secret) == 404
    assert manage_calendars.found(box, linked).next_sync_at == at("23:00")


def test_a_notice_without_headers_is_not_found(client: FlaskClient) -> None:
    assert client.post("/hooks/google/calendar").status_code == 404
    assert client.get("/hooks/google/calendar").status_code == 405
