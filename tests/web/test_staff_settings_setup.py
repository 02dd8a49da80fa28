"""Tables and team, services, people, keys and how it works, as a browser without script uses them."""

from __future__ import annotations

import html
import re
from datetime import datetime

import pytest
from flask import Flask

from tests.web.staff_desk import Desk, desk
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import api_keys, heartbeats, staff

LONG = "Mesa de la abuela junto a la ventana grande que da al patio de los naranjos"


@pytest.fixture
def olivia(web_app: Flask, box: Appliance, now: datetime) -> Desk:
    return desk(web_app, box, now, "owner")


def ids(box: Appliance) -> dict[str, str]:
    return {resource.name: resource.public_id for resource in box.setup().resources.values()}


def secret(page: str) -> str:
    found = re.search(r'once-secret" readonly value="([^"]+)"', page)
    assert found
    return html.unescape(found[1])


def test_a_table_is_added_changed_taken_away_and_brought_back(olivia: Desk, box: Appliance) -> None:
    home = "/staff/settings/resources"
    assert olivia.post(home, name=LONG, max_party="6").status_code == 303
    one = f"{home}/{ids(box)[LONG]}"
    assert LONG in olivia.get(one).text
    assert olivia.post(one, name="Window", max_party="4", kind="table").status_code == 303
    olivia.post(f"{one}/retire")
    assert "Window" not in ids(box)
    assert "Window" in olivia.get(home).text
    olivia.post(f"{one}/restore")
    assert "Window" in ids(box)


def test_several_tables_are_added_at_once(olivia: Desk, box: Appliance) -> None:
    assert olivia.post("/staff/settings/resources/many", count="8", seats="2", prefix="Mesa").status_code == 303
    assert {f"Mesa {number}" for number in range(1, 9)} < set(ids(box))


@pytest.mark.parametrize("form", [{"name": ""}, {"name": "T", "max_party": "x"}, {"name": "Table 1", "max_party": "2"}])
def test_a_bad_table_is_said_beside_its_field(olivia: Desk, box: Appliance, form: dict[str, str]) -> None:
    answer = olivia.post("/staff/settings/resources", **form)
    assert (answer.status_code, len(ids(box))) == (422, 2)
    assert 'class="field-note"' in answer.text


def test_a_service_is_added_changed_and_no_longer_offered(olivia: Desk, box: Appliance) -> None:
    home = "/staff/settings/services"
    assert olivia.post(f"{home}/new", name="Menu", duration_minutes="150").status_code == 303
    menu = box.setup().service_named("Menu")
    form = {"name": "Menu", "duration_minutes": "120", "given_by": "some", "resource": ids(box)["Table 2"]}
    assert olivia.post(f"{home}/{menu.public_id}", **form).status_code == 303
    assert [r.name for r in box.setup().resources_of(box.setup().services[menu.id])] == ["Table 2"]
    olivia.post(f"{home}/{menu.public_id}/retire")
    assert [service.name for service in box.setup().offered] == ["Table"]


def test_a_service_that_nobody_gives_is_refused(olivia: Desk, box: Appliance) -> None:
    form = {"name": "Menu", "duration_minutes": "150", "given_by": "some"}
    assert olivia.post("/staff/settings/services/new", **form).status_code == 422
    assert len(box.setup().services) == 1


def test_an_invitation_is_a_link_that_is_shown_once_and_works(olivia: Desk, web_app: Flask) -> None:
    olivia.post("/staff/settings/people", name="Chloé", email="chloe@casalola.example", role="host")
    page = olivia.get("/staff/settings/people").text
    path = "/welcome/" + secret(page).rsplit("/", 1)[1]
    assert "Chloé" in web_app.test_client().get(path).text
    assert "once-secret" not in olivia.get("/staff/settings/people").text


def test_a_role_is_changed_and_access_taken_and_given(olivia: Desk, box: Appliance) -> None:
    olivia.post("/staff/settings/people", name="Chloé", email="chloe@casalola.example", role="host")
    chloe = staff.users(box.db)[-1]
    for act, form in (("role", {"role": "manager"}), ("disable", {}), ("enable", {}), ("disable", {})):
        assert olivia.post(f"/staff/settings/people/{chloe.public_id}/{act}", **form).status_code == 303
    changed = staff.users(box.db)[-1]
    assert (changed.role, changed.disabled_at is not None) == ("manager", True)


def test_the_owner_cannot_lock_everybody_out(olivia: Desk, box: Appliance) -> None:
    me = staff.users(box.db)[0]
    olivia.post(f"/staff/settings/people/{me.public_id}/role", role="viewer")
    olivia.post(f"/staff/settings/people/{me.public_id}/disable")
    assert staff.users(box.db)[0] == me


def test_a_manager_sees_no_people(web_app: Flask, box: Appliance, now: datetime) -> None:
    marco = desk(web_app, box, now, "manager")
    assert "/staff/settings/people" not in marco.get("/staff/settings").text
    assert marco.get("/staff/settings/people").status_code == 403


def test_a_key_is_shown_once_works_and_is_revoked(olivia: Desk, box: Appliance, now: datetime) -> None:
    olivia.post("/staff/settings/keys", name="Voice agent", scopes=["waitlist.view"])
    page = olivia.get("/staff/settings/keys").text
    key = api_keys.find_by_secret(box.db, secret(page), now)
    assert key is not None
    assert secret(page) not in olivia.get("/staff/settings/keys").text
    olivia.post(f"/staff/settings/keys/{key.public_id}/revoke")
    assert api_keys.find_by_secret(box.db, secret(page), now) is None


def test_a_key_without_a_tick_is_refused(olivia: Desk, box: Appliance) -> None:
    assert olivia.post("/staff/settings/keys", name="n8n").status_code == 422
    assert api_keys.every(box.db) == []


def test_each_step_of_the_workflow_is_ticked_when_it_works(olivia: Desk, box: Appliance, now: datetime) -> None:
    before = olivia.get("/staff/settings/workflow").text.count("is-done")
    heartbeats.beat(box.db, "worker", now)
    key, _ = api_keys.create(box.db, "Voice agent", ["waitlist.view"], now)
    api_keys.touch(box.db, key, now)
    assert olivia.get("/staff/settings/workflow").text.count("is-done") == before + 2


def test_a_closed_list_and_an_unreadable_calendar_lose_their_ticks(olivia: Desk, box: Appliance) -> None:
    before = olivia.get("/staff/settings/workflow").text.count("is-done")
    box.db.execute("UPDATE connection SET status = 'error'")
    olivia.post("/staff/settings/switches", switch="joining", to="closed")
    assert olivia.get("/staff/settings/workflow").text.count("is-done") == before - 2


def test_names_with_markup_are_shown_as_they_are(olivia: Desk, box: Appliance) -> None:
    olivia.post("/staff/settings/resources", name="<b>Bar</b>", max_party="2")
    assert "<b>Bar</b>" not in olivia.get("/staff/settings/resources").text


def test_a_table_is_given_hours_of_its_own_and_loses_them_again(olivia: Desk, box: Appliance) -> None:
    terrace = next(one.public_id for one in box.setup().resources.values() if one.name == "Table 2")
    olivia.post("/staff/settings/hours/own", resource_id=terrace)
    page = f"/staff/settings/hours?of={terrace}&lang=en"
    assert "Hours of Table 2 only" in olivia.get(page).text
    olivia.post("/staff/settings/hours", of=terrace, **{"friday.start": "12:00", "friday.end": "15:00"})
    assert 'value="15:00"' in olivia.get(page).text
    assert 'value="15:00"' not in olivia.get("/staff/settings/hours").text
    olivia.post(f"/staff/settings/hours/own/{terrace}/remove")
    assert olivia.client.get(page).status_code == 404


def test_several_tables_sent_twice_from_one_page_are_there_once(olivia: Desk, box: Appliance) -> None:
    form = {"csrf_token": olivia.token(), "count": "3", "seats": "2", "prefix": "Mesa"}
    for _ in range(2):
        assert olivia.client.post("/staff/settings/resources/many", data=form).status_code == 303
    assert sum(name.startswith("Mesa") for name in ids(box)) == 3


def test_a_number_of_tables_that_cannot_be_is_said_and_the_form_can_be_sent_again(olivia: Desk, box: Appliance) -> None:
    form = {"csrf_token": olivia.token(), "count": "x", "seats": "2", "prefix": "Mesa"}
    assert olivia.client.post("/staff/settings/resources/many", data=form).status_code == 422
    assert olivia.client.post("/staff/settings/resources/many", data={**form, "count": "1"}).status_code == 303
    assert "Mesa 1" in ids(box)
