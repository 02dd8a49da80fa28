"""A box to measure: a temporary folder, seeded through the product's own code, served by its real processes."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from waitlist_appliance.bootstrap import build
from waitlist_appliance.cli.processes import free_port
from waitlist_appliance.config import load, write_default
from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.ports import SilentTimers
from waitlist_appliance.services import edit_events
from waitlist_appliance.services.business import SetUp, Tables, set_policy, set_up
from waitlist_appliance.storage import api_keys, schema
from waitlist_appliance.storage.activity import SYSTEM
from waitlist_appliance.storage.database import Database, create_private

ZONE = ZoneInfo("Europe/Madrid")
STOPPING_SECONDS = 20


class Box:
    """``tables`` tables for four; its clock is the real one, so nothing may wait for the morning."""

    def __init__(self, tables: int = 12) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="waitlist-bench-"))
        self.port = free_port()
        self.config_path = self.folder / "config.toml"
        write_default(self.config_path, self.folder / "data", self.port, f"http://127.0.0.1:{self.port}")
        config = load(self.config_path, {})
        create_private(config.database_path)
        self.app = build(config, SilentTimers())
        self.db: Database = self.app.db
        schema.migrate(self.db)
        self.now = datetime.now(UTC)
        set_up(self.app, SetUp(name="Casa Lola", phone="+34910000000", tables=(Tables(tables, 4),)), self.now, SYSTEM)
        for key, value in (("quiet_hours", False), ("offers_per_day", 50), ("messages_per_day", 200)):
            set_policy(self.app, key, value, SYSTEM, self.now)
        self.key = api_keys.create(self.db, "bench", api_keys.SCOPES, self.now)[1]
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def evening(self, days: int, minutes: int) -> datetime:
        """Noon plus ``minutes`` in ``days`` days, in Madrid."""
        noon = datetime.now(ZONE).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=days)
        return (noon + timedelta(minutes=minutes)).astimezone(UTC)

    def fill(self, starts_at: datetime, ends_at: datetime, table: str | None = None) -> str:
        """An event that takes the table, or all of them; its id."""
        return edit_events.add_event(self.app, "full", starts_at, ends_at, table, self.now, SYSTEM).public_id

    def line_up(self, starts_at: datetime, count: int, parties: tuple[int, ...] = (2,)) -> int:
        """``count`` people who wait for a start, straight into the tables; the slot's id. They differ by sign-up time."""
        db, service = self.db, self.app.setup().default_service
        made, ends_at = self.now - timedelta(days=1), starts_at + timedelta(minutes=90)
        with db.write():
            slot = db.insert(
                "slot", public_id=str(uuid4()), service_id=service.id, starts_at=starts_at, ends_at=ends_at,
                closes_at=starts_at - timedelta(minutes=30), status="monitoring", created_at=made,
            )  # fmt: skip
            first = int(db.value("SELECT COALESCE(MAX(id), 0) FROM customer")) + 1
            entry = int(db.value("SELECT COALESCE(MAX(id), 0) FROM entry")) + 1
            for number in range(count):
                at, party = to_ms(made) + number, parties[number % len(parties)]
                db.execute(
                    """INSERT INTO customer (id, public_id, phone, phone_kind, first_name, created_at)
                       VALUES (?, ?, ?, 'mobile', 'Ana', ?)""",
                    first + number, str(uuid4()), f"+34{700_000_000 + first + number}", at,
                )  # fmt: skip
                db.execute(
                    """INSERT INTO entry (id, public_id, customer_id, service_id, party_size, status, source, locale,
                              requested_slot_id, created_at, registered_at, lined_up_at)
                       VALUES (?, ?, ?, ?, ?, 'waiting', 'voice_agent', 'es', ?, ?, ?, ?)""",
                    entry + number, str(uuid4()), first + number, service.id, party, slot, at, at, at,
                )  # fmt: skip
                db.execute(
                    """INSERT INTO wish (entry_id, customer_id, slot_id, state, lined_up_at, party, created_at)
                       VALUES (?, ?, ?, 'live', ?, ?, ?)""",
                    entry + number, first + number, slot, at, party, at,
                )  # fmt: skip
        return slot

    def start(self, name: str, *command: str) -> int:
        """``waitlist <command>`` as a real process; its id."""
        line = [sys.executable, "-m", "waitlist_appliance", "--config", str(self.config_path), *command]
        environment = {**os.environ, "WAITLIST_BENCH": "1"}
        with (self.folder / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        self._children[name] = child
        return child.pid

    def serve(self) -> int:
        """The web process, once it answers; its id."""
        pid = self.start("web", "serve")
        self.wait_until_up()
        return pid

    def wait_until_up(self, seconds: float = 15) -> float:
        """When the server first answered, by time.perf_counter."""
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            with contextlib.suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
                connection.request("GET", "/healthz/ping")
                if connection.getresponse().status == 200:
                    connection.close()
                    return time.perf_counter()
            time.sleep(0.002)
        raise RuntimeError("the server did not come up: " + (self.folder / "web.log").read_text()[-2000:])

    def call(self, method: str, path: str, cookie: str | None = None) -> tuple[int, bytes]:
        """One request with the API key, or with a cookie."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Cookie": cookie} if cookie else {"Authorization": f"Bearer {self.key}"}
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        return answer.status, said

    def stop(self) -> None:
        """Ask our own processes to finish; whoever does not is killed."""
        for child in self._children.values():
            if child.poll() is None:
                child.send_signal(signal.SIGINT)
        for child in self._children.values():
            try:
                child.wait(STOPPING_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._children.clear()

    def remove(self) -> None:
        self.stop()
        self.db.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def a_box(**options: Any) -> Iterator[Box]:
    """A box that is gone afterwards, whatever happens."""
    box = Box(**options)
    try:
        yield box
    finally:
        box.remove()
