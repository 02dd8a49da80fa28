"""Live pages: what changes shows within two seconds, without a reload and without losing what one is typing."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.restaurant import Restaurant
from waitlist_appliance.demo.house import LOLA
from waitlist_appliance.storage import activity, alarms

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SOON: Final = 2_000
LONG_NAME: Final = "Bartholomäus-Maximilian " * 5
_numbers = itertools.count(1)


def something_happens(restaurant: Restaurant) -> str:
    """A dinner is noted in the log; its title, which stands nowhere else."""
    title = f"Dinner number {next(_numbers)}"
    with restaurant.app.db.write():
        activity.record(restaurant.app.db, datetime.now(UTC), LOLA, "event_added", "event", title=title)
    return title


@contextlib.contextmanager
def an_alarm(restaurant: Restaurant) -> Iterator[None]:
    """The provider refuses our account, for a while."""
    with restaurant.app.db.write():
        alarms.raise_alarm(restaurant.app.db, alarms.SENDING_PAUSED, "401", datetime.now(UTC))
    try:
        yield
    finally:
        with restaurant.app.db.write():
            alarms.clear(restaurant.app.db, alarms.SENDING_PAUSED)


@pytest.fixture
def log(desk: Page) -> Page:
    """The activity log, open on a wide screen; a mark on the window tells whether it was loaded anew."""
    desk.goto("/staff/activity")
    desk.wait_for_load_state("networkidle")
    desk.evaluate("window.sameLoad = true")
    return desk


def was_not_reloaded(page: Page) -> bool:
    return bool(page.evaluate("window.sameLoad === true"))


def test_what_changes_shows_within_two_seconds_and_is_announced(restaurant: Restaurant, log: Page) -> None:
    title = something_happens(restaurant)
    expect(log.get_by_text(title)).to_be_visible(timeout=SOON)
    expect(log.locator("[data-said]")).to_have_text("This page has been brought up to date.")
    assert was_not_reloaded(log)


def test_what_one_is_typing_stays_until_one_asks_for_the_change(restaurant: Restaurant, log: Page) -> None:
    log.fill("#a-person", "half a na")
    title = something_happens(restaurant)
    button = log.get_by_role("button", name="Something changed")
    expect(button).to_be_visible(timeout=SOON)
    assert log.input_value("#a-person") == "half a na"
    button.click()
    expect(log.get_by_text(title)).to_be_visible()
    assert was_not_reloaded(log)


def test_bell_light_and_banner_move_while_somebody_types(restaurant: Restaurant, log: Page) -> None:
    log.fill("#a-person", "half a na")
    with an_alarm(restaurant):
        expect(log.locator(".light-word")).to_have_text("Needs attention", timeout=SOON)
        expect(log.locator(".banner")).to_contain_text("Sending is paused")
    assert log.input_value("#a-person") == "half a na"
    assert was_not_reloaded(log)


def test_the_focus_stays_where_it_was(restaurant: Restaurant, desk: Page) -> None:
    ana = restaurant.sign_up(restaurant.evening(), "Ana")
    desk.goto("/staff/activity")
    desk.wait_for_load_state("networkidle")
    desk.focus(f"a[href='/staff/waitlist/{ana.entry}'] >> nth=0")
    title = something_happens(restaurant)
    expect(desk.get_by_text(title)).to_be_visible(timeout=SOON)
    assert desk.evaluate("document.activeElement.getAttribute('href')") == f"/staff/waitlist/{ana.entry}"


def test_a_hidden_page_asks_for_nothing(log: Page) -> None:
    asked: list[str] = []
    log.on("request", lambda request: asked.append(request.url))
    with log.expect_response("**/staff/changes"):
        pass
    log.evaluate("Object.defineProperty(document, 'hidden', {get: () => true})")
    asked.clear()
    log.wait_for_timeout(2 * SOON)
    assert asked == []


def test_the_slash_leads_to_the_search_and_the_arrows_through_what_is_found(restaurant: Restaurant, desk: Page) -> None:
    restaurant.sign_up(restaurant.evening(), "Rosalinda")
    desk.goto("/staff/waitlist")
    desk.keyboard.press("/")
    desk.keyboard.type("rosalinda")
    expect(desk.locator(".find-sheet .found-line").first).to_be_visible(timeout=SOON)
    expect(desk.locator("[data-find-said]")).to_have_text("2 found. Use the arrow keys.")
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Escape")
    expect(desk.locator("#find")).to_be_focused()
    expect(desk.locator(".find-sheet")).to_be_hidden()


def test_no_overview_page_scrolls_sideways_on_the_smallest_phone(restaurant: Restaurant, desk: Page) -> None:
    restaurant.sign_up(restaurant.evening(), LONG_NAME.strip())
    desk.set_viewport_size({"width": 320, "height": 640})
    for name in ("statistics", "activity", "system", "search?q=bart"):
        desk.goto(f"/staff/{name}")
        assert desk.evaluate("document.documentElement.scrollWidth") == 320, name
