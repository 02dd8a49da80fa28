"""What a calendar file says, and what the mirror must make of it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.adapters.caldav.texts import calendar, dinner, event
from waitlist_appliance.adapters.calendars.icalendar_events import Place, Reading, events, feed
from waitlist_appliance.ports import CalendarError, CalendarEvent

MADRID = ZoneInfo("Europe/Madrid")
WINTER = Reading(
    datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 20, tzinfo=UTC), MADRID, frozenset({"lola@example.org"})
)
WEEKLY = "RRULE:FREQ=WEEKLY;COUNT=3"


def read(text: str, reading: Reading = WINTER) -> list[CalendarEvent]:
    return sorted(feed(text, reading).events, key=lambda found: found.starts_at)


def starts(text: str) -> list[str]:
    return [found.starts_at.strftime("%m-%d %H:%M") for found in read(text)]


def ids(text: str) -> list[str]:
    return [found.event_id for found in read(text)]


def only(text: str) -> CalendarEvent:
    (found,) = read(text)
    return found


def span(text: str) -> str:
    return f"{only(text).starts_at:%m-%d %H:%M} {only(text).ends_at:%m-%d %H:%M}"


def test_an_event_is_told_with_its_title_place_and_times_in_utc() -> None:
    found = only(dinner("SUMMARY:Ana\\, 2", "LOCATION:Terraza"))
    assert (found.event_id, found.title, found.location, found.busy) == ("ana", "Ana, 2", "Terraza", True)
    assert span(dinner()) == "01-16 19:00 01-16 20:00"


def test_every_occurrence_of_a_series_blocks_and_is_named_by_its_original_start() -> None:
    assert ids(dinner(WEEKLY)) == ["ana#20260116T190000Z", "ana#20260123T190000Z", "ana#20260130T190000Z"]


def test_a_deleted_occurrence_frees_that_one_only() -> None:
    assert starts(dinner(WEEKLY, "EXDATE:20260123T190000Z")) == ["01-16 19:00", "01-30 19:00"]


def test_a_moved_occurrence_frees_the_old_time_blocks_the_new_and_keeps_its_name() -> None:
    moved = event("RECURRENCE-ID:20260123T190000Z", start="DTSTART:20260124T120000Z", end="DTEND:20260124T130000Z")
    text = calendar(event(WEEKLY), moved)
    assert starts(text) == ["01-16 19:00", "01-24 12:00", "01-30 19:00"]
    assert ids(text)[1] == "ana#20260123T190000Z"


def test_an_occurrence_moved_in_from_outside_the_span_blocks() -> None:
    moved = event("RECURRENCE-ID:20260601T190000Z", start="DTSTART:20260124T120000Z", end="DTEND:20260124T130000Z")
    far = event("RRULE:FREQ=YEARLY;COUNT=2", start="DTSTART:20260601T190000Z", end="DTEND:20260601T200000Z")
    assert starts(calendar(far, moved)) == ["01-24 12:00"]


def test_a_cancelled_occurrence_frees_its_time() -> None:
    cancelled = event("RECURRENCE-ID:20260123T190000Z", "STATUS:CANCELLED", start="DTSTART:20260123T190000Z")
    assert starts(calendar(event(WEEKLY), cancelled)) == ["01-16 19:00", "01-30 19:00"]


def test_this_and_all_following_ones_are_moved_and_none_is_lost() -> None:
    later = event(
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20260123T190000Z",
        start="DTSTART:20260123T210000Z",
        end="DTEND:20260123T220000Z",
    )
    text = calendar(event(WEEKLY), later)
    assert starts(text) == ["01-16 19:00", "01-23 21:00", "01-30 21:00"]
    assert len(set(ids(text))) == 3


def test_an_invitation_to_one_occurrence_of_a_strangers_series_blocks() -> None:
    assert ids(dinner("RECURRENCE-ID:20260116T190000Z")) == ["ana#20260116T190000Z"]


def test_a_series_keeps_its_wall_clock_time_over_the_night_the_clocks_change() -> None:
    text = dinner(
        "RRULE:FREQ=WEEKLY;COUNT=2", start="DTSTART;TZID=Europe/Madrid:20260325T200000",
        end="DTEND;TZID=Europe/Madrid:20260325T210000",
    )  # fmt: skip
    assert starts(text) == ["03-25 19:00", "04-01 18:00"]


def test_a_cancelled_event_is_not_told() -> None:
    assert read(dinner("STATUS:CANCELLED")) == []


def test_a_transparent_event_is_told_as_free() -> None:
    assert not only(dinner("TRANSP:TRANSPARENT")).busy


def test_a_tentative_event_is_busy() -> None:
    assert only(dinner("STATUS:TENTATIVE")).busy


@pytest.mark.parametrize(
    ("who", "busy"),
    [("LOLA@example.org;x", True), ("LOLA@example.org", False), ("bea@example.org", True)],
)
def test_an_invitation_is_free_only_when_the_owner_declined_it(who: str, busy: bool) -> None:
    assert only(dinner(f"ATTENDEE;PARTSTAT=DECLINED:mailto:{who}")).busy == busy


def test_an_invitation_that_the_owner_has_not_answered_is_busy() -> None:
    assert only(dinner("ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:lola@example.org")).busy


def test_an_all_day_event_is_the_day_of_the_calendars_zone() -> None:
    text = dinner(start="DTSTART;VALUE=DATE:20260116", end="DTEND;VALUE=DATE:20260117")
    assert span(text) == "01-15 23:00 01-16 23:00"
    assert only(text).all_day


def test_an_all_day_event_without_an_end_is_one_day() -> None:
    assert span(dinner(start="DTSTART;VALUE=DATE:20260116", end="")) == "01-15 23:00 01-16 23:00"


def test_an_all_day_event_on_the_night_the_clocks_change_has_23_hours() -> None:
    assert span(dinner(start="DTSTART;VALUE=DATE:20260329", end="")) == "03-28 23:00 03-29 22:00"


def test_an_all_day_series_is_named_by_its_days() -> None:
    text = dinner("RRULE:FREQ=DAILY;COUNT=2", start="DTSTART;VALUE=DATE:20260116", end="")
    assert ids(text) == ["ana#20260116", "ana#20260117"]


def test_the_files_own_zone_wins_for_days_and_floating_times() -> None:
    text = calendar(
        event(start="DTSTART:20260116T190000", end="DTEND:20260116T200000"), before="X-WR-TIMEZONE:America/Lima"
    )
    assert span(text) == "01-17 00:00 01-17 01:00"
    assert feed(text, WINTER).zone == "America/Lima"


def test_a_floating_time_is_in_the_calendars_zone() -> None:
    assert span(dinner(start="DTSTART:20260116T200000", end="DTEND:20260116T210000")) == "01-16 19:00 01-16 20:00"


@pytest.mark.parametrize(
    "name",
    ["W. Europe Standard Time", "/freeassociation.sourceforge.net/Europe/Madrid", '"Europe/Madrid"', "No/Such Zone"],
)
def test_a_zone_by_an_odd_name_is_understood_or_the_calendars_own(name: str) -> None:
    text = dinner(start=f"DTSTART;TZID={name}:20260116T200000", end=f"DTEND;TZID={name}:20260116T210000")
    assert span(text) == "01-16 19:00 01-16 20:00"


def custom_zone(offset: str, more: str = "") -> str:
    standard = (
        f"BEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\n{more}END:STANDARD"
    )
    return f"BEGIN:VTIMEZONE\nTZID:Ours\n{standard}\nEND:VTIMEZONE"


def in_custom_zone(zone: str) -> str:
    floating = event(start="DTSTART;TZID=Ours:20260116T200000", end="DTEND;TZID=Ours:20260116T210000")
    return calendar(floating, before=zone)


def test_a_zone_that_only_the_file_knows_is_taken_from_the_file() -> None:
    assert span(in_custom_zone(custom_zone("-0500"))) == "01-17 01:00 01-17 02:00"


def test_two_files_may_mean_different_zones_by_one_name() -> None:
    assert span(in_custom_zone(custom_zone("-0500"))) == "01-17 01:00 01-17 02:00"
    assert span(in_custom_zone(custom_zone("+0300"))) == "01-16 17:00 01-16 18:00"


@pytest.mark.slow
def test_a_zone_whose_clock_changes_every_second_does_not_keep_us_busy() -> None:
    assert span(in_custom_zone(custom_zone("-0500", "RRULE:FREQ=SECONDLY\n"))) == "01-16 19:00 01-16 20:00"


def test_an_event_with_a_duration_ends_after_it() -> None:
    assert span(dinner("DURATION:PT90M", end="")) == "01-16 19:00 01-16 20:30"


def test_an_event_without_an_end_takes_no_time() -> None:
    assert read(dinner(end="")) == []


def test_an_event_that_ends_before_it_starts_blocks_what_lies_between() -> None:
    assert span(dinner(end="DTEND:20260116T180000Z")) == "01-16 18:00 01-16 19:00"


def test_an_event_until_the_end_of_time_blocks() -> None:
    assert only(dinner(end="DTEND:99991231T235959Z")).ends_at.year > 3000


def test_what_only_touches_the_span_is_left_out() -> None:
    touching = Reading(datetime(2026, 1, 16, 20, tzinfo=UTC), datetime(2026, 1, 16, 22, tzinfo=UTC), MADRID)
    assert read(dinner(), touching) == []
    assert read(dinner(start="DTSTART:20260116T220000Z", end="DTEND:20260116T230000Z"), touching) == []


def test_the_last_occurrence_counts_when_the_rule_ends_on_its_day() -> None:
    text = dinner(
        "RRULE:FREQ=DAILY;UNTIL=20260117", start="DTSTART;TZID=Europe/Madrid:20260116T200000",
        end="DTEND;TZID=Europe/Madrid:20260116T210000",
    )  # fmt: skip
    assert starts(text) == ["01-16 19:00", "01-17 19:00"]


def test_the_last_occurrence_counts_when_the_rules_end_has_no_zone() -> None:
    text = dinner(
        "RRULE:FREQ=DAILY;UNTIL=20260117T200000", start="DTSTART;TZID=America/Lima:20260116T200000",
        end="DTEND;TZID=America/Lima:20260116T210000",
    )  # fmt: skip
    assert starts(text) == ["01-17 01:00", "01-18 01:00"]


def test_added_dates_block_too() -> None:
    assert starts(dinner("RDATE:20260120T190000Z")) == ["01-16 19:00", "01-20 19:00"]


@pytest.mark.parametrize(
    "rule", ["RRULE:FREQ=SOMETIMES", "RRULE:FREQ=WEEKLY;BYDAY=XX", "RRULE:gibberish", "RDATE:then"]
)
def test_a_rule_that_makes_no_sense_leaves_the_event_itself(rule: str) -> None:
    assert starts(dinner(rule)) == ["01-16 19:00"]


@pytest.mark.parametrize("rule", ["FREQ=SECONDLY", "FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=1,2,3,4,5,6,7,8,9"])
def test_a_rule_that_repeats_all_day_long_is_one_long_event(rule: str) -> None:
    assert span(dinner(f"RRULE:{rule}")) == "01-16 19:00 04-20 00:00"


def test_an_event_without_a_start_is_left_out_and_hides_no_other() -> None:
    assert ids(calendar(event(uid="broken", start="DTSTART:soon"), event())) == ["ana"]


def test_two_different_events_under_one_uid_are_both_kept() -> None:
    text = calendar(event(), event(start="DTSTART:20260117T190000Z", end="DTEND:20260117T200000Z"))
    assert starts(text) == ["01-16 19:00", "01-17 19:00"]
    assert len(set(ids(text))) == 2


def test_of_two_versions_of_an_event_the_newer_one_counts() -> None:
    newer = event("SEQUENCE:2", start="DTSTART:20260117T190000Z", end="DTEND:20260117T200000Z")
    assert starts(calendar(event("SEQUENCE:1"), newer)) == ["01-17 19:00"]


def test_an_event_without_a_uid_has_the_same_name_every_time() -> None:
    assert ids(dinner(uid="")) == ids(dinner(uid="")) != [""]


def test_an_endless_uid_is_shortened() -> None:
    assert len(ids(dinner(uid="x" * 5000))[0]) < 50


@pytest.mark.parametrize(
    "text", ["", "<html>Please sign in</html>", dinner()[:80], "BEGIN:VCALENDAR\nEND:VEVENT\nEND:VCALENDAR"]
)
def test_what_is_no_whole_calendar_is_garbage_and_never_an_empty_one(text: str) -> None:
    with pytest.raises(CalendarError) as failure:
        read(text)
    assert failure.value.trouble == "garbage"


def test_a_calendar_without_events_is_fine() -> None:
    assert read(calendar()) == []


def test_a_changed_event_has_another_etag_and_an_unchanged_one_the_same() -> None:
    again = dinner().replace("DTSTAMP:20260101", "DTSTAMP:20260102")
    assert only(dinner()).etag == only(again).etag != only(dinner("SUMMARY:Bea")).etag


def test_ours_made_into_a_series_by_staff_stays_ours_the_first_time_only() -> None:
    text = dinner(WEEKLY, "X-WAITLIST-TAG:booking:x", uid="a1b2@waitlist")
    assert [found.tag for found in read(text)] == ["booking:x", None, None]
    assert ids(text)[0] == "a1b2"


def test_a_copy_of_ours_is_somebody_elses_event() -> None:
    (found,) = events(dinner("X-WAITLIST-TAG:booking:x", uid="copied"), WINTER, Place('"1"', "/c/copied.ics"))
    assert (found.tag, found.busy, found.event_id) == (None, True, "copied")


def test_one_uid_in_two_objects_is_two_events() -> None:
    places = [Place('"1"', "/c/ana.ics"), Place('"1"', "/c/other.ics")]
    found = [one.event_id for place in places for one in events(dinner(), WINTER, place)]
    assert found[0] == "ana"
    assert found[1].startswith("ana~")
