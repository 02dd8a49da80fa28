"""Is the box itself well? Space on its disk, messages that fail, and a worker that does not run.

The last cannot be seen by the worker itself: the web process looks whenever somebody opens a page of the desk or asks
for its health, `waitlist watch` every two minutes (services/watch_from_outside.py), and they write it down; the worker
clears it when it runs again (services/staff_notices.py).
"""

from __future__ import annotations

import logging
import shutil
from datetime import datetime, timedelta
from typing import Final

from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import alarms, heartbeats, notice_reads
from waitlist_appliance.storage.database import StorageUnavailable

log = logging.getLogger(__name__)

WORKER: Final = "worker"
WORKER_SILENT: Final = "worker_silent"
# The bell says it sooner; a restart or a slow round is no alarm.
SILENT_AFTER: Final = timedelta(minutes=3)

FAILING: Final = "messages_failing"
MANY: Final = 10
FEW: Final = 3
LATELY: Final = timedelta(hours=1)

DISK_LOW: Final = "disk_low"
MEGABYTE: Final = 1024 * 1024
# Space that comes and goes around the limit is one alarm, not many.
ENOUGH: Final = 1.2


def watch(app: Appliance, now: datetime) -> int:
    """Raise or clear what can be seen from here; how many alarms began or ended."""
    return _watch_disk(app, now) + _watch_failures(app, now)


def note_silence(app: Appliance, now: datetime) -> bool:
    """Write down that the worker does not run; whether that is new. Never fails its caller."""
    beat = heartbeats.read(app.db, WORKER)
    if beat is None or now - beat.at < SILENT_AFTER or alarms.holds(app.db, WORKER_SILENT):
        return False
    try:
        with app.db.write():
            if alarms.holds(app.db, WORKER_SILENT):
                return False
            alarms.raise_alarm(app.db, WORKER_SILENT, "", beat.at)
    except StorageUnavailable as error:
        log.warning("that the worker is silent could not be written down: %s", error)
        return False
    log.error("the worker has been silent since %s", beat.at.isoformat())
    return True


def _watch_disk(app: Appliance, now: datetime) -> int:
    free = shutil.disk_usage(app.config.data_directory).free
    limit = app.setup().policies.disk_low_megabytes * MEGABYTE
    return turn(app, DISK_LOW, free < limit, free < limit * ENOUGH, f"{free // MEGABYTE} MB", now)


def _watch_failures(app: Appliance, now: datetime) -> int:
    number = notice_reads.failures_since(app.db, now - LATELY, MANY + 1)
    return turn(app, FAILING, number > MANY, number > FEW, str(number), now)


def turn(app: Appliance, condition: str, begins: bool, goes_on: bool, detail: str, now: datetime) -> int:
    """Raise the alarm where it ``begins``, clear it where it no longer ``goes_on``; 1 when something changed."""
    holds = alarms.holds(app.db, condition)
    if holds == (goes_on if holds else begins):
        return 0
    with app.db.write():
        if holds:
            alarms.clear(app.db, condition)
        else:
            alarms.raise_alarm(app.db, condition, detail, now)
    return 1
