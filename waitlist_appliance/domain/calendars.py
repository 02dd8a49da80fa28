"""When a calendar's mirror may be believed. What is not known is busy."""

from __future__ import annotations

from datetime import datetime, timedelta

from waitlist_appliance.domain.policies import Policies
from waitlist_appliance.domain.records import Connection


def readable(connection: Connection, now: datetime, policies: Policies) -> bool:
    """Whether its free time counts as free: read well within its interval plus the staleness limit, not failing longer.

    A live mirror (the built-in calendar) is written together with the calendar, so only a failure makes it stale.
    """
    if not _working(connection):
        return False
    if connection.live_mirror:
        return True
    interval = timedelta(seconds=policies.read_interval_seconds)
    if connection.check_interval_minutes:
        interval = timedelta(minutes=connection.check_interval_minutes)
    return _read_within(connection, now, interval + timedelta(seconds=policies.staleness_seconds))


def fresh_for_offer(connection: Connection, now: datetime, policies: Policies) -> bool:
    """Whether an offer may rest on it: working, and read within the last minute (a policy)."""
    if not _working(connection):
        return False
    return connection.live_mirror or _read_within(connection, now, timedelta(seconds=policies.offer_read_age_seconds))


def _working(connection: Connection) -> bool:
    return connection.enabled and connection.status == "active" and connection.failing_since_at is None


def _read_within(connection: Connection, now: datetime, limit: timedelta) -> bool:
    return connection.last_sync_at is not None and now - connection.last_sync_at <= limit
