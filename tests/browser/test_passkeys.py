"""Passkeys with Chromium's own virtual authenticator: added, used, refused where they must be."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, Request
from waitress import create_server

from tests.browser.chromium import DESKTOP
from waitlist_appliance.cli.processes import free_port
from waitlist_appliance.services import passwords
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import heartbeats, second_factors, staff
from waitlist_appliance.web.app import create_app

pytestmark = [pytest.mark.browser, pytest.mark.slow]
EMAIL, PASSWORD = "lola@casalola.example", "a long sentence for the desk"


@dataclass
class Laptop:
    """A browser with a fingerprint reader of its own."""

    page: Page
    context: BrowserContext
    cdp: CDPSession
    reader: str

    def log_in_with_password(self) -> None:
        self.page.goto("/login?lang=en")
        self.page.get_by_label("Email").fill(EMAIL)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Log in", exact=True).click()
        self.page.wait_for_url("**/staff/**")

    def add(self, name: str = "My laptop") -> None:
        self.page.goto("/staff/account?lang=en")
        self.page.get_by_label("Name of the new passkey").fill(name)
        with self.page.expect_navigation():
            self.page.get_by_role("button", name="Add a passkey").click()

    def log_out(self) -> None:
        self.context.clear_cookies()

    def use(self) -> None:
        self.page.goto("/login?lang=en&next=/staff/account")
        with self.page.expect_navigation():
            self.page.get_by_role("button", name="Log in with a passkey").click()

    def finger(self, is_right: bool) -> None:
        self.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self.reader, "isUserVerified": is_right})


@pytest.fixture
def laptop(box: Appliance, chromium: Browser, now: datetime) -> Iterator[Laptop]:
    port = free_port()
    box.config = replace(box.config, port=port, public_url=f"http://localhost:{port}")
    with box.db.write():
        user = staff.insert_user(box.db, EMAIL, "Lola", "owner", now)
        staff.set_password(box.db, user, passwords.hashed(PASSWORD))
        heartbeats.beat(box.db, "worker", now, '{"pid": 1, "failures": 0, "pass_ms": 7}')
    server: Any = create_server(
        create_app(box, TESTING=True, CLOCK=lambda: now), host="127.0.0.1", port=port, threads=4
    )
    threading.Thread(target=server.run, daemon=True).start()
    context = chromium.new_context(
        base_url=box.config.public_url, reduced_motion="reduce", locale="en-GB",
        viewport={"width": DESKTOP[0], "height": DESKTOP[1]},
    )  # fmt: skip
    context.set_default_timeout(10_000)
    page = context.new_page()
    cdp = context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    reader = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
    yield Laptop(page, context, cdp, reader)
    context.close()
    server.task_dispatcher.shutdown()
    server.close()


@pytest.fixture
def ready(laptop: Laptop) -> Laptop:
    """Logged in, with one passkey, the recovery codes seen, and logged out again."""
    laptop.log_in_with_password()
    laptop.add()
    laptop.log_out()
    return laptop


def count(box: Appliance) -> int:
    return int(box.db.value("SELECT COUNT(*) FROM passkey"))


def posted(page: Page, path: str, doing: Callable[[], object]) -> dict[str, str]:
    """What the page's form said when it was sent."""
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.url.endswith(path) else None)
    doing()
    form = sent[-1].post_data_json
    assert isinstance(form, dict)
    return form


def test_a_passkey_is_added_shown_and_logs_in_without_a_password(ready: Laptop, box: Appliance) -> None:
    ready.use()
    page = ready.page
    assert page.url.endswith("/staff/account")
    assert "My laptop" in page.locator("#passkeys").inner_text()
    assert box.db.value("SELECT COUNT(*) FROM activity WHERE verb = 'logged_in' AND reason = 'passkey'") == 1


def test_the_first_passkey_brings_recovery_codes_and_the_second_none(laptop: Laptop, box: Appliance) -> None:
    laptop.log_in_with_password()
    laptop.add()
    user = box.db.value("SELECT id FROM staff_user")
    assert second_factors.codes_left(box.db, user) > 0
    assert laptop.page.get_by_text("ecovery code").count()
    # The same device has one already, and says so.
    laptop.page.goto("/staff/account?lang=en")
    laptop.page.get_by_role("button", name="Add a passkey").click()
    laptop.page.get_by_text("This device has a passkey for you already.").wait_for()
    assert count(box) == 1


def test_a_password_alone_no_longer_opens_the_door(ready: Laptop) -> None:
    page = ready.page
    page.goto("/login?lang=en")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url("**/login/code*")
    with page.expect_navigation():
        page.get_by_role("button", name="Log in with a passkey").click()
    assert "/staff/waitlist" in page.url


def test_a_finger_that_is_not_known_opens_nothing(ready: Laptop) -> None:
    ready.finger(False)
    ready.page.goto("/login?lang=en")
    ready.page.get_by_role("button", name="Log in with a passkey").click()
    ready.page.get_by_text("No passkey was used").wait_for()
    assert ready.page.url.endswith("/login?lang=en")


def test_a_removed_passkey_opens_nothing(ready: Laptop, box: Appliance) -> None:
    ready.use()
    page = ready.page
    page.locator("#passkeys .row-menu > summary").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Remove · My laptop").click()
    assert count(box) == 0
    assert second_factors.codes_left(box.db, box.db.value("SELECT id FROM staff_user")) == 0
    # Somebody else has one, so that the button is there.
    with box.db.write():
        other = staff.insert_user(box.db, "bea@casalola.example", "Bea", "host", datetime.fromtimestamp(0).astimezone())
        box.db.insert(
            "passkey", public_id="p", user_id=other, credential_id=b"x", public_key=b"x", sign_count=0, name="Bea",
            created_at=0,
        )  # fmt: skip
    ready.log_out()
    ready.use()
    assert "That passkey was not accepted" in page.inner_text("main")
    assert "/login" in page.url


def test_a_passkey_of_somebody_without_access_opens_nothing(ready: Laptop, box: Appliance) -> None:
    box.db.execute("UPDATE staff_user SET disabled_at = 1")
    ready.use()
    assert "That passkey was not accepted" in ready.page.inner_text("main")


def test_what_was_signed_once_opens_nothing_again(ready: Laptop, box: Appliance) -> None:
    form = posted(ready.page, "/login/passkey", ready.use)
    ready.log_out()
    assert resent(ready, form) == "That took too long, or there were too many tries. Please log in again."


def test_a_copied_key_opens_nothing(ready: Laptop, box: Appliance) -> None:
    # A copy of the key signs with a counter that the real one has passed.
    box.db.execute("UPDATE passkey SET sign_count = 4000000")
    ready.use()
    assert "That passkey was not accepted" in ready.page.inner_text("main")
    assert box.db.value("SELECT COUNT(*) FROM activity WHERE verb = 'passkey_refused'") == 1


def test_a_passkey_is_renamed(ready: Laptop, box: Appliance) -> None:
    ready.use()
    page = ready.page
    page.locator("#passkeys .row-menu > summary").click()
    page.locator("#passkeys .row-menu input[name=name]").fill("Portátil <b>")
    with page.expect_navigation():
        page.get_by_role("button", name="Rename").click()
    assert "Portátil <b>" in page.locator("#passkeys .who-name").inner_text()


def test_without_a_browser_that_knows_passkeys_the_buttons_do_not_show(ready: Laptop) -> None:
    ready.page.add_init_script("delete window.PublicKeyCredential")
    ready.page.goto("/login?lang=en")
    assert not ready.page.get_by_role("button", name="Log in with a passkey").is_visible()


def test_at_another_name_of_the_box_the_buttons_do_not_show(ready: Laptop) -> None:
    ready.page.goto(re.sub("localhost", "127.0.0.1", ready.page.url).split("/staff")[0] + "/login?lang=en")
    assert ready.page.locator("[data-passkey]").count() == 1
    assert not ready.page.locator("[data-passkey]").is_visible()


def resent(laptop: Laptop, form: dict[str, str]) -> str:
    """The flash after sending a log-in once more, with the form token of a fresh page."""
    page = laptop.page
    page.goto("/login?lang=en")
    with page.expect_navigation():
        page.evaluate(
            """credential => { const form = document.querySelector("[data-passkey]");
                form.elements.credential.value = credential; HTMLFormElement.prototype.submit.call(form); }""",
            form["credential"],
        )
    assert json.loads(form["credential"])["type"] == "public-key"
    return page.locator(".flash").inner_text().strip()
