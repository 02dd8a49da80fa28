"""The second step in a real browser: set up with an app, asked for at the log-in, got around by nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import DESKTOP, PHONE, Visitor
from tests.browser.restaurant import Restaurant
from tests.second_factor_story import Phone
from waitlist_appliance.storage import staff

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PASSWORD = "a long sentence for the desk"
STEP = timedelta(seconds=30)


@dataclass
class Person:
    """Somebody of the team at a browser."""

    page: Page
    email: str

    def logs_in(self, where: str = "/staff/agenda") -> None:
        self.page.goto(f"/login?lang=en&next={where}")
        self.page.get_by_label("Email").fill(self.email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Log in", exact=True).click()

    def types(self, label: str, code: str) -> None:
        self.page.get_by_label(label).fill(code)
        self.page.get_by_role("button", name="Log in", exact=True).click()

    def logs_out(self) -> None:
        self.page.locator("details.account > summary").click()
        self.page.get_by_role("button", name="Log out", exact=True).click()
        self.page.wait_for_url("**/login")

    def sets_it_up(self) -> tuple[Phone, list[str]]:
        """The phone and the recovery codes."""
        self.page.locator("details.account > summary").click()
        self.page.get_by_role("link", name="Your account").click()
        self.page.get_by_role("button", name="Set up an authenticator app").click()
        assert self.page.locator(".account-qr").evaluate("it => it.complete && it.naturalWidth") > 100
        self.page.get_by_text("It cannot be scanned?").click()
        phone = Phone("".join((self.page.locator(".account-secret").text_content() or "").split()))
        self.page.get_by_label("Type the six digits").fill(phone.code(datetime.now(UTC)))
        self.page.get_by_role("button", name="Confirm").click()
        self.page.locator(".account-codes").wait_for()
        return phone, self.page.locator(".account-codes code").all_text_contents()


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desk"])
def person(request: pytest.FixtureRequest, visitor: Visitor, restaurant: Restaurant) -> Iterator[Person]:
    email, _ = restaurant.team_member("Petra", "manager", PASSWORD)
    yield Person(visitor.page(size=request.param), email)
    app = restaurant.app
    user = staff.user_by_email(app.db, email)
    assert user
    with app.db.write():
        app.db.execute("DELETE FROM staff_user WHERE id = ?", user.id)
        app.db.execute("DELETE FROM login_throttle")


def next_code(phone: Phone) -> str:
    """A code that was not typed yet: of the step after this one, which a clock that is a little fast would show."""
    return phone.code(datetime.now(UTC) + STEP)


def test_the_second_step_is_set_up_and_then_asked_for(person: Person) -> None:
    person.logs_in()
    person.page.wait_for_url("**/staff/agenda")
    phone, codes = person.sets_it_up()
    assert len(codes) == 10
    person.page.get_by_role("link", name="I have kept them").click()
    expect(person.page.get_by_text("10 of 10 are left")).to_be_visible()
    person.logs_out()

    person.logs_in("/staff/messages")
    person.page.wait_for_url("**/login/code?**")
    expect(person.page.get_by_label("Code")).to_be_focused()
    person.page.goto("/staff/waitlist")  # the address bar is no way around
    person.page.wait_for_url("**/login?**")
    person.page.goto("/login/code?next=/staff/messages")
    person.types("Code", phone.wrong(datetime.now(UTC)))
    expect(person.page.get_by_text("That code is not right")).to_be_visible()
    person.types("Code", next_code(phone))
    person.page.wait_for_url("**/staff/messages")


def test_with_the_phone_lost_a_recovery_code_opens_and_the_app_can_be_taken_off(person: Person) -> None:
    person.logs_in()
    person.page.wait_for_url("**/staff/agenda")
    _, codes = person.sets_it_up()
    person.page.get_by_role("link", name="I have kept them").click()
    person.logs_out()

    person.logs_in("/staff/account")
    person.page.get_by_role("link", name="Use a recovery code").click()
    person.types("Recovery code", codes[0].lower())
    person.page.wait_for_url("**/staff/account")
    expect(person.page.get_by_text("9 are left")).to_be_visible()
    person.page.get_by_text("Turn off").click()
    sheet = person.page.locator(".account-off")
    sheet.get_by_label("Password").fill(PASSWORD)
    sheet.get_by_label("Code").fill(codes[0])
    sheet.get_by_role("button", name="Turn it off").click()
    expect(sheet.get_by_text("That code is not right")).to_be_visible()
    sheet.get_by_label("Password").fill(PASSWORD)
    sheet.get_by_label("Code").fill(codes[1])
    sheet.get_by_role("button", name="Turn it off").click()
    expect(person.page.get_by_role("button", name="Set up an authenticator app")).to_be_visible()


def test_a_stolen_browser_is_logged_out_from_another_one(person: Person, visitor: Visitor) -> None:
    stolen = Person(visitor.page(), person.email)
    stolen.logs_in()
    stolen.page.wait_for_url("**/staff/agenda")
    stolen.page.goto("about:blank")  # nobody looks: the live page would ask for changes and be refused
    person.logs_in("/staff/account")
    person.page.wait_for_url("**/staff/account")
    expect(person.page.locator(".row-session")).to_have_count(2)
    person.page.get_by_role("button", name="Log out everywhere else").click()
    expect(person.page.locator(".row-session")).to_have_count(1)
    stolen.page.goto("/staff/waitlist")
    stolen.page.wait_for_url(re.compile(r"/login\?"))


def test_the_recovery_codes_stay_on_the_page_while_the_desk_is_busy(person: Person, restaurant: Restaurant) -> None:
    person.logs_in()
    person.page.wait_for_url("**/staff/agenda")
    _, codes = person.sets_it_up()
    restaurant.sign_up(restaurant.evening(), "Ana")
    expect(person.page.locator("[data-changed]")).to_be_visible()
    assert person.page.locator(".account-codes code").all_text_contents() == codes
