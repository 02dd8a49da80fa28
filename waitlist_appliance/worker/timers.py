"""The Timers port on Huey. A ring never raises into its caller: a lost one is found by the sweep, and is logged."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from waitlist_appliance.services.appliance import Appliance

if TYPE_CHECKING:
    from huey import SqliteHuey

    from waitlist_appliance.worker.tasks import Tasks

log = logging.getLogger(__name__)

# Rings that come faster than this become one at once and one at the end: whatever the first task missed, the last sees.
PAUSE_SECONDS: Final = 0.05
REMEMBERED: Final = 512


class Bell:
    """Rings at most once per pause: at once when it was quiet, else once more when the pause is over. Thread-safe."""

    def __init__(self, ring: Callable[[], None], pause_seconds: float = PAUSE_SECONDS) -> None:
        self._ring, self._pause = ring, pause_seconds
        self._lock = threading.Lock()
        self._quiet_from = 0.0
        self._waiting = False

    def __call__(self) -> None:
        with self._lock:
            if self._waiting:
                return
            wait = self._quiet_from - time.monotonic()
            self._waiting = wait > 0
            self._quiet_from = time.monotonic() + max(wait, 0) + self._pause
        if wait > 0:
            self._later(wait)
        else:
            self._ring()

    def _later(self, seconds: float) -> None:
        timer = threading.Timer(seconds, self._late_ring)
        timer.daemon = True
        timer.start()

    def _late_ring(self) -> None:
        with self._lock:
            self._waiting = False
        self._ring()


class HueyTimers:
    """Rings through Huey's file, which is opened at the first ring. `checks` False: no slot is checked by the clock."""

    def __init__(self, path: Path, *, checks: bool = True) -> None:
        self.path = path
        self._checks = checks
        self._lock = threading.RLock()
        self._opened: tuple[SqliteHuey, Tasks, int] | None = None
        self._armed: set[tuple[str, datetime]] = set()
        self._serving: Appliance | None = None
        self._served_inode = 0
        self._syncs: dict[tuple[int, str], Bell] = {}
        self._deliver = Bell(lambda: self._enqueue("deliver"))
        self._write_calendar = Bell(lambda: self._enqueue("write_calendar"))

    def deliver(self) -> None:
        """Some message is due."""
        self._deliver()

    def deliver_at(self, at: datetime) -> None:
        """Some message will be due at ``at``."""
        self._arm("deliver", at)

    def write_calendar(self) -> None:
        """Some calendar write is due."""
        self._write_calendar()

    def expire_offers(self, at: datetime) -> None:
        """Some offer ends at ``at``."""
        self._arm("expire_offers", at)

    def check_slots(self, at: datetime) -> None:
        """Some slot is due for a check at ``at``."""
        if self._checks:
            self._arm("check_slots", at)

    def sync(self, connection_id: int, cause: str = "due") -> None:
        """A calendar should be read now."""
        key = (connection_id, cause)
        with self._lock:
            if key not in self._syncs:
                self._syncs[key] = Bell(lambda: self._enqueue("sync", connection_id, cause))
            bell = self._syncs[key]
        bell()

    def serve(self, app: Appliance) -> SqliteHuey:
        """The queue whose tasks work on ``app``, for the worker. What lies in it is dropped: the sweep finds it all."""
        self._serving = app
        queue, _ = self._queue()
        queue.storage.flush_queue()
        self._served_inode = _inode(self.path)
        return queue

    def is_served(self) -> bool:
        """False when the file that the worker listens to was replaced or deleted: nobody hears the rings then."""
        return self._served_inode == _inode(self.path)

    def _arm(self, name: str, at: datetime) -> None:
        """Ring at the first whole second at or after ``at``; once for all that fall into the same second."""
        from waitlist_appliance.worker.tasks import whole_second

        key = (name, whole_second(at))
        with self._lock:
            if key in self._armed:
                return
            if len(self._armed) >= REMEMBERED:
                self._armed = {kept for kept in self._armed if kept[1] > datetime.now(UTC)}
            self._armed.add(key)
        self._enqueue(name, at, eta=key[1])

    def _again(self, name: str, at: datetime) -> None:
        """A task fired early: it is rung for again, though this time was armed before."""
        from waitlist_appliance.worker.tasks import whole_second

        self._enqueue(name, at, eta=max(whole_second(at), datetime.now(UTC) + timedelta(seconds=1)))

    def _enqueue(self, name: str, *arguments: object, eta: datetime | None = None) -> None:
        try:
            with self._lock:
                queue, tasks = self._queue()
                queue.enqueue(getattr(tasks, name).s(*arguments, eta=eta))
        except Exception as error:  # whatever Huey's file suffers from, the caller's commit stands
            log.warning("the ring %s%r was lost (the sweep finds what is due): %s", name, arguments, error)
            self._opened = None

    def _queue(self) -> tuple[SqliteHuey, Tasks]:
        """The open queue; opened again when the file was made anew by another process."""
        from waitlist_appliance.worker import tasks
        from waitlist_appliance.worker.queue import open_queue

        if self._opened is None or self._opened[2] != _inode(self.path):
            queue = open_queue(self.path)
            self._opened = (queue, tasks.define(queue, self._app, self._again), _inode(self.path))
        return self._opened[:2]

    def _app(self) -> Appliance:
        if self._serving is None:
            raise RuntimeError("tasks run in the worker only")
        return self._serving


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0
