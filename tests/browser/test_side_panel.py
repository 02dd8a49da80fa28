"""An entry's details beside the list: on a wide screen a panel, on a phone and without script a page."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chromium import DESKTOP, PHONE, Visitor
from tests.browser.restaurant import Evening, Guest, Restaurant
from waitlist_appliance.demo.house import LOLA
from waitlist_appliance.services import staff_acts

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SOON = 4_000  # the list first, then what is open beside it


@pytest.fixture
def evening(restaurant: Restaurant) -> Evening:
    return restaurant.evening()


@pytest.fixture
def guests(restaurant: Restaurant, evening: Evening) -> list[Guest]:
    """Ana and Bruno wait for the same evening."""
    return [restaurant.sign_up(evening, name) for name in ("Ana", "Bruno")]


@pytest.fixture
def waitlist(desk: Page, evening: Evening, guests: list[Guest]) -> Page:
    """The waitlist of their day, on a wide screen."""
    desk.goto(f"/staff/waitlist?date={evening.day}")
    return desk


def link(page: Page, guest: Guest) -> Locator:
    return page.locator(f"#e-{guest.entry} a.who-name")


def panel(page: Page) -> Locator:
    return page.get_by_role("dialog")


def test_a_row_opens_beside_the_list_and_takes_the_focus(waitlist: Page, guests: list[Guest]) -> None:
    ana, bruno = guests
    link(waitlist, ana).click()
    expect(waitlist.get_by_role("dialog", name="Ana")).to_be_visible()
    expect(panel(waitlist).locator("#side-title")).to_be_focused()
    expect(panel(waitlist)).to_contain_text("and why they were not offered")
    expect(waitlist).to_have_url(re.compile(f"open={ana.entry}"))
    right_end = link(waitlist, bruno).evaluate("it => it.closest('.row-entry').getBoundingClientRect().right")
    assert right_end <= panel(waitlist).evaluate("it => it.getBoundingClientRect().left")
    assert waitlist.evaluate("document.documentElement.scrollWidth") <= DESKTOP[0]


def test_escape_closes_it_and_gives_the_focus_back(waitlist: Page, guests: list[Guest]) -> None:
    link(waitlist, guests[0]).press("Enter")
    expect(panel(waitlist)).to_be_visible()
    waitlist.keyboard.press("Escape")
    expect(panel(waitlist)).to_be_hidden()
    expect(link(waitlist, guests[0])).to_be_focused()
    expect(waitlist).not_to_have_url(re.compile("open="))


def test_back_closes_it_forward_and_reloading_open_it(waitlist: Page, guests: list[Guest]) -> None:
    link(waitlist, guests[0]).click()
    expect(panel(waitlist)).to_be_visible()
    link(waitlist, guests[1]).click()
    expect(waitlist.get_by_role("dialog", name="Bruno")).to_be_visible()
    waitlist.go_back()
    expect(panel(waitlist)).to_be_hidden()
    waitlist.go_forward()
    expect(waitlist.get_by_role("dialog", name="Bruno")).to_be_visible()
    waitlist.reload()
    expect(waitlist.get_by_role("dialog", name="Bruno")).to_be_visible()
    waitlist.get_by_role("button", name="Close").click()
    expect(panel(waitlist)).to_be_hidden()


def test_what_is_done_in_it_answers_beside_the_list(waitlist: Page, guests: list[Guest]) -> None:
    link(waitlist, guests[0]).click()
    panel(waitlist).get_by_role("button", name="Serve earlier").click()
    expect(waitlist.get_by_text("Ana moved up and is served earlier.")).to_be_visible()
    expect(waitlist.get_by_role("dialog", name="Ana")).to_be_visible()
    expect(link(waitlist, guests[1])).to_be_visible()


def test_what_changes_elsewhere_shows_in_it_too(restaurant: Restaurant, waitlist: Page, guests: list[Guest]) -> None:
    link(waitlist, guests[0]).click()
    history = panel(waitlist).get_by_role("region", name="History")
    button = panel(waitlist).get_by_role("button", name="Serve later")
    button.focus()
    before = history.locator("li").count()
    staff_acts.set_priority(restaurant.app, guests[0].entry, 70, datetime.now(UTC), LOLA)
    expect(history.locator("li")).to_have_count(before + 1, timeout=SOON)
    expect(button).to_be_focused()


def test_on_a_phone_it_is_a_page(visitor: Visitor, session_of: Callable[[str], Any], guests: list[Guest]) -> None:
    page = visitor.page(PHONE, storage_state=session_of("owner"))
    page.goto("/staff/waitlist?q=" + guests[0].phone[1:])
    link(page, guests[0]).click()
    expect(page).to_have_url(re.compile(f"/staff/waitlist/{guests[0].entry}$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Ana")
    page.goto(f"/staff/waitlist?open={guests[0].entry}")
    expect(page).to_have_url(re.compile(f"/staff/waitlist/{guests[0].entry}$"))


def test_without_script_it_is_a_page(visitor: Visitor, session_of: Callable[[str], Any], guests: list[Guest]) -> None:
    page = visitor.page(DESKTOP, storage_state=session_of("owner"), java_script_enabled=False)
    page.goto("/staff/waitlist?q=" + guests[0].phone[1:])
    link(page, guests[0]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ana")
    expect(page).to_have_url(re.compile(f"/staff/waitlist/{guests[0].entry}$"))
