"""Entries, slots, why, notify, events, availability, bookings, health: the shapes of http.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient

from waitlist_appliance.services.appliance import Appliance

WANTED = "2026-01-16T19:30"
Join = Callable[..., Any]
Headers = dict[str, str]


def test_entries_are_listed_newest_first_page_by_page(client: FlaskClient, bearer: Headers, join: Join) -> None:
    for number in range(1, 6):
        join(phone=f"60000000{number}")
    seen, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/api/waitlist/entries?limit=2&cursor={cursor}", headers=bearer).get_json()
        seen += [entry["phone"] for entry in page["entries"]]
        cursor = page["nextCursor"]
    assert seen == [f"+3460000000{number}" for number in (5, 4, 3, 2, 1)]


def test_entries_can_be_narrowed_by_day_status_and_words(client: FlaskClient, bearer: Headers, join: Join) -> None:
    join(phone="600000001", firstName="Ana")
    join(phone="600000002", firstName="Bruno", requested_slot="2026-01-17T19:30")

    def names(query: str) -> list[str]:
        found = client.get(f"/api/waitlist/entries?{query}", headers=bearer).get_json()["entries"]
        return [entry["firstName"] for entry in found]

    assert names("date=2026-01-16") == ["Ana"]
    assert names("q=run") == ["Bruno"]
    assert names("q=%25") == []
    assert names("status=waiting") == []


def test_an_entry_shows_its_wishes_with_their_places(
    client: FlaskClient, bearer: Headers, full: dict[int, str], sign_up: Callable[..., str], join: Join
) -> None:
    sign_up("Ana")
    sign_up("Bruno")
    newest = client.get("/api/waitlist/entries", headers=bearer).get_json()["entries"][0]["id"]
    entry = client.get(f"/api/waitlist/entries/{newest}", headers=bearer).get_json()["entry"]
    assert entry["firstName"] == "Bruno"
    assert (entry["position"], entry["wishes"][0]["position"], entry["lastOffer"]) == (2, 2, None)


def test_an_entry_can_be_moved_up_noted_and_cancelled(
    client: FlaskClient, bearer: Headers, full: dict[int, str], join: Join
) -> None:
    address = f"/api/waitlist/entries/{join().get_json()['entry']['id']}"
    changed = client.patch(address, json={"priority": "5", "notes": "window"}, headers=bearer).get_json()["entry"]
    assert (changed["priority"], changed["notes"]) == (5, "window")
    assert client.delete(address, headers=bearer).get_json()["entry"]["status"] == "cancelled"
    assert client.delete(address, headers=bearer).status_code == 409


def test_offering_by_hand_while_nothing_is_free_is_refused(
    client: FlaskClient, bearer: Headers, full: dict[int, str], sign_up: Callable[..., str], box: Appliance
) -> None:
    sign_up("Ana")
    entry = client.get("/api/waitlist/entries", headers=bearer).get_json()["entries"][0]["id"]
    answer = client.post(f"/api/waitlist/entries/{entry}/notify", headers=bearer)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (409, "nothing_free")
    assert box.db.value("SELECT COUNT(*) FROM offer") == 0


def test_why_says_for_every_time_why_it_was_not_offered(
    client: FlaskClient, bearer: Headers, full: dict[int, str], sign_up: Callable[..., str]
) -> None:
    sign_up("Ana")
    entry = client.get("/api/waitlist/entries", headers=bearer).get_json()["entries"][0]["id"]
    times = client.get(f"/api/waitlist/entries/{entry}/why", headers=bearer).get_json()["times"]
    assert [(line["startsAt"], line["code"]) for line in times] == [("2026-01-16T19:30:00+01:00", "nothing_free")]
    assert times[0]["reason"] == "Nothing is free at that time."


def test_watched_slots_are_listed_and_can_be_checked_now(
    client: FlaskClient, bearer: Headers, full: dict[int, str], sign_up: Callable[..., str]
) -> None:
    sign_up("Ana")
    slot = client.get("/api/waitlist/slots", headers=bearer).get_json()["slots"][0]
    assert (slot["status"], slot["waiting"]) == ("monitoring", 1)
    checked = client.post(f"/api/waitlist/slots/{slot['id']}/check", headers=bearer)
    assert checked.get_json()["slot"]["id"] == slot["id"]


def test_a_cancelled_event_is_offered_to_the_first_in_line(
    client: FlaskClient, bearer: Headers, full: dict[int, str], sign_up: Callable[..., str], box: Appliance
) -> None:
    sign_up("Ana")
    sign_up("Bruno")
    assert client.delete(f"/api/calendar/events/{full[1]}", headers=bearer).status_code == 200
    found = box.db.tuples("SELECT e.first_name FROM offer o JOIN entry e ON e.id = o.entry_id")
    assert found == [("Ana",)]


def test_an_event_moved_by_its_start_keeps_its_length(
    client: FlaskClient, bearer: Headers, full: dict[int, str]
) -> None:
    moved = client.patch(f"/api/calendar/events/{full[1]}", json={"start_time": "2026-01-16T13:00"}, headers=bearer)
    assert moved.get_json()["event"]["end_time"] == "2026-01-16T19:00:00+01:00"
    assert client.get("/api/calendar/events/nothing", headers=bearer).status_code == 404


def test_what_is_listed_as_available_can_be_booked_and_is_then_full(client: FlaskClient, bearer: Headers) -> None:
    slots = client.get("/api/calendar/availability?date=2026-01-16&party_size=4", headers=bearer).get_json()["slots"]
    chosen = next(slot for slot in slots if slot["start_time"].startswith(WANTED))
    assert set(chosen) == {"start_time", "end_time", "user_id", "user_name", "resource_id"}
    wanted = {
        "start_time": chosen["start_time"], "party_size": "4", "attendee": {"name": "Diego", "phone": "600000009"}
    }  # fmt: skip
    booked = client.post("/api/calendar/booking", json=wanted, headers=bearer)
    assert (booked.status_code, len(booked.get_json()["confirmation_code"])) == (201, 6)
    wanted["attendee"] = {"name": "Ana", "phone": "600000001"}
    refused = client.post("/api/calendar/booking", json=wanted, headers=bearer)
    said = refused.get_json()
    assert (refused.status_code, said["reason"], said["suggest_waitlist"]) == (409, "full", True)
    assert said["alternatives"]


def test_a_guest_without_a_phone_is_named_as_the_field_at_fault(client: FlaskClient, bearer: Headers) -> None:
    answer = client.post(
        "/api/calendar/booking", json={"start_time": WANTED, "attendee": {"name": "Ana"}}, headers=bearer
    )
    assert list(answer.get_json()["error"]["fields"]) == ["attendee.phone"]


def test_availability_needs_a_day_or_a_span(client: FlaskClient, bearer: Headers) -> None:
    assert client.get("/api/calendar/availability", headers=bearer).status_code == 422
    span = "start=2026-01-16T12:00&end=2026-06-16T12:00"
    assert client.get(f"/api/calendar/availability?{span}", headers=bearer).status_code == 422


def test_the_cron_needs_its_secret_and_says_what_it_did(client: FlaskClient, box: Appliance) -> None:
    assert client.post("/api/cron/waitlist-check").status_code == 401
    secret = {"Authorization": f"Bearer {box.config.cron_secret}"}
    said = client.post("/api/cron/waitlist-check", headers=secret).get_json()
    assert {"done", "queued"} <= set(said)


def test_health_is_green_and_turns_red_when_the_disk_is_full(client: FlaskClient, box: Appliance, join: Join) -> None:
    assert client.get("/healthz").get_json()["checks"] == {"process": "ok", "database": "ok", "migrations": "ok"}
    pages = box.db.value("PRAGMA page_count")
    box.db.tuples(f"PRAGMA max_page_count = {pages}")
    red = client.get("/healthz")
    assert (red.status_code, red.get_json()["checks"]["database"]) == (503, "unavailable")


def test_health_is_red_for_a_database_newer_than_the_code(client: FlaskClient, box: Appliance) -> None:
    box.db.execute("INSERT INTO schema_migration (name, applied) VALUES ('9999_from_the_future', '2099-01-01')")
    assert client.get("/healthz").get_json()["checks"]["migrations"] == "wrong_version"


def test_a_full_disk_gets_503_with_retry_after_and_nothing_half_written(join: Join, box: Appliance) -> None:
    pages = box.db.value("PRAGMA page_count")
    box.db.tuples(f"PRAGMA max_page_count = {pages}")
    answers = [join(phone=f"6000{number:05d}", notes="x" * 2000) for number in range(30)]
    refused = answers[-1]
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert refused.get_json()["error"]["code"] == "storage_unavailable"
    accepted = sum(answer.status_code == 201 for answer in answers)
    assert box.db.value("SELECT COUNT(*) FROM entry") == box.db.value("SELECT COUNT(*) FROM message") == accepted


def test_unknown_addresses_and_methods_under_api_answer_in_json(client: FlaskClient) -> None:
    assert client.get("/api/nowhere").get_json()["error"]["code"] == "not_found"
    wrong = client.put("/api/waitlist/trigger")
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "POST")
    assert wrong.get_json()["error"]["code"] == "method_not_allowed"


def test_a_fault_of_ours_gives_a_number_and_no_internal_text(client: FlaskClient, bearer: Headers, box: Appliance) -> None:
    box.db.execute("ALTER TABLE slot RENAME COLUMN notes TO remarks")
    box.db.execute("ALTER TABLE slot RENAME COLUMN last_check_at TO seen_at")
    answer = client.get("/api/waitlist/slots", headers=bearer)
    assert answer.status_code in (500, 503)
    assert "last_check_at" not in answer.get_data(as_text=True)
