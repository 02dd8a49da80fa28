"""The storm: a hundred journeys under way together on real processes, which are killed at random instants.

Nothing here looks into the box while it runs, except to check the invariants; everything goes over HTTP, and whoever
gets no answer asks again with the same Idempotency-Key, as every client should.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from tests.chaos import aftermath
from tests.chaos.invariants import check
from tests.chaos.people import Desk, Journal, Journey, Phones
from waitlist_appliance.bootstrap import build
from waitlist_appliance.config import load
from waitlist_appliance.ports import SilentTimers
from waitlist_appliance.services import edit_events, staff_login
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.business import set_policy

ROOT: Final = Path(__file__).resolve().parents[2]
MADRID: Final = ZoneInfo("Europe/Madrid")
JOURNEYS: Final = 100
TABLES: Final = 20
TIMES: Final = ("17:00", "18:30", "20:00", "21:30")
PASSWORD: Final = "a storm in a glass of water"
STARTING_SECONDS: Final = 90.0
CALM_SECONDS: Final = 12.0
SHORT_LULL_SECONDS: Final = 2.4
LONG_LULL_SECONDS: Final = 10.0
# Windows of seconds, so that silence, answers and late answers all happen under the storm.
POLICIES: Final[dict[str, object]] = {
    "offer_window_minimum_seconds": 5, "offer_window_seconds": 10, "cutoff_seconds": 60, "race_from_seconds": 0,
    "quiet_hours": False, "offers_per_day": 50, "messages_per_day": 200,
}  # fmt: skip
# Whom one kill hits: one of the two, or both in one instant, as a power cut would.
WHOLE_BOX: Final = (("web", "worker"),)
ANYTHING: Final = (("web",), ("worker",), *WHOLE_BOX)
Progress = Callable[[int, int], None]


@dataclass
class Verdict:
    """How a storm ended: what was broken (nothing, if all is well), and what went through it."""

    seed: int
    kills: int
    problems: list[str]
    numbers: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        said = ", ".join(f"{count} {what}" for what, count in self.numbers.items())
        ending = (
            "nothing lost"
            if not self.problems
            else f"BROKEN, {len(self.problems)} times\n  " + "\n  ".join(self.problems[:20])
        )
        return f"seed {self.seed}, {self.kills} kills, {said}: {ending}"


@dataclass
class Box:
    """A box of this storm: its configuration, where it listens, its keys, and the events that fill its evening."""

    config: Path
    port: int
    api_key: str
    email: str
    events: list[str]


class Child:
    """Web or worker as a process of our own, in a group of its own; killed and started again."""

    def __init__(self, box: Box, command: tuple[str, ...], log: Path) -> None:
        self._line = [sys.executable, "-m", "waitlist_appliance", "--config", str(box.config), *command]
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self.problems: list[str] = []

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                self._line, stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=ROOT, process_group=0
            )

    def strike(self) -> None:
        """SIGKILL to this very process, wherever it is; its end is not waited for."""
        if self._process is not None and self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGKILL)

    def kill(self) -> None:
        """Struck and gone. That it has ended by itself is a problem."""
        if self._process is None:
            return
        self.strike()
        if self._process.wait() != -signal.SIGKILL:
            self.problems.append(f"{self._line[-1]} ended by itself ({self._process.returncode}): {self._last_said()}")

    def stop(self) -> None:
        """Asked to end, which it does with 0; killed when it does not."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            code = self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            code = -signal.SIGKILL
        if code:
            self.problems.append(f"{self._line[-1]} did not end as asked: {code}: {self._last_said()}")
        self._process = None

    def _last_said(self) -> str:
        return self._log.read_text(errors="replace")[-600:]


def storm(
    folder: Path,
    seed: int,
    kills: int,
    progress: Progress = lambda done, of: None,
    targets: Sequence[tuple[str, ...]] = ANYTHING,
) -> Verdict:
    """One storm on a box of its own in ``folder``; bounded in time, leaves no process behind."""
    chance = random.Random(seed)
    box = make_box(folder)
    journal = Journal()
    problems: list[str] = []
    with running(box, folder) as (children, starting_seconds):
        over = threading.Event()
        people = people_of(box, journal, over, chance)
        for person in people:
            person.start()
        problems += _kill_at_random(box, children, kills, chance, targets, starting_seconds, progress)
        _wait_for_answer(box.port)  # who is still starting cannot be asked to end
        over.wait(CALM_SECONDS)
        over.set()
        for person in people:
            person.join(30)
        problems += [f"{person.name} hangs" for person in people if person.is_alive()]
    problems += [problem for child in children.values() for problem in child.problems] + journal.problems
    app = _open(box)
    try:
        problems += aftermath.drain(app)
        problems += check(app.db) + aftermath.lost(app.db, journal)
        return Verdict(seed, kills, problems, aftermath.numbers(app.db))
    finally:
        app.db.close()


def make_box(folder: Path) -> Box:
    """A box with a full evening ahead, set up as an owner would."""
    port = _free_port()
    config = folder / "config.toml"
    line = [sys.executable, "-m", "waitlist_appliance", "--config", str(config), "init", "--defaults", "--json",
            "--tables", f"{TABLES}x2", "--port", str(port)]  # fmt: skip
    made = json.loads(subprocess.run(line, capture_output=True, check=True, cwd=ROOT, timeout=60).stdout)
    box = Box(config, port, made["api_key"], made["owner"]["email"], [])
    app = _open(box)
    now = datetime.now(UTC)
    for name, value in POLICIES.items():
        set_policy(app, name, value, SYSTEM, now)
    staff_login.use_link(app, made["owner"]["first_login_url"].rsplit("/", 1)[1], PASSWORD, now)
    for number in range(TABLES):
        for start in map(evening, TIMES):
            event = edit_events.add_event(
                app, f"Reserva {number + 1}", start, start + timedelta(minutes=90), f"Table {number + 1}", now, SYSTEM
            )
            box.events.append(event.public_id)
    app.db.close()
    return box


def evening(clock: str) -> datetime:
    """This time of tomorrow."""
    day = datetime.now(MADRID).date() + timedelta(days=1)
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=MADRID)


def _open(box: Box) -> Appliance:
    return build(load(box.config, {}), SilentTimers())


@contextmanager
def running(box: Box, folder: Path) -> Iterator[tuple[dict[str, Child], float]]:
    """Web and worker, and how long it took until they answered."""
    children = {
        "web": Child(box, ("serve",), folder / "web.log"),
        "worker": Child(box, ("worker",), folder / "worker.log"),
    }
    try:
        began = time.monotonic()
        for child in children.values():
            child.start()
        _wait_for_answer(box.port)
        yield children, time.monotonic() - began
    finally:
        for child in children.values():
            child.stop()


def people_of(box: Box, journal: Journal, over: threading.Event, chance: random.Random) -> list[threading.Thread]:
    """A hundred journeys, and staff who cancel the whole evening, one event after the other."""
    phones = Phones(box.port, box.email, PASSWORD, over)
    people: list[threading.Thread] = [
        Journey(
            number, box.port, box.api_key, evening(TIMES[number % len(TIMES)]), phones, journal, over,
            random.Random(chance.random()),
        )
        for number in range(JOURNEYS)
    ]  # fmt: skip
    events = chance.sample(box.events, len(box.events))
    return [*people, Desk(box.port, box.api_key, events, JOURNEYS, journal, over, random.Random(chance.random()))]


def _kill_at_random(
    box: Box,
    children: dict[str, Child],
    kills: int,
    chance: random.Random,
    targets: Sequence[tuple[str, ...]],
    starting_seconds: float,
    progress: Progress,
) -> list[str]:
    """Kill web, worker or both, start them again at once; now and then look whether the invariants hold just then.

    Some die while they start, most after: on a busy machine the storm blows slower, or nothing would ever happen in it.
    """
    longest = max(SHORT_LULL_SECONDS, min(3 * starting_seconds, LONG_LULL_SECONDS))
    app = _open(box)
    problems: list[str] = []
    for done in range(kills):
        time.sleep(chance.uniform(0.1, longest))
        struck = [children[name] for name in chance.choice(targets)]
        for child in struck:
            child.strike()  # all of them before the end of any is waited for: none acts on the death of another
        for child in struck:
            child.kill()
        if done % 5 == 0:
            problems += [f"after kill {done + 1}: {line}" for line in check(app.db)]
        for child in struck:
            child.start()
        progress(done + 1, kills)
    app.db.close()
    return problems


def _wait_for_answer(port: int) -> None:
    deadline = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the web process does not answer")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
