"""A busy restaurant's days in fast-forward: nothing grows but the record of what happened."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from tests.chaos.invariants import check
from tests.conftest import NOW
from tests.robustness.busy_days import BusyDays, Load, told
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.business import set_policy

# The record: who asked for what, what was offered, answered, booked and said, and who did what.
RECORD = {
    "activity", "booking", "customer", "entry", "event", "hold", "local_event", "message", "offer", "opening", "reply",
    "search_word", "simulated_message", "slot", "token", "wish", "customer_alias",
}  # fmt: skip
# The clocks change in the night to 29 March 2026.
FRIDAY_BEFORE = date(2026, 3, 27)
TWELVE_DAYS_BEFORE = date(2026, 3, 17)

Living = Callable[[date, int], list[Load]]


@pytest.fixture
def living(box: Appliance) -> Living:
    """So many days at Casa Lola; what was held at the end of each."""

    def live(first_day: date, days: int) -> list[Load]:
        # Offers go out in the evening, too, and end soon: more happens in a day.
        for name, value in {"quiet_hours": False, "offer_window_seconds": 1800, "offers_per_day": 20}.items():
            set_policy(box, name, value, SYSTEM, NOW)
        for number in range(3, 7):
            box.db.insert(
                "resource", public_id=f"table-{number}", name=f"Table {number}", kind="table", min_party=1, max_party=4,
                connection_id=1,
            )  # fmt: skip
        restaurant = BusyDays(box, first_day, seed=24)
        loads = [restaurant.live() for _ in range(days)]
        print(told(loads), dict(restaurant.answers))
        assert check(box.db) == []
        return loads

    return live


def test_three_busy_days_leave_nothing_open(living: Living) -> None:
    first, _, last = living(FRIDAY_BEFORE, 3)
    assert_much_happened([first, last], each_day=20)
    assert (last.files, last.threads) == (first.files, first.threads)
    assert last.rows["idempotency"] <= first.rows["idempotency"] * 1.3
    assert last.wal_mb <= 17


@pytest.mark.slow
@pytest.mark.soak
def test_twenty_four_busy_days_leave_nothing_but_the_record(living: Living) -> None:
    loads = living(TWELVE_DAYS_BEFORE, 24)
    fourth, seventeenth, last = loads[3], loads[16], loads[23]
    assert_much_happened(loads, each_day=20)
    assert (last.files, last.threads) == (fourth.files, fourth.threads)
    assert last.resident_mb - fourth.resident_mb <= 8
    assert max(load.wal_mb for load in loads) <= 17
    grown = {
        table: (seventeenth.rows[table], count)
        for table, count in last.rows.items()
        if table not in RECORD and count > seventeenth.rows[table] * 1.3 + 20
    }
    assert grown == {}


def assert_much_happened(loads: list[Load], each_day: int) -> None:
    """A quiet box would pass everything."""
    first, last = loads[0], loads[-1]
    days = (last.day - first.day).days
    for table in ("entry", "offer", "message"):
        assert last.rows[table] - first.rows[table] >= each_day * days, table
    assert last.rows["booking"] > first.rows["booking"]
