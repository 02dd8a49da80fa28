"""One's own account in the browser, and what an owner may do to the accounts of others."""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape

import pytest
from flask import Flask

from tests.second_factor_story import PASSWORD, Phone, a_phone, history
from tests.web.conftest import Clock
from tests.web.staff_desk import COOKIE, Desk, desk, snapshot
from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.services import second_factor, sessions, staff_login
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import second_factors, staff

HOME = "/staff/account"
CODE_SHAPE = re.compile(r"<code>([2-9A-Z]{5}-[2-9A-Z]{5})</code>")


def user_of(box: Appliance, name: str) -> StaffUser:
    found = [user for user in staff.users(box.db) if user.name == name]
    assert found
    return found[0]


def english(app: Flask, box: Appliance, now: datetime, role: str) -> Desk:
    """A browser at the desk that reads English."""
    browser = desk(app, box, now, role)
    browser.get("/staff/waitlist?lang=en")
    return browser


@pytest.fixture
def olivia(web_app: Flask, box: Appliance, now: datetime) -> Desk:
    """Olivia at the desk, with a password."""
    browser = english(web_app, box, now, "owner")
    user = user_of(box, "Olivia")
    link = staff_login.reset_link(box, user.email, now)
    session = browser.client.get_cookie(COOKIE)
    assert session
    staff_login.use_link(box, link, PASSWORD, now)
    token = sessions.open_session(box, user, now, ip="127.0.0.1", user_agent="Mozilla/5.0", proved_by="password")
    browser.client.set_cookie(COOKIE, token)
    return browser


def secret_on(page: str) -> str:
    found = re.search(r'class="account-secret"[^>]*>(.*?)</p>', page, re.S)
    assert found
    return re.sub(r"<[^>]+>|\s", "", found[1])


def set_up(browser: Desk, now: datetime) -> tuple[Phone, list[str]]:
    """What one does to set up an app: the phone and the recovery codes."""
    assert browser.post(f"{HOME}/code").location == f"{HOME}/code"
    phone = Phone(secret_on(browser.get(f"{HOME}/code").text))
    shown = browser.post(f"{HOME}/code/confirm", code=phone.code(now))
    assert shown.status_code == 200
    return phone, CODE_SHAPE.findall(shown.text)


# the second step


def test_an_app_is_set_up_with_a_picture_and_a_first_code(olivia: Desk, box: Appliance, now: datetime) -> None:
    phone, codes = set_up(olivia, now)
    assert len(set(codes)) == 10
    assert second_factor.kinds(box, user_of(box, "Olivia")) == {"code"}
    assert "10 of 10 are left" in olivia.get(HOME).text
    assert phone.secret not in olivia.get(HOME).text


def test_the_picture_is_part_of_the_page_and_nothing_is_kept_by_the_browser(olivia: Desk) -> None:
    olivia.post(f"{HOME}/code")
    shown = olivia.get(f"{HOME}/code")
    assert 'src="data:image/svg+xml' in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    assert "img-src 'self' data:" in shown.headers["Content-Security-Policy"]


def test_opening_the_page_begins_nothing(olivia: Desk, box: Appliance) -> None:
    before = snapshot(box)
    assert olivia.get(f"{HOME}/code").location == HOME
    assert snapshot(box) == before


def test_a_wrong_first_code_is_said_beside_the_field_and_the_picture_stays(
    olivia: Desk, box: Appliance, now: datetime
) -> None:
    olivia.post(f"{HOME}/code")
    before = secret_on(olivia.get(f"{HOME}/code").text)
    refused = olivia.post(f"{HOME}/code/confirm", code="000000")
    assert (refused.status_code, secret_on(refused.text)) == (422, before)
    assert "not right" in refused.text


def test_the_recovery_codes_are_in_no_cookie_and_on_no_later_page(olivia: Desk, box: Appliance, now: datetime) -> None:
    _, codes = set_up(olivia, now)
    pages = "".join(olivia.get(path).text for path in (HOME, f"{HOME}/code"))
    assert not [code for code in codes if code in pages]
    kept = olivia.client.get_cookie("waitlist_desk")
    assert kept
    assert len(kept.value) < 600


def test_new_recovery_codes_replace_the_old_ones(olivia: Desk, now: datetime) -> None:
    _, old = set_up(olivia, now)
    new = CODE_SHAPE.findall(olivia.post(f"{HOME}/recovery").text)
    assert (len(new), set(new) & set(old)) == (10, set())


def test_with_two_codes_left_the_account_warns(olivia: Desk, box: Appliance, now: datetime) -> None:
    set_up(olivia, now)
    with box.db.write():
        box.db.execute("UPDATE recovery_code SET used_at = 1 WHERE hash IN (SELECT hash FROM recovery_code LIMIT 8)")
    assert "2 recovery codes left." in olivia.get(HOME).text


def test_turning_it_off_takes_password_and_code(olivia: Desk, box: Appliance, clock: Clock) -> None:
    phone, _ = set_up(olivia, clock.now)
    clock.forward(seconds=30)
    refused = olivia.post(f"{HOME}/code/off", off_password="not the password", off_code=phone.code(clock.now))
    assert (refused.status_code, "not your present password" in refused.text) == (422, True)
    refused = olivia.post(f"{HOME}/code/off", off_password=PASSWORD, off_code=phone.wrong(clock.now))
    assert (refused.status_code, 'id="h-off_code"' in refused.text) == (422, True)
    olivia.post(f"{HOME}/code/off", off_password=PASSWORD, off_code=phone.code(clock.now))
    assert second_factor.kinds(box, user_of(box, "Olivia")) == frozenset()


# proving oneself again


@pytest.mark.parametrize(
    "path", [f"{HOME}/code", f"{HOME}/recovery", "/staff/settings/people/x/second-factor/reset",
             "/staff/settings/people/second-factor", "/staff/settings/keys", "/staff/settings/keys/x/secret"]
)  # fmt: skip
def test_what_concerns_who_comes_in_asks_for_the_password_again_after_ten_minutes(
    olivia: Desk, box: Appliance, clock: Clock, path: str
) -> None:
    clock.forward(minutes=10)
    before = snapshot(box, besides=("staff_session",))
    asked = olivia.post(path)
    assert (asked.status_code, asked.location.startswith(f"{HOME}/prove?next=")) == (303, True)
    assert snapshot(box, besides=("staff_session",)) == before


def test_another_owner_is_made_only_by_whoever_has_just_proved_themselves(
    olivia: Desk, box: Appliance, clock: Clock
) -> None:
    clock.forward(minutes=10)
    form = {"email": "new@casalola.example", "name": "New", "role": "owner"}
    assert olivia.post("/staff/settings/people", **form).location.startswith(f"{HOME}/prove")
    olivia.post("/staff/settings/people", **{**form, "role": "host"})
    assert [(user.name, user.role) for user in staff.users(box.db)] == [("Olivia", "owner"), ("New", "host")]
    new = user_of(box, "New").public_id
    assert olivia.post(f"/staff/settings/people/{new}/role", role="owner").location.startswith(f"{HOME}/prove")
    assert user_of(box, "New").role == "host"


def test_the_password_opens_it_for_ten_minutes_under_a_new_session_secret(olivia: Desk, clock: Clock) -> None:
    clock.forward(minutes=10)
    before = olivia.client.get_cookie(COOKIE)
    back = olivia.post(f"{HOME}/prove", current=PASSWORD, next=HOME)
    after = olivia.client.get_cookie(COOKIE)
    assert before
    assert after
    assert (back.location, before.value != after.value) == (HOME, True)
    assert olivia.post(f"{HOME}/code").location == f"{HOME}/code"


def test_a_wrong_password_opens_nothing(olivia: Desk, clock: Clock) -> None:
    clock.forward(minutes=10)
    refused = olivia.post(f"{HOME}/prove", current="not the password", next=HOME)
    assert (refused.status_code, "not your present password" in refused.text) == (422, True)
    assert olivia.post(f"{HOME}/code").location.startswith(f"{HOME}/prove")


def test_after_proving_oneself_nobody_is_sent_to_another_site(olivia: Desk) -> None:
    assert olivia.post(f"{HOME}/prove", current=PASSWORD, next="//evil.example").location == "/staff/waitlist"


# password and sessions


def test_a_new_password_logs_every_other_browser_out(olivia: Desk, box: Appliance, now: datetime) -> None:
    user = user_of(box, "Olivia")
    there = sessions.open_session(box, user, now, ip="::1", user_agent="", proved_by="password")
    changed = {"current": PASSWORD, "password": "a newer password", "again": "a newer password"}
    assert olivia.post(f"{HOME}/password", **changed).status_code == 303
    assert sessions.who(box, there, now) is None
    assert olivia.get(HOME).status_code == 200


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"current": PASSWORD, "password": "a newer password", "again": "another one"}, "again"),
        ({"current": PASSWORD, "password": "short", "again": "short"}, "password"),
        ({"current": "not it", "password": "a newer password", "again": "a newer password"}, "current"),
        ({}, "password"),
    ],
)
def test_a_password_that_cannot_be_changed_says_why_beside_its_field(
    olivia: Desk, box: Appliance, form: dict[str, str], field: str
) -> None:
    refused = olivia.post(f"{HOME}/password", **form)
    assert (refused.status_code, f'id="h-{field}"' in refused.text) == (422, True)
    assert "password_changed" not in history(box)


def test_the_account_lists_browsers_in_plain_words(olivia: Desk, box: Appliance, now: datetime) -> None:
    iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604.1"
    sessions.open_session(box, user_of(box, "Olivia"), now, ip="203.0.113.9", user_agent=iphone, proved_by="code")
    shown = olivia.get(HOME).text
    assert "Safari on iPhone" in shown
    assert "203.0.113.9" in shown
    assert shown.count("this browser") == 1


def test_what_a_browser_calls_itself_cannot_write_into_the_page(olivia: Desk, box: Appliance, now: datetime) -> None:
    agent = "<script>alert(1)</script> Firefox/"
    sessions.open_session(box, user_of(box, "Olivia"), now, ip="<b>", user_agent=agent, proved_by="code")
    shown = olivia.get(HOME).text
    assert "alert(1)" not in shown
    assert "<b>" not in shown


def test_one_browser_or_all_others_can_be_logged_out(olivia: Desk, box: Appliance, now: datetime) -> None:
    user = user_of(box, "Olivia")
    others = [sessions.open_session(box, user, now, ip="::1", user_agent="", proved_by="password") for _ in range(3)]
    row = sessions.present(box, others[0], now)
    assert row
    olivia.post(f"{HOME}/sessions/{row.session.public_id}/end")
    assert [sessions.who(box, token, now) is None for token in others] == [True, False, False]
    olivia.post(f"{HOME}/sessions/others/end")
    assert [sessions.who(box, token, now) is None for token in others] == [True, True, True]
    assert olivia.get(HOME).status_code == 200


def test_the_session_of_somebody_else_cannot_be_ended_from_ones_account(
    olivia: Desk, web_app: Flask, box: Appliance, now: datetime
) -> None:
    hanna = english(web_app, box, now, "host")
    row = sessions.of_user(box, user_of(box, "Olivia"), now)[0]
    hanna.post(f"{HOME}/sessions/{row.public_id}/end")
    assert olivia.get(HOME).status_code == 200


# others


def test_an_owner_takes_a_lost_second_step_off_and_it_is_logged(
    olivia: Desk, web_app: Flask, box: Appliance, now: datetime
) -> None:
    hanna = english(web_app, box, now, "host")
    user = user_of(box, "Hanna")
    a_phone(box, user, now)
    assert "Take the second step off" in olivia.get("/staff/settings/people").text
    olivia.post(f"/staff/settings/people/{user.public_id}/second-factor/reset")
    assert second_factor.kinds(box, user) == frozenset()
    assert hanna.get(HOME).status_code == 303
    assert history(box)[-1] == "second_factor_reset"


@pytest.mark.parametrize("role", ["manager", "host", "viewer"])
def test_nobody_but_an_owner_resets_or_ends_anything_of_others(
    web_app: Flask, box: Appliance, now: datetime, role: str
) -> None:
    english(web_app, box, now, "owner")
    user = user_of(box, "Olivia")
    a_phone(box, user, now)
    somebody = english(web_app, box, now, role)
    for path in (f"{user.public_id}/second-factor/reset", f"{user.public_id}/sessions/end", "second-factor"):
        assert somebody.post(f"/staff/settings/people/{path}").status_code == 403
    assert second_factor.kinds(box, user) == {"code"}
    assert len(sessions.of_user(box, user, now)) == 1


def test_an_owner_sees_where_people_are_logged_in_and_logs_them_out(
    olivia: Desk, web_app: Flask, box: Appliance, now: datetime
) -> None:
    hanna = english(web_app, box, now, "host")
    shown = unescape(olivia.get("/staff/settings/people").text)
    assert shown.count("Logged in on 1 browser") == 2
    olivia.post(f"/staff/settings/people/{user_of(box, 'Hanna').public_id}/sessions/end")
    assert hanna.get(HOME).status_code == 303


def test_a_second_step_can_be_asked_of_everybody_and_left_to_each_again(olivia: Desk, box: Appliance) -> None:
    a_phone(box, user_of(box, "Olivia"), datetime.fromisoformat("2026-01-01T00:00:00+00:00"))
    olivia.post("/staff/settings/people/second-factor", needed="yes")
    assert box.setup().policies.second_factor_required
    olivia.post("/staff/settings/people/second-factor", needed="no")
    assert not box.setup().policies.second_factor_required


def test_the_codes_that_are_left_are_counted_for_their_owner_only(
    box: Appliance, now: datetime, web_app: Flask
) -> None:
    hanna = english(web_app, box, now, "host")
    a_phone(box, user_of(box, "Hanna"), now)
    with box.db.write():
        second_factors.replace_codes(box.db, user_of(box, "Hanna").id, [b"x" * 32, b"y" * 32])
    assert "2 of 10 are left" in hanna.get(HOME).text
