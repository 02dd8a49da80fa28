"""Web and worker as child processes, stopped together, each asked once."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Final

from waitlist_appliance.cli.failures import Failed

STOPPING_SECONDS: Final = 20.0
ASKED_TO_STOP: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Ended:
    """A child that ended by itself."""

    name: str
    code: int


class Processes:
    """Children in sessions of their own: a Ctrl-C reaches this process alone, which asks each of them once to stop.

    Used as a context: whatever happens within, nothing is left running after it. SIGINT, SIGTERM and SIGHUP
    set `stopping`.
    """

    def __init__(self, config_path: Path, log_file: Path | None = None) -> None:
        self._config_path = config_path
        self._log_file = log_file
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._before: dict[int, object] = {}
        self.stopping = threading.Event()

    def __enter__(self) -> Processes:
        for number in ASKED_TO_STOP:
            self._before[number] = signal.signal(number, self._stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def start(self, name: str, *command: str) -> int:
        """Start `waitlist <command>` as a child; its process id."""
        line = [sys.executable, "-m", "waitlist_appliance", "--config", str(self._config_path), *command]
        with self._output() as output:
            child = subprocess.Popen(
                line, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        self._children[name] = child
        return child.pid

    def ended(self) -> Ended | None:
        """The first child that ended by itself, if any did."""
        for name, child in self._children.items():
            code = child.poll()
            if code is not None:
                return Ended(name, code)
        return None

    def wait(self) -> Ended | None:
        """Until somebody asks to stop (None) or a child ends by itself."""
        while not self.stopping.wait(0.2):
            ended = self.ended()
            if ended is not None:
                return ended
        return None

    def stop(self) -> None:
        """Ask every child to finish; one that does not within twenty seconds is killed."""
        for child in self._children.values():
            if child.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    child.send_signal(signal.SIGINT)
        deadline = time.monotonic() + STOPPING_SECONDS
        for child in self._children.values():
            self._finish(child, deadline)

    def _finish(self, child: subprocess.Popen[bytes], deadline: float) -> None:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)  # the group that start() made for it
            child.wait()

    @contextlib.contextmanager
    def _output(self) -> Iterator[IO[bytes] | None]:
        if self._log_file is None:
            yield None
            return
        with self._log_file.open("ab") as file:
            yield file

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping.set()


def free_or_fail(host: str, port: int) -> None:
    """Raise Failed in clear words when the port cannot be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError as error:
            raise Failed(f"port {port} may be opened by root only; choose one above 1023 with --port") from error
        except OSError as error:
            raise Failed(
                f"port {port} on {host} is taken ({error.strerror}); "
                "stop the program that uses it, or choose another with --port"
            ) from error


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
