"""A calendar file on the web. Its address is often the only secret, so it is kept like a password."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from waitlist_appliance.adapters.calendars.icalendar_events import Feed, Reading, feed
from waitlist_appliance.adapters.outward import USUAL, Answer, Limits, Outward, trouble_of, web_address
from waitlist_appliance.ports import (
    Calendar,
    CalendarAccess,
    CalendarChoice,
    CalendarError,
    CalendarEvent,
    Changes,
    NewEvent,
    SyncTokenLost,
    Written,
)


class IcsProvider:
    """ports.CalendarProvider over ``credentials["url"]``."""

    def __init__(self, limits: Limits = USUAL) -> None:
        self._limits = limits

    def open(self, access: CalendarAccess) -> Calendar:
        return self._calendar(access)

    def choices(self, access: CalendarAccess) -> Sequence[CalendarChoice]:
        """The one calendar of the file, by its own name."""
        told = self._calendar(access).whole()
        return [CalendarChoice("", told.name or "", told.zone, writable=False, primary=True)]

    def forget(self, access: CalendarAccess) -> None:
        """Nothing was granted, so there is nothing to give back."""

    def _calendar(self, access: CalendarAccess) -> IcsCalendar:
        address = access.credentials.get("url", "")
        if not address:
            raise CalendarError("no address was given", retryable=False, trouble="not_configured")
        return IcsCalendar(
            Outward(allow_private=access.allow_private, limits=self._limits), web_address(address), access.zone
        )


class IcsCalendar:
    """ports.Calendar, read only; may be used by several threads."""

    def __init__(self, outward: Outward, address: str, zone: str) -> None:
        self._outward = outward
        self._address = address
        self._zone = ZoneInfo(zone)

    def changes(self, since: datetime, until: datetime, token: str | None) -> Changes:
        answer = self._ask(_conditions(token) if token is not None else {})
        if answer.status == 304 and token is not None:
            return Changes([], complete=False, token=token)
        told = self._feed(answer, since, until)
        return Changes(told.events, complete=True, token=_token(answer), zone=told.zone)

    def read(self, since: datetime, until: datetime) -> Sequence[CalendarEvent]:
        return self._feed(self._ask({}), since, until).events

    def find(self, event_id: str) -> CalendarEvent | None:
        """Nothing of ours is ever in a file that we only read."""
        return None

    def whole(self) -> Feed:
        """The file's own name and zone. CalendarError."""
        now = datetime.now(UTC)
        return self._feed(self._ask({}), now, now)

    def write(self, event: NewEvent) -> Written:
        raise _read_only()

    def remove(self, event_id: str) -> None:
        raise _read_only()

    def _ask(self, conditions: Mapping[str, str]) -> Answer:
        return self._outward.ask("GET", self._address, {"Accept": "text/calendar, */*;q=0.5", **conditions})

    def _feed(self, answer: Answer, since: datetime, until: datetime) -> Feed:
        if answer.status != 200:
            raise trouble_of(answer)
        return feed(answer.body.decode("utf-8", "replace"), Reading(since, until, self._zone))


def _read_only() -> CalendarError:
    return CalendarError("a calendar file can only be read", retryable=False, trouble="refused")


def _token(answer: Answer) -> str | None:
    """What to ask with next time, None when the server tells nothing to ask with."""
    told = {name: answer.headers[name] for name in ("etag", "last-modified") if name in answer.headers}
    return json.dumps(told) if told else None


def _conditions(token: str) -> Mapping[str, str]:
    try:
        told = json.loads(token)
        known = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
        return {known[name]: str(value) for name, value in told.items()}
    except (ValueError, AttributeError, KeyError) as failure:
        raise SyncTokenLost("the token is not one of this calendar's") from failure
