"""Deadlines: until when a time may be offered, and how long a person has to answer."""

from __future__ import annotations

from datetime import datetime, timedelta

from waitlist_appliance.domain.policies import Policies

__all__ = ["cutoff_at", "deadline", "is_over", "is_race", "may_still_be_offered", "offer_window"]

SHARE_NEAR_THE_START = 6
SECOND = timedelta(seconds=1)


def cutoff_at(starts_at: datetime, policies: Policies) -> datetime:
    """The moment from which nothing is offered for this start any more."""
    return starts_at - timedelta(seconds=policies.cutoff_seconds)


def may_still_be_offered(starts_at: datetime, now: datetime, policies: Policies) -> bool:
    """Whether the cut-off lies ahead and leaves at least the minimum window to answer."""
    left = cutoff_at(starts_at, policies) - now
    return left > timedelta(0) and left >= timedelta(seconds=policies.offer_window_minimum_seconds)


def offer_window(starts_at: datetime, now: datetime, policies: Policies) -> timedelta:
    """How long to answer, in whole seconds: near the start a sixth of the time left to the cut-off.

    Never over the policy's window and never under its minimum.
    """
    left = cutoff_at(starts_at, policies) - now
    share = left // SHARE_NEAR_THE_START // SECOND * SECOND
    least = timedelta(seconds=policies.offer_window_minimum_seconds)
    return min(max(share, least), max(timedelta(seconds=policies.offer_window_seconds), least))


def deadline(starts_at: datetime, handed_over_at: datetime, policies: Policies) -> datetime:
    """Until when an offer handed over at that moment can be answered; never after the cut-off."""
    return min(handed_over_at + offer_window(starts_at, handed_over_at, policies), cutoff_at(starts_at, policies))


def is_over(deadline: datetime, now: datetime) -> bool:
    """Whether a deadline has passed; the very moment counts as passed."""
    return now >= deadline


def is_race(starts_at: datetime, now: datetime, policies: Policies) -> bool:
    """Whether the start is so near that several people are asked at once."""
    return policies.race_size > 1 and starts_at - now <= timedelta(seconds=policies.race_from_seconds)
