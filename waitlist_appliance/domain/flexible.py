"""Flexible wishes: "any afternoon this week, with Marta", and the times it stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from waitlist_appliance.domain.availability import DAYS, Rule, start_times
from waitlist_appliance.domain.moments import YEARS, local, parse_clock, resolve_clock

__all__ = ["MOST_DAYS", "Flexible", "FlexibleError", "expand", "parse"]

MOST_DAYS = 366
DAY_MINUTES = 1440


class FlexibleError(ValueError):
    """A flexible wish that cannot be understood; `field` is the one to correct."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Flexible:
    """Single dates, or all days from one date to another; from_time to to_time, past midnight if it ends earlier."""

    dates: tuple[date, ...] = ()
    from_date: date | None = None
    to_date: date | None = None
    weekdays: frozenset[int] | None = None
    from_time: str = "00:00"
    to_time: str = "24:00"
    resource_id: int | None = None


def parse(payload: Mapping[str, object], zone: ZoneInfo, now: datetime) -> Flexible:
    """A flexible wish as it was sent, in camelCase or snake_case; FlexibleError names the field that is wrong.

    Needs `dates` or `from_date` (`to_date` is then the same day unless given). A range that began goes on from today.
    """
    given = {_snake(key): value for key, value in payload.items() if value not in (None, "", [], ())}
    today = local(now, zone).date()
    from_date, to_date = _parse_range(given, today)
    return Flexible(
        dates=_parse_dates(given, today),
        from_date=from_date,
        to_date=to_date,
        weekdays=_parse_weekdays(given.get("weekdays", given.get("week_days"))),
        from_time=_parse_time("from_time", given.get("from_time", "00:00")),
        to_time=_parse_time("to_time", given.get("to_time", "24:00"), end=True),
        resource_id=_parse_resource(given.get("resource_id", given.get("resource"))),
    )


def expand(
    flexible: Flexible, rule: Rule, duration: timedelta, now: datetime, cutoff: timedelta, limit: int
) -> list[datetime]:
    """The starts (UTC) it stands for, earliest first, at most `limit`; only those whose cut-off lies ahead."""
    starts: set[datetime] = set()
    for day in _days(flexible):
        midnight = resolve_clock(day, 0, rule.zone)
        if sum(start < midnight for start in starts) >= limit:
            break  # whatever this day and later ones add comes after those
        starts.update(start for start in _starts_on(flexible, rule, day, duration) if start - cutoff > now)
    return sorted(starts)[: max(limit, 0)]


def _days(flexible: Flexible) -> Iterator[date]:
    days = set(flexible.dates)
    if flexible.from_date is not None:
        last = flexible.to_date or flexible.from_date
        days.update(flexible.from_date + timedelta(days=n) for n in range((last - flexible.from_date).days + 1))
    yield from (day for day in sorted(days) if flexible.weekdays is None or day.weekday() in flexible.weekdays)


def _starts_on(flexible: Flexible, rule: Rule, day: date, duration: timedelta) -> Iterator[datetime]:
    """The starts within the day's window by the clock, whichever evening they belong to."""
    first, last = parse_clock(flexible.from_time), parse_clock(flexible.to_time, end=True)
    over_midnight = last <= first
    begins_at = resolve_clock(day, first, rule.zone)
    ends_at = resolve_clock(day, last + DAY_MINUTES if over_midnight else last, rule.zone)
    # "Until 18:00" includes a start at 18:00, but "until 24:00" is not the next day.
    whole_day = last == DAY_MINUTES
    for evening in (day - timedelta(days=1), day, *([day + timedelta(days=1)] if over_midnight else [])):
        for start in start_times(rule, evening, duration):
            if begins_at <= start < ends_at or (start == ends_at and not whole_day):
                yield start


def _snake(key: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", key).lower()


def _parse_dates(given: Mapping[str, object], today: date) -> tuple[date, ...]:
    value = given.get("dates", given.get("date", ()))
    values = value if isinstance(value, list | tuple) else str(value).split(",")
    dates = sorted({_parse_date("dates", one) for one in values})
    if len(dates) > MOST_DAYS:
        raise FlexibleError("dates", f"more than {MOST_DAYS} days")
    if dates and dates[-1] < today:
        raise FlexibleError("dates", "in the past")
    return tuple(day for day in dates if day >= today)


def _parse_range(given: Mapping[str, object], today: date) -> tuple[date | None, date | None]:
    if "from_date" not in given:
        if "dates" not in given and "date" not in given:
            raise FlexibleError("dates", "dates or from_date is needed")
        if "to_date" in given:
            raise FlexibleError("from_date", "needed where to_date is given")
        return None, None
    first = _parse_date("from_date", given["from_date"])
    last = _parse_date("to_date", given.get("to_date", given["from_date"]))
    if last < first:
        raise FlexibleError("to_date", "before from_date")
    if last < today:
        raise FlexibleError("to_date", "in the past")
    first = max(first, today)
    if (last - first).days >= MOST_DAYS:
        raise FlexibleError("to_date", f"more than {MOST_DAYS} days")
    return first, last


def _parse_date(field: str, value: object) -> date:
    text = str(value).strip()
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) or int(text[:4]) not in YEARS:
        raise FlexibleError(field, "not a date (YYYY-MM-DD)")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FlexibleError(field, "not a date (YYYY-MM-DD)") from None


def _parse_weekdays(value: object) -> frozenset[int] | None:
    if value is None:
        return None
    values = value if isinstance(value, list | tuple | set | frozenset) else str(value).split(",")
    return frozenset(_parse_weekday(str(one).strip().lower()) for one in values)


def _parse_weekday(text: str) -> int:
    """0 is Monday; names in English, whole or their first three letters."""
    if text in tuple("0123456"):
        return int(text)
    for number, name in enumerate(DAYS):
        if text in (name, name[:3]):
            return number
    raise FlexibleError("weekdays", "0 (Monday) to 6 (Sunday), or English names")


def _parse_time(field: str, value: object, *, end: bool = False) -> str:
    try:
        hours, minutes = divmod(parse_clock(str(value), end=end), 60)
    except ValueError:
        raise FlexibleError(field, "not a time of day (HH:MM)") from None
    return f"{hours:02}:{minutes:02}"


def _parse_resource(value: object) -> int | None:
    if value is None or str(value).strip().lower() == "any":
        return None
    text = str(value).strip()
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII):
        raise FlexibleError("resource_id", "not the number of a resource")
    return int(text)
