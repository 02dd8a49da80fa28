"""The waitlist at the desk: filters, the edit form, what is done to several, the file."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime

import pytest
from flask import Flask

from tests.conftest import at
from tests.web.staff_desk import Desk, desk
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.business import set_policy
from waitlist_appliance.services.edit_events import add_event, cancel_event
from waitlist_appliance.services.join_waitlist import JoinRequest, join
from waitlist_appliance.storage import entries, staff_pages

LIST = "/staff/waitlist"


@pytest.fixture
def hanna(web_app: Flask, box: Appliance, now: datetime) -> Desk:
    """Hanna, the host, at the desk, in English."""
    hanna = desk(web_app, box, now, "host")
    hanna.get("/staff/waitlist?lang=en")
    return hanna


@pytest.fixture
def people(box: Appliance, now: datetime) -> dict[str, str]:
    """Ana (by hand, 19:30), Bruno (by phone, 19:30) and Chloé (on the page, 20:30) wait; their entries."""
    add_event(box, "Private party", at("12:00"), at("23:59"), None, now, SYSTEM)
    wanted = (("Ana", "19:30", "manual"), ("Bruno", "19:30", "voice_agent"), ("Chloé", "20:30", "web"))
    return {
        name: join(
            box, JoinRequest(at(time), f"+3460000000{place}", first_name=name, email=f"{place}@example.com", party_size=2,
                             registered=True, consent=True, force=True, source=source, alternatives=()), now, SYSTEM,
        ).entry.public_id
        for place, (name, time, source) in enumerate(wanted, 1)
    }  # fmt: skip


def names(page: str) -> list[str]:
    return re.findall(r'class="who-name"[^>]*>([^<]+)<', page)


def form(**changed: object) -> dict[str, object]:
    given = {"first_name": "Ana", "last_name": "", "phone": "600 000 001", "email": "1@example.com", "party_size": "2",
             "zone": "", "resource": "", "notes": "", "locale": "en", "times": at("19:30").isoformat()}  # fmt: skip
    return {**given, **changed}


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["Ana", "Bruno", "Chloé"]), ("source=web", ["Chloé"]), ("date=2026-01-16&time=20:30", ["Chloé"]),
        ("date=2026-01-16&time=19:30", ["Ana", "Bruno"]), ("date=2026-01-17", []), ("time=20:30", []),
        ("q=Bru", ["Bruno"]), ("status=cancelled", []), ("source=web&time=x&date=2026-01-16", ["Chloé"]),
    ],
)  # fmt: skip
def test_the_address_narrows_the_list(hanna: Desk, people: dict[str, str], query: str, shown: list[str]) -> None:
    assert names(hanna.get(f"{LIST}?{query}").text) == shown


def test_each_line_tells_the_place_the_source_and_the_email(hanna: Desk, people: dict[str, str]) -> None:
    page = hanna.get(LIST).text
    assert "place 2 in line" in page
    assert "added by the team" in page
    assert "mailto:2@example.com" in page


def test_the_form_shows_the_entry_and_saves_what_differs(hanna: Desk, box: Appliance, people: dict[str, str]) -> None:
    page = hanna.get(f"{LIST}/{people['Ana']}/edit").text
    assert 'value="1@example.com"' in page
    answer = hanna.post(f"{LIST}/{people['Ana']}/edit", **form(last_name="García", party_size="4", notes="Window"))
    assert (answer.status_code, answer.location) == (303, f"{LIST}/{people['Ana']}")
    entry = entries.by_public_id(box.db, people["Ana"])
    assert entry
    assert (entry.last_name, entry.party_size, entry.notes) == ("García", 4, "Window")


def test_a_time_typed_in_is_added(hanna: Desk, box: Appliance, people: dict[str, str]) -> None:
    hanna.post(f"{LIST}/{people['Ana']}/edit", **form(date_1="2026-01-16", time_1="21:00"))
    ana = staff_pages.line(box.db, people["Ana"])
    assert ana
    live = [wish.starts_at for wish in staff_pages.wishes(box.db, [ana.id])[ana.id] if wish.state == "live"]
    assert live == [at("19:30"), at("21:00")]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"phone": "600 000 002"}, "Another customer has that number"), ({"times": []}, "No time is selected"),
        ({"party_size": "many"}, "number of people"), ({"times": "yesterday"}, "choose a day and a time"),
        ({"email": "x"}, "no email address"),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_beside_the_field_and_what_was_typed_stays(
    hanna: Desk, people: dict[str, str], wrong: dict[str, object], sentence: str
) -> None:
    answer = hanna.post(f"{LIST}/{people['Ana']}/edit", **form(last_name="García", **wrong))
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'value="García"' in answer.text


def test_a_viewer_neither_edits_nor_ticks(
    web_app: Flask, box: Appliance, now: datetime, people: dict[str, str]
) -> None:
    victor = desk(web_app, box, now, "viewer")
    assert victor.get(f"{LIST}/{people['Ana']}/edit").status_code == 403
    assert 'class="pick"' not in victor.get(LIST).text


def test_several_are_taken_off_at_once_and_the_others_stay(hanna: Desk, people: dict[str, str]) -> None:
    answer = hanna.post(f"{LIST}/many/cancel", entry=[people["Ana"], people["Bruno"]], back=LIST)
    assert answer.location == LIST
    page = hanna.get(LIST).text
    assert "2 people are off the waitlist." in page
    assert names(hanna.get(f"{LIST}?status=waiting").text) == ["Chloé"]


def test_one_who_has_left_does_not_stop_the_others(hanna: Desk, people: dict[str, str]) -> None:
    hanna.post(f"{LIST}/many/cancel", entry=[people["Ana"]])
    hanna.post(f"{LIST}/many/cancel", entry=[people["Ana"], people["Bruno"]])
    assert "1 person is off the waitlist. 1 could not be changed any more." in hanna.get(LIST).text


def test_several_are_moved_up_together(hanna: Desk, people: dict[str, str]) -> None:
    hanna.post(f"{LIST}/many/earlier", entry=[people["Chloé"], people["Bruno"]])
    assert names(hanna.get(LIST).text) == ["Bruno", "Chloé", "Ana"]
    hanna.post(f"{LIST}/many/later", entry=[people["Bruno"]])
    assert names(hanna.get(LIST).text) == ["Chloé", "Ana", "Bruno"]


def test_nobody_ticked_is_said(hanna: Desk, people: dict[str, str]) -> None:
    for act in ("cancel", "earlier", "later", "file"):
        hanna.post(f"{LIST}/many/{act}", back=LIST)
        assert "Nobody is chosen" in hanna.get(LIST).text


def rows(text: str) -> list[list[str]]:
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def test_the_file_has_what_the_filter_lets_through(hanna: Desk, people: dict[str, str]) -> None:
    answer = hanna.get(f"{LIST}.csv?source=voice_agent")
    heading, *lines = rows(answer.text)
    assert answer.mimetype == "text/csv"
    assert [line[0] for line in lines] == ["Bruno"]
    told = dict(zip(heading, lines[0], strict=True))
    assert (told["Phone"], told["Wanted time"], told["Place in line"]) == ("+34 600 00 00 02", "2026-01-16 19:30", "2")


def test_those_ticked_can_be_had_as_a_file(hanna: Desk, people: dict[str, str]) -> None:
    answer = hanna.post(f"{LIST}/many/file", entry=[people["Ana"], people["Chloé"]])
    assert [line[0] for line in rows(answer.text)[1:]] == ["Ana", "Chloé"]


@pytest.mark.parametrize("evil", ["=HYPERLINK(1)", "+1+cmd", "-2", "@SUM(A1)", "\tx"])
def test_no_cell_of_the_file_is_a_formula(hanna: Desk, box: Appliance, people: dict[str, str], evil: str) -> None:
    entry = entries.by_public_id(box.db, people["Ana"])
    assert entry
    entries.set_columns(box.db, entry.id, notes=evil)
    assert rows(hanna.get(f"{LIST}.csv").text)[1][-1] == "'" + evil


def test_a_note_on_a_time_is_kept(hanna: Desk, box: Appliance, people: dict[str, str]) -> None:
    slot = box.db.value("SELECT public_id FROM slot LIMIT 1")
    hanna.post(f"/staff/slots/{slot}/notes", notes="Large party next door")
    assert "Large party next door" in hanna.get("/staff/slots").text


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]+)"', page)
    assert found
    return found[1]


def test_a_form_older_than_the_entry_saves_nothing_and_shows_how_it_stands(
    hanna: Desk, box: Appliance, people: dict[str, str]
) -> None:
    there = f"{LIST}/{people['Ana']}/edit"
    old = seen(hanna.get(there).text)
    hanna.post(there, **form(times=[at("20:30").isoformat(), at("19:30").isoformat()], date_1="2026-01-16", time_1="20:30"))
    answer = hanna.post(there, **form(first_name="", email="", seen=old))
    assert answer.status_code == 409
    assert "changed meanwhile" in answer.text
    assert 'value="1@example.com"' in answer.text
    ana = staff_pages.line(box.db, people["Ana"])
    assert ana
    assert (ana.first_name, ana.email) == ("Ana", "1@example.com")
    live = [wish.starts_at for wish in staff_pages.wishes(box.db, [ana.id])[ana.id] if wish.state == "live"]
    assert live == [at("19:30"), at("20:30")]


def test_the_form_shown_after_that_can_be_saved(hanna: Desk, box: Appliance, people: dict[str, str]) -> None:
    there = f"{LIST}/{people['Ana']}/edit"
    old = seen(hanna.get(there).text)
    hanna.post(there, **form(last_name="García"))
    again = seen(hanna.post(there, **form(last_name="Gómez", seen=old)).text)
    assert hanna.post(there, **form(last_name="Gómez", seen=again)).status_code == 303


def test_several_are_offered_what_is_free_and_of_the_others_is_said_why_not(
    hanna: Desk, box: Appliance, people: dict[str, str], now: datetime
) -> None:
    set_policy(box, "offers", "manual", SYSTEM, now)
    cancel_event(box, box.db.value("SELECT public_id FROM event"), now, SYSTEM)
    add_event(box, "Dinner", at("19:30"), at("22:00"), "Table 1", now, SYSTEM)
    hanna.post(f"{LIST}/many/offer", entry=list(people.values()), back=LIST)
    assert box.db.tuples("SELECT e.first_name FROM offer o JOIN entry e ON e.id = o.entry_id") == [("Ana",)]
    assert "1 offer is on its way. Bruno, Chloé: Nothing is free at the time they wish for" in hanna.get(LIST).text


def test_several_offers_are_approved_and_who_has_none_is_named(
    hanna: Desk, box: Appliance, people: dict[str, str], now: datetime
) -> None:
    set_policy(box, "offers", "approve_each", SYSTEM, now)
    cancel_event(box, box.db.value("SELECT public_id FROM event"), now, SYSTEM)
    assert box.db.value("SELECT COUNT(*) FROM offer WHERE state = 'proposed'") > 0
    proposed = {name for (name,) in box.db.tuples(
        "SELECT e.first_name FROM offer o JOIN entry e ON e.id = o.entry_id WHERE o.state = 'proposed'")}  # fmt: skip
    hanna.post(f"{LIST}/many/approve", entry=list(people.values()), back=LIST)
    page = hanna.get(LIST).text
    assert f"{len(proposed)} offers are approved." in page
    for name in set(people) - proposed:
        assert f"{name}: There is no offer to approve." in page
    assert box.db.value("SELECT COUNT(*) FROM offer WHERE state = 'live'") == len(proposed)
