"""The states of the system page: a day of work, and a day on which much went wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from playwright.sync_api import Page

from tests.browser.gallery import Gallery, State
from waitlist_appliance.services import rates
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import alarms, backup_runs, heartbeats, tallies

HOME: Final = "/staff/system"
MEGABYTE: Final = 1_000_000
LONG_ERROR: Final = "rclone:backups-of-casa-lola:waitlist/nightly could not be reached: the storage refused the key"


@dataclass(frozen=True)
class SystemState(State):
    """The page with numbers of a day that somebody made up; the worker sleeps meanwhile."""

    day: Callable[[Appliance, datetime], None] = lambda app, now: None

    @contextlib.contextmanager
    def show(self, page: Page, gallery: Gallery) -> Iterator[None]:
        app, now = gallery.restaurant.app, datetime.now(UTC)
        with gallery.restaurant.worker_asleep():
            before = app.db.tuples("SELECT * FROM tally")
            with app.db.write():
                app.db.execute("DELETE FROM tally")
                self.day(app, now)
            try:
                page.goto(HOME)
                page.locator("#y-day").wait_for()
                yield
            finally:
                _as_before(app, before)


def _as_before(app: Appliance, tallied: list[tuple[object, ...]]) -> None:
    with app.db.write():
        for table in ("tally", "backup_run"):
            app.db.execute(f"DELETE FROM {table}")
        for condition in (*TROUBLES, "worker_silent"):
            alarms.clear(app.db, condition)
        for row in tallied:
            app.db.execute("INSERT INTO tally VALUES (?, ?, ?, ?, ?, ?)", *row)
    heartbeats.beat(app.db, "worker", datetime.now(UTC))


def _a_day(app: Appliance, now: datetime, *, bad: bool = False) -> None:
    """More in the evening than in the night; what fails, fails in the last hours."""
    for ago in range(24):
        at, busy = now - timedelta(hours=ago), 2 + (23 - ago) * (ago % 5 + 1) // 3
        failing = bad and ago in (0, 1, 2, 7)
        for name, label, by, ms in (
            ("calendar_read", "google:ok", 11 - 6 * failing, 420), ("calendar_read", "google:failed", 6 * failing, 0),
            ("message_delivered", "sms", busy, 0), ("message_sent", "email", busy // 3, 0),
            ("message_lost", "sms", 3 * failing, 0), ("offer_made", "", busy // 2, 0), ("offer_accepted", "", busy // 4, 0),
            ("offer_declined", "", busy // 6, 0), ("offer_expired", "", busy // 8, 0),
            ("freed_to_told", "", 1, 61_000), ("booking_confirmed", "", 1, 2_400),
            ("offer_expiry", "", 1, 900 + 60_000 * failing),
        ):  # fmt: skip
            if by:
                tallies.count(app.db, name, at, label, ms=ms, by=by)


def _well(app: Appliance, now: datetime) -> None:
    _a_day(app, now)
    heartbeats.beat(app.db, "worker", now, '{"pid": 1, "failures": 0, "pass_ms": 14}')
    run = backup_runs.begin(app.db, now - timedelta(hours=7))
    backup_runs.done(app.db, run, now - timedelta(hours=7), "waitlist-night.backup", 41 * MEGABYTE, 130 * MEGABYTE)
    backup_runs.copied(app.db, run, now - timedelta(hours=6), "rclone:backups:waitlist", None)


TROUBLES: Final = {
    rates.SYNC_FAILING: "86 %", rates.DELIVERY_FAILING: "96 %", rates.EXPIRY_LATE: "61 s", "disk_low": "412 MB",
    "calendar_failing:7": "Terrace, upstairs, and the very long name that somebody gave to the calendar of the terrace",
}  # fmt: skip


def _bad(app: Appliance, now: datetime) -> None:
    _a_day(app, now, bad=True)
    heartbeats.beat(app.db, "worker", now - timedelta(minutes=9), '{"pid": 1, "failures": 31, "pass_ms": 61250}')
    first = backup_runs.begin(app.db, now - timedelta(days=3))
    backup_runs.done(app.db, first, now - timedelta(days=3), "waitlist-old.backup", 40 * MEGABYTE, 129 * MEGABYTE)
    backup_runs.copied(app.db, first, now - timedelta(days=3), "rclone:backups:waitlist", LONG_ERROR)
    backup_runs.failed(
        app.db, backup_runs.begin(app.db, now - timedelta(hours=7)), now - timedelta(hours=7), LONG_ERROR
    )
    for minutes, (condition, detail) in enumerate(TROUBLES.items()):
        alarms.raise_alarm(app.db, condition, detail, now - timedelta(minutes=7 * minutes))


def _state(name: str, day: Callable[[Appliance, datetime], None]) -> State:
    return SystemState("staff.system", name, lambda page, gallery: None, "owner", day=day)


STATES: Final = (
    _state("a-day", _well),
    _state("trouble", _bad),
    _state("nothing-yet", lambda app, now: None),
)
