"""`waitlist watch` beside real processes: the worker is dead, staff are told once, and told again when it is back."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mail_room import colleague, connect_mail, heard
from tests.smtp_server import SmtpServer
from waitlist_appliance.bootstrap import build
from waitlist_appliance.config import load
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import alarms, heartbeats

pytestmark = [pytest.mark.processes, pytest.mark.slow]

STOOD_STILL = "My restaurant: Box stood still"


@pytest.fixture
def mail() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def config(tmp_path: Path) -> Path:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    path = tmp_path / "config.toml"
    run(path, "init", "--defaults", "--json", "--port", str(port))
    return path


@pytest.fixture
def box(config: Path, mail: SmtpServer) -> Iterator[Appliance]:
    """The box on disk, with a mail account and an owner who reads mail."""
    from datetime import UTC, datetime

    app = build(load(config))
    connect_mail(app, mail, datetime.now(UTC))
    colleague(app, "Olivia", "owner", datetime.now(UTC))
    yield app
    app.db.close()


def run(config: Path, *command: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "waitlist_appliance", "--config", str(config), *command]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)


def worker(config: Path) -> subprocess.Popen[bytes]:
    line = [sys.executable, "-m", "waitlist_appliance", "--config", str(config), "worker"]
    return subprocess.Popen(line, stderr=subprocess.DEVNULL)


def seen(config: Path) -> dict[str, Any]:
    """What a watch finds, by check."""
    found = json.loads(run(config, "watch", "--json").stdout)
    return {finding["check"]: finding for finding in found["findings"]}


def test_a_dead_worker_is_told_of_once_and_so_is_its_return(config: Path, box: Appliance, mail: SmtpServer) -> None:
    first = worker(config)
    wait_for(lambda: heartbeats.read(box.db, "worker") is not None)
    first.kill()
    first.wait(20)
    assert "worker" not in seen(config)
    box.db.execute("UPDATE heartbeat SET at = at - 240000")  # four minutes pass
    assert seen(config)["worker"]["silent_seconds"] >= 240
    assert "worker" in seen(config)
    assert [subject for _, subject in heard(mail)] == [STOOD_STILL]
    assert alarms.holds(box.db, "worker_silent")
    second = worker(config)
    try:
        wait_for(lambda: len(heard(mail)) == 2)
    finally:
        second.send_signal(signal.SIGINT)
        second.wait(30)
    assert [subject for _, subject in heard(mail)] == [STOOD_STILL, "My restaurant: All clear: Box stood still"]
    assert not alarms.holds(box.db, "worker_silent")


def wait_for(is_so: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)
