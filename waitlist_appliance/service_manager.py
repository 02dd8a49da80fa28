"""What systemd is told, one datagram at a time: ready, alive, stopping. Without systemd nothing happens.

The protocol is sd_notify(3): the address of a datagram socket stands in NOTIFY_SOCKET.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Final

log = logging.getLogger(__name__)

READY: Final = "READY=1"
ALIVE: Final = "WATCHDOG=1"
STOPPING: Final = "STOPPING=1"
# Until it is ready it is looked at so often.
STARTING_SECONDS: Final = 0.25
# One look that fails is not the end: it is repeated several times before the service manager's patience is over.
RETRIES: Final = 10


class SignsOfLife(threading.Thread):
    """Says READY as soon as ``ready`` holds, then ALIVE twice per watchdog interval while ``alive`` holds.

    A thread of its own, so that it also notices when the others are stuck. What ``alive`` raises counts as "no".
    """

    def __init__(
        self, ready: Callable[[], bool], alive: Callable[[], bool], status: Callable[[], str],
        environ: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(name="signs of life", daemon=True)
        self._ready, self._alive, self._status, self._environ = ready, alive, status, environ
        self._over = threading.Event()

    def run(self) -> None:
        while not self._holds(self._ready):
            if self._over.wait(STARTING_SECONDS):
                return
        tell(READY, ALIVE, f"STATUS={self._status()}", environ=self._environ)
        limit = watchdog_seconds(self._environ)
        pause = (limit or 0) / 2
        while limit is not None and not self._over.wait(pause):
            if self._holds(self._alive):
                pause = limit / 2
                tell(ALIVE, f"STATUS={self._status()}", environ=self._environ)
            else:
                pause = limit / RETRIES
                tell(f"STATUS=stuck: {self._status()}", environ=self._environ)

    def stop(self) -> None:
        """The process ends now, as it was asked to."""
        self._over.set()
        tell(STOPPING, environ=self._environ)

    def _holds(self, condition: Callable[[], bool]) -> bool:
        try:
            return condition()
        except Exception:  # the question must be asked again, whatever became of this one
            log.exception("it cannot be told whether this process is well")
            return False


def start_signs_of_life(
    ready: Callable[[], bool], alive: Callable[[], bool], status: Callable[[], str],
    environ: Mapping[str, str] | None = None,
) -> SignsOfLife | None:  # fmt: skip
    """The thread, running; None where no service manager listens."""
    if not (os.environ if environ is None else environ).get("NOTIFY_SOCKET"):
        return None
    signs = SignsOfLife(ready, alive, status, environ)
    signs.start()
    return signs


def tell(*lines: str, environ: Mapping[str, str] | None = None) -> bool:
    """Send the lines (READY, ALIVE, STATUS=…); whether anybody was there to hear. Never fails its caller."""
    address = (os.environ if environ is None else environ).get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]  # Linux's abstract sockets
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as speaker:
            speaker.settimeout(1)
            speaker.sendto("\n".join(lines).encode(), address)
    except OSError:
        return False
    return True


def watchdog_seconds(environ: Mapping[str, str] | None = None) -> float | None:
    """How long systemd waits between two signs of life before it ends this process; None without a watchdog."""
    found = os.environ if environ is None else environ
    if found.get("WATCHDOG_PID") not in (None, "", str(os.getpid())):
        return None
    try:
        return int(found["WATCHDOG_USEC"]) / 1_000_000
    except (KeyError, ValueError):
        return None
