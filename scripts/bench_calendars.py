"""Real calendar servers to measure against, filled by the hand of staff, and a clock that runs through an hour at once."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench_box import Box

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.calendar_apps import CalDavApp, CalendarApp, GoogleApp, calendar_app
from waitlist_appliance.adapters.outward import USUAL
from waitlist_appliance.domain.check_schedule import next_check
from waitlist_appliance.ports import SilentTimers
from waitlist_appliance.services import check_slots, connect_calendar, manage_calendars, sweep
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.sync_calendar import sync
from waitlist_appliance.storage.activity import SYSTEM
from waitlist_appliance.storage.vault import make_key_file

KINDS = {"google": "Google", "caldav": "CalDAV"}
GOOGLES = (
    "google",
    "googleapiclient",
    "google_auth_httplib2",
    "google_auth_oauthlib",
    "httplib2",
    "oauthlib",
    "requests",
)
WORKER_PASS = timedelta(seconds=10)


@dataclass
class Connected:
    """A calendar of the box on a running server."""

    box: Box
    app: CalendarApp
    connection: str

    def read(self) -> int:
        """Read it now as the worker does; how many requests the server had of us."""
        before = self.app.asked()
        found = manage_calendars.found(self.box.app, self.connection)
        result = sync(self.box.app, found.id, datetime.now(UTC), "hand")
        if not result.ok:
            raise RuntimeError(f"the calendar could not be read: {result.error}")
        return self.app.asked() - before

    def mirrored(self) -> int:
        return int(self.box.db.value("SELECT COUNT(*) FROM event WHERE vanished_at IS NULL"))

    def asked_within_an_hour(self, slots: int) -> int:
        """Requests of one hour of the worker's work, with so many watched times that are full; the clock is ours."""
        app, now, rings = self.box.app, datetime.now(UTC), Rings()
        app.timers = rings
        for number in range(slots):
            day, turn = divmod(number, 40)
            slot = self.box.line_up(self.box.evening(1 + day, 10 * turn), 1)
            # People come one after the other, so their times are checked at all the marks there are.
            due = next_check(self.box.evening(1 + day, 10 * turn), now - timedelta(minutes=number % 60), None)
            app.db.execute("UPDATE slot SET next_check_at = ? WHERE id = ?", due, slot)
            rings.check_slots(due)
        before, until = self.app.asked(), now + timedelta(hours=1)
        while now < until:
            rings.ring(app, now)
            sweep.sweep(app, now)
            sweep.provider_pass(app, now)
            now += WORKER_PASS
        return self.app.asked() - before


class Rings(SilentTimers):
    """Huey's part, by the clock of the simulated hour: checks at their marks, and reads that were asked for at once."""

    def __init__(self) -> None:
        self.checks: set[datetime] = set()
        self.reads: set[tuple[int, str]] = set()

    def check_slots(self, at: datetime) -> None:
        self.checks.add(at)

    def sync(self, connection_id: int, cause: str = "due") -> None:
        self.reads.add((connection_id, cause))

    def ring(self, app: Appliance, now: datetime) -> None:
        """Everything whose time has come."""
        for at in sorted(at for at in self.checks if at <= now):
            self.checks.discard(at)
            check_slots.check_due(app, now)
        reads, self.reads = self.reads, set()
        for connection_id, _ in reads:
            sync(app, connection_id, now)


@contextmanager
def connected(box: Box, kind: str) -> Iterator[Connected]:
    """The box's calendar on a fresh server of this kind, which all its tables are written to."""
    make_key_file(box.app.config.credentials_key_path)
    with calendar_app(kind) as app:
        if isinstance(app, GoogleApp):
            app.server.clock = datetime.now(UTC)
        if isinstance(app, CalDavApp):
            app.limits = USUAL
        made = app.connect(box.app, datetime.now(UTC))
        manage_calendars.use_for(box.app, made.public_id, None, "write", datetime.now(UTC), SYSTEM)
        yield Connected(box, app, made.public_id)


def fill(app: CalendarApp, number: int, first: datetime) -> list[str]:
    """So many dinners within the coming eighty days, as staff would have entered them."""
    days = ((count, timedelta(days=count % 80, minutes=15 * (count // 80 % 40))) for count in range(number))
    return app.put_many([(f"Cena Table {1 + count % 12}", first + later) for count, later in days])


def change(app: CalendarApp, names: list[str], to: datetime) -> None:
    """Staff drag these dinners to another time."""
    for count, name in enumerate(names):
        app.move(name, to + timedelta(days=count % 80))


def for_processes(calendar: Connected) -> None:
    """The box's own processes reach the test server too: its addresses are in the file, its client in the database."""
    app = calendar.app
    if not isinstance(app, GoogleApp):
        raise TypeError("only Google's addresses can be set")
    server, box = app.server, calendar.box
    connect_calendar.set_google_client(box.app, server.client.id, server.client.secret, datetime.now(UTC), SYSTEM)
    lines = ("[google]", f'api_url = "{server.url}"', f'auth_url = "{server.auth_url}"',
             f'token_url = "{server.token_url}"', f'revoke_url = "{server.revoke_url}"')  # fmt: skip
    text = re.sub(r"(?ms)^\[google\].*?(?=^\[|\Z)", "", box.config_path.read_text("utf-8"))
    box.config_path.write_text(text + "\n" + "\n".join(lines) + "\n", "utf-8")


def google_modules(box: Box) -> int:
    """How many modules of Google's libraries a real web process has imported when it answers for the first time."""
    os.environ["PYTHONPROFILEIMPORTTIME"] = "1"
    try:
        box.start("imports", "serve")
        box.wait_until_up()
        box.call("GET", "/api/waitlist/entries")
        box.stop()
    finally:
        del os.environ["PYTHONPROFILEIMPORTTIME"]
    told = (box.folder / "imports.log").read_text("utf-8", "replace")
    modules = [line.rpartition("|")[2].strip() for line in told.splitlines() if line.startswith("import time:")]
    if "flask" not in modules:
        raise RuntimeError("the process did not tell what it imported")
    return sum(name.partition(".")[0] in GOOGLES for name in modules)
