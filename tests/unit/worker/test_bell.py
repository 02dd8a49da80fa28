"""Rings that come together become few, and none that matters is lost."""

from __future__ import annotations

import threading
import time

from waitlist_appliance.worker.timers import Bell


class Rings:
    def __init__(self, pause_seconds: float = 0.05) -> None:
        self.at: list[float] = []
        self.bell = Bell(lambda: self.at.append(time.monotonic()), pause_seconds)

    def wait_for(self, number: int) -> None:
        deadline = time.monotonic() + 5
        while len(self.at) < number and time.monotonic() < deadline:
            time.sleep(0.005)


def test_a_ring_after_quiet_is_heard_at_once() -> None:
    rings = Rings()
    rings.bell()
    assert len(rings.at) == 1


def test_a_hundred_rings_together_become_one_now_and_one_at_the_end() -> None:
    rings = Rings()
    for _ in range(100):
        rings.bell()
    rings.wait_for(2)
    time.sleep(0.12)
    assert len(rings.at) == 2


def test_the_last_ring_of_a_burst_is_always_followed_by_one_that_is_heard() -> None:
    rings, last = Rings(0.02), [0.0]

    def ring() -> None:
        for _ in range(200):
            last[0] = time.monotonic()
            rings.bell()

    threads = [threading.Thread(target=ring) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    time.sleep(0.1)
    assert rings.at[-1] >= last[0]
