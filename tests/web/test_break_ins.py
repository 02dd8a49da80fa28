"""Break-ins at the door of the desk that were tried and must go on failing: what a stolen session, an old password, a
neighbour on the same address or a reader of cookies would do.
"""

from __future__ import annotations

import re
import zlib
from base64 import urlsafe_b64decode
from datetime import datetime
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.second_factor_story import PASSWORD, Phone, a_phone, a_user
from tests.web.conftest import Clock
from tests.web.staff_desk import COOKIE, Desk, desk, snapshot
from waitlist_appliance.domain.errors import Conflict, Forbidden
from waitlist_appliance.services import (
    known_devices,
    manage_keys,
    manage_staff,
    second_factor,
    sessions,
    set_up_second_factor,
    staff_login,
)
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.business import set_policy
from waitlist_appliance.storage import api_keys, staff
from waitlist_appliance.web.limits import Buckets
from waitlist_appliance.web.staff.routes import STAFF_ROUTES
from waitlist_appliance.web.staff.settings.policy_words import GROUPS

PEOPLE, KEYS, POLICIES = "/staff/settings/people", "/staff/settings/keys", "/staff/settings/policies"
IP = "192.0.2.1"


@pytest.fixture
def olivia(web_app: Flask, box: Appliance, now: datetime) -> Desk:
    return desk(web_app, box, now, "owner")


def shown(page: str) -> str:
    found = re.search(r'once-secret" readonly value="([^"]+)"', page)
    assert found
    return unescape(found[1])


def in_cookies(client: FlaskClient) -> str:
    """What whoever reads the browser's cookies can read in them: signed is not sealed."""
    told = []
    for cookie in client._cookies.values():
        packed, text = cookie.value.startswith("."), cookie.value.lstrip(".").partition(".")[0]
        try:
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            told.append((zlib.decompress(raw) if packed else raw).decode("utf-8", "replace"))
        except (ValueError, zlib.error):
            told.append(cookie.value)
    return "\n".join(told)


# a session whose owner has left the desk


def test_a_session_left_open_makes_nobody_a_new_password(olivia: Desk, box: Appliance, clock: Clock) -> None:
    own = staff.users(box.db)[0].public_id
    clock.forward(minutes=10)
    asked = olivia.post(f"{PEOPLE}/{own}/link")
    assert asked.location.startswith("/staff/account/prove")
    assert "once-secret" not in olivia.get(PEOPLE).text
    assert box.db.value("SELECT COUNT(*) FROM staff_link") == 0


@pytest.mark.parametrize("role", ["manager", "owner"])
def test_a_session_left_open_makes_nobody_who_could_go_on_from_there(
    olivia: Desk, box: Appliance, now: datetime, clock: Clock, role: str
) -> None:
    hanna = a_user(box, "Hanna", "host", now)
    clock.forward(minutes=10)
    form = {"email": "new@casalola.example", "name": "New", "role": role}
    assert olivia.post(PEOPLE, **form).location.startswith("/staff/account/prove")
    assert olivia.post(f"{PEOPLE}/{hanna.public_id}/role", role=role).location.startswith("/staff/account/prove")
    assert [user.role for user in staff.users(box.db)] == ["owner", "host"]


def test_a_session_left_open_lets_nobody_back_in(olivia: Desk, box: Appliance, now: datetime, clock: Clock) -> None:
    gone = a_user(box, "Marco", "manager", now)
    manage_staff.disable(box, gone.public_id, staff.users(box.db)[0], now, SYSTEM)
    clock.forward(minutes=10)
    assert olivia.post(f"{PEOPLE}/{gone.public_id}/enable").location.startswith("/staff/account/prove")
    found = staff.user_by_id(box.db, gone.id)
    assert found
    assert found.disabled_at is not None


# the second step that everybody needs


@pytest.mark.parametrize("form", [{"second_factor_required": "false"}, {"reset": "second_factor_required"}])
def test_who_may_not_manage_people_does_not_switch_their_second_step_off(
    web_app: Flask, box: Appliance, now: datetime, form: dict[str, str]
) -> None:
    marco = desk(web_app, box, now, "manager")
    a_phone(box, staff.users(box.db)[0], now)
    set_policy(box, "second_factor_required", True, SYSTEM, now)
    assert marco.post(f"{POLICIES}/access", **form).status_code == 403
    marco.post(f"{POLICIES}/{next(iter(GROUPS))}", **form)
    marco.post("/staff/settings/switches", switch="second_factor_required", to="false")
    assert box.setup().policies.second_factor_required
    assert 'name="second_factor_required"' not in marco.get(POLICIES).text


@pytest.mark.parametrize("form", [{"second_factor_required": "false"}, {"reset": "second_factor_required"}])
def test_a_session_left_open_does_not_switch_the_second_step_off(
    olivia: Desk, box: Appliance, now: datetime, clock: Clock, form: dict[str, str]
) -> None:
    a_phone(box, staff.users(box.db)[0], now)
    set_policy(box, "second_factor_required", True, SYSTEM, now)
    clock.forward(minutes=10)
    assert olivia.post(f"{POLICIES}/access", **form).location.startswith("/staff/account/prove")
    assert box.setup().policies.second_factor_required
    olivia.client.set_cookie(
        COOKIE,
        sessions.open_session(box, staff.users(box.db)[0], clock.now, ip=IP, user_agent="", proved_by="code"),
    )
    assert olivia.post(f"{POLICIES}/access", **form).location.startswith(POLICIES)
    assert not box.setup().policies.second_factor_required


def test_who_had_only_the_password_is_out_once_there_is_a_second_step(box: Appliance, now: datetime) -> None:
    """A thief of the password, in since before, must not go on as if they had typed a code."""
    user = a_user(box, "Olivia", "owner", now)
    thief, here = (
        sessions.open_session(box, user, now, ip=ip, user_agent="", proved_by="password") for ip in ("::2", IP)
    )
    set_up_second_factor.begin(box, user, now)
    phone = Phone(set_up_second_factor.secret(box, user))
    set_up_second_factor.confirm(box, user, phone.code(now), now, here)
    assert sessions.who(box, thief, now) is None
    assert [row.proved_by for row in sessions.of_user(box, user, now)] == ["code"]
    assert sessions.who(box, here, now) == staff.user_by_id(box.db, user.id)


def test_setting_the_second_step_up_on_one_browser_logs_the_other_out(
    web_app: Flask, olivia: Desk, box: Appliance, now: datetime
) -> None:
    user = staff.users(box.db)[0]
    elsewhere = web_app.test_client()
    elsewhere.set_cookie(COOKIE, sessions.open_session(box, user, now, ip="::2", user_agent="", proved_by="password"))
    olivia.post("/staff/account/code")
    phone = Phone(set_up_second_factor.secret(box, user))
    assert olivia.post("/staff/account/code/confirm", code=phone.code(now)).status_code == 200
    assert olivia.get("/staff/account").status_code == 200
    assert elsewhere.get("/staff/account").location.startswith("/login")


def test_the_secret_of_the_app_is_shown_to_the_browser_alone_that_asked_for_it(
    web_app: Flask, olivia: Desk, box: Appliance, now: datetime
) -> None:
    """A thief of the password who is in as well must not copy it while its owner sets it up."""
    user = staff.users(box.db)[0]
    thief = web_app.test_client()
    thief.set_cookie(COOKIE, sessions.open_session(box, user, now, ip="::2", user_agent="", proved_by="password"))
    olivia.post("/staff/account/code")
    first_four = set_up_second_factor.secret(box, user)[:4]
    assert first_four in olivia.get("/staff/account/code").text
    stolen = thief.get("/staff/account/code")
    assert (stolen.status_code, stolen.location, first_four in stolen.text) == (303, "/staff/account", False)


# secrets that are shown once


def test_no_cookie_ever_holds_the_secret_of_a_key(olivia: Desk, box: Appliance, now: datetime) -> None:
    olivia.post(KEYS, name="Voice agent", scopes=["waitlist.view"])
    before = in_cookies(olivia.client)
    secret = shown(olivia.get(KEYS).text)
    assert secret not in before
    assert secret not in in_cookies(olivia.client)
    key = api_keys.every(box.db)[0]
    olivia.post(f"{KEYS}/{key.public_id}/secret", overlap="24h")
    assert api_keys.PREFIX not in in_cookies(olivia.client)
    assert shown(olivia.get(KEYS).text) != secret


def test_no_cookie_ever_holds_a_link_to_a_password(olivia: Desk) -> None:
    olivia.post(PEOPLE, name="Chloé", email="chloe@casalola.example", role="host")
    before = in_cookies(olivia.client)
    assert shown(olivia.get(PEOPLE).text).rsplit("/", 1)[1] not in before


def test_what_is_shown_once_is_shown_to_nobody_else_and_not_for_long(
    web_app: Flask, olivia: Desk, box: Appliance, now: datetime, clock: Clock
) -> None:
    marco = desk(web_app, box, now, "manager")
    olivia.post(KEYS, name="Voice agent", scopes=["waitlist.view"])
    assert "once-secret" not in marco.get(KEYS).text
    clock.forward(minutes=6)
    assert "once-secret" not in olivia.get(KEYS).text


def test_a_double_click_on_a_new_secret_does_not_end_the_one_in_use(
    olivia: Desk, client: FlaskClient, box: Appliance, now: datetime
) -> None:
    key, in_use = manage_keys.create(box, "Voice agent", api_keys.SCOPES, now, SYSTEM)
    form = {"csrf_token": olivia.token(), "overlap": "24h"}
    for _ in range(2):
        assert olivia.client.post(f"{KEYS}/{key.public_id}/secret", data=form).location == KEYS
    for secret in (in_use, shown(olivia.get(KEYS).text)):
        assert client.get("/api/waitlist/slots", headers={"X-API-Key": secret}).status_code == 200


def test_a_double_click_on_a_new_key_makes_one(olivia: Desk, box: Appliance) -> None:
    form = {"csrf_token": olivia.token(), "name": "n8n", "scopes": ["waitlist.view"]}
    for _ in range(2):
        assert olivia.client.post(KEYS, data=form).location == KEYS
    assert [key.name for key in api_keys.every(box.db)] == ["n8n"]


# guessing


def test_who_gathered_the_marks_of_a_hundred_browsers_guesses_hardly_more_than_with_one(
    box: Appliance, now: datetime
) -> None:
    """Whoever was in once can log in again and again for new marks, and keeps them beyond the next password."""
    user = a_user(box, "Olivia", "owner", now)
    phone = a_phone(box, user, now)
    devices = [
        known_devices.device(box, known_devices.with_mark(box, None, user.email, now), user.email, now)
        for _ in range(100)
    ]
    tries = 0
    for device in devices:
        for _ in range(5):
            secret = second_factor.begin(box, user, IP, now)
            try:
                second_factor.answer(box, secret, phone.wrong(now), now, ip=IP, device=device)
            except Forbidden:
                tries += 1
            except Conflict:
                break
    assert tries <= 30


def test_a_whole_network_of_addresses_guesses_as_one(box: Appliance, now: datetime) -> None:
    """Anybody with IPv6 has 2^64 addresses of their own: spraying one password over many accounts is one address."""
    tries = 0
    for number in range(60):
        try:
            staff_login.log_in(box, f"u{number}@casalola.example", "summer2026", f"2001:db8:1:2::{number:x}", now)
        except Forbidden:
            tries += 1
        except Conflict:
            break
    assert tries <= 21


def test_guesses_from_very_many_addresses_do_not_slow_the_log_in_down(box: Appliance, now: datetime) -> None:
    asked: list[str] = []
    connection = box.db.peewee.connection()
    connection.set_trace_callback(asked.append)
    with box.db.write():
        staff.forget_old_throttles(box.db, now)
    connection.set_trace_callback(None)
    delete = next(sql for sql in asked if sql.startswith("DELETE"))
    plan = box.db.tuples(f"EXPLAIN QUERY PLAN {delete}")
    assert not any("SCAN" in step[-1] for step in plan), plan


# links


def test_who_lost_their_access_sets_no_password_with_an_older_link(
    client: FlaskClient, box: Appliance, now: datetime
) -> None:
    user = a_user(box, "Marco", "manager", now)
    with box.db.write():
        staff.set_disabled(box.db, user.id, now)
    token = staff_login.reset_link(box, user.email, now)
    assert client.get(f"/welcome/{token}").status_code == 404


def test_guesses_from_the_same_address_do_not_spoil_a_welcome(
    client: FlaskClient, box: Appliance, now: datetime
) -> None:
    user = a_user(box, "Chloe", "host", now)
    for number in range(22):
        with pytest.raises((Forbidden, Conflict)):
            staff_login.log_in(box, f"u{number}@casalola.example", "x", "127.0.0.1", now)
    path = f"/welcome/{staff_login.reset_link(box, user.email, now)}"
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert token
    form = {"csrf_token": token[1], "password": PASSWORD, "again": PASSWORD}
    assert client.post(path, data=form).location == "/staff/waitlist"
    assert client.get("/staff/account").status_code == 200


def test_without_the_second_step_no_other_address_of_the_desk_opens(
    web_app: Flask, olivia: Desk, box: Appliance, now: datetime
) -> None:
    set_policy(box, "second_factor_required", True, SYSTEM, now)
    token = re.search(r'name="csrf_token" value="([^"]+)"', olivia.get("/staff/account").text)
    assert token
    tables, opened = ("activity", "staff_session"), set()
    before = snapshot(box, besides=tables)
    for route in STAFF_ROUTES:
        if route.auth == "staff" and not route.path.startswith("/staff/account") and route.endpoint != "staff.log_out":
            path = re.sub(r"<[^>]+>", "x", route.path)
            for method in route.methods:
                answer = olivia.client.open(path, method=method, data={"csrf_token": token[1]})
                if (answer.status_code, answer.location) not in ((303, "/staff/account"), (403, None)):
                    opened.add(route.endpoint)
    assert opened == {"staff.changes"}
    assert snapshot(box, besides=tables) == before


# one address for all


@pytest.fixture
def crowded(web_app: Flask) -> Buckets:
    """Somebody at this address has asked for the desk as often as one address may."""
    buckets: Buckets = web_app.extensions["limits"]
    buckets.clock = lambda: 1_000.0
    while not buckets.take("staff", "127.0.0.1"):
        pass
    return buckets


@pytest.mark.usefixtures("crowded")
def test_a_guest_on_the_same_wifi_does_not_lock_the_desk(web_app: Flask, olivia: Desk) -> None:
    assert web_app.test_client().get("/staff/waitlist").status_code == 429
    assert olivia.get("/staff/waitlist").status_code == 200
    assert olivia.post("/staff/account/sessions/others/end").status_code == 303


def test_a_made_up_session_is_a_guests(web_app: Flask, olivia: Desk, crowded: Buckets) -> None:
    stranger = web_app.test_client()
    stranger.set_cookie(COOKIE, "made-up")
    assert stranger.get("/staff/waitlist").status_code == 429
    assert not any("made-up" in who for _, who in crowded._full_at)


def test_one_open_desk_has_its_measure_as_well(olivia: Desk, box: Appliance, now: datetime, crowded: Buckets) -> None:
    own = sessions.of_user(box, staff.users(box.db)[0], now)[0].public_id
    while not crowded.take("staff", own):
        pass
    assert olivia.get("/staff/changes").status_code == 429


# a disk that somebody, or something, filled


def test_on_a_full_disk_those_who_are_in_go_on_reading_and_strangers_stay_out(
    web_app: Flask, olivia: Desk, box: Appliance, now: datetime, clock: Clock
) -> None:
    victor = desk(web_app, box, now, "viewer")
    clock.forward(minutes=6)
    box.db.peewee.connection().execute("PRAGMA query_only = 1")
    assert olivia.get("/staff/waitlist").status_code == 200
    assert victor.get(PEOPLE).status_code == 403
    assert web_app.test_client().get("/staff/waitlist").location.startswith("/login")
