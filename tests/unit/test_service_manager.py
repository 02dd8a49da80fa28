"""What systemd is told, over a real datagram socket."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from waitlist_appliance import service_manager as manager
from waitlist_appliance.service_manager import SignsOfLife, start_signs_of_life, tell, watchdog_seconds


class Ear:
    """The service manager's end of NOTIFY_SOCKET."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.settimeout(20)

    def hear(self) -> list[str]:
        """The lines of the next datagram."""
        return self._socket.recv(4096).decode().split("\n")

    def hear_until(self, line: str) -> list[str]:
        for _ in range(100):
            if line in (heard := self.hear()):
                return heard
        raise AssertionError(f"{line} was never said")

    def is_quiet_for(self, seconds: float) -> bool:
        self._socket.settimeout(seconds)
        try:
            self._socket.recv(4096)
        except TimeoutError:
            return True
        return False

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    found = Ear(str(tmp_path / "notify"))
    yield found
    found.close()


def environ(ear: Ear, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": ear.address, **more}


def yes() -> bool:
    return True


def test_the_lines_arrive_in_one_datagram(ear: Ear) -> None:
    assert tell("READY=1", "STATUS=well", environ=environ(ear))
    assert ear.hear() == ["READY=1", "STATUS=well"]


def test_an_abstract_address_is_understood() -> None:
    name = f"waitlist-test-{os.getpid()}"
    found = Ear("\0" + name)
    assert tell("READY=1", environ={"NOTIFY_SOCKET": "@" + name})
    assert found.hear() == ["READY=1"]
    found.close()


def test_without_a_service_manager_nothing_happens() -> None:
    assert not tell("READY=1", environ={})
    assert start_signs_of_life(yes, yes, str, environ={}) is None


def test_a_service_manager_that_is_gone_troubles_nobody(tmp_path: Path) -> None:
    assert not tell("READY=1", environ={"NOTIFY_SOCKET": str(tmp_path / "gone")})


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdogs_patience_is_read(given: dict[str, str], seconds: float | None) -> None:
    assert watchdog_seconds(given) == seconds


def test_ready_is_said_only_when_it_is_true(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manager, "STARTING_SECONDS", 0.01)
    answers, asked = iter([False, False, True]), []

    def ready() -> bool:
        asked.append(1)
        return next(answers)

    signs = start_signs_of_life(ready, yes, lambda: "listening", environ(ear))
    assert signs is not None
    assert ear.hear() == ["READY=1", "WATCHDOG=1", "STATUS=listening"]
    assert len(asked) == 3
    signs.stop()
    assert ear.hear() == ["STOPPING=1"]


def test_who_cannot_tell_is_not_ready(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manager, "STARTING_SECONDS", 0.01)
    asked = threading.Event()

    def ready() -> bool:
        if asked.is_set():
            return True
        asked.set()
        raise OSError("the database is not there")

    signs = SignsOfLife(ready, yes, lambda: "well", environ(ear))
    signs.start()
    assert ear.hear()[0] == "READY=1"
    signs.stop()


def test_without_a_watchdog_the_thread_ends_when_it_is_ready(ear: Ear) -> None:
    signs = SignsOfLife(yes, yes, lambda: "well", environ(ear))
    signs.start()
    signs.join(20)
    assert not signs.is_alive()


def test_who_is_stuck_says_so_and_no_longer_that_it_lives(ear: Ear) -> None:
    lives = threading.Event()
    lives.set()
    signs = SignsOfLife(yes, lives.is_set, lambda: "the third step", environ(ear, WATCHDOG_USEC="100000"))
    signs.start()
    ear.hear_until("READY=1")
    assert ear.hear() == ["WATCHDOG=1", "STATUS=the third step"]
    lives.clear()
    ear.hear_until("STATUS=stuck: the third step")
    assert ear.hear() == ["STATUS=stuck: the third step"]
    lives.set()
    assert ear.hear_until("WATCHDOG=1")
    signs.stop()


def test_who_is_asked_to_end_before_it_was_ready_never_says_that_it_is(ear: Ear) -> None:
    signs = SignsOfLife(lambda: False, yes, lambda: "starting", environ(ear))
    signs.start()
    signs.stop()
    signs.join(20)
    assert ear.hear() == ["STOPPING=1"]
    assert ear.is_quiet_for(0.1)
