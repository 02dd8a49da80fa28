"""The owner connects Google and CalDAV with a real browser, against servers that speak the real protocols."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from waitress import create_server

from tests.browser.chromium import PHONE
from tests.calendar_accounts import OWNER, TEAM, google_account, reaches
from tests.google_server import GoogleServer
from tests.radicale_server import PASSWORD, USERNAME, running
from waitlist_appliance.cli.processes import free_port
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.sync_calendar import sync
from waitlist_appliance.storage import connecting, heartbeats, sessions, staff
from waitlist_appliance.web.app import create_app
from waitlist_appliance.web.staff.auth import COOKIE

pytestmark = [pytest.mark.browser, pytest.mark.slow]
HOME = "/staff/settings/calendars"
Opens = Callable[[], Page]


@pytest.fixture
def google() -> Iterator[GoogleServer]:
    with google_account() as server:
        server.add_calendar(TEAM, "Casa Lola", "Europe/Madrid", "owner")
        yield server


@pytest.fixture
def opens(box: Appliance, google: GoogleServer, chromium: Browser, now: datetime) -> Iterator[Opens]:
    """Opens the desk on a phone, with the owner logged in; Google's way back leads to a port where nobody listens."""
    reaches(box, google)
    box.config = replace(box.config, port=free_port())
    server: Any = create_server(create_app(box, TESTING=True, CLOCK=lambda: now), host="127.0.0.1", port=0, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    token = _log_in(box, now)
    contexts = []

    def opened() -> Page:
        context = chromium.new_context(
            base_url=f"http://127.0.0.1:{server.effective_port}", reduced_motion="reduce",
            viewport={"width": PHONE[0], "height": PHONE[1]},
        )  # fmt: skip
        context.add_cookies([{"name": COOKIE, "value": token, "domain": "127.0.0.1", "path": "/"}])
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()
    server.task_dispatcher.shutdown()
    server.close()


def _log_in(box: Appliance, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    with box.db.write():
        user_id = staff.insert_user(box.db, "lola@casalola.example", "Lola", "owner", now)
        sessions.insert(box.db, sha256(token.encode()).digest(), user_id, now, now + timedelta(days=30))
        heartbeats.beat(box.db, "worker", now, '{"pid": 1, "failures": 0, "pass_ms": 7}')
    return token


def _read(box: Appliance, provider: str, now: datetime) -> None:
    """What the worker does once it is rung."""
    (connection,) = (found for found in connecting.present(box.db) if found.provider == provider)
    assert sync(box, connection.id, now).ok


def test_google_is_connected_from_a_box_that_google_cannot_reach(
    opens: Opens, box: Appliance, google: GoogleServer, now: datetime
) -> None:
    at = now + timedelta(days=1)
    google.put_event(TEAM, start=at, end=at + timedelta(hours=1), summary="Plumber")
    page = opens()
    page.goto(f"{HOME}?lang=en")
    page.get_by_role("link", name="Connect · Google Calendar").click()
    page.get_by_role("button", name="Continue to Google").click()
    landed = page.context.expect_event("request", lambda request: "/oauth/google/callback?" in request.url)
    with page.expect_popup() as popup, landed as request:
        page.get_by_role("link", name="Open Google's page").click()
    popup.value.close()
    page.get_by_label("Address of the page you ended at").fill(request.value.url)
    page.get_by_role("button", name="Finish").click()
    page.get_by_role("radio", name="Casa Lola").check()
    page.get_by_role("button", name="Use this calendar").click()
    page.get_by_role("radio", name="Bookings are written to it").check()
    for table in ("Table 1", "Table 2"):
        page.get_by_role("checkbox", name=table).check()
    page.get_by_role("button", name="Save").first.click()

    card = page.get_by_role("article", name="Casa Lola")
    card.get_by_text("Is being read for the first time").wait_for()
    _read(box, "google", now)
    page.goto(HOME)
    told = card.inner_text()
    for text in ("Working", OWNER, "1 event", "Table 1", "Table 2", "just now"):
        assert text in told
    card.get_by_role("button", name="Test").click()
    card.get_by_text("It works. The account has 2 calendars;").wait_for()

    card.get_by_role("link", name="Settings").click()
    page.get_by_text("Disconnect …").click()
    page.get_by_role("button", name="Disconnect “Casa Lola”").click()
    page.get_by_text("Only the built-in calendar is used").wait_for()


def test_a_caldav_account_is_connected_after_a_wrong_password(opens: Opens, box: Appliance, now: datetime) -> None:
    server = running()
    server.new_calendar("Terraza")
    page = opens()
    page.goto(f"{HOME}/caldav?lang=en")
    page.get_by_label("Address of the server").fill(server.url)
    page.get_by_label("User name").fill(USERNAME)
    page.get_by_label("App password").fill("not the password")
    page.get_by_label("The server stands in my own network").check()
    page.get_by_role("button", name="Connect").click()
    page.get_by_text("does not take this user name or password").wait_for()
    assert page.get_by_label("App password").input_value() == ""
    assert page.get_by_label("User name").input_value() == USERNAME

    page.get_by_label("App password").fill(PASSWORD)
    page.get_by_role("button", name="Connect").click()
    page.get_by_role("radio", name="Terraza").first.check()
    page.get_by_role("button", name="Use this calendar").click()
    page.get_by_role("radio", name="It only takes time").check()
    page.get_by_role("checkbox", name="Table 1").check()
    page.get_by_role("button", name="Save").first.click()
    page.wait_for_url(f"**{HOME}#*")
    _read(box, "caldav", now)
    page.goto(HOME)
    told = page.get_by_role("article", name="Terraza").inner_text()
    assert "Working" in told
    assert "Takes the time of\nTable 1" in told
