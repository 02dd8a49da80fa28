"""The owner words a message anew: the preview, the count of parts and the mail follow while one types."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import DESKTOP, PHONE, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]
HOME = "/staff/settings/texts"
SIZES = pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])


@pytest.fixture
def opens(visitor: Visitor, session_of: Callable[[str], Any]) -> Callable[..., Page]:
    def opened(path: str, size: tuple[int, int], **options: Any) -> Page:
        page = visitor.page(size=size, storage_state=session_of("owner"), **options)
        page.goto(HOME + path)
        return page

    return opened


@SIZES
def test_the_preview_and_the_count_follow_while_one_types(opens: Callable[..., Page], size: tuple[int, int]) -> None:
    page = opens("/offer?channel=sms&locale=es&lang=en", size)
    page.get_by_label("Text", exact=True).fill("¿Viene a las {{ time }}? Responda SÍ o NO")
    preview = page.locator("[data-preview]")
    expect(preview.locator(".text-said")).to_have_text("¿Viene a las 19:30? Responda SI o NO")
    expect(preview.locator(".text-count")).to_have_text("1 SMS part · 36 of 160 characters")
    expect(preview).to_contain_text("“Í” would double the price, so “I” is sent.")
    expect(page.locator("[data-said-count]")).to_have_text("1 SMS part")
    page.get_by_label("Text", exact=True).fill("Responda SÍ o NO. " + "x" * 200)
    expect(preview.locator(".text-count")).to_have_text("2 SMS parts · 218 of 306 characters")
    page.get_by_label("Text", exact=True).fill("Hola {{ color }}")
    expect(preview).to_contain_text("There is no placeholder called color")


@SIZES
def test_a_placeholder_is_put_where_the_cursor_is(opens: Callable[..., Page], size: tuple[int, int]) -> None:
    page = opens("/joined?channel=sms&locale=en&lang=en", size)
    field = page.get_by_label("Text", exact=True)
    field.fill("Place: .")
    field.press("ArrowLeft")
    page.get_by_role("button", name="place in line").click()
    expect(field).to_have_value("Place: {% if position %}{{ position }}{% endif %}.")
    expect(field).to_be_focused()
    expect(page.locator(".text-said")).to_have_text("Place: 3.")


def test_the_mail_is_drawn_anew_and_the_way_back_is_one_step(opens: Callable[..., Page]) -> None:
    page = opens("", DESKTOP)
    page.goto(f"{HOME}/left?channel=email&locale=en&lang=en")
    mail = page.frame_locator("[data-mail-frame]")
    expect(mail.locator("body")).to_contain_text("You have left the waitlist")
    page.get_by_label("Text", exact=True).fill("Good bye, {{ first_name }}.")
    expect(mail.locator("body")).to_contain_text("Good bye, Ana.")
    page.get_by_label("Text", exact=True).fill("See you soon.")
    expect(mail.locator("body")).to_contain_text("See you soon.")
    page.go_back()
    expect(page).to_have_url(re.compile(f"{HOME}$"))


def test_without_script_there_is_a_button(opens: Callable[..., Page]) -> None:
    page = opens("/offer?channel=sms&locale=es&lang=en", PHONE, java_script_enabled=False)
    page.get_by_label("Text", exact=True).fill("Hay sitio a las {{ time }}: {{ link }}")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".text-said")).to_contain_text("Hay sitio a las 19:30: http")
    expect(page.get_by_label("Text", exact=True)).to_have_value("Hay sitio a las {{ time }}: {{ link }}")
