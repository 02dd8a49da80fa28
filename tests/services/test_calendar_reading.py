"""Cases 36, 38, 41, 42: reading a calendar outside the box, by what changed, and what goes wrong on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.conftest import at
from tests.outside_story import Outside
from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.ports import CalendarError, Changes
from waitlist_appliance.services.availability import FreeTimes, free_times
from waitlist_appliance.services.check_slots import check_due
from waitlist_appliance.services.make_offers import match_interval
from waitlist_appliance.services.sweep import provider_pass
from waitlist_appliance.services.sync_calendar import sync_due
from waitlist_appliance.services.write_calendar import write_due
from waitlist_appliance.storage.connections import LOGGED_READS

SIGNED_OUT = CalendarError("invalid_grant", retryable=False, trouble="signed_out")


def free(lola: Outside, time: str = "19:30", day: str = "2026-01-16") -> list[str]:
    found = free_times(lola.box, FreeTimes(at(time, day), at(time, day) + timedelta(minutes=1)), lola.now)
    return [place.resource.name for place in found]


def full(lola: Outside) -> None:
    """Both tables are taken at 19:30 by events of the calendar app."""
    for table in ("Table 1", "Table 2"):
        lola.party(title=f"Cena {table}", event_id=table)
    lola.reads()


def waited(lola: Outside) -> None:
    """19:30 is full; Ana and Bruno wait for it."""
    full(lola)
    lola.story.in_line("Ana", "Bruno")
    lola.story.passes(minutes=1)


# --- what changed


def test_the_first_read_is_of_everything_and_the_next_of_what_changed(lola: Outside) -> None:
    lola.reads()
    assert lola.calendar.tokens == [None, "0"]
    assert lola.log() == [("hand", "full", 1), ("hand", "changes", 1)]


def test_a_new_event_takes_its_table_and_a_deleted_one_gives_it_back_after_the_grace(lola: Outside) -> None:
    lola.party()
    lola.reads()
    assert free(lola) == ["Table 2"]
    lola.calendar.delete("party")
    lola.reads()
    assert free(lola) == ["Table 2"]
    lola.story.passes(seconds=61)
    assert free(lola) == ["Table 1", "Table 2"]


def test_an_event_that_is_back_within_the_grace_has_freed_nothing(lola: Outside) -> None:
    waited(lola)
    lola.calendar.delete("Table 1")
    lola.reads()
    lola.story.passes(seconds=30)
    lola.party(title="Cena Table 1", event_id="Table 1")
    lola.reads()
    lola.story.ticks(3)
    assert lola.story.asked() == []
    assert free(lola) == []


@pytest.mark.parametrize("change", ["deleted", "moved", "shortened", "free"])
def test_what_frees_a_time_in_the_calendar_app_is_noticed_and_offered(lola: Outside, change: str) -> None:  # case 38
    waited(lola)
    if change == "deleted":
        lola.calendar.delete("Table 1")
    elif change == "moved":
        lola.calendar.move("Table 1", timedelta(hours=2))
    elif change == "shortened":
        lola.calendar.put("Table 1", at("18:00"), at("19:30"), "Cena Table 1")
    else:
        lola.party(title="Cena Table 1", event_id="Table 1", busy=False)
    lola.story.ticks(8)
    assert lola.story.asked()[0][0] == "Ana"
    assert lola.story.asked_for("Ana")[0][1] == "Table 1"


def test_a_change_that_nobody_told_us_of_is_found_within_six_minutes(lola: Outside) -> None:
    waited(lola)
    lola.party("13:00")
    lola.story.ticks(6)
    assert free(lola, "13:00") == ["Table 2"]


def test_of_a_series_only_what_is_told_remains(lola: Outside) -> None:  # case 39
    for number, time in enumerate(("13:00", "16:00")):
        lola.party(time, event_id=f"s{number}", series="s")
    lola.reads()
    moved = lola.calendar.put("s1", at("21:00"), at("22:00"), "Fiesta Table 1", series="s")
    answer = Changes([moved], complete=False, series=["s"], token="9")
    lola.calendar.changes = lambda since, until, token: answer  # type: ignore[method-assign]
    lola.reads()
    lola.story.now += timedelta(seconds=61)
    lola.story.passes()
    assert [(e.provider_event_id, e.starts_at) for e in lola.mirrored()] == [("s1", at("21:00"))]


# --- everything anew


def test_a_lost_token_means_one_full_read_in_the_same_pass_that_finds_deletions_too(lola: Outside) -> None:  # case 41
    waited(lola)
    lola.calendar.delete("Table 1")
    lola.calendar.oldest = 99
    lola.calendar.tokens.clear()
    assert lola.reads().ok
    assert lola.calendar.tokens == ["2", None]
    assert (lola.log()[-1], lola.conditions()) == (("hand", "full", 1), [])
    lola.story.ticks(2)
    assert lola.story.asked() == [("Ana", "live")]


def test_the_horizon_moves_on_with_a_full_read_a_day(lola: Outside) -> None:
    lola.story.now += timedelta(hours=23)
    lola.reads()
    lola.story.now += timedelta(hours=2)
    lola.reads()
    assert [token is None for token in lola.calendar.tokens] == [True, False, True]
    assert lola.connection.span_until_at == lola.now + timedelta(days=90)


def test_a_provider_without_tokens_is_read_in_full_every_time(lola: Outside) -> None:
    lola.calendar.incremental = False
    lola.story.now += timedelta(days=2)
    for _ in range(2):
        lola.reads()
    assert lola.calendar.tokens == [None, None, None]


def test_beyond_the_horizon_nothing_is_free(lola: Outside) -> None:
    assert free(lola, day="2026-04-10") == ["Table 1", "Table 2"]
    assert free(lola, day="2026-04-20") == []


def test_a_read_that_fails_in_the_middle_applies_nothing(lola: Outside) -> None:  # case 41
    lola.party()
    lola.calendar.fails("changes")
    lola.reads()
    assert lola.mirrored() == []
    lola.calendar.fails()
    lola.reads()
    assert len(lola.mirrored()) == 1


def test_an_event_that_cannot_be_stored_applies_nothing_of_its_read(lola: Outside) -> None:
    lola.party(event_id="a")
    lola.calendar.put("b", at("21:00"), at("20:00"), "ends before it begins")
    assert not lola.reads().ok
    assert (lola.mirrored(), lola.connection.sync_state) == ([], "0")
    assert lola.conditions() == ["calendar_failing"]


def test_two_reads_at_once_apply_only_the_later_answer(lola: Outside) -> None:
    lola.party(event_id="early")

    def another_reads(what: str) -> None:
        lola.calendar.before_answer = lambda what: None
        lola.calendar.delete("early")
        lola.party("13:00", event_id="late")
        lola.story.now += timedelta(seconds=1)
        assert lola.reads().ok

    lola.calendar.before_answer = another_reads
    assert lola.reads().ok
    assert [event.provider_event_id for event in lola.mirrored()] == ["late"]


# --- when it is read


def test_without_anybody_depending_on_it_it_is_not_read(lola: Outside) -> None:
    lola.story.passes(minutes=60)
    assert lola.calendar.tokens == [None]


def test_whoever_asks_what_is_free_keeps_it_read(lola: Outside) -> None:
    free(lola)
    lola.story.ticks(30)
    assert 6 <= len(lola.calendar.tokens) <= 8
    assert free(lola) == ["Table 1", "Table 2"]


def test_asking_again_and_again_is_noted_once_an_hour(lola: Outside) -> None:
    free(lola)
    noted = lola.connection.asked_at
    lola.story.now += timedelta(minutes=30)
    free(lola)
    assert lola.connection.asked_at == noted


def test_one_read_serves_every_slot_that_is_due(lola: Outside) -> None:
    full(lola)
    lola.story.waits("Ana", "19:30")
    lola.box.db.execute("UPDATE slot SET next_check_at = ?", lola.now)
    lola.story.waits("Bruno", "19:30")
    lola.calendar.tokens.clear()
    assert check_due(lola.box, lola.now) >= 1
    assert len(lola.calendar.tokens) == 1
    assert lola.log()[-1][0] == "check"


def test_reads_are_spread_so_that_not_all_boxes_ask_in_one_second(lola: Outside) -> None:
    waited(lola)
    marks = set()
    for _ in range(5):
        lola.story.now += timedelta(seconds=1)
        lola.reads()
        at_ = lola.connection.next_sync_at
        assert at_ is not None
        assert timedelta(seconds=300) <= at_ - lola.now <= timedelta(seconds=330)
        marks.add(at_ - lola.now)
    assert len(marks) > 1


def test_an_offer_waits_for_a_fresh_read_and_goes_out_with_it(lola: Outside) -> None:
    waited(lola)
    lola.story.now += timedelta(minutes=3)
    lola.box.db.execute("DELETE FROM event WHERE provider_event_id = 'Table 1'")
    lola.calendar.delete("Table 1")
    assert match_interval(lola.box, Interval(at("19:30"), at("21:00")), lola.now, "test") == 0
    lola.story.passes()
    assert lola.story.asked() == [("Ana", "live")]


def test_a_time_that_only_looked_free_is_not_offered(lola: Outside) -> None:
    waited(lola)
    lola.story.now += timedelta(minutes=3)
    lola.box.db.execute("DELETE FROM event WHERE provider_event_id = 'Table 1'")
    lola.calendar.put("Table 1", at("19:30"), at("21:30"), "Cena Table 1")
    lola.story.passes()
    assert lola.story.asked() == []


# --- troubles


def test_a_withdrawn_permission_is_told_once_and_asked_no_more(lola: Outside) -> None:  # case 42
    lola.calendar.fails("changes", "read", "write", error=SIGNED_OUT)
    lola.reads()
    lola.calendar.asked.clear()
    lola.story.ticks(60, step=10)
    lola.reads()
    assert lola.calendar.asked == []
    assert (lola.connection.status, lola.connection.trouble) == ("needs_reconnect", "signed_out")
    assert (lola.conditions(), lola.activity("calendar_signed_out")) == (["calendar_signed_out"], 1)


def test_with_a_withdrawn_permission_nothing_is_free(lola: Outside) -> None:  # cases 36 and 42
    lola.calendar.fails("changes", error=SIGNED_OUT)
    lola.reads()
    assert free(lola) == []


def test_a_calendar_connected_anew_is_read_and_its_alarm_is_over(lola: Outside) -> None:
    lola.calendar.fails("changes", error=SIGNED_OUT)
    lola.reads()
    lola.calendar.fails()
    lola.box.db.execute("UPDATE connection SET status = 'active', next_sync_at = NULL WHERE id = ?", lola.id)
    lola.story.passes()
    assert (lola.connection.status, lola.conditions(), lola.connection.failing_since_at) == ("active", [], None)


def test_a_booking_whose_calendar_signed_out_waits_without_knocking(lola: Outside) -> None:
    lola.story.books("Ana")
    lola.calendar.fails("changes", "read", "write", error=SIGNED_OUT)
    write_due(lola.box, lola.now)
    lola.calendar.asked.clear()
    lola.story.ticks(20)
    assert lola.calendar.asked == []
    assert lola.story.bookings()[0].status == "pending"
    assert set(lola.conditions()) == {"calendar_signed_out", "booking_pending"}
    lola.calendar.fails()
    lola.box.db.execute("UPDATE connection SET status = 'active', next_sync_at = NULL WHERE id = ?", lola.id)
    lola.story.passes()
    assert lola.story.bookings()[0].status == "confirmed"


def test_too_fast_waits_as_long_as_the_provider_says(lola: Outside) -> None:
    slow = CalendarError("slow down", retryable=True, trouble="too_fast", retry_after=timedelta(minutes=20))
    lola.calendar.fails("changes", error=slow)
    lola.reads()
    lola.calendar.asked.clear()
    lola.story.ticks(19)
    assert lola.calendar.asked == []
    lola.story.ticks(2)
    assert lola.calendar.asked == ["changes"]


def test_a_calendar_that_fails_is_asked_less_and_less_often(lola: Outside) -> None:
    waited(lola)
    lola.calendar.fails("changes")
    lola.story.ticks(6)
    lola.calendar.asked.clear()
    lola.story.ticks(60)
    assert 9 <= len(lola.calendar.asked) <= 14


def test_a_check_does_not_knock_at_a_calendar_that_waits(lola: Outside) -> None:
    waited(lola)
    lola.calendar.fails("changes")
    lola.reads()
    lola.calendar.asked.clear()
    lola.box.db.execute("UPDATE slot SET next_check_at = ?", lola.now)
    check_due(lola.box, lola.now)
    assert lola.calendar.asked == []


def test_a_calendar_that_is_off_is_not_read_and_its_tables_are_not_free(lola: Outside) -> None:
    lola.box.db.execute("UPDATE connection SET enabled = 0 WHERE id = ?", lola.id)
    lola.story.in_line("Ana")
    lola.calendar.tokens.clear()
    lola.story.ticks(20, step=5)
    assert (lola.calendar.tokens, free(lola)) == ([], [])


def test_every_read_is_logged_and_the_oldest_lines_go(lola: Outside) -> None:
    lola.calendar.fails("changes")
    lola.reads("push")
    assert lola.log()[-1] == ("push", "changes", 0)
    lola.calendar.fails()
    for _ in range(LOGGED_READS + 5):
        lola.story.now += timedelta(seconds=1)
        lola.reads()
    assert len(lola.log()) == LOGGED_READS


def test_a_log_line_says_how_much_was_told_and_changed(lola: Outside) -> None:
    full(lola)
    row = lola.box.db.tuples("SELECT requests, seen, changed FROM sync_log ORDER BY id DESC LIMIT 1")[0]
    assert row == (1, 2, 2)


def test_one_calendar_that_fails_does_not_keep_the_others_from_being_read(lola: Outside) -> None:  # case 53
    waited(lola)
    lola.connects("caldav", "Table 1")
    lola.calendar.fails("changes")
    lola.story.now += timedelta(minutes=6)
    assert sync_due(lola.box, lola.now) >= 2
    assert lola.others["caldav"].asked == ["changes"]
    provider_pass(lola.box, lola.now)
