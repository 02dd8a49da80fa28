"""Case 29: silence ends an offer at its deadline, and never twice for one opening."""

from __future__ import annotations

from datetime import timedelta

from tests.story import Story
from waitlist_appliance.services.change_wishes import reopen
from waitlist_appliance.services.expire_offers import expire_due


def test_an_offer_is_live_until_the_very_deadline(asked: Story) -> None:  # case 29
    deadline = asked.offer("Ana").deadline_at
    assert deadline is not None
    assert expire_due(asked.box, deadline - timedelta(milliseconds=1)) == 0
    assert expire_due(asked.box, deadline) == 1


def test_now_equal_to_the_deadline_counts_as_expired_for_a_yes_too(asked: Story) -> None:  # case 29
    deadline = asked.offer("Ana").deadline_at
    assert deadline is not None
    asked.now = deadline
    assert asked.yes("Ana").outcome == "lost"  # Bruno waits, and comes first now
    assert asked.asked() == [("Ana", "expired"), ("Bruno", "live")]


def test_after_silence_the_next_is_asked_in_the_same_pass(asked: Story) -> None:  # case 29
    asked.passes(minutes=15)
    assert asked.asked() == [("Ana", "expired"), ("Bruno", "live")]
    assert asked.told("Bruno")[-1] == "offer"


def test_the_silent_person_goes_behind_the_others(asked: Story) -> None:  # case 29
    asked.passes(minutes=15)
    rounds = dict(
        asked.box.db.tuples("SELECT c.first_name, w.round FROM wish w JOIN customer c ON c.id = w.customer_id")
    )
    assert rounds == {"Ana": 1, "Bruno": 0, "Chloé": 0}
    assert asked.status("Ana") == "waiting"


def test_nobody_is_asked_twice_for_one_opening(asked: Story) -> None:  # case 29
    asked.ticks(120, step=5)
    assert asked.asked() == [("Ana", "expired"), ("Bruno", "expired"), ("Chloé", "expired")]
    assert asked.openings() == [("Table 1", "exhausted")]


def test_who_was_silent_is_asked_again_for_another_opening_after_the_others(asked: Story) -> None:  # case 29
    asked.passes(minutes=15)
    asked.frees("19:30", "Table 2")
    asked.passes()
    assert asked.asked()[-1] == ("Chloé", "live")
    asked.no("Chloé")
    asked.passes()
    assert asked.asked_for("Ana") == [("19:30", "Table 1"), ("19:30", "Table 2")]


def silent(story: Story, times: int) -> None:
    """One freed table after another is offered to Ana, who is alone and never answers."""
    for _ in range(times):
        story.frees()
        story.passes()
        story.passes(minutes=16)
        story.takes("19:30")


def test_three_silences_in_a_row_end_the_entry(story: Story) -> None:  # case 29
    story.full("19:30")
    story.in_line("Ana")
    silent(story, 2)
    assert (story.status("Ana"), len(story.offers("Ana"))) == ("waiting", 2)
    silent(story, 1)
    assert (story.status("Ana"), story.told("Ana")[-1]) == ("expired", "expired")


def test_two_silences_and_an_answer_are_no_row_of_three(story: Story) -> None:  # case 29
    story.full("19:30", "21:30")
    story.waits("Ana", "19:30", "21:30")
    story.policy(offers_per_day=10)
    for time in ("19:30", "21:30"):
        story.frees(time)
        story.passes()
        story.passes(minutes=16)
    story.frees("21:30", "Table 2")
    story.passes()
    story.no("Ana")
    assert (story.entry("Ana").silences, story.status("Ana")) == (0, "waiting")


def test_with_the_limit_at_one_the_first_silence_ends_the_entry(asked: Story) -> None:  # case 29
    asked.policy(silences_limit=1)
    asked.passes(minutes=15)
    assert asked.status("Ana") == "expired"


def test_an_entry_expired_by_silence_can_be_reopened_at_the_end_of_the_line(asked: Story) -> None:  # case 29
    asked.policy(silences_limit=1)
    asked.passes(minutes=15)
    page = reopen(asked.box, asked.joined["Ana", "19:30"].token, asked.now)
    assert page.entry.status == "waiting"
    assert [time.position for time in page.times if time.wanted] == [3]


def test_a_reopened_entry_is_not_asked_again_for_the_same_opening(asked: Story) -> None:  # case 29
    asked.policy(silences_limit=1)
    asked.passes(minutes=15)
    reopen(asked.box, asked.joined["Ana", "19:30"].token, asked.now)
    asked.ticks(60, step=5)
    assert asked.asked() == [("Ana", "expired"), ("Bruno", "expired"), ("Chloé", "expired")]
