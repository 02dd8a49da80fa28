"""Case 46 and the availability part of case 50: what is free can be booked once; what is not is refused with a reason."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from tests.conftest import at
from tests.story import OLIVIA, Story
from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.errors import Conflict, Invalid, Refused
from waitlist_appliance.domain.moments import local
from waitlist_appliance.services.appliance import VOICE_AGENT
from waitlist_appliance.services.availability import FreeTimes, free_times
from waitlist_appliance.services.book import BookRequest, book, book_from_page
from waitlist_appliance.services.edit_events import cancel_event
from waitlist_appliance.storage import occupancy
from waitlist_appliance.storage.database import IntegrityError


def refusal(story: Story, name: str, time: str = "19:30", **asked: object) -> dict[str, object]:
    """What a refused caller is told."""
    with pytest.raises(Conflict) as refused:
        story.books(name, time, **asked)  # type: ignore[arg-type]
    return {"code": refused.value.code, **refused.value.extra}


def free(story: Story, day: str = "2026-01-16", **asked: object) -> list[str]:
    """The free times of a day, as Madrid's clocks show them, each once."""
    start = at("00:00", day)
    found = free_times(story.box, FreeTimes(start, at("23:59", day), **asked), story.now)  # type: ignore[arg-type]
    return sorted({f"{local(time.starts_at, story.box.setup().zone):%H:%M}" for time in found})


def rule(story: Story, **columns: object) -> None:
    """The opening hours' rule, changed."""
    with story.box.db.write():
        for column, value in columns.items():
            story.box.db.execute(f"UPDATE availability_rule SET {column} = ?", value)


def hours(story: Story, *intervals: tuple[str, str]) -> None:
    """Open at these hours on every day."""
    week = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    rule(story, schedule=json.dumps({day: [{"start": a, "end": b} for a, b in intervals] for day in week}))


def override(story: Story, day: str, available: bool, *intervals: tuple[str, str]) -> None:
    with story.box.db.write():
        story.box.db.insert(
            "date_override", rule_id=1, day=day, available=available, reason="fiesta",
            intervals=json.dumps([{"start": a, "end": b} for a, b in intervals]),
        )  # fmt: skip


def books_on(story: Story, time: str, day: str) -> None:
    book(story.box, BookRequest(at(time, day), "Ana", "+34600000001", party_size=2), story.now, VOICE_AGENT)


# --- case 46


def test_the_database_itself_refuses_two_takings_of_one_table(story: Story) -> None:
    booking = story.books("Ana").booking
    with pytest.raises(IntegrityError):
        occupancy.occupy(story.box.db, booking.resource_id, Interval(at("20:00"), at("21:00")), booking_id=booking.id)


def test_a_table_can_be_booked_again_from_the_minute_it_is_left(story: Story) -> None:
    story.takes("19:30", "Table 2", minutes=300)
    assert [story.books("Ana", "18:00").resource.name, story.books("Bruno", "19:30").resource.name] == ["Table 1"] * 2


def test_callers_fill_the_house_and_the_next_is_offered_the_waitlist(story: Story) -> None:
    assert [story.books(name).resource.name for name in ("Ana", "Bruno")] == ["Table 1", "Table 2"]
    told = refusal(story, "Chloé")
    assert (told["code"], told["suggest_waitlist"]) == ("full", True)
    assert told["alternatives"] == [f"2026-01-16T{time}:00+01:00" for time in ("17:30", "18:00", "21:00", "21:30")]


def test_the_smallest_table_that_fits_is_given(story: Story) -> None:
    assert story.books("Ana", party=4).resource.name == "Table 2"
    assert story.books("Bruno", party=2).resource.name == "Table 1"
    assert refusal(story, "Chloé", party=1)["code"] == "full"


def test_a_held_time_is_reserved_and_not_full(asked: Story) -> None:  # case 16
    assert refusal(asked, "Diego")["code"] == "reserved"
    assert "19:30" not in free(asked)


def test_a_time_under_a_pending_booking_is_full(asked: Story) -> None:
    asked.yes("Ana")
    assert refusal(asked, "Diego")["code"] == "full"


def test_a_booking_by_the_holders_phone_is_the_yes(asked: Story) -> None:  # case 16
    booked = asked.books("Ana")
    asked.passes()
    assert booked.resource.name == "Table 1"
    assert asked.asked() == [("Ana", "accepted")]
    assert (asked.status("Ana"), len(asked.bookings())) == ("confirmed", 1)


def test_the_holder_who_books_in_another_spelling_of_the_phone_says_yes_too(asked: Story) -> None:  # case 16
    booked = book(asked.box, BookRequest(at("19:30"), "Ana", "600 000 001", party_size=2), asked.now, VOICE_AGENT)
    assert booked.booking.offer_id == asked.offer("Ana").id


def test_the_holder_booking_after_the_deadline_is_a_late_yes(story: Story) -> None:  # cases 16 and 30
    story.full("19:30")
    story.in_line("Ana")
    story.frees()
    story.passes()
    story.now = at("12:00", "2026-01-15")
    story.books("Ana")
    assert story.asked() == [("Ana", "expired"), ("Ana", "accepted")]


def test_a_time_found_free_for_which_somebody_waits_is_reserved_and_matched(story: Story) -> None:  # cases 46 and 61
    story.full("19:30")
    story.in_line("Ana")
    uid = story.box.db.value(
        "SELECT provider_event_id FROM event WHERE public_id = ?", story.events["19:30", "Table 1"]
    )
    story.box.db.execute("DELETE FROM event WHERE provider_event_id = ?", uid)
    story.box.db.execute("DELETE FROM local_event WHERE uid = ?", uid)
    assert refusal(story, "Diego")["code"] == "reserved"
    assert story.asked() == [("Ana", "live")]


def test_a_free_time_is_booked_from_the_customers_page(story: Story) -> None:
    story.full("19:30")
    story.caller("Ana", alternatives=(at("21:30"),), party_size=2)
    booked = book_from_page(story.box, story.joined["Ana", "19:30"].token, at("21:30"), story.now)
    story.passes()
    assert booked.resource.name == "Table 1"
    assert (story.status("Ana"), story.bookings("Ana")[0].status) == ("confirmed", "confirmed")


def test_a_booking_from_the_page_ends_the_wishes_of_the_entry(story: Story) -> None:
    story.full("19:30")
    story.waits("Ana", "19:30")
    story.box.db.execute("UPDATE entry SET proposed_times = ?", json.dumps([int(at("21:30").timestamp() * 1000)]))
    book_from_page(story.box, story.joined["Ana", "19:30"].token, at("21:30"), story.now)
    story.passes()
    assert (story.status("Ana"), story.wishes("Ana")) == ("confirmed", {"19:30": "withdrawn"})


def test_a_booking_from_the_page_that_conflicts_gives_the_wishes_back(story: Story) -> None:  # case 37
    story.full("19:30")
    story.waits("Ana", "19:30")
    story.box.db.execute("UPDATE entry SET proposed_times = ?", json.dumps([int(at("21:30").timestamp() * 1000)]))
    story.in_calendar_app("21:30")
    book_from_page(story.box, story.joined["Ana", "19:30"].token, at("21:30"), story.now)
    story.passes()
    assert story.told("Ana")[-1] == "apology"
    assert (story.status("Ana"), story.wishes("Ana")) == ("waiting", {"19:30": "live"})


def test_the_holder_booking_the_held_time_from_the_page_says_yes(asked: Story) -> None:
    book_from_page(asked.box, asked.joined["Ana", "19:30"].token, at("19:30"), asked.now)
    asked.passes()
    assert asked.asked() == [("Ana", "accepted")]
    assert asked.status("Ana") == "confirmed"


def test_page_voice_agent_staff_and_offer_never_meet_on_one_table(asked: Story) -> None:  # case 46
    asked.passes(minutes=1)
    asked.yes("Ana")
    assert refusal(asked, "Diego")["code"] == "full"
    with pytest.raises(Conflict):
        book_from_page(asked.box, asked.joined["Bruno", "19:30"].token, at("19:30"), asked.now)
    cancel_event(asked.box, asked.events["19:30", "Table 2"], asked.now, OLIVIA)
    asked.yes("Bruno")
    asked.passes()
    assert len({booking.resource_id for booking in asked.bookings()}) == len(asked.bookings()) == 2


@pytest.mark.parametrize(
    ("asked_for", "field"),
    [
        ({"party": 0}, "party_size"), ({"party": 500}, "party_size"), ({"name": " "}, "attendee.name"),
        ({"time": "09:00", "name": "Ana"}, "start_time"), ({"phone": "12"}, "phone"), ({"duration_minutes": 7}, "duration"),
        ({"resource": "Table 99"}, "resource"), ({"zone": "Luna"}, "zone"), ({"service": "Massage"}, "service"),
    ],
)  # fmt: skip
def test_a_booking_that_cannot_be_names_the_field_and_stores_nothing(
    story: Story, asked_for: dict[str, object], field: str
) -> None:
    values = {"time": "19:30", "name": "Ana", "phone": "+34600000001", "party": 2} | asked_for
    start, name, phone, party = (values.pop(key) for key in ("time", "name", "phone", "party"))
    request = BookRequest(at(str(start)), str(name), str(phone), party_size=party, **values)  # type: ignore[arg-type]
    with pytest.raises(Refused) as refused:
        book(story.box, request, story.now, VOICE_AGENT)
    assert refused.value.field == field
    assert story.box.db.value("SELECT COUNT(*) FROM customer") == story.occupied() == 0


# --- case 50


def test_what_is_listed_as_free_can_be_booked_and_is_then_no_longer_listed(story: Story) -> None:
    assert free(story)[:2] == ["12:00", "12:30"]
    story.books("Ana", "12:00")
    story.books("Bruno", "12:00")
    assert free(story)[0] == "13:30"


def test_buffers_keep_a_table_free_before_and_after(story: Story) -> None:
    rule(story, buffer_before_minutes=30, buffer_after_minutes=30)
    story.takes("19:30", "Table 2", minutes=300)
    story.takes("12:00", "Table 2", minutes=450)
    story.books("Ana", "16:00")
    assert [time for time in free(story) if "13:00" <= time <= "19:00"] == ["13:00", "13:30", "18:30", "19:00"]


def test_a_services_own_buffer_goes_over_the_rules(story: Story) -> None:
    rule(story, buffer_after_minutes=60)
    story.box.db.execute("UPDATE service SET buffer_after_minutes = 0")
    story.box.db.execute("UPDATE setup_version SET number = number + 1")
    story.books("Ana", "12:00")
    story.books("Bruno", "12:00")
    assert free(story)[0] == "13:30"


def test_nothing_nearer_than_the_minimum_notice_is_listed_or_booked(story: Story) -> None:
    rule(story, min_notice_minutes=180)
    assert free(story, "2026-01-15")[0] == "14:00"  # it is eleven
    with pytest.raises(Conflict, match="notice_too_short"):
        books_on(story, "13:30", "2026-01-15")


def test_nothing_beyond_the_maximum_notice_is_listed_or_booked(story: Story) -> None:
    rule(story, max_notice_minutes=24 * 60)
    assert free(story, "2026-01-16") == []  # opens at noon, an hour beyond
    with pytest.raises(Conflict, match="too_far_ahead"):
        books_on(story, "12:00", "2026-01-16")


def test_several_intervals_a_day_leave_the_gap_closed(story: Story) -> None:
    hours(story, ("13:00", "16:00"), ("20:00", "23:00"))
    assert free(story) == ["13:00", "13:30", "14:00", "14:30", "20:00", "20:30", "21:00", "21:30"]
    assert refusal(story, "Ana", "15:00")["code"] == "closed"


def test_a_day_off_has_no_times_and_says_so(story: Story) -> None:
    override(story, "2026-01-16", False)
    assert free(story) == []
    assert refusal(story, "Ana")["code"] == "closed"
    assert free(story, "2026-01-17") != []


def test_special_hours_of_a_day_replace_the_weeks(story: Story) -> None:
    override(story, "2026-01-16", True, ("10:00", "12:00"))
    assert free(story) == ["10:00", "10:30"]


def night(story: Story, day: str) -> list[datetime]:
    """The free starts of a night, midnight to six, in UTC."""
    hours(story, ("00:00", "06:00"))
    rule(story, step_minutes=30)
    story.box.db.execute("UPDATE service SET duration_minutes = 30")
    story.box.db.execute("UPDATE setup_version SET number = number + 1")
    found = free_times(story.box, FreeTimes(at("00:00", day), at("07:00", day)), story.now)
    return sorted(time.starts_at for time in found if time.resource.name == "Table 1")


def test_in_the_night_that_loses_an_hour_no_time_is_offered_that_does_not_exist(story: Story) -> None:
    found = night(story, "2026-03-29")
    clocks = [f"{local(time, story.box.setup().zone):%H:%M}" for time in found]
    assert not {"02:00", "02:30"} & set(clocks)
    assert len(found) == len(set(found)) == 10
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(minutes=30)}


def test_in_the_night_that_gains_an_hour_no_time_is_lost_or_offered_twice(story: Story) -> None:
    found = night(story, "2026-10-25")
    assert len(found) == len(set(found))
    clocks = [f"{local(time, story.box.setup().zone):%H:%M}" for time in found]
    assert {f"{hour:02}:{minute}" for hour in range(6) for minute in ("00", "30")} == set(clocks)


def test_a_booking_in_the_night_the_clocks_change_lasts_its_real_time(story: Story) -> None:
    hours(story, ("00:00", "06:00"))
    books_on(story, "01:30", "2026-03-29")
    [booking] = story.bookings()
    assert booking.ends_at - booking.starts_at == timedelta(minutes=90)


@pytest.mark.parametrize("lasts", [timedelta(0), timedelta(days=40)])
def test_a_span_that_cannot_be_is_refused(story: Story, lasts: timedelta) -> None:
    with pytest.raises(Invalid, match="bad_value"):
        free_times(story.box, FreeTimes(at("12:00"), at("12:00") + lasts), story.now)


def test_the_list_knows_party_zone_and_table(story: Story) -> None:
    start, end = at("19:00"), at("20:00")
    names = [
        {time.resource.name for time in free_times(story.box, FreeTimes(start, end, **asked), story.now)}
        for asked in ({"party_size": 4}, {"zone": "Interior"}, {"resource": "Table 2"}, {"party_size": 9})
    ]  # fmt: skip
    assert names == [{"Table 2"}, {"Table 1"}, {"Table 2"}, set()]
