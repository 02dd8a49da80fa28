"""The states of the notices' settings and of the forgotten password, with a mail account for as long as they are looked at."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from playwright.sync_api import Page

from tests.browser.gallery import Gallery, State
from waitlist_appliance.services import notice_settings
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import notice_choices, provider_credentials

HOME: Final = "/staff/settings/notices"
ADDRESS: Final = b"tgram://123456:not-shown/42"
# Nobody listens there, and the worker sleeps meanwhile.
ACCOUNT: Final = {
    "host": "127.0.0.1", "port": "9", "security": "none", "sender": "hola@casalola.test", "allow_unencrypted": "true",
}  # fmt: skip


@dataclass(frozen=True)
class MailState(State):
    """A page of a box that can write mails and tells one service."""

    path: str = HOME
    then: Callable[[Page], None] = lambda page: None

    @contextlib.contextmanager
    def show(self, page: Page, gallery: Gallery) -> Iterator[None]:
        app = gallery.restaurant.app
        with contextlib.ExitStack() as stack:
            with app.db.write():  # so that the worker does not fall asleep with the database in its hands
                stack.enter_context(gallery.restaurant.worker_asleep())
            stack.callback(_forget, app)
            _connect(app)
            page.goto(self.path)
            self.then(page)
            yield


def _connect(app: Appliance) -> None:
    now = datetime.now(UTC)
    with app.db.write():
        provider_credentials.keep(app.db, app.vault, "smtp", ACCOUNT, now)
        chat = notice_choices.add_address(app.db, app.vault, "Team chat", "tgram://…", ADDRESS.decode(), True, now)
    for user in notice_choices.listeners(app.db):
        notice_settings.test_mail(app, user.id, now)
    address = notice_choices.address(app.db, chat)
    assert address
    notice_settings.test_address(app, address.public_id, now)
    with app.db.write():
        app.db.execute("UPDATE notice_delivery SET state = 'failed', error = 'refused' WHERE address_id = ?", chat)


def _forget(app: Appliance) -> None:
    with app.db.write():
        for table in ("provider_credential", "notice", "notice_address", "forgotten_password", "login_throttle"):
            app.db.execute(f"DELETE FROM {table}")


def _open_all(page: Page) -> None:
    page.evaluate("document.querySelectorAll('main details').forEach(it => it.open = true)")


def _add_nonsense(page: Page) -> None:
    _open_all(page)
    page.locator("#f-address").fill("nonsense")
    with page.expect_navigation():
        page.locator(".notice-add form button.btn-accent").click()
    page.locator(".field-note").wait_for()


def _ask(page: Page) -> None:
    page.locator("#f-email").fill("nobody@casalola.test")
    with page.expect_navigation():
        page.locator("form button.btn-wide").click()
    page.locator(".flash-ok").wait_for()


def _state(
    endpoint: str, name: str, path: str, then: Callable[[Page], None] = lambda page: None, role: str | None = "owner"
) -> State:  # fmt: skip
    return MailState(endpoint, name, lambda page, gallery: None, role, path=path, then=then)


STATES: Final = (
    State("staff.notices", "bell-only", lambda page, gallery: page.goto(HOME), "owner"),
    _state("staff.notices", "everything", HOME, _open_all),
    _state("staff.notices", "faults", HOME, _add_nonsense),
    _state("staff.people", "by-mail", "/staff/settings/people", _open_all),
    State("staff.forgot", "no-mail", lambda page, gallery: page.goto("/login/forgot")),
    _state("staff.forgot", "form", "/login/forgot", role=None),
    _state("staff.forgot", "asked", "/login/forgot", _ask, role=None),
    _state("staff.log_in", "by-mail", "/login", role=None),
)
