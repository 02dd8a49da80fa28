"""What systemd is told, one datagram at a time: ready, alive, stopping. Without systemd nothing happens.

The protocol is sd_notify(3): the address of a datagram socket stands in NOTIFY_SOCKET.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Final

READY: Final = "READY=1"
ALIVE: Final = "WATCHDOG=1"
STOPPING: Final = "STOPPING=1"


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
