"""`waitlist serve` and `worker` as systemd starts them: when they say that they are ready, alive and ending."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from waitlist_appliance.storage.database import sqlite

pytestmark = [pytest.mark.processes, pytest.mark.slow]

WATCHDOG_SECONDS = 1.0


@pytest.fixture
def config(tmp_path: Path, port: int) -> Path:
    path = tmp_path / "config.toml"
    line = [sys.executable, "-m", "waitlist_appliance", "--config", str(path), "init", "--defaults", "--json"]
    subprocess.run([*line, "--port", str(port)], check=True, capture_output=True, timeout=60)
    return path


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[socket.socket]:
    """The service manager's end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as found:
        found.bind(str(tmp_path / "notify"))
        found.settimeout(30)
        yield found


@contextlib.contextmanager
def service(config: Path, ear: socket.socket, command: str) -> Iterator[subprocess.Popen[str]]:
    told = {"NOTIFY_SOCKET": ear.getsockname(), "WATCHDOG_USEC": str(int(WATCHDOG_SECONDS * 1_000_000))}
    line = [sys.executable, "-m", "waitlist_appliance", "--config", str(config), command]
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True, env={**os.environ, **told}) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.send_signal(signal.SIGINT)
                process.communicate(timeout=30)


def hear(ear: socket.socket, line: str) -> list[str]:
    """The first datagram with this line."""
    for _ in range(100):
        if line in (heard := ear.recv(4096).decode().split("\n")):
            return heard
    raise AssertionError(f"{line} was never said")


def drain(ear: socket.socket) -> None:
    """What was said so far is forgotten."""
    ear.settimeout(0.05)
    with contextlib.suppress(TimeoutError):
        while True:
            ear.recv(4096)
    ear.settimeout(30)


def is_silent_for(ear: socket.socket, seconds: float) -> bool:
    ear.settimeout(seconds)
    try:
        ear.recv(4096)
    except TimeoutError:
        return True
    finally:
        ear.settimeout(30)
    return False


def test_the_web_is_ready_when_its_port_answers(config: Path, port: int, ear: socket.socket) -> None:
    with service(config, ear, "serve") as process:
        heard = hear(ear, "READY=1")
        assert f"STATUS=listening on 127.0.0.1:{port}" in heard
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz/ping?identify", timeout=5) as answer:
            assert json.load(answer)["scheme"] == "http"
        hear(ear, "WATCHDOG=1")
        process.send_signal(signal.SIGTERM)
        hear(ear, "STOPPING=1")
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_web_process_whose_threads_are_all_taken_no_longer_says_that_it_lives(
    config: Path, port: int, ear: socket.socket
) -> None:  # fmt: skip
    config.write_text(config.read_text().replace("threads = 8", "threads = 1"))
    with service(config, ear, "serve"), contextlib.ExitStack() as callers:
        hear(ear, "READY=1")
        with locked(config):
            for _ in range(3):  # each waits five seconds for the lock, in the only thread
                caller = callers.enter_context(socket.create_connection(("127.0.0.1", port)))
                caller.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            hear(ear, f"STATUS=stuck: listening on 127.0.0.1:{port}")
        hear(ear, "WATCHDOG=1")


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_process_that_stands_still_is_silent(config: Path, ear: socket.socket, command: str) -> None:
    with service(config, ear, command) as process:
        hear(ear, "READY=1")
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        drain(ear)
        assert is_silent_for(ear, 2 * WATCHDOG_SECONDS)
        process.send_signal(signal.SIGCONT)
        hear(ear, "WATCHDOG=1")


def test_the_worker_is_ready_after_its_first_look_and_says_when_it_ends(config: Path, ear: socket.socket) -> None:
    with service(config, ear, "worker") as process:
        hear(ear, "READY=1")
        hear(ear, "WATCHDOG=1")
        process.send_signal(signal.SIGTERM)
        hear(ear, "STOPPING=1")
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_locked_database_does_not_get_the_worker_killed(config: Path, ear: socket.socket) -> None:
    with locked(config), service(config, ear, "worker") as process:
        hear(ear, "READY=1")
        assert any("failures since the start" in hear(ear, "WATCHDOG=1")[1] for _ in range(60))
        assert process.poll() is None


@contextlib.contextmanager
def locked(config: Path) -> Iterator[None]:
    """Another program writes, and does not end."""
    other = sqlite.connect(str(config.parent / "data" / "waitlist.db"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()
