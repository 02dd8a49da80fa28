"""Rings through Huey's file, and what becomes of them."""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from waitlist_appliance.worker.tasks import is_early, whole_second
from waitlist_appliance.worker.timers import HueyTimers

NOON = datetime(2026, 3, 14, 12, 0, 0, 250_000, tzinfo=UTC)


@pytest.fixture
def timers(tmp_path: Path) -> Iterator[HueyTimers]:
    timers = HueyTimers(tmp_path / "huey.db")
    yield timers
    if timers._opened:
        timers._opened[0].storage.close()


def pending(timers: HueyTimers) -> int:
    return int(timers._queue()[0].pending_count())


def test_a_ring_lies_in_hueys_file(timers: HueyTimers) -> None:
    timers.write_calendar()
    assert pending(timers) == 1
    assert stat.S_IMODE(timers.path.stat().st_mode) == 0o600


def test_nothing_is_opened_before_the_first_ring(timers: HueyTimers) -> None:
    assert not timers.path.exists()


def test_a_thousand_offers_that_end_in_one_second_ring_once(timers: HueyTimers) -> None:
    for number in range(1000):
        timers.expire_offers(datetime.now(UTC).replace(microsecond=number + 1) + timedelta(hours=1))
    assert pending(timers) <= 2


def test_a_ring_in_time_is_never_early(timers: HueyTimers) -> None:
    assert whole_second(NOON) == NOON.replace(second=1, microsecond=0)
    assert whole_second(NOON.replace(microsecond=0)) == NOON.replace(microsecond=0)


def test_what_fires_early_is_rung_for_again_though_it_was_armed_before(timers: HueyTimers) -> None:
    at = datetime.now(UTC) + timedelta(minutes=5)
    timers.expire_offers(at)
    queue, tasks = timers._queue()
    tasks.expire_offers.call_local(at)
    assert is_early(at, datetime.now(UTC))
    assert queue.pending_count() == 2


def test_a_ring_that_cannot_be_written_is_logged_and_harms_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        HueyTimers(tmp_path / "missing" / "huey.db").deliver()
    assert "was lost" in caplog.text


def test_a_file_made_anew_by_another_process_is_found(timers: HueyTimers) -> None:
    timers.write_calendar()
    timers._queue()[0].storage.close()
    for path in timers.path.parent.glob("huey.db*"):
        path.unlink()
    timers.sync(1)
    assert pending(timers) == 1


def test_with_checks_off_no_slot_is_rung_for(tmp_path: Path) -> None:
    HueyTimers(tmp_path / "huey.db", checks=False).check_slots(NOON)
    assert not (tmp_path / "huey.db").exists()
