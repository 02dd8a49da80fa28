"""The calendar app as staff use it, on a real Google-like server or a real Radicale: one way to tell a story of both."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any, Protocol

from tests.adapters.caldav.access import LIMITS
from tests.adapters.caldav.texts import calendar, event
from tests.calendar_accounts import TEAM, connected, google_account, reaches
from tests.conftest import MADRID
from tests.google_server import GoogleServer, Request
from tests.radicale_server import PASSWORD, USERNAME, RadicaleServer, running
from tests.story import LASTS
from waitlist_appliance.adapters.calendars.caldav import CalDavProvider
from waitlist_appliance.adapters.outward import Limits
from waitlist_appliance.domain.records import Connection
from waitlist_appliance.services import connect_calendar, manage_calendars
from waitlist_appliance.services.appliance import SYSTEM, Appliance

KINDS = ("google", "caldav")
MADRIDS_ZONE = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Casa Lola//EN
BEGIN:VTIMEZONE
TZID:Europe/Madrid
END:VTIMEZONE
END:VCALENDAR"""


@dataclass(frozen=True)
class Shown:
    """One event as the app shows it."""

    event_id: str
    title: str
    starts_at: datetime
    tentative: bool


class CalendarApp(Protocol):
    """What people do in the calendar app, and what may happen to the server behind it."""

    def connect(self, box: Appliance, now: datetime) -> Connection:
        """The owner connects the account and chooses the calendar."""

    def put(self, title: str, starts_at: datetime, lasts: timedelta = LASTS) -> str:
        """A new event; its name for the rest of the story."""

    def put_many(self, dinners: Sequence[tuple[str, datetime]]) -> list[str]:
        """The same, for thousands: titles and starts."""

    def daily(self, title: str, first: datetime, days: int) -> str:
        """A series, once a day."""

    def whole_day(self, title: str, day: date, *, days: int = 1, free: bool = False) -> str: ...

    def move(self, name: str, starts_at: datetime) -> None: ...

    def shorten(self, name: str, ends_at: datetime) -> None: ...

    def make_free(self, name: str) -> None: ...

    def decline(self, name: str) -> None: ...

    def delete(self, name: str) -> None: ...

    def delete_occurrence(self, series: str, original: datetime) -> None: ...

    def move_occurrence(self, series: str, original: datetime, starts_at: datetime) -> None: ...

    def shows(self) -> list[Shown]:
        """Every event that is no series, by start."""

    def no_answer(self, to: str) -> None:
        """From now on ``reading`` or ``writing`` fails."""

    def loses_an_answer(self) -> None:
        """The next event is written, and the answer is lost."""

    def heals(self) -> None: ...

    def before(self, what: str, act: Callable[[], object]) -> None:
        """Staff are faster, once: just before our next ``read`` or ``write``, or between our write and the
        ``second_read``."""

    def forgets_tokens(self) -> None:
        """Whatever it told us about where to go on means nothing any more."""

    def signs_out(self) -> None:
        """The owner takes the permission back on the provider's own page."""

    def asked(self) -> int:
        """How many requests it had of us."""


@dataclass
class GoogleApp:
    """Google Calendar."""

    server: GoogleServer

    def connect(self, box: Appliance, now: datetime) -> Connection:
        reaches(box, self.server)
        made = connected(box, self.server, now)
        return manage_calendars.choose(box, made.public_id, TEAM, "Casa Lola", now, SYSTEM)

    def put(self, title: str, starts_at: datetime, lasts: timedelta = LASTS) -> str:
        return self.server.put_event(TEAM, summary=title, start=starts_at, end=starts_at + lasts)

    def put_many(self, dinners: Sequence[tuple[str, datetime]]) -> list[str]:
        return [self.put(title, starts_at) for title, starts_at in dinners]

    def daily(self, title: str, first: datetime, days: int) -> str:
        rule = [f"RRULE:FREQ=DAILY;COUNT={days}"]
        return self.server.put_event(TEAM, summary=title, start=first, end=first + LASTS, recurrence=rule)

    def whole_day(self, title: str, day: date, *, days: int = 1, free: bool = False) -> str:
        more: dict[str, Any] = {"transparency": "transparent"} if free else {}
        return self.server.put_event(TEAM, summary=title, start=day, end=day + timedelta(days=days), **more)

    def move(self, name: str, starts_at: datetime) -> None:
        self.server.move_event(TEAM, name, starts_at, starts_at + LASTS)

    def shorten(self, name: str, ends_at: datetime) -> None:
        self.server.change_event(TEAM, name, end=ends_at)

    def make_free(self, name: str) -> None:
        self.server.change_event(TEAM, name, transparency="transparent")

    def decline(self, name: str) -> None:
        self.server.change_event(TEAM, name, attendees=[{"email": TEAM, "responseStatus": "declined"}])

    def delete(self, name: str) -> None:
        self.server.remove_event(TEAM, name)

    def delete_occurrence(self, series: str, original: datetime) -> None:
        self.server.remove_event(TEAM, _occurrence(series, original))

    def move_occurrence(self, series: str, original: datetime, starts_at: datetime) -> None:
        self.server.move_event(TEAM, _occurrence(series, original), starts_at, starts_at + LASTS)

    def shows(self) -> list[Shown]:
        return sorted(
            (
                Shown(body["id"], body.get("summary", ""), _moment(body["start"]), body["status"] == "tentative")
                for body in self.server.events(TEAM)
                if "recurrence" not in body
            ),
            key=lambda shown: (shown.starts_at, shown.event_id),
        )

    def no_answer(self, to: str) -> None:
        for operation in ("events.list",) if to == "reading" else ("events.insert", "events.update"):
            self.server.fail("unavailable", operation, times=10_000)

    def loses_an_answer(self) -> None:
        # As often as the adapter asks again by itself: only the worker's next pass finds what it wrote.
        self.server.fail("fail_after", "events.insert", times=1)
        self.server.fail("unavailable", "events.insert", times=2)

    def heals(self) -> None:
        self.server.heal()

    def before(self, what: str, act: Callable[[], object]) -> None:
        def first(_: Request) -> None:
            act()

        if what == "second_read":
            self.server.before("events.insert", lambda _: self.server.before("events.list", first))
        else:
            self.server.before("events.insert" if what == "write" else "events.list", first)

    def forgets_tokens(self) -> None:
        self.server.expire_sync_tokens()

    def signs_out(self) -> None:
        self.server.revoke_refresh_token()

    def asked(self) -> int:
        return len(self.server.requests)


@dataclass
class CalDavApp:
    """A calendar on Radicale, in the hands of staff."""

    radicale: RadicaleServer
    limits: Limits = LIMITS

    def __post_init__(self) -> None:
        self.calendar = self.radicale.new_calendar("Casa Lola", zone=MADRIDS_ZONE)
        self._numbers = count(1)

    def connect(self, box: Appliance, now: datetime) -> Connection:
        box.calendars = {**box.calendars, "caldav": CalDavProvider(self.limits, pause=lambda _: None)}
        self.radicale.new_calendar("Another")
        made, offered = connect_calendar.connect_caldav(box, self.radicale.url, USERNAME, PASSWORD, True, now, SYSTEM)
        number = self.calendar.url.rstrip("/").rpartition("/")[2]
        chosen = next(one.calendar_id for one in offered if one.calendar_id.rstrip("/").endswith(f"/{number}"))
        return manage_calendars.choose(box, made.public_id, chosen, "Casa Lola", now, SYSTEM)

    def put(self, title: str, starts_at: datetime, lasts: timedelta = LASTS) -> str:
        return self._put(title, *_span(starts_at, lasts))

    def put_many(self, dinners: Sequence[tuple[str, datetime]]) -> list[str]:
        texts = [self._text(title, *_span(starts_at, LASTS)) for title, starts_at in dinners]
        self.radicale.import_many(self.calendar, {f"{name}.ics": text for name, text in texts})
        return [name for name, _ in texts]

    def daily(self, title: str, first: datetime, days: int) -> str:
        rule = f"RRULE:FREQ=DAILY;COUNT={days}"
        return self._put(title, *_span(first, LASTS), rule)

    def whole_day(self, title: str, day: date, *, days: int = 1, free: bool = False) -> str:
        ends = day + timedelta(days=days)
        return self._put(
            title, f"DTSTART;VALUE=DATE:{day:%Y%m%d}", f"DTEND;VALUE=DATE:{ends:%Y%m%d}",
            "TRANSP:TRANSPARENT" if free else "TRANSP:OPAQUE",
        )  # fmt: skip

    def move(self, name: str, starts_at: datetime) -> None:
        self._line(name, "DTSTART", _stamp("DTSTART", starts_at))
        self._line(name, "DTEND", _stamp("DTEND", starts_at + LASTS))

    def shorten(self, name: str, ends_at: datetime) -> None:
        self._line(name, "DTEND", _stamp("DTEND", ends_at))

    def make_free(self, name: str) -> None:
        self._add(name, "TRANSP:TRANSPARENT")

    def decline(self, name: str) -> None:
        self._add(name, "ORGANIZER:mailto:bea@example.com", f"ATTENDEE;PARTSTAT=DECLINED:mailto:{USERNAME}")

    def delete(self, name: str) -> None:
        self.calendar.delete(f"{name}.ics")

    def delete_occurrence(self, series: str, original: datetime) -> None:
        self._add(series, _stamp("EXDATE", original))

    def move_occurrence(self, series: str, original: datetime, starts_at: datetime) -> None:
        ends = _stamp("DTEND", starts_at + LASTS)
        title = f"SUMMARY:{_said(self.calendar.text(f'{series}.ics'), 'SUMMARY')}"
        lines = (title, _stamp("RECURRENCE-ID", original))
        moved = event(*lines, uid=series, start=_stamp("DTSTART", starts_at), end=ends)
        self.calendar.edit(f"{series}.ics", lambda text: text.replace("END:VCALENDAR", f"{moved}\nEND:VCALENDAR"))

    def shows(self) -> list[Shown]:
        found = [(name.removesuffix(".ics"), self.calendar.text(name)) for name in self.calendar.names()]
        shown = [
            Shown(name, _said(text, "SUMMARY"), _when(text), _said(text, "STATUS") == "TENTATIVE")
            for name, text in found
            if "RRULE" not in text
        ]
        return sorted(shown, key=lambda one: (one.starts_at, one.event_id))

    def no_answer(self, to: str) -> None:
        for method in ("REPORT", "PROPFIND") if to == "reading" else ("PUT",):
            self.radicale.gate.fail(self.calendar, method)

    def loses_an_answer(self) -> None:
        self.radicale.gate.fail(self.calendar, "PUT", times=1, after=True)
        self.radicale.gate.fail(self.calendar, "PUT", times=3)

    def heals(self) -> None:
        self.radicale.gate.heal(self.calendar)

    def before(self, what: str, act: Callable[[], object]) -> None:
        if what == "second_read":
            self.radicale.gate.before(self.calendar, "PUT", act, after=True)
        else:
            self.radicale.gate.before(self.calendar, "PUT" if what == "write" else "REPORT", act)

    def forgets_tokens(self) -> None:
        self.radicale.forget_tokens(self.calendar)

    def signs_out(self) -> None:
        self.radicale.gate.fail(self.calendar, status="401 Unauthorized")

    def asked(self) -> int:
        return len(self.radicale.gate.asked)

    def _put(self, title: str, start: str, end: str, *lines: str) -> str:
        name, text = self._text(title, start, end, *lines)
        self.calendar.put(f"{name}.ics", text)
        return name

    def _text(self, title: str, start: str, end: str, *lines: str) -> tuple[str, str]:
        name = f"staff-{next(self._numbers)}"
        return name, calendar(event(f"SUMMARY:{title}", *lines, uid=name, start=start, end=end))

    def _line(self, name: str, said: str, new: str) -> None:
        """Replace the one line."""
        self.calendar.edit(f"{name}.ics", lambda text: re.sub(rf"(?m)^{said}[;:][^\r\n]*", new, text))

    def _add(self, name: str, *lines: str) -> None:
        more = "".join(f"{line}\r\n" for line in lines)
        self.calendar.edit(f"{name}.ics", lambda text: text.replace("END:VEVENT", f"{more}END:VEVENT"))


@contextmanager
def calendar_app(kind: str) -> Iterator[CalendarApp]:
    """An account with a fresh calendar; what Google is asked is held against its description."""
    if kind == "caldav":
        app = CalDavApp(running())
        yield app
        app.heals()
        return
    with google_account() as server:
        server.add_calendar(TEAM, "Casa Lola")
        yield GoogleApp(server)


def _occurrence(series: str, original: datetime) -> str:
    return f"{series}_{original.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _moment(told: dict[str, str]) -> datetime:
    if "date" in told:
        return datetime.fromisoformat(told["date"]).replace(tzinfo=MADRID)
    return datetime.fromisoformat(told["dateTime"])


def _stamp(name: str, moment: datetime) -> str:
    return f"{name}:{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _span(starts_at: datetime, lasts: timedelta) -> tuple[str, str]:
    return _stamp("DTSTART", starts_at), _stamp("DTEND", starts_at + lasts)


def _said(text: str, name: str) -> str:
    found = re.search(rf"(?m)^{name}[^:\r\n]*:([^\r\n]*)", text)
    return found.group(1) if found else ""


def _when(text: str) -> datetime:
    told = _said(text, "DTSTART")
    whole_day = len(told) == len("20260116")
    return datetime.strptime(told, "%Y%m%d" if whole_day else "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
