"""Live pages in a real browser: nothing typed is lost, nothing waits for a reload (issue 3, points 1 and 10)."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from datetime import datetime

import pytest
from flask import Flask
from playwright.sync_api import Page, expect, sync_playwright
from werkzeug.serving import make_server

from tests.web.desk_story import OLIVIA, waits, worker_lives
from tests.web.staff_desk import desk
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import activity, alarms
from waitlist_appliance.web.staff.auth import COOKIE

pytestmark = pytest.mark.browser
SOON = 2000
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@pytest.fixture
def address(web_app: Flask, box: Appliance, now: datetime) -> Iterator[str]:
    worker_lives(box, now)
    server = make_server("127.0.0.1", 0, web_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(address: str, web_app: Flask, box: Appliance, now: datetime) -> Iterator[Page]:
    """Olivia's browser at the desk."""
    session = desk(web_app, box, now, "owner").client.get_cookie(COOKIE)
    assert session
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en")
        context.add_cookies([{"name": COOKIE, "value": session.value, "url": address}])
        page = context.new_page()
        page.goto(f"{address}/staff/waitlist?lang=en")
        yield page
        browser.close()


def dinner(box: Appliance, now: datetime, title: str) -> None:
    with box.db.write():
        activity.record(box.db, now, OLIVIA, "event_added", "event", title=title)


def test_what_changes_shows_within_two_seconds_and_is_announced(page: Page, address: str, box: Appliance, now: datetime) -> None:
    page.goto(f"{address}/staff/activity")
    page.wait_for_load_state("networkidle")
    dinner(box, now, "Dinner for Bruno")
    expect(page.get_by_text("Dinner for Bruno")).to_be_visible(timeout=SOON)
    expect(page.locator("[data-said]")).to_have_text("This page has been brought up to date.")


def test_what_one_is_typing_stays_until_one_asks_for_the_change(page: Page, address: str, box: Appliance, now: datetime) -> None:
    page.goto(f"{address}/staff/activity")
    page.fill("#a-person", "half a na")
    dinner(box, now, "Dinner for Bruno")
    button = page.get_by_role("button", name="Something changed")
    expect(button).to_be_visible(timeout=SOON)
    assert page.input_value("#a-person") == "half a na"
    button.click()
    expect(page.get_by_text("Dinner for Bruno")).to_be_visible()


def test_bell_light_and_banner_move_while_somebody_types(page: Page, address: str, box: Appliance, now: datetime) -> None:
    page.goto(f"{address}/staff/activity")
    page.fill("#a-person", "half a na")
    with box.db.write():
        alarms.raise_alarm(box.db, "messenger_account", "401", now)
    expect(page.locator(".light-word")).to_have_text("Needs attention", timeout=SOON)
    expect(page.locator(".banner")).to_contain_text("Sending is paused")
    assert page.input_value("#a-person") == "half a na"


def test_the_focus_stays_where_it_was(page: Page, address: str, box: Appliance, now: datetime) -> None:
    ana = waits(box, now)
    page.goto(f"{address}/staff/activity")
    page.focus(f"a[href='/staff/waitlist/{ana.entry.public_id}'] >> nth=0")
    dinner(box, now, "Dinner for Bruno")
    expect(page.get_by_text("Dinner for Bruno")).to_be_visible(timeout=SOON)
    assert page.evaluate("document.activeElement.getAttribute('href')") == f"/staff/waitlist/{ana.entry.public_id}"


def test_a_hidden_page_asks_for_nothing(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_response("**/staff/changes"):
        pass
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true})")
    asked.clear()
    page.wait_for_timeout(2 * SOON)
    assert asked == []


def test_the_slash_leads_to_the_search_and_the_arrows_through_what_is_found(page: Page, box: Appliance, now: datetime) -> None:
    waits(box, now)
    page.keyboard.press("/")
    page.keyboard.type("ana")
    expect(page.locator(".find-sheet .found-line").first).to_be_visible(timeout=SOON)
    expect(page.locator("[data-find-said]")).to_have_text("2 found. Use the arrow keys.")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(page.locator("#find")).to_be_focused()
    expect(page.locator(".find-sheet")).to_be_hidden()


def test_no_overview_page_scrolls_sideways_on_the_smallest_phone(page: Page, address: str, box: Appliance, now: datetime) -> None:
    waits(box, now, name="Bartholomäus-Maximilian " * 5)
    page.set_viewport_size({"width": 320, "height": 640})
    for name in ("statistics", "activity", "system", "search?q=bart"):
        page.goto(f"{address}/staff/{name}")
        assert page.evaluate("document.documentElement.scrollWidth") == 320, name
