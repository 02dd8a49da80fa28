"""What staff see and do: the door, the waitlist, slots, the agenda, the phones."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from flask import Flask

from tests.web.staff_desk import Desk, desk, snapshot
from waitlist_appliance.services import first_run, staff_login
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.deliver_messages import deliver_due
from waitlist_appliance.services.edit_events import add_event
from waitlist_appliance.services.join_waitlist import Joined, JoinRequest, join
from waitlist_appliance.storage import search_reads
from waitlist_appliance.texts.states import WORDS
from waitlist_appliance.web.staff import words
from waitlist_appliance.web.staff.auth import COOKIE, HOME, local_target
from waitlist_appliance.web.staff.icons import symbol
from waitlist_appliance.web.staff.phones import linked

PASSWORD = "a long password"
FORM = {
    "date": "2026-01-16",
    "time": "19:30",
    "phone": "600 111 222",
    "first_name": "Ana",
    "party_size": "2",
    "consent": "on",
}
PAGES = ("/staff/waitlist", "/staff/waitlist/add", "/staff/slots", "/staff/agenda", "/staff/phones")


@pytest.fixture
def hanna(web_app: Flask, box: Appliance, now: datetime) -> Desk:
    """Hanna, the host, at the desk."""
    return desk(web_app, box, now, "host")


@pytest.fixture
def ana(box: Appliance, now: datetime) -> Joined:
    """Ana waits for 19:30, when everything is taken."""
    return queue(box, now, "Ana", "+34600111222")


def queue(box: Appliance, now: datetime, name: str, phone: str) -> Joined:
    request = JoinRequest(
        starts_at=datetime.fromisoformat("2026-01-16T19:30+01:00"), phone=phone, first_name=name, party_size=2,
        registered=True, consent=True, force=True, alternatives=(),
    )  # fmt: skip
    if not box.db.value("SELECT COUNT(*) FROM event"):
        starts_at = datetime.fromisoformat("2026-01-16T12:00+01:00")
        add_event(box, "Private party", starts_at, datetime.fromisoformat("2026-01-16T23:59+01:00"), None, now, SYSTEM)
    return join(box, request, now, SYSTEM)


def said(page: str) -> str:
    """The page's words, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_link_leads_through_the_password_to_the_waitlist(web_app: Flask, box: Appliance, now: datetime) -> None:
    first_run.finish(box, now, SYSTEM)
    _, token = staff_login.add_user(box, "olivia@casalola.example", "Olivia", "owner", now)
    olivia = desk(web_app, box, now, None)
    assert "Olivia" in olivia.get(f"/welcome/{token}").text
    answer = olivia.post(f"/welcome/{token}", password=PASSWORD, again=PASSWORD)
    assert (answer.status_code, answer.location) == (303, HOME)
    assert olivia.get(HOME).status_code == 200
    assert olivia.get(f"/welcome/{token}").status_code == 404


def test_two_different_passwords_are_refused_beside_the_field(web_app: Flask, box: Appliance, now: datetime) -> None:
    _, token = staff_login.add_user(box, "olivia@casalola.example", "Olivia", "owner", now)
    answer = desk(web_app, box, now, None).post(f"/welcome/{token}?lang=en", password=PASSWORD, again="something else")
    assert answer.status_code == 422
    assert "The two passwords are not the same" in answer.text
    assert PASSWORD not in answer.text


def test_a_bare_visitor_can_never_claim_the_box(web_app: Flask, box: Appliance, now: datetime) -> None:
    stranger, before = desk(web_app, box, now, None), snapshot(box)
    for path in ("/", "/login", "/welcome/anything", "/staff/waitlist"):
        stranger.get(path)
        stranger.post(path, email="me@example.org", password=PASSWORD, again=PASSWORD, name="Me", role="owner")
    assert snapshot(box, besides=("login_throttle",)) == {k: v for k, v in before.items() if k != "login_throttle"}


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(web_app: Flask, box: Appliance, now: datetime) -> None:
    _, token = staff_login.add_user(box, "olivia@casalola.example", "Olivia", "owner", now)
    answer = desk(web_app, box, now, None).post(f"/welcome/{token}", password=PASSWORD, again=PASSWORD)
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith(COOKIE))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", None, "/\n/evil"]
)
def test_after_the_log_in_nobody_is_sent_to_another_site(target: str | None) -> None:
    assert local_target(target) == HOME


def test_after_the_log_in_one_is_where_one_wanted_to_go() -> None:
    assert local_target("/staff/agenda?day=2026-01-16") == "/staff/agenda?day=2026-01-16"


@pytest.mark.parametrize("path", PAGES)
def test_every_page_of_a_new_box_teaches_and_carries_no_inline_script(path: str, hanna: Desk) -> None:
    page = hanna.get(f"{path}?lang=en").text
    assert not re.search(r"<script(?![^>]*src=)|\sstyle=|\son\w+=", page)
    assert not re.search(r"\d{4}-\d\d-\d\dT", said(page))


@pytest.mark.parametrize("language", ["en", "es", "fr"])
def test_the_language_chosen_once_stays(language: str, hanna: Desk) -> None:
    hanna.get(f"/staff/waitlist?lang={language}")
    assert f'<html lang="{language}"' in hanna.get("/staff/slots").text


def test_a_person_added_by_hand_is_on_the_list(hanna: Desk, box: Appliance, ana: Joined) -> None:
    answer = hanna.post("/staff/waitlist/add", **{**FORM, "phone": "600 333 444", "first_name": "Bruno"})
    assert answer.status_code == 303
    assert "Bruno" in said(hanna.get(answer.location).text)
    assert box.db.tuples("SELECT source, status FROM entry WHERE first_name = 'Bruno'") == [("manual", "waiting")]


@pytest.mark.parametrize(
    ("field", "value"),
    [("phone", "12"), ("party_size", "0"), ("party_size", "many"), ("date", "2020-01-01"), ("time", "")],
)
def test_a_wrong_answer_is_told_beside_its_field_and_nothing_is_stored(
    field: str, value: str, hanna: Desk, box: Appliance, ana: Joined
) -> None:
    before = snapshot(box)
    answer = hanna.post("/staff/waitlist/add", **{**FORM, field: value})
    assert answer.status_code == 422
    assert 'class="field-note"' in answer.text
    assert snapshot(box) == before


def test_a_free_time_is_said_with_a_way_to_queue_all_the_same(hanna: Desk, box: Appliance) -> None:
    answer = hanna.post("/staff/waitlist/add", **FORM)
    assert answer.status_code == 422
    assert 'name="force"' in answer.text
    assert hanna.post("/staff/waitlist/add", **FORM, force="on").status_code == 303


def test_moving_somebody_up_puts_them_first_and_in_the_history(
    hanna: Desk, box: Appliance, now: datetime, ana: Joined
) -> None:
    bruno = queue(box, now, "Bruno", "+34600333444")
    assert said(hanna.get(HOME).text).index("Ana") < said(hanna.get(HOME).text).index("Bruno")
    hanna.post(f"{HOME}/{bruno.entry.public_id}/earlier")
    hanna.get(HOME)
    page = said(hanna.get(HOME).text)
    assert page.index("Bruno") < page.index("Ana")
    assert "Hanna" in said(hanna.get(f"{HOME}/{bruno.entry.public_id}").text.split('id="t-history"')[1])


def test_taking_somebody_off_the_list_says_so_and_keeps_the_reason(hanna: Desk, box: Appliance, ana: Joined) -> None:
    hanna.get("/staff/waitlist?lang=en")
    answer = hanna.post(f"{HOME}/{ana.entry.public_id}/cancel", reason="called to say so")
    assert answer.status_code == 303
    assert "Ana is off the waitlist." in said(hanna.get(HOME).text)
    assert "called to say so" in hanna.get(f"{HOME}/{ana.entry.public_id}").text


def test_nothing_free_cannot_be_offered_and_no_message_goes_out(hanna: Desk, box: Appliance, ana: Joined) -> None:
    hanna.get("/staff/waitlist?lang=en")
    before = box.db.value("SELECT COUNT(*) FROM message")
    hanna.post(f"{HOME}/{ana.entry.public_id}/offer")
    assert 'class="flash flash-bad"' in hanna.get(HOME).text
    assert box.db.value("SELECT COUNT(*) FROM message") == before


def test_cancelling_the_event_in_the_agenda_puts_ana_in_play_with_a_countdown(
    hanna: Desk, box: Appliance, now: datetime, ana: Joined
) -> None:
    event = box.db.value("SELECT public_id FROM event")
    hanna.post(f"/staff/agenda/events/{event}/cancel")
    deliver_due(box, now)
    page = hanna.get(HOME).text
    assert 'class="group group-play"' in page
    assert "data-deadline=" in page


def test_an_event_that_ends_before_it_starts_is_told_and_not_stored(hanna: Desk, box: Appliance) -> None:
    form = {"title": "Party", "date": "2026-01-16", "from": "20:00", "until": "19:00"}
    assert hanna.post("/staff/agenda/events", **form).status_code == 422
    assert box.db.value("SELECT COUNT(*) FROM event") == 0


def test_a_blocked_time_is_in_the_agenda_of_its_day(hanna: Desk) -> None:
    form = {"title": "Piano tuner", "date": "2026-01-16", "from": "18:00", "until": "19:00", "resource": "Table 1"}
    answer = hanna.post("/staff/agenda/events", **form)
    assert answer.location == "/staff/agenda?day=2026-01-16"
    assert "Piano tuner" in hanna.get(answer.location).text
    assert 'class="agenda-item' not in hanna.get("/staff/agenda?day=2026-01-17").text


def test_a_night_over_midnight_is_one_event(hanna: Desk, box: Appliance) -> None:
    hanna.post("/staff/agenda/events", **{"title": "Wedding", "date": "2026-01-16", "from": "22:00", "until": "00:30"})
    assert box.db.value("SELECT ends_at - starts_at FROM event") == 150 * 60 * 1000


def test_the_phone_shows_what_arrived_and_takes_a_no(hanna: Desk, box: Appliance, now: datetime, ana: Joined) -> None:
    hanna.post(f"/staff/agenda/events/{box.db.value('SELECT public_id FROM event')}/cancel")
    deliver_due(box, now)
    page = hanna.get("/staff/phones/+34600111222").text
    assert re.search(r'<a href="http://127.0.0.1:8080/waitlist/offer/wl_', page)
    hanna.post("/simulator/+34600111222/reply", body="NO", channel="sms")
    assert box.db.value("SELECT state FROM offer") == "declined"
    assert "bubble-mine" in hanna.get("/staff/phones/+34600111222").text


def test_the_next_message_can_be_made_to_fail_and_to_arrive_again(
    hanna: Desk, box: Appliance, now: datetime, ana: Joined
) -> None:
    form = {"channel": "sms", "outcome": "undeliverable"}
    hanna.post("/simulator/+34600111222/fail", **form, times="1")
    assert box.db.tuples("SELECT * FROM simulated_failure") == [("+34600111222", "sms", "undeliverable", 1)]
    hanna.post("/simulator/+34600111222/fail", **form, times="0")
    assert box.db.tuples("SELECT * FROM simulated_failure") == []


def test_links_are_tappable_and_everything_else_is_text() -> None:
    shown = linked('<b>Hi</b> http://127.0.0.1/waitlist/wl_x. "Bye"')
    assert shown.startswith("&lt;b&gt;Hi&lt;/b&gt; <a href=")
    assert 'href="http://127.0.0.1/waitlist/wl_x"' in shown
    assert shown.endswith("</a>. &#34;Bye&#34;")


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "ليلى حداد", "🌸", "x" * 300])
def test_every_name_is_shown_as_it_is(name: str, hanna: Desk, box: Appliance, now: datetime) -> None:
    joined = queue(box, now, name, "+34600111222")
    for path in (HOME, f"{HOME}/{joined.entry.public_id}", "/staff/slots", "/staff/phones/+34600111222"):
        page = hanna.get(path).text
        assert "<script>alert" not in page
        assert name.replace("<", "&lt;").replace(">", "&gt;")[:100] in page


def test_the_filters_narrow_the_list_and_stand_in_the_address(hanna: Desk, ana: Joined) -> None:
    found = {query: "Ana" in said(hanna.get(f"{HOME}?{query}").text) for query in (
        "q=ana", "q=600+111", "q=zzz", "status=waiting", "status=expired", "date=2026-01-16", "date=2026-01-17",
        "q=%25", "after=broken", "status=nonsense&date=nonsense",
    )}  # fmt: skip
    assert [query for query, there in found.items() if not there] == [
        "q=zzz",
        "status=expired",
        "date=2026-01-17",
        "q=%25",
    ]


def test_a_long_list_is_paged_and_nobody_is_lost_or_doubled(hanna: Desk, box: Appliance, now: datetime) -> None:
    for number in range(52):
        queue(box, now, f"Person{number:02}", f"+346001{number:05}")
    first = hanna.get(HOME).text
    second = hanna.get(re.search(r'href="([^"]*after=[^"]*)"', first)[1].replace("&amp;", "&")).text  # type: ignore[index]
    names = [re.findall(r'class="who-name"[^>]*>(Person\d\d)<', page) for page in (first, second)]
    assert [len(page) for page in names] == [50, 2]
    assert len({*names[0], *names[1]}) == 52


def test_open_pages_learn_of_changes_from_one_number(hanna: Desk, box: Appliance, now: datetime) -> None:
    before = hanna.get("/staff/changes").json
    queue(box, now, "Ana", "+34600111222")
    after = hanna.get("/staff/changes").json
    assert before
    assert after
    assert after["changes"] > before["changes"]


def test_a_silent_worker_turns_the_light_red_in_words(hanna: Desk, box: Appliance, now: datetime) -> None:
    assert "The worker is not running" in said(hanna.get(f"{HOME}?lang=en").text)
    box.db.insert("heartbeat", name="worker", at=now)
    assert "light-ok" in hanna.get(HOME).text


def test_a_calendar_that_cannot_be_read_turns_the_light_red_in_words(
    hanna: Desk, box: Appliance, now: datetime
) -> None:
    box.db.insert("heartbeat", name="worker", at=now)
    box.db.execute("UPDATE connection SET failing_since_at = ?", now)
    assert "cannot be read" in said(hanna.get(f"{HOME}?lang=en").text)


def test_every_state_has_an_icon_and_a_tone() -> None:
    states = {state for noun in WORDS.values() for state in noun}
    assert states <= set(words.ICONS)
    assert states <= set(words.TONES)
    assert all(symbol(name) for name in words.ICONS.values())


@pytest.mark.parametrize(("asked", "found"), [
    ("ana", ["Ana"]), ("ANA pe", ["Ana"]), ("chloe", ["Chloé"]), ("a", ["Ana"]), ("600 111 222", ["Ana"]),
    ("+34600111", ["Ana"]), ("1222", ["Ana"]), ("ana chloe", []), ("%", []), ("é", []),
])  # fmt: skip
@pytest.mark.parametrize("few", [0, 1000], ids=["many", "few"])
def test_the_list_is_searched_by_words_and_numbers_whether_they_name_few_or_many(
    web_app: Flask, box: Appliance, now: datetime, monkeypatch: pytest.MonkeyPatch, asked: str, found: list[str],
    few: int,
) -> None:  # fmt: skip
    monkeypatch.setattr(search_reads, "FEW", few)
    starts_at = datetime.fromisoformat("2026-01-16T19:30+01:00")
    for first, last, phone in (("Ana", "Pérez", "+34600111222"), ("Chloé", "Martin", "+34600333444")):
        join(box, JoinRequest(starts_at=starts_at, phone=phone, first_name=first, last_name=last, party_size=2,
                              registered=True, consent=True, force=True), now, SYSTEM)  # fmt: skip
    host = desk(web_app, box, now, "host")
    page = host.client.get(HOME, query_string={"q": asked, "lang": "en"}).text
    assert re.findall(r'class="who-name"[^>]*>(\w+)', page) == found


def test_a_person_added_with_nothing_said_names_every_missing_field_at_once(
    web_app: Flask, box: Appliance, now: datetime
) -> None:
    page = desk(web_app, box, now, "host").post("/staff/waitlist/add", email="nobody").text
    assert [name for name in ("time", "phone", "email", "party_size") if f'id="h-{name}"' not in page] == []


def test_an_address_of_the_desk_that_leads_nowhere_leads_back_to_it(web_app: Flask, box: Appliance, now: datetime) -> None:
    answer = desk(web_app, box, now, "host").client.get("/staff/nowhere?lang=en")
    assert answer.status_code == 404
    assert 'href="/staff/waitlist">Back to the waitlist' in answer.text


@pytest.mark.parametrize("act", ["approve", "withdraw", "reopen", "offer"])
def test_a_refusal_speaks_to_the_host_and_not_to_the_guest(act: str, hanna: Desk, ana: Joined) -> None:
    hanna.get("/staff/waitlist?lang=en")
    hanna.post(f"{HOME}/{ana.entry.public_id}/{act}")
    told = said(hanna.get(HOME).text.split('class="flashes"')[1].split('id="live"')[0])
    assert told.strip(" >") != ""
    assert not re.search(r"\b(you|your|call us|we|join)\b", told, re.IGNORECASE)
