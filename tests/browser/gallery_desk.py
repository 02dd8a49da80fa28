"""The dashboard's pages beside the line itself: agenda, messages, statistics, activity, system, settings, first run."""

from __future__ import annotations

from typing import Final

from playwright.sync_api import Page

from tests.browser.gallery import STATES as LINE_STATES
from tests.browser.gallery import Gallery, Reach, State, lists
from tests.browser.gallery_account import STATES as ACCOUNT_STATES
from tests.browser.gallery_calendars import STATES as CALENDAR_STATES
from tests.browser.gallery_messaging import STATES as MESSAGING_STATES
from tests.browser.gallery_notices import STATES as NOTICE_STATES
from tests.browser.gallery_passkeys import STATES as PASSKEY_STATES
from tests.browser.gallery_system import STATES as SYSTEM_STATES
from tests.browser.restaurant import Guest
from waitlist_appliance.services.first_run import STEPS


def _goes(path: str) -> Reach:
    return lambda page, gallery: page.goto(path)


def _menus(path: str) -> Reach:
    """The bell, the health light and the account's menu all open."""

    def reach(page: Page, gallery: Gallery) -> None:
        lists(path)(page, gallery)
        for menu in page.locator(".top-end > details > summary").all():
            menu.click()

    return reach


def _opened(path: str) -> Reach:
    """With whatever folds open."""

    def reach(page: Page, gallery: Gallery) -> None:
        lists(path)(page, gallery)
        page.evaluate("document.querySelectorAll('main details').forEach(it => it.open = true)")

    return reach


def _refused(path: str, button: str, **typed: str) -> Reach:
    """What the page says to a form that cannot be taken."""

    def reach(page: Page, gallery: Gallery) -> None:
        _sent(path, button, **typed)(page, gallery)
        page.locator("main .field-note").first.wait_for()

    return reach


def _sent(path: str, button: str, **typed: str) -> Reach:
    """A form filled in and sent past the browser's own checks."""

    def reach(page: Page, gallery: Gallery) -> None:
        page.goto(path)
        page.evaluate("document.querySelectorAll('main details').forEach(it => it.open = true)")
        page.evaluate("document.querySelectorAll('main form').forEach(it => it.noValidate = true)")
        for name, value in typed.items():
            page.locator(f'main [name="{name}"]').first.fill(value)
        with page.expect_navigation():
            page.locator(button).first.click()

    return reach


def _found(page: Page, gallery: Gallery) -> None:
    lists("/staff/waitlist")(page, gallery)
    page.keyboard.press("Escape")
    page.goto("/staff/search?q=ana")


def _found_at_once(page: Page, gallery: Gallery) -> None:
    lists("/staff/activity")(page, gallery)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.keyboard.press("/")
    page.keyboard.type("ana")
    page.locator(".find-sheet .found-line").first.wait_for()


def _first_of(path: str, link: str) -> Reach:
    """The page behind the first of a list's links."""

    def reach(page: Page, gallery: Gallery) -> None:
        page.goto(path)
        href = page.locator(link).first.get_attribute("href")
        page.goto(str(href))

    return reach


def booking_of(gallery: Gallery, guest: Guest) -> tuple[str, str]:
    """The day and the identity of a guest's booking."""
    sql = "SELECT b.public_id FROM booking b JOIN customer c ON c.id = b.customer_id WHERE c.phone = ?"
    day = gallery.restaurant.entry(guest)["wishes"][0]["startsAt"][:10]
    return day, str(gallery.restaurant.app.db.tuples(sql, guest.phone)[0][0])


def _panel(page: Page, gallery: Gallery) -> None:
    day, booking = booking_of(gallery, gallery.booked[0])
    page.goto(f"/staff/agenda?day={day}&booking={booking}#panel")
    for summary in page.locator(".panel-part > summary").all():
        summary.click()


def _conversation(page: Page, gallery: Gallery) -> None:
    sql = "SELECT public_id FROM customer WHERE phone = ?"
    customer = gallery.restaurant.app.db.tuples(sql, gallery.booked[0].phone)[0][0]
    page.goto(f"/staff/messages/{customer}")


def _personal_data(page: Page, gallery: Gallery) -> None:
    """What is kept of a guest, with the question before erasing it open."""
    _conversation(page, gallery)
    page.goto(page.url + "/data")
    page.locator(".sure > summary").click()


def _beside(page: Page, gallery: Gallery) -> None:
    """An entry beside the list; on a phone its page."""
    page.goto(f"/staff/waitlist?open={gallery.waiting.entry}")
    page.locator("#side-title, .person-head h1").first.wait_for()


def _edit(page: Page, gallery: Gallery) -> None:
    page.goto(f"/staff/waitlist/{gallery.waiting.entry}/edit")


def _edit_refused(page: Page, gallery: Gallery) -> None:
    path = f"/staff/waitlist/{gallery.waiting.entry}/edit"
    _refused(path, "main form.stack button.btn-accent", phone="12", email="nobody")(page, gallery)


def _mail(page: Page, _gallery: Gallery) -> None:
    """The email that else stands in a frame; only here the browser looks for an icon of it."""
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    page.goto("/staff/settings/texts/offer/mail?locale=fr")


SETTINGS: Final = ("switches", "policies", "business", "hours", "resources", "services", "people", "keys", "workflow")
BUTTON: Final = "main form button.btn-accent"
STATES: Final = (
    *LINE_STATES,
    *NOTICE_STATES,
    *SYSTEM_STATES,
    *ACCOUNT_STATES,
    *PASSKEY_STATES,
    *CALENDAR_STATES,
    *MESSAGING_STATES,
    State("staff.waitlist", "beside", _beside, "owner"),
    State("staff.waitlist", "menus", _menus("/staff/waitlist"), "owner"),
    State("staff.edit_entry", "waiting", _edit, "owner"),
    State("staff.edit_entry", "faults", _edit_refused, "owner"),
    State("staff.agenda", "week", _goes("/staff/agenda?view=week"), "owner"),
    State("staff.agenda", "list", _goes("/staff/agenda?view=list"), "owner"),
    State("staff.agenda", "panel", _panel, "owner"),
    State("staff.add_booking", "empty", _goes("/staff/agenda/book"), "owner"),
    State("staff.add_booking", "faults", _refused("/staff/agenda/book", BUTTON, phone="12"), "owner"),
    State("staff.messages", "conversations", _goes("/staff/messages"), "owner"),
    State("staff.messages", "outbox", _opened("/staff/messages?box=all"), "owner"),
    State("staff.conversation", "booked", _conversation, "owner"),
    State("staff.personal_data", "kept", _personal_data, "owner"),
    State("staff.search", "empty", _goes("/staff/search"), "owner"),
    State("staff.search", "found", _found, "owner"),
    State("staff.search", "nobody", _goes("/staff/search?q=zzzzzz"), "owner"),
    State("staff.search", "at-once", _found_at_once, "owner"),
    State("staff.statistics", "numbers", _opened("/staff/statistics?days=365"), "owner"),
    State("staff.statistics", "nothing", _goes("/staff/statistics?from=2020-01-01&to=2020-02-01"), "owner"),
    State("staff.statistics", "no-period", _goes("/staff/statistics?from=2020-03-01&to=2020-02-01"), "viewer"),
    State("staff.activity", "everything", lists("/staff/activity"), "owner"),
    State("staff.activity", "nothing", _goes("/staff/activity?person=zzzzzz"), "owner"),
    State("staff.system", "well", _opened("/staff/system"), "owner"),
    State("staff.settings", "overview", _goes("/staff/settings"), "owner"),
    *(State(f"staff.{name}", "present", _opened(f"/staff/settings/{name}"), "owner") for name in SETTINGS),
    State("staff.policies", "faults", _refused(
        "/staff/settings/policies", "#g-offers button.btn-accent", offer_window_seconds="-3"), "owner"),
    State("staff.business", "faults", _refused(
        "/staff/settings/business", "form:has(#f-address) button.btn-accent", name="", email="x"), "owner"),
    State("staff.resource", "table", _first_of("/staff/settings/resources", 'main .rows a[href*="/resources/"]'), "owner"),
    State("staff.add_service", "empty", _goes("/staff/settings/services/new"), "owner"),
    State("staff.add_service", "faults", _refused("/staff/settings/services/new", BUTTON, name=""), "owner"),
    State("staff.service", "usual", _first_of("/staff/settings/services", 'main .rows a[href*="/services/"]'), "owner"),
    State("staff.people", "faults", _refused("/staff/settings/people", "main form.group button.btn-accent", email="x"), "owner"),
    State("staff.texts", "delivered", _goes("/staff/settings/texts"), "owner"),
    State("staff.text", "sms", _goes("/staff/settings/texts/offer?channel=sms&locale=fr"), "owner"),
    State("staff.text", "whatsapp", _goes("/staff/settings/texts/offer?channel=whatsapp&locale=es"), "owner"),
    State("staff.text", "email", _goes("/staff/settings/texts/confirmed?channel=email&locale=en"), "owner"),
    State("staff.text", "faults", _refused(
        "/staff/settings/texts/offer?channel=sms&locale=en", "main form[data-text] button.btn-accent",
        body="Hello {{ colour }}"), "owner"),
    State("staff.text_mail", "offer", _mail, "owner"),
    *(State("staff.first_run_step", step, _goes(f"/staff/first-run/{step}"), "owner") for step in STEPS),
    State("staff.first_run_step", "faults", _refused("/staff/first-run/business", BUTTON, name=""), "owner"),
)  # fmt: skip
