"""`waitlist dev`, `serve` and `worker` as real processes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.processes, pytest.mark.slow]


@pytest.fixture
def config(tmp_path: Path, port: int) -> Path:
    path = tmp_path / "config.toml"
    made = waitlist(path, "init", "--defaults", "--json", "--port", str(port))
    said, _ = made.communicate(timeout=30)
    assert json.loads(said)["config"] == str(path)
    return path


def waitlist(config: Path, *command: str) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "waitlist_appliance", "--config", str(config), *command]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0)


@contextlib.contextmanager
def running(config: Path, *command: str) -> Iterator[subprocess.Popen[str]]:
    with waitlist(config, *command) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(30)


@pytest.mark.parametrize("ask", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_both_run_and_one_ctrl_c_ends_both(config: Path, port: int, ask: signal.Signals) -> None:
    with running(config, "dev") as process:
        wait_for(lambda: is_well(port) and child(config, "worker") is not None)
        wait_for(lambda: has_heartbeat(config))
        os.killpg(process.pid, ask)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert left_of(config) == []


@pytest.mark.parametrize("victim", ["serve", "worker"])
def test_when_one_dies_the_other_is_stopped(config: Path, port: int, victim: str) -> None:
    with running(config, "dev") as process:
        wait_for(lambda: is_well(port) and child(config, victim) is not None)
        os.kill(child(config, victim) or 0, signal.SIGKILL)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "ended by itself" in said
    assert left_of(config) == []


@pytest.mark.parametrize("ask", [signal.SIGINT, signal.SIGTERM])
def test_the_worker_ends_well_when_it_is_asked(config: Path, ask: signal.Signals) -> None:
    with running(config, "worker") as process:
        wait_for(lambda: has_heartbeat(config))
        started = time.monotonic()
        process.send_signal(ask)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert time.monotonic() - started < 3


def test_the_worker_makes_a_broken_huey_file_anew(config: Path) -> None:
    (config.parent / "data" / "huey.db").write_bytes(os.urandom(9000))
    with running(config, "worker") as process:
        wait_for(lambda: has_heartbeat(config))
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert "made anew" in said


def test_the_server_stays_on_one_cpu(config: Path, port: int) -> None:
    with running(config, "serve") as process:
        wait_for(lambda: is_well(port))
        assert len(os.sched_getaffinity(process.pid)) == 1


@pytest.mark.parametrize("command", ["serve", "worker", "dev"])
def test_sigint_ends_a_background_job_too(config: Path, port: int, command: str) -> None:
    # A shell starts `waitlist serve &` with SIGINT ignored.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = waitlist(config, command)
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        wait_for(lambda: has_heartbeat(config) if command == "worker" else is_well(port))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
    assert process.returncode == 0


@pytest.mark.parametrize("command", ["serve", "worker", "dev"])
def test_sigint_ends_a_background_job_that_still_starts(tmp_path: Path, command: str) -> None:
    slow = tmp_path / "config.toml"
    os.mkfifo(slow, 0o600)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = waitlist(slow, command)
    finally:
        signal.signal(signal.SIGINT, before)
    held: list[int] = []
    with process:
        try:
            wait_for(lambda: is_being_read(slow, held))
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
        finally:
            process.kill()
            for descriptor in held:
                os.close(descriptor)
    assert process.returncode == -signal.SIGINT


def is_being_read(fifo: Path, held: list[int]) -> bool:
    """Whether somebody waits for what comes out of it; from then on it is held, and they wait for ever."""
    with contextlib.suppress(OSError):
        held.append(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
    return bool(held)


def is_well(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def has_heartbeat(config: Path) -> bool:
    from waitlist_appliance.storage import heartbeats
    from waitlist_appliance.storage.database import Database

    db = Database(config.parent / "data" / "waitlist.db")
    try:
        return heartbeats.read(db, "worker") is not None
    finally:
        db.close()


def left_of(config: Path) -> list[str]:
    return [line for _, line in command_lines() if str(config) in line]


def child(config: Path, command: str) -> int | None:
    found = [pid for pid, line in command_lines() if str(config) in line and line.rstrip("\0").endswith("\0" + command)]
    return found[0] if found else None


def command_lines() -> Iterator[tuple[int, str]]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_text(errors="replace")
            if line:
                yield int(path.parent.name), line


def wait_for(is_so: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


def test_asked_twice_at_once_the_server_says_once_that_it_ends(tmp_path: Path, port: int) -> None:
    code = (
        "import os, signal, sys, threading\n"
        "from pathlib import Path\n"
        "from flask import Flask\n"
        "from waitlist_appliance.config import Config\n"
        "from waitlist_appliance.web import server\n"
        "def says():\n"
        "    print('ending', flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "config = Config(data_directory=Path('.'), token_key=b't' * 32, session_key=b's' * 32, port=int(sys.argv[1]))\n"
        "threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()\n"
        "server.serve(Flask('small'), config, on_stop=says)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(port)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "ending\n"), done.stderr


def test_an_end_that_got_lost_on_its_way_is_asked_for_again(port: int) -> None:
    code = (
        "import os, signal, sys, threading, time, waitress\n"
        "from pathlib import Path\n"
        "from flask import Flask\n"
        "from waitlist_appliance.config import Config\n"
        "from waitlist_appliance.web import server\n"
        "served = waitress.serve\n"
        "def loses_the_first(*arguments, **options):\n"
        "    try:\n"
        "        time.sleep(60)\n"
        "    except SystemExit:\n"
        "        print('lost', flush=True)\n"
        "    served(*arguments, **options)\n"
        "waitress.serve, server.AGAIN_SECONDS = loses_the_first, 0.5\n"
        "config = Config(data_directory=Path('.'), token_key=b't' * 32, session_key=b's' * 32, port=int(sys.argv[1]))\n"
        "threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()\n"
        "server.serve(Flask('small'), config)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(port)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "lost\n"), done.stderr
