"""Business, logo, opening hours, and the owner's first steps, as a browser without script uses them."""

from __future__ import annotations

import io
import struct
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web.staff_desk import Desk, desk
from waitlist_appliance.domain.availability import schedule_to_json
from waitlist_appliance.services import first_run, staff_login
from waitlist_appliance.services.appliance import Appliance

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", 64, 64) + b"\x08\x06\0\0\0"


@pytest.fixture
def olivia(web_app: Flask, box: Appliance, now: datetime) -> Desk:
    return desk(web_app, box, now, "owner")


def upload(content: bytes, name: str = "logo.png") -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


def week(box: Appliance) -> dict[str, list[dict[str, str]]]:
    return schedule_to_json(box.setup().default_rule.schedule)


def test_the_business_is_saved_and_the_rest_stays(olivia: Desk, box: Appliance) -> None:
    assert olivia.post("/staff/settings/business", name="Lola & Söhne", locale="fr").status_code == 303
    business = box.setup().business
    assert (business.name, business.locale, business.email) == ("Lola & Söhne", "fr", "hola@casalola.example")


def test_a_wrong_zone_is_said_beside_its_field_and_what_was_typed_stays(olivia: Desk) -> None:
    answer = olivia.post("/staff/settings/business?lang=en", name="Lola", zone="Nowhere")
    assert answer.status_code == 422
    assert "We do not know that time zone" in answer.text
    assert 'value="Nowhere"' in answer.text


def test_a_colour_that_is_hard_to_read_is_used_darker_and_said(olivia: Desk) -> None:
    olivia.post("/staff/settings/business", brand_colour="#ffee00")
    page = olivia.get("/staff/settings/business?lang=en").text
    assert "would be hard to read" in page
    assert not olivia.get("/brand.css").text.startswith(":root{--accent:#ffee00")


def test_a_logo_is_served_as_what_it_is_and_never_guessed(olivia: Desk, client: FlaskClient, box: Appliance) -> None:
    assert client.get("/brand/logo").status_code == 404
    assert olivia.post("/staff/settings/business/logo", logo=upload(PNG, "evil.html")).status_code == 303
    answer = client.get(f"/brand/logo?v={box.setup().business.logo}")
    assert (answer.data, answer.mimetype, answer.headers["X-Content-Type-Options"]) == (PNG, "image/png", "nosniff")
    assert "/brand/logo" in olivia.get("/staff/waitlist").text


def test_a_logo_with_script_in_it_is_refused(olivia: Desk, box: Appliance) -> None:
    answer = olivia.post("/staff/settings/business/logo?lang=en", logo=upload(b"<svg onload=alert(1)>"))
    assert (answer.status_code, box.setup().business.logo) == (422, None)
    assert "no PNG, JPEG or WebP" in answer.text


def test_a_logo_can_be_removed(olivia: Desk, box: Appliance) -> None:
    olivia.post("/staff/settings/business/logo", logo=upload(PNG))
    olivia.post("/staff/settings/business/logo", remove="yes")
    assert box.setup().business.logo is None


def test_a_day_takes_several_intervals_and_ignores_empty_pairs(olivia: Desk, box: Appliance) -> None:
    hours: dict[str, Any] = {
        "monday.start": ["20:00", "13:00", ""], "monday.end": ["00:00", "16:00", ""],
        "tuesday.start": [""], "tuesday.end": [""],
    }  # fmt: skip
    assert olivia.post("/staff/settings/hours", **hours).status_code == 303
    assert week(box)["monday"] == [{"start": "13:00", "end": "16:00"}, {"start": "20:00", "end": "24:00"}]
    assert week(box)["tuesday"] == []


def test_monday_can_be_copied_to_every_day(olivia: Desk, box: Appliance) -> None:
    olivia.post("/staff/settings/hours", **{"monday.start": "12:00", "monday.end": "15:00", "copy": "monday"})
    assert list(week(box).values()) == [[{"start": "12:00", "end": "15:00"}]] * 7


def test_half_an_interval_is_said_at_its_day(olivia: Desk, box: Appliance) -> None:
    before = week(box)
    answer = olivia.post("/staff/settings/hours?lang=en", **{"monday.start": "12:00", "monday.end": ""})
    assert (answer.status_code, week(box)) == (422, before)
    assert "These hours are not complete" in answer.text


def test_a_holiday_is_added_shown_and_removed(olivia: Desk, box: Appliance) -> None:
    olivia.post("/staff/settings/hours/days", day="2026-12-25", open="closed", reason="Christmas")
    assert "Christmas" in olivia.get("/staff/settings/hours").text
    olivia.post("/staff/settings/hours/days/2026-12-25/remove")
    assert box.setup().default_rule.overrides == {}


def test_the_cut_is_given_in_the_units_people_use(olivia: Desk, box: Appliance) -> None:
    form = {
        "step_minutes": "15", "buffer_before_minutes": "0", "buffer_after_minutes": "10", "min_notice_minutes": "2",
        "min_notice_minutes.unit": "60", "max_notice_minutes": "90", "max_notice_minutes.unit": "1440",
    }  # fmt: skip
    assert olivia.post("/staff/settings/hours/cut", **form).status_code == 303
    rule = box.setup().default_rule
    assert (rule.step_minutes, rule.min_notice_minutes, rule.max_notice_minutes) == (15, 120, 129600)


def test_the_owners_link_leads_to_the_first_steps_and_a_hosts_to_the_desk(
    web_app: Flask, box: Appliance, now: datetime
) -> None:
    places = []
    for name, role in (("Olivia", "owner"), ("Hanna", "host")):
        _, link = staff_login.add_user(box, f"{name}@casalola.example", name, role, now)
        browser = Desk(web_app.test_client(), None)
        token = {"csrf_token": browser.token(), "password": "a table by the window", "again": "a table by the window"}
        places.append(browser.client.post(f"/welcome/{link}", data=token).location)
    assert places == ["/staff/first-run", "/staff/waitlist"]


def test_the_first_steps_can_be_done_from_beginning_to_end(olivia: Desk, box: Appliance) -> None:
    hours = {"monday.start": "12:00", "monday.end": "15:00"}
    tables = {"what": "tables", "count_1": "8", "seats_1": "2", "count_2": "4", "seats_2": "4", "zone_2": "Terraza"}
    steps: tuple[tuple[str, dict[str, Any]], ...] = (
        ("business", {"name": "Lola", "logo": upload(PNG)}),
        ("place", {"zone": "Europe/Paris", "locale": "fr", "phone_region": "FR"}), ("hours", hours), ("resources", tables),
    )  # fmt: skip
    for step, form in steps:
        assert olivia.get("/staff/first-run").location == f"/staff/first-run/{step}"
        assert olivia.get(f"/staff/first-run/{step}").status_code == 200
        assert olivia.post(f"/staff/first-run/{step}", **form).status_code == 303
    business = box.setup().business
    assert (business.name, business.zone, business.phone_region) == ("Lola", "Europe/Paris", "FR")
    assert sorted(r.max_party for r in box.setup().resources.values()) == [2] * 8 + [4] * 4
    assert olivia.post("/staff/first-run/finish").location == "/staff/waitlist"
    assert olivia.get("/staff/first-run").location == "/staff/waitlist"


def test_a_team_instead_of_tables_is_one_name_a_line(olivia: Desk, box: Appliance) -> None:
    olivia.post("/staff/first-run/resources", what="team", team="Ana\n\n Bruno \n")
    assert {r.name: (r.kind, r.max_party) for r in box.setup().resources.values()} == {
        "Ana": ("staff", 1), "Bruno": ("staff", 1),
    }  # fmt: skip


def test_a_skipped_step_stores_nothing_and_goes_on(olivia: Desk, box: Appliance) -> None:
    before = box.setup().business
    answer = olivia.post("/staff/first-run/business", skip="yes", name="")
    assert (answer.location, box.setup().business) == ("/staff/first-run/place", before)
    assert first_run.state(box).step == "place"
    assert "The first set-up is not finished" in olivia.get("/staff/settings?lang=en").text


def test_a_bad_answer_stays_on_its_step_and_stores_nothing_of_it(olivia: Desk, box: Appliance) -> None:
    form = {"name": "Lola", "logo": upload(b"<svg>")}
    answer = olivia.post("/staff/first-run/business?lang=en", **form)
    assert (answer.status_code, box.setup().business.name) == (422, "Casa Lola")
    assert first_run.state(box).step == "business"
