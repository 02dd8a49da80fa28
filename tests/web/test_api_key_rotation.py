"""API keys: a new secret without a gap, a date on which a key ends, and what the pages say of both."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web.conftest import Clock
from tests.web.staff_desk import Desk, desk
from waitlist_appliance.domain.errors import Invalid, NotFound
from waitlist_appliance.domain.records import ApiKey
from waitlist_appliance.services import manage_keys, sweep
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.storage import api_keys

SLOTS = "/api/waitlist/slots"
KEYS = "/staff/settings/keys"


@pytest.fixture
def made(box: Appliance, now: datetime) -> tuple[ApiKey, str]:
    return manage_keys.create(box, "Voice agent", api_keys.SCOPES, now, SYSTEM)


@pytest.fixture
def marco(web_app: Flask, box: Appliance, now: datetime) -> Desk:
    return english(desk(web_app, box, now, "manager"))


def english(who: Desk) -> Desk:
    """This browser reads English from now on."""
    who.get("/staff/waitlist?lang=en")
    return who


def works(client: FlaskClient, secret: str) -> bool:
    return client.get(SLOTS, headers={"X-API-Key": secret}).status_code == 200


def rotate(box: Appliance, key: ApiKey, overlap: str, now: datetime, **more: Any) -> str:
    return manage_keys.rotate(box, key.public_id, overlap, now, SYSTEM, **more)[1]


def shown(page: str) -> str:
    found = re.search(r'once-secret" readonly value="([^"]+)"', page)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(("overlap", "hours"), [("1h", 1), ("24h", 24), ("7d", 168)])
def test_the_old_secret_works_to_the_end_of_the_overlap_and_not_longer(
    client: FlaskClient, box: Appliance, clock: Clock, made: tuple[ApiKey, str], overlap: str, hours: int
) -> None:
    key, old = made
    new = rotate(box, key, overlap, clock.now)
    assert (works(client, old), works(client, new)) == (True, True)
    clock.forward(hours=hours, seconds=-1)
    assert works(client, old)
    clock.forward(seconds=1)
    assert (works(client, old), works(client, new)) == (False, True)


def test_without_overlap_the_old_secret_ends_at_once(
    client: FlaskClient, box: Appliance, now: datetime, made: tuple[ApiKey, str]
) -> None:
    new = rotate(box, made[0], "0", now)
    assert (works(client, made[1]), works(client, new)) == (False, True)


def test_of_three_secrets_the_oldest_is_refused(
    client: FlaskClient, box: Appliance, now: datetime, made: tuple[ApiKey, str]
) -> None:
    second = rotate(box, made[0], "7d", now)
    third = rotate(box, made[0], "7d", now)
    assert [works(client, secret) for secret in (made[1], second, third)] == [False, True, True]


def test_revoking_ends_both_secrets(
    client: FlaskClient, box: Appliance, now: datetime, made: tuple[ApiKey, str]
) -> None:
    new = rotate(box, made[0], "7d", now)
    manage_keys.revoke(box, made[0].public_id, now, SYSTEM)
    assert (works(client, made[1]), works(client, new)) == (False, False)
    with pytest.raises(NotFound):
        rotate(box, made[0], "0", now)


def test_the_sweep_forgets_the_old_secret_when_its_time_is_over(
    box: Appliance, now: datetime, made: tuple[ApiKey, str]
) -> None:
    rotate(box, made[0], "1h", now)
    sql = "SELECT COUNT(previous_hash) FROM api_key"
    sweep.sweep(box, now + timedelta(minutes=59))
    assert box.db.value(sql) == 1
    assert sweep.sweep(box, now + timedelta(hours=1))["secrets_forgotten"] == 1
    assert box.db.value(sql) == 0


def test_a_key_works_through_its_last_day_on_the_clock_of_the_house(
    client: FlaskClient, box: Appliance, clock: Clock
) -> None:
    _, secret = manage_keys.create(box, "n8n", api_keys.SCOPES, clock.now, SYSTEM, date(2026, 1, 20))
    clock.now = datetime.fromisoformat("2026-01-20T23:59:59+01:00")
    assert works(client, secret)
    clock.forward(seconds=1)
    assert not works(client, secret)


def test_a_key_past_its_date_comes_back_with_a_new_secret_only(
    client: FlaskClient, box: Appliance, clock: Clock
) -> None:
    key, old = manage_keys.create(box, "n8n", api_keys.SCOPES, clock.now, SYSTEM, date(2026, 1, 20))
    clock.forward(days=10)
    new = rotate(box, key, "7d", clock.now, expires_on=date(2026, 12, 31))
    assert (works(client, old), works(client, new)) == (False, True)


def test_a_day_that_has_passed_is_no_last_day(box: Appliance, now: datetime, made: tuple[ApiKey, str]) -> None:
    for doing in (
        lambda: manage_keys.create(box, "n8n", ["waitlist.view"], now, SYSTEM, date(2026, 1, 14)),
        lambda: rotate(box, made[0], "0", now, expires_on=date(2026, 1, 14)),
    ):
        with pytest.raises(Invalid, match="key_date_past"):
            doing()


def test_an_ended_key_finishes_no_consent_that_it_began(box: Appliance, now: datetime) -> None:
    manage_keys.create(box, "n8n", ["settings.manage"], now, SYSTEM, date(2026, 1, 20))
    assert len(api_keys.in_force(box.db, "settings.manage", now)) == 1
    assert api_keys.in_force(box.db, "settings.manage", now + timedelta(days=10)) == []


def test_either_secret_is_found_by_one_indexed_query(box: Appliance, now: datetime) -> None:
    asked: list[str] = []
    connection = box.db.peewee.connection()
    connection.set_trace_callback(asked.append)
    api_keys.find_by_secret(box.db, "wlk_x", now)
    connection.set_trace_callback(None)
    plan = box.db.tuples("EXPLAIN QUERY PLAN " + asked[0])
    assert len(asked) == 1
    assert not any("SCAN" in step[-1] for step in plan), plan


def test_the_page_gives_a_new_secret_once_and_says_how_long_the_old_one_works(
    marco: Desk, client: FlaskClient, box: Appliance, made: tuple[ApiKey, str]
) -> None:
    marco.post(f"{KEYS}/{made[0].public_id}/secret", overlap="7d", expires="2026-06-30")
    page = marco.get(KEYS).text
    assert works(client, shown(page))
    assert works(client, made[1])
    assert "old secret works too" in page
    assert "Tuesday 30 June" in page
    assert "once-secret" not in marco.get(KEYS).text


@pytest.mark.parametrize("wrong", [{"overlap": "99d"}, {"expires": "2020-01-01"}, {"expires": "soon"}])
def test_a_wrong_choice_changes_nothing(
    marco: Desk, client: FlaskClient, made: tuple[ApiKey, str], wrong: dict[str, str]
) -> None:
    marco.post(f"{KEYS}/{made[0].public_id}/secret", **wrong)
    assert "flash-bad" in marco.get(KEYS).text
    assert works(client, made[1])


def test_a_host_gives_no_new_secret(web_app: Flask, box: Appliance, now: datetime, made: tuple[ApiKey, str]) -> None:
    hanna = desk(web_app, box, now, "host")
    assert hanna.post(f"{KEYS}/{made[0].public_id}/secret", overlap="0").status_code == 403


@pytest.mark.parametrize(("days", "said"), [(0, None), (1, "ends soon"), (15, "has ended")])
def test_what_ends_within_two_weeks_or_has_ended_is_said_by_the_bell(
    web_app: Flask, box: Appliance, clock: Clock, days: int, said: str | None
) -> None:
    manage_keys.create(box, "Till <b>", api_keys.SCOPES, clock.now, SYSTEM, date(2026, 1, 29))
    clock.forward(days=days)
    page = english(desk(web_app, box, clock.now, "manager")).get("/staff/waitlist").text
    found = re.search(r"The API key “Till &lt;b&gt;” ([a-z ]+)\.", page)
    assert (found[1] if found else None) == said


@pytest.mark.parametrize(("days", "badge"), [(0, None), (1, "tone-warn"), (15, "tone-bad")])
def test_the_page_says_what_has_ended_and_what_soon_will(
    web_app: Flask, box: Appliance, clock: Clock, days: int, badge: str | None
) -> None:
    manage_keys.create(box, "Till", api_keys.SCOPES, clock.now, SYSTEM, date(2026, 1, 29))
    clock.forward(days=days)
    page = english(desk(web_app, box, clock.now, "manager")).get(KEYS).text
    found = re.search(r'who-name" dir="auto">Till <span class="badge-state ([\w-]+)"', page)
    assert (found[1] if found else None) == badge


def test_what_nobody_has_used_for_three_months_is_marked(marco: Desk, box: Appliance, now: datetime) -> None:
    old, _ = manage_keys.create(box, "Forgotten", api_keys.SCOPES, now - timedelta(days=91), SYSTEM)
    assert marco.get(KEYS).text.count("for three months") == 1
    api_keys.touch(box.db, old, now)
    assert "for three months" not in marco.get(KEYS).text


def test_the_history_names_the_key_and_never_its_secret(
    marco: Desk, box: Appliance, now: datetime, made: tuple[ApiKey, str]
) -> None:
    new = rotate(box, made[0], "1h", now)
    assert "An API key got a new secret" in marco.get("/staff/activity").text
    kept = str(box.db.tuples("SELECT * FROM activity"))
    assert "Voice agent" in kept
    assert new not in kept
