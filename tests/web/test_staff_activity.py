"""The activity log of the whole box (issue 3, point 9)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from tests.web.desk_story import OLIVIA, ana_gets_a_table, waits
from tests.web.staff_desk import Desk, desk
from waitlist_appliance.domain.states import BookingStatus, OfferState
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.business import set_policy
from waitlist_appliance.storage import activity
from waitlist_appliance.web.staff.deeds import DEEDS, GROUPS

PACKAGE = Path(__file__).parents[2] / "waitlist_appliance"
# Helpers that write one line of the history → the place of the verb among their arguments.
WRITERS = {"record": 3, "_note": 3, "_log": 1, "_changed": 2}
# f"offer_{to}" → every state that may stand there.
ENDINGS = {"offer_": ("declined", "expired", "withdrawn", "failed"), "booking_": ("in_progress", "completed", "expired")}


@pytest.fixture
def olivia(web_app: Flask, box: Appliance, now: datetime) -> Desk:
    return desk(web_app, box, now, "owner")


def lines(olivia: Desk, **query: str) -> list[str]:
    page = olivia.client.get("/staff/activity", query_string={"lang": "en", **query}).text
    found = re.findall(r'<p class="log-what">(.*?)</p>', page, re.S)
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", line)).strip() for line in found]


def verbs_of(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*verbs_of(node.body), *verbs_of(node.orelse))
    elif isinstance(node, ast.JoinedStr):
        beginning = next(verbs_of(node.values[0]))
        yield from (beginning + ending for ending in ENDINGS[beginning])


def verbs_in_the_code() -> set[str]:
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                place = WRITERS.get(name)
                if place is not None and len(node.args) > place:
                    found |= set(verbs_of(node.args[place]))
    return found


def test_every_verb_in_the_code_has_words() -> None:
    verbs = verbs_in_the_code()
    assert len(verbs) > 40
    assert sorted(verbs - set(DEEDS)) == []


def test_the_endings_of_put_together_verbs_are_states() -> None:
    assert {*ENDINGS["offer_"]} <= {state.value for state in OfferState}
    assert {*ENDINGS["booking_"]} <= {state.value for state in BookingStatus}


def test_every_verb_belongs_to_exactly_one_group() -> None:
    grouped = [verb for _, verbs in GROUPS.values() for verb in verbs]
    assert sorted(grouped) == sorted(DEEDS)


def test_the_whole_evening_is_told_newest_first(olivia: Desk, box: Appliance, now: datetime) -> None:
    ana_gets_a_table(box, now)
    told = lines(olivia)
    confirmed, yes, joined = (next(i for i, line in enumerate(told) if text in line)
                              for text in ("The booking is confirmed", "Said yes", "Joined the waitlist"))  # fmt: skip
    assert confirmed < yes < joined
    assert "Ana" in told[joined]
    assert "Friday 16 January at 19:30" in told[joined]


def test_the_log_is_narrowed_by_who(olivia: Desk, box: Appliance, now: datetime) -> None:
    ana_gets_a_table(box, now)
    assert lines(olivia, who="staff:Olivia") == ["Taken out of the agenda Private party"]
    assert lines(olivia, who="staff:Marco") == []
    assert "Said yes" in " ".join(lines(olivia, who="customer"))


def test_the_log_is_narrowed_by_what(olivia: Desk, box: Appliance, now: datetime) -> None:
    ana_gets_a_table(box, now)
    assert all("booking" in line.lower() for line in lines(olivia, what="bookings"))
    assert lines(olivia, what="team") == []


def test_the_log_is_narrowed_by_person(olivia: Desk, box: Appliance, now: datetime) -> None:
    ana_gets_a_table(box, now)
    waits(box, now, "Bruno", "+34600222333")
    assert all("Bruno" in line for line in lines(olivia, person="bruno"))
    assert lines(olivia, person="600222333") == lines(olivia, person="bruno") != []
    assert lines(olivia, person="nobody") == []


def test_the_log_is_narrowed_by_days(olivia: Desk, box: Appliance, now: datetime) -> None:
    with box.db.write():
        activity.record(box.db, now - timedelta(days=1), OLIVIA, "reopened", "entry")
        activity.record(box.db, now, OLIVIA, "notes_changed", "entry")
    assert lines(olivia, **{"from": "2026-01-15"}) == ["The note was changed"]
    assert lines(olivia, **{"from": "2026-01-14", "to": "2026-01-14"}) == ["Came back on the list"]
    assert lines(olivia, **{"from": "2026-01-16"}) == []


def test_filters_work_together(olivia: Desk, box: Appliance, now: datetime) -> None:
    ana_gets_a_table(box, now)
    told = lines(olivia, who="customer", what="offers", person="ana", to="2026-01-15")
    assert told == ["Said yes Ana Friday 16 January at 19:30"]


def test_older_lines_are_a_page_away_and_none_is_lost(olivia: Desk, box: Appliance, now: datetime) -> None:
    with box.db.write():
        for number in range(150):
            activity.record(box.db, now, OLIVIA, "event_added", "event", title=f"Dinner {number}")
    seen, address = [], "/staff/activity?lang=en&what=calendars"
    while address:
        page = olivia.get(address).text
        seen += re.findall(r"Dinner \d+", page)
        older = re.search(r'href="(/staff/activity\?[^"]*before=\d+)"', page)
        address = older[1].replace("&amp;", "&") if older else ""
    assert seen == [f"Dinner {number}" for number in reversed(range(150))]


TAMPERED = [{"before": "x"}, {"before": "-1"}, {"before": "9" * 40}, {"who": "x:y"}, {"what": "x"}, {"from": "x"}]


@pytest.mark.parametrize("query", TAMPERED)
def test_a_tampered_address_shows_the_beginning(query: dict[str, str], olivia: Desk) -> None:
    assert lines(olivia, **query) == lines(olivia)


def test_nothing_found_offers_the_way_back(olivia: Desk) -> None:
    assert "Nothing like that happened" in olivia.get("/staff/activity?lang=en&person=nobody").text


def test_a_technical_reason_stays_in_the_log_file(olivia: Desk, box: Appliance, now: datetime) -> None:
    with box.db.write():
        activity.record(box.db, now, OLIVIA, "message_failed", "message", reason="HTTP 400 code 21211")
    assert lines(olivia)[0] == "A message could not be delivered"


def test_a_title_of_markup_is_shown_as_it_is(olivia: Desk, box: Appliance, now: datetime) -> None:
    with box.db.write():
        activity.record(box.db, now, OLIVIA, "event_added", "event", title="<img src=x>", reason="<b>why</b>")
    assert "<img" not in olivia.get("/staff/activity").text.split('id="live"')[1]


def test_a_changed_policy_is_named_as_the_settings_name_it(olivia: Desk, box: Appliance, now: datetime) -> None:
    set_policy(box, "offer_window_seconds", 600, OLIVIA, now)
    assert "A setting was changed Time to answer" in lines(olivia)
