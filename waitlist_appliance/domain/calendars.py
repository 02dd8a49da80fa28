"""When a calendar's mirror may be believed, and when it is read next. What is not known is busy."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from waitlist_appliance.domain.policies import Policies
from waitlist_appliance.domain.records import Connection

RETRY_FIRST = timedelta(seconds=30)
RETRY_LONGEST = timedelta(minutes=5)
# No provider may make us wait longer, and no mark lies further ahead of a failing calendar.
WAIT_LONGEST = timedelta(hours=1)
# Boxes all over the world must not ask in the same second: each read comes up to this much of its interval later.
SPREAD = 0.1
HORIZON_MOVES = timedelta(days=1)


def readable(connection: Connection, now: datetime, policies: Policies, until: datetime | None = None) -> bool:
    """Whether its free time (up to ``until``) counts as free: it works, was read within its interval plus the staleness
    limit, and the mirror reaches that far.

    A live mirror (the built-in calendar) is written together with the calendar, so only a failure makes it stale.
    """
    if not _working(connection):
        return False
    if connection.live_mirror:
        return True
    if until is not None and (connection.span_until_at is None or until > connection.span_until_at):
        return False
    limit = read_interval(connection, policies) + timedelta(seconds=policies.staleness_seconds)
    return _read_within(connection, now, limit)


def fresh_for_offer(connection: Connection, now: datetime, policies: Policies) -> bool:
    """Whether an offer may rest on it: working, and read within the last minute (a policy)."""
    if not _working(connection):
        return False
    return connection.live_mirror or _read_within(connection, now, timedelta(seconds=policies.offer_read_age_seconds))


def read_interval(connection: Connection, policies: Policies) -> timedelta:
    """How long after a good read the next one comes."""
    if connection.check_interval_minutes and not connection.live_mirror:
        return timedelta(minutes=connection.check_interval_minutes)
    return timedelta(seconds=policies.read_interval_seconds)


def next_read(connection: Connection, now: datetime, policies: Policies) -> datetime:
    """When to read again after a good read: the interval, and a little more, other for every calendar and read."""
    interval = read_interval(connection, policies)
    return now + interval + interval * SPREAD * _share(connection, now)


def next_try(connection: Connection, now: datetime, asked_to_wait: timedelta | None) -> datetime:
    """When to try again after a failure: as long after it as it has failed already, or as the provider asks for."""
    if connection.live_mirror:
        return now + RETRY_FIRST
    failing = now - connection.failing_since_at if connection.failing_since_at else timedelta()
    wait = min(max(failing, RETRY_FIRST), RETRY_LONGEST)
    if asked_to_wait is not None:
        wait = min(max(wait, asked_to_wait), WAIT_LONGEST)
    return now + wait


def is_due(connection: Connection, now: datetime, policies: Policies) -> bool:
    """Whether its time has come. A mark too far ahead was set by a clock that has jumped back since."""
    at = connection.next_sync_at
    if at is None or at <= now:
        return True
    longest = read_interval(connection, policies) * (1 + SPREAD)
    return at > now + (max(longest, WAIT_LONGEST) if connection.failing_since_at else longest)


def must_read_everything(connection: Connection, now: datetime, policies: Policies) -> bool:
    """Whether changes will not do: never read, or the horizon has moved on by a day."""
    if connection.sync_state is None or connection.span_until_at is None:
        return True
    return connection.span_until_at < now + timedelta(days=policies.calendar_days_ahead) - HORIZON_MOVES


def signed_out(connection: Connection) -> bool:
    """Whether only the owner can bring it back: asking again and again would change nothing."""
    return connection.status == "needs_reconnect"


def _working(connection: Connection) -> bool:
    return connection.enabled and connection.status == "active" and connection.failing_since_at is None


def _read_within(connection: Connection, now: datetime, limit: timedelta) -> bool:
    return connection.last_sync_at is not None and now - connection.last_sync_at <= limit


def _share(connection: Connection, now: datetime) -> float:
    """Something from 0 to 1 that differs from calendar to calendar."""
    seed = hashlib.sha256(f"{connection.public_id}:{now.timestamp()}".encode()).digest()
    return seed[0] / 255
