"""The pages of the messengers' accounts: nothing connected, cards in every state, the forms and their faults."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from playwright.sync_api import Page

from tests.browser.gallery import Gallery, State
from tests.messaging_accounts import SMTP, TWILIO, keep
from waitlist_appliance.demo.house import LOLA
from waitlist_appliance.services import messaging_accounts
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import alarms, provider_credentials

HOME: Final = "/staff/settings/messaging"
# Nobody listens there: the accounts of the gallery reach nobody.
NOWHERE: Final = {"base_url": "http://127.0.0.1:9"}
Prepares = Callable[[Appliance, datetime], str]


@dataclass(frozen=True)
class MessagingState(State):
    """A page with accounts that are there for as long as it is looked at; the worker sleeps and sends nothing by them.

    ``prepare`` gives the address, ``then`` is what is done there.
    """

    prepare: Prepares = lambda app, now: HOME
    then: Callable[[Page], None] = lambda page: None

    @contextlib.contextmanager
    def show(self, page: Page, gallery: Gallery) -> Iterator[None]:
        app = gallery.restaurant.app
        with contextlib.ExitStack() as stack:
            with app.db.write():  # so that the worker does not fall asleep with the database in its hands
                stack.enter_context(gallery.restaurant.worker_asleep())
            stack.callback(_forget, app)
            page.goto(self.prepare(app, datetime.now(UTC)))
            self.then(page)
            yield


def _forget(app: Appliance) -> None:
    with app.db.write():
        for provider in messaging_accounts.CHANNELS:
            provider_credentials.forget(app.db, provider)
        alarms.clear(app.db, alarms.SENDING_PAUSED)


def _cards(app: Appliance, now: datetime) -> str:
    keep(app, "twilio", now, {**TWILIO, **NOWHERE})
    keep(app, "smtp", now, {**SMTP, "reply_to": "an-address-that-is-really-rather-long@reservations.casalola.example"})
    return HOME


def _paused(app: Appliance, now: datetime) -> str:
    key = {"auth_token": "", "api_key_sid": "SK" + "0" * 32, "api_key_secret": "s" * 32}
    keep(app, "twilio", now, {**TWILIO, **NOWHERE, **key})
    with app.db.write():
        alarms.raise_alarm(app.db, alarms.SENDING_PAUSED, "Twilio: the account is not active (20005)", now)
    return HOME


def _paused_by_staff(app: Appliance, now: datetime) -> str:
    messaging_accounts.pause(app, now, LOLA)
    return HOME


def _broken(app: Appliance, now: datetime) -> str:
    with app.db.write():
        provider_credentials.keep(app.db, app.vault, "twilio", {"account_sid": "AC1"}, now)
    return HOME


def _change(app: Appliance, now: datetime) -> str:
    _cards(app, now)
    return f"{HOME}/twilio"


def _change_mail(app: Appliance, now: datetime) -> str:
    _cards(app, now)
    return f"{HOME}/email"


def _open_all(page: Page) -> None:
    page.evaluate("document.querySelectorAll('main details.cal-fold').forEach(it => it.open = true)")


def _test(number: str) -> Callable[[Page], None]:
    def test(page: Page) -> None:
        page.get_by_label("Your mobile number").fill(number)
        with page.expect_navigation():
            page.get_by_role("button", name="Send a test").first.click()

    return test


def _connect_empty(page: Page) -> None:
    page.evaluate("document.querySelectorAll('main form').forEach(it => it.noValidate = true)")
    with page.expect_navigation():
        page.locator("main form .group-end button").first.click()
    page.locator("main .field-note").first.wait_for()


def _at(path: str) -> Prepares:
    return lambda app, now: f"{HOME}{path}"


def _state(endpoint: str, name: str, prepare: Prepares, then: Callable[[Page], None] = lambda page: None) -> State:
    return MessagingState(endpoint, name, lambda page, gallery: None, "owner", prepare=prepare, then=then)


STATES: Final = (
    _state("staff.messaging", "none", _at("")),
    _state("staff.messaging", "cards", _cards, _open_all),
    _state("staff.messaging", "paused", _paused),
    _state("staff.messaging", "paused-by-staff", _paused_by_staff),
    _state("staff.messaging", "broken", _broken),
    _state("staff.messaging", "test-failed", _cards, _test("+34600000001")),
    _state("staff.messaging", "test-wrong-number", _cards, _test("12")),
    _state("staff.twilio", "empty", _at("/twilio"), _open_all),
    _state("staff.twilio", "faults", _at("/twilio"), _connect_empty),
    _state("staff.twilio", "change", _change, _open_all),
    _state("staff.smtp", "empty", _at("/email"), _open_all),
    _state("staff.smtp", "faults", _at("/email"), _connect_empty),
    _state("staff.smtp", "change", _change_mail),
)  # fmt: skip
