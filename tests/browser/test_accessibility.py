"""Every page in each of its states: no serious finding of axe, no sideways scrolling; a page without a scan fails."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Request

from tests.browser.chromium import DESKTOP, PHONE, Visitor
from tests.browser.gallery import NO_PAGES, Gallery, State
from tests.browser.gallery_desk import STATES
from waitlist_appliance.web import routes

pytestmark = [pytest.mark.browser, pytest.mark.gallery, pytest.mark.slow]


def each(states: Iterable[State]) -> pytest.MarkDecorator:
    """One test for each of the states. Where several processes share the gallery (scripts/test), those of one page of
    the desk stay together, and all of the customers' pages: they share their guests, who take long to come."""
    together = [(state, "public" if state.endpoint.startswith("public.") else state.endpoint) for state in states]
    marked = [pytest.param(state, marks=pytest.mark.xdist_group(group)) for state, group in together]
    return pytest.mark.parametrize("state", marked, ids=str)


EACH_STATE = each(STATES)
SERIOUS = """async rules => {
    const only = rules.length ? {runOnly: {type: "rule", values: rules}} : {};
    const found = await axe.run(document, {resultTypes: ["violations"], ...only});
    return found.violations.filter(v => ["serious", "critical"].includes(v.impact)).map(
        v => v.id + ": " + v.nodes.slice(0, 4).map(
            n => n.target.join(" ") + " " + n.any.concat(n.all).map(a => a.message).join("; ")).join(" | "));
}"""
# What sticks out to the right of the page, apart from what scrolls inside a box of its own.
WIDER = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
    .filter(it => it.getBoundingClientRect().right > innerWidth + .5)
    .filter(it => { while ((it = it.parentElement)) if (getComputedStyle(it).overflowX !== "visible") return false;
                    return true; })
    .slice(0, 5).map(it => `${it.tagName}.${it.className} ${Math.round(it.getBoundingClientRect().right)}`)
    .concat("the page scrolls")"""
ALL_RULES: list[str] = []
# In the dark only colours differ: the rest was seen in the light.
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
LIMIT = 60_000


@dataclass(frozen=True)
class Look:
    """What one look at a state found: axe's serious findings, what is too wide at 320 px, the bytes transferred."""

    findings: list[str]
    wider: list[str]
    transferred: int


@pytest.fixture(scope="module")
def axe() -> str:
    """The script that comes with the package, which itself is not needed."""
    package = importlib.util.find_spec("axe_playwright_python")
    assert package is not None
    assert package.origin is not None
    return (Path(package.origin).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def looks() -> dict[State, Look]:
    """Each state is reached once and asked several things."""
    return {}


@pytest.fixture
def look(
    gallery: Gallery, visitor: Visitor, session_of: Callable[[str], Any], axe: str, looks: dict[State, Look]
) -> Callable[[State], Look]:
    def look(state: State) -> Look:
        if state not in looks:
            # Our own script is what the strict policy lets in; axe is a guest of the test alone.
            page = visitor.page(bypass_csp=True, storage_state=session_of(state.role) if state.role else None)
            finished: list[Request] = []
            page.on("requestfinished", lambda request: finished.append(request))
            with state.show(page, gallery):
                transferred = sum(_bytes(request) for request in finished)
                looks[state] = Look(_findings(page, axe), _wider(page), transferred)
        return looks[state]

    return look


def _findings(page: Page, axe: str) -> list[str]:
    page.evaluate(axe)
    found = []
    for scheme, rules in (("light", ALL_RULES), ("dark", COLOUR_RULES)):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        for width, height in (PHONE, DESKTOP):
            page.set_viewport_size({"width": width, "height": height})
            found += [f"{width} {scheme} {finding}" for finding in page.evaluate(SERIOUS, rules)]
    return found


def _wider(page: Page) -> list[str]:
    page.set_viewport_size({"width": 320, "height": 640})
    found: list[str] = page.evaluate(WIDER)
    return found


def _bytes(request: Request) -> int:
    sizes = request.sizes()
    return sizes["responseBodySize"] + sizes["responseHeadersSize"]


@EACH_STATE
def test_axe_finds_nothing_serious_in_any_width_or_light(look: Callable[[State], Look], state: State) -> None:
    assert look(state).findings == []


@EACH_STATE
def test_nothing_scrolls_sideways_on_the_narrowest_phone(look: Callable[[State], Look], state: State) -> None:
    assert look(state).wider == []


@each(state for state in STATES if state.endpoint.startswith("public."))
def test_a_customers_page_transfers_less_than_60_kb(look: Callable[[State], Look], state: State) -> None:
    # With style and script, and with the steps that lead to the state.
    assert 1_000 < look(state).transferred < LIMIT


def test_every_page_of_the_route_table_is_looked_at() -> None:
    pages = {route.endpoint for route in routes.every() if "GET" in route.methods and route.auth not in ("api", "cron")}
    assert pages == {state.endpoint for state in STATES} | set(NO_PAGES)


@pytest.mark.parametrize("endpoint", NO_PAGES)
def test_what_is_not_looked_at_is_no_page(
    gallery: Gallery, visitor: Visitor, session_of: Callable[[str], Any], endpoint: str
) -> None:
    asking = visitor.page(storage_state=session_of("owner")).context.request
    path = next(route.path for route in routes.every() if route.endpoint == endpoint)
    token = gallery.booked[1 if endpoint == "link.offer" else 2].rsplit("/", 1)[1]
    customer = gallery.restaurant.app.db.value("SELECT public_id FROM customer ORDER BY id LIMIT 1")
    answer = asking.get(path.replace("<token>", token).replace("<customer_id>", customer), max_redirects=0)
    said = answer.headers.get("location") or answer.headers["content-type"]
    assert said.startswith(NO_PAGES[endpoint])
