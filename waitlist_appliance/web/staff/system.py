"""The system page: is the box well? And the button that lets messages go out again."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, current_app, url_for

from waitlist_appliance import __version__
from waitlist_appliance.services import box_health, deliver_messages, watch_box
from waitlist_appliance.storage import backup_runs, system_reads
from waitlist_appliance.storage.backup_runs import BackupRun
from waitlist_appliance.storage.heartbeats import Heartbeat
from waitlist_appliance.storage.system_reads import Condition, Queue
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import auth, page, system_day
from waitlist_appliance.web.staff.bell import WORKER_SILENT_AFTER

HOME = "/staff/system"
# A queue that is worked off keeps nothing due for long.
LATE_SECONDS = 60
QUEUES = {
    "messages": (N_("Messages"), N_("to be sent")),
    "calendar_writes": (N_("Calendar entries"), N_("to be written")),
    "slots": (N_("Watched times"), N_("to be looked at")),
    "offers": (N_("Offers"), N_("whose time to answer is over")),
}
PROVIDERS = {"local": N_("Built in"), "google": "Google Calendar", "caldav": "CalDAV", "ics": N_("Feed (read only)")}


# What an alarm is about → the page on which something can be done about it.
ABOUT = {
    "calendar": ("staff.calendars", N_("To the calendars")), "sync": ("staff.calendars", N_("To the calendars")),
    "booking": ("staff.agenda", N_("To the agenda")), "event": ("staff.agenda", N_("To the agenda")),
    "messenger": ("staff.messaging", N_("To the messaging settings")),
    "message": ("staff.messages", N_("To the messages")), "messages": ("staff.messages", N_("To the messages")),
    "delivery": ("staff.messages", N_("To the messages")),
}  # fmt: skip


def overview() -> str:
    """Alarms, the last day, worker, queues, calendars, backups, file, team, version."""
    now, disk, db = current_time(), shutil.disk_usage(box().config.data_directory), box().db
    panels, durations, sums = system_day.read(now)
    return page.render(
        "system.html", "system", alarms=[_alarm(alarm) for alarm in system_reads.alarms(db)], panels=panels,
        durations=durations, sums=sums, percent=system_day.percent, lasted=system_day.lasted,
        beats=[_beat(beat, now) for beat in system_reads.heartbeats(db)],
        queues=[(queue, _late(queue, now)) for queue in system_reads.queues(db, now)], queue_words=QUEUES,
        calendars=system_reads.calendars(db), providers=PROVIDERS, backup=_backup(now), store=system_reads.store(db),
        disk=disk, little=disk.free < _little_space(), team=system_reads.team_size(db),
        proved=system_reads.with_second_factor(db), version=__version__, size=size,
    )  # fmt: skip


def resume_sending() -> Response:
    """The provider's account is in order again: what waits goes out."""
    _ = page.say().gettext
    return page.act(
        lambda: deliver_messages.resume_sending(box(), current_time(), auth.actor()),
        _("Sending goes on. What was waiting goes out now."), page.back_to(auth.HOME),
    )  # fmt: skip


def _little_space() -> int:
    return int(box().setup().policies.disk_low_megabytes) * watch_box.MEGABYTE


def size(count: int) -> str:
    """Bytes as people say them: "12.4 MB"."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit in ("B", "kB") else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


@dataclass(frozen=True, slots=True)
class Backup:
    """How backing up stands: the judgement, the ``last`` good one, and why the newest try ended badly."""

    state: str
    configured: bool
    last: BackupRun | None
    trouble: str | None


def _backup(now: datetime) -> Backup:
    finding, newest = box_health.backup(box(), now), backup_runs.newest(box().db, 1)
    trouble = newest[0].error if newest else None
    return Backup(finding.state, bool(finding.facts["configured"]), backup_runs.last_good(box().db), trouble)


def _alarm(alarm: Condition) -> dict[str, Any]:
    """What holds, with what to do; where, if the reader may go there."""
    endpoint, label = ABOUT.get(re.split("[_:]", alarm.condition)[0], ("", ""))
    link = url_for(endpoint) if endpoint in current_app.view_functions else None
    return {"condition": alarm.condition.partition(":")[0], "alarm": alarm, "link": link, "label": label}


def _beat(beat: Heartbeat, now: datetime) -> dict[str, Any]:
    return {
        "name": beat.name, "at": beat.at, "well": now - beat.at <= WORKER_SILENT_AFTER,
        "detail": json.loads(beat.detail),
    }  # fmt: skip


def _late(queue: Queue, now: datetime) -> bool:
    return queue.oldest_at is not None and (now - queue.oldest_at).total_seconds() > LATE_SECONDS
