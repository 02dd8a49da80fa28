"""Staff correct an entry: the place in line stays, and what is wrong is named and not stored."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.conftest import NOW, at
from waitlist_appliance.domain.errors import Conflict, Invalid
from waitlist_appliance.domain.records import Entry
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.edit_entry import Edit, edit
from waitlist_appliance.services.edit_events import add_event, cancel_event
from waitlist_appliance.services.join_waitlist import JoinRequest, join
from waitlist_appliance.services.leave_waitlist import cancel_entry
from waitlist_appliance.storage import activity, customers, slots, wishes

HANNA = Actor("staff", "Hanna")
PHONES = {"Ana": "+34600000001", "Bruno": "+34600000002"}


@pytest.fixture
def full(box: Appliance) -> str:
    """A private party takes every table of Friday; its event."""
    return add_event(box, "Private party", at("12:00"), at("23:30"), None, NOW, HANNA).public_id


@pytest.fixture
def ana(box: Appliance, full: str) -> Entry:
    return waits(box, "Ana")


def waits(box: Appliance, name: str) -> Entry:
    request = JoinRequest(at("19:30"), PHONES[name], first_name=name, party_size=2, registered=True, consent=True,
                          force=True, alternatives=())  # fmt: skip
    return join(box, request, NOW, HANNA).entry


def as_is(box: Appliance, entry: Entry) -> Edit:
    phone = customers.by_id(box.db, entry.customer_id).phone
    return Edit(entry.first_name, entry.last_name, phone, entry.email, entry.party_size, entry.zone, None, entry.notes,
                entry.locale)  # fmt: skip


def verbs(box: Appliance, entry: Entry) -> list[str]:
    return [line.verb for line in activity.of_entry(box.db, entry.id)]


def live_times(box: Appliance, entry: Entry) -> list[str]:
    live = [wish for wish in wishes.of_entry(box.db, entry.id) if wish.state in ("live", "offered")]
    return [
        slots.by_id(box.db, wish.slot_id).starts_at.astimezone(at("19:30").tzinfo).isoformat()[11:16] for wish in live
    ]


def test_a_corrected_name_and_number_keep_the_place_in_line(box: Appliance, ana: Entry) -> None:
    bruno = waits(box, "Bruno")
    edited = edit(box, ana.public_id, replace(as_is(box, ana), last_name="García", phone="600 555 444"), NOW, HANNA)
    assert (edited.last_name, edited.lined_up_at) == ("García", ana.lined_up_at)
    assert customers.by_id(box.db, ana.customer_id).phone == "+34600555444"
    assert [wishes.position(box.db, wishes.of_entry(box.db, one.id)[0]) for one in (ana, bruno)] == [1, 2]


def test_the_history_tells_what_was_edited_and_by_whom(box: Appliance, ana: Entry) -> None:
    edit(box, ana.public_id, replace(as_is(box, ana), notes="Window"), NOW, HANNA)
    newest = activity.of_entry(box.db, ana.id)[0]
    assert (newest.verb, newest.actor_name, '"notes"' in newest.detail) == ("entry_edited", "Hanna", True)


def test_saving_without_a_change_writes_no_history(box: Appliance, ana: Entry) -> None:
    before = verbs(box, ana)
    edit(box, ana.public_id, replace(as_is(box, ana), times=(at("19:30"),)), NOW, HANNA)
    assert verbs(box, ana) == before


def test_another_time_is_added_at_the_same_place(box: Appliance, ana: Entry) -> None:
    edit(box, ana.public_id, replace(as_is(box, ana), times=(at("19:30"), at("20:30"))), NOW, HANNA)
    assert len(live_times(box, ana)) == 2
    assert {wish.lined_up_at for wish in wishes.of_entry(box.db, ana.id)} == {ana.lined_up_at}


def test_a_larger_party_stands_in_line_with_its_new_size(box: Appliance, ana: Entry) -> None:
    edit(box, ana.public_id, replace(as_is(box, ana), party_size=4, zone="Terraza"), NOW, HANNA)
    wish = wishes.of_entry(box.db, ana.id)[0]
    assert (wish.party, wish.zone) == (4, "Terraza")


def test_a_party_made_small_enough_is_offered_what_is_free(box: Appliance, full: str) -> None:
    ana = waits(box, "Ana")
    edit(box, ana.public_id, replace(as_is(box, ana), party_size=9), NOW, HANNA)
    cancel_event(box, full, NOW, HANNA)
    assert "offer_made" not in verbs(box, ana)
    edit(box, ana.public_id, replace(as_is(box, ana), party_size=2), NOW, HANNA)
    assert "offer_made" in verbs(box, ana)


def test_a_time_under_offer_stays_until_it_is_answered(box: Appliance, ana: Entry, full: str) -> None:
    edit(box, ana.public_id, replace(as_is(box, ana), times=(at("19:30"), at("21:30"))), NOW, HANNA)
    cancel_event(box, full, NOW, HANNA)
    offered = [wish for wish in wishes.of_entry(box.db, ana.id) if wish.state == "offered"]
    edit(box, ana.public_id, replace(as_is(box, ana), times=(at("22:00"),)), NOW, HANNA)
    assert wishes.by_id(box.db, offered[0].id).state == "offered"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"phone": "12"}, "phone"), ({"phone": PHONES["Bruno"]}, "phone"), ({"email": "nobody"}, "email"),
        ({"party_size": 0}, "party_size"), ({"party_size": None}, "party_size"), ({"zone": "Moon"}, "zone"),
        ({"resource": "Table 99"}, "resource"), ({"locale": "xx"}, "locale"), ({"notes": "x" * 2001}, "notes"),
        ({"times": ()}, "times"), ({"times": (at("03:00"),)}, "times"), ({"times": (at("19:30", "2026-01-14"),)}, "times"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_and_nothing_is_stored(
    box: Appliance, ana: Entry, wrong: dict[str, object], field: str
) -> None:
    waits(box, "Bruno")
    before = box.db.tuples("SELECT * FROM entry"), box.db.tuples("SELECT * FROM customer"), verbs(box, ana)
    with pytest.raises(Invalid) as refused:
        edit(box, ana.public_id, replace(as_is(box, ana), first_name="Other", **wrong), NOW, HANNA)  # type: ignore[arg-type]
    assert refused.value.field == field
    assert (box.db.tuples("SELECT * FROM entry"), box.db.tuples("SELECT * FROM customer"), verbs(box, ana)) == before


def test_who_has_left_is_not_edited(box: Appliance, ana: Entry) -> None:
    cancel_entry(box, ana, NOW, HANNA, "by_staff")
    with pytest.raises(Conflict, match="entry_over"):
        edit(box, ana.public_id, as_is(box, ana), NOW, HANNA)
