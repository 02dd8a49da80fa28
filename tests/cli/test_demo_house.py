"""The demo's restaurant is full tomorrow evening, whatever night that is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from waitlist_appliance.bootstrap import build
from waitlist_appliance.config import load
from waitlist_appliance.demo.house import ZONE, furnish
from waitlist_appliance.ports import SilentTimers
from waitlist_appliance.services.availability import FreeTimes, free_times

NIGHTS = {
    "an ordinary night": datetime(2026, 5, 14, 10, tzinfo=UTC),
    "clocks go back tomorrow": datetime(2026, 10, 24, 10, tzinfo=UTC),
    "clocks go forward tomorrow": datetime(2027, 3, 27, 10, tzinfo=UTC),
    "a minute to midnight": datetime(2026, 10, 24, 21, 59, tzinfo=UTC),
}


@pytest.mark.parametrize("now", NIGHTS.values(), ids=NIGHTS)
def test_tomorrow_evening_is_full(tmp_path: Path, now: datetime) -> None:
    house = furnish(tmp_path, 8080, now)
    app = build(load(house.config_path, {}), SilentTimers())
    wanted = house.wanted.astimezone(ZONE)
    assert (wanted.date() - now.astimezone(ZONE).date(), wanted.strftime("%H:%M")) == (timedelta(days=1), "19:30")
    evening = FreeTimes(house.wanted - timedelta(hours=1), house.wanted + timedelta(hours=3), party_size=2)
    assert free_times(app, evening, now) == []
    app.db.close()
