"""The statistics page: three numbers with their trend, the funnel, weekday by hour; the same as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from functools import lru_cache

from babel.dates import get_day_names
from babel.numbers import format_decimal, format_percent
from flask import Response, request

from waitlist_appliance.domain import statistics as figures
from waitlist_appliance.domain.statistics import Period
from waitlist_appliance.services import statistics
from waitlist_appliance.services.statistics import Report
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import money, page, times

USUAL = 30
STEPS = {
    "triggered": N_("Asked for a full time"), "signed_up": N_("Signed up"), "offered": N_("Got an offer"),
    "accepted": N_("Said yes"), "booked": N_("Booked"),
}  # fmt: skip


def overview() -> str:
    """The page for the period in the address, the last 30 days without one."""
    period, wrong = _period()
    report = statistics.report(box(), period)
    return page.render(
        "statistics.html", "statistics", report=report, now_=report.summary, before=report.before, period=period,
        wrong=wrong, usual=figures.DAYS, today=times.today(), steps=STEPS, weekdays=_weekdays(), money=money.whole,
        percent=_percent, number=_number, short=_short, trend=figures.trend,
    )  # fmt: skip


def file() -> Response:
    """The numbers as CSV, one per line, for a spreadsheet."""
    period, _ = _period()
    out = io.StringIO()
    csv.writer(out).writerows(_lines(statistics.report(box(), period)))
    name = f"statistics-{period.since}-{period.last}.csv"
    # The mark at the start tells spreadsheets that it is UTF-8.
    response = Response("\ufeff" + out.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _period() -> tuple[Period, bool]:
    """What the address asks for, and whether it asked for something that is no period."""
    today = times.today()
    since, last = times.day_of(request.args.get("from")), times.day_of(request.args.get("to"))
    if since and last:
        try:
            return Period(since, last), False
        except ValueError:
            return figures.last_days(today, USUAL), True
    days = request.args.get("days", "")
    if days in map(str, figures.DAYS):
        return figures.last_days(today, int(days)), False
    return figures.last_days(today, USUAL), bool(request.args.get("from") or request.args.get("to"))


def _lines(report: Report) -> Iterator[tuple[object, ...]]:
    yield "group", "name", "value", "before"
    yield "period", "from", report.period.since.isoformat(), report.period.before().since.isoformat()
    yield "period", "to", report.period.last.isoformat(), report.period.before().last.isoformat()
    for step, before in zip(report.summary.funnel, report.before.funnel, strict=True):
        yield "funnel", step.stage, step.count, before.count
    for name in NUMBERS:
        yield "numbers", name, _plain(getattr(report.summary, name)), _plain(getattr(report.before, name))
    if report.revenue is not None:
        yield "numbers", "revenue", report.revenue, _plain(report.revenue_before)
    for line, was in zip(report.summary.sources, report.before.sources, strict=True):
        yield "source_triggered", line.source, line.triggered, was.triggered
        yield "source_booked", line.source, line.booked, was.booked
    for weekday, row in enumerate(report.heat.rows, 1):
        for cell in row:
            yield "weekday_hour_asked", f"{weekday} {cell.hour:02}:00", cell.asked, ""
            yield "weekday_hour_booked", f"{weekday} {cell.hour:02}:00", cell.booked, ""


NUMBERS = (
    "filled", "freed", "minutes_to_fill", "conversion", "fill_rate", "acceptance", "refusal", "silence", "offers_sent",
    "offers_per_fill", "covers",
)  # fmt: skip


def _plain(value: float | None) -> object:
    return "" if value is None else round(value, 4)


def _weekdays() -> list[tuple[str, str]]:
    """(short, whole) names, Monday first, in the language of the desk."""
    short, whole = (get_day_names(width, locale=page.locale()) for width in ("abbreviated", "wide"))
    return [(short[day], whole[day]) for day in range(7)]


def _percent(value: float | None, digits: int = 0) -> str:
    """A share of 1 as people write it; a dash where there is none."""
    if value is None:
        return "–"
    pattern = "#,##0" + ("." + "0" * digits if digits else "") + ("%" if page.locale() == "en" else "\u202f%")
    return str(format_percent(value, format=pattern, locale=page.locale()))


def _number(value: float | None, digits: int = 0) -> str:
    return "–" if value is None else _written(round(value, digits) or 0, page.locale())


@lru_cache(maxsize=4000)
def _written(value: float, language: str) -> str:
    return str(format_decimal(value, locale=language))


def _short(count: int) -> str:
    """A count for a small place: "1.2k"."""
    return str(count) if count < 1000 else f"{count / 1000:.1f}k" if count < 10_000 else f"{count // 1000}k"
