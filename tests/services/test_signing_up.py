"""Cases 8 and 9: the sign-up page, your place, changing one's mind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.conftest import at
from tests.story import Story
from waitlist_appliance.domain.errors import Conflict, Invalid, NotFound
from waitlist_appliance.services.change_wishes import Contact, change, reopen
from waitlist_appliance.services.entry_page import EntryPage, entry_page
from waitlist_appliance.services.leave_waitlist import leave
from waitlist_appliance.services.register_entry import RegisterRequest, register


def places_of(page: EntryPage) -> list[int | None]:
    return [time.position for time in page.times if time.selected]


def test_two_tabs_make_one_registration_and_see_the_same_place(story: Story) -> None:  # case 8
    story.full("19:30")
    story.in_line("Bruno")
    story.caller("Ana")
    pages = [story.signs_up("Ana"), story.signs_up("Ana")]
    assert [places_of(page) for page in pages] == [[2], [2]]
    story.passes()
    assert story.told("Ana") == ["joined"]


@pytest.mark.parametrize("token", ["wl_AAAAAAAAAAAAAAAAAAAAAA", "", "wl_", "' OR 1=1", "x" * 5000, "wl_é"])
def test_an_unknown_or_malformed_link_is_gone(story: Story, token: str) -> None:  # case 8
    with pytest.raises(NotFound, match="token_gone"):
        entry_page(story.box, token, story.now)


def test_an_outdated_link_looks_like_one_that_never_was(story: Story) -> None:  # case 8
    story.full("19:30")
    story.in_line("Ana")
    token = story.joined["Ana", "19:30"].token
    story.until("19:31", "2026-01-17")
    with pytest.raises(NotFound, match="token_gone"):
        entry_page(story.box, token, story.now)


def test_a_used_link_shows_your_place(story: Story) -> None:  # case 8
    story.full("19:30")
    story.in_line("Ana")
    page = entry_page(story.box, story.joined["Ana", "19:30"].token, story.now)
    assert (page.registered, places_of(page)) == (True, [1])


def test_looking_at_the_page_changes_nothing(story: Story) -> None:  # case 8
    story.full("19:30")
    story.caller("Ana")
    before = story.box.db.tuples("SELECT total_changes()")
    entry_page(story.box, story.joined["Ana", "19:30"].token, story.now)
    assert story.box.db.tuples("SELECT total_changes()") == before


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"first_name": " "}, "first_name"), ({"party_size": None}, "party_size"), ({"party_size": 51}, "party_size"),
        ({"consent": False}, "consent"), ({"selected": ()}, "selected_slots"), ({"phone": "12"}, "phone"),
        ({"selected": (at("16:45"),)}, "selected_slots"), ({"phone": "910000111"}, "phone"),
    ],
)  # fmt: skip
def test_a_form_that_is_wrong_names_the_field_and_stores_nothing(
    story: Story, wrong: dict[str, object], field: str
) -> None:
    story.full("19:30")
    joined = story.caller("Ana")
    good = RegisterRequest("Ana", "Pérez", "600000001", None, 2, (at("19:30"),), consent=True)
    with pytest.raises(Invalid) as refused:
        register(story.box, joined.token, replace(good, **wrong), story.now)  # type: ignore[arg-type]
    assert refused.value.field == field
    assert (story.status("Ana"), story.wishes("Ana")) == ("invited", {"19:30": "proposed"})


def test_only_ticked_times_become_wishes(story: Story) -> None:
    story.full("19:30", "20:30", "21:30")
    story.caller("Ana")
    story.signs_up("Ana", "20:30", "21:30")
    assert story.wishes("Ana") == {"19:30": "withdrawn", "20:30": "live", "21:30": "live"}
    assert story.slot("19:30").status == "cancelled"


def test_ticking_only_what_another_entry_waits_for_is_refused(story: Story) -> None:
    story.full("19:30", "21:30")
    story.waits("Ana", "19:30", "20:00")
    story.caller("Ana", "21:30", alternatives=(at("20:00"),))
    with pytest.raises(Invalid, match="no_times_selected"):
        story.signs_up("Ana", "20:00", first="21:30")


def test_changing_wishes_later_keeps_the_place_in_line(story: Story) -> None:  # case 9
    story.full("19:30", "21:30")
    story.caller("Ana", alternatives=(at("21:30"),))
    story.signs_up("Ana")
    story.waits("Bruno", "19:30", "21:30")
    change(story.box, story.joined["Ana", "19:30"].token, (at("19:30"), at("21:30")), None, None, story.now)
    story.frees("21:30")
    story.passes()
    assert story.asked() == [("Ana", "live")]


def test_correcting_the_party_keeps_the_place_and_changes_the_table(story: Story) -> None:  # case 9
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    token = story.joined["Ana", "19:30"].token
    change(story.box, token, (at("19:30"),), None, Contact(party_size=4), story.now)
    story.frees("19:30", "Table 1")
    story.frees("19:30", "Table 2")
    assert (story.asked_for("Ana"), story.asked_for("Bruno")) == ([("19:30", "Table 2")], [("19:30", "Table 1")])


def test_leaving_while_asked_ends_the_offer_and_asks_the_next(asked: Story) -> None:  # case 9
    leave(asked.box, asked.joined["Ana", "19:30"].token, asked.now)
    assert asked.asked() == [("Ana", "withdrawn"), ("Bruno", "live")]
    assert asked.status("Ana") == "cancelled"


def test_leaving_twice_is_fine(asked: Story) -> None:  # case 9
    token = asked.joined["Ana", "19:30"].token
    leave(asked.box, token, asked.now)
    leave(asked.box, token, asked.now)
    asked.passes()
    assert asked.told("Ana").count("left") == 1


def test_an_entry_with_a_live_offer_cannot_be_reopened(asked: Story) -> None:
    with pytest.raises(Conflict, match="entry_over"):
        reopen(asked.box, asked.joined["Ana", "19:30"].token, asked.now)
    assert asked.status("Ana") == "notified"


def test_an_expired_entry_comes_back_by_its_page_at_the_end_of_the_line(story: Story) -> None:
    story.policy(silences_limit=1)
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    story.frees()
    story.passes()
    story.passes(minutes=16)
    page = reopen(story.box, story.joined["Ana", "19:30"].token, story.now)
    assert (story.status("Ana"), places_of(page)) == ("waiting", [2])
