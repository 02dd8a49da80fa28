"""The dashboard around the line: each thing staff do there all day, on the phone and on the wide screen.

What changes by itself while one types is shown in test_live.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import DESKTOP, PHONE, Visitor
from tests.browser.restaurant import Evening, Guest, Restaurant
from waitlist_appliance.services.receive_reply import receive

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SOON = 2_000


@pytest.fixture(params=[PHONE, DESKTOP], ids=["390", "1440"])
def sized(request: pytest.FixtureRequest, visitor: Visitor, session_of: Callable[[str], Any]) -> Page:
    """The owner's desk, on the phone and on the wide screen."""
    return visitor.page(request.param, storage_state=session_of("owner"))


def test_every_place_is_reached_from_the_navigation(sized: Page) -> None:
    sized.goto("/staff/waitlist")
    bar = sized.get_by_role("navigation", name="Main").filter(visible=True)
    names = [link.inner_text().strip() for link in bar.get_by_role("link").all()]
    for name in names:
        bar.get_by_role("link", name=name).click()
        expect(bar.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")
    assert names[:4] == ["Waitlist", "Agenda", "Messages", "Statistics"]


def test_what_the_phone_keeps_under_more_is_two_touches_away(visitor: Visitor, session_of: Callable[[str], Any]) -> None:
    page = visitor.page(PHONE, storage_state=session_of("owner"))
    for name in ("Settings", "Slots", "Phones", "Activity", "System"):
        page.goto("/staff/waitlist")
        page.locator(".nav-more > summary").click()
        page.locator(".nav-more").get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.locator(".nav-more [aria-current=page]").count() == 1


def test_the_bell_names_what_needs_a_person_and_leads_there(restaurant: Restaurant, sized: Page) -> None:
    evening = restaurant.evening()
    ana = restaurant.sign_up(evening, "Ana")
    with restaurant.policies(offers="approve_each"):
        restaurant.free_a_table(evening)
        restaurant.until(lambda: restaurant.offer_state(ana) == "proposed", "an offer to Ana is proposed")
        sized.goto("/staff/statistics")
        expect(sized.locator(".bell-count")).to_be_visible()
        sized.locator(".bell > summary").click()
        sized.locator(".bell-sheet a").first.click()
        expect(sized).to_have_url(re.compile(r"/staff/waitlist"))
        expect(sized.locator("main").get_by_role("button", name="Approve").first).to_be_visible()


def test_a_name_is_found_from_any_page(restaurant: Restaurant, sized: Page) -> None:
    guest = restaurant.sign_up(restaurant.evening(), "Ana", last_name="Belmonte")
    sized.goto("/staff/system")
    if sized.locator(".find-link").is_visible():
        sized.locator(".find-link").click()
        sized.locator("#f-find").fill("belmonte")
    else:
        sized.keyboard.press("/")
        expect(sized.locator("#find")).to_be_focused()
        sized.keyboard.type("belmonte")
    sized.keyboard.press("Enter")
    sized.locator("main .found-line").first.click()
    expect(sized).to_have_url(re.compile(guest.entry))


def test_the_first_steps_can_be_left_taken_up_skipped_and_finished(sized: Page) -> None:
    sized.goto("/staff/first-run/business")
    sized.get_by_label("Name of your business").fill("")
    sized.evaluate("document.querySelector('.first-form').noValidate = true")
    go_on(sized)
    expect(sized.locator(".field-note").first).to_be_visible()
    sized.get_by_label("Name of your business").fill("Casa Lola")
    go_on(sized)
    expect(sized).to_have_url(re.compile("/place$"))
    sized.get_by_role("link", name="Back").click()
    expect(sized.get_by_label("Name of your business")).to_have_value("Casa Lola")
    for step in ("place", "hours", "resources", "done"):
        sized.get_by_role("button", name="Skip this").click()
        expect(sized).to_have_url(re.compile(f"/{step}$"))
    sized.get_by_role("button", name="Open the waitlist").click()
    expect(sized.get_by_role("heading", level=1)).to_have_text("Waitlist")


def go_on(page: Page) -> None:
    page.get_by_role("button", name="Go on", exact=True).click()


def test_the_statistics_count_who_was_won_back(restaurant: Restaurant, sized: Page) -> None:
    evening = restaurant.evening()
    restaurant.booked(evening, restaurant.sign_up(evening, "Ana"))
    sized.goto("/staff/statistics")
    sized.get_by_role("link", name="Last 7 days").click()
    filled = sized.locator(".hero-value").first.inner_text()
    sized.locator(".behind > summary").first.click()
    rows = sized.locator(".behind table").first.locator("tbody tr")
    assert int(filled) >= 1
    assert int(rows.first.locator("td").first.inner_text()) >= int(rows.last.locator("td").first.inner_text()) >= 1
    with sized.expect_download() as download:
        sized.get_by_role("link", name="Download as CSV").click()
    assert download.value.suggested_filename.endswith(".csv")


def test_a_rule_is_changed_refused_beside_its_field_and_put_back(restaurant: Restaurant, sized: Page) -> None:
    rule, before = "offer_window_seconds", restaurant.app.setup().policies.offer_window_seconds
    try:
        save_rule(sized, rule, "minus three")
        expect(sized.locator(f"#p-{rule} .field-note")).to_be_visible()
        expect(sized.locator(f"#f-{rule}")).to_have_value("minus three")
        assert restaurant.app.setup().policies.offer_window_seconds == before
        save_rule(sized, rule, "20")
        expect(sized.get_by_text("Saved. It counts from now on.")).to_be_visible()
        assert restaurant.app.setup().policies.offer_window_seconds == 20 * 60
    finally:
        restaurant.set(rule, before)


def save_rule(page: Page, rule: str, value: str) -> None:
    page.goto("/staff/settings/policies")
    page.locator(f"#f-{rule}").fill(value)
    page.locator(f"#p-{rule} select").select_option("60")
    page.locator(f"form:has(#p-{rule}) .group-end button").click()


def test_a_booking_is_made_moved_and_cancelled_in_the_agenda(restaurant: Restaurant, sized: Page) -> None:
    evening = restaurant.evening()
    book_by_hand(sized, evening, "14:00")
    panel = sized.locator("#panel")
    expect(panel).to_contain_text("Diego")
    panel.get_by_text("Move…").click()
    panel.get_by_label("Time").fill("15:00")
    panel.get_by_role("button", name="Move the booking").click()
    expect(panel.locator(".panel-time b")).to_have_text("15:00")
    panel.get_by_text("Cancel the booking…").click()
    panel.get_by_role("button", name="Cancel the booking").click()
    expect(panel.locator(".badge-state").first).to_have_text(re.compile("cancelled", re.IGNORECASE))


def book_by_hand(page: Page, evening: Evening, clock: str) -> None:
    page.goto(f"/staff/agenda?day={evening.day}")
    page.locator("[data-add-booking]").click()
    fill_in(page, {"Time": clock, "People": "2", "Name": "Diego", "Phone": "+34 612 300 777"})
    page.wait_for_url(re.compile("booking="))


def fill_in(page: Page, typed: dict[str, str]) -> None:
    for label, value in typed.items():
        page.get_by_role("main").get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Book", exact=True).click()


def test_a_double_click_sends_a_form_once(sized: Page) -> None:
    sized.goto("/staff/agenda/book")
    # What would go out is counted instead of sent, after the page's own listeners had their say.
    sized.evaluate("""addEventListener('submit', (event) => {
        window.sent = (window.sent || 0) + !event.defaultPrevented;
        event.preventDefault();
    })""")
    sized.get_by_role("button", name="Book", exact=True).dblclick()
    assert sized.evaluate("window.sent") == 1


def test_a_full_time_is_answered_with_other_times_and_the_waitlist(restaurant: Restaurant, sized: Page) -> None:
    evening = restaurant.evening()
    sized.goto(f"/staff/agenda/book?date={evening.day}")
    fill_in(sized, {"Time": "19:30", "People": "2", "Name": "Chloé", "Phone": "+34 612 300 888"})
    expect(sized.get_by_role("alert")).to_be_visible()
    sized.get_by_role("button", name="Put on the waitlist").click()
    expect(sized).to_have_url(re.compile("/staff/waitlist/add"))
    expect(sized.locator("#f-time")).to_have_value("19:30")


def test_a_question_nobody_understood_is_marked_answered_and_clear_again(restaurant: Restaurant, sized: Page) -> None:
    guest = restaurant.sign_up(restaurant.evening(), "Chloé", last_name="Ferrand")
    receive(restaurant.app, guest.phone, "sms", "Is there parking?", datetime.now(UTC))
    sized.goto("/staff/messages")
    row = sized.locator(".row-talk", has_text="Chloé Ferrand").first
    expect(row).to_contain_text("Is there parking?")
    expect(row).to_contain_text("needs an answer")
    row.get_by_role("link").click()
    sized.get_by_label("Write to Chloé Ferrand").fill("Yes, behind the house.")
    sized.get_by_role("button", name="Send", exact=True).click()
    expect(sized.get_by_text("Written: it goes out to Chloé Ferrand now.")).to_be_visible()
    sized.goto("/staff/messages")
    expect(row).not_to_contain_text("needs an answer")


def test_the_activity_of_one_customer_is_found(restaurant: Restaurant, sized: Page) -> None:
    guest = restaurant.sign_up(restaurant.evening(), "Bruno", last_name="Quintero")
    sized.goto("/staff/activity")
    sized.get_by_label("Customer").fill("quintero")
    sized.get_by_role("button", name="Show", exact=True).click()
    people = sized.locator(".log-person")
    expect(people.first).to_have_text("Bruno Quintero")
    assert set(people.all_inner_texts()) == {"Bruno Quintero"}
    people.first.get_by_role("link").click()
    expect(sized).to_have_url(re.compile(guest.entry))


def test_the_system_page_says_that_the_worker_lives(sized: Page) -> None:
    sized.goto("/staff/system")
    worker = sized.get_by_role("region", name="Worker")
    expect(worker).to_contain_text("running")
    expect(worker).not_to_contain_text("not running")
    expect(sized.get_by_role("region", name="Database and disk")).to_contain_text("SQLite")


def test_a_new_person_stands_on_the_open_page_within_two_seconds(restaurant: Restaurant, sized: Page) -> None:
    evening = restaurant.evening()
    guest: Guest = restaurant.call(evening, "Ana")
    sized.goto("/staff/waitlist?status=waiting")
    sized.wait_for_load_state("networkidle")
    restaurant.client.post(f"/api/waitlist/confirm/{guest.token}", {
        "firstName": "Ana", "nbPersons": 2, "selectedSlots": [evening.at("19:30")], "consent": True, "locale": "en",
    })  # fmt: skip
    expect(sized.locator(f"#e-{guest.entry}")).to_be_visible(timeout=SOON)
