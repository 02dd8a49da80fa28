"""POST /api/waitlist/trigger: who may call, what is accepted, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import api_keys

WANTED = "2026-01-16T19:30"
TRIGGER = "/api/waitlist/trigger"
Join = Callable[..., Any]


def entries(box: Appliance) -> int:
    return int(box.db.value("SELECT COUNT(*) FROM entry"))


def test_a_taken_time_gives_an_entry_a_token_and_the_address_of_the_page(
    join: Join, full: dict[int, str], box: Appliance
) -> None:
    answer = join(force=False)
    said = answer.get_json()
    assert answer.status_code == 201
    assert said["success"] is True
    assert said["entry"]["status"] == "invited"
    assert said["slot"]["startsAt"] == "2026-01-16T19:30:00+01:00"
    assert said["url"] == f"http://127.0.0.1:8080/waitlist/{said['token']}"
    assert said["position"] is None
    assert box.db.value("SELECT COUNT(*) FROM message WHERE kind = 'join_link'") == 1


def test_the_n8n_path_does_the_same(client: FlaskClient, bearer: dict[str, str]) -> None:
    said = {"requested_slot": WANTED, "phone": "600000001", "force": True}
    assert client.post("/api/waitlist/n8n/trigger", json=said, headers=bearer).status_code == 201


def test_the_same_phone_and_time_in_another_spelling_returns_the_first_entry(join: Join, box: Appliance) -> None:
    first, second = join(phone="600 000 001"), join(phone="+34 600-000-001")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.get_json()["entry"]["id"] == second.get_json()["entry"]["id"]
    assert entries(box) == 1


def test_a_free_time_is_answered_with_409_and_the_time_that_can_be_booked(join: Join, box: Appliance) -> None:
    answer = join(force=False)
    said = answer.get_json()
    assert answer.status_code == 409
    assert said["error"]["code"] == said["reason"] == "slot_available"
    assert "Friday 16 January at 19:30" in said["error"]["message"]
    assert said["startTime"].startswith("2026-01-16T19:30")
    assert entries(box) == 0


def test_both_spellings_of_a_field_and_numbers_as_strings_are_accepted(join: Join) -> None:
    camel = join(phone="600000001", firstName="Ana", nbPersons="2").get_json()["entry"]
    snake = join(phone="600000002", first_name="Bruno", nb_persons=2).get_json()["entry"]
    assert (camel["firstName"], camel["nbPersons"]) == ("Ana", 2)
    assert (snake["firstName"], snake["nbPersons"]) == ("Bruno", 2)


def test_registered_true_as_a_string_puts_the_person_in_line_at_once(join: Join, full: dict[int, str]) -> None:
    said = join(registered="true", nbPersons=2, firstName="Ana").get_json()
    assert (said["entry"]["status"], said["position"]) == ("waiting", 1)


def test_every_field_at_fault_is_named_at_once_and_nothing_is_stored(join: Join, box: Appliance) -> None:
    answer = join(requested_slot="tomorrow", nbPersons="many", force="perhaps")
    error = answer.get_json()["error"]
    assert answer.status_code == 422
    assert set(error["fields"]) == {"requested_slot", "nbPersons", "force"}
    assert entries(box) == 0


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"requested_slot": "2026-01-10T19:30"}, "requested_slot"),
        ({"requested_slot": "2026-01-16T05:00"}, "requested_slot"),
        ({"phone": "12"}, "phone"),
        ({"nbPersons": 0}, "nbPersons"),
        ({"nbPersons": 500}, "nbPersons"),
        ({"serviceType": "haircut"}, "serviceType"),
        ({"source": "pigeon"}, "source"),
        ({"firstName": "x" * 301}, "firstName"),
        ({"firstName": "\ud800"}, "firstName"),
        ({"firstName": ["Ana"]}, "firstName"),
        ({"alternativeSlots": ["soon"]}, "alternativeSlots"),
    ],
)
def test_bad_input_names_its_field_and_stores_nothing(
    join: Join, box: Appliance, wrong: dict[str, Any], field: str
) -> None:
    answer = join(**wrong)
    error = answer.get_json()["error"]
    assert answer.status_code == 422, error
    assert list(error["fields"]) == [field]
    assert set(answer.get_json()) >= {"success", "error"}
    assert entries(box) == 0


def test_an_unknown_business_is_not_found_and_default_is_known(join: Join) -> None:
    unknown = join(business_id="somebody-else")
    assert (unknown.status_code, unknown.get_json()["error"]["code"]) == (404, "unknown_business")
    assert join(business_id="default").status_code == 201


@pytest.mark.parametrize("data", [b"{", b"[1]", b'"x"', b'{"a": NaN}', b"\xff", b"[" * 100_000])
def test_what_is_no_json_object_gets_400(client: FlaskClient, bearer: dict[str, str], data: bytes) -> None:
    answer = client.post(TRIGGER, data=data, headers=bearer, content_type="application/json")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (400, "malformed_json")


def test_a_body_over_a_mebibyte_gets_413(client: FlaskClient, bearer: dict[str, str]) -> None:
    answer = client.post(TRIGGER, data=b" " * (1024 * 1024 + 1), headers=bearer)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wlk_wrong"}, {"X-API-Key": "x"}])
def test_without_a_good_key_nothing_happens(client: FlaskClient, headers: dict[str, str], box: Appliance) -> None:
    answer = client.post(TRIGGER, json={"requested_slot": WANTED, "phone": "600000001"}, headers=headers)
    assert (answer.status_code, answer.get_json()["success"]) == (401, False)
    assert entries(box) == 0


def test_a_key_without_the_scope_is_refused(client: FlaskClient, box: Appliance, clock: Any) -> None:
    secret = api_keys.create(box.db, "reader", ["waitlist.view"], clock.now)[1]
    refused = client.post(TRIGGER, json={"requested_slot": WANTED, "phone": "600000001"}, headers={"X-API-Key": secret})
    assert refused.status_code == 403
    assert client.get("/api/waitlist/entries", headers={"X-API-Key": secret}).status_code == 200


def test_a_revoked_key_opens_nothing(client: FlaskClient, box: Appliance, clock: Any) -> None:
    key, secret = api_keys.create(box.db, "old", api_keys.SCOPES, clock.now)
    api_keys.revoke(box.db, key.public_id, clock.now)
    assert client.get("/api/waitlist/entries", headers={"X-API-Key": secret}).status_code == 401


def test_errors_are_said_in_the_language_of_the_locale_field(join: Join) -> None:
    said = {locale: join(phone="12", locale=locale).get_json()["error"]["message"] for locale in ("en", "es", "fr")}
    assert len(set(said.values())) == 3


def test_the_use_of_a_key_is_noted_at_most_once_a_minute(
    client: FlaskClient, bearer: dict[str, str], box: Appliance, clock: Any
) -> None:
    seen = []
    for seconds in (0, 30, 31):
        clock.forward(seconds=seconds)
        client.get("/api/waitlist/entries", headers=bearer)
        seen.append(box.db.value("SELECT last_used_at FROM api_key"))
    assert seen[0] == seen[1] < seen[2]
