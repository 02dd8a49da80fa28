"""Tables and team: what is added is offered at once, what is needed cannot be taken away."""

from __future__ import annotations

import pytest

from tests.conftest import NOW
from tests.services.set_up_story import OLIVIA, books, deeds, fill, offers_after, waits
from waitlist_appliance.domain.errors import Conflict, Invalid, NotFound
from waitlist_appliance.services import first_run
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.set_up_resources import (
    Place,
    add_resource,
    add_tables,
    change_resource,
    deactivate_resource,
    reactivate_resource,
)


def table(box: Appliance, name: str) -> str:
    return next(r.public_id for r in box.setup().resources.values() if r.name == name)


def names(box: Appliance) -> set[str]:
    return {resource.name for resource in box.setup().resources.values()}


def test_a_table_that_is_added_is_offered_to_whoever_waits(box: Appliance) -> None:
    fill(box)
    waits(box)
    add_resource(box, Place("Table 3", max_party=2), NOW, OLIVIA)
    assert offers_after(box) == 1
    assert deeds(box, "resource_added") == 1


def test_eight_tables_for_two_are_numbered_on(box: Appliance) -> None:
    assert add_tables(box, 8, 2, "Terraza", "Table", NOW, OLIVIA) == 8
    assert names(box) == {f"Table {number}" for number in range(1, 11)}


@pytest.mark.parametrize(
    ("place", "field"),
    [(Place(" "), "name"), (Place("T", kind="boat"), "kind"), (Place("T", max_party=0), "max_party"),
     (Place("T", min_party=3, max_party=2), "min_party"), (Place("T", priority=-1), "priority"),
     (Place("table 1"), "name"), (Place("x" * 81), "name"), (Place("T", zone="z" * 81), "zone")],
)  # fmt: skip
def test_a_place_that_cannot_be_is_refused_at_its_field(box: Appliance, place: Place, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        add_resource(box, place, NOW, OLIVIA)
    assert (refused.value.field, names(box)) == (field, {"Table 1", "Table 2"})


def test_a_larger_table_is_offered_to_a_larger_party(box: Appliance) -> None:
    fill(box)
    waits(box, party=6)
    add_resource(box, Place("Table 3", max_party=2), NOW, OLIVIA)
    assert offers_after(box) == 0
    change_resource(box, table(box, "Table 3"), Place("Window", max_party=6), NOW, OLIVIA)
    assert offers_after(box) == 1


def test_a_table_with_a_booking_ahead_cannot_be_taken_away(box: Appliance) -> None:
    books(box)
    with pytest.raises(Conflict, match="resource_booked") as refused:
        deactivate_resource(box, table(box, "Table 1"), NOW, OLIVIA)
    assert refused.value.params == {"name": "Table 1", "number": 1}


def test_a_table_that_is_held_for_an_offer_cannot_be_taken_away_or_shrunk(box: Appliance) -> None:
    fill(box)
    waits(box)
    add_resource(box, Place("Table 3", max_party=2), NOW, OLIVIA)
    assert offers_after(box) == 1
    with pytest.raises(Conflict, match="resource_held"):
        deactivate_resource(box, table(box, "Table 3"), NOW, OLIVIA)
    with pytest.raises(Conflict, match="resource_held"):
        change_resource(box, table(box, "Table 3"), Place("Table 3", max_party=1), NOW, OLIVIA)


def test_the_last_one_stays(box: Appliance) -> None:
    deactivate_resource(box, table(box, "Table 1"), NOW, OLIVIA)
    with pytest.raises(Conflict, match="last_resource"):
        deactivate_resource(box, table(box, "Table 2"), NOW, OLIVIA)


def test_what_was_taken_away_can_come_back(box: Appliance) -> None:
    one = table(box, "Table 1")
    deactivate_resource(box, one, NOW, OLIVIA)
    assert names(box) == {"Table 2"}
    reactivate_resource(box, one, NOW, OLIVIA)
    assert names(box) == {"Table 1", "Table 2"}
    with pytest.raises(NotFound):
        reactivate_resource(box, "nobody", NOW, OLIVIA)


def test_an_event_of_a_table_out_of_use_does_not_block_the_others(box: Appliance) -> None:
    from waitlist_appliance.services.sync_calendar import sync

    fill(box)
    one = table(box, "Table 1")
    deactivate_resource(box, one, NOW, OLIVIA)
    box.db.execute("DELETE FROM event")
    sync(box, 1, NOW)
    assert box.db.value("SELECT COUNT(*) FROM event WHERE resource_id IS NULL") == 0


def test_an_event_that_names_a_table_follows_its_new_name(box: Appliance) -> None:
    fill(box)
    box.db.execute("UPDATE local_event SET resource = 'table 1' WHERE resource = ?", table(box, "Table 1"))
    change_resource(box, table(box, "Table 1"), Place("Window", max_party=2, zone="Interior"), NOW, OLIVIA)
    assert box.db.value("SELECT COUNT(*) FROM local_event WHERE resource = ?", table(box, "Window")) == 1


def test_the_first_steps_are_resumed_where_they_were_left_and_end_once(box: Appliance) -> None:
    assert first_run.state(box) == first_run.FirstRun("business", False)
    assert first_run.pass_step(box, "business", NOW, OLIVIA) == "place"
    assert first_run.pass_step(box, "place", NOW, OLIVIA) == "hours"
    first_run.pass_step(box, "business", NOW, OLIVIA)  # gone back
    assert first_run.state(box).step == "hours"
    first_run.finish(box, NOW, OLIVIA)
    first_run.pass_step(box, "hours", NOW, OLIVIA)
    assert first_run.state(box) == first_run.FirstRun("done", True)


def test_the_quick_tables_replace_those_there_are(box: Appliance) -> None:
    places = [Place(f"Table {number}", max_party=2) for number in (1, 2, 3)]
    assert first_run.replace_resources(box, places, NOW, OLIVIA) == 3
    assert names(box) == {"Table 1", "Table 2", "Table 3"}


def test_the_quick_tables_do_not_replace_one_with_a_booking(box: Appliance) -> None:
    books(box)
    with pytest.raises(Conflict, match="resources_in_use"):
        first_run.replace_resources(box, [Place("Bar")], NOW, OLIVIA)
    assert names(box) == {"Table 1", "Table 2"}
