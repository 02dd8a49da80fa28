"""The rules: every policy is shown with its default and meaning, in units people think in, and can be set and reset."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from flask import Flask

from tests.web.staff_desk import Desk, desk
from waitlist_appliance.domain.policies import describe
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.web.staff.settings.policy_words import CHOICES, GROUPS, LABELS

PAGE = "/staff/settings/policies?lang=en"


@pytest.fixture
def olivia(web_app: Flask, box: Appliance, now: datetime) -> Desk:
    return desk(web_app, box, now, "owner")


def part(page: str, key: str) -> str:
    """What the page says of one policy."""
    return page.split(f'id="p-{key}"')[1].split('<div class="policy ')[0].split("group-end")[0]


def test_every_policy_stands_in_one_group_with_the_meaning_it_has_in_the_rules() -> None:
    grouped = [key for _, _, keys in GROUPS.values() for key in keys]
    assert sorted(grouped) == sorted(info.key for info in describe())
    assert {info.key: info.meaning for info in describe()} == {key: words[1] for key, words in LABELS.items()}


def test_every_choice_has_its_words() -> None:
    assert {info.key: set(info.choices) for info in describe() if info.choices} == {
        k: set(v) for k, v in CHOICES.items()
    }


def test_the_page_shows_every_policy(olivia: Desk) -> None:
    page = olivia.get(PAGE).text
    assert set(re.findall(r'id="p-(\w+)"', page)) == {info.key for info in describe()}


def test_durations_are_shown_in_the_unit_people_think_in(olivia: Desk) -> None:
    page = olivia.get(PAGE).text
    assert "Default: 15 minutes" in part(page, "offer_window_seconds")
    assert "allowed: 10 seconds to 24 hours" in part(page, "offer_window_seconds")
    assert "Default: 2 hours" in part(page, "race_from_seconds")


def test_an_amount_with_its_unit_is_stored_in_seconds(olivia: Desk, box: Appliance) -> None:
    form = {"offer_window_seconds": "1,5", "offer_window_seconds.unit": "3600", "race_size": "5"}
    assert olivia.post("/staff/settings/policies/offers", **form).status_code == 303
    assert (box.setup().policies.offer_window_seconds, box.setup().policies.race_size) == (5400, 5)


def test_what_was_changed_is_marked_and_can_go_back_to_its_default(olivia: Desk, box: Appliance) -> None:
    olivia.post("/staff/settings/policies/offers", race_size="5")
    assert "Back to the default" in part(olivia.get(PAGE).text, "race_size")
    olivia.post("/staff/settings/policies/offers", reset="race_size", race_size="7")
    assert box.setup().policies.race_size == 3
    assert "Back to the default" not in olivia.get(PAGE).text


@pytest.mark.parametrize(
    ("group", "key", "value"),
    [("offers", "race_size", "0"), ("offers", "race_size", "many"), ("offers", "offer_window_seconds", "-3"),
     ("offers", "offer_window_seconds", ""), ("quiet", "quiet_from", "25:00"), ("offers", "offers", "sometimes")],
)  # fmt: skip
def test_a_value_that_cannot_be_is_refused_beside_its_field(
    olivia: Desk, box: Appliance, group: str, key: str, value: str
) -> None:
    before = box.setup().policies
    answer = olivia.post(f"/staff/settings/policies/{group}?lang=en", **{key: value, f"{key}.unit": "60"})
    assert (answer.status_code, box.setup().policies) == (422, before)
    assert "That is not possible here. Allowed:" in part(answer.text, key)


def test_the_least_time_to_answer_is_never_longer_than_the_time_to_answer(olivia: Desk) -> None:
    form = {"offer_window_seconds": "1", "offer_window_seconds.unit": "60"}
    answer = olivia.post("/staff/settings/policies/offers?lang=en", **form)
    assert "cannot be longer than the time to answer" in part(answer.text, "offer_window_minimum_seconds")


def test_a_switch_can_be_turned_off(olivia: Desk, box: Appliance) -> None:
    olivia.post("/staff/settings/policies/offers", late_yes="false")
    assert box.setup().policies.late_yes is False


def test_the_two_switches_are_turned_and_shown_above_the_waitlist(olivia: Desk, box: Appliance) -> None:
    olivia.post("/staff/settings/switches", switch="joining", to="closed")
    olivia.post("/staff/settings/switches", switch="offers", to="paused")
    assert (box.setup().policies.joining, box.setup().policies.offers) == ("closed", "paused")
    page = olivia.get("/staff/waitlist?lang=en").text
    assert "Joining closed" in page
    assert "offers are paused" in page


def test_the_switches_turn_nothing_else(olivia: Desk, box: Appliance) -> None:
    before = box.setup().policies
    assert olivia.post("/staff/settings/switches", switch="race_size", to="9").status_code == 303
    assert box.setup().policies == before
