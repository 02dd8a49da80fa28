"""A web app on Casa Lola's database, with a clock that the test sets."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import api_keys
from waitlist_appliance.web.app import create_app

WANTED = "2026-01-16T19:30"


class Clock:
    """A clock that stands still until the test moves it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock(now: datetime) -> Clock:
    return Clock(now)


@pytest.fixture
def web_app(box: Appliance, clock: Clock) -> Flask:
    return create_app(box, TESTING=True, CLOCK=clock)


@pytest.fixture
def client(web_app: Flask) -> FlaskClient:
    """Somebody who reads English."""
    client = web_app.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.fixture
def api_key(box: Appliance, now: datetime) -> str:
    """A key that may do everything."""
    return api_keys.create(box.db, "tests", api_keys.SCOPES, now)[1]


@pytest.fixture
def bearer(api_key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {api_key}"}


@pytest.fixture
def join(client: FlaskClient, bearer: dict[str, str]) -> Callable[..., Any]:
    """Post the trigger; queued even where the time is free, unless the test says otherwise."""

    def post(phone: str = "600 000 001", headers: dict[str, str] | None = None, **body: Any) -> Any:
        said = {"requested_slot": WANTED, "phone": phone, "force": True, "locale": "en", **body}
        return client.post("/api/waitlist/trigger", json=said, headers=bearer | (headers or {}))

    return post


@pytest.fixture
def full(client: FlaskClient, bearer: dict[str, str]) -> dict[int, str]:
    """Every table taken on Friday from 18:00 to midnight; the events' ids by table number."""
    events = {}
    for number in (1, 2):
        said = {
            "title": f"Dinner {number}", "start_time": "2026-01-16T18:00", "end_time": "2026-01-17T00:00",
            "resource": f"Table {number}",
        }  # fmt: skip
        answer = client.post("/api/calendar/events", json=said, headers=bearer)
        assert answer.status_code == 201, answer.get_data(as_text=True)
        events[number] = answer.get_json()["event"]["id"]
    return events


@pytest.fixture
def sign_up(client: FlaskClient, join: Callable[..., Any]) -> Callable[..., str]:
    """Join and sign up; the token of the place. Each person gets a phone of their own."""
    numbers = itertools.count(600_000_001)

    def act(first_name: str = "Ana", times: tuple[str, ...] = (WANTED,), people: int = 2, **trigger: Any) -> str:
        token = str(join(phone=str(next(numbers)), **trigger).get_json()["token"])
        said = {"firstName": first_name, "nbPersons": people, "selectedSlots": list(times), "consent": True}
        answer = client.post(f"/api/waitlist/confirm/{token}", json=said)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return token

    return act
