"""A booking at the desk: made, refused with what to do instead, moved, cancelled, ended, noted."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.conftest import at
from tests.web.conftest import Clock
from tests.web.staff_desk import Desk, desk
from waitlist_appliance.domain.records import Booking
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.book import BookRequest, book
from waitlist_appliance.services.business import set_policy
from waitlist_appliance.services.write_calendar import write_due
from waitlist_appliance.storage import activity, bookings

BOOK = "/staff/agenda/book"
OLIVIA = Actor("staff", "Olivia")
FORM = {"date": "2026-01-16", "time": "19:30", "party_size": "2", "name": "Ana Pérez", "phone": "600 000 001"}


@pytest.fixture
def hanna(web_app: Flask, box: Appliance, now: datetime) -> Desk:
    host = desk(web_app, box, now, "host")
    host.get("/staff/agenda?lang=en")
    return host


@pytest.fixture
def ana(box: Appliance, now: datetime) -> Booking:
    asked = BookRequest(at("19:30"), "Ana Pérez", "+34600000001", party_size=2, resource="Table 1", source="manual")
    booking = book(box, asked, now, OLIVIA).booking
    write_due(box, now)
    return bookings.by_id(box.db, booking.id)


def followed(hanna: Desk, path: str, **form: str) -> TestResponse:
    return hanna.client.post(path, data={"csrf_token": hanna.token(), **form}, follow_redirects=True)


def of(ana: Booking, act: str) -> str:
    return f"/staff/agenda/bookings/{ana.public_id}/{act}"


def fresh(box: Appliance, booking: Booking) -> Booking:
    return bookings.by_id(box.db, booking.id)


def test_a_host_books_a_table_and_sees_it(hanna: Desk, box: Appliance) -> None:
    answer = followed(hanna, BOOK, **FORM)
    assert "Ana Pérez has Table 1." in answer.text
    assert 'id="panel"' in answer.text
    assert box.db.tuples("SELECT source, status, party_size FROM booking") == [("manual", "pending", 2)]


def test_the_table_may_be_chosen(hanna: Desk, box: Appliance) -> None:
    followed(hanna, BOOK, **FORM, resource="Table 2")
    assert box.db.value("SELECT r.name FROM booking b JOIN resource r ON r.id = b.resource_id") == "Table 2"


@pytest.mark.parametrize(
    ("field", "value", "beside"),
    [("name", "", "name"), ("phone", "12", "phone"), ("party_size", "many", "party_size"), ("time", "", "time")],
)
def test_what_is_wrong_is_said_beside_its_field_and_the_rest_is_kept(
    hanna: Desk, field: str, value: str, beside: str
) -> None:
    answer = hanna.post(BOOK, **{**FORM, field: value})
    assert answer.status_code == 422
    assert f'id="h-{beside}"' in answer.text
    assert 'value="2026-01-16"' in answer.text


def test_a_full_time_offers_other_times_and_the_waitlist(hanna: Desk, ana: Booking, box: Appliance) -> None:
    followed(hanna, BOOK, **{**FORM, "name": "Bruno", "phone": "600 000 002"})
    answer = hanna.post(BOOK, **{**FORM, "name": "Chloé", "phone": "600 000 003"})
    assert answer.status_code == 422
    assert 'name="take" value="2026-01-16T18:00:00+01:00"' in answer.text
    assert 'formaction="/staff/waitlist/add"' in answer.text


def test_one_press_books_the_other_time(hanna: Desk, box: Appliance) -> None:
    followed(hanna, BOOK, **FORM, take="2026-01-16T18:00:00+01:00")
    assert box.db.value("SELECT starts_at FROM booking") == int(at("18:00").timestamp() * 1000)


def test_the_waitlists_form_comes_with_what_was_typed(hanna: Desk, box: Appliance) -> None:
    page = hanna.post("/staff/waitlist/add", prefill="1", **FORM)
    assert page.status_code == 200
    for value in ("Ana", "Pérez", "600 000 001", "2026-01-16", "19:30"):
        assert f'value="{value}"' in page.text
    assert box.db.value("SELECT COUNT(*) FROM entry") == 0


def test_a_click_on_a_free_time_fills_the_form(hanna: Desk) -> None:
    page = hanna.get(f"{BOOK}?at={int(at('20:15').timestamp() * 1000)}&resource=Table 2").text
    assert 'value="20:15"' in page
    assert 'value="Table 2" selected' in page


@pytest.mark.parametrize("query", ["at=99999999999999999999", "at=x", "date=never", "resource=" + "x" * 500])
def test_a_tampered_address_shows_the_form_all_the_same(hanna: Desk, query: str) -> None:
    assert hanna.get(f"{BOOK}?{query}").status_code == 200


def test_the_panel_shows_the_booking_its_history_and_what_was_said(hanna: Desk, ana: Booking) -> None:
    page = hanna.get(f"/staff/agenda?day=2026-01-16&booking={ana.public_id}").text
    for words in ("Ana Pérez", ana.code, "+34 600 00 00 01", "A booking was made", "Olivia", "Confirmation"):
        assert words in page


def test_a_host_moves_a_booking_to_another_time(hanna: Desk, ana: Booking, box: Appliance) -> None:
    answer = followed(hanna, of(ana, "move"), date="2026-01-16", time="21:00")
    assert "The booking is moved and the customer is told." in answer.text
    assert fresh(box, ana).starts_at == at("21:00")


def test_a_refused_move_says_why_and_offers_other_times(hanna: Desk, ana: Booking, box: Appliance) -> None:
    for number, table in ((2, "Table 1"), (3, "Table 2")):
        followed(hanna, BOOK, **{**FORM, "time": "21:30", "phone": f"600 000 00{number}", "resource": table})
    answer = hanna.post(of(ana, "move"), date="2026-01-16", time="21:30")
    assert answer.status_code == 422
    assert "That time is full." in answer.text
    assert 'name="take"' in answer.text
    assert fresh(box, ana) == ana


def test_a_table_that_is_too_small_is_said_beside_the_table(hanna: Desk, box: Appliance, now: datetime) -> None:
    asked = BookRequest(at("19:30"), "Ana", "+34600000001", party_size=4, source="manual")
    four = book(box, asked, now, OLIVIA).booking
    answer = hanna.post(of(four, "move"), date="2026-01-16", time="19:30", resource="Table 1")
    assert "That table is too small for so many people." in answer.text
    assert 'aria-describedby="h-b-resource"' in answer.text


def test_cancelling_asks_before_and_tells_the_customer(hanna: Desk, ana: Booking, box: Appliance) -> None:
    page = hanna.get(f"/staff/agenda?day=2026-01-16&booking={ana.public_id}").text
    assert "This cannot be undone." in page
    followed(hanna, of(ana, "cancel"), reason="the kitchen flooded")
    assert fresh(box, ana).status == "cancelled"
    last = activity.latest(box.db, 1)[0]
    assert (last.verb, last.actor_name, last.reason) == ("booking_cancelled", "Hanna", "the kitchen flooded")


def test_a_no_show_before_the_start_is_refused_in_words(hanna: Desk, ana: Booking, box: Appliance) -> None:
    answer = followed(hanna, of(ana, "no-show"))
    assert "That booking has not begun yet." in answer.text
    assert fresh(box, ana).status == "confirmed"


def test_a_no_show_and_a_change_of_mind(hanna: Desk, box: Appliance, clock: Clock) -> None:
    asked = BookRequest(at("13:00", "2026-01-15"), "Diego", "+34600000009", party_size=2, source="manual")
    diego = book(box, asked, clock.now, OLIVIA).booking
    write_due(box, clock.now)
    clock.now = at("13:20", "2026-01-15")
    followed(hanna, of(diego, "no-show"))
    assert fresh(box, diego).status == "no_show"
    followed(hanna, of(diego, "complete"))
    assert fresh(box, diego).status == "completed"


def test_a_note_is_kept_and_shown(hanna: Desk, ana: Booking, box: Appliance) -> None:
    followed(hanna, of(ana, "notes"), notes="Birthday: <b>cake</b>")
    page = hanna.get(f"/staff/agenda?view=day&day=2026-01-16&booking={ana.public_id}").text
    assert fresh(box, ana).notes == "Birthday: <b>cake</b>"
    assert "Birthday: &lt;b&gt;cake&lt;/b&gt;" in page


def test_a_viewer_sees_the_booking_and_none_of_its_buttons(
    web_app: Flask, box: Appliance, now: datetime, ana: Booking
) -> None:
    victor = desk(web_app, box, now, "viewer")
    page = victor.get(f"/staff/agenda?lang=en&day=2026-01-16&booking={ana.public_id}").text
    assert "Ana Pérez" in page
    assert "/staff/agenda/bookings/" not in page
    assert BOOK not in page


def test_an_empty_form_says_all_that_is_missing_at_once_each_at_its_field(hanna: Desk) -> None:
    page = hanna.post(BOOK).text
    assert [name for name in ("time", "party_size", "name", "phone") if f'id="h-{name}"' not in page] == []
    assert "Some of the answers need another look." in page


def test_a_wrong_number_is_named_beside_whatever_else_is_wrong(hanna: Desk) -> None:
    page = hanna.post(BOOK, **{**FORM, "phone": "12", "party_size": "0", "email": "nobody"}).text
    assert [name for name in ("party_size", "phone", "email") if f'id="h-{name}"' not in page] == []
    assert 'id="h-time"' not in page
    assert 'value="Ana Pérez"' in page


@pytest.mark.parametrize("without", ["Table 1", "%"], ids=["one table", "every table"])
def test_tables_without_a_zone_can_be_chosen_like_the_others(hanna: Desk, box: Appliance, without: str) -> None:
    with box.db.write():
        box.db.execute("UPDATE resource SET zone = NULL WHERE name LIKE ?", without)
    answer = hanna.get(BOOK)
    assert answer.status_code == 200
    assert [table for table in ("Table 1", "Table 2") if f'<option value="{table}"' not in answer.text] == []


def test_a_double_click_books_one_table_and_both_clicks_are_answered(hanna: Desk, box: Appliance) -> None:
    first, second = (hanna.post(BOOK, **FORM, form_key="a1b2") for _ in range(2))
    assert first.location == second.location
    assert "Ana Pérez has Table 1." in hanna.get(second.location).text
    assert box.db.value("SELECT COUNT(*) FROM booking") == 1


def test_a_refused_form_that_is_sent_again_with_another_time_books(hanna: Desk, box: Appliance) -> None:
    assert hanna.post(BOOK, **{**FORM, "time": "04:00"}, form_key="a1b2").status_code == 422
    assert hanna.post(BOOK, **FORM, form_key="a1b2").status_code == 303
    assert hanna.post(BOOK, **{**FORM, "time": "13:00"}, form_key="a1b2").status_code == 303
    assert box.db.value("SELECT COUNT(*) FROM booking") == 2


def test_a_new_form_may_book_a_second_table_for_the_same_guest(hanna: Desk, box: Appliance) -> None:
    for form_key in ("a1b2", "c3d4"):
        hanna.post(BOOK, **FORM, form_key=form_key)
    assert box.db.value("SELECT COUNT(*) FROM booking") == 2


def test_every_form_for_a_booking_has_a_key_of_its_own_and_keeps_it_when_it_is_refused(hanna: Desk) -> None:
    keys = [re.findall(r'name="form_key" value="([0-9a-f]+)"', hanna.get(BOOK).text)[0] for _ in range(2)]
    assert keys[0] != keys[1]
    assert f'name="form_key" value="{keys[0]}"' in hanna.post(BOOK, **{**FORM, "name": ""}, form_key=keys[0]).text


@pytest.fixture
def stuck(box: Appliance, now: datetime, clock: Clock) -> Booking:
    """Ana's booking, which no calendar has taken for sixteen minutes."""
    asked = BookRequest(at("19:30"), "Ana Pérez", "+34600000001", party_size=2, resource="Table 1", source="manual")
    booking = book(box, asked, now, OLIVIA).booking
    clock.forward(minutes=16)
    return booking


def test_a_stuck_booking_is_confirmed_in_its_panel(hanna: Desk, stuck: Booking, box: Appliance) -> None:
    panel = hanna.get(f"/staff/agenda?day=2026-01-16&booking={stuck.public_id}").text
    assert "Confirm by hand" in panel
    answer = followed(hanna, of(stuck, "confirm"))
    assert "The booking is confirmed and the customer is told." in answer.text
    assert "Confirm by hand" not in answer.text
    assert fresh(box, stuck).status == "confirmed"


def test_a_booking_that_is_only_minutes_old_is_left_to_the_calendar(hanna: Desk, box: Appliance, now: datetime) -> None:
    asked = BookRequest(at("19:30"), "Ana", "+34600000001", party_size=2, source="manual")
    young = book(box, asked, now, OLIVIA).booking
    assert "Confirm by hand" not in hanna.get(f"/staff/agenda?day=2026-01-16&booking={young.public_id}").text
    assert "quarter of an hour first" in followed(hanna, of(young, "confirm")).text
    assert fresh(box, young).status == "pending"


def test_a_cancelled_booking_is_marked_as_refunded(hanna: Desk, ana: Booking, box: Appliance) -> None:
    panel = f"/staff/agenda?day=2026-01-16&booking={ana.public_id}"
    assert "Mark as refunded" not in hanna.get(panel).text
    hanna.post(of(ana, "cancel"))
    assert "Mark as refunded" in hanna.get(panel).text
    assert "Marked as refunded." in followed(hanna, of(ana, "refund")).text
    assert fresh(box, ana).status == "refunded"
    assert "Mark as refunded" not in hanna.get(panel).text


@pytest.mark.parametrize(
    ("offers", "sentence"),
    [
        ("automatic", "If somebody waits for that time, they are next."),
        ("approve_each", "laid out for you to approve"),
        ("manual", "nobody is asked unless you do it"),
        ("paused", "Offers are paused: nobody is asked."),
    ],
)
def test_a_cancellation_promises_only_what_the_switch_for_offers_does(
    hanna: Desk, ana: Booking, box: Appliance, now: datetime, offers: str, sentence: str
) -> None:
    set_policy(box, "offers", offers, OLIVIA, now)
    assert sentence in hanna.get(f"/staff/agenda?day=2026-01-16&booking={ana.public_id}").text
    assert sentence in followed(hanna, of(ana, "cancel")).text


def test_the_print_button_stands_on_the_page(hanna: Desk) -> None:
    assert "data-print" in hanna.get("/staff/agenda").text
