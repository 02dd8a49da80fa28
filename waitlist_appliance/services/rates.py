"""Three rates that staff are told of when they are bad: calendars read, messages delivered, offers ended in time.

Each begins at one limit and is over at a better one, and needs less to go on than to begin: a rate that hovers is one
alarm. What a single calendar or message suffers from has alarms of its own; these see what fails now and then.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.watch_box import turn
from waitlist_appliance.storage import rate_reads, tallies

SYNC_FAILING: Final = "sync_failing"
DELIVERY_FAILING: Final = "delivery_failing"
EXPIRY_LATE: Final = "expiry_late"

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(hours=24)

# A box with one calendar reads it eleven times an hour: then the newest twenty count, if they are not too old.
READS: Final = 20
READS_FROM: Final = timedelta(hours=6)
SYNC_UNDER: Final = 0.95
SYNC_WELL: Final = 0.97

MESSAGES: Final = 50
DELIVERY_UNDER: Final = 0.98
DELIVERY_WELL: Final = 0.985

# The worker looks every ten seconds, so a lost ring alone is no alarm; nor is one restart of the box.
ENDED: Final = 5
LATE: Final = timedelta(seconds=15)
LATE_WELL: Final = timedelta(seconds=10)
FORGOTTEN: Final = timedelta(seconds=30)
FORGOTTEN_WELL: Final = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Rate:
    """``good`` of ``all``."""

    good: int
    all: int

    @property
    def share(self) -> float | None:
        """None where there is nothing to judge."""
        return self.good / self.all if self.all else None

    def under(self, limit: float, least: int) -> bool:
        """Whether it is worse than the limit; False while too few are known."""
        return self.share is not None and self.all >= least and self.share < limit

    def in_words(self) -> str:
        """Rounded down: what is under 95 % must not read "95 %"."""
        return f"{math.floor((self.share or 0.0) * 100)} %"


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late offers end: ``p95`` of those of the last hour (``ended``), and the age of the oldest forgotten deadline."""

    ended: int
    p95: timedelta
    overdue: timedelta

    def over(self, late: timedelta, least: int, forgotten: timedelta) -> bool:
        return self.overdue > forgotten or (self.ended >= least and self.p95 > late)

    def in_words(self) -> str:
        return f"{round(max(self.overdue, self.p95).total_seconds())} s"


def watch(app: Appliance, now: datetime) -> int:
    """Raise or clear the three; how many alarms began or ended."""
    read, delivered, late = sync_rate(app, now), delivery_rate(app, now), lateness(app, now)
    return (
        turn(app, SYNC_FAILING, read.under(SYNC_UNDER, READS), read.under(SYNC_WELL, READS // 2), read.in_words(), now)
        + turn(
            app, DELIVERY_FAILING, delivered.under(DELIVERY_UNDER, MESSAGES),
            delivered.under(DELIVERY_WELL, MESSAGES // 2), delivered.in_words(), now,
        )
        + turn(
            app, EXPIRY_LATE, late.over(LATE, ENDED, FORGOTTEN), late.over(LATE_WELL, ENDED // 2, FORGOTTEN_WELL),
            late.in_words(), now,
        )
    )  # fmt: skip


def count_news(app: Appliance, now: datetime) -> int:
    """Count what happened since the last time, and let go of old hours; how many lines of the log were looked at."""
    counted = tallies.count_news(app.db)
    tallies.fold_old(app.db, now)
    return counted


def sync_rate(app: Appliance, now: datetime) -> Rate:
    """Reads of calendars outside the box that went well: of the last hour, or the newest twenty of six hours."""
    found = rate_reads.reads_since(app.db, now - READS_FROM)
    lately = sum(1 for at, _ in found if at > now - HOUR)
    judged = [well for _, well in found[: max(lately, READS)]]
    return Rate(sum(judged), len(judged))


def delivery_rate(app: Appliance, now: datetime) -> Rate:
    """What was said and arrived, by whatever channel, of all that came to an end within a day.

    An email has arrived when its server took it: nothing better is known. What failed on one channel and went out on
    the next is not lost.
    """
    since = now - DAY
    told = sum(tally.count for tally in tallies.rates(app.db, "message_delivered", since).values())
    mailed = tallies.rates(app.db, "message_sent", since).get("email")
    lost = sum(tally.count for tally in tallies.rates(app.db, "message_lost", since).values())
    arrived = told + (mailed.count if mailed else 0)
    return Rate(arrived, arrived + lost)


def lateness(app: Appliance, now: datetime) -> Lateness:
    """How late offers end."""
    lags, deadline = rate_reads.lags_since(app.db, now - HOUR), rate_reads.first_deadline(app.db)
    overdue = now - deadline if deadline is not None else timedelta()
    return Lateness(len(lags), timedelta(milliseconds=_p95(lags)), max(overdue, timedelta()))


def _p95(ordered: Sequence[int]) -> int:
    """The value that 95 of 100 do not exceed; 0 for none."""
    return ordered[math.ceil(len(ordered) * 0.95) - 1] if ordered else 0
