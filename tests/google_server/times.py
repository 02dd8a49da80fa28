"""Google's EventDateTime: a moment or a date."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

Body = dict[str, Any]


def moment(value: Body, zone: str) -> datetime:
    """The moment meant, in UTC; a date means midnight in ``zone``."""
    if "date" in value:
        return datetime.fromisoformat(value["date"]).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    when = datetime.fromisoformat(value["dateTime"])
    if when.tzinfo is None:
        when = when.replace(tzinfo=ZoneInfo(value["timeZone"]))
    return when.astimezone(UTC)


def rendered(value: Body, zone: str) -> Body:
    """The same time as an answer writes it: always with the offset of ``zone``."""
    if "date" in value:
        return dict(value)
    return value | {"dateTime": stamp(moment(value, zone).astimezone(ZoneInfo(zone)))}


def stamp(when: datetime) -> str:
    """RFC 3339, whole seconds, UTC written as Z."""
    return when.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def event_time(value: Body | datetime | date, zone: str | None = None) -> Body:
    """What staff mean by a datetime or a date, as an EventDateTime."""
    if isinstance(value, datetime):
        return {"dateTime": stamp(value)} | ({"timeZone": zone} if zone else {})
    if isinstance(value, date):
        return {"date": value.isoformat()}
    return dict(value)
