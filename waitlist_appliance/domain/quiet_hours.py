"""Quiet hours: when a message nobody asked for waits until the morning."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from waitlist_appliance.domain.deadlines import may_still_be_offered
from waitlist_appliance.domain.moments import local, parse_clock, resolve_clock
from waitlist_appliance.domain.policies import Policies

__all__ = ["is_quiet", "may_be_lost", "quiet_until", "waits"]

WAITING_KINDS = frozenset({"offer", "offer_race", "join_nudge", "reminder"})
DAY_MINUTES = 1440


def is_quiet(now: datetime, zone: ZoneInfo, policies: Policies) -> bool:
    """Whether `now` lies in the quiet hours of the business; their end no longer does."""
    return quiet_until(now, zone, policies) is not None


def quiet_until(now: datetime, zone: ZoneInfo, policies: Policies) -> datetime | None:
    """The end (UTC) of the quiet period `now` lies in, or None. Equal begin and end means no quiet hours at all."""
    first, last = parse_clock(policies.quiet_from), parse_clock(policies.quiet_to, end=True)
    if not policies.quiet_hours or first == last:
        return None
    last = last if last > first else last + DAY_MINUTES
    today = local(now, zone).date()
    for day in (today - timedelta(days=1), today):
        ends_at = resolve_clock(day, last, zone)
        if resolve_clock(day, first, zone) <= now < ends_at:
            return ends_at
    return None


def waits(kind: str, own_act: bool) -> bool:
    """Whether a message of this kind waits in the quiet hours; an answer to a person's own act never does."""
    return not own_act and kind in WAITING_KINDS


def may_be_lost(starts_at: datetime, quiet_end: datetime, policies: Policies) -> bool:
    """Whether an offer for this start could no longer be made once the quiet hours end."""
    return not may_still_be_offered(starts_at, quiet_end, policies)
