"""Cases 27, 31 and 33: a yes in time, a yes twice, and a link that is only looked at."""

from __future__ import annotations

from tests.conftest import at
from tests.story import Story
from waitlist_appliance.services.entry_page import entry_page
from waitlist_appliance.services.offer_page import accept, offer_page

TABLES = ("entry", "wish", "offer", "booking", "message", "occupancy", "opening", "hold", "calendar_write", "activity")


def everything(story: Story) -> dict[str, object]:
    """All rows of the tables that a decision could touch."""
    return {table: story.box.db.tuples(f"SELECT * FROM {table} ORDER BY id") for table in TABLES}


def offer_token(story: Story, name: str) -> str:
    return story.box.token("offer", story.offer(name).id, story.now)


def test_a_yes_in_time_makes_one_booking_and_one_calendar_event(asked: Story) -> None:  # case 27
    assert asked.yes("Ana").outcome == "accepted"
    asked.passes()
    [booking] = asked.bookings("Ana")
    assert (booking.status, booking.starts_at) == ("confirmed", at("19:30"))
    assert sorted(asked.calendar()) == ["Ana Pérez · 2", "Reserva Table 2"]


def test_the_last_message_after_a_yes_carries_the_confirmation_code(asked: Story) -> None:  # case 27
    asked.yes("Ana")
    asked.passes()
    assert asked.told("Ana")[-1] == "confirmed"
    assert asked.bookings("Ana")[0].code in asked.said("Ana")[-1]


def test_a_yes_ends_the_same_persons_other_wishes_of_that_day(story: Story) -> None:  # cases 27 and 64
    story.full("13:00", "19:30", "21:30")
    story.waits("Ana", "19:30", "21:30")
    story.waits("Ana", "13:00")
    story.frees()
    story.passes()
    story.yes("Ana")
    story.passes()
    assert story.wishes("Ana") == {"19:30": "fulfilled", "21:30": "withdrawn", "13:00": "withdrawn"}


def test_wishes_for_another_day_in_another_entry_live_on_after_a_yes(asked: Story) -> None:  # case 64
    other = asked.another_day("Ana", "2026-01-17")
    asked.yes("Ana")
    asked.passes()
    assert asked.box.db.value("SELECT status FROM entry WHERE id = ?", other.id) == "invited"


def test_the_others_in_line_hear_nothing_of_a_yes(asked: Story) -> None:  # case 27
    before = asked.told("Bruno")
    asked.yes("Ana")
    asked.passes()
    assert asked.told("Bruno") == before
    assert asked.asked() == [("Ana", "accepted")]


def test_a_yes_touches_nobody_elses_rows(story: Story) -> None:  # case 27, with noise
    story.noise()
    noise = story.noise_rows()
    story.full("19:30")
    story.in_line("Ana")
    story.frees()
    story.passes()
    story.yes("Ana")
    story.passes()
    assert story.noise_rows() == noise


def test_the_answer_is_given_before_any_calendar_is_asked(asked: Story) -> None:  # case 27
    asked.calendar_fails("both")
    answer = asked.yes("Ana")
    assert answer.outcome == "accepted"
    assert answer.booking is not None
    assert answer.booking.status == "pending"


def test_a_second_yes_by_page_is_told_it_is_done(asked: Story) -> None:  # case 31
    asked.yes("Ana")
    assert asked.yes("Ana").outcome == "already_accepted"
    asked.passes()
    assert asked.yes("Ana").outcome == "already_accepted"
    assert len(asked.bookings()) == 1


def test_a_yes_by_link_and_by_message_makes_one_booking(asked: Story) -> None:  # case 31
    token = offer_token(asked, "Ana")
    assert accept(asked.box, token, asked.now).state == "accepted"
    assert asked.replies("Ana", "SI").answered == "already_booked"
    asked.passes()
    assert len(asked.bookings()) == 1
    assert asked.calendar().count("Ana Pérez · 2") == 1


def test_a_yes_by_message_then_by_link_makes_one_booking(asked: Story) -> None:  # case 31
    assert asked.replies("Ana", "sí, gracias").answered is None
    asked.passes()
    page = accept(asked.box, offer_token(asked, "Ana"), asked.now)
    assert (page.state, page.code) == ("confirmed", asked.bookings()[0].code)
    assert len(asked.bookings()) == 1


def test_opening_the_yes_link_changes_nothing(asked: Story) -> None:  # case 33
    token = offer_token(asked, "Ana")
    before = everything(asked)
    for _ in range(3):
        assert offer_page(asked.box, token, asked.now).state == "live"
    assert everything(asked) == before


def test_opening_the_yes_link_after_the_deadline_changes_nothing(asked: Story) -> None:  # case 33
    token = offer_token(asked, "Ana")
    asked.ticks(16)
    before = everything(asked)
    offer_page(asked.box, token, asked.now)
    assert everything(asked) == before


def test_opening_your_place_changes_nothing(asked: Story) -> None:  # case 33
    before = everything(asked)
    entry_page(asked.box, asked.joined["Bruno", "19:30"].token, asked.now)
    assert everything(asked) == before


def test_after_the_booking_is_confirmed_the_tentative_event_is_gone(asked: Story) -> None:  # case 27
    assert len(asked.held_in_calendar()) == 1
    asked.yes("Ana")
    asked.passes()
    assert asked.held_in_calendar() == []
    assert asked.occupied() == 1


def test_the_entry_is_confirmed_once_the_calendar_has_the_booking(asked: Story) -> None:  # case 27
    asked.yes("Ana")
    assert asked.status("Ana") == "notified"
    asked.passes()
    assert asked.status("Ana") == "confirmed"
    assert asked.slot().status == "monitoring"
