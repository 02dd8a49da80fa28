"""Web and worker under steady load: what they hold after three minutes is what they held after one."""

from __future__ import annotations

import os
import random
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.chaos.people import Journal
from tests.chaos.storm import make_box, people_of, running
from tests.robustness.busy_days import resident_mb

pytestmark = [pytest.mark.processes, pytest.mark.slow, pytest.mark.soak]

WARM_SECONDS = 60
STEADY_SECONDS = 120
# SQLite keeps up to 8 MB of pages for each connection, and fills that as the database grows.
MORE_MB = 16.0


@dataclass(frozen=True)
class Held:
    """What one process holds."""

    mb: float
    files: int
    threads: int


def held(pid: int) -> Held:
    tasks, files = Path(f"/proc/{pid}/task"), Path(f"/proc/{pid}/fd")
    return Held(resident_mb(pid), len(os.listdir(files)), len(os.listdir(tasks)))


def test_three_minutes_of_a_full_house_leave_no_more_than_one(tmp_path: Path) -> None:
    box, journal, over = make_box(tmp_path), Journal(), threading.Event()
    with running(box, tmp_path) as (children, _):
        people = people_of(box, journal, over, random.Random(1))
        for person in people:
            person.start()
        time.sleep(WARM_SECONDS)
        early = {name: held(child.pid) for name, child in children.items()}
        time.sleep(STEADY_SECONDS)
        late = {name: held(child.pid) for name, child in children.items()}
        over.set()
        for person in people:
            person.join(30)
    print(f"\nafter a minute {early}\nafter three {late}")
    assert journal.problems == []
    for name, then in early.items():
        now = late[name]
        assert now.mb - then.mb <= MORE_MB, name
        # A thread of the server opens its connection (file, log, index) when it is first needed.
        assert now.threads <= then.threads + 1, name
        assert now.files <= then.files + 10, name
