"""The demo as a visitor runs it: real processes, real clock, public addresses."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.processes, pytest.mark.slow]
ONE_MINUTE = 60


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the demo's temporary folder goes, so that what it leaves can be seen."""
    (tmp_path / "tmp").mkdir()
    return tmp_path / "tmp"


@contextlib.contextmanager
def demo(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """`waitlist demo` in a process group of its own, as a shell starts it."""
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
    process = subprocess.Popen(
        [sys.executable, "-m", "waitlist_appliance", "demo", *options], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, env=environment, process_group=0,
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(30)


def test_the_main_job_is_played_within_a_minute_and_checks_itself(folder: Path) -> None:
    started = time.monotonic()
    with demo(folder, "--once") as process:
        said, _ = process.communicate(timeout=2 * ONE_MINUTE)
    assert process.returncode == 0, said
    assert time.monotonic() - started <= ONE_MINUTE
    assert "One booking, confirmed" in said
    assert list(folder.iterdir()) == []
    assert running_in(folder) == []


def test_every_message_is_told_in_its_readers_language(folder: Path) -> None:
    with demo(folder, "--once") as process:
        said, _ = process.communicate(timeout=2 * ONE_MINUTE)
    assert "Votre créneau souhaité n'est pas disponible" in " ".join(said.replace("│", " ").split())
    lines = {line.strip() for line in said.splitlines()}
    assert {"Ana's phone, SMS", "Bruno's phone, SMS", "Chloé's phone, SMS"} <= lines


def test_a_worker_that_dies_ends_the_demo_with_the_reason(folder: Path) -> None:
    with demo(folder, "--once") as process:
        wait_for(lambda: child(folder, "worker") is not None)
        os.kill(child(folder, "worker") or 0, signal.SIGKILL)
        said, _ = process.communicate(timeout=ONE_MINUTE)
    assert process.returncode == 1
    assert "the worker process keeps running" in said
    assert running_in(folder) == []


def test_ctrl_c_leaves_neither_process_nor_folder(folder: Path) -> None:
    port = str(free_port())
    with demo(folder, "--port", port) as process:
        wait_for(lambda: child(folder, "worker") is not None and child(folder, "serve") is not None)
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode in (0, 130)
    assert running_in(folder) == []
    assert list(folder.iterdir()) == []


def test_the_demo_stays_open_until_ctrl_c(folder: Path) -> None:
    port = free_port()
    with demo(folder, "--port", str(port)) as process:
        assert process.stdout is not None
        said = next(line for line in process.stdout if "Ctrl-C ends the demo" in line)
        assert said
        with socket.create_connection(("127.0.0.1", port), 5):
            pass
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert running_in(folder) == []


def running_in(folder: Path) -> list[str]:
    """Command lines of processes that name the folder."""
    return [line for _, line in command_lines() if str(folder) in line]


def child(folder: Path, command: str) -> int | None:
    """The process id of `waitlist <command>` on a box in the folder."""
    found = [pid for pid, line in command_lines() if str(folder) in line and line.rstrip("\0").endswith(command)]
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


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
