"""Case 58: names and phones of every kind are stored and shown correctly, in messages and in the calendar too."""

from __future__ import annotations

import pytest

from tests.conftest import at
from tests.story import PHONES, Story
from waitlist_appliance.services.appliance import VOICE_AGENT
from waitlist_appliance.services.book import BookRequest, book
from waitlist_appliance.services.cancel_booking import booking_page, ics
from waitlist_appliance.services.entry_page import entry_page
from waitlist_appliance.services.join_waitlist import JoinRequest, join
from waitlist_appliance.services.register_entry import RegisterRequest, register
from waitlist_appliance.storage import lists

NAMES = {
    "script": "<script>alert(1)</script>",
    "emoji": "Ana 🦊👩‍👩‍👧",
    "right to left": "محمد עומר",
    "three hundred": "Ana" * 100,
    "quotes": "O'Brien \"; DROP TABLE entry; --",
    "template": "{{ 7 * 7 }} {% raise %} %s {0}",
    "combining": "Zoë",
    "lines": "Ana\nBcc: x@example.com",
    "turned": "\u202eanA\u202c",
}


def whole_story(story: Story, name: str) -> str:
    """Somebody of this name joins, is offered a table, says yes; the token of their page."""
    story.full("19:30")
    joined = join(story.box, JoinRequest(at("19:30"), PHONES["Ana"], first_name=name), story.now, VOICE_AGENT)
    request = RegisterRequest(name, name, PHONES["Ana"], "ana@example.com", 2, (at("19:30"),), consent=True)
    register(story.box, joined.token, request, story.now)
    story.frees()
    story.passes()
    story.replies("Ana", "SI")
    story.passes()
    return joined.token


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_strange_name_goes_through_the_whole_story(story: Story, name: str) -> None:
    token = whole_story(story, name)
    page = entry_page(story.box, token, story.now)
    assert (page.entry.first_name, page.entry.last_name) == (name.strip(), name.strip())
    assert story.bookings()[0].status == "confirmed"
    assert {message.state for message in story.messages("Ana")} <= {"sent", "dropped"}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_strange_name_is_shown_as_it_is_in_the_lists_and_the_calendar(story: Story, name: str) -> None:
    whole_story(story, name)
    assert name in lists.bookings_list(story.box.db)[0].customer_name
    in_one_line = " ".join(name.split())
    assert in_one_line in next(title for title in story.calendar() if not title.startswith("Reserva"))


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_strange_name_takes_over_no_message(story: Story, name: str) -> None:
    whole_story(story, name)
    for message in story.messages("Ana"):
        assert len(message.body or "") < 1600
        assert "49" not in (message.body or "").split()
        assert "\n" not in (message.subject or "")
    texts = story.box.db.tuples("SELECT body FROM simulated_message WHERE channel = 'email'")
    assert not any("\u202e" in body for (body,) in texts)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_booking_of_a_strange_name_has_a_page_and_a_calendar_file(story: Story, name: str) -> None:
    booked = book(story.box, BookRequest(at("19:30"), name, PHONES["Ana"], party_size=2), story.now, VOICE_AGENT)
    story.passes()
    assert booking_page(story.box, booked.token, story.now).code == booked.booking.code
    assert ics(story.box, booked.token, story.now).startswith(b"BEGIN:VCALENDAR")


@pytest.mark.parametrize(
    "phone",
    ["６００００００01", "＋３４６００００００01", "٦٠٠٠٠٠٠٠١", "600 000 001", "0034-600.000.001", "(+34) 600 000 001"],
)
def test_a_phone_in_any_digits_is_the_same_person(story: Story, phone: str) -> None:
    story.full("19:30")
    joined = join(story.box, JoinRequest(at("19:30"), phone, first_name="Ana"), story.now, VOICE_AGENT)
    again = join(story.box, JoinRequest(at("19:30"), PHONES["Ana"]), story.now, VOICE_AGENT)
    assert (joined.created, again.created) == (True, False)
    story.passes()
    assert story.told("Ana") == ["join_link"]
