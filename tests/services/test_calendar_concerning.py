"""Whose time an event takes: the table it names, all of its calendar, or everybody's. What is not known is busy."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.conftest import at
from tests.outside_story import Outside
from tests.story import OLIVIA
from waitlist_appliance.domain.errors import Conflict
from waitlist_appliance.services.availability import FreeTimes, free_times
from waitlist_appliance.services.cancel_booking import cancel
from waitlist_appliance.services.staff_acts import notify
from waitlist_appliance.services.sync_calendar import sync
from waitlist_appliance.storage.activity import SYSTEM


def free(lola: Outside, time: str = "19:30") -> list[str]:
    found = free_times(lola.box, FreeTimes(at(time), at(time) + timedelta(minutes=1)), lola.now)
    return [place.resource.name for place in found]


# --- what an event names


def test_an_event_takes_the_table_that_its_title_names(lola: Outside) -> None:
    lola.party(title="Cena Table 1")
    lola.reads()
    assert free(lola) == ["Table 2"]


def test_an_event_that_names_no_table_takes_all_of_them(lola: Outside) -> None:
    lola.party(title="Fiesta")
    lola.reads()
    assert (lola.taken(), free(lola)) == ([("Fiesta", None)], [])


def test_an_event_that_names_two_tables_takes_all_of_them(lola: Outside) -> None:
    lola.party(title="Table 1 + Table 2")
    lola.reads()
    assert free(lola) == []


def test_on_a_calendar_of_one_table_every_event_is_that_tables(lola: Outside) -> None:
    lola.box.db.execute("UPDATE resource SET connection_id = NULL WHERE name = 'Table 2'")
    lola.party(title="Fiesta")
    lola.reads()
    assert (lola.taken(), free(lola)) == ([("Fiesta", "Table 1")], ["Table 2"])


def test_a_table_that_gets_another_name_is_found_again_by_the_next_read(lola: Outside) -> None:
    lola.party(title="Cena Balcón")
    lola.reads()
    assert free(lola) == []
    lola.box.db.execute("UPDATE resource SET name = 'Balcon' WHERE name = 'Table 1'")
    lola.story.now += timedelta(seconds=1)
    lola.reads()
    assert (lola.taken(), free(lola)) == ([("Cena Balcón", "Balcon")], ["Table 2"])


def test_an_unnamed_event_takes_one_table_that_fits_where_the_owner_says_so(lola: Outside) -> None:
    lola.story.policy(unnamed_events="block_one_that_fits")
    lola.party(title="Ana · 2")
    lola.party(title="Bruno 4p", event_id="b")
    lola.reads()
    assert sorted(lola.taken()) == [("Ana · 2", "Table 1"), ("Bruno 4p", "Table 2")]
    assert free(lola) == []


def test_an_unnamed_event_for_which_none_is_free_takes_them_all(lola: Outside) -> None:
    lola.story.policy(unnamed_events="block_one_that_fits")
    lola.party(title="Wedding 40")
    lola.reads()
    assert lola.taken() == [("Wedding 40", None)]


def test_an_unnamed_event_is_not_given_a_table_that_we_have_booked(lola: Outside) -> None:
    lola.story.policy(unnamed_events="block_one_that_fits")
    lola.story.books("Ana", resource="Table 1")
    lola.story.passes()
    lola.party(title="Bruno 2")
    lola.reads()
    assert lola.taken() == [("Bruno 2", "Table 2")]


def test_the_table_picked_for_an_unnamed_event_stays_the_same(lola: Outside) -> None:
    lola.story.policy(unnamed_events="block_one_that_fits")
    lola.party(title="Cena Table 1", event_id="t1")
    lola.party(title="Ana · 2")
    lola.reads()
    lola.calendar.delete("t1")
    lola.reads()
    lola.story.passes(seconds=61)
    lola.party(title="Ana · 2 (vegan)")
    lola.reads()
    assert lola.taken() == [("Ana · 2 (vegan)", "Table 2")]


def test_switching_the_rule_for_unnamed_events_counts_from_the_next_read(lola: Outside) -> None:
    lola.party(title="Ana · 2")
    lola.reads()
    lola.story.policy(unnamed_events="block_one_that_fits")
    lola.story.now += timedelta(seconds=1)
    lola.reads()
    assert lola.taken() == [("Ana · 2", "Table 1")]


@pytest.mark.parametrize("how", ["partly", "touching", "free", "all day"])
def test_what_blocks_and_what_does_not(lola: Outside, how: str) -> None:  # case 40
    spans = {
        "partly": (at("20:45"), at("22:00")), "touching": (at("21:00"), at("22:00")),
        "free": (at("19:30"), at("21:00")), "all day": (at("00:00"), at("00:00", "2026-01-17")),
    }  # fmt: skip
    lola.calendar.put("x", *spans[how], "Table 1", busy=how != "free", all_day=how == "all day")
    lola.reads()
    assert free(lola) == (["Table 2"] if how in ("partly", "all day") else ["Table 1", "Table 2"])


# --- several calendars


def test_a_further_calendar_takes_only_the_tables_it_is_for(lola: Outside) -> None:
    other = lola.connects("caldav", "Table 1")
    lola.others["caldav"].put("x", at("19:30"), at("21:00"), "Repair")
    sync(lola.box, other, lola.now)
    assert free(lola) == ["Table 2"]


def test_an_unnamed_event_of_a_further_calendar_takes_all_that_it_is_for(lola: Outside) -> None:
    other = lola.connects("caldav", "Table 1", "Table 2")
    lola.others["caldav"].put("x", at("19:30"), at("21:00"), "Repair")
    sync(lola.box, other, lola.now)
    assert free(lola) == []


def test_a_calendar_for_everybody_takes_everything_whatever_its_events_name(lola: Outside) -> None:
    other = lola.connects("ics", scope="business")
    lola.others["ics"].put("x", at("00:00"), at("00:00", "2026-01-17"), "Fiesta de Table 1")
    sync(lola.box, other, lola.now)
    assert free(lola) == []


@pytest.mark.parametrize("scope", ["resources", "business"])
def test_until_every_calendar_that_concerns_a_table_was_read_it_is_not_free(lola: Outside, scope: str) -> None:
    other = lola.connects("ics", *(["Table 1"] if scope == "resources" else []), scope=scope)
    assert free(lola) == (["Table 2"] if scope == "resources" else [])
    sync(lola.box, other, lola.now)
    assert free(lola) == ["Table 1", "Table 2"]


def test_a_calendar_for_everybody_that_is_switched_off_counts_no_more(lola: Outside) -> None:
    other = lola.connects("ics", scope="business")
    lola.box.db.execute("UPDATE connection SET enabled = 0, status = 'disabled' WHERE id = ?", other)
    assert free(lola) == ["Table 1", "Table 2"]


def test_a_tables_own_calendar_that_is_switched_off_leaves_it_busy(lola: Outside) -> None:
    other = lola.connects("caldav", "Table 1")
    sync(lola.box, other, lola.now)
    lola.box.db.execute("UPDATE connection SET enabled = 0, status = 'disabled' WHERE id = ?", other)
    assert free(lola) == ["Table 2"]


# --- what an offer may rest on


def waits_for_table_1(lola: Outside) -> None:
    for table in ("Table 1", "Table 2"):
        lola.party(title=f"Cena {table}", event_id=table)
    lola.reads()
    lola.story.in_line("Ana")


def test_an_offer_needs_every_calendar_read_just_now_and_has_them_read(lola: Outside) -> None:
    other = lola.connects("caldav", "Table 1")
    sync(lola.box, other, lola.now)
    waits_for_table_1(lola)
    lola.story.now += timedelta(minutes=2)
    lola.calendar.delete("Table 1")
    lola.reads()
    lola.others["caldav"].asked.clear()
    lola.story.passes(seconds=62)
    assert "changes" in lola.others["caldav"].asked
    assert lola.story.asked() == [("Ana", "live")]


def test_a_further_calendar_that_cannot_be_read_stops_the_offer(lola: Outside) -> None:
    other = lola.connects("caldav", "Table 1")
    sync(lola.box, other, lola.now)
    waits_for_table_1(lola)
    lola.others["caldav"].fails("changes")
    lola.story.now += timedelta(minutes=6)
    lola.calendar.delete("Table 1")
    lola.reads()
    lola.story.ticks(4)
    assert lola.story.asked() == []


def test_a_feed_alone_never_starts_an_offer(lola: Outside) -> None:
    lola.box.db.execute("UPDATE resource SET connection_id = NULL WHERE name = 'Table 1'")
    feed = lola.connects("ics", "Table 1")
    lola.others["ics"].put("x", at("19:30"), at("21:00"), "Cena")
    sync(lola.box, feed, lola.now)
    lola.party(title="Cena Table 2", event_id="t2")
    lola.reads()
    lola.story.in_line("Ana")
    lola.others["ics"].delete("x")
    lola.story.ticks(15)
    assert lola.story.openings() == [("Table 1", "open")]
    assert lola.story.asked() == []


def test_a_feed_beside_a_real_calendar_does_not_stop_offers(lola: Outside) -> None:
    feed = lola.connects("ics", "Table 1")
    sync(lola.box, feed, lola.now)
    waits_for_table_1(lola)
    lola.calendar.delete("Table 1")
    lola.story.ticks(8)
    assert lola.story.asked() == [("Ana", "live")]


def test_a_feed_of_holidays_does_not_stop_tables_without_a_calendar(lola: Outside) -> None:
    lola.box.db.execute("UPDATE resource SET connection_id = NULL")
    feed = lola.connects("ics", scope="business")
    sync(lola.box, feed, lola.now)
    for name, table in (("Chloé", "Table 1"), ("Diego", "Table 2")):
        lola.story.books(name, resource=table)
    lola.story.in_line("Ana")
    cancel(lola.box, lola.story.bookings("Chloé")[0].id, lola.now, SYSTEM, "test")
    lola.story.ticks(3)
    assert lola.story.asked() == [("Ana", "live")]


def test_an_offer_by_hand_has_a_calendar_read_first_that_was_read_too_long_ago(lola: Outside) -> None:
    lola.story.policy(offers="manual")
    waits_for_table_1(lola)
    lola.calendar.delete("Table 1")
    lola.reads()
    lola.story.passes(seconds=61)
    lola.story.now += timedelta(minutes=2)
    with pytest.raises(Conflict, match="calendar_being_read"):
        notify(lola.box, lola.story.entry("Ana").public_id, lola.now, OLIVIA)
    lola.story.passes()
    notify(lola.box, lola.story.entry("Ana").public_id, lola.now, OLIVIA)
    assert lola.story.asked() == [("Ana", "live")]
