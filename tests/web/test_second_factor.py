"""Coming in with a second factor, in the browser: the code's page, its cookies, and those who try without."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.second_factor_story import PASSWORD, Phone, a_phone, a_user
from tests.web.conftest import Clock
from tests.web.staff_desk import COOKIE, desk
from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.services import recovery_codes, second_factor, staff_login
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.business import set_policy
from waitlist_appliance.storage import second_factors
from waitlist_appliance.web.app import create_app
from waitlist_appliance.web.staff.auth import CHALLENGE, KNOWN

EMAIL = "olivia@casalola.example"


@pytest.fixture
def olivia(box: Appliance, now: datetime) -> StaffUser:
    user = a_user(box, "Olivia", "owner", now)
    staff_login.use_link(box, staff_login.reset_link(box, user.email, now), PASSWORD, now)
    return user


@pytest.fixture
def client(client: FlaskClient) -> FlaskClient:
    """A browser that reads English at the door too."""
    client.get("/login?lang=en")
    return client


@pytest.fixture
def phone(box: Appliance, olivia: StaffUser, now: datetime) -> Phone:
    return a_phone(box, olivia, now)


def post(client: FlaskClient, path: str, **form: str) -> TestResponse:
    """A form sent by whoever looks at the page that has it."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert found, path
    return client.post(path, data={"csrf_token": found[1], **form})


def type_password(client: FlaskClient, where: str = "/staff/agenda") -> TestResponse:
    return post(client, "/login", email=EMAIL, password=PASSWORD, next=where)


def type_code(client: FlaskClient, code: str, where: str = "/staff/agenda") -> TestResponse:
    return post(client, "/login/code", code=code, next=where)


def begin(client: FlaskClient, box: Appliance, user: StaffUser, now: datetime) -> str:
    """A browser in which the password was right, without its cost."""
    secret = second_factor.begin(box, user, "127.0.0.1", now)
    client.set_cookie(CHALLENGE, secret)
    return secret


def is_in(client: FlaskClient) -> bool:
    return client.get("/staff/account").status_code == 200


def test_password_then_code_lead_where_one_wanted_to_go(client: FlaskClient, phone: Phone, now: datetime) -> None:
    asked = type_password(client)
    assert (asked.status_code, asked.location) == (303, "/login/code?next=%2Fstaff%2Fagenda")
    assert not is_in(client)
    came = type_code(client, phone.code(now))
    assert (came.status_code, came.location) == (303, "/staff/agenda")
    assert is_in(client)


def test_the_page_of_the_code_helps_the_phone_to_fill_it_in(client: FlaskClient, phone: Phone) -> None:
    type_password(client)
    shown = client.get("/login/code").text
    assert 'inputmode="numeric"' in shown
    assert 'autocomplete="one-time-code"' in shown
    assert "/login/recovery" in shown


def test_a_recovery_code_leads_in_and_says_how_many_are_left(
    client: FlaskClient, box: Appliance, olivia: StaffUser, phone: Phone, now: datetime
) -> None:
    codes, hashes = recovery_codes.make(olivia)
    with box.db.write():
        second_factors.replace_codes(box.db, olivia.id, hashes)
    begin(client, box, olivia, now)
    assert post(client, "/login/recovery", code=codes[0], next="/staff/account").status_code == 303
    assert "9 are left" in client.get("/staff/account").text


def test_a_wrong_code_stays_on_the_page_and_says_so(
    client: FlaskClient, box: Appliance, olivia: StaffUser, phone: Phone, now: datetime
) -> None:
    begin(client, box, olivia, now)
    refused = type_code(client, phone.wrong(now))
    assert (refused.status_code, "not right" in refused.text, 'aria-invalid="true"' in refused.text) == (422, True, True)
    assert not is_in(client)


def test_the_fifth_wrong_code_leads_back_to_the_password(
    client: FlaskClient, box: Appliance, olivia: StaffUser, phone: Phone, now: datetime
) -> None:
    begin(client, box, olivia, now)
    answers = [type_code(client, phone.wrong(now)) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [422] * 4 + [303]
    assert answers[-1].location.startswith("/login?")
    assert "too many tries" in client.get("/login").text
    assert client.get_cookie(CHALLENGE) is None


def test_too_many_codes_are_answered_with_how_long_to_wait(
    client: FlaskClient, box: Appliance, olivia: StaffUser, phone: Phone, now: datetime
) -> None:
    for _ in range(5):
        begin(client, box, olivia, now)
        type_code(client, phone.wrong(now))
    begin(client, box, olivia, now)
    slowed = type_code(client, phone.code(now))
    assert (slowed.status_code, slowed.headers["Retry-After"]) == (429, "2")


def test_after_five_minutes_the_code_comes_too_late(
    client: FlaskClient, box: Appliance, olivia: StaffUser, phone: Phone, clock: Clock
) -> None:
    begin(client, box, olivia, clock.now)
    page = client.get("/login/code").text
    clock.forward(minutes=5)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    late = client.post("/login/code", data={"csrf_token": token[1], "code": phone.code(clock.now)})
    assert late.location.startswith("/login?")
    assert not is_in(client)


def test_another_browser_cannot_answer_what_this_one_began(
    web_app: Flask, client: FlaskClient, box: Appliance, olivia: StaffUser, phone: Phone, now: datetime
) -> None:
    begin(client, box, olivia, now)
    stranger = web_app.test_client()
    assert stranger.get("/login/code").location.startswith("/login?")
    token = desk(web_app, box, now, None)
    answer = token.client.post("/login/code", data={"csrf_token": token.token(), "code": phone.code(now)})
    assert answer.location.startswith("/login?")
    assert not is_in(token.client)


@pytest.mark.parametrize("path", ["/login/code", "/login/recovery"])
def test_a_code_that_another_site_sends_is_refused(
    client: FlaskClient, box: Appliance, olivia: StaffUser, phone: Phone, now: datetime, path: str
) -> None:
    begin(client, box, olivia, now)
    assert client.post(path, data={"code": phone.code(now)}).status_code == 400
    assert not is_in(client)


@pytest.mark.parametrize("path", ["/login", "/login/code", "/login/recovery"])
def test_after_the_code_nobody_is_sent_to_another_site(
    client: FlaskClient, box: Appliance, olivia: StaffUser, phone: Phone, now: datetime, path: str
) -> None:
    begin(client, box, olivia, now)
    page = client.get(f"{path}?next=https://evil.example/").text
    assert "evil.example" not in page
    assert type_code(client, phone.code(now), "https://evil.example/").location == "/staff/waitlist"


def test_the_session_that_was_there_before_the_log_in_is_not_the_one_after_it(
    client: FlaskClient, box: Appliance, olivia: StaffUser, phone: Phone, now: datetime
) -> None:
    client.set_cookie(COOKIE, "put-there-by-somebody-else")
    begin(client, box, olivia, now)
    type_code(client, phone.code(now))
    session = client.get_cookie(COOKIE)
    assert session
    assert session.value != "put-there-by-somebody-else"
    assert client.get_cookie(CHALLENGE) is None


def test_a_form_from_before_the_log_in_is_not_taken_after_it(client: FlaskClient, olivia: StaffUser) -> None:
    before = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login").text)
    assert before
    type_password(client)
    refused = client.post("/staff/account/sessions/others/end", data={"csrf_token": before[1]})
    assert refused.status_code == 403


def test_an_unknown_address_and_a_wrong_password_are_answered_alike(
    client: FlaskClient, web_app: Flask, phone: Phone
) -> None:
    answers = [
        post(web_app.test_client(), "/login", email=email, password="a wrong password", next="/")
        for email in (EMAIL, "nobody@casalola.example")
    ]
    said = [re.sub(r'value="[^"]*"', "", answer.text) for answer in answers]
    assert answers[0].status_code == answers[1].status_code == 401
    assert said[0] == said[1]


def test_behind_https_every_cookie_of_ours_is_bound_to_this_host(
    box: Appliance, clock: Clock, olivia: StaffUser, phone: Phone, now: datetime
) -> None:
    box.config = replace(box.config, public_url="https://lola.example")
    client = create_app(box, TESTING=True, CLOCK=clock).test_client()
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login", base_url="https://lola.example").text)
    assert found
    form = {"csrf_token": found[1], "email": EMAIL, "password": PASSWORD}
    first = client.post("/login", data=form, base_url="https://lola.example")
    page = client.get("/login/code", base_url="https://lola.example").text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    form = {"csrf_token": found[1], "code": phone.code(now)}
    second = client.post("/login/code", data=form, base_url="https://lola.example")
    cookies = first.headers.getlist("Set-Cookie") + second.headers.getlist("Set-Cookie")
    names = {cookie.partition("=")[0] for cookie in cookies}
    assert {f"__Host-{name}" for name in (COOKIE, CHALLENGE, KNOWN, "waitlist_desk")} == names
    for cookie in cookies:
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie


def test_a_browser_that_logged_in_before_is_not_locked_out_by_guesses_from_elsewhere(
    client: FlaskClient, web_app: Flask, olivia: StaffUser
) -> None:
    type_password(client)
    stranger = web_app.test_client()
    for _ in range(5):
        post(stranger, "/login", email=EMAIL, password="a wrong password", next="/")
    assert post(stranger, "/login", email=EMAIL, password=PASSWORD, next="/").status_code == 429
    client.delete_cookie(COOKIE)
    assert type_password(client).status_code == 303


# everybody needs one


@pytest.fixture
def required(box: Appliance, now: datetime) -> None:
    set_policy(box, "second_factor_required", True, SYSTEM, now)


@pytest.mark.usefixtures("required")
def test_who_has_no_second_factor_is_led_to_set_it_up_and_can_do_nothing_else(
    web_app: Flask, box: Appliance, now: datetime
) -> None:
    hanna = desk(web_app, box, now, "host")
    led = hanna.get("/staff/waitlist")
    assert (led.status_code, led.location) == (303, "/staff/account")
    page = hanna.get("/staff/account?lang=en").text
    assert "Everybody here needs a second step." in page
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    assert hanna.client.post("/staff/waitlist/add", data={"csrf_token": token[1]}).status_code == 403
    assert hanna.get("/staff/changes").status_code == 200


@pytest.mark.usefixtures("required")
def test_who_has_one_works_as_always(web_app: Flask, box: Appliance, now: datetime) -> None:
    hanna = desk(web_app, box, now, "host")
    user = box.db.value("SELECT id FROM staff_user WHERE name = 'Hanna'")
    with box.db.write():
        second_factors.put_totp(box.db, box.vault, user, "JBSWY3DPEHPK3PXP", now)
        second_factors.confirm_totp(box.db, user, now)
    assert hanna.get("/staff/waitlist").status_code == 200
