"""Minds where a library of others connects to, while it works for us.

The library picks its own HTTP client, so the rule of `outward` is kept one floor below: Python itself tells of every
connection before it is made (PEP 578), with the very address, and an exception there prevents it. Other threads, and
what this thread does before and after, are left alone.
"""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from waitlist_appliance.adapters.outward_sockets import may_connect

_REACHING_OUT: Final = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_HTTPS: Final = 443
_INTERNET: Final = (socket.AF_INET, socket.AF_INET6)


@dataclass
class Guard:
    """What is allowed meanwhile. ``encrypted``: what is spoken is TLS at any port, not only at 443."""

    encrypted: bool
    allow_private: bool
    refused: bool = False

    def check(self, used: socket.socket, target: object) -> None:
        """PermissionError for an address that may not be spoken to."""
        if not self._may(used, target):
            self.refused = True
            raise PermissionError("this address may not be spoken to")

    def _may(self, used: socket.socket, target: object) -> bool:
        if used.family not in _INTERNET or not isinstance(target, tuple) or len(target) < 2:
            return False
        host, port = str(target[0]), target[1]
        try:
            return may_connect(host, encrypted=self.encrypted or port == _HTTPS, allow_private=self.allow_private)
        except ValueError:  # a name: nobody could say where it leads
            return False


_of_this_thread = threading.local()
_lock = threading.Lock()
_listening = False


@contextmanager
def guarded(*, encrypted: bool, allow_private: bool) -> Iterator[Guard]:
    """Meanwhile this thread connects to nothing else."""
    _listen()
    guard = Guard(encrypted, allow_private)
    _of_this_thread.guard = guard
    try:
        yield guard
    finally:
        _of_this_thread.guard = None


def _listen() -> None:
    global _listening
    with _lock:
        if not _listening:
            sys.addaudithook(_hear)
            _listening = True


def _hear(event: str, told: tuple[Any, ...]) -> None:
    if event not in _REACHING_OUT:
        return
    guard: Guard | None = getattr(_of_this_thread, "guard", None)
    # A datagram over a connected socket names no address: that was asked about when it was connected.
    if guard is not None and told[1] is not None:
        guard.check(told[0], told[1])
