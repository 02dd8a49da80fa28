"""Somebody asked what is free: the calendars are worth reading from now on, though nobody waits and nothing is booked."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import connections
from waitlist_appliance.storage import setup as setups
from waitlist_appliance.storage.database import StorageUnavailable

log = logging.getLogger(__name__)

NOTED_EVERY = timedelta(hours=1)


def note_asked(app: Appliance, now: datetime) -> None:
    """Keep the calendars outside read from now on; at most one write an hour, and none that could fail the asker."""
    since = now - NOTED_EVERY
    if connections.is_asked_since(app.db, since):
        return
    try:
        with app.db.write():
            connections.note_asked(app.db, now, since)
            for connection in setups.connections(app.db):
                if not connection.live_mirror and connections.read_now(app.db, connection.id, now):
                    app.ring_sync(connection.id)
    except StorageUnavailable as error:
        log.warning("it could not be noted that somebody asked what is free: %s", error)
