"""Services: their length, who gives them, and what cannot be taken away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.conftest import NOW
from tests.services.set_up_story import OLIVIA, books, deeds, fill, waits
from waitlist_appliance.domain.errors import Conflict, Invalid
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.set_up_services import (
    Offering,
    add_service,
    change_service,
    make_default,
    restore_service,
    retire_service,
)
from waitlist_appliance.storage import slots


def usual(box: Appliance) -> str:
    return box.setup().default_service.public_id


def test_a_service_can_be_given_by_one_table_only(box: Appliance) -> None:
    window = next(r for r in box.setup().resources.values() if r.max_party == 4)
    made = add_service(box, Offering("Menu", 150, given_by=frozenset({window.public_id})), NOW, OLIVIA)
    assert box.setup().resources_of(made) == [window]
    assert deeds(box, "service_added") == 1


@pytest.mark.parametrize(
    ("wanted", "field"),
    [(Offering(" ", 90), "name"), (Offering("table", 90), "name"), (Offering("Menu", 4), "duration_minutes"),
     (Offering("Menu", 90, buffer_after_minutes=481), "buffer_after_minutes"),
     (Offering("Menu", 90, given_by=frozenset()), "given_by"),
     (Offering("Menu", 90, given_by=frozenset({"nobody"})), "given_by")],
)  # fmt: skip
def test_a_service_that_cannot_be_is_refused_at_its_field(box: Appliance, wanted: Offering, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        add_service(box, wanted, NOW, OLIVIA)
    assert (refused.value.field, len(box.setup().services)) == (field, 1)


def test_times_that_people_wait_for_end_with_the_new_length(box: Appliance) -> None:
    fill(box)
    waits(box)
    change_service(box, usual(box), Offering("Table", 120), NOW, OLIVIA)
    slot = slots.by_id(box.db, 1)
    assert slot.ends_at - slot.starts_at == timedelta(minutes=120)


def test_bookings_keep_their_length(box: Appliance) -> None:
    booking = books(box)
    change_service(box, usual(box), Offering("Table", 120), NOW, OLIVIA)
    assert booking.ends_at - booking.starts_at == timedelta(minutes=90)


def test_a_name_that_is_saved_again_is_not_taken(box: Appliance) -> None:
    change_service(box, usual(box), Offering("Table", 90), NOW, OLIVIA)
    assert deeds(box, "service_changed") == 0


def test_the_usual_service_stays_until_another_is_the_usual_one(box: Appliance) -> None:
    first, menu = usual(box), add_service(box, Offering("Menu", 150), NOW, OLIVIA)
    with pytest.raises(Conflict, match="service_default"):
        retire_service(box, first, NOW, OLIVIA)
    make_default(box, menu.public_id, NOW, OLIVIA)
    retire_service(box, first, NOW, OLIVIA)
    assert [service.name for service in box.setup().offered] == ["Menu"]


def test_a_service_that_somebody_waits_for_or_has_booked_stays(box: Appliance) -> None:
    first, menu = usual(box), add_service(box, Offering("Menu", 150), NOW, OLIVIA)
    books(box)
    make_default(box, menu.public_id, NOW, OLIVIA)
    with pytest.raises(Conflict, match="service_in_use"):
        retire_service(box, first, NOW, OLIVIA)


def test_a_service_no_longer_offered_cannot_be_asked_for_but_keeps_its_name(box: Appliance) -> None:
    menu = add_service(box, Offering("Menu", 150), NOW, OLIVIA)
    retire_service(box, menu.public_id, NOW, OLIVIA)
    with pytest.raises(Invalid, match="unknown_service"):
        box.setup().service_named("Menu")
    assert box.setup().services[menu.id].name == "Menu"
    with pytest.raises(Conflict, match="service_retired"):
        make_default(box, menu.public_id, NOW, OLIVIA)
    restore_service(box, menu.public_id, NOW, OLIVIA)
    assert box.setup().service_named("menu").id == menu.id
