"""The desk: coming in, and what a host does with the line."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chromium import DESKTOP, PHONE, Visitor
from tests.browser.restaurant import Guest, Restaurant

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SIZES = pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["390", "1440"])


@SIZES
def test_the_first_log_in_is_through_the_one_time_link(
    restaurant: Restaurant, visitor: Visitor, size: tuple[int, int]
) -> None:
    email, link = restaurant.team_member("Hanna", "host", None)
    page = visitor.page(size)
    page.goto(f"/welcome/{link}?lang=en")
    page.get_by_label("Password").fill("a table by the window")
    page.get_by_label("The same again").fill("a table by the window")
    page.get_by_role("button", name="Set the password").click()
    page.wait_for_url("**/staff/waitlist")
    log_out(page)
    page.goto(f"/welcome/{link}?lang=en")
    expect(page.get_by_text("This link has been used or is too old.")).to_be_visible()
    log_in(page, email, "a table by the window")
    page.wait_for_url("**/staff/waitlist")


def test_a_wrong_password_opens_nothing(restaurant: Restaurant, visitor: Visitor) -> None:
    email, _ = restaurant.team_member("Marco", "manager", "the kitchen closes late")
    page = visitor.page()
    page.goto("/staff/agenda")
    page.goto(page.url + "&lang=en")
    log_in(page, email, "the kitchen closes early")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Email")).to_have_value(email)
    page.goto("/staff/waitlist")
    expect(page).to_have_url(re.compile("/login"))


def log_in(page: Page, email: str, password: str) -> None:
    if "/login" not in page.url:
        page.goto("/login?lang=en")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def log_out(page: Page) -> None:
    page.locator("details.account > summary").click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")


def row(desk: Page, guest: Guest) -> Locator:
    desk.goto("/staff/waitlist")
    return desk.locator(f"#e-{guest.entry}")


@SIZES
def test_a_host_withdraws_an_offer_and_the_next_is_asked(
    restaurant: Restaurant, visitor: Visitor, session_of: Callable[[str], Any], size: tuple[int, int]
) -> None:
    evening = restaurant.evening()
    ana, bruno = restaurant.sign_up(evening, "Ana"), restaurant.sign_up(evening, "Bruno")
    restaurant.offered(evening, ana)
    desk = visitor.page(size, storage_state=session_of("owner"))
    row(desk, ana).get_by_role("button", name="Withdraw").click()
    expect(desk.get_by_text("The offer to Ana is withdrawn.")).to_be_visible()
    restaurant.until(lambda: restaurant.offer_state(bruno) == "live", "Bruno is asked")
    assert restaurant.entry(ana)["status"] == "waiting"


def test_a_host_moves_somebody_up_and_they_are_asked_first(restaurant: Restaurant, desk: Page) -> None:
    evening = restaurant.evening()
    ana, bruno = restaurant.sign_up(evening, "Ana"), restaurant.sign_up(evening, "Bruno")
    entry = row(desk, bruno)
    entry.locator("summary").first.click()
    entry.get_by_role("button", name="Serve earlier").click()
    expect(desk.get_by_text("Bruno moved up and is served earlier.")).to_be_visible()
    restaurant.offered(evening, bruno)
    assert restaurant.offer_state(ana) == ""


def test_a_host_offers_by_hand_and_checks_a_time_now(restaurant: Restaurant, desk: Page) -> None:
    evening = restaurant.evening()
    with restaurant.policies(offers="manual"):
        ana, bruno = restaurant.sign_up(evening, "Ana"), restaurant.sign_up(evening, "Bruno")
        desk.goto("/staff/slots")
        desk.locator(".row-slot").filter(has_text="Bruno").filter(has_text="Ana").last.get_by_role(
            "button", name="Check now"
        ).click()
        expect(desk.get_by_text("Checked:")).to_be_visible()
        row(desk, bruno).get_by_role("button", name="Offer now").click()
        expect(desk.locator(".flash-bad")).to_be_visible()  # nothing is free
        restaurant.free_a_table(evening)
        row(desk, bruno).get_by_role("button", name="Offer now").click()
        expect(desk.get_by_text("The offer is on its way to Bruno.")).to_be_visible()
        restaurant.until(lambda: restaurant.offer_state(bruno) == "live", "Bruno is asked")
    assert restaurant.offer_state(ana) == ""


def test_a_host_approves_a_proposed_offer_and_only_then_is_it_sent(restaurant: Restaurant, desk: Page) -> None:
    evening = restaurant.evening()
    ana = restaurant.sign_up(evening, "Ana")
    with restaurant.policies(offers="approve_each"):
        restaurant.free_a_table(evening)
        restaurant.until(lambda: restaurant.offer_state(ana) == "proposed", "an offer to Ana is proposed")
        assert offers_read(restaurant, ana) == 0
        row(desk, ana).get_by_role("button", name="Approve").click()
        expect(desk.get_by_text("Approved: the offer is on its way to Ana.")).to_be_visible()
        restaurant.until(lambda: restaurant.offer_state(ana) == "live", "Ana is asked")
    assert offers_read(restaurant, ana) == 1


def offers_read(restaurant: Restaurant, guest: Guest) -> int:
    return sum("/waitlist/offer/" in body for body in restaurant.messages(guest))


def test_the_open_page_shows_by_itself_what_changed(restaurant: Restaurant, desk: Page) -> None:
    evening = restaurant.evening()
    ana = restaurant.sign_up(evening, "Ana")
    entry = row(desk, ana)
    expect(entry.get_by_role("button", name="Offer now")).to_be_visible()
    restaurant.offered(evening, ana)
    expect(entry.locator("time.countdown")).to_be_visible()


def test_a_host_adds_a_person_by_hand(restaurant: Restaurant, desk: Page) -> None:
    evening = restaurant.evening()
    desk.goto("/staff/waitlist")
    desk.get_by_role("link", name="Add a person").first.click()
    desk.locator("#f-date").fill(evening.day)
    desk.locator("#f-time").fill("19:30")
    desk.get_by_label("First name").fill("Diego")
    desk.get_by_label("Phone").fill("+34 612 399 999")
    desk.get_by_label("People").fill("2")
    desk.get_by_label("They agreed to get messages").check()
    desk.get_by_role("button", name="Put on the waitlist").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("Diego")


def test_the_agenda_lists_tables_as_people_count(restaurant: Restaurant, desk: Page) -> None:
    evening = restaurant.evening()
    desk.goto(f"/staff/agenda?day={evening.day}")
    seen = desk.locator(".agenda-item .fact").all_inner_texts()
    assert [text.strip() for text in seen] == [f"Table {number}" for number in range(1, 13)]


def test_the_print_button_prints_and_is_hidden_where_nothing_would_happen(
    visitor: Visitor, session_of: Callable[[str], Any]
) -> None:
    desk = visitor.page(DESKTOP, storage_state=session_of("owner"))
    desk.goto("/staff/agenda")
    desk.evaluate("window.print = () => { document.title = 'printed' }")
    desk.get_by_role("button", name="Print").click()
    expect(desk).to_have_title("printed")
    plain = visitor.page(DESKTOP, storage_state=session_of("owner"), java_script_enabled=False)
    plain.goto("/staff/agenda")
    expect(plain.locator("[data-print]")).to_be_hidden()
