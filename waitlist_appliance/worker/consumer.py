"""The worker process: Huey's consumer for the rings, a pulse for what lost its ring, a heartbeat."""

from __future__ import annotations

import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from huey.consumer import Consumer

from waitlist_appliance.service_manager import start_signs_of_life
from waitlist_appliance.services import sweep
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import heartbeats
from waitlist_appliance.storage.database import StorageUnavailable
from waitlist_appliance.worker import queue as queues
from waitlist_appliance.worker.timers import HueyTimers

log = logging.getLogger(__name__)

PULSE_SECONDS: Final = 10.0
HEARTBEAT: Final = "worker"
# One step may wait a minute for each of several calendars whose servers do not answer; to end it would only begin the
# same wait again. A locked or full database is no such case: each try fails within seconds, and the pulse goes on.
STUCK_AFTER_SECONDS: Final = 900.0


def run(app: Appliance) -> int:
    """Serve rings and sweep until SIGINT, SIGTERM or SIGHUP; running tasks are finished first. The exit code."""
    use_utc()
    timers = app.timers
    if not isinstance(timers, HueyTimers):
        raise TypeError("the worker serves Huey's rings only")
    consumer = GracefulConsumer(timers.serve(app))
    pulse = Pulse(app, timers, consumer)
    pulse.start()
    signs = start_signs_of_life(
        ready=lambda: pulse.has_looked() and consumer.is_whole(),
        alive=lambda: pulse.goes_on() and consumer.is_whole(),
        status=pulse.status,
    )
    if signs is not None:
        consumer.on_stop = signs.stop
    log.info("worker started, pid %s", os.getpid())
    consumer.run()
    pulse.join()
    log.info("worker stopped")
    return 1 if pulse.failed else 0


def use_utc() -> None:
    """Huey reads naive local times in places; in UTC there is no night on which that is wrong."""
    os.environ["TZ"] = "UTC"
    time.tzset()


class GracefulConsumer(Consumer):
    """Two threads; every way of asking it to stop lets running tasks finish. It listens from the start on."""

    def __init__(self, queue: Any) -> None:
        # A short longest pause: a message is handed over within half a second of its ring, at 0.1 % of a core.
        super().__init__(queue, workers=2, periodic=False, initial_delay=0.1, backoff=1.15, max_delay=0.5)
        self._signal_actions = dict.fromkeys((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), (False, True))
        self._set_signal_handlers()
        self.on_stop: Callable[[], object] | None = None

    def stop(self, graceful: bool = False) -> None:
        if self.on_stop is not None:
            self.on_stop()
        super().stop(graceful)

    def is_whole(self) -> bool:
        """Whether all its threads run. One that died is started anew by itself within ten seconds."""
        return all(thread.is_alive() for thread in [self.scheduler, *(thread for _, thread in self.worker_threads)])


class Pulse(threading.Thread):
    """At the start and every ten seconds: everything that is due, then the heartbeat. No error ends it."""

    def __init__(self, app: Appliance, timers: HueyTimers, consumer: GracefulConsumer) -> None:
        super().__init__(name="pulse", daemon=True)
        self._app, self._timers, self._consumer = app, timers, consumer
        self.failures = 0
        self.failed = False
        self._looked = threading.Event()
        self._moved_at = time.monotonic()
        self._took_ms: int | None = None

    def has_looked(self) -> bool:
        """Whether the database's part of the first pass is over, well or not: what a service manager waits for. Not the
        whole pass, which may wait for providers longer than a start may take; and a locked database is not cured by
        another start."""
        return self._looked.is_set()

    def goes_on(self) -> bool:
        """Whether it still moves from step to step."""
        return self.is_alive() and time.monotonic() - self._moved_at < STUCK_AFTER_SECONDS

    def status(self) -> str:
        """How it fares, in a few words for the service manager."""
        if self._took_ms is None:
            return "the first pass goes on"
        return f"the last pass took {self._took_ms} ms; {self.failures} failures since the start"

    def run(self) -> None:
        stop = self._consumer.stop_flag
        while not stop.is_set():
            self.beat(datetime.now(UTC))
            if not self._rings_arrive():
                stop.set()
            stop.wait(PULSE_SECONDS)
        self._app.db.close()

    def beat(self, now: datetime) -> None:
        """One pass. With internal timers off the cron endpoint does the database's part of it."""
        started = time.monotonic()
        if self._app.config.internal_timers:
            self._try("sweep", lambda: sweep.sweep(self._app, now, self._move))
        self._looked.set()
        self._try("provider pass", lambda: sweep.provider_pass(self._app, now, self._move))
        self._took_ms = round((time.monotonic() - started) * 1000)
        detail = json.dumps({"pid": os.getpid(), "failures": self.failures, "pass_ms": self._took_ms})
        self._try("heartbeat", lambda: heartbeats.beat(self._app.db, HEARTBEAT, now, detail))
        self._move()

    def _move(self) -> None:
        self._moved_at = time.monotonic()

    def _try(self, name: str, part: Callable[[], object]) -> None:
        try:
            part()
        except StorageUnavailable as error:  # a full disk now is no reason not to try again in ten seconds
            self.failures += 1
            log.error("the %s cannot be done now (%s); it is tried again in %d s", name, error, PULSE_SECONDS)
        except Exception:
            self.failures += 1
            log.exception("the %s failed; it is tried again in %d s", name, PULSE_SECONDS)

    def _rings_arrive(self) -> bool:
        """False when Huey's file broke or was replaced: the worker ends, and its restart listens to a sound one."""
        try:
            queues.check(self._consumer.huey)
            if not self._timers.is_served():
                raise queues.Broken("another process made it anew")
        except queues.Unavailable as error:
            log.warning("Huey's file cannot be read just now: %s", error)
        except queues.Broken as error:
            log.error("Huey's file cannot be used any more, the worker stops to be restarted: %s", error)
            self.failed = True
        return not self.failed
