"""Case 60: "why was Ana not offered 19:30?" has an answer for every entry and time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import at
from tests.story import Story
from waitlist_appliance.domain.errors import NotFound
from waitlist_appliance.services.explain import Why, why
from waitlist_appliance.services.leave_waitlist import leave
from waitlist_appliance.services.sync_calendar import sync
from waitlist_appliance.texts.reasons import SENTENCES, why_not


def reason(story: Story, name: str = "Ana", time: str = "19:30") -> Why:
    found = [answer for entry in story.entries(name) for answer in why(story.box, entry.public_id, story.now)]
    return next(answer for answer in found if answer.starts_at == at(time))


def full_and(story: Story, *names: str, party: int = 2, **asked: object) -> None:
    story.full("19:30")
    for name in names:
        story.waits(name, party=party, **asked)


def not_registered(story: Story) -> None:
    story.full("19:30")
    story.caller("Ana")


def nothing_free(story: Story) -> None:
    full_and(story, "Ana")


def offered_now(story: Story) -> None:
    full_and(story, "Ana")
    story.frees()


def approve_each(story: Story) -> None:
    story.policy(offers="approve_each")
    offered_now(story)


def reserved_for_other(story: Story) -> None:
    full_and(story, "Bruno", "Ana")
    story.frees()


def party_too_big(story: Story) -> None:
    full_and(story, "Ana", party=4)
    story.frees()


def party_too_small(story: Story) -> None:
    story.add_resource("Table 9", 9)
    full_and(story, "Ana")
    story.frees("19:30", "Table 9")


def wants_other_resource(story: Story) -> None:
    full_and(story, "Ana", resource="Table 2")
    story.frees()


def wants_other_zone(story: Story) -> None:
    full_and(story, "Ana", zone="Terraza")
    story.frees()


def cannot_be_contacted(story: Story) -> None:
    full_and(story, "Ana")
    story.replies("Ana", "STOP")
    story.frees()


def capped(story: Story) -> None:
    story.full("21:30")
    story.policy(offers_per_day=1)
    full_and(story, "Ana")
    story.waits("Ana", "21:30")
    story.frees("21:30")
    story.passes()
    story.no("Ana")
    story.frees()


def live_offer(story: Story) -> None:
    story.full("21:30")
    full_and(story, "Ana")
    story.waits("Ana", "21:30")
    story.frees("21:30")
    story.frees()


def pending_booking(story: Story) -> None:
    full_and(story, "Ana")
    story.books("Ana", "13:00")
    story.frees()


def already_offered(story: Story) -> None:
    full_and(story, "Ana")
    story.frees()
    story.passes()
    story.passes(minutes=16)


def paused(story: Story) -> None:
    story.policy(offers="paused")
    full_and(story, "Ana")
    story.frees()


def manual(story: Story) -> None:
    story.policy(offers="manual")
    full_and(story, "Ana")
    story.frees()


def calendar_stale(story: Story) -> None:
    full_and(story, "Ana")
    story.box.db.execute("DELETE FROM event")
    story.calendar_fails("read")
    sync(story.box, 1, story.now)


def quiet_hours(story: Story) -> None:
    full_and(story, "Ana")
    story.policy(quiet_from="10:00", quiet_to="09:00")
    story.until("18:00")
    story.frees()


def cut_off_passed(story: Story) -> None:
    full_and(story, "Ana")
    story.now = at("18:56")
    story.frees()


def wish_declined(story: Story) -> None:
    full_and(story, "Ana")
    story.frees()
    story.passes()
    story.no("Ana")


def wish_over(story: Story) -> None:
    full_and(story, "Ana")
    story.frees()
    story.passes()
    story.yes("Ana")


def entry_over(story: Story) -> None:
    full_and(story, "Ana")
    leave(story.box, story.joined["Ana", "19:30"].token, story.now)


def behind_in_line(story: Story) -> None:
    """A table came free that nobody has looked at yet: the line is asked in its order at the next look."""
    full_and(story, "Bruno", "Ana")
    story.box.db.execute("DELETE FROM event WHERE resource_id = 1")


SITUATIONS: list[Callable[[Story], None]] = [
    not_registered, nothing_free, offered_now, approve_each, reserved_for_other, party_too_big, party_too_small,
    wants_other_resource, wants_other_zone, cannot_be_contacted, capped, live_offer, pending_booking, already_offered,
    paused, manual, calendar_stale, quiet_hours, cut_off_passed, wish_declined, wish_over, entry_over, behind_in_line,
]  # fmt: skip


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.__name__)
def test_every_situation_has_its_own_answer(story: Story, situation: Callable[[Story], None]) -> None:
    situation(story)
    assert reason(story).answer_code == situation.__name__


def test_every_sentence_has_a_situation_that_leads_to_it() -> None:
    assert {situation.__name__ for situation in SITUATIONS} == set(SENTENCES)


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.__name__)
def test_everybody_has_an_answer_in_words_for_every_time(story: Story, situation: Callable[[Story], None]) -> None:
    story.noise()
    situation(story)
    for (entry,) in story.box.db.tuples("SELECT public_id FROM entry"):
        answers = why(story.box, entry, story.now)
        assert answers
        assert all(why_not(answer.answer_code, locale) for answer in answers for locale in ("en", "es", "fr"))


def test_the_answer_names_the_table_it_is_about(story: Story) -> None:
    party_too_big(story)
    assert reason(story).resource_name == "Table 1"


def test_the_answer_tells_which_offers_there_were(story: Story) -> None:
    already_offered(story)
    assert reason(story).detail["offers"] == [{"state": "expired", "reason": "silence"}]


def test_explaining_changes_nothing(story: Story) -> None:
    reserved_for_other(story)
    before = story.box.db.value("SELECT total_changes()")
    reason(story)
    assert story.box.db.value("SELECT total_changes()") == before


def test_an_unknown_entry_is_not_found(story: Story) -> None:
    with pytest.raises(NotFound):
        why(story.box, "nobody", story.now)
