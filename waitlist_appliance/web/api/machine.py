"""What machines ask: is it well, please do a pass; and two addresses to measure against."""

from __future__ import annotations

import shutil

from flask import Response

from waitlist_appliance.services import sweep, watch_box
from waitlist_appliance.storage import health
from waitlist_appliance.storage.measure import add_two_rows
from waitlist_appliance.web.api.answers import answer
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box

LEAST_FREE_BYTES = 20 * 1024 * 1024
_EMPTY = b'{"status":"ok"}'


def healthz() -> Response:
    """Process, database, migrations; 503 when one is red."""
    db = box().db
    space = shutil.disk_usage(box().config.data_directory).free >= LEAST_FREE_BYTES
    checks = {
        "process": "ok",
        "database": "ok" if space and health.writable(db) else "unavailable",
        "migrations": "ok" if health.migrated(db) else "wrong_version",
    }
    watch_box.note_silence(box(), current_time())
    well = set(checks.values()) == {"ok"}
    return answer({"status": "ok" if well else "unavailable", "checks": checks}, 200 if well else 503)


def ping() -> Response:
    """Nothing at all: how fast an answer can be."""
    return Response(_EMPTY, mimetype="application/json")


def cron_check() -> Response:
    """One pass: the database work that was done, and whether the worker was rung for the rest."""
    done = sweep.sweep(box(), current_time())
    box().timers.deliver()
    box().timers.write_calendar()
    return answer({"success": True, "done": done, "queued": ["deliver", "write_calendar"]})


def two_rows() -> Response:
    """Two rows in one transaction: how fast a writing answer can be. Only while measuring."""
    return answer({"success": True, "id": add_two_rows(box().db, current_time())}, 201)
