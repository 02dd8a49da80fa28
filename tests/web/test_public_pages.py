"""The customer's pages: sign-up, your place, the offer, the booking; without JavaScript, in three languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from waitlist_appliance.services import deliver_messages, expire_offers, write_calendar
from waitlist_appliance.services.appliance import Appliance

WANTED = "2026-01-16T19:30"
WANTED_VALUE = "2026-01-16T19:30:00+01:00"
LATER_VALUE = "2026-01-16T20:00:00+01:00"
SIGN_UP = {
    "act": "join", "firstName": "Ana", "phone": "600000001", "nbPersons": "2", "consent": "true",
    "selectedSlots": [WANTED_VALUE, LATER_VALUE],
}  # fmt: skip
Join = Callable[..., Any]
SignUp = Callable[..., str]
Full = dict[int, str]


@pytest.fixture
def token(join: Join, full: Full) -> str:
    """Ana was invited for a full evening."""
    return str(join().get_json()["token"])


@pytest.fixture
def offer(client: FlaskClient, bearer: dict[str, str], sign_up: SignUp, full: Full, box: Appliance, clock: Any) -> str:
    """The token of the offer that Ana was just sent."""
    sign_up("Ana")
    client.delete(f"/api/calendar/events/{full[1]}", headers=bearer)
    deliver_messages.deliver_due(box, clock.now)
    return box.token("offer", box.db.value("SELECT MAX(id) FROM offer"), clock.now)


def text_of(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


def test_the_sign_up_page_reminds_of_the_time_and_ticks_it(client: FlaskClient, token: str) -> None:
    page = client.get(f"/waitlist/{token}")
    assert page.status_code == 200
    assert "You asked for Friday 16 January 19:30" in text_of(page)
    ticked = re.findall(r'name="selectedSlots" value="([^"]+)" checked', page.get_data(as_text=True))
    assert ticked == [WANTED_VALUE]
    assert 'value="+34600000001"' in page.get_data(as_text=True)


def test_signing_up_without_javascript_leads_to_the_place_in_line(client: FlaskClient, token: str) -> None:
    answer = client.post(f"/waitlist/{token}", data=SIGN_UP)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/waitlist/{token}?done=joined")
    page = text_of(client.get(answer.headers["Location"]))
    assert "You are 1st in line for 19:30" in page
    assert "1st in line 20:00" in page or "20:00" in page


def test_signing_up_from_two_tabs_registers_once_and_both_see_the_place(
    client: FlaskClient, token: str, box: Appliance
) -> None:
    answers = [client.post(f"/waitlist/{token}", data=SIGN_UP) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert box.db.value("SELECT COUNT(*) FROM activity WHERE verb = 'registered'") == 1


def test_a_faulty_form_comes_back_with_words_beside_each_field_and_what_was_typed(
    client: FlaskClient, token: str, box: Appliance
) -> None:
    said = SIGN_UP | {"firstName": "", "lastName": "García", "nbPersons": "none", "consent": "", "selectedSlots": []}
    answer = client.post(f"/waitlist/{token}", data=said)
    html = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert {"fault-firstName", "fault-nbPersons", "fault-consent", "fault-selectedSlots"} <= set(
        re.findall(r'id="(fault-\w+)"', html)
    )
    assert 'value="García"' in html
    assert 'id="trouble" tabindex="-1"' in html
    assert box.db.value("SELECT status FROM entry") == "invited"


def test_enter_in_a_field_joins_and_never_books(client: FlaskClient, join: Join) -> None:
    html = client.get(f"/waitlist/{join().get_json()['token']}").get_data(as_text=True)
    assert re.findall(r'<button[^>]* value="(\w+)', html)[0] == "join"


def test_a_time_that_is_free_now_can_be_booked_from_the_page(client: FlaskClient, join: Join, box: Appliance) -> None:
    token = join().get_json()["token"]
    said = SIGN_UP | {"act": f"book:{LATER_VALUE}"}
    answer = client.post(f"/waitlist/{token}", data=said)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/booking/wl_")
    assert box.db.value("SELECT party_size FROM booking") == 2


def test_booking_a_full_time_from_the_page_is_explained_in_place(client: FlaskClient, token: str) -> None:
    answer = client.post(f"/waitlist/{token}", data=SIGN_UP | {"act": f"book:{LATER_VALUE}"})
    assert answer.status_code == 409
    assert "That time is full" in text_of(answer)


@pytest.mark.parametrize(("lang", "words"), [("en", "Friday 16 January"), ("es", "viernes 16 de enero"),
                                             ("fr", "Vendredi 16 janvier")])  # fmt: skip
def test_the_page_speaks_the_language_asked_for(client: FlaskClient, token: str, lang: str, words: str) -> None:
    page = client.get(f"/waitlist/{token}?lang={lang}")
    assert f'<html lang="{lang}">' in page.get_data(as_text=True)
    assert words.lower() in text_of(page).lower()


def test_the_language_of_the_entry_wins_over_the_browser(client: FlaskClient, join: Join) -> None:
    token = join(locale="fr").get_json()["token"]
    assert '<html lang="fr">' in client.get(f"/waitlist/{token}").get_data(as_text=True)


def test_the_language_the_page_was_read_in_is_kept_for_the_messages(
    client: FlaskClient, token: str, box: Appliance
) -> None:
    client.post(f"/waitlist/{token}?lang=fr", data=SIGN_UP)
    assert box.db.value("SELECT locale FROM entry") == "fr"


@pytest.mark.parametrize("path", ["/waitlist/nonsense", "/waitlist/wl_" + "1" * 22, "/waitlist/offer/nonsense",
                                  "/booking/wl_" + "1" * 22, "/booking/x.ics", "/waitlist/%00"])  # fmt: skip
def test_every_token_that_opens_nothing_gives_the_same_friendly_404(client: FlaskClient, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 404
    assert "This link is no longer valid" in text_of(page)


def test_pages_with_a_token_are_kept_by_nobody_and_leak_to_nobody(client: FlaskClient, token: str) -> None:
    headers = client.get(f"/waitlist/{token}").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in headers["X-Robots-Tag"]
    assert "unsafe" not in headers["Content-Security-Policy"]


def test_no_page_carries_inline_script_or_style(client: FlaskClient, token: str, offer: str) -> None:
    for path in (f"/waitlist/{token}", f"/waitlist/offer/{offer}"):
        html = client.get(path).get_data(as_text=True)
        assert not re.findall(r"<script(?! src)|<style|\sstyle=|\son\w+=", html)


def test_a_page_and_all_it_loads_stays_under_sixty_kilobytes(client: FlaskClient, token: str) -> None:
    page = client.get(f"/waitlist/{token}").get_data(as_text=True)
    files = re.findall(r'(?:href|src)="(/(?:static|brand)[^"]+)"', page)
    size = len(page.encode())
    for file in files:
        with client.get(file) as answer:
            assert answer.status_code == 200
            size += len(answer.get_data())
    assert size < 60_000


def test_strange_names_are_shown_as_they_are_and_run_nothing(client: FlaskClient, token: str) -> None:
    name = "<script>alert(1)</script> مرحبا 🎉 " + "W" * 200
    client.post(f"/waitlist/{token}", data=SIGN_UP | {"firstName": name})
    html = client.get(f"/waitlist/{token}").get_data(as_text=True)
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; مرحبا 🎉" in html


def test_changing_times_keeps_the_place_in_line(client: FlaskClient, sign_up: SignUp, full: Full) -> None:
    ana, _ = sign_up("Ana"), sign_up("Bruno")
    changed = SIGN_UP | {"act": "change"}
    assert client.post(f"/waitlist/{ana}", data=changed).status_code == 303
    assert "You are 1st in line for 19:30" in text_of(client.get(f"/waitlist/{ana}"))


def test_leaving_asks_first_and_then_ends_the_entry(client: FlaskClient, sign_up: SignUp, full: Full) -> None:
    ana = sign_up("Ana")
    assert "Leave the waitlist?" in text_of(client.get(f"/waitlist/{ana}?step=leave"))
    assert client.post(f"/waitlist/{ana}", data={"act": "leave"}).status_code == 303
    assert "You have left the waitlist" in text_of(client.get(f"/waitlist/{ana}"))


def test_opening_the_offer_by_get_or_head_changes_nothing(client: FlaskClient, offer: str, box: Appliance) -> None:
    before = box.db.tuples("SELECT * FROM offer"), box.db.value("SELECT COUNT(*) FROM activity")
    for open_it in (client.get, client.head):
        assert open_it(f"/waitlist/offer/{offer}").status_code == 200
        assert open_it(f"/api/waitlist/offer/{offer}").status_code == 200
        assert open_it(f"/api/waitlist/offer/{offer}/accept").status_code == 405
    assert before == (box.db.tuples("SELECT * FROM offer"), box.db.value("SELECT COUNT(*) FROM activity"))


def test_the_offer_shows_the_time_the_deadline_and_two_answers(client: FlaskClient, offer: str) -> None:
    page = client.get(f"/waitlist/offer/{offer}")
    text = text_of(page)
    assert "A place is free. Are you coming? Friday 16 January 19:30" in text
    assert "Held for you until 11:15" in text
    assert re.findall(r'name="act" value="(\w+)"', page.get_data(as_text=True)) == ["accept", "decline"]


def test_yes_reserves_then_confirms_and_shows_code_and_calendar(
    client: FlaskClient, offer: str, box: Appliance, clock: Any
) -> None:
    assert client.post(f"/waitlist/offer/{offer}", data={"act": "accept"}).status_code == 303
    write_calendar.write_due(box, clock.now)
    code = box.db.value("SELECT code FROM booking")
    page = client.get(f"/waitlist/offer/{offer}")
    assert "Booked. See you then" in text_of(page)
    assert code in text_of(page)
    (calendar,) = re.findall(r'href="http://127.0.0.1:8080(/booking/\w+\.ics)"', page.get_data(as_text=True))
    assert client.get(calendar).mimetype == "text/calendar"


def test_yes_twice_books_once(client: FlaskClient, offer: str, box: Appliance) -> None:
    first = client.post(f"/api/waitlist/offer/{offer}/accept").get_json()
    second = client.post(f"/api/waitlist/offer/{offer}/accept").get_json()
    assert first["confirmationCode"] == second["confirmationCode"]
    assert box.db.value("SELECT COUNT(*) FROM booking") == 1


def test_no_is_thanked_and_the_page_says_it_goes_to_somebody_else(client: FlaskClient, offer: str) -> None:
    assert client.post(f"/waitlist/offer/{offer}", data={"act": "decline"}).status_code == 303
    assert "Thank you for telling us" in text_of(client.get(f"/waitlist/offer/{offer}"))


def test_a_late_visitor_is_told_kindly(client: FlaskClient, offer: str, box: Appliance, clock: Any) -> None:
    clock.forward(minutes=15)
    expire_offers.expire_due(box, clock.now)
    assert "still possible" in text_of(client.get(f"/waitlist/offer/{offer}"))
    clock.forward(days=1, hours=9)
    assert "The time to answer has passed" in text_of(client.get(f"/waitlist/offer/{offer}"))


def test_a_booking_can_be_cancelled_after_being_asked(
    client: FlaskClient, offer: str, box: Appliance, clock: Any
) -> None:
    client.post(f"/waitlist/offer/{offer}", data={"act": "accept"})
    write_calendar.write_due(box, clock.now)
    path = "/booking/" + box.token("booking", box.db.value("SELECT id FROM booking"), clock.now)
    assert "Cancel this booking?" in text_of(client.get(f"{path}?step=cancel"))
    assert client.post(path, data={"act": "cancel"}).status_code == 303
    assert "This booking is cancelled" in text_of(client.get(path))


def test_an_unknown_act_is_refused(client: FlaskClient, token: str) -> None:
    assert client.post(f"/waitlist/{token}", data={"act": "explode"}).status_code == 422
