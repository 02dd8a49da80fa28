"""Counting by the hour: sums that never fall, and what the activity log says counted once."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import activity, tallies
from waitlist_appliance.storage.activity import SYSTEM
from waitlist_appliance.storage.tallies import Tally

HOUR = timedelta(hours=1)


def counted(box: Appliance, now: datetime, name: str = "read", label: str = "", **more: int) -> None:
    with box.db.write():
        tallies.count(box.db, name, now, label, **more)


def said(box: Appliance, now: datetime, verb: str = "registered", times: int = 1, **detail: object) -> None:
    with box.db.write():
        for _ in range(times):
            activity.record(box.db, now, SYSTEM, verb, "entry", **detail)  # type: ignore[arg-type]


class Boom(Exception):
    """Something went wrong in the middle of a transaction."""


def rolled_back(box: Appliance, act: Callable[[], object]) -> None:
    with suppress(Boom), box.db.write():
        act()
        raise Boom


def total(box: Appliance, name: str, label: str = "") -> int:
    found = tallies.totals(box.db).get((name, label))
    return found.count if found else 0


def test_what_happens_is_counted_by_label_with_its_time(box: Appliance, now: datetime) -> None:
    counted(box, now, label="google:ok", ms=300)
    counted(box, now, label="google:ok", ms=500)
    counted(box, now, label="google:failed")
    assert tallies.rates(box.db, "read", now) == {"google:ok": Tally(2, 800, 500), "google:failed": Tally(1, 0, 0)}


def test_a_clock_that_was_set_back_makes_nothing_negative(box: Appliance, now: datetime) -> None:
    counted(box, now, ms=-5)
    assert tallies.rates(box.db, "read", now) == {"": Tally(1, 0, 0)}


def test_rates_leave_out_what_was_before_the_hour_asked_for(box: Appliance, now: datetime) -> None:
    counted(box, now - 2 * HOUR)
    counted(box, now - HOUR)
    counted(box, now)
    assert tallies.rates(box.db, "read", now - HOUR)[""].count == 2
    assert total(box, "read") == 3


def test_what_is_rolled_back_was_not_counted(box: Appliance, now: datetime) -> None:
    def act() -> None:
        tallies.count(box.db, "read", now)

    rolled_back(box, act)
    assert total(box, "read") == 0


def test_old_hours_become_one_sum_that_never_falls(box: Appliance, now: datetime) -> None:
    by_chance, expected = random.Random(7), 0
    for day in range(30):
        for _ in range(by_chance.randrange(4)):
            counted(box, now + timedelta(days=day), ms=day)
            expected += 1
        tallies.fold_old(box.db, now + timedelta(days=day))
        assert total(box, "read") == expected
    rows = tallies.hours(box.db, now - 100 * HOUR)
    assert min(row.hour_at for row in rows) >= now + timedelta(days=29) - tallies.KEPT - HOUR
    assert tallies.rates(box.db, "read", now + timedelta(days=40)) == {}


def test_folding_keeps_count_time_and_the_longest(box: Appliance, now: datetime) -> None:
    for hours, ms in ((0, 10), (1, 70), (2, 20)):
        counted(box, now + hours * HOUR, ms=ms)
    assert tallies.fold_old(box.db, now + timedelta(days=9)) == 3
    assert tallies.totals(box.db)["read", ""] == Tally(3, 100, 70)


def test_folding_happens_once_an_hour(box: Appliance, now: datetime) -> None:
    later = now + timedelta(days=9)
    counted(box, now)
    assert tallies.fold_old(box.db, later) == 1
    counted(box, now)
    assert tallies.fold_old(box.db, later) == 0
    assert tallies.fold_old(box.db, later + HOUR) == 1


def test_each_line_of_the_log_is_counted_once(box: Appliance, now: datetime) -> None:
    tallies.count_news(box.db)
    said(box, now, times=3)
    assert tallies.count_news(box.db) == 3
    assert tallies.count_news(box.db) == 0
    said(box, now)
    tallies.count_news(box.db)
    assert total(box, "registered") == 4


def test_messages_are_counted_by_their_channel(box: Appliance, now: datetime) -> None:
    said(box, now, "message_sent", channel="sms", kind="offer")
    said(box, now, "message_sent", times=2, channel="email", kind="offer")
    tallies.count_news(box.db)
    assert (total(box, "message_sent", "sms"), total(box, "message_sent", "email")) == (1, 2)


def test_what_is_not_of_interest_is_not_counted(box: Appliance, now: datetime) -> None:
    said(box, now, "set_policy")
    tallies.count_news(box.db)
    assert total(box, "set_policy") == 0


def test_a_line_counts_in_the_hour_in_which_it_happened(box: Appliance, now: datetime) -> None:
    said(box, now - 3 * HOUR)
    said(box, now)
    tallies.count_news(box.db)
    assert tallies.rates(box.db, "registered", now)[""].count == 1


def test_many_lines_are_counted_in_several_goes(box: Appliance, now: datetime) -> None:
    tallies.count_news(box.db)
    said(box, now, times=tallies.AT_ONCE + 5)
    assert [tallies.count_news(box.db) for _ in range(3)] == [tallies.AT_ONCE, 5, 0]
    assert total(box, "registered") == tallies.AT_ONCE + 5


def test_lines_that_were_erased_do_not_stop_the_counting(box: Appliance, now: datetime) -> None:
    said(box, now, times=3)
    tallies.count_news(box.db)
    with box.db.write():
        box.db.execute("DELETE FROM activity WHERE verb = 'registered'")
    tallies.count_news(box.db)
    said(box, now, times=2)
    tallies.count_news(box.db)
    assert total(box, "registered") == 5


def test_counting_that_breaks_off_is_done_again_whole(box: Appliance, now: datetime) -> None:
    tallies.count_news(box.db)
    said(box, now, times=2)
    rolled_back(box, lambda: tallies.count_news(box.db))
    tallies.count_news(box.db)
    assert total(box, "registered") == 2
