"""Settings → Calendars: cards in every state, connecting Google, CalDAV and an address, what can be done with each."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask

from tests.conftest import at
from tests.web.calendar_story import (
    CLIENT,
    HOLIDAYS,
    LONG,
    MINE,
    STAFF,
    Outside,
    Permission,
    connect,
    event,
    hold_back,
    read_log,
)
from tests.web.desk_story import ana_gets_a_table, worker_lives
from tests.web.staff_desk import CAST, Desk, desk
from waitlist_appliance.domain.records import Connection
from waitlist_appliance.ports import CalendarError
from waitlist_appliance.ports.calendars import Trouble
from waitlist_appliance.services import connect_calendar, manage_calendars
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.set_up_resources import deactivate_resource
from waitlist_appliance.storage import connecting
from waitlist_appliance.texts import calendar_trouble
from waitlist_appliance.texts.catalogues import LOCALES
from waitlist_appliance.web.app import create_app
from waitlist_appliance.web.staff.auth import COOKIE
from waitlist_appliance.web.staff.settings import calendar_words

HOME = "/staff/settings/calendars"
SECRETS = ("the-client-secret", "hunter-2")


@pytest.fixture
def outside(box: Appliance) -> Outside:
    """The provider behind google, caldav and ics alike."""
    outside = Outside((MINE, STAFF, HOLIDAYS))
    box.calendars = {**box.calendars, "google": outside, "caldav": outside, "ics": outside}
    return outside


@pytest.fixture
def permission(box: Appliance, outside: Outside) -> Permission:
    """Google's page of consent, and an OAuth client that the owner entered."""
    permission = Permission()
    box.consents = {"google": permission}
    box.clients = {"google": CLIENT}
    return permission


@pytest.fixture
def olivia(web_app: Flask, box: Appliance, now: datetime, outside: Outside) -> Desk:
    worker_lives(box, now)
    return desk(web_app, box, now, "owner")


def said(page: str) -> str:
    """The words of a page."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def words(somebody: Desk, path: str = HOME) -> str:
    return said(somebody.get(f"{path}?lang=en").text)


def card(somebody: Desk, connection: Connection) -> str:
    page = somebody.get(f"{HOME}?lang=en").text
    return said(page.split(f'id="c-{connection.public_id}"')[1].split("</article>")[0])


def stored(box: Appliance, connection: Connection) -> Connection:
    found = connecting.by_public_id(box.db, connection.public_id)
    assert found is not None
    return found


def the_only_one(box: Appliance) -> Connection:
    (found,) = (connection for connection in connecting.present(box.db) if connection.provider != "local")
    return found


# the cards


def test_without_a_connection_the_page_explains_the_three_kinds(olivia: Desk) -> None:
    page = olivia.get(f"{HOME}?lang=en").text
    assert "Only the built-in calendar is used" in page
    for way in ("google", "caldav", "ics"):
        assert f'href="{HOME}/{way}"' in page


def test_a_card_tells_what_it_is_for_and_when_it_was_read(olivia: Desk, box: Appliance, now: datetime) -> None:
    lola = connect(box, now)
    manage_calendars.use_for(box, lola.public_id, None, "write", now, SYSTEM)
    event(box, lola, now + timedelta(days=1))
    told = card(olivia, lola)
    for text in ("Working", "Google Calendar · lola@gmail.test", "2 min ago 10:58", "in 3 min 11:03", "1 event",
                 "Table 1", "Table 2", "arrive with the next read"):  # fmt: skip
        assert text in told


def test_events_that_name_no_table_are_counted_beside_the_rule(olivia: Desk, box: Appliance, now: datetime) -> None:
    lola = connect(box, now)
    for day in (1, 2, 3):
        event(box, lola, now + timedelta(days=day))
    event(box, lola, now + timedelta(days=4), "Table 1", min(box.setup().resources))
    assert "Names no table 3 events. Each takes every table of this calendar. Change the rule" in card(olivia, lola)
    assert "#p-unnamed_events" in olivia.get(HOME).text


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({"calendar_id": "", "enabled": False, "status": "disabled"}, "Choose a calendar"),
        ({"enabled": False, "status": "disabled"}, "Switched off"),
        ({"status": "needs_reconnect", "trouble": "signed_out"}, "Must be connected again"),
        ({"status": "error", "trouble": "garbage"}, "Cannot be read"),
        ({"failing_since_at": 1, "trouble": "unreachable"}, "Cannot be read"),
        ({"last_sync_at": None}, "Is being read for the first time"),
        ({}, "Working"),
    ],
)
def test_every_state_has_its_word(
    olivia: Desk, box: Appliance, now: datetime, values: dict[str, object], state: str
) -> None:
    if "failing_since_at" in values:
        values = {**values, "failing_since_at": now - timedelta(hours=1)}
    told = card(olivia, connect(box, now, "google", "Casa Lola", **values))
    assert [word for word, _ in calendar_words.STATES.values() if word in told] == [state]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_trouble_is_said_with_what_to_do(olivia: Desk, box: Appliance, now: datetime, locale: str) -> None:
    for trouble in calendar_trouble.TROUBLES:
        connect(box, now, trouble=trouble, failing_since_at=now - timedelta(hours=1), status="error")
    page = said(olivia.get(f"{HOME}?lang={locale}").text)
    for trouble in calendar_trouble.TROUBLES:
        words_of = calendar_trouble.told(trouble, locale)
        assert words_of.what in page
        assert words_of.next in page


@pytest.mark.parametrize("provider", ["google", "caldav", "ics"])
def test_a_card_in_trouble_offers_what_helps(olivia: Desk, box: Appliance, now: datetime, provider: str) -> None:
    offered = {"reconnect": "Connect again", "choose": "Choose the calendar", "client": "To Google's client",
               "try": "Try it now"}  # fmt: skip
    for trouble in calendar_trouble.TROUBLES:
        lola = connect(box, now, provider, trouble=trouble, failing_since_at=now, status="error")
        remedy = calendar_words.remedy_of(manage_calendars.card(box, lola.public_id, now))
        told = card(olivia, lola)
        assert [name for name, button in offered.items() if button in told] == ([] if remedy == "none" else [remedy])
        assert provider != "ics" or remedy in ("try", "none")


def test_a_permission_that_ended_within_a_week_is_explained_by_the_testing_trap(
    olivia: Desk, box: Appliance, now: datetime
) -> None:
    lola = connect(box, now - timedelta(days=60) + timedelta(days=60), status="needs_reconnect", trouble="signed_out")
    with box.db.write():
        box.db.execute("UPDATE activity SET at = ? WHERE subject = 'connection'", now - timedelta(days=7))
    told = card(olivia, lola)
    assert "seven days only" in told
    assert "Connect again" in told


def test_names_from_outside_are_never_markup(olivia: Desk, box: Appliance, now: datetime) -> None:
    connect(box, now, name="<script>alert(1)</script>", account="<b>x</b>")
    page = olivia.get(HOME).text
    assert "<script>alert" not in page
    assert "<b>x</b>" not in page


def test_one_page_shows_many_calendars_and_a_hundred_tables(olivia: Desk, box: Appliance, now: datetime) -> None:
    olivia.post("/staff/settings/resources/many", count="100", seats="2", prefix=LONG[:40])
    lola = connect(box, now, name=LONG)
    for number in range(12):
        connect(box, now, "ics", f"Feed {number}", scope="business")
    manage_calendars.use_for(box, lola.public_id, None, "write", now, SYSTEM)
    assert "and 96 more" in card(olivia, lola)


# what can be done with one


def test_a_try_tells_on_the_card_how_it_went_and_only_once(olivia: Desk, box: Appliance, now: datetime) -> None:
    lola = connect(box, now)
    answer = olivia.post(f"{HOME}/{lola.public_id}/test")
    assert answer.location == f"{HOME}#c-{lola.public_id}"
    assert "It works. The account has 3 calendars; 0 events in the next 14 days." in card(olivia, lola)
    assert "It works." not in card(olivia, lola)


@pytest.mark.parametrize("trouble", ["signed_out", "unreachable", "missing", "garbage", "too_fast"])
def test_a_try_that_fails_says_why_and_changes_nothing(
    olivia: Desk, box: Appliance, now: datetime, outside: Outside, trouble: Trouble
) -> None:
    lola = connect(box, now)
    outside.trouble = CalendarError("secret detail", retryable=True, trouble=trouble)
    olivia.post(f"{HOME}/{lola.public_id}/test")
    told = card(olivia, lola)
    assert f"It does not work. {calendar_trouble.told(trouble, 'en').what}" in told
    assert "secret detail" not in told
    assert stored(box, lola) == lola


def test_read_now_rings_the_worker(olivia: Desk, box: Appliance, now: datetime) -> None:
    lola = connect(box, now)
    assert olivia.post(f"{HOME}/{lola.public_id}/read").status_code == 303
    assert stored(box, lola).next_sync_at == now


def test_a_calendar_is_switched_off_and_on_again(olivia: Desk, box: Appliance, now: datetime) -> None:
    lola = connect(box, now)
    olivia.post(f"{HOME}/{lola.public_id}/switch", to="off")
    assert "Switched off" in card(olivia, lola)
    olivia.post(f"{HOME}/{lola.public_id}/switch", to="on")
    assert stored(box, lola).enabled


def test_a_calendar_gets_another_name(olivia: Desk, box: Appliance, now: datetime) -> None:
    lola = connect(box, now)
    assert olivia.post(f"{HOME}/{lola.public_id}/name", name="").status_code == 422
    assert olivia.post(f"{HOME}/{lola.public_id}/name", name=LONG[:80]).status_code == 303
    assert stored(box, lola).name == LONG[:80]


@pytest.mark.parametrize("scope", ["write", "block", "business"])
def test_what_a_calendar_is_for_is_chosen_and_shown(olivia: Desk, box: Appliance, now: datetime, scope: str) -> None:
    lola = connect(box, now)
    table = next(iter(box.setup().resources.values()))
    answer = olivia.post(f"{HOME}/{lola.public_id}/use", scope=scope, resource=table.public_id)
    assert answer.status_code == 303
    told, present = card(olivia, lola), manage_calendars.card(box, lola.public_id, now)
    used = [used.name for used in (present.written_by if scope == "write" else present.blocks)]
    assert used == ([] if scope == "business" else [table.name])
    assert {"write": "Bookings written for", "block": "Takes the time of", "business": "the whole house"}[scope] in told
    page = olivia.get(f"{HOME}/{lola.public_id}").text
    assert f'name="scope" value="{scope}" checked' in page


def test_bookings_cannot_be_written_to_a_calendar_that_can_only_be_read(
    olivia: Desk, box: Appliance, now: datetime
) -> None:
    holidays = connect(box, now, calendar_id="holidays")
    table = next(iter(box.setup().resources.values()))
    answer = olivia.post(f"{HOME}/{holidays.public_id}/use?lang=en", scope="write", resource=table.public_id)
    assert answer.status_code == 422
    assert "can only be read" in said(answer.text)
    feed = connect(box, now, "ics")
    assert 'value="write"' not in olivia.get(f"{HOME}/{feed.public_id}").text


def test_another_calendar_of_the_account_is_chosen(olivia: Desk, box: Appliance, now: datetime) -> None:
    lola = connect(box, now)
    page = olivia.get(f"{HOME}/{lola.public_id}/choose?lang=en").text
    assert all(text in said(page) for text in ("Casa Lola", LONG, "the account's own", "can only be read", "in use"))
    assert olivia.post(f"{HOME}/{lola.public_id}/choose", calendar_id="staff").status_code == 303
    assert stored(box, lola).calendar_id == "staff"


def test_a_calendar_that_the_account_does_not_have_is_refused(olivia: Desk, box: Appliance, now: datetime) -> None:
    lola = connect(box, now)
    for wanted in ("", "somebody-else"):
        answer = olivia.post(f"{HOME}/{lola.public_id}/choose", calendar_id=wanted)
        assert answer.status_code == 422
    assert stored(box, lola) == lola


def test_an_account_that_cannot_be_asked_says_why_and_offers_to_connect_again(
    olivia: Desk, box: Appliance, now: datetime, outside: Outside
) -> None:
    lola = connect(box, now)
    outside.trouble = CalendarError("x", retryable=False, trouble="signed_out")
    told = words(olivia, f"{HOME}/{lola.public_id}/choose")
    assert "We may no longer use this calendar" in told
    assert "Connect again" in told


def test_a_calendar_is_disconnected(olivia: Desk, box: Appliance, now: datetime) -> None:
    lola = connect(box, now)
    assert olivia.post(f"{HOME}/{lola.public_id}/disconnect").location == HOME
    assert connecting.by_public_id(box.db, lola.public_id) is None
    assert olivia.get(f"{HOME}/{lola.public_id}").status_code == 404


def test_disconnecting_with_bookings_ahead_has_to_be_meant(olivia: Desk, box: Appliance, now: datetime) -> None:
    ana_gets_a_table(box, now)
    lola = connect(box, now)
    manage_calendars.use_for(box, lola.public_id, None, "write", now, SYSTEM)
    answer = olivia.post(f"{HOME}/{lola.public_id}/disconnect")
    assert answer.status_code == 422
    assert 'name="force"' in answer.text
    assert olivia.post(f"{HOME}/{lola.public_id}/disconnect", force="yes").status_code == 303


@pytest.mark.parametrize("answer", ["keep", "apply"])
def test_many_changes_at_once_are_asked_about_and_answered(
    olivia: Desk, box: Appliance, now: datetime, answer: str
) -> None:
    ana_gets_a_table(box, now)
    lola = connect(box, now)
    manage_calendars.use_for(box, lola.public_id, None, "write", now, SYSTEM)
    hold_back(box, lola, now)
    told = card(olivia, lola)
    assert "Has a question for you" in told
    assert "1 of our bookings was changed in the calendar app." in told
    assert "Ana" in told
    assert "deleted" in told
    assert olivia.post(f"{HOME}/{lola.public_id}/held", answer=answer).status_code == 303
    assert (box.db.value("SELECT status FROM booking") == "cancelled") == (answer == "apply")
    assert "in the calendar app" not in card(olivia, lola)


def test_a_held_move_shows_both_times(olivia: Desk, box: Appliance, now: datetime) -> None:
    ana_gets_a_table(box, now)
    lola = connect(box, now)
    hold_back(box, lola, now, at("21:00"))
    assert re.search(r"Friday 16 January at 19:30 Friday 16 January at 21:00", card(olivia, lola))


def test_the_log_tells_each_read(olivia: Desk, box: Appliance, now: datetime) -> None:
    lola = connect(box, now)
    assert "Not read yet" in words(olivia, f"{HOME}/{lola.public_id}/log")
    read_log(box, lola, now, kind="full", cause="hand", seen=5000, requests=3, took_ms=12_000)
    read_log(box, lola, now, ok=False, trouble="too_fast", error="403 <rateLimitExceeded>")
    page = olivia.get(f"{HOME}/{lola.public_id}/log?lang=en").text
    told = said(page)
    for text in ("asked for by hand", "everything", "5000", "12 s", "asks us to slow down", "403 <rateLimitExceeded>"):
        assert text in told
    assert "<rateLimit" not in page


# connecting


def test_google_is_explained_with_the_exact_address_to_copy(olivia: Desk, box: Appliance) -> None:
    page = olivia.get(f"{HOME}/google?lang=en").text
    assert connect_calendar.redirect_uri(box) in page
    assert "after seven days" in page
    assert "Continue to Google" not in page


def test_the_client_is_kept_and_its_secret_never_comes_back(olivia: Desk, box: Appliance) -> None:
    bad = olivia.post(f"{HOME}/google/client", client_id="x", client_secret="the-client-secret")
    assert bad.status_code == 422
    assert 'id="h-client_id"' in bad.text
    form = {"client_id": CLIENT.client_id, "client_secret": "the-client-secret"}
    assert olivia.post(f"{HOME}/google/client", **form).status_code == 303
    page = olivia.get(f"{HOME}/google?lang=en").text
    assert CLIENT.client_id in page
    assert "Continue to Google" in page
    assert not [secret for secret in SECRETS if secret in bad.text + page]


def test_without_a_client_nobody_is_sent_to_google(olivia: Desk, box: Appliance) -> None:
    box.consents = {"google": Permission()}
    answer = olivia.post(f"{HOME}/google/begin?lang=en")
    assert answer.status_code == 422
    assert "enter the client id and secret" in said(answer.text)
    assert olivia.get(f"{HOME}/google/sign-in").location == f"{HOME}/google"


def signing_in(olivia: Desk, **form: str) -> str:
    """Begin, and give back the state that Google would return."""
    assert olivia.post(f"{HOME}/google/begin", **form).location == f"{HOME}/google/sign-in"
    found = re.search(r"https://accounts\.google\.test/auth\?state=([\w-]+)", olivia.get(f"{HOME}/google/sign-in").text)
    assert found
    return found[1]


def test_google_is_connected_by_pasting_the_address(olivia: Desk, box: Appliance, permission: Permission) -> None:
    address = f"http://127.0.0.1:8080/x?state={signing_in(olivia)}&code=4/abc&scope=all"
    answer = olivia.post(f"{HOME}/google/sign-in", address=address)
    lola = the_only_one(box)
    assert answer.location == f"{HOME}/{lola.public_id}/choose"
    assert lola.account == "lola@gmail.test"
    assert "Choose a calendar" in card(olivia, lola)
    assert olivia.post(f"{HOME}/{lola.public_id}/choose", calendar_id="mine").location == f"{HOME}/{lola.public_id}"
    assert stored(box, lola).enabled


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("", "That address does not come from"),
        ("http://127.0.0.1/?nothing", "That address does not come from"),
        ("http://127.0.0.1/?state=made-up&code=1", "used up or took too long"),
        ("http://127.0.0.1/?error=access_denied&state=x", "the answer was no"),
    ],
)
def test_a_wrong_address_is_said_and_can_be_pasted_again(
    olivia: Desk, box: Appliance, permission: Permission, address: str, why: str
) -> None:
    signing_in(olivia)
    answer = olivia.post(f"{HOME}/google/sign-in?lang=en", address=address)
    assert answer.status_code == 422
    assert why in said(answer.text)
    assert "Open Google's page" in said(answer.text)


def test_a_box_not_ticked_at_google_is_explained(olivia: Desk, box: Appliance, permission: Permission) -> None:
    permission.trouble = CalendarError("x", retryable=False, trouble="refused")
    address = f"http://127.0.0.1/?state={signing_in(olivia)}&code=1"
    answer = olivia.post(f"{HOME}/google/sign-in?lang=en", address=address)
    assert "tick every box" in said(answer.text)
    assert [connection.provider for connection in connecting.present(box.db)] == ["local"]


def test_another_browser_cannot_finish_what_one_began(
    olivia: Desk, web_app: Flask, box: Appliance, now: datetime, permission: Permission
) -> None:
    state, marco = signing_in(olivia), desk(web_app, box, now, "manager")
    signing_in(marco)
    answer = marco.post(f"{HOME}/google/sign-in", address=f"http://127.0.0.1/?state={state}&code=1")
    assert answer.status_code == 422
    assert [connection.provider for connection in connecting.present(box.db)] == ["local"]


def test_a_lost_google_permission_is_renewed_in_place(
    olivia: Desk, box: Appliance, now: datetime, permission: Permission
) -> None:
    lola = connect(box, now, status="needs_reconnect", trouble="signed_out", failing_since_at=now)
    address = f"http://127.0.0.1/?state={signing_in(olivia, again=lola.public_id)}&code=1"
    olivia.post(f"{HOME}/google/sign-in", address=address)
    assert the_only_one(box).status == "active"


def test_a_box_with_a_public_address_asks_for_no_pasting(box: Appliance, now: datetime, permission: Permission) -> None:
    host = "https://lola.example"
    box.config = replace(box.config, public_url=host)
    client = desk(create_app(box, TESTING=True, CLOCK=lambda: now), box, now, "owner").client
    session = client.get_cookie(f"__Host-{COOKIE}")
    assert session
    client.set_cookie(f"__Host-{COOKIE}", session.value, domain="lola.example", secure=True)
    steps = client.get(f"{HOME}/google?lang=en", base_url=host).text
    assert f'value="{host}/api/waitlist/calendar/oauth/google/callback"' in steps
    token = re.search(r'name="csrf_token" value="([^"]+)"', steps)
    assert token
    form = {"data": {"csrf_token": token[1]}, "headers": {"Referer": f"{host}{HOME}/google"}}
    assert client.post(f"{HOME}/google/begin", base_url=host, **form).status_code == 303
    page = client.get(f"{HOME}/google/sign-in", base_url=host).text
    assert "brings you back here by itself" in page
    assert 'name="address"' not in page


def test_caldav_is_connected_and_its_password_never_comes_back(olivia: Desk, box: Appliance, outside: Outside) -> None:
    form = {"url": "https://caldav.fastmail.com/", "username": "lola@fastmail.test", "password": "hunter-2"}
    outside.trouble = CalendarError("x", retryable=False, trouble="signed_out")
    wrong = olivia.post(f"{HOME}/caldav?lang=en", **form)
    assert wrong.status_code == 422
    assert "does not take this user name or password" in said(wrong.text)
    assert 'value="lola@fastmail.test"' in wrong.text
    outside.trouble = None
    answer = olivia.post(f"{HOME}/caldav", **form)
    lola = the_only_one(box)
    assert answer.location == f"{HOME}/{lola.public_id}/choose"
    assert "hunter-2" not in wrong.text + olivia.get(HOME).text + olivia.get(f"{HOME}/{lola.public_id}").text


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"url": ""}, "url"), ({"url": "not an address"}, "url"), ({"url": "http://cloud.example/"}, "url"),
        ({"username": " "}, "username"), ({"password": ""}, "password"),
    ],
)  # fmt: skip
def test_a_caldav_form_not_complete_says_so_beside_the_field(olivia: Desk, given: dict[str, str], field: str) -> None:
    form = {"url": "https://cloud.example/", "username": "lola", "password": "hunter-2"}
    answer = olivia.post(f"{HOME}/caldav", **{**form, **given})
    assert answer.status_code == 422
    assert f'id="h-{field}"' in answer.text.split("field-bad")[1]


@pytest.mark.parametrize("preset", calendar_words.PRESETS)
def test_each_preset_fills_in_its_address(olivia: Desk, preset: str) -> None:
    page = olivia.get(f"{HOME}/caldav?at={preset}").text
    assert f'name="url" type="text" value="{calendar_words.PRESETS[preset].address}"' in page
    assert olivia.get(f"{HOME}/caldav?at=nonsense").status_code == 200


def test_a_caldav_account_is_connected_again_with_its_password_only(
    olivia: Desk, box: Appliance, now: datetime
) -> None:
    lola = connect(box, now, "caldav", url="https://cloud.example/", account="lola", status="needs_reconnect",
                   trouble="signed_out")  # fmt: skip
    page = olivia.get(f"{HOME}/caldav?again={lola.public_id}").text
    assert 'value="https://cloud.example/"' in page
    olivia.post(f"{HOME}/caldav", url="https://cloud.example/", username="lola", password="hunter-2")
    assert the_only_one(box).status == "active"


def test_an_address_is_connected_for_the_whole_house(olivia: Desk, box: Appliance) -> None:
    answer = olivia.post(f"{HOME}/ics", address="webcal://feeds.example/secret-123.ics", name="Festivos", of="all")
    feed = the_only_one(box)
    assert answer.location == f"{HOME}#c-{feed.public_id}"
    page = olivia.get(HOME).text
    assert "secret-123" not in page
    assert "https://feeds.example/…" in page


def test_an_address_can_take_the_time_of_some(olivia: Desk, box: Appliance, now: datetime) -> None:
    table = next(iter(box.setup().resources.values()))
    form = {"address": "https://feeds.example/a.ics", "of": "some"}
    unticked = olivia.post(f"{HOME}/ics", **form)
    assert unticked.status_code == 422
    assert 'id="h-resource"' in unticked.text
    olivia.post(f"{HOME}/ics", resource=table.public_id, **form)
    (used,) = manage_calendars.card(box, the_only_one(box).public_id, now).blocks
    assert used.name == table.name


@pytest.mark.parametrize("trouble", ["garbage", "too_big", "unsafe", "unreachable", "missing"])
def test_an_address_without_a_calendar_stores_nothing(
    olivia: Desk, box: Appliance, outside: Outside, trouble: Trouble
) -> None:
    outside.trouble = CalendarError("x", retryable=False, trouble=trouble)
    answer = olivia.post(f"{HOME}/ics?lang=en", address="https://feeds.example/a.ics", of="all")
    assert answer.status_code == 422
    assert calendar_trouble.told(trouble, "en").what in said(answer.text)
    assert [connection.provider for connection in connecting.present(box.db)] == ["local"]


# beside the page itself


def test_a_table_chooses_its_calendar_on_its_own_page(olivia: Desk, box: Appliance, now: datetime) -> None:
    one, _ = box.setup().resources.values()
    place = f"/staff/settings/resources/{one.public_id}"
    assert "Connect another calendar" in words(olivia, place)
    lola = connect(box, now)
    assert olivia.post(f"{place}/calendar", calendar=lola.public_id).status_code == 303
    (used,) = manage_calendars.card(box, lola.public_id, now).written_by
    assert used.name == one.name
    assert f'value="{lola.public_id}" selected' in olivia.get(place).text
    built_in = connecting.built_in(box.db)
    assert built_in
    assert olivia.post(f"{place}/calendar", calendar=built_in.public_id).status_code == 303
    assert manage_calendars.card(box, lola.public_id, now).written_by == []


def test_a_table_out_of_use_stands_in_nobodys_way(olivia: Desk, box: Appliance, now: datetime) -> None:
    one, other = box.setup().resources.values()
    lola = connect(box, now)
    manage_calendars.use_for(box, lola.public_id, [one.public_id], "write", now, SYSTEM)
    deactivate_resource(box, other.public_id, now, SYSTEM)
    built_in = connecting.built_in(box.db)
    assert built_in
    answer = olivia.post(f"/staff/settings/resources/{one.public_id}/calendar", calendar=built_in.public_id)
    assert answer.status_code == 303


def test_a_calendar_that_must_be_connected_again_is_said_on_every_page(
    olivia: Desk, box: Appliance, now: datetime
) -> None:
    connect(box, now, status="needs_reconnect", trouble="signed_out")
    page = olivia.get("/staff/waitlist?lang=en").text
    assert "The calendar “Casa Lola” must be connected again." in page
    assert f'class="banner-link" href="{HOME}"' in page
    assert "Le calendrier « Casa Lola » doit être reconnecté." in olivia.get("/staff/waitlist?lang=fr").text


def test_a_held_change_rings_the_bell(olivia: Desk, box: Appliance, now: datetime) -> None:
    ana_gets_a_table(box, now)
    hold_back(box, connect(box, now), now)
    assert "A booking was changed in the calendar app." in words(olivia, "/staff/waitlist")


@pytest.mark.parametrize("role", [role for role in CAST if role not in ("owner", "manager")])
def test_who_may_not_change_settings_sees_no_calendar(
    web_app: Flask, box: Appliance, now: datetime, outside: Outside, role: str
) -> None:
    lola, somebody = connect(box, now), desk(web_app, box, now, role)
    for path in ("", "/google", "/caldav", "/ics", f"/{lola.public_id}", f"/{lola.public_id}/log"):
        assert somebody.get(HOME + path).status_code == 403
    assert somebody.post(f"{HOME}/{lola.public_id}/disconnect").status_code == 403
    assert stored(box, lola).enabled
