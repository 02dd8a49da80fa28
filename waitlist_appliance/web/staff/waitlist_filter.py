"""What the waitlist is narrowed to, as it stands in the address."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import request
from phonenumbers import country_code_for_region

from waitlist_appliance.domain.errors import Invalid
from waitlist_appliance.domain.moments import local_day_bounds
from waitlist_appliance.storage import search_reads
from waitlist_appliance.storage.search_reads import Named
from waitlist_appliance.storage.staff_pages import Filter
from waitlist_appliance.web.context import box, the_business
from waitlist_appliance.web.staff import auth, times, words

NAMES = ("status", "source", "date", "time", "q")
STATUSES = ("waiting", "notified", "invited", "confirmed", "declined", "expired", "cancelled")
A_MINUTE = timedelta(minutes=1)

_NUMBER = re.compile(r"-?[0-9]{1,17}")


def read() -> tuple[Filter, dict[str, str]]:
    """The filter, and what of the address it understood ("" for the rest). A time without a day means today."""
    chosen = {name: request.values.get(name, "").strip()[:100] for name in NAMES}
    wanted = Filter(people=_people(chosen["q"]))
    for name, known in (("status", STATUSES), ("source", tuple(words.SOURCES))):
        chosen[name] = chosen[name] if chosen[name] in known else ""
    if chosen["status"]:
        wanted = replace(wanted, statuses=(chosen["status"],))
    if chosen["source"]:
        wanted = replace(wanted, source=chosen["source"])
    return _when(wanted, chosen), chosen


def _people(text: str) -> Named | None:
    if not text:
        return None
    return search_reads.named(box().db, text, str(country_code_for_region(the_business().phone_region)))


def _when(wanted: Filter, chosen: dict[str, str]) -> Filter:
    day = times.day_of(chosen["date"]) or (times.today() if chosen["time"] else None)
    chosen["date"] = day.isoformat() if day else ""
    if day is None:
        return wanted
    try:
        since = times.moment(chosen["date"], chosen["time"]) if chosen["time"] else None
    except Invalid:
        since, chosen["time"] = None, ""
    if since is not None:
        return replace(wanted, since=since, until=since + A_MINUTE)
    since, until = local_day_bounds(day, the_business().tz)
    return replace(wanted, since=since, until=until)


def address(path: str = auth.HOME, **changed: str | date | None) -> str:
    """The address with some filters changed; the page of the list starts again."""
    kept = {name: request.args[name] for name in NAMES if request.args.get(name)}
    query = {name: str(value) for name, value in {**kept, **changed}.items() if value}
    return path + ("?" + urlencode(query) if query else "")


def cursor(name: str, length: int) -> Any:
    """The place in the list that the address names; None for the beginning, also where it was tampered with."""
    parts = request.args.get(name, "").split(".")
    if len(parts) != length or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    return tuple(int(part) for part in parts)
