"""The main job in a browser: a call, a link, a sign-up, a cancellation, an offer, a yes, a booking."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import DESKTOP, PHONE, Visitor
from tests.browser.restaurant import BOOKING_LINK, Evening, Guest, Restaurant

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SIZES = pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["390", "1440"])


@SIZES
def test_a_full_evening_from_the_call_to_the_booking(
    restaurant: Restaurant, visitor: Visitor, desk: Page, size: tuple[int, int]
) -> None:
    evening = restaurant.evening()
    guests = [restaurant.call(evening, name) for name in ("Ana", "Bruno", "Chloé")]
    customers = [visitor.page(size) for _ in guests]
    for guest, customer in zip(guests, customers, strict=True):
        sign_up_from_the_phone(desk, customer, guest)
    expect(customers[1].get_by_role("heading", level=1)).to_contain_text("2nd in line for 19:30")
    restaurant.set("offer_window_seconds", 10)  # Ana's silence
    cancel_in_the_agenda(desk, evening)
    restaurant.until(lambda: restaurant.offer_state(guests[0]) == "live", "Ana is asked")
    restaurant.set("offer_window_seconds", 900)
    ana_lets_it_pass(restaurant, customers[0], guests[0])
    bruno_says_no(restaurant, desk, customers[1], guests[1])
    chloe_says_yes(restaurant, desk, customers[2], guests[2])
    # Ana was asked once for this place and never again.
    assert restaurant.offer_state(guests[0]) == "expired"
    assert [restaurant.bookings(guest) for guest in guests] == [0, 0, 1]


def sign_up_from_the_phone(desk: Page, customer: Page, guest: Guest) -> None:
    """The link stands on the phone's page; the customer opens it on their own device."""
    link = open_phone(desk, guest).get_by_role("link").first.get_attribute("href")
    assert link == guest.url
    customer.goto(link)
    expect(customer.get_by_label("First name")).to_have_value(guest.name)
    customer.get_by_role("button", name="One person more").click()
    customer.get_by_role("checkbox", name=re.compile("may use these details")).check()
    customer.get_by_role("button", name="Join the waitlist").last.click()
    expect(customer.get_by_text("You are on the list.")).to_be_visible()


def open_phone(desk: Page, guest: Guest) -> Page:
    desk.goto(f"/staff/phones/{guest.phone}")
    expect(desk.get_by_role("log").locator(".bubble-theirs").first).to_be_visible()
    return desk.get_by_role("log")  # type: ignore[return-value]


def cancel_in_the_agenda(desk: Page, evening: Evening) -> None:
    _, title = evening.events.pop(0)
    desk.goto(f"/staff/agenda?view=list&day={evening.day}")
    line = desk.get_by_role("listitem").filter(has_text=re.compile(rf"\b{re.escape(title)}\b"))
    line.locator("summary").first.click()
    line.get_by_role("button", name="Cancel it").click()
    expect(desk.get_by_text(f"“{title}” is cancelled.")).to_be_visible()


def ana_lets_it_pass(restaurant: Restaurant, customer: Page, guest: Guest) -> None:
    customer.goto(restaurant.link(guest))
    expect(customer.get_by_role("heading", level=1)).to_have_text("A place is free. Are you coming?")
    # The page finds out by itself when the ring has run out.
    expect(customer.get_by_role("heading", level=1)).to_have_text("The time to answer has passed", timeout=20_000)


def bruno_says_no(restaurant: Restaurant, desk: Page, customer: Page, guest: Guest) -> None:
    link = restaurant.link(guest)
    assert open_phone(desk, guest).get_by_role("link", name=link.split("//")[1]).get_attribute("href") == link
    customer.goto(link)
    customer.get_by_role("button", name="No, thanks").click()
    expect(customer.get_by_role("heading", level=1)).to_have_text("Thank you for telling us")


def chloe_says_yes(restaurant: Restaurant, desk: Page, customer: Page, guest: Guest) -> None:
    customer.goto(restaurant.link(guest))
    with restaurant.worker_asleep():  # the calendar is slow
        customer.get_by_role("button", name="Yes, I'm coming").click()
        expect(customer.get_by_role("heading", level=1)).to_have_text("Reserved for you")
    expect(customer.get_by_role("heading", level=1)).to_have_text("Booked. See you then")
    code = customer.locator(".code").inner_text()
    with customer.expect_download() as download:
        customer.get_by_role("link", name="Add to my calendar").click()
    assert "BEGIN:VEVENT" in download.value.path().read_text(encoding="utf-8")
    assert restaurant.link(guest, BOOKING_LINK)
    expect(open_phone(desk, guest).locator(".bubble-theirs").last).to_contain_text(code)


def test_a_cancelled_booking_frees_the_time_and_the_next_is_asked(restaurant: Restaurant, page: Page) -> None:
    evening = restaurant.evening()
    ana, bruno = restaurant.sign_up(evening, "Ana"), restaurant.sign_up(evening, "Bruno")
    page.goto(restaurant.booked(evening, ana))
    page.get_by_role("link", name="I cannot come").click()
    page.get_by_role("button", name="Cancel the booking").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This booking is cancelled")
    restaurant.until(lambda: restaurant.offer_state(bruno) == "live", "Bruno is asked")
    assert restaurant.bookings(ana) == 0


@pytest.mark.parametrize(("said", "state"), [("SI", "accepted"), ("NO", "declined")])
def test_an_offer_is_answered_on_the_phone(restaurant: Restaurant, desk: Page, said: str, state: str) -> None:
    evening = restaurant.evening()
    ana, bruno = restaurant.sign_up(evening, "Ana", locale="es"), restaurant.sign_up(evening, "Bruno")
    restaurant.offered(evening, ana)
    open_phone(desk, ana)
    desk.get_by_role("button", name=said, exact=True).click()
    expect(desk.locator(".bubble-mine")).to_contain_text(said)
    restaurant.until(lambda: restaurant.offer_state(ana) == state, f"Ana's offer is {state}")
    if said == "NO":
        restaurant.until(lambda: restaurant.offer_state(bruno) == "live", "Bruno is asked")
    else:
        expect(desk.locator(".bubble-theirs").last).to_contain_text("/booking/")
        assert restaurant.offer_state(bruno) == ""


@SIZES
def test_everything_a_customer_does_works_without_javascript(
    restaurant: Restaurant, visitor: Visitor, size: tuple[int, int]
) -> None:
    evening = restaurant.evening()
    guest = restaurant.call(evening, "Ana")
    page = visitor.page(size, java_script_enabled=False)
    page.goto(guest.url)
    page.locator("#nbPersons").fill("2")
    page.locator("#consent").check()
    page.get_by_role("button", name="Join the waitlist").last.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("1st in line for 19:30")
    page.goto(restaurant.offered(evening, guest))
    page.get_by_role("button", name="Yes, I'm coming").click()
    # The page without script asks again by itself.
    expect(page.get_by_role("heading", level=1)).to_have_text("Booked. See you then", timeout=20_000)
    page.get_by_role("link", name="See or cancel my booking").click()
    page.get_by_role("link", name="I cannot come").click()
    page.get_by_role("button", name="Cancel the booking").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This booking is cancelled")
