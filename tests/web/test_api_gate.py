"""The door: every address has a decision, and what has none is not served."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.web import brand, gate, routes
from waitlist_appliance.web.app import create_app
from waitlist_appliance.web.headers import FILES
from waitlist_appliance.web.routing import AUTHS, Route

ALL = routes.every(bench=True)


@pytest.mark.parametrize("route", ALL, ids=lambda route: f"{route.methods[0]} {route.path}")
def test_every_route_says_who_may_call_it(route: Route) -> None:
    assert route.auth in AUTHS
    assert route.permission is not None or route.auth != "api"


def test_an_address_that_is_not_in_the_table_keeps_the_app_from_starting() -> None:
    app = Flask("stray")
    app.add_url_rule("/stray", "stray", lambda: "hello")
    with pytest.raises(RuntimeError, match="/stray"):
        gate.refuse_undecided(app, {})


def test_every_address_of_the_app_has_its_line(web_app: Flask) -> None:
    endpoints = {route.endpoint for route in routes.every()} | FILES
    assert {rule.endpoint for rule in web_app.url_map.iter_rules()} <= endpoints


@pytest.mark.parametrize("route", [r for r in ALL if r.auth == "api"], ids=lambda route: route.endpoint)
def test_no_api_address_answers_without_a_key(client: FlaskClient, route: Route) -> None:
    path = route.path.replace("<entry_id>", "x").replace("<slot_id>", "x").replace("<event_id>", "x")
    assert client.open(path, method=route.methods[0]).status_code == 401


@pytest.mark.parametrize("route", [r for r in ALL if r.auth == "public" and r.changes_state], ids=lambda r: r.endpoint)
def test_no_public_form_is_taken_without_its_token(client: FlaskClient, route: Route) -> None:
    refused = client.post(route.path.replace("<token>", "x"), data={"email": "a@b.test", "password": "x"})
    assert refused.status_code in (400, 403)


def test_the_measuring_address_exists_only_while_measuring(client: FlaskClient, box: Appliance) -> None:
    assert client.post("/bench/two-rows").status_code == 404
    assert create_app(box, BENCH=True).test_client().post("/bench/two-rows").status_code == 201


def test_static_files_are_kept_for_a_year_under_their_content_address(client: FlaskClient) -> None:
    with client.get("/static/css/public.css?v=abc") as kept, client.get("/static/css/public.css") as plain:
        assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert plain.headers["Cache-Control"] == "public, max-age=3600"


@pytest.mark.parametrize("colour", ["#ffff00", "#000000", "#ffffff", "#808080", "#c0392b", "#123456", None, "red; }"])
def test_every_brand_colour_ends_readable_in_both_themes(colour: str | None) -> None:
    accents = [line.split("--accent:")[1][:7] for line in brand.css(colour).splitlines()]
    papers = (brand.LIGHT_PAPER, brand.DARK_PAPER)
    assert all(brand.contrast(accent, paper) >= 4.5 for accent, paper in zip(accents, papers, strict=True))
    assert all(brand.contrast(accent, brand.text_on(accent)) >= 4.5 for accent in accents)
