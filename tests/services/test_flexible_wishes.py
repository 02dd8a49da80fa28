"""Case 63: a flexible wish expands into its times; the first that frees is offered, the others end with the yes."""

from __future__ import annotations

import pytest

from tests.conftest import at
from tests.story import Story
from waitlist_appliance.domain.errors import Invalid
from waitlist_appliance.services.change_wishes import change

AFTERNOON: dict[str, object] = {"dates": ["2026-01-16"], "from_time": "15:00", "to_time": "18:00"}
TIMES = ["15:00", "15:30", "16:00", "16:30"]


def flexible_ana(story: Story) -> None:
    """All is taken from 15:00 on; Ana asked for 19:30 and wishes for any time of that afternoon instead."""
    story.full("15:00", "16:30", "18:00", "19:30")
    story.caller("Ana")
    story.signs_up("Ana", flexible=AFTERNOON)


def live(story: Story) -> list[str]:
    return sorted(time for time, state in story.wishes("Ana").items() if state == "live")


def test_a_flexible_wish_becomes_its_times(story: Story) -> None:
    flexible_ana(story)
    assert live(story)[0] == "15:00"
    assert set(TIMES) <= set(live(story))
    assert story.wishes("Ana")["19:30"] == "withdrawn"


def test_the_first_of_its_times_that_frees_is_offered_once(story: Story) -> None:
    flexible_ana(story)
    story.frees("16:30")
    story.passes()
    assert (story.asked(), story.asked_for("Ana")) == ([("Ana", "live")], [("16:30", "Table 1")])


def test_its_other_times_end_with_the_yes(story: Story) -> None:
    flexible_ana(story)
    story.frees("16:30")
    story.passes()
    story.yes("Ana")
    story.passes()
    assert (live(story), story.wishes("Ana")["16:30"]) == ([], "fulfilled")
    assert {story.slot(time).status.value for time in TIMES[:3]} == {"cancelled"}
    assert all(story.slot(time).next_check_at is None for time in TIMES)


def test_its_other_times_live_on_after_a_no(story: Story) -> None:
    flexible_ana(story)
    story.frees("16:30")
    story.passes()
    story.no("Ana")
    assert "15:00" in live(story)
    assert story.status("Ana") in ("waiting", "notified")


def test_a_wanted_person_goes_with_every_time_of_it(story: Story) -> None:
    story.add_resource("Marta", 10, kind="staff")
    story.full("15:00", "16:30", "18:00", "19:30")
    story.caller("Ana")
    story.signs_up("Ana", flexible=AFTERNOON | {"resource": "Marta"})
    story.frees("16:30", "Table 1")
    story.passes()
    assert story.asked() == []
    story.frees("16:30", "Marta")
    story.passes()
    assert story.asked_for("Ana") == [("16:30", "Marta")]


def test_a_flexible_wish_may_be_added_later_and_keeps_the_place(story: Story) -> None:
    story.full("15:00", "16:30", "18:00", "19:30")
    story.in_line("Ana")
    story.waits("Bruno", "16:30")
    change(story.box, story.joined["Ana", "19:30"].token, (at("19:30"),), AFTERNOON, None, story.now)
    story.frees("16:30")
    story.passes()
    assert story.asked() == [("Ana", "live")]


def test_a_flexible_wish_without_any_time_is_refused(story: Story) -> None:
    story.full("19:30")
    story.caller("Ana")
    with pytest.raises(Invalid) as refused:
        story.signs_up("Ana", flexible={"dates": ["2026-01-14"]})
    assert refused.value.field is not None
    assert story.status("Ana") == "invited"


def test_where_the_owner_wants_no_flexible_wishes_they_count_for_nothing(story: Story) -> None:
    story.policy(flexible_wishes=False)
    story.full("19:30")
    story.caller("Ana")
    with pytest.raises(Invalid, match="no_times_selected"):
        story.signs_up("Ana", flexible=AFTERNOON)
