"""Case 24: who had enough offers or messages today is skipped, with that reason."""

from __future__ import annotations

from tests.conftest import at
from tests.story import Story
from waitlist_appliance.services.availability import FreeTimes, free_times
from waitlist_appliance.services.explain import why


def capped_ana(story: Story) -> None:
    """Ana has had her one offer of today, for 13:00, and still waits for 19:30 before Bruno."""
    story.policy(offers_per_day=1)
    story.full("13:00", "19:30")
    story.waits("Ana", "13:00", "19:30")
    story.waits("Bruno", "19:30")
    story.frees("13:00")
    story.passes()
    story.no("Ana")


def reason(story: Story, name: str, time: str = "19:30") -> str:
    answers = why(story.box, story.entry(name).public_id, story.now)
    return next(answer.answer_code for answer in answers if answer.starts_at == at(time))


def test_who_had_the_offers_of_the_day_is_skipped_with_that_reason(story: Story) -> None:
    capped_ana(story)
    story.frees("19:30")
    story.passes()
    assert story.asked() == [("Ana", "declined"), ("Bruno", "live")]
    assert '"capped"' in story.box.db.value("SELECT skipped FROM opening WHERE state = 'held'")
    story.no("Bruno")
    assert reason(story, "Ana") == "capped"


def test_a_capped_person_reserves_nothing(story: Story) -> None:
    capped_ana(story)
    story.frees("19:30")
    story.no("Bruno")
    free = free_times(story.box, FreeTimes(at("19:30"), at("20:00")), story.now)
    assert [time.resource.name for time in free] == ["Table 1"]


def test_the_next_day_the_cap_is_over_and_the_open_time_is_offered(story: Story) -> None:
    capped_ana(story)
    story.frees("19:30")
    story.no("Bruno")
    story.until("00:30")
    story.until("08:00")
    assert story.asked()[-1] == ("Ana", "live")


def test_messages_count_too_but_not_answers_to_ones_own_act(story: Story) -> None:
    story.policy(messages_per_day=1)
    story.full("13:00", "19:30")
    story.waits("Ana", "13:00", "19:30")
    story.replies("Ana", "¿Hola?")
    story.frees("13:00")
    story.passes()
    story.no("Ana")
    story.frees("19:30")
    story.passes()
    assert story.asked() == [("Ana", "declined")]
    assert reason(story, "Ana") == "capped"
