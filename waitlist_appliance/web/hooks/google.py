"""Google says that something changed in a calendar: heard, checked, passed on as a ring. It is read by the worker."""

from __future__ import annotations

import logging

from flask import Response, request

from waitlist_appliance.services import watch_calendar
from waitlist_appliance.storage.database import StorageUnavailable
from waitlist_appliance.web import limits
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box

log = logging.getLogger(__name__)


def notice() -> Response:
    """204 for a channel of ours with its secret, 404 for every other. The next read finds what a lost notice meant."""
    told = request.headers
    try:
        known = watch_calendar.notice(
            box(), told.get("X-Goog-Channel-ID", ""), told.get("X-Goog-Channel-Token", ""),
            told.get("X-Goog-Resource-State", ""), current_time(),
        )  # fmt: skip
    except StorageUnavailable as error:
        if limits.seldom("google_not_noted"):
            log.warning("a notice of Google's was not noted: %s", error)
        return Response(status=204)
    if not known:
        limits.count("unsigned", limits.origin())
    return Response(status=204 if known else 404)
