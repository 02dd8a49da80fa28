"""The messages at the desk: the conversations, the outbox in its parts, writing and sending again."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask

from tests.web.desk_story import ana_gets_a_table, party, waits
from tests.web.staff_desk import Desk, desk
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.deliver_messages import deliver_due
from waitlist_appliance.services.receive_reply import receive
from waitlist_appliance.storage import message_reads, staff_pages

MESSAGES = "/staff/messages"
ANA = "+34600111222"


@pytest.fixture
def hanna(web_app: Flask, box: Appliance, now: datetime) -> Desk:
    """Hanna, the host, at the desk, in English."""
    hanna = desk(web_app, box, now, "host")
    hanna.get("/staff/waitlist?lang=en")
    return hanna


@pytest.fixture
def ana(box: Appliance, now: datetime) -> str:
    """Ana waits for 19:30, and the message that says so has not gone out yet; her conversation."""
    party(box, now)
    waits(box, now)
    person = message_reads.person(box.db, ANA)
    assert person
    return f"{MESSAGES}/{person.public_id}"


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.index('id="live"') :]))


def rows(page: str) -> list[tuple[str, str]]:
    """The people of the list of conversations, and all that stands in their row."""
    found = re.findall(r'<li class="row-talk.*?</li>', page, re.DOTALL)
    names = [re.search(r'class="who-name"[^>]*>([^<]+)', row) for row in found]
    plain = [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)) for row in found]
    return [(name[1], row) for name, row in zip(names, plain, strict=True) if name]


def fails(box: Appliance, now: datetime) -> str:
    """Ana's message does not reach her; its id."""
    staff_pages.make_next_fail(box.db, ANA, "sms", "undeliverable", 1)
    deliver_due(box, now)
    return message_reads.newest(box.db, None, 1)[0].public_id


def test_a_new_box_teaches_what_stands_here(hanna: Desk) -> None:
    for part in ("talks", "all", "due", "sent", "failed", "dropped", "replies", "nonsense"):
        answer = hanna.get(f"{MESSAGES}?box={part}")
        assert answer.status_code == 200
        assert 'class="empty"' in answer.text


def test_what_is_due_moves_to_what_was_sent(hanna: Desk, box: Appliance, now: datetime, ana: str) -> None:
    assert "On the list" in words(hanna.get(f"{MESSAGES}?box=due").text)
    deliver_due(box, now)
    assert "Nothing waits to be sent" in hanna.get(f"{MESSAGES}?box=due").text
    assert "On the list" in words(hanna.get(f"{MESSAGES}?box=sent").text)


def test_what_reached_nobody_tells_why_and_is_sent_again_once(
    hanna: Desk, box: Appliance, now: datetime, ana: str
) -> None:
    message = fails(box, now)
    page = hanna.get(f"{MESSAGES}?box=failed").text
    assert "this number or address takes no messages" in page
    assert f"/{message}/again" in page
    hanna.post(f"{MESSAGES}/one/{message}/again", back=f"{MESSAGES}?box=failed")
    page = hanna.get(f"{MESSAGES}?box=failed").text
    assert "It is sent once more." in page
    assert f"/{message}/again" not in page


def test_what_is_not_sent_yet_can_be_dropped(hanna: Desk, box: Appliance, now: datetime, ana: str) -> None:
    message = message_reads.newest(box.db, None, 1)[0].public_id
    hanna.post(f"{MESSAGES}/one/{message}/drop")
    assert "dropped by the team" in hanna.get(f"{MESSAGES}?box=dropped").text
    assert deliver_due(box, now) == 0


def test_each_customer_stands_once_with_what_was_said_last(
    hanna: Desk, box: Appliance, now: datetime, ana: str
) -> None:
    waits(box, now + timedelta(minutes=1), name="Bruno", phone="+34600111333")
    deliver_due(box, now + timedelta(minutes=2))
    receive(box, ANA, "sms", "Is there parking?", now + timedelta(minutes=3))
    people = rows(hanna.get(MESSAGES).text)
    assert [name for name, _ in people] == ["Ana", "Bruno"]
    assert "We:" in people[1][1]
    assert "They: Is there parking?" in people[0][1]
    assert ["needs an answer" in row for _, row in people] == [True, False]


def test_what_somebody_wrote_last_is_theirs_and_needs_no_answer_once_understood(
    hanna: Desk, box: Appliance, now: datetime, ana: str
) -> None:
    deliver_due(box, now)
    receive(box, ANA, "sms", "STOP", now + timedelta(minutes=3))
    with box.db.write():
        box.db.execute("UPDATE message SET state = 'dropped' WHERE kind = 'opted_out'")
    (_, told), = rows(hanna.get(MESSAGES).text)  # fmt: skip
    assert "They: STOP" in told
    assert "wants no more messages" in told


def test_an_answer_from_the_team_takes_the_mark_away(hanna: Desk, box: Appliance, now: datetime, ana: str) -> None:
    receive(box, ANA, "sms", "Is there parking?", now)
    assert "needs an answer" in hanna.get(MESSAGES).text
    hanna.post(ana, text="Yes, next door.", form_key="k1")
    assert "needs an answer" not in hanna.get(MESSAGES).text


def test_many_conversations_come_in_pages_and_nobody_twice_or_never(hanna: Desk, box: Appliance, now: datetime) -> None:
    everybody = {f"Guest {number}" for number in range(7)}
    for number, name in enumerate(sorted(everybody)):
        phone, at = f"+3460022200{number}", now + timedelta(minutes=number)
        waits(box, at, name=name, phone=phone)
        if number % 2:
            receive(box, phone, "sms", "STOP", at + timedelta(seconds=number))
    with box.db.write():
        box.db.execute("UPDATE message SET state = 'dropped' WHERE kind = 'opted_out'")
    seen: list[str | None] = []
    before = None
    for _ in range(3):
        lines, before = message_reads.talks(box.db, before, 3)
        seen += [line.name for line in lines]
        assert len(lines) <= 3
    assert before is None
    assert seen == sorted(everybody, reverse=True)


def test_a_broken_place_in_the_list_shows_its_beginning(hanna: Desk, ana: str) -> None:
    for before in ("x", "5", "5.x", "9" * 40):
        assert "Ana" in words(hanna.get(f"{MESSAGES}?before={before}").text)


def test_a_conversation_tells_both_sides_in_order(hanna: Desk, box: Appliance, now: datetime) -> None:
    ana_gets_a_table(box, now)
    told = words(hanna.get(f"{MESSAGES}/{ANA}").text)
    places = [told.index(text) for text in ("Está en la lista", "Responda SI o NO", "understood as yes", "Código ")]
    assert places == sorted(places)


def test_an_answer_nobody_understood_stands_among_the_answers(
    hanna: Desk, box: Appliance, now: datetime, ana: str
) -> None:
    receive(box, ANA, "sms", "Is there parking?", now)
    page = words(hanna.get(f"{MESSAGES}?box=replies").text)
    assert "Is there parking?" in page
    assert "not understood" in page


def test_the_team_writes_and_sees_it_go_out(hanna: Desk, box: Appliance, now: datetime, ana: str) -> None:
    assert hanna.post(ana, text="Yes, <b>next</b> door.", form_key="k1").status_code == 303
    assert "To be sent next" in hanna.get(ana).text
    deliver_due(box, now + timedelta(minutes=1))
    assert "Casa Lola: Yes, &lt;b&gt;next&lt;/b&gt; door." in hanna.get(ana).text


def test_an_empty_message_is_refused_beside_the_field(hanna: Desk, ana: str) -> None:
    answer = hanna.post(ana, text=" ", form_key="k1")
    assert answer.status_code == 422
    assert "Please write a message first." in answer.text


def test_who_said_stop_is_called_not_written_to(hanna: Desk, box: Appliance, now: datetime, ana: str) -> None:
    receive(box, ANA, "sms", "STOP", now)
    page = hanna.get(ana).text
    assert "No message reaches this person. Please call." in page
    assert "<textarea" not in page


def test_a_viewer_reads_and_changes_nothing(web_app: Flask, box: Appliance, now: datetime, ana: str) -> None:
    victor, message = desk(web_app, box, now, "viewer"), fails(box, now)
    for path in (ana, f"{MESSAGES}?box=failed"):
        page = victor.get(path).text
        assert "/again" not in page
        assert "<textarea" not in page
    assert victor.post(f"{MESSAGES}/one/{message}/again").status_code == 403


def test_the_simulated_phones_are_in_reach_while_no_provider_is_connected(hanna: Desk, ana: str) -> None:
    assert 'href="/staff/phones"' in hanna.get(MESSAGES).text.split('id="live"')[1]
    assert f'href="/staff/phones/{ANA}"' in hanna.get(ana).text
