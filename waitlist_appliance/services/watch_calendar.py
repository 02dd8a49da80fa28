"""Push notices: a channel per calendar, renewed before it ends; and letting a connection go. A notice only rings."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from datetime import datetime, timedelta
from typing import Final

from waitlist_appliance.domain.records import Connection
from waitlist_appliance.ports import CalendarError
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.storage import activity, connecting, connections, watch_channels
from waitlist_appliance.storage import setup as setups
from waitlist_appliance.storage.ids import public_id
from waitlist_appliance.storage.vault import VaultError
from waitlist_appliance.storage.watch_channels import Channel

log = logging.getLogger(__name__)

HOOK: Final = "/hooks/google/calendar"
LASTS = timedelta(days=7)
RENEWED_BEFORE = timedelta(days=1)
ASKED_AGAIN_AFTER = timedelta(hours=1)
# A provider that cannot be reached is asked for so long to take back what it granted; then it is forgotten all the same.
GIVING_BACK_LASTS = timedelta(days=1)
GIVING_BACK_EVERY = timedelta(minutes=5)


def watch_due(app: Appliance, now: datetime) -> int:
    """Open, renew and stop channels; how many calls were made. Without https nobody could reach us: then none."""
    for connection_id in watch_channels.of_unused(app.db):
        watch_channels.stop_all(app.db, connection_id)
    done = sum(_stop(app, channel) for channel in watch_channels.stopping(app.db))
    if not app.config.is_https or not app.push:
        return done
    watch_channels.forget_unanswered(app.db, now - LASTS)
    due = watch_channels.to_open(app.db, now + RENEWED_BEFORE, now - ASKED_AGAIN_AFTER)
    return done + sum(_open(app, connection, now) for connection in due if connection.provider in app.push)


def notice(app: Appliance, channel_id: str, secret: str, state: str, now: datetime) -> bool:
    """A provider says that something changed: the calendar is read at once. False for a notice that proves nothing.

    The first notice of a channel (``sync``) says only that it is open.
    """
    channel = watch_channels.by_id(app.db, channel_id)
    given = _hash(secret)
    # Compared also for an unknown channel, so that the time it takes tells nothing.
    proven = hmac.compare_digest(given, channel.secret_hash if channel else _hash(""))
    if channel is None or not proven:
        return False
    connection = setups.connection(app.db, channel.connection_id)
    # One that waits after a failure goes on waiting: it may have been told to ask less often.
    waits = connection is None or not connection.enabled or connection.failing_since_at is not None
    if state != "sync" and channel.state != "stopping" and connection is not None and not waits:
        with app.db.write():
            connections.read_now(app.db, connection.id, now)  # should the ring be lost, the sweep finds it
            app.ring_sync(connection.id, "push")
    return True


def end_connections(app: Appliance, now: datetime) -> int:
    """Give back what was granted to connections that were let go, and forget how they are reached; how many ended."""
    due = [c for c in connecting.to_give_back(app.db) if c.next_sync_at is None or c.next_sync_at <= now]
    return sum(_end(app, connection, now) for connection in due)


def _open(app: Appliance, connection: Connection, now: datetime) -> int:
    """A new channel under a new id; the one before it goes on until this one is open."""
    channel_id, secret = public_id(), secrets.token_urlsafe(32)
    watch_channels.add(app.db, channel_id, connection.id, _hash(secret), now)
    try:
        channel = app.push[connection.provider].watch(
            app.access(connection), channel_id, secret, app.url(HOOK), LASTS
        )
    except (CalendarError, VaultError) as error:
        # The provider may have opened it all the same: it stays known, and another is asked for in an hour.
        log.warning("no push notices for %s, it is read by the clock: %s", connection.name, error)
        return 1
    with app.db.write():
        watch_channels.opened(app.db, channel_id, channel.resource_id, channel.expires_at)
    return 1


def _stop(app: Appliance, channel: Channel) -> int:
    """Asked once: a channel that cannot be stopped ends by itself, and its notices are not believed any more."""
    connection = setups.connection(app.db, channel.connection_id)
    if connection is not None and connection.provider in app.push and channel.resource_id is not None:
        try:
            app.push[connection.provider].stop(app.access(connection), channel.channel_id, channel.resource_id)
        except (CalendarError, VaultError) as error:
            log.warning("a channel of %s could not be stopped, it ends by itself: %s", connection.name, error)
    watch_channels.forget(app.db, channel.channel_id)
    return 1


def _end(app: Appliance, connection: Connection, now: datetime) -> int:
    """Its channels first: stopping them needs the credentials."""
    watch_channels.stop_all(app.db, connection.id)
    for channel in watch_channels.stopping(app.db, connection.id):
        _stop(app, channel)
    reason = None
    try:
        if connection.provider in app.calendars:
            app.calendars[connection.provider].forget(app.access(connection))
    except (CalendarError, VaultError) as error:
        log.warning("what %s was granted could not be given back: %s", connection.name, error)
        begun = connection.ending_at or now
        if isinstance(error, CalendarError) and error.retryable and now - begun < GIVING_BACK_LASTS:
            connecting.change(app.db, connection.id, next_sync_at=now + GIVING_BACK_EVERY)
            return 0
        reason = "not_given_back"
    with app.db.write():
        connecting.forget_credentials(app.db, connection.id)
        connecting.change(app.db, connection.id, status="disabled", enabled=False, sync_state=None, next_sync_at=None)
        activity.record(
            app.db, now, SYSTEM, "calendar_forgotten", "connection", connection.id, reason=reason, name=connection.name
        )
    return 1


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "backslashreplace")).hexdigest()
