"""/readyz: whether the box does its work now, for whoever watches it from outside."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests.story import Story
from tests.web.conftest import Clock
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.sync_calendar import sync
from waitlist_appliance.storage import heartbeats

CHECKS = {"worker", "calendars", "messages", "database.writable", "database.schema"}


@pytest.fixture
def working(box: Appliance, clock: Clock) -> Appliance:
    """Its worker has just said that it lives."""
    heartbeats.beat(box.db, "worker", clock.now)
    return box


def bad(client: FlaskClient) -> set[str]:
    """The checks that keep it from being ready."""
    answer = client.get("/readyz")
    body = answer.get_json()
    assert answer.status_code == (200 if body["status"] == "ready" else 503)
    assert set(body) == {"status", "checks"}
    assert set(body["checks"]) == CHECKS
    found = {name for name, state in body["checks"].items() if state == "problem"}
    assert (body["status"] == "not_ready") == bool(found)
    return found


@pytest.mark.usefixtures("working")
def test_a_box_whose_worker_lives_is_ready(client: FlaskClient) -> None:
    assert bad(client) == set()


def test_a_box_without_a_worker_is_not_ready(client: FlaskClient) -> None:
    assert bad(client) == {"worker"}


@pytest.mark.usefixtures("working")
def test_a_worker_that_has_gone_silent_makes_it_unready(client: FlaskClient, clock: Clock) -> None:
    clock.forward(minutes=4)
    assert bad(client) == {"worker"}


def test_messages_that_nobody_sends_make_it_unready(client: FlaskClient, working: Appliance, clock: Clock) -> None:
    Story(working).caller("Ana", force=True)
    clock.forward(minutes=3)
    heartbeats.beat(working.db, "worker", clock.now)
    assert bad(client) == {"messages"}


def test_a_calendar_that_cannot_be_read_makes_it_unready(client: FlaskClient, working: Appliance, clock: Clock) -> None:
    story = Story(working)
    story.calendar_fails()
    sync(working, 1, clock.now)
    assert bad(client) == {"calendars"}


def test_tables_of_another_version_make_it_unready(client: FlaskClient, working: Appliance) -> None:
    with working.db.write():
        working.db.execute("DELETE FROM schema_migration WHERE name = (SELECT MAX(name) FROM schema_migration)")
    assert bad(client) == {"database.schema"}


def test_it_says_nothing_of_what_is_inside(client: FlaskClient, working: Appliance, clock: Clock) -> None:
    story = Story(working)
    story.calendar_fails()
    sync(working, 1, clock.now)
    body = client.get("/readyz").get_json()
    assert set(body["checks"].values()) <= {"ok", "warning", "problem", "unknown"}


def test_asking_leaves_no_trace(client: FlaskClient, box: Appliance, clock: Clock) -> None:
    clock.forward(minutes=30)
    before = box.db.tuples("SELECT * FROM heartbeat"), box.db.tuples("SELECT * FROM alarm")
    client.get("/readyz")
    assert (box.db.tuples("SELECT * FROM heartbeat"), box.db.tuples("SELECT * FROM alarm")) == before


def test_no_cookie_is_set_and_nothing_is_kept(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert "Set-Cookie" not in answer.headers
    assert "no-store" in answer.headers.get("Cache-Control", "")


def test_other_methods_are_refused_in_json(client: FlaskClient) -> None:
    assert client.post("/readyz").get_json()["error"]["code"] == "method_not_allowed"


def test_a_fresh_look_sees_that_it_is_well_again(client: FlaskClient, box: Appliance, clock: Clock) -> None:
    assert bad(client) == {"worker"}
    heartbeats.beat(box.db, "worker", clock.now - timedelta(seconds=10))
    assert bad(client) == set()
