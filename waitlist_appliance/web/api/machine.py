"""What machines ask: is it well, please do a pass; and two addresses to measure against."""

from __future__ import annotations

import secrets
import shutil

from flask import Response, request

from waitlist_appliance.services import box_health, sweep, watch_box
from waitlist_appliance.services import metrics as measured
from waitlist_appliance.storage import health
from waitlist_appliance.storage.measure import add_two_rows
from waitlist_appliance.web.api.answers import answer
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box

LEAST_FREE_BYTES = 20 * 1024 * 1024
# New with every start of the web process, and good for nothing but to be compared.
INSTANCE = secrets.token_hex(8)
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


def readyz() -> Response:
    """Whether the box does its work now; 503 while something keeps it from that. What exactly, the system page says."""
    found = box_health.ready(box(), current_time())
    well = all(finding.state != "problem" for finding in found)
    checks = {finding.check: finding.state for finding in found}
    return answer({"status": "ready" if well else "not_ready", "checks": checks}, 200 if well else 503)


def metrics() -> Response:
    """Everything that is counted and measured, in Prometheus's text format."""
    from waitlist_appliance.web.api import prometheus

    now = current_time()
    said = prometheus.render(measured.gather(box(), now), measured.worker_pid(box(), now))
    return Response(said, content_type=prometheus.CONTENT_TYPE)


def ping() -> Response:
    """Nothing at all: how fast an answer can be. Asked with ?identify, which process answers, and how it saw the
    question arrive: so `waitlist doctor` sees whether the public address leads here, and through which proxy."""
    if request.query_string == b"identify":
        return answer({"status": "ok", "instance": INSTANCE, "scheme": request.scheme, "caller": request.remote_addr})
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
