"""Case 55 on real disks: full to the last byte, or read-only, while web and worker run on it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.conftest import MADRID
from tests.robustness.small_disk import EXT4, TMPFS, NoSmallDisk, SmallDisk, small_disk
from waitlist_appliance.cli.processes import free_port

pytestmark = [pytest.mark.processes, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
PULSE_SECONDS = 10.0
PATIENCE = 40.0
# Each complaint once a minute, some of them with where it came from; unlimited it is a thousand lines in ten seconds.
LINES = 120


class Box:
    """Web and worker whose data lies on the small disk; the configuration and the logs lie elsewhere."""

    def __init__(self, disk: SmallDisk, folder: Path) -> None:
        self.disk, self.port = disk, free_port()
        self._config, self._folder = folder / "config.toml", folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._callers = 0
        made = json.loads(
            self.run("init", "--defaults", "--json", "--data-dir", str(disk.folder), "--port", str(self.port))
        )
        self.key = made["api_key"]
        written = self._config.read_text("utf-8")
        self._config.write_text(written.replace('# passphrase = ""', 'passphrase = "a long sentence"'), "utf-8")

    def run(self, *command: str) -> str:
        return subprocess.run(self._line(*command), env=self._environment(), capture_output=True, text=True, check=True,
                              timeout=60).stdout  # fmt: skip

    def backs_up(self) -> tuple[int, str]:
        """Onto the same disk; the exit code, and what it said where it failed."""
        done = subprocess.run(self._line("backup", "create"), env=self._environment(), capture_output=True, text=True,
                              timeout=60)  # fmt: skip
        return done.returncode, done.stderr

    def backups(self) -> list[str]:
        return sorted(path.name for path in (self.disk.seen / "backups").rglob("*") if path.is_file())

    def start(self) -> None:
        for name in ("serve", "worker"):
            with (self._folder / f"{name}.log").open("ab") as log:
                self._running[name] = subprocess.Popen(
                    self._line(name), env=self._environment(), stdout=log, stderr=log, stdin=subprocess.DEVNULL
                )
        until(lambda: self.get("/healthz")[0] == 200, "the box is well")

    def stop(self) -> dict[str, int]:
        """Asked to end; what each ended with."""
        for process in self._running.values():
            process.send_signal(signal.SIGINT)
        return {name: process.wait(30) for name, process in self._running.items()}

    def kill(self) -> None:
        for process in self._running.values():
            process.kill()
            process.wait()

    def alive(self) -> bool:
        return all(process.poll() is None for process in self._running.values())

    def log(self, name: str) -> list[str]:
        return (self._folder / f"{name}.log").read_text(errors="replace").splitlines()

    def get(self, path: str) -> tuple[int, str]:
        return self._ask("GET", path, None, {})

    def calls(self) -> tuple[int, str]:
        """The next caller wants tomorrow evening."""
        self._callers += 1
        wanted = datetime.now(MADRID).replace(hour=20, minute=0, second=0, microsecond=0) + timedelta(days=1)
        said = {"requested_slot": wanted.isoformat(), "phone": self.phone(), "firstName": "Ana", "force": True}
        return self._ask("POST", "/api/waitlist/trigger", json.dumps(said), {"Content-Type": "application/json"})

    def phone(self) -> str:
        return f"+3460000{self._callers:04d}"

    def fills_in(self, url: str) -> tuple[int, str]:
        """The customer's form, without its script."""
        path = urlsplit(url).path
        chosen = re.search(r'name="selectedSlots" value="([^"]+)"', self._ask("GET", path, None, {})[1])
        assert chosen is not None
        form = {"act": "join", "firstName": "Ana", "nbPersons": "2", "consent": "1", "selectedSlots": chosen[1]}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, urlencode(form), headers)

    def written(self, *statements: str) -> list[Any]:
        """What is in the database: the rows of each statement, and in the end which invariants it breaks."""
        line = [
            *self.disk.inside,
            sys.executable,
            "-m",
            "tests.robustness.look_within",
            str(self.disk.folder / "waitlist.db"),
        ]
        said = subprocess.run(
            [*line, *statements], env=self._environment(), capture_output=True, check=True, timeout=60
        )
        found: list[Any] = json.loads(said.stdout)
        return found

    def handed_over(self) -> list[str]:
        """The phones that have got a message."""
        rows, _ = self.written("SELECT DISTINCT address FROM simulated_message")
        return [phone for (phone,) in rows]

    def _line(self, *command: str) -> list[str]:
        return [*self.disk.inside, sys.executable, "-m", "waitlist_appliance", "--config", str(self._config), *command]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(ROOT)}

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=15)
        key = {"Authorization": f"Bearer {self.key}"} if path.startswith("/api/") else {}
        try:
            connection.request(method, path, body, {**headers, **key})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()


def until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, f"not within {PATIENCE:.0f} s: {what}"
        time.sleep(0.1)


@contextmanager
def box_on(tmp_path: Path, mounting: str) -> Iterator[Box]:
    try:
        with small_disk(tmp_path / "disk", mounting) as disk:
            box = Box(disk, tmp_path)
            try:
                box.start()
                yield box
            finally:
                box.kill()
    except NoSmallDisk as reason:
        pytest.skip(str(reason))


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with box_on(tmp_path, TMPFS) as running:
        yield running


@pytest.fixture
def breakable(tmp_path: Path) -> Iterator[Box]:
    with box_on(tmp_path, EXT4) as running:
        yield running


def called(box: Box, times: int) -> dict[str, int]:
    """Callers, one after the other: phone → what they were answered. Each refusal is a clear one."""
    answered = {}
    for _ in range(times):
        status, said = box.calls()
        answered[box.phone()] = status
        if status != 201:
            assert status == 503, said
            assert json.loads(said)["error"]["code"] in ("storage_unavailable", "database_busy")
    return answered


def assert_all_or_nothing(box: Box, answered: dict[str, int]) -> None:
    """Who was told yes is on the list, with a message; of who was told no there is nothing at all."""
    known, said, broken = box.written(
        "SELECT phone FROM customer",
        """SELECT c.phone FROM entry e JOIN customer c ON c.id = e.customer_id
             JOIN message m ON m.entry_id = e.id AND m.kind = 'join_link'""",
    )
    for phone, status in answered.items():
        assert ([phone] in known, [phone] in said) == (status == 201, status == 201), phone
    assert broken == []


def assert_quiet(box: Box, cause: str) -> None:
    """The journal is told what is wrong, and is not filled with the same complaint."""
    for name in ("serve", "worker"):
        lines = box.log(name)
        assert any(cause in line for line in lines), f"{name} says nothing of {cause!r}:\n" + "\n".join(lines[:60])
        assert len(lines) <= LINES, f"{name} wrote {len(lines)} lines:\n" + "\n".join(lines[:60])


def test_a_full_disk_is_told_clearly_survived_and_forgotten_when_there_is_room(box: Box) -> None:
    answered = called(box, 3)
    url = json.loads(box.calls()[1])["url"]
    until(lambda: len(box.handed_over()) == 4, "the worker works")
    box.disk.fill()
    answered |= called(box, 60)
    assert list(answered.values()).count(503) >= 40
    status, page = box.fills_in(url)
    assert status == 503
    assert "<h1" in page
    assert "Traceback" not in page
    assert box.get("/login")[0] == 200
    assert box.get("/healthz")[0] == 503
    time.sleep(2 * PULSE_SECONDS + 2)  # the worker meets the full disk, too, and more than once
    assert box.alive()
    assert_quiet(box, "database or disk is full")
    assert_all_or_nothing(box, answered)
    box.disk.free()
    until(lambda: box.calls()[0] == 201, "callers are taken again")
    late = box.phone()
    until(lambda: late in box.handed_over(), "the worker works again")
    until(lambda: box.get("/healthz")[0] == 200, "the box is well again")
    assert_all_or_nothing(box, answered)
    assert box.stop() == {"serve": 0, "worker": 0}


def test_killed_on_a_full_disk_it_starts_again_there_and_loses_nothing(box: Box) -> None:
    answered = called(box, 3)
    assert box.backs_up()[0] == 0
    made = box.backups()
    box.disk.fill()
    answered |= called(box, 20)
    code, said = box.backs_up()
    assert code == 1
    assert "backup" in said
    assert "Traceback" not in said
    assert box.backups() == made != []
    box.kill()
    assert_all_or_nothing(box, answered)
    box.disk.free()
    box.start()
    until(lambda: box.calls()[0] == 201, "callers are taken again")
    assert_all_or_nothing(box, answered)


def test_a_disk_that_turns_read_only_is_told_clearly_and_nothing_is_half_written(breakable: Box) -> None:
    box = breakable
    answered = called(box, 3)
    box.disk.break_down()
    answered |= called(box, 30)
    assert list(answered.values()).count(503) == 30
    assert box.get("/login")[0] == 200
    assert box.get("/healthz")[0] == 503
    time.sleep(PULSE_SECONDS + 2)
    assert box.alive()
    assert_quiet(box, "disk I/O error")
    with suppress(subprocess.TimeoutExpired):
        box.stop()
