"""The system page: is the box well? And the button that lets messages go out again."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from typing import Any

from flask import Response

from waitlist_appliance import __version__
from waitlist_appliance.services import deliver_messages, watch_box
from waitlist_appliance.storage import system_reads
from waitlist_appliance.storage.heartbeats import Heartbeat
from waitlist_appliance.storage.system_reads import Queue
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import auth, page
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


def overview() -> str:
    """Worker, queues, calendars, file, version."""
    now, disk = current_time(), shutil.disk_usage(box().config.data_directory)
    return page.render(
        "system.html", "system", beats=[_beat(beat, now) for beat in system_reads.heartbeats(box().db)],
        queues=[(queue, _late(queue, now)) for queue in system_reads.queues(box().db, now)], queue_words=QUEUES,
        calendars=system_reads.calendars(box().db), providers=PROVIDERS, alarms=system_reads.alarms(box().db),
        store=system_reads.store(box().db), disk=disk, little=disk.free < _little_space(), version=__version__, size=size,
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


def _beat(beat: Heartbeat, now: datetime) -> dict[str, Any]:
    return {
        "name": beat.name, "at": beat.at, "well": now - beat.at <= WORKER_SILENT_AFTER,
        "detail": json.loads(beat.detail),
    }  # fmt: skip


def _late(queue: Queue, now: datetime) -> bool:
    return queue.oldest_at is not None and (now - queue.oldest_at).total_seconds() > LATE_SECONDS
