"""A busy restaurant, day after day in fast-forward: everybody does what they do, the clock moves, the worker works.

Guests and the voice agent come in over HTTP, staff over their pages, the calendar over its API; the worker's passes run
every quarter of an hour and after everything that happens. Each day is another one by chance, the same for one seed.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

from flask import Flask

from tests.conftest import MADRID
from waitlist_appliance.domain.errors import Refused
from waitlist_appliance.services import staff_login
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.receive_reply import receive
from waitlist_appliance.services.sweep import DATABASE_STEPS, PROVIDER_STEPS, provider_pass, sweep
from waitlist_appliance.storage import api_keys
from waitlist_appliance.web.app import create_app
from waitlist_appliance.web.staff.auth import COOKIE

SITTINGS: Final = (time(13, 0), time(14, 30), time(19, 0), time(20, 30), time(22, 0))
PAGES: Final = (
    "/staff/waitlist", "/staff/waitlist?q=guest", "/staff/slots", "/staff/agenda", "/staff/messages", "/staff/statistics",
    "/staff/activity", "/staff/system", "/staff/settings",
)  # fmt: skip
OWNER: Final = ("lola@casalola.example", "the kitchen closes late")
CALLERS: Final = 24
QUARTER: Final = timedelta(minutes=15)


@dataclass(frozen=True)
class Load:
    """What the process and its files hold at the end of a day."""

    day: date
    rows: dict[str, int]
    files: int
    threads: int
    resident_mb: float
    wal_mb: float


class BusyDays:
    """One restaurant whose ``now`` only its days move."""

    def __init__(self, box: Appliance, first_day: date, seed: int) -> None:
        self.box, self._day, self._chance = box, first_day, random.Random(seed)
        self.now = datetime.combine(first_day, time(5, 0), MADRID).astimezone(UTC)
        self.web: Flask = create_app(box, TESTING=True, CLOCK=lambda: self.now)
        self.web.extensions["limits"].clock = lambda: self.now.timestamp()  # the brake reckons in the same time
        self.answers: Counter[str] = Counter()
        self._client = self.web.test_client()
        self._key = api_keys.create(box.db, "voice agent", api_keys.SCOPES, self.now)[1]
        self._asked = 0
        self._events: dict[date, list[str]] = {}
        self._joined: dict[date, list[str]] = {}
        _, link = staff_login.add_user(box, OWNER[0], "Lola", "owner", self.now)
        staff_login.use_link(box, link, OWNER[1], self.now)
        self._desk = self._log_in()

    def live(self) -> Load:
        """One more day, from five in the morning to five; how much is held at its end."""
        today, self._day = self._day, self._day + timedelta(days=1)
        plan = sorted(self._plan(today), key=lambda act: act[0])
        while plan or self.now < _local(self._day, time(5, 0)):
            self.now += QUARTER
            while plan and plan[0][0] <= self.now:
                plan.pop(0)[1]()
                self._work()
            self._work()
        return self._load(today)

    # --- what a day is made of

    def _plan(self, today: date) -> Iterator[tuple[datetime, Callable[[], object]]]:
        tomorrow = today + timedelta(days=1)
        yield _local(today, time(9, 0)), lambda: self._fill(tomorrow)
        for hour in (9, 12, 17, 20):
            yield _local(today, time(hour, 15)), self._look_around
        yield _local(today, time(9, 5)), self._guess_passwords
        for _ in range(CALLERS):
            yield self._moment(today, 10, 16), lambda: self._call(tomorrow)
        for _ in range(8):
            yield self._moment(today, 16, 21), lambda: self._free(tomorrow)
        for _ in range(40):
            yield self._moment(today, 11, 23), self._answer_an_offer
        for _ in range(6):
            yield self._moment(today, 11, 22), lambda: self._book_by_phone(tomorrow)
        for _ in range(3):
            yield self._moment(today, 12, 22), self._change_a_booking
            yield self._moment(today, 12, 22), self._look_at_a_link

    def _moment(self, day: date, first_hour: int, last_hour: int) -> datetime:
        return _local(day, time(first_hour, 0)) + timedelta(
            minutes=self._chance.uniform(0, (last_hour - first_hour) * 60)
        )

    def _fill(self, day: date) -> None:
        """Staff enter what is reserved: every table, every sitting."""
        tables = [resource.name for resource in self.box.setup().resources.values()]
        events = self._events[day] = []
        for sitting in SITTINGS:
            starts_at = datetime.combine(day, sitting, MADRID)
            for table in tables:
                said = {"title": f"Reserva {table}", "start_time": starts_at.isoformat(), "resource": table,
                        "end_time": (starts_at + timedelta(minutes=90)).isoformat()}  # fmt: skip
                answer = self._api("POST", "/api/calendar/events", said)
                if answer.status_code == 201:
                    events.append(answer.get_json()["event"]["id"])

    def _call(self, day: date) -> None:
        """The voice agent has a caller; the line drops, and it says the same again. Most callers sign up."""
        wanted = datetime.combine(day, self._chance.choice(SITTINGS), MADRID).isoformat()
        phone = f"+3461{self._chance.randrange(10**7):07d}"
        said: dict[str, object] = {"requested_slot": wanted, "phone": phone, "firstName": "Guest"}
        answer = self._api("POST", "/api/waitlist/trigger", said, times=self._chance.choice((1, 1, 2)))
        if answer.status_code not in (200, 201) or self._chance.random() < 0.15:
            return
        token = answer.get_json()["token"]
        self._client.get(f"/waitlist/{token}")
        form = {"firstName": "Guest", "lastName": phone[-4:], "nbPersons": self._chance.choice((2, 2, 3, 4)),
                "selectedSlots": [wanted], "consent": True}  # fmt: skip
        self._seen(self._client.post(f"/api/waitlist/confirm/{token}", json=form, headers=self._once()))
        self._joined.setdefault(day, []).append(token)

    def _free(self, day: date) -> None:
        """Somebody cancels: in the calendar's list, or by moving what was reserved to another day."""
        events = self._events.get(day, [])
        if not events:
            return
        event = events.pop(self._chance.randrange(len(events)))
        if self._chance.random() < 0.8:
            self._api("DELETE", f"/api/calendar/events/{event}", {})
            return
        starts_at = datetime.combine(day + timedelta(days=40), time(16, 0), MADRID)
        later = {"start_time": starts_at.isoformat(), "end_time": (starts_at + timedelta(minutes=90)).isoformat()}
        self._api("PATCH", f"/api/calendar/events/{event}", later)

    def _answer_an_offer(self) -> None:
        """One of those who are asked looks at the link and says something, or nothing."""
        asked = self.box.db.tuples(
            """SELECT o.id, c.phone FROM offer o JOIN customer c ON c.id = o.customer_id
                WHERE o.state = 'live' AND o.sent_at IS NOT NULL ORDER BY o.id"""
        )
        if not asked:
            return
        offer, phone = self._chance.choice(asked)
        token = self.box.token("offer", offer, self.now)
        way = self._chance.choice(("accept", "accept", "decline", "SÍ", "NO", "¿a qué hora era?", ""))
        if way in ("accept", "decline"):
            self._client.get(f"/waitlist/offer/{token}")
            self._seen(self._client.post(f"/api/waitlist/offer/{token}/{way}", json={}, headers=self._once()))
        elif way:
            receive(self.box, phone, "sms", way, self.now)

    def _book_by_phone(self, day: date) -> None:
        """The voice agent asks what is free, and books it where something is."""
        self._api("GET", f"/api/calendar/availability?date={day}&party_size=2")
        starts_at = datetime.combine(day, self._chance.choice((time(16, 30), time(17, 0), *SITTINGS)), MADRID)
        who = {"name": "Caller", "phone": f"+3462{self._chance.randrange(10**7):07d}"}
        self._api(
            "POST", "/api/calendar/booking", {"start_time": starts_at.isoformat(), "attendee": who, "party_size": 2}
        )

    def _change_a_booking(self) -> None:
        """Somebody with a booking cancels it, or comes an hour earlier."""
        ahead = self.box.db.tuples(
            "SELECT public_id FROM booking WHERE status = 'confirmed' AND starts_at > ?", self.now
        )
        if not ahead:
            return
        (booking,) = self._chance.choice(ahead)
        if self._chance.random() < 0.5:
            self._api("DELETE", f"/api/bookings/{booking}", {})
        else:
            self._api("PATCH", f"/api/bookings/{booking}", {"notes": "By the window, please"})

    def _look_at_a_link(self) -> None:
        for tokens in list(self._joined.values())[-3:]:
            self._client.get(f"/waitlist/{self._chance.choice(tokens)}")
        self._client.get("/waitlist/wl_" + f"{self._chance.getrandbits(160):032x}"[:32])

    def _look_around(self) -> None:
        """Staff come in, see every page, leave one open, and go."""
        self._desk = self._log_in()
        for page in PAGES:
            answer = self._desk.get(page)
            assert answer.status_code == 200, f"{page}: {answer.status}"
        for _ in range(10):
            assert self._desk.get("/staff/changes").status_code == 200

    def _guess_passwords(self) -> None:
        """Somebody out there tries the door, each day from elsewhere."""
        address = f"198.51.{self._chance.randrange(256)}.{self._chance.randrange(256)}"
        for _ in range(2):
            with contextlib.suppress(Refused):
                name = f"admin{self._chance.randrange(10**6)}@casalola.example"
                staff_login.log_in(self.box, name, "a guess", address, self.now)
        staff_login.reset_link(self.box, OWNER[0], self.now)

    # --- how it is done

    def _log_in(self) -> Any:
        session = staff_login.log_in(self.box, *OWNER, "192.0.2.7", self.now).session
        assert session is not None
        client = self.web.test_client()
        client.set_cookie(COOKIE, session)
        return client

    def _api(self, method: str, path: str, said: dict[str, object] | None = None, times: int = 1) -> Any:
        headers = {"Authorization": f"Bearer {self._key}", **(self._once() if said is not None else {})}
        for _ in range(times):
            answer = self._client.open(path, method=method, json=said, headers=headers)
            self._seen(answer)
        return answer

    def _once(self) -> dict[str, str]:
        self._asked += 1
        return {"Idempotency-Key": f"act-{self._asked}"}

    def _seen(self, answer: Any) -> None:
        assert answer.status_code < 429, answer.get_data(as_text=True)
        self.answers[f"{answer.request.method} {answer.status_code}"] += 1

    def _work(self) -> None:
        done = sweep(self.box, self.now) | provider_pass(self.box, self.now)
        assert len(done) == len(DATABASE_STEPS) + len(PROVIDER_STEPS), f"a step raised: {sorted(done)}"

    def _load(self, day: date) -> Load:
        gc.collect()
        names = [name for (name,) in self.box.db.tuples(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]  # fmt: skip
        wal = Path(f"{self.box.db.path}-wal")
        return Load(
            day, {name: int(self.box.db.value(f"SELECT count(*) FROM {name}")) for name in names},
            len(os.listdir("/proc/self/fd")), threading.active_count(), resident_mb(os.getpid()),
            wal.stat().st_size / 2**20 if wal.exists() else 0.0,
        )  # fmt: skip


def resident_mb(pid: int) -> float:
    """How much memory a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _local(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, MADRID).astimezone(UTC)


def told(loads: list[Load]) -> str:
    """The loads as lines of JSON, for whoever wants to see the course of it."""
    return "\n".join(json.dumps({**vars(load), "day": str(load.day)}) for load in loads)
