"""What browsers do by themselves and people do twice: previews, the back button, two tabs."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import Visitor
from tests.browser.restaurant import Guest, Restaurant

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_opening_the_offer_changes_nothing(restaurant: Restaurant, page: Page, method: str) -> None:
    evening = restaurant.evening()
    ana = restaurant.sign_up(evening, "Ana")
    link = restaurant.offered(evening, ana)
    before = everything(restaurant, ana)
    for address in (link, f"{link}?act=accept", f"{link}?act=decline", f"{link}/accept", ana.url, f"{ana.url}?act=leave"):
        page.context.request.fetch(address, method=method)
    page.goto(link)
    assert everything(restaurant, ana) == before


def everything(restaurant: Restaurant, guest: Guest) -> tuple[object, ...]:
    return restaurant.entry(guest), restaurant.bookings(guest), restaurant.messages(guest)


def test_yes_back_and_yes_again_makes_one_booking(restaurant: Restaurant, page: Page) -> None:
    evening = restaurant.evening()
    ana = restaurant.sign_up(evening, "Ana")
    link = restaurant.offered(evening, ana)
    other = page.context.new_page()
    for tab in (page, other):
        tab.goto(link)
    for tab in (page, other):
        tab.get_by_role("button", name="Yes, I'm coming").click()
        expect(tab.get_by_role("heading", level=1)).to_have_text("Booked. See you then")
    page.go_back()
    page.goto(link)
    page.context.request.post(link, form={"act": "accept"})
    assert restaurant.bookings(ana) == 1


def test_two_tabs_make_one_registration(restaurant: Restaurant, visitor: Visitor) -> None:
    evening = restaurant.evening()
    ana = restaurant.call(evening, "Ana")
    page = visitor.page()
    tabs = [page, page.context.new_page()]
    for tab in tabs:
        tab.goto(ana.url)
        tab.locator("#nbPersons").fill("2")
        tab.locator("#consent").check()
    for tab in tabs:
        tab.get_by_role("button", name="Join the waitlist").last.click()
        expect(tab.get_by_role("heading", level=1)).to_contain_text("1st in line for 19:30")
    assert len([body for body in restaurant.messages(ana) if "19:30" in body and ana.url in body]) <= 2
    assert [event for event in verbs(restaurant, ana) if event == "registered"] == ["registered"]


def verbs(restaurant: Restaurant, guest: Guest) -> list[str]:
    sql = "SELECT a.verb FROM activity a JOIN entry e ON e.id = a.entry_id WHERE e.public_id = ?"
    return [row[0] for row in restaurant.app.db.tuples(sql, guest.entry)]


def test_the_form_is_shown_again_with_the_fault_beside_its_field(restaurant: Restaurant, page: Page) -> None:
    ana = restaurant.call(restaurant.evening(), "Ana")
    page.goto(ana.url)
    page.locator("#nbPersons").fill("2")
    page.locator("#consent").check()
    page.get_by_label("Email").fill("not an address")
    page.get_by_role("button", name="Join the waitlist").last.click()
    expect(page.locator("#trouble")).to_be_focused()
    expect(page.locator("#email")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Email")).to_have_value("not an address")
    assert restaurant.entry(ana)["status"] == "invited"


def test_the_offer_can_be_answered_with_the_keyboard_alone(restaurant: Restaurant, page: Page) -> None:
    evening = restaurant.evening()
    ana = restaurant.sign_up(evening, "Ana")
    page.goto(restaurant.offered(evening, ana))
    stops = [focused(page) for _ in range(3)]
    assert [text for text, _ in stops[:2]] == ["Yes, I'm coming", "No, thanks"]
    assert all(outline for _, outline in stops)
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you for telling us")


def focused(page: Page) -> tuple[str, bool]:
    """Press Tab: the text of what has the focus now, and whether that is visible."""
    page.keyboard.press("Tab")
    found = page.evaluate(
        """() => { const it = document.activeElement, style = getComputedStyle(it);
        return [it.textContent.trim(), style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
                || style.boxShadow !== "none"]; }"""
    )
    return found[0], found[1]
