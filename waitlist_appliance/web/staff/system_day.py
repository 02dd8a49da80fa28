"""The last 24 hours of the box on the system page: what it did by the hour, how well, and how long things took."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from babel.numbers import format_decimal, format_percent

from waitlist_appliance.services import rates
from waitlist_appliance.storage import tallies
from waitlist_appliance.storage.tallies import Hour
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import page

HOURS: Final = 24
# A bar of an hour in which anything happened can be seen.
LEAST: Final = 4.0

Is = Callable[[Hour], bool]


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour; ``good`` and ``bad`` are heights of 100."""

    good: float
    bad: float


@dataclass(frozen=True, slots=True)
class Panel:
    """What is done all day: how often, and how often it went wrong. ``share`` is None where nothing can go wrong."""

    name: str
    good: int
    bad: int
    bars: tuple[Bar, ...]
    share: float | None
    low: bool = False


@dataclass(frozen=True, slots=True)
class Duration:
    """How long something took, in milliseconds; ``late`` where that is longer than it should be."""

    name: str
    count: int
    mean_ms: float
    longest_ms: int
    late: bool


# What each panel counts: when it went well, and when it did not.
PANELS: Final[dict[str, tuple[Is, Is]]] = {
    "reads": (
        lambda hour: hour.name == "calendar_read" and hour.label.endswith(":ok") and not hour.label.startswith("local"),
        lambda hour: (
            hour.name == "calendar_read" and hour.label.endswith(":failed") and not hour.label.startswith("local")
        ),
    ),
    "messages": (
        lambda hour: hour.name == "message_delivered" or (hour.name, hour.label) == ("message_sent", "email"),
        lambda hour: hour.name == "message_lost",
    ),
    "offers": (lambda hour: hour.name == "offer_made", lambda hour: False),
}
LIMITS: Final = {"reads": rates.SYNC_UNDER, "messages": rates.DELIVERY_UNDER}
# Tally → what it is called, and from which mean on it is too long.
DURATIONS: Final = {
    "freed_to_told": (N_("From a freed time to the first offer"), timedelta(minutes=2)),
    tallies.CONFIRMED: (N_("From a yes to the calendar"), timedelta(seconds=30)),
    tallies.EXPIRY: (N_("From the end of an offer to the next"), rates.LATE),
}


def read(now: datetime) -> tuple[list[Panel], list[Duration], dict[str, int]]:
    """The panels, the durations that were measured, and how often each thing happened."""
    since = now - timedelta(hours=HOURS - 1)
    hours = tallies.hours(box().db, since)
    first = tallies.hour_of(since)
    panels = [_panel(name, hours, first) for name in PANELS]
    return panels, list(_durations(hours)), _sums(hours)


def percent(share: float | None) -> str:
    """Rounded down to a tenth: what is under a limit must not read as if it were not."""
    if share is None:
        return "–"
    pattern = "#,##0.#" + ("%" if page.locale() == "en" else "\u202f%")
    return str(format_percent(math.floor(share * 1000) / 1000, format=pattern, locale=page.locale()))


def lasted(ms: float) -> str:
    """A span as people say it: "40 ms", "1.2 s", "3 min"."""
    _ = page.say().gettext
    if ms < 950:
        return _("{number} ms").format(number=round(ms))
    if ms < 100_000:
        number = format_decimal(round(ms / 1000, 1 if ms < 10_000 else 0), locale=page.locale())
        return _("{number} s").format(number=number)
    return _("{number} min").format(number=round(ms / 60_000))


def _panel(name: str, hours: Sequence[Hour], first: datetime) -> Panel:
    went_well, went_wrong = PANELS[name]
    good, bad = _by_hour(filter(went_well, hours), first), _by_hour(filter(went_wrong, hours), first)
    most = max(map(sum, zip(good, bad, strict=True)), default=0)
    bars = tuple(Bar(_height(well, most), _height(wrong, most)) for well, wrong in zip(good, bad, strict=True))
    number = sum(good) + sum(bad)
    share = sum(good) / number if number and name in LIMITS else None
    low = share is not None and share < LIMITS[name]
    return Panel(name, sum(good), sum(bad), bars, share, low)


def _by_hour(hours: Iterable[Hour], first: datetime) -> list[int]:
    counts = [0] * HOURS
    for hour in hours:
        place = int((hour.hour_at - first).total_seconds() // 3600)
        if 0 <= place < HOURS:
            counts[place] += hour.count
    return counts


def _height(number: int, most: int) -> float:
    return max(round(number / most * 100, 1), LEAST) if number else 0.0


def _durations(hours: Sequence[Hour]) -> Iterable[Duration]:
    for name, (label, most) in DURATIONS.items():
        found = [hour for hour in hours if hour.name == name]
        count = sum(hour.count for hour in found)
        if count:
            mean = sum(hour.total_ms for hour in found) / count
            late = mean > most.total_seconds() * 1000
            yield Duration(label, count, mean, max(hour.longest_ms for hour in found), late)


def _sums(hours: Sequence[Hour]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for hour in hours:
        sums[hour.name] = sums.get(hour.name, 0) + hour.count
    return sums
