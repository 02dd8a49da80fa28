"""Every staff route with every role, from the URL table itself (behaviour 56, 57)."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask

from tests.web.staff_desk import CAST, desk, snapshot
from waitlist_appliance.services import staff_login
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.web.routing import Route
from waitlist_appliance.web.staff.routes import STAFF_ROUTES

GUARDED = [route for route in STAFF_ROUTES if route.auth == "staff"]
WRITING = [route for route in STAFF_ROUTES if route.changes_state]
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def path_of(route: Route) -> str:
    """The route's address for something that does not exist: the gate answers before anything is looked up."""
    path = route.path.replace("<phone>", "+34600000000").replace("<token>", "unknown")
    for name in ("entry_id", "slot_id", "event_id", "booking_id"):
        path = path.replace(f"<{name}>", UNKNOWN)
    return path


def pairs(*, allowed: bool) -> list[tuple[str, Route]]:
    return [
        (role, route)
        for role in CAST
        for route in GUARDED
        if (route.permission is None or route.permission in staff_login.ROLES[role]) == allowed
    ]


def name_of(value: object) -> str:
    return value.endpoint if isinstance(value, Route) else str(value)


def test_only_the_log_in_and_the_one_time_link_need_no_session() -> None:
    assert {route.path for route in STAFF_ROUTES if route.auth != "staff"} == {
        "/login", "/login/code", "/login/recovery", "/login/forgot", "/welcome/<token>",
        "/login/passkey", "/login/passkey/options",
    }  # fmt: skip


def test_every_permission_in_the_table_exists() -> None:
    assert {route.permission for route in GUARDED if route.permission} <= staff_login.PERMISSIONS


@pytest.mark.parametrize("route", GUARDED, ids=name_of)
def test_nobody_gets_in_without_logging_in(route: Route, web_app: Flask, box: Appliance, now: datetime) -> None:
    stranger, before = desk(web_app, box, now, None), snapshot(box)
    if "GET" in route.methods and route.endpoint != "staff.changes":
        answer = stranger.get(path_of(route))
        assert (answer.status_code, answer.location.startswith("/login?next=")) == (303, True)
    if "POST" in route.methods:
        assert stranger.post(path_of(route)).status_code == 401
    assert snapshot(box) == before


@pytest.mark.parametrize(("role", "route"), pairs(allowed=False), ids=name_of)
def test_a_role_without_the_permission_is_refused_and_it_is_logged(
    role: str, route: Route, web_app: Flask, box: Appliance, now: datetime
) -> None:
    somebody = desk(web_app, box, now, role)
    before = snapshot(box, besides=("activity",))
    for method in route.methods:
        answer = somebody.get(path_of(route)) if method == "GET" else somebody.post(path_of(route))
        assert answer.status_code == 403
    assert snapshot(box, besides=("activity",)) == before
    logged = "SELECT COUNT(*) FROM activity WHERE verb = 'refused' AND actor_name = ? AND reason = ?"
    assert box.db.value(logged, CAST[role], f"{route.methods[-1]} {route.endpoint}") == 1


@pytest.mark.parametrize(("role", "route"), pairs(allowed=True), ids=name_of)
def test_a_role_with_the_permission_gets_through(
    role: str, route: Route, web_app: Flask, box: Appliance, now: datetime
) -> None:
    somebody = desk(web_app, box, now, role)
    for method in route.methods:
        answer = somebody.get(path_of(route)) if method == "GET" else somebody.post(path_of(route))
        # What does not exist is 404, an empty form 422: both are said only to those who may ask.
        assert answer.status_code in (200, 303, 404, 422)
        assert not (answer.location or "").startswith("/login?")


@pytest.mark.parametrize("route", WRITING, ids=name_of)
def test_a_form_without_its_token_is_refused_and_changes_nothing(
    route: Route, web_app: Flask, box: Appliance, now: datetime
) -> None:
    olivia = desk(web_app, box, now, "owner")
    olivia.get("/staff/waitlist")
    before = snapshot(box)
    for form in ({}, {"csrf_token": ""}, {"csrf_token": "made-up"}):
        assert olivia.client.post(path_of(route), data=form).status_code in (400, 403)
    assert snapshot(box) == before


def test_a_token_from_another_browser_is_refused(web_app: Flask, box: Appliance, now: datetime) -> None:
    hanna, stranger = desk(web_app, box, now, "host"), desk(web_app, box, now, None)
    answer = hanna.client.post("/staff/waitlist/add", data={"csrf_token": stranger.token()})
    assert answer.status_code == 403
