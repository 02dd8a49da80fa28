"""What the business says of itself, its logo and its policies: checked, written into the history, followed by a look."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from tests.conftest import NOW
from tests.services.set_up_story import OLIVIA, books, deeds, fill, offers_after, waits
from waitlist_appliance.domain.errors import Conflict, Invalid, NotFound
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.set_up_business import (
    About,
    about,
    change_business,
    change_policies,
    remove_logo,
    reset_policies,
    set_logo,
)
from waitlist_appliance.storage import set_up

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", 64, 64) + b"\x08\x06\0\0\0"


def said(box: Appliance, **changes: str) -> About:
    return replace(about(box.setup().business), **changes)


def test_a_new_name_is_stored_and_stands_in_the_history(box: Appliance) -> None:
    assert change_business(box, said(box, name="  Casa Lola II "), NOW, OLIVIA).name == "Casa Lola II"
    assert deeds(box, "business_changed") == 1


def test_saving_without_a_change_writes_nothing(box: Appliance) -> None:
    change_business(box, said(box), NOW, OLIVIA)
    assert deeds(box, "business_changed") == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", " "), ("name", "x" * 121), ("zone", "Europe/Nowhere"), ("zone", ""), ("locale", "xx"),
     ("phone_region", "ZZ"), ("phone", "12"), ("email", "not an address"), ("brand_colour", "red"),
     ("brand_colour", "#12345"), ("address", "x" * 301)],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_its_field(box: Appliance, field: str, value: str) -> None:
    before = box.setup().business
    with pytest.raises(Invalid) as refused:
        change_business(box, said(box, **{field: value}), NOW, OLIVIA)
    assert refused.value.field == field
    assert box.setup().business == before


def test_another_zone_moves_the_opening_hours_with_it(box: Appliance) -> None:
    change_business(box, said(box, zone="Atlantic/Canary"), NOW, OLIVIA)
    assert box.setup().business.zone == box.setup().default_rule.zone.key == "Atlantic/Canary"


def test_the_zone_stays_while_a_booking_lies_ahead(box: Appliance) -> None:
    books(box)
    with pytest.raises(Conflict, match="zone_in_use"):
        change_business(box, said(box, zone="Atlantic/Canary", name="Other"), NOW, OLIVIA)
    assert box.setup().business.name == "Casa Lola"


def test_the_zone_stays_while_somebody_waits(box: Appliance) -> None:
    fill(box)
    waits(box)
    with pytest.raises(Conflict, match="zone_in_use"):
        change_business(box, said(box, zone="Atlantic/Canary"), NOW, OLIVIA)


def test_a_logo_is_kept_with_its_true_type_and_can_be_removed(box: Appliance) -> None:
    set_logo(box, PNG, NOW, OLIVIA)
    kept = set_up.logo(box.db)
    assert kept is not None
    assert (kept.media_type, kept.content) == ("image/png", PNG)
    assert box.setup().business.logo
    remove_logo(box, NOW, OLIVIA)
    assert (set_up.logo(box.db), box.setup().business.logo) == (None, None)


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "logo_missing"), (b"<svg onload='alert(1)'/>", "logo_kind"), (b"<html>", "logo_kind"),
     (PNG + b"x" * 524288, "logo_large"), (PNG[:16] + struct.pack(">II", 9000, 9000), "logo_wide")],
)  # fmt: skip
def test_what_is_no_safe_picture_is_not_kept(box: Appliance, content: bytes, code: str) -> None:
    with pytest.raises(Invalid, match=code):
        set_logo(box, content, NOW, OLIVIA)
    assert set_up.logo(box.db) is None


def test_policies_are_stored_together_or_not_at_all(box: Appliance) -> None:
    wrong = change_policies(box, {"race_size": 2, "offers_per_day": 999}, NOW, OLIVIA)
    assert set(wrong) == {"offers_per_day"}
    assert box.setup().policies.race_size == 3


def test_policies_that_contradict_each_other_are_refused(box: Appliance) -> None:
    wrong = change_policies(box, {"offer_window_seconds": 60}, NOW, OLIVIA)
    assert set(wrong) == {"offer_window_minimum_seconds"}
    assert box.setup().policies.offer_window_seconds == 900


def test_only_what_changed_stands_in_the_history(box: Appliance) -> None:
    assert change_policies(box, {"race_size": "3", "silences_limit": "2"}, NOW, OLIVIA) == {}
    assert deeds(box, "set_policy") == 1


def test_a_policy_back_at_its_default_is_no_longer_stored(box: Appliance) -> None:
    change_policies(box, {"race_size": 2}, NOW, OLIVIA)
    reset_policies(box, ["race_size"], NOW, OLIVIA)
    assert (box.setup().policies.race_size, set_up.settings(box.db)) == (3, {})
    with pytest.raises(NotFound):
        reset_policies(box, ["no_such"], NOW, OLIVIA)


def test_a_larger_tolerance_makes_an_offer_possible(box: Appliance) -> None:
    change_policies(box, {"party_tolerance": 0}, NOW, OLIVIA)
    waits(box, party=3)
    assert offers_after(box) == 0
    change_policies(box, {"party_tolerance": 4}, NOW, OLIVIA)
    assert offers_after(box) == 1
