"""What every answer says to the browser, and that no page holds a script, a style or a handler of its own."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web.desk_story import ana_gets_a_table, worker_lives
from tests.web.staff_desk import Desk, desk
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.web import headers, routes
from waitlist_appliance.web.app import create_app
from waitlist_appliance.web.routing import Route

TEMPLATES = Path(__file__).parents[2] / "templates"
# A mail as its reader sees it: mail programs know no style sheets. It stands in a frame under a policy of its own.
MAIL = "staff.text_mail"
PAGES = [
    route
    for route in routes.every()
    if "GET" in route.methods and route.auth not in ("api", "cron", "bench") and route.endpoint != MAIL
]


class Inline(HTMLParser):
    """Whatever a strict policy would not run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name.lower(): value or "" for name, value in attrs}
        if tag == "style" or (tag == "script" and not given.get("src", "").startswith("/static/")):
            self.found.append(self.get_starttag_text() or tag)
        for name, value in given.items():
            if name == "style" or name.startswith("on") or value.strip().lower().startswith("javascript:"):
                self.found.append(f"{tag} {name}={value}")


def inline(page: str) -> list[str]:
    parser = Inline()
    parser.feed(page)
    return parser.found


@pytest.fixture
def olivia(web_app: Flask, box: Appliance, now: datetime) -> Desk:
    """The owner, on an evening on which something has happened."""
    worker_lives(box, now)
    ana_gets_a_table(box, now)
    return desk(web_app, box, now, "owner")


def address(route: Route, box: Appliance, now: datetime) -> str:
    """The route's path with what is there filled in."""
    db = box.db
    kind = {"offer": "offer", "booking": "booking", "unsubscribe": "unsubscribe"}
    told = {
        "token": box.token(next((kind[part] for part in kind if part in route.path), "registration"), 1, now),
        "entry_id": db.value("SELECT public_id FROM entry"), "phone": db.value("SELECT phone FROM customer"),
        "booking_id": db.value("SELECT public_id FROM booking"), "slot_id": db.value("SELECT public_id FROM slot"),
        "resource_id": db.value("SELECT public_id FROM resource"), "service_id": db.value("SELECT public_id FROM service"),
        "calendar_id": db.value("SELECT public_id FROM connection"), "kind": "offer", "step": "business", "group": "offers",
        "customer_id": db.value("SELECT public_id FROM customer"),
        "message_id": db.value("SELECT public_id FROM message"),
    }  # fmt: skip
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda name: str(told.get(name[1], "x")), route.path)


@pytest.mark.parametrize("route", PAGES, ids=lambda route: route.endpoint)
def test_no_page_holds_a_script_or_a_style_of_its_own(
    olivia: Desk, box: Appliance, now: datetime, route: Route
) -> None:
    answer = olivia.get(address(route, box, now))
    assert answer.status_code < 500
    if answer.mimetype == "text/html":
        assert inline(answer.text) == []


def test_most_pages_were_really_there(olivia: Desk, box: Appliance, now: datetime) -> None:
    met = [olivia.get(address(route, box, now)) for route in PAGES]
    pages = [answer for answer in met if answer.status_code == 200 and answer.mimetype == "text/html"]
    assert len(pages) > 0.6 * len(PAGES)


@pytest.mark.parametrize(
    "said", ["<p onclick=x>", "<a href=' JavaScript:x'>", "<style>", "<p style=x>", "<script>1</script>"]
)
def test_what_is_inline_would_be_found(said: str) -> None:
    assert inline(said)


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_no_template_does_in_any_of_its_states(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+\s*=\s*[\"']|javascript:", text)


def test_every_page_is_closed_to_the_outside(olivia: Desk) -> None:
    for path in ("/staff/waitlist", "/login", "/nowhere", "/waitlist/x"):
        said = olivia.get(path).headers
        assert said["X-Content-Type-Options"] == "nosniff"
        assert said["Cross-Origin-Opener-Policy"] == "same-origin"
        assert said["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "camera=()" in said["Permissions-Policy"]
        assert "default-src 'none'" in said["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in said["Content-Security-Policy"]
        assert "unsafe" not in said["Content-Security-Policy"]
        assert said["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/healthz", "/api/waitlist/slots", "/booking/x.ics"])
def test_what_is_no_page_runs_nothing(client: FlaskClient, path: str) -> None:
    said = client.get(path).headers
    assert said["X-Content-Type-Options"] == "nosniff"
    assert said["Content-Security-Policy"] in (headers.NO_PAGE, headers.POLICY)


@pytest.mark.parametrize("path", ["/static/css/tokens.css", "/brand.css", "/static/js/staff.js"])
def test_a_file_is_for_our_own_pages_only(client: FlaskClient, path: str) -> None:
    with client.get(path) as answer:
        assert answer.status_code == 200
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["Content-Security-Policy"] == headers.NO_PAGE


@pytest.mark.parametrize("path", ["/waitlist/x", "/booking/x", "/unsubscribe/x", "/welcome/x", "/waitlist/offer/x"])
def test_an_address_that_is_a_key_is_told_to_nobody(client: FlaskClient, path: str) -> None:
    assert client.get(path).headers["Referrer-Policy"] == "no-referrer"


def test_behind_tls_browsers_come_back_by_tls_only(box: Appliance) -> None:
    assert "Strict-Transport-Security" not in create_app(box).test_client().get("/healthz").headers
    box.config = replace(box.config, public_url="https://casa.example")
    client = create_app(box).test_client()
    for path in ("/healthz", "/login", "/static/css/tokens.css", "/nowhere"):
        with client.get(path, base_url="https://casa.example") as answer:
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "PUT", "CONNECT"])
def test_a_method_that_has_no_line_is_refused(client: FlaskClient, method: str) -> None:
    assert client.open("/login", method=method).status_code == 405


def test_no_other_origin_is_let_in(client: FlaskClient) -> None:
    answer = client.get("/api/waitlist/slots", headers={"Origin": "https://evil.test"})
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
