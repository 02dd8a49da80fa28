"""Series and their occurrences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rruleset, rrulestr  # type: ignore[import-untyped]

from tests.google_server.times import Body, moment, stamp

OCCURRENCE = re.compile(r"(?P<master>[a-v0-9]+)_(?P<start>\d{8}(T\d{6}Z)?)")
# How far Google unrolls a series that has no end is its own affair; here it is two years.
UNROLLED = timedelta(days=730)


def occurrence_id(master: Body, start: Body, zone: str) -> str:
    """The series' id and the original start."""
    if "date" in start:
        return f"{master['id']}_{start['date'].replace('-', '')}"
    return f"{master['id']}_{moment(start, zone):%Y%m%dT%H%M%SZ}"


def occurrences(master: Body, zone: str, since: datetime | None, until: datetime) -> Iterator[Body]:
    """The occurrences by the rule alone that overlap [since, until)."""
    home = ZoneInfo(master["start"].get("timeZone", zone))
    length = moment(master["end"], zone) - moment(master["start"], zone)
    for local in _starts(master, zone, home):
        start = local.replace(tzinfo=home).astimezone(UTC)
        if start >= until:
            return
        if since is None or start + length > since:
            yield _occurrence(master, local, start, length, zone)


def check_rule(master: Body, zone: str) -> None:
    """Raises ValueError when the recurrence lines make no sense."""
    next(iter(_starts(master, zone, ZoneInfo(master["start"].get("timeZone", zone)))), None)


def _occurrence(master: Body, local: datetime, start: datetime, length: timedelta, zone: str) -> Body:
    if "date" in master["start"]:
        days = datetime.fromisoformat(master["end"]["date"]) - datetime.fromisoformat(master["start"]["date"])
        first, last = {"date": local.date().isoformat()}, {"date": (local + days).date().isoformat()}
    else:
        name = master["start"]["timeZone"]
        first = {"dateTime": stamp(start), "timeZone": name}
        last = {"dateTime": stamp(start + length), "timeZone": name}
    body = {key: value for key, value in master.items() if key != "recurrence"}
    body |= {"id": occurrence_id(master, first, zone), "start": first, "end": last}
    return body | {"recurringEventId": master["id"], "originalStartTime": dict(first)}


def _starts(master: Body, zone: str, home: ZoneInfo) -> Iterator[datetime]:
    """Local starts without a zone: a series keeps its time of day over a change of the clocks."""
    if "date" in master["start"]:
        first = datetime.fromisoformat(master["start"]["date"])
    else:
        first = moment(master["start"], zone).astimezone(home).replace(tzinfo=None)
    dates = rruleset()
    for line in master["recurrence"]:
        _add(dates, line, first, home)
    if not any(line.startswith("RRULE") for line in master["recurrence"]):
        dates.rdate(first)
    return iter(dates)


def _add(dates: rruleset, line: str, first: datetime, home: ZoneInfo) -> None:
    head, _, value = line.partition(":")
    name, _, parameters = head.partition(";")
    if name == "RRULE":
        dates.rrule(rrulestr(_local_until(value, home), dtstart=first))
    elif name in ("EXDATE", "RDATE"):
        add = dates.exdate if name == "EXDATE" else dates.rdate
        for text in value.split(","):
            add(_local(text, parameters, first, home))
    else:
        raise ValueError(f"{name} may not stand in a recurrence here")


def _local_until(rule: str, home: ZoneInfo) -> str:
    def local(hit: re.Match[str]) -> str:
        until = datetime.strptime(hit.group(1), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return f"UNTIL={until.astimezone(home):%Y%m%dT%H%M%S}"

    return re.sub(r"UNTIL=(\d{8}T\d{6}Z)", local, rule)


def _local(text: str, parameters: str, first: datetime, home: ZoneInfo) -> datetime:
    if len(text) == 8:
        return datetime.combine(datetime.strptime(text, "%Y%m%d"), first.time())
    if text.endswith("Z"):
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).astimezone(home).replace(tzinfo=None)
    named = re.search(r"TZID=([^;]+)", parameters)
    there = ZoneInfo(named.group(1)) if named else home
    return datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=there).astimezone(home).replace(tzinfo=None)
