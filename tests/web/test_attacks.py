"""What a hostile caller, guest or reader of a backup tries, and does not get."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web.staff_desk import desk
from waitlist_appliance.services import deliver_messages, expire_offers
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.business import set_policy
from waitlist_appliance.storage import api_keys
from waitlist_appliance.storage.activity import SYSTEM

WANTED = "2026-01-16T19:30"
Join = Callable[..., Any]
SignUp = Callable[..., str]
Full = dict[int, str]
PERSON = {"date": "2026-01-16", "time": "19:30", "phone": "600111222", "party_size": "2", "consent": "on", "force": "1"}
EVENT = {"date": "2026-01-16", "from": "22:00", "until": "01:00", "title": "Party"}


@pytest.fixture
def offer(client: FlaskClient, bearer: dict[str, str], sign_up: SignUp, full: Full, box: Appliance, clock: Any) -> str:
    """Ana's place; she was offered table 1, for two."""
    place = sign_up("Ana")
    client.delete(f"/api/calendar/events/{full[1]}", headers=bearer)
    deliver_messages.deliver_due(box, clock.now)
    return place


@pytest.fixture
def unasked(client: FlaskClient, bearer: dict[str, str], sign_up: SignUp, full: Full, box: Appliance, now: Any) -> str:
    """Table 1 is free at 19:30 and Ana waits for it, but nobody has looked yet; the place of Bruno, who is invited."""
    sign_up("Ana")
    set_policy(box, "offers", "paused", SYSTEM, now)
    client.delete(f"/api/calendar/events/{full[1]}", headers=bearer)
    said = {"requested_slot": WANTED, "phone": "600000002", "force": True}
    place = client.post("/api/waitlist/trigger", json=said, headers=bearer).get_json()["token"]
    box.db.execute("UPDATE setting SET value = '\"automatic\"' WHERE key = 'offers'")
    return str(place)


def offers(box: Appliance) -> int:
    return int(box.db.value("SELECT COUNT(*) FROM offer"))


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("path", ["waitlist/entries", "calendar/availability", "calendar/events"])
def test_a_day_at_the_end_of_the_calendar_is_no_day(
    client: FlaskClient, bearer: dict[str, str], path: str, day: str
) -> None:
    answer = client.get(f"/api/{path}?date={day}", headers=bearer)
    assert (answer.status_code, list(answer.get_json()["error"]["fields"])) == (422, ["date"])


@pytest.mark.parametrize("query", ["after=--5.1.1", "after=1.1.--1", "after=1-1.1.1", "before=1.--1"])
def test_a_tampered_place_in_the_list_is_its_beginning(web_app: Flask, box: Appliance, now: Any, query: str) -> None:
    assert desk(web_app, box, now, "host").get(f"/staff/waitlist?{query}").status_code == 200


@pytest.mark.parametrize(
    "given",
    [
        {"party_size": "9" * 5000}, {"date": "9999-12-31", "time": "23:59"}, {"email": "a@b.co\nBcc: x@y.zz"},
        {"email": "nobody"}, {"first_name": "x" * 301}, {"notes": "x" * 2001},
    ],
)  # fmt: skip
def test_what_staff_type_is_checked_like_what_an_agent_says(
    web_app: Flask, box: Appliance, now: Any, given: dict[str, str]
) -> None:
    answer = desk(web_app, box, now, "host").post("/staff/waitlist/add", **PERSON | given)
    assert (answer.status_code, box.db.value("SELECT COUNT(*) FROM entry")) == (422, 0)


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_an_event_at_the_end_of_the_calendar_is_refused(web_app: Flask, box: Appliance, now: Any, day: str) -> None:
    answer = desk(web_app, box, now, "host").post("/staff/agenda/events", **EVENT | {"date": day})
    assert (answer.status_code, box.db.value("SELECT COUNT(*) FROM local_event")) == (422, 0)


def test_who_was_offered_a_table_for_two_cannot_come_with_four(client: FlaskClient, offer: str, box: Appliance) -> None:
    body = {"nbPersons": 4, "selectedSlots": [WANTED]}
    answer = client.post(f"/api/waitlist/wishes/{offer}", json=body)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (422, "bad_party_size")
    assert box.db.value("SELECT party_size FROM entry") == 2


def test_a_late_yes_does_not_bring_more_people_than_the_table_seats(
    client: FlaskClient, offer: str, box: Appliance, clock: Any
) -> None:
    token = box.token("offer", 1, clock.now)
    clock.forward(minutes=20)
    expire_offers.expire_due(box, clock.now)
    body = {"nbPersons": 4, "selectedSlots": [WANTED]}
    assert client.post(f"/api/waitlist/wishes/{offer}", json=body).status_code == 200
    answer = client.post(f"/api/waitlist/offer/{token}/accept")
    assert (answer.get_json()["offer"]["state"], box.db.value("SELECT COUNT(*) FROM booking")) == ("lost", 0)


def test_a_time_that_was_never_proposed_is_not_booked_from_the_page(client: FlaskClient, join: Join) -> None:
    token = join(nbPersons=2, firstName="Ana").get_json()["token"]
    answer = client.post(f"/api/waitlist/book/{token}", json={"slot": "2026-01-17T20:00"})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (422, "unknown_wish")


def test_a_guest_never_reads_what_staff_noted(client: FlaskClient, sign_up: SignUp, full: Full, box: Appliance) -> None:
    place = sign_up("Ana")
    box.db.execute("UPDATE entry SET notes = 'tips badly', priority = 900")
    answer = client.post(f"/api/waitlist/wishes/{place}", json={"selectedSlots": [WANTED]})
    assert answer.status_code == 200
    assert {"notes", "priority", "source"}.isdisjoint(answer.get_json()["entry"])
    assert "tips badly" not in answer.get_data(as_text=True) + client.get(f"/waitlist/{place}").get_data(as_text=True)


def test_who_finds_a_waited_for_time_from_the_page_sets_matching_off(
    client: FlaskClient, unasked: str, box: Appliance
) -> None:  # case 61
    body = {"slot": WANTED, "nbPersons": 2, "firstName": "Bruno"}
    answer = client.post(f"/api/waitlist/book/{unasked}", json=body)
    assert (answer.status_code, answer.get_json()["reason"], offers(box)) == (409, "reserved", 1)


def test_a_call_with_an_idempotency_key_sets_matching_off_all_the_same(
    client: FlaskClient, bearer: dict[str, str], unasked: str, box: Appliance
) -> None:  # case 61
    body = {"start_time": WANTED, "party_size": 2, "attendee": {"name": "Diego", "phone": "600000009"}}
    answer = client.post("/api/calendar/booking", json=body, headers=bearer | {"Idempotency-Key": "a"})
    assert (answer.status_code, answer.get_json()["reason"], offers(box)) == (409, "reserved", 1)


def test_a_backup_holds_no_working_link(join: Join, full: Full, box: Appliance, clock: Any) -> None:
    token = join(headers={"Idempotency-Key": "call-1"}).get_json()["token"]
    deliver_messages.deliver_due(box, clock.now)
    box.db.execute("DELETE FROM simulated_message")  # the customer's phone, not ours
    tables = [name for (name,) in box.db.tuples("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    assert "idempotency" in tables
    assert all(token not in str(box.db.tuples(f"SELECT * FROM {table}")) for table in tables)


def test_a_repeated_answer_has_its_link_again(join: Join, full: Full) -> None:
    first, again = (join(headers={"Idempotency-Key": "call-1"}).get_json() for _ in range(2))
    assert again == first
    assert again["url"].endswith(again["token"])


def test_a_name_cannot_conjure_up_somebody_elses_link(join: Join, full: Full, box: Appliance, clock: Any) -> None:
    other = join().get_json()["token"]
    name = "\x1fregistration:1:1\x1f"
    headers = {"Idempotency-Key": "call-2"}
    said = [join(phone="600000002", firstName=name, headers=headers).get_data(as_text=True) for _ in range(2)]
    assert said[0] == said[1]
    assert other not in said[1]


def test_a_key_that_may_only_look_reads_no_links(client: FlaskClient, join: Join, full: Full, box: Appliance, now: Any) -> None:
    join()
    deliver_messages.deliver_due(box, now)
    secret = api_keys.create(box.db, "wall", ["waitlist.view", "bookings.view"], now)[1]
    answer = client.get("/api/simulator/messages?phone=%2B34600000001", headers={"X-API-Key": secret})
    assert answer.status_code == 403


def test_a_viewer_reads_no_links(web_app: Flask, join: Join, full: Full, box: Appliance, now: Any) -> None:
    said = join().get_json()
    deliver_messages.deliver_due(box, now)
    victor = desk(web_app, box, now, "viewer")
    pages = [victor.get(path) for path in ("/staff/phones/+34600000001", f"/staff/waitlist/{said['entry']['id']}")]
    assert [page.status_code for page in pages] == [403, 200]
    assert all(said["token"] not in page.text for page in pages)


def test_wishes_changed_by_a_key_are_not_put_down_to_the_customer(
    client: FlaskClient, bearer: dict[str, str], sign_up: SignUp, full: Full, box: Appliance
) -> None:
    sign_up("Ana")
    entry = box.db.value("SELECT public_id FROM entry")
    assert client.patch(f"/api/waitlist/entries/{entry}", json={"wishes": [WANTED]}, headers=bearer).status_code == 200
    who = box.db.value("SELECT actor FROM activity WHERE verb = 'wishes_changed'")
    assert who == "voice_agent"


def test_looking_at_a_page_needs_no_writing(client: FlaskClient, offer: str, box: Appliance, clock: Any) -> None:
    pages = [f"/waitlist/{offer}", f"/waitlist/offer/{box.token('offer', 1, clock.now)}"]
    box.db.peewee.connection().execute("PRAGMA query_only = 1")
    assert [client.get(page).status_code for page in pages] == [200, 200]


@pytest.mark.parametrize("locale", ["de", "../../etc", "fr-FR", "ES_es", "x" * 35])
def test_a_language_that_we_do_not_speak_stops_no_message(
    join: Join, full: Full, box: Appliance, clock: Any, locale: str
) -> None:
    assert join(locale=locale).status_code == 201
    deliver_messages.deliver_due(box, clock.now)
    assert box.db.value("SELECT state FROM message") == "sent"
