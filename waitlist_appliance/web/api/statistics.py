"""The numbers of a period, for whoever builds a report of their own."""

from __future__ import annotations

from typing import Any

from flask import Response

from waitlist_appliance.domain.errors import Invalid
from waitlist_appliance.domain.statistics import Period, Summary, last_days
from waitlist_appliance.services import statistics
from waitlist_appliance.web.api import schemas
from waitlist_appliance.web.api.answers import answer
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box, the_business
from waitlist_appliance.web.validation import read_query

USUAL_DAYS = 30


def show() -> Response:
    """Conversion, fill rate, median time to fill, acceptance, silence, offers per fill; shares from 0 to 1 or null."""
    period = _period()
    return answer({"success": True, "period": _period_json(period), **_summary_json(statistics.summary(box(), period))})


def _period() -> Period:
    asked = read_query(schemas.STATS_QUERY, the_business().tz)
    today = current_time().astimezone(the_business().tz).date()
    if asked["since"] is None:
        return last_days(asked["last"] or today, asked["days"] or USUAL_DAYS)
    try:
        return Period(asked["since"], asked["last"] or today)
    except ValueError as error:
        raise Invalid("bad_value", "to", params={"field": "to"}) from error


def _period_json(period: Period) -> dict[str, Any]:
    return {"from": period.since.isoformat(), "to": period.last.isoformat(), "days": period.days}


def _summary_json(summary: Summary) -> dict[str, Any]:
    return {
        "conversion": summary.conversion,
        "fillRate": summary.fill_rate,
        "medianMinutesToFill": summary.minutes_to_fill,
        "acceptance": summary.acceptance,
        "expiryShare": summary.silence,
        "offersPerFill": summary.offers_per_fill,
        "offersSent": summary.offers_sent,
        "placesFreed": summary.freed,
        "placesFilled": summary.filled,
        "covers": summary.covers,
        "funnel": {_camel(step.stage): step.count for step in summary.funnel},
        "bySource": [
            {"source": line.source, "triggered": line.triggered, "booked": line.booked, "conversion": line.conversion}
            for line in summary.sources
        ],
    }


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
