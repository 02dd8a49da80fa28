"""Case 64: what a yes ends, and what it leaves alone."""

from __future__ import annotations

from datetime import timedelta

from tests.conftest import at
from tests.story import OLIVIA, Story
from waitlist_appliance.services.appliance import VOICE_AGENT
from waitlist_appliance.services.edit_events import add_event
from waitlist_appliance.services.join_waitlist import JoinRequest, join


def waits_on_saturday(story: Story) -> str:
    """Ana waits for the same time the day after, by an entry of its own; its public id."""
    start = at("19:30", "2026-01-17")
    for table in story.tables():
        add_event(story.box, "Reserva", start, start + timedelta(minutes=90), table, story.now, OLIVIA)
    request = JoinRequest(start, story.phone("Ana"), first_name="Ana", registered=True, party_size=2, consent=True)
    return join(story.box, request, story.now, VOICE_AGENT).entry.public_id


def asked_over_three_entries(story: Story) -> tuple[str, str, str]:
    """Ana waits for 19:30 (or 22:00), by another entry for 13:00, by a third for Saturday; 19:30 is offered to her."""
    story.full("13:00", "19:30", "22:00")
    story.waits("Ana", "19:30", "22:00")
    story.waits("Ana", "13:00")
    first, second = (entry.public_id for entry in story.entries("Ana"))
    third = waits_on_saturday(story)
    story.frees("19:30")
    story.passes()
    return first, second, third


def status_of(story: Story, public_id: str) -> str:
    return next(entry.status.value for entry in story.entries("Ana") if entry.public_id == public_id)


def test_a_yes_ends_the_other_wishes_of_that_day_and_leaves_other_days(story: Story) -> None:
    first, second, third = asked_over_three_entries(story)
    story.yes("Ana")
    story.passes()
    assert [status_of(story, entry) for entry in (first, second, third)] == ["confirmed", "cancelled", "waiting"]
    assert {story.slot(time).status.value for time in ("13:00", "22:00")} == {"cancelled"}


def test_the_last_message_tells_that_the_other_wishes_have_ended(story: Story) -> None:
    asked_over_three_entries(story)
    story.yes("Ana")
    story.passes()
    assert story.told("Ana").count("confirmed") == 1
    [confirmed] = [message for message in story.messages("Ana") if message.kind == "confirmed"]
    assert '"others_ended": true' in confirmed.facts


def test_a_no_ends_nothing_but_the_refused_time(story: Story) -> None:
    first, second, third = asked_over_three_entries(story)
    story.no("Ana")
    story.passes()
    assert [status_of(story, entry) for entry in (first, second, third)] == ["waiting", "waiting", "waiting"]
    assert story.wishes("Ana")["22:00"] == "live"


def test_a_no_to_the_only_wish_ends_the_entry(asked: Story) -> None:
    asked.no("Ana")
    assert (asked.status("Ana"), asked.wishes("Ana")) == ("declined", {"19:30": "declined"})


def test_a_yes_ends_nobody_elses_wishes(asked: Story) -> None:
    asked.yes("Ana")
    asked.passes()
    assert [asked.status(name) for name in ("Bruno", "Chloé")] == ["waiting", "waiting"]
    assert asked.slot().status == "monitoring"


def test_a_yes_ends_an_invitation_of_the_same_day(story: Story) -> None:
    story.full("13:00", "19:30")
    story.caller("Ana", "13:00")
    story.waits("Ana", "19:30")
    story.frees("19:30")
    story.passes()
    story.yes("Ana")
    story.passes(minutes=30)
    assert [entry.status for entry in story.entries("Ana")] == ["cancelled", "confirmed"]
    assert "join_nudge" not in story.told("Ana")
