"""One look at the box from outside its two processes, each of which may be the one that is dead.

What is seen is an alarm like any other. While the worker is silent it cannot tell staff, so that is done here: letters
and notices are leased row by row, and a worker that comes back meanwhile tells nothing twice.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Final

from waitlist_appliance.services import box_health, watch_box
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.box_health import Finding
from waitlist_appliance.services.staff_letters import send_due
from waitlist_appliance.services.staff_notices import tell_due

log = logging.getLogger(__name__)

WEB_SILENT: Final = "web_silent"
MESSAGES_WAITING: Final = "messages_waiting"
BACKUP_OLD: Final = "backup_old"
# Longer than what is noted as a backlog at once: a burst of messages is no reason to write to anybody.
WAITING_AFTER_SECONDS: Final = 300


def look(app: Appliance, now: datetime) -> list[Finding]:
    """What is the matter, empty when all is well. Never raises for a database that cannot be used: that is a finding."""
    found = {
        name: box_health.guarded(name, check, app, now)
        for name, check in {
            "worker": box_health.worker, "web": box_health.web, "messages": box_health.messages,
            "backup": box_health.backup,
        }.items()
    }  # fmt: skip
    try:
        _note(app, found, now)
        if found["worker"].state == "problem":
            send_due(app, now)
            tell_due(app, now, by_worker=False)
    except box_health.UNUSABLE as error:
        log.error("nothing could be written down, and so nobody told: %s", error)
        found["database.writable"] = Finding("database.writable", "problem")
    return [finding for finding in found.values() if finding.state == "problem"]


def _note(app: Appliance, found: dict[str, Finding], now: datetime) -> None:
    """Raise and clear the alarms. What could not be found out changes none."""
    watch_box.note_silence(app, now)
    if box_health.UNKNOWN_WHY not in found["web"].facts:
        silent = found["web"].state == "problem"
        watch_box.turn(app, WEB_SILENT, silent, silent, "", now)
    waiting = _seconds(found["messages"], "oldest_seconds")
    if waiting is not None:
        # A worker that does not run, and a pause, have alarms of their own.
        well = found["worker"].state == "ok" and not found["messages"].facts.get("paused")
        late = well and waiting > WAITING_AFTER_SECONDS
        watch_box.turn(app, MESSAGES_WAITING, late, found["messages"].state == "problem", f"{waiting // 60} min", now)
    age = _seconds(found["backup"], "age_seconds")
    if age is not None:
        old = found["backup"].state == "problem"
        watch_box.turn(app, BACKUP_OLD, old, old, f"{age // 3600} h", now)


def _seconds(finding: Finding, fact: str) -> int | None:
    found = finding.facts.get(fact)
    return found if isinstance(found, int) else None
