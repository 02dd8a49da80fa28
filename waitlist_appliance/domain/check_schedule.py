"""Check schedule: how often a watched slot is looked at, the nearer the more often."""

from __future__ import annotations

from datetime import datetime, timedelta

from waitlist_appliance.domain.moments import ceil_to_minutes

__all__ = ["MARK_MINUTES", "interval_minutes", "next_check"]

MARK_MINUTES = 10
FAR = timedelta(hours=24)
NEAR = timedelta(hours=6)


def interval_minutes(starts_at: datetime, now: datetime, override: int | None) -> int:
    """Minutes between checks: 60 over a day ahead, 30 within it, 10 within six hours; or the connection's own."""
    if override is not None:
        if override < 1:
            raise ValueError("checks are at least a minute apart")
        return override
    left = starts_at - now
    if left > FAR:
        return 60
    return 30 if left > NEAR else 10


def next_check(starts_at: datetime, now: datetime, override: int | None) -> datetime:
    """The next check, strictly after `now`, on a ten-minute UTC mark so that slots fall due together."""
    due = now + timedelta(minutes=interval_minutes(starts_at, now, override))
    return ceil_to_minutes(due, MARK_MINUTES)
