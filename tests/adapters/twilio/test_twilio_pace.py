"""One sender's pace."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from tests.conftest import NOW
from waitlist_appliance.adapters.messengers.twilio.pace import Pace

SECOND = timedelta(seconds=1)
NO_WAIT = timedelta(0)


def test_an_idle_sender_writes_at_once() -> None:
    pace = Pace()
    assert pace.wait("a", "1", SECOND, NOW) == NO_WAIT
    assert pace.wait("a", "2", SECOND, NOW + SECOND) == NO_WAIT


def test_senders_do_not_wait_for_each_other() -> None:
    pace = Pace()
    assert [pace.wait(sender, "1", SECOND, NOW) for sender in "abc"] == [NO_WAIT] * 3


def test_a_crowd_of_letters_is_told_one_moment_each_and_waits_once() -> None:
    pace = Pace()
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda n: pace.wait("a", str(n), SECOND, NOW), range(40)))
    assert sorted(waits) == [n * SECOND for n in range(40)]
    assert all(pace.wait("a", str(n), SECOND, NOW + wait) == NO_WAIT for n, wait in enumerate(waits) if wait)


def test_a_letter_that_asks_too_early_keeps_its_moment() -> None:
    pace = Pace()
    pace.wait("a", "1", 3 * SECOND, NOW)
    assert pace.wait("a", "2", SECOND, NOW) == 3 * SECOND
    assert pace.wait("a", "2", SECOND, NOW + SECOND) == 2 * SECOND
    assert pace.wait("a", "3", SECOND, NOW + SECOND) == 3 * SECOND


def test_a_clock_that_is_set_back_does_not_silence_the_sender() -> None:
    pace = Pace()
    pace.wait("a", "1", SECOND, NOW)
    assert pace.wait("a", "2", SECOND, NOW - timedelta(hours=1)) == NO_WAIT


def test_moments_that_nobody_used_are_forgotten() -> None:
    pace = Pace()
    for n in range(10):
        pace.wait("a", str(n), SECOND, NOW)
    pace.wait("a", "last", SECOND, NOW + timedelta(hours=1))
    assert pace._lines["a"].moments == {}
