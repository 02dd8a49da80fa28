"""Cases 17, 19, 21 and 22: which table, whose line, and what a hold costs."""

from __future__ import annotations

from tests.conftest import at
from tests.story import Story
from waitlist_appliance.services.availability import FreeTimes, free_times
from waitlist_appliance.services.settle import look_everywhere


def staffed(story: Story) -> None:
    """Marta and Luis both give the service; the tables are taken all evening."""
    story.add_resource("Marta", 10, kind="staff")
    story.add_resource("Luis", 10, kind="staff")
    story.full("19:30")


def test_a_hold_costs_one_table_not_all_of_them(story: Story) -> None:  # case 17
    story.full("19:30")
    story.in_line("Ana")
    story.frees("19:30", "Table 1")
    story.frees("19:30", "Table 2")
    story.passes()
    free = free_times(story.box, FreeTimes(at("19:30"), at("20:00")), story.now)
    assert [time.resource.name for time in free] == ["Table 2"]


def test_the_earliest_over_overlapping_times_gets_the_table_and_both_are_blocked(story: Story) -> None:  # case 19
    story.full("19:30", "21:00")
    story.waits("Ana", "20:00")
    story.waits("Bruno", "19:30")
    story.frees("21:00")
    story.frees("19:30")
    story.passes()
    assert story.asked() == [("Ana", "live")]
    assert (story.slot("19:30").status, story.occupied()) == ("available", 1)


def test_the_earliest_over_overlapping_times_is_asked_when_offers_are_resumed(story: Story) -> None:  # case 19
    story.policy(offers="paused")
    story.full("19:30", "21:00")
    story.waits("Ana", "20:00")
    story.waits("Bruno", "19:30")
    story.frees("21:00")
    story.frees("19:30")
    story.policy(offers="automatic")
    story.passes()
    assert story.asked() == [("Ana", "live")]


def test_a_booked_time_closes_the_overlapping_ones_too(story: Story) -> None:  # case 19
    story.full("19:30", "21:00")
    story.waits("Ana", "20:00")
    story.waits("Bruno", "19:30")
    story.frees("21:00")
    story.frees("19:30")
    story.passes()
    story.yes("Ana")
    story.passes()
    assert (story.slot("19:30").status, story.slot("20:00").status) == ("monitoring", "filled")


def test_after_a_no_the_overlapping_time_goes_to_the_next_over_both(story: Story) -> None:  # case 19
    story.full("19:30", "21:00")
    story.waits("Ana", "20:00")
    story.waits("Bruno", "19:30")
    story.frees("21:00")
    story.frees("19:30")
    story.passes()
    story.no("Ana")
    story.passes()
    assert story.asked() == [("Ana", "declined"), ("Bruno", "live")]


def test_a_party_of_four_is_never_asked_for_a_table_of_two(story: Story) -> None:  # case 21
    story.full("19:30")
    story.waits("Ana", party=4)
    story.waits("Bruno", party=2)
    story.frees("19:30", "Table 1")
    story.passes()
    assert story.asked() == [("Bruno", "live")]


def test_a_table_far_too_large_is_not_offered(story: Story) -> None:  # case 21
    story.add_resource("Salón", 12)
    story.full("19:30")
    story.waits("Ana", party=2)
    story.waits("Bruno", party=8)
    story.frees("19:30", "Salón")
    story.passes()
    assert story.asked() == [("Bruno", "live")]


def test_the_smallest_fitting_table_goes_first(story: Story) -> None:  # case 21
    story.policy(offers="paused")
    story.full("19:30")
    story.waits("Ana", party=2)
    story.frees("19:30", "Table 2")
    story.frees("19:30", "Table 1")
    story.policy(offers="automatic")
    story.passes()
    assert story.asked_for("Ana") == [("19:30", "Table 1")]


def test_a_wanted_zone_is_kept_to(story: Story) -> None:  # case 21
    story.full("19:30")
    story.waits("Ana", zone="Terraza")
    story.frees("19:30", "Table 1")
    assert story.asked() == []
    story.frees("19:30", "Table 2")
    assert story.asked_for("Ana") == [("19:30", "Table 2")]


def test_who_wants_marta_is_not_asked_for_luis(story: Story) -> None:  # case 22
    staffed(story)
    story.waits("Ana", resource="Marta")
    story.waits("Bruno")
    story.frees("19:30", "Luis")
    story.passes()
    assert story.asked() == [("Bruno", "live")]
    story.frees("19:30", "Marta")
    story.passes()
    assert story.asked_for("Ana") == [("19:30", "Marta")]


def test_the_line_moves_on_when_an_offer_of_any_expires(story: Story) -> None:  # case 22
    staffed(story)
    story.waits("Ana")
    story.waits("Bruno", resource="Luis")
    story.waits("Chloé")
    story.frees("19:30", "Marta")
    story.passes()
    story.passes(minutes=15)
    assert story.asked() == [("Ana", "expired"), ("Chloé", "live")]


def test_a_resource_that_is_gone_is_not_offered_any_more(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    story.frees()
    story.passes()
    story.box.db.execute("UPDATE resource SET active = 0 WHERE name = 'Table 1'")
    look_everywhere(story.box, story.now)
    story.passes()
    assert (story.asked(), story.occupied()) == ([("Ana", "withdrawn")], 0)
    assert story.told("Ana")[-1] == "offer_lost"
