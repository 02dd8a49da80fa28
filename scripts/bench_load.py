"""The load generator: one process, one thread, keep-alive connections in a closed loop.

It speaks HTTP over bare sockets with requests made beforehand, because http.client costs about as much per request as
the server's empty endpoint does. How busy it was is reported, so that a generator at its limit shows.
"""

from __future__ import annotations

import os
import selectors
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Load:
    """What one run found: latencies in milliseconds, by order of arrival; shares of one CPU in percent."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    refused: int = 0
    generator_busy: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def keep_off_first_cpu() -> None:
    """The server pins itself to the first CPU; the generator takes the others."""
    allowed = os.sched_getaffinity(0)
    if len(allowed) > 1:
        os.sched_setaffinity(0, allowed - {min(allowed)})


def run(port: int, concurrency: int, seconds: float, requests: list[bytes], warm_up: float = 0.3) -> Load:
    """Send the requests one after the other over ``concurrency`` connections; stops early when they run out."""
    keep_off_first_cpu()
    selector = selectors.DefaultSelector()
    waiting: Iterator[bytes] = iter(requests)
    connections = [_Connection(port) for _ in range(concurrency)]
    for connection in connections:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(next(waiting))
    started = time.perf_counter() + warm_up
    busy_before, load, more = 0.0, Load(0.0), True
    open_requests = concurrency
    now = time.perf_counter()
    while open_requests and now < started + seconds + 10:
        for key, _ in selector.select(timeout=5):
            connection = key.data
            status = connection.receive()
            if status is None:
                continue
            now = time.perf_counter()
            if now >= started and not busy_before:
                busy_before = time.process_time()
            if started <= now <= started + seconds:
                load.latencies.append((now - connection.sent_at) * 1000)
                load.refused += status >= 300
            following = next(waiting, None) if more and now < started + seconds else None
            if following is None:
                more = False
                open_requests -= 1
                selector.unregister(connection.socket)
                connection.socket.close()
            else:
                connection.send(following)
    load.seconds = min(seconds, max(now - started, 0.001))
    load.generator_busy = 100 * (time.process_time() - busy_before) / load.seconds
    return load


class _Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self._got = b""

    def send(self, request: bytes) -> None:
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> int | None:
        """The status once the whole answer is there."""
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError("the server closed a connection")
        self._got += piece
        head, blank, body = self._got.partition(b"\r\n\r\n")
        if not blank:
            return None
        at = head.lower().index(b"content-length:") + 15
        if len(body) < int(head[at:].split(b"\r\n", 1)[0]):
            return None
        self._got = b""
        return int(head[9:12])
