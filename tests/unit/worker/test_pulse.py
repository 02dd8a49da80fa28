"""The pulse of the worker: nothing that goes wrong in one pass ends it."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from waitlist_appliance.bootstrap import build
from waitlist_appliance.config import Config
from waitlist_appliance.services import sweep
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.business import SetUp, set_up
from waitlist_appliance.storage import heartbeats, schema
from waitlist_appliance.worker import consumer
from waitlist_appliance.worker.consumer import HEARTBEAT, GracefulConsumer, Pulse
from waitlist_appliance.worker.timers import HueyTimers

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Appliance]:
    app = build(Config(data_directory=tmp_path, token_key=b"t" * 32, session_key=b"s" * 32))
    schema.migrate(app.db)
    set_up(app, SetUp(name="Casa Lola"), NOW, SYSTEM)
    yield app
    app.db.close()


@pytest.fixture
def pulse(app: Appliance, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pulse]:
    # Signals are the process's, and a test runner needs its own.
    monkeypatch.setattr(GracefulConsumer, "_set_signal_handlers", lambda self: None)
    assert isinstance(app.timers, HueyTimers)
    queue = app.timers.serve(app)
    yield Pulse(app, app.timers, GracefulConsumer(queue))
    queue.storage.close()


def test_a_pass_leaves_a_heartbeat(app: Appliance, pulse: Pulse) -> None:
    pulse.beat(NOW)
    found = heartbeats.read(app.db, HEARTBEAT)
    assert found is not None
    assert found.at == NOW
    assert json.loads(found.detail)["failures"] == 0


def test_a_part_that_raises_is_logged_and_the_rest_goes_on(
    app: Appliance, pulse: Pulse, caplog: pytest.LogCaptureFixture
) -> None:
    with app.db.write():
        app.db.execute("DROP TABLE alarm")
    with caplog.at_level(logging.ERROR):
        pulse.beat(NOW)
    assert "failed" in caplog.text
    assert heartbeats.read(app.db, HEARTBEAT) is not None


def test_a_queue_that_another_process_made_anew_ends_the_worker(app: Appliance, pulse: Pulse) -> None:
    assert pulse._rings_arrive()
    app.config.huey_path.rename(app.config.huey_path.with_name("old.db"))
    assert not pulse._rings_arrive()
    assert pulse.failed


def test_a_step_that_never_ends_is_noticed_and_one_that_does_is_forgiven(
    pulse: Pulse, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    released = threading.Event()
    monkeypatch.setattr(sweep, "DATABASE_STEPS", (("hangs", lambda app, now: int(released.wait(20))),))
    monkeypatch.setattr(consumer, "STUCK_AFTER_SECONDS", 0.2)
    pulse.start()
    wait_for(lambda: not pulse.goes_on())
    assert not pulse.has_looked()
    monkeypatch.setattr(consumer, "STUCK_AFTER_SECONDS", 20.0)
    released.set()
    wait_for(pulse.has_looked)
    assert pulse.goes_on()
    pulse._consumer.stop_flag.set()
    pulse.join(20)
    assert not pulse.goes_on()


def test_a_consumer_that_lost_a_thread_is_not_whole(pulse: Pulse) -> None:
    assert not pulse._consumer.is_whole()


def wait_for(is_so: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)
