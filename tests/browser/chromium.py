"""Debian's Chromium, and a visitor who notes every request and every complaint of the pages."""

from __future__ import annotations

import os
from typing import Any, Final
from urllib.parse import urldefrag, urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, Response

PHONE: Final = (390, 844)
DESKTOP: Final = (1440, 900)
ARGUMENTS: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--lang=en-GB",
)  # fmt: skip


def launch(playwright: Playwright) -> Browser:
    """Headless, with a profile of its own."""
    program = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
    return playwright.chromium.launch(executable_path=program, headless=True, args=list(ARGUMENTS))


class Visitor:
    """Pages in contexts of their own. What they ask for and complain about is kept."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser, self._url = browser, url
        self._contexts: list[BrowserContext] = []
        self._refused_pages: set[str] = set()
        self._errors: list[tuple[str, str]] = []
        self.requested: list[str] = []
        self.without_policy: list[str] = []

    def page(self, size: tuple[int, int] = PHONE, **options: Any) -> Page:
        """A page in a fresh context; `options` are those of a Playwright context."""
        viewport: Any = {"width": size[0], "height": size[1]}
        given = {"base_url": self._url, "viewport": viewport, "locale": "en-GB", "reduced_motion": "reduce"} | options
        context = self._browser.new_context(**given)
        context.set_default_timeout(15_000)
        context.on("request", self._request)
        context.on("response", self._response)
        context.on("console", self._console)
        context.on("weberror", lambda error: self._errors.append(("", str(error.error))))
        self._contexts.append(context)
        return context.new_page()

    @property
    def complaints(self) -> list[str]:
        """Errors in the consoles. That a page itself was answered with 4xx is no complaint: it is the answer."""
        return [text for where, text in self._errors if where not in self._refused_pages] + [
            f"no Content-Security-Policy: {url}" for url in self.without_policy
        ]

    def strangers(self) -> list[str]:
        """Requests that went elsewhere."""
        home = urlsplit(self._url).netloc
        return [url for url in self.requested if urlsplit(url).scheme in ("http", "https") and home != urlsplit(url).netloc]

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _request(self, request: Request) -> None:
        self.requested.append(request.url)

    def _response(self, response: Response) -> None:
        is_page = response.headers.get("content-type", "").startswith("text/html")
        if is_page and "default-src 'none'" not in response.headers.get("content-security-policy", ""):
            self.without_policy.append(response.url)
        if response.status >= 400 and response.request.is_navigation_request():
            self._refused_pages.add(urldefrag(response.url).url)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._errors.append((urldefrag(message.location.get("url", "")).url, message.text))
