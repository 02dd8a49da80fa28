"""What staff may do that callers may not when they book: short notice, and correcting who it is."""

from __future__ import annotations

import pytest

from tests.conftest import at
from tests.story import OLIVIA, Story
from waitlist_appliance.domain.errors import Conflict
from waitlist_appliance.services.appliance import VOICE_AGENT
from waitlist_appliance.services.book import BookRequest, book


def booked_by_staff(story: Story, name: str, time: str = "19:30", email: str | None = None) -> None:
    asked = BookRequest(at(time), name, story.phone("Ana"), email=email, party_size=2, source="manual")
    book(story.box, asked, story.now, OLIVIA)


def person(story: Story) -> tuple[str | None, str | None, str | None]:
    [found] = story.box.db.tuples("SELECT first_name, last_name, email FROM customer")
    return found


def short_notice(story: Story) -> None:
    """A booking wants two hours of notice, and it is 18:30."""
    story.box.db.execute("UPDATE availability_rule SET min_notice_minutes = 120")
    story.now = at("18:30")


def test_staff_book_inside_the_shortest_notice(story: Story) -> None:
    short_notice(story)
    booked_by_staff(story, "Ana")
    assert len(story.bookings("Ana")) == 1


def test_a_voice_agent_does_not(story: Story) -> None:
    short_notice(story)
    with pytest.raises(Conflict, match="notice_too_short"):
        story.books("Ana")


def test_a_name_and_an_email_typed_by_staff_correct_the_customer(story: Story) -> None:
    booked_by_staff(story, "Ana Pérez", "13:00", "a@b.es")
    booked_by_staff(story, "Bruno", "19:30", "bruno@b.es")
    assert person(story) == ("Bruno", None, "bruno@b.es")


@pytest.mark.parametrize("typed", ["Ana", "ana pérez", "Ana Pérez"])
def test_a_first_name_alone_and_no_email_take_nothing_away(story: Story, typed: str) -> None:
    booked_by_staff(story, "Ana Pérez", "13:00", "a@b.es")
    booked_by_staff(story, typed)
    assert person(story) == ("Ana", "Pérez", "a@b.es")


def test_what_a_voice_agent_heard_changes_nothing(story: Story) -> None:
    booked_by_staff(story, "Ana Pérez", "13:00", "a@b.es")
    asked = BookRequest(at("19:30"), "Anna Peres", story.phone("Ana"), email="x@y.es", party_size=2)
    book(story.box, asked, story.now, VOICE_AGENT)
    assert person(story) == ("Ana", "Pérez", "a@b.es")
