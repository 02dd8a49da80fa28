"""A booking's life over the API: read, moved, noted, led to its end; and the customer's own move."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import at
from tests.web.conftest import Clock
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import api_keys


def books(client: FlaskClient, bearer: dict[str, str], name: str = "Ana", time: str = "19:30", **more: Any) -> Any:
    numbers = {"Ana": "600000001", "Bruno": "600000002", "Chloé": "600000003"}
    said = {
        "start_time": f"2026-01-16T{time}", "attendee": {"name": name, "phone": numbers[name]}, "party_size": 2, **more,
    }  # fmt: skip
    answer = client.post("/api/calendar/booking", json=said, headers=bearer)
    assert answer.status_code == 201, answer.text
    return answer.get_json()


@pytest.fixture
def ana(client: FlaskClient, bearer: dict[str, str]) -> Any:
    return books(client, bearer, resource="Table 1")


def path(booking: Any, tail: str = "") -> str:
    return f"/api/bookings/{booking['id']}{tail}"


def test_a_booking_is_read_with_its_customer(client: FlaskClient, bearer: dict[str, str], ana: Any) -> None:
    found = client.get(path(ana), headers=bearer).get_json()["booking"]
    assert found["attendee"] == {"name": "Ana", "phone": "+34600000001", "email": None}
    assert (found["start_time"], found["version"], found["user_name"]) == ("2026-01-16T19:30:00+01:00", 1, "Table 1")


def test_a_booking_that_does_not_exist_is_not_found(client: FlaskClient, bearer: dict[str, str]) -> None:
    for method in ("get", "patch", "delete"):
        assert getattr(client, method)("/api/bookings/nobody", json={"notes": "x"}, headers=bearer).status_code == 404


def test_a_booking_is_moved(client: FlaskClient, bearer: dict[str, str], ana: Any) -> None:
    answer = client.patch(path(ana), json={"start_time": "2026-01-16T21:00"}, headers=bearer)
    assert answer.get_json()["booking"]["start_time"] == "2026-01-16T21:00:00+01:00"
    assert answer.get_json()["booking"]["version"] == 2


def test_a_table_alone_may_be_changed_and_a_note_with_it(client: FlaskClient, bearer: dict[str, str], ana: Any) -> None:
    answer = client.patch(path(ana), json={"resource": "table 2", "notes": "by the window"}, headers=bearer)
    found = answer.get_json()["booking"]
    assert (found["user_name"], found["notes"], found["start_time"]) == (
        "Table 2", "by the window", "2026-01-16T19:30:00+01:00",
    )  # fmt: skip


def test_a_taken_time_is_a_conflict_with_alternatives_and_nothing_is_kept(
    client: FlaskClient, bearer: dict[str, str], ana: Any
) -> None:
    books(client, bearer, "Bruno", "21:30", resource="Table 1")
    books(client, bearer, "Chloé", "21:30", resource="Table 2")
    answer = client.patch(path(ana), json={"start_time": "2026-01-16T21:30", "notes": "late"}, headers=bearer)
    said = answer.get_json()
    assert (answer.status_code, said["reason"], said["suggest_waitlist"]) == (409, "full", True)
    assert "2026-01-16T19:00:00+01:00" in said["alternatives"]
    assert client.get(path(ana), headers=bearer).get_json()["booking"]["notes"] is None


@pytest.mark.parametrize("body", [{}, {"start_time": "soon"}, {"resource": "Table 99"}, {"start_time": ["x"]}])
def test_a_change_that_makes_no_sense_names_the_field(
    client: FlaskClient, bearer: dict[str, str], ana: Any, body: dict[str, Any]
) -> None:
    answer = client.patch(path(ana), json=body, headers=bearer)
    assert answer.status_code == 422
    assert answer.get_json()["error"]["fields"]


def test_the_same_move_twice_with_one_key_moves_once(client: FlaskClient, bearer: dict[str, str], ana: Any) -> None:
    headers = bearer | {"Idempotency-Key": "move-1"}
    said = [client.patch(path(ana), json={"start_time": "2026-01-16T21:00"}, headers=headers) for _ in range(2)]
    assert said[0].get_json() == said[1].get_json()
    assert client.get(path(ana), headers=bearer).get_json()["booking"]["version"] == 2


def test_a_booking_is_cancelled_by_delete_and_by_transition(
    client: FlaskClient, bearer: dict[str, str], ana: Any
) -> None:
    bruno = books(client, bearer, "Bruno")
    assert client.delete(path(ana), headers=bearer).get_json()["booking"]["status"] == "cancelled"
    answer = client.post(path(bruno, "/transition"), json={"to": "cancel"}, headers=bearer)
    assert answer.get_json()["booking"]["status"] == "cancelled"


def test_asked_twice_a_transition_says_the_same(client: FlaskClient, bearer: dict[str, str], ana: Any) -> None:
    for _ in range(2):
        answer = client.post(path(ana, "/transition"), json={"to": "cancelled"}, headers=bearer)
        assert (answer.status_code, answer.get_json()["booking"]["status"]) == (200, "cancelled")


@pytest.mark.parametrize(("to", "status"), [("no_show", 409), ("complete", 409), ("confirm", 409), ("maybe", 422), ("", 422)])
def test_what_cannot_be_is_refused(client: FlaskClient, bearer: dict[str, str], ana: Any, to: str, status: int) -> None:
    assert client.post(path(ana, "/transition"), json={"to": to}, headers=bearer).status_code == status


def test_a_no_show_once_it_has_begun(
    client: FlaskClient, bearer: dict[str, str], ana: Any, clock: Clock, box: Appliance
) -> None:
    box.db.execute("UPDATE booking SET status = 'confirmed'")
    clock.now = at("19:45")
    answer = client.post(path(ana, "/transition"), json={"to": "no_show"}, headers=bearer)
    assert answer.get_json()["booking"]["status"] == "no_show"


def test_a_key_that_may_only_look_may_not_move(client: FlaskClient, ana: Any, box: Appliance, clock: Clock) -> None:
    secret = api_keys.create(box.db, "looking", ["bookings.view"], clock.now)[1]
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.get(path(ana), headers=headers).status_code == 200
    assert client.patch(path(ana), json={"notes": "x"}, headers=headers).status_code == 403
    assert client.post(path(ana, "/transition"), json={"to": "cancel"}, headers=headers).status_code == 403


def test_the_customer_moves_their_own_booking(client: FlaskClient, ana: Any) -> None:
    answer = client.post(f"/api/booking/{ana['token']}/move", json={"start_time": "2026-01-16T21:00"})
    assert answer.get_json()["booking"]["start_time"] == "2026-01-16T21:00:00+01:00"


def test_the_customer_is_told_why_a_time_cannot_be_had(client: FlaskClient, bearer: dict[str, str], ana: Any) -> None:
    books(client, bearer, "Bruno", "21:30", resource="Table 1")
    books(client, bearer, "Chloé", "21:30", resource="Table 2")
    answer = client.post(f"/api/booking/{ana['token']}/move", json={"start_time": "2026-01-16T21:30"})
    assert (answer.status_code, answer.get_json()["reason"]) == (409, "full")


def test_an_unknown_link_moves_nothing(client: FlaskClient) -> None:
    answer = client.post("/api/booking/wl_aaaaaaaaaaaaaaaaaaaaaa/move", json={"start_time": "2026-01-16T21:00"})
    assert answer.status_code == 404


def test_the_customers_page_lists_free_times_and_moves_without_script(client: FlaskClient, ana: Any) -> None:
    page = client.get(f"/booking/{ana['token']}?step=move&lang=en").text
    assert 'value="move:2026-01-16T20:00:00+00:00"' in page
    answer = client.post(
        f"/booking/{ana['token']}?lang=en", data={"act": "move:2026-01-16T20:00:00+00:00"}, follow_redirects=True
    )
    assert "Moved. You get a message with the new time." in answer.text
    assert "21:00" in answer.text


@pytest.mark.parametrize("query", ["day=never", "day=1999-01-01", "day=9999-12-31", "day=2026-01-18"])
def test_any_day_in_the_address_shows_a_page(client: FlaskClient, ana: Any, query: str) -> None:
    assert client.get(f"/booking/{ana['token']}?step=move&{query}").status_code == 200


def test_a_time_that_is_none_is_refused(client: FlaskClient, ana: Any) -> None:
    assert client.post(f"/booking/{ana['token']}", data={"act": "move:soon"}).status_code in (409, 422)


def test_a_booking_the_calendar_does_not_take_is_confirmed_by_transition(
    client: FlaskClient, bearer: dict[str, str], ana: Any, clock: Clock
) -> None:
    early = client.post(path(ana, "/transition"), json={"to": "confirm"}, headers=bearer)
    clock.forward(minutes=15)
    answer = client.post(path(ana, "/transition"), json={"to": "confirm"}, headers=bearer)
    assert (early.status_code, early.get_json()["error"]["code"]) == (409, "not_stuck")
    assert answer.get_json()["booking"]["status"] == "confirmed"
