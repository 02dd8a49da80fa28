"""One restaurant and one Chromium for all browser tests; a fresh context, with its own cookies, for each."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chromium import PHONE, Visitor, launch
from tests.browser.gallery import Gallery
from tests.browser.restaurant import Restaurant, opened
from waitlist_appliance.demo.house import LOLA
from waitlist_appliance.services.set_up_business import set_logo


def _picture(side: int = 64) -> bytes:
    """A red square: the logo that Lola has not drawn yet."""
    rows = zlib.compress((b"\0" + b"\xb0\x30\x40" * side) * side)
    parts = ((b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )


@pytest.fixture(scope="session")
def restaurant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restaurant]:
    with opened(tmp_path_factory.mktemp("restaurant")) as running:
        # Long enough that an offer stays until the test is done with it; who needs silence shortens it.
        running.set("offer_window_seconds", 900)
        set_logo(running.app, _picture(), datetime.now(UTC), LOLA)
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def gallery(restaurant: Restaurant) -> Gallery:
    return Gallery(restaurant)


@pytest.fixture
def visitor(chromium: Browser, restaurant: Restaurant) -> Iterator[Visitor]:
    """Opens pages, and in the end says whether any of them complained or called another host."""
    visitor = Visitor(chromium, restaurant.url)
    yield visitor
    visitor.close()
    assert visitor.complaints == []
    assert visitor.strangers() == []


@pytest.fixture
def page(visitor: Visitor) -> Page:
    """A customer's phone."""
    return visitor.page()


@pytest.fixture(scope="session")
def session_of(chromium: Browser, restaurant: Restaurant) -> Callable[[str], Any]:
    """The cookies of somebody logged in with this role, made once."""
    made: dict[str, Any] = {}

    def of(role: str) -> Any:
        if role not in made:
            email, password = restaurant.owner, restaurant.password
            if role != "owner":
                password = "a long sentence for the desk"
                email, _ = restaurant.team_member("Victor", role, password)
            visitor = Visitor(chromium, restaurant.url)
            page = visitor.page(size=PHONE)
            page.goto("/login?lang=en")
            page.get_by_label("Email").fill(email)
            page.get_by_label("Password").fill(password)
            page.get_by_role("button", name="Log in").click()
            page.wait_for_url("**/staff/waitlist")
            made[role] = page.context.storage_state()
            visitor.close()
        return made[role]

    return of


@pytest.fixture
def desk(visitor: Visitor, session_of: Callable[[str], Any]) -> Page:
    """The owner's desk, on a wide screen."""
    return visitor.page(size=(1440, 900), storage_state=session_of("owner"))
