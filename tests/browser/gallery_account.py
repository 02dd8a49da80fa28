"""The states of the second step at the log-in and of one's own account, each with a person of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from playwright.sync_api import Page

from tests.browser.gallery import Gallery, State
from tests.second_factor_story import a_phone
from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.services import second_factor, sessions
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import second_factors, staff
from waitlist_appliance.web.staff.auth import CHALLENGE, COOKIE

HOME: Final = "/staff/account"
PHONE: Final = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"
LAPTOP: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"
)


def _nothing(app: Appliance, user: StaffUser, now: datetime) -> None:
    """The person as they came."""


def _with_app(app: Appliance, user: StaffUser, now: datetime) -> None:
    a_phone(app, user, now - timedelta(days=40))
    with app.db.write():
        second_factors.replace_codes(app.db, user.id, [bytes([number, user.id % 256] * 16) for number in range(7)])


def _with_two_codes(app: Appliance, user: StaffUser, now: datetime) -> None:
    _with_app(app, user, now)
    with app.db.write():
        second_factors.replace_codes(app.db, user.id, [bytes([number, user.id % 256] * 16) for number in (90, 91)])


def _elsewhere(app: Appliance, user: StaffUser, now: datetime) -> None:
    _with_app(app, user, now)
    sessions.open_session(
        app, user, now - timedelta(hours=5), ip="2001:db8:85a3::8a2e:370:7334", user_agent=PHONE, proved_by="code"
    )
    sessions.open_session(app, user, now - timedelta(hours=11), ip="203.0.113.9", user_agent="", proved_by="passkey")


@dataclass(frozen=True)
class AccountState(State):
    """A page as somebody sees it who is here for this one look."""

    path: str = HOME
    who: str = "Paula"
    before: Callable[[Appliance, StaffUser, datetime], None] = _nothing
    then: Callable[[Page], None] = lambda page: None
    halfway: bool = False
    post: str = "host"

    @contextlib.contextmanager
    def show(self, page: Page, gallery: Gallery) -> Iterator[None]:
        app, now = gallery.restaurant.app, datetime.now(UTC)
        email, _ = gallery.restaurant.team_member(self.who, self.post, None)
        user = staff.user_by_email(app.db, email)
        assert user
        with contextlib.ExitStack() as stack:
            stack.callback(_forget, app, user)
            self.before(app, user, now)
            if self.halfway:
                cookie = (CHALLENGE, second_factor.begin(app, user, "127.0.0.1", now))
            else:
                session = sessions.open_session(
                    app, user, now, ip="127.0.0.1", user_agent=LAPTOP, proved_by="password"
                )  # fmt: skip
                cookie = (COOKIE, session)
            page.context.add_cookies([{"name": cookie[0], "value": cookie[1], "url": gallery.restaurant.url}])
            page.goto(self.path)
            self.then(page)
            yield


@dataclass(frozen=True)
class RequiredState(AccountState):
    """The same where everybody needs a second step."""

    @contextlib.contextmanager
    def show(self, page: Page, gallery: Gallery) -> Iterator[None]:
        with gallery.restaurant.policies(second_factor_required=True), AccountState.show(self, page, gallery):
            yield


def _forget(app: Appliance, user: StaffUser) -> None:
    with app.db.write():
        app.db.execute("DELETE FROM staff_user WHERE id = ?", user.id)
        app.db.execute("DELETE FROM login_throttle")


def _send(button: str, **typed: str) -> Callable[[Page], None]:
    """A form filled in and sent past the browser's own checks."""

    def then(page: Page) -> None:
        _unfold(page)
        page.evaluate("document.querySelectorAll('form').forEach(it => it.noValidate = true)")
        for name, value in typed.items():
            page.locator(f"#f-{name}").fill(value)
        with page.expect_navigation():
            page.locator(button).first.click()

    return then


def _unfold(page: Page) -> None:
    page.evaluate("document.querySelectorAll('main details').forEach(it => it.open = true)")


def _begun(then: Callable[[Page], None]) -> Callable[[Page], None]:
    """The secret shows on the browser alone that asked for it."""

    def first(page: Page) -> None:
        with page.expect_navigation():
            page.locator(f"form[action='{HOME}/code'] button").click()
        then(page)

    return first


def _confirmed(page: Page) -> None:
    """The first code of the app, from the letters of the page."""
    from pyotp import TOTP

    secret = page.locator(".account-secret").text_content() or ""
    _send("form.account-confirm button", code=TOTP("".join(secret.split())).now())(page)
    page.locator(".account-codes").wait_for()


def _state(
    endpoint: str, name: str, path: str, before: Callable[[Appliance, StaffUser, datetime], None] = _nothing,
    then: Callable[[Page], None] = lambda page: None, *, who: str = "Paula", halfway: bool = False,
) -> AccountState:  # fmt: skip
    return AccountState(
        endpoint, name, lambda page, gallery: None, path=path, before=before, then=then, who=who, halfway=halfway
    )  # fmt: skip


LONG: Final = "Maximiliana-Konstantinopolitanska-Wolfeschlegel"
STATES: Final = (
    # Making a key asks for a password that was given lately: not for one of the gallery's own, long opened sessions.
    AccountState(
        "staff.keys", "once", lambda page, gallery: None, path="/staff/settings/keys", post="manager",
        then=_send("main form.group button.btn-accent", name="The voice"),
    ),
    _state("staff.login_code", "asked", "/login/code", _with_app, halfway=True),
    _state("staff.login_code", "wrong", "/login/code", _with_app, _send("form button.btn-wide", code="12"), halfway=True),
    _state("staff.login_recovery", "asked", "/login/recovery", _with_app, halfway=True),
    _state(
        "staff.login_recovery", "wrong", "/login/recovery", _with_app, _send("form button.btn-wide", code="x"),
        halfway=True,
    ),
    _state("staff.account", "without", HOME),
    _state("staff.account", "with-app", HOME, _elsewhere, _unfold, who=LONG),
    _state("staff.account", "two-codes-left", HOME, _with_two_codes),
    _state("staff.account", "password-faults", HOME, then=_send(
        "form#password button", current="x", password="a newer password", again="another one")),
    _state("staff.account", "off-faults", HOME, _with_app, _send(
        ".account-off button", off_password="x", off_code="1")),
    RequiredState("staff.account", "required", lambda page, gallery: None, path="/staff/waitlist"),
    _state("staff.account_code", "picture", HOME, then=_begun(_unfold)),
    _state("staff.account_code", "wrong", HOME, then=_begun(_send("form.account-confirm button", code="12"))),
    _state("staff.account_code", "recovery-codes", HOME, then=_begun(_confirmed)),
    _state("staff.account_prove", "asked", f"{HOME}/prove?next={HOME}"),
    _state("staff.account_prove", "wrong", f"{HOME}/prove", then=_send("form button.btn-wide", current="x")),
)  # fmt: skip
