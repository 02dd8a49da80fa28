"""What the waitlist brought in a period, beside the period before it."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from waitlist_appliance.domain import statistics
from waitlist_appliance.domain.moments import local_day_bounds
from waitlist_appliance.domain.statistics import Heat, Period, Summary
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import statistics_reads


@dataclass(frozen=True, slots=True)
class Report:
    """`revenue` is in whole units of the business's currency; None where the owner has not said what a cover brings.

    `revenue_before` is that of the period before.
    """

    period: Period
    summary: Summary
    before: Summary
    heat: Heat
    revenue: int | None
    revenue_before: int | None


def report(app: Appliance, period: Period) -> Report:
    """The statistics of a period in local days."""
    setup = app.setup()
    per_cover = setup.policies.revenue_per_cover
    summary, before = _summary(app, period, setup.zone), _summary(app, period.before(), setup.zone)
    return Report(
        period, summary, before, _heat(app, period, setup.zone), statistics.revenue(summary.covers, per_cover),
        statistics.revenue(before.covers, per_cover),
    )  # fmt: skip


def summary(app: Appliance, period: Period) -> Summary:
    """The numbers of a period alone."""
    return _summary(app, period, app.setup().zone)


def _summary(app: Appliance, period: Period, zone: ZoneInfo) -> Summary:
    since, until = local_day_bounds(period.since, zone)[0], local_day_bounds(period.until, zone)[0]
    return statistics.summarise(statistics_reads.tally(app.db, since, until))


def _heat(app: Appliance, period: Period, zone: ZoneInfo) -> Heat:
    since, until = local_day_bounds(period.since, zone)[0], local_day_bounds(period.until, zone)[0]
    lines = ((line.starts_at.astimezone(zone), line) for line in statistics_reads.demand(app.db, since, until))
    return statistics.heat((start.weekday(), start.hour, line.asked, line.booked) for start, line in lines)
