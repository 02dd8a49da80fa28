"""The demo's restaurant, served by real processes, and the people who call it: for the browser tests and screenshots."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from waitlist_appliance.bootstrap import build
from waitlist_appliance.cli.processes import Processes, free_port
from waitlist_appliance.config import load
from waitlist_appliance.demo.client import Client, in_path, wait_for_answer
from waitlist_appliance.demo.house import LOLA, OWNER, ZONE, House, furnish
from waitlist_appliance.ports import SilentTimers
from waitlist_appliance.services import staff_login
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.business import set_policy

PATIENCE: Final = 20.0
FIRST_DAY: Final = 8  # days from now; the demo's own evenings end the day before
LINK: Final = re.compile(r"https?://\S+/(?:waitlist|booking)/\S+?(?=[\s.,;)]|$)")
OFFER_LINK: Final = re.compile(r"http\S+/waitlist/offer/wl_\w+")
BOOKING_LINK: Final = re.compile(r"http\S+/booking/wl_\w+")


@dataclass(eq=False)
class Guest:
    """One caller: the phone, the entry, and the address of their page."""

    name: str
    phone: str
    entry: str
    token: str
    url: str


@dataclass
class Evening:
    """A day whose 19:00–21:30 is taken on every table; `events` are those not yet cancelled, smallest table first."""

    day: str
    events: list[tuple[str, str]] = field(default_factory=list)

    def at(self, clock: str) -> str:
        return f"{self.day}T{clock}"


class Restaurant:
    """The running box. Everything a person does goes over HTTP; only what has no page yet is set in the database."""

    def __init__(self, house: House, processes: Processes, worker_pid: int) -> None:
        self.house, self.url, self.worker_pid = house, house.public_url, worker_pid
        self.owner, self.password = OWNER, house.password
        self.processes = processes
        self.client = Client("127.0.0.1", house.port, house.api_key)
        self.app: Appliance = build(load(house.config_path, {}), SilentTimers())
        self._days = itertools.count(FIRST_DAY)
        self._numbers = itertools.count(1)
        self._tables: list[str] | None = None

    # what callers and guests do

    def evening(self) -> Evening:
        """A full evening of its own, so that no test meets another's line."""
        day = (datetime.now(ZONE) + timedelta(days=next(self._days))).date().isoformat()
        evening = Evening(day)
        for number, table in enumerate(self.tables(), 1):
            title = f"Party {number} of {day}"
            said: dict[str, object] = {
                "title": title, "start_time": evening.at("19:00"), "end_time": evening.at("21:30"), "resource": table,
            }  # fmt: skip
            evening.events.append((self.client.post("/api/calendar/events", said)["event"]["id"], title))
        return evening

    def tomorrow(self) -> Evening:
        """The demo's own full evening."""
        day = self.house.wanted.astimezone(ZONE).date().isoformat()
        around: dict[str, object] = {"start": f"{day}T19:00", "end": f"{day}T19:15"}
        found = self.client.get("/api/calendar/events", **around)["events"]
        events = sorted((event["id"], event["title"]) for event in found)
        return Evening(day, sorted(events, key=lambda event: event[0] != self.house.cancelled_event))

    def tables(self) -> list[str]:
        """The tables' names, as the owner numbered them."""
        if self._tables is None:
            found = sorted(self.app.setup().resources.values(), key=lambda resource: resource.id)
            self._tables = [table.name for table in found]
        return self._tables

    def call(self, evening: Evening, name: str, clock: str = "19:30", locale: str = "en", **also: object) -> Guest:
        """A caller wants a time that is full: the voice agent's trigger."""
        phone = f"+346123{next(self._numbers):05d}"
        said: dict[str, object] = {"requested_slot": evening.at(clock), "phone": phone, "locale": locale,
                                   "firstName": name, "source": "voice_agent", **also}  # fmt: skip
        joined = self.client.post("/api/waitlist/trigger", said)
        return Guest(name, phone, joined["entry"]["id"], joined["token"], joined["url"])

    def sign_up(
        self, evening: Evening, name: str, *clocks: str, people: int = 2, locale: str = "en", last_name: str = ""
    ) -> Guest:
        """Call and sign up."""
        guest = self.call(evening, name, locale=locale)
        times = [evening.at(clock) for clock in clocks or ("19:30",)]
        said: dict[str, object] = {
            "firstName": name, "lastName": last_name, "nbPersons": people, "selectedSlots": times, "consent": True,
            "locale": locale,
        }  # fmt: skip
        self.client.post(f"/api/waitlist/confirm/{guest.token}", said)
        return guest

    def free_a_table(self, evening: Evening) -> str:
        """Somebody cancels, in the calendar: the title of what is gone."""
        event, title = evening.events.pop(0)
        self.client.delete(f"/api/calendar/events/{in_path(event)}")
        return title

    # what can be seen

    def entry(self, guest: Guest) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"/api/waitlist/entries/{in_path(guest.entry)}")["entry"]
        return found

    def offer_state(self, guest: Guest) -> str:
        """The state of the last offer; "unsent" before its message went out, "" before the first."""
        offer = self.entry(guest)["lastOffer"] or {}
        return "unsent" if offer.get("state") == "live" and not offer.get("deadline") else str(offer.get("state", ""))

    def messages(self, guest: Guest) -> list[str]:
        said = self.client.get("/api/simulator/messages", phone=guest.phone)["messages"]
        return [message["body"] for message in said if message["side"] == "out"]

    def link(self, guest: Guest, kind: re.Pattern[str] = OFFER_LINK) -> str:
        """The newest link of this kind on the guest's phone, waited for."""
        found: list[str] = []

        def there() -> bool:
            found[:] = [link for body in self.messages(guest) for link in kind.findall(body)]
            return bool(found)

        self.until(there, f"{guest.name} gets a link like {kind.pattern}")
        return found[-1].rstrip(".")

    def offered(self, evening: Evening, guest: Guest) -> str:
        """Free a table and wait until this guest is asked; the offer's address."""
        self.free_a_table(evening)
        self.until(lambda: self.offer_state(guest) == "live", f"{guest.name} is asked")
        return self.link(guest)

    def answer(self, offer_url: str, said: str) -> None:
        """`accept` or `decline`, as the page's script would."""
        token = offer_url.rsplit("/", 1)[1]
        self.client.post(f"/api/waitlist/offer/{token}/{said}")

    def booked(self, evening: Evening, guest: Guest) -> str:
        """Offered, accepted and confirmed; the booking's address."""
        self.answer(self.offered(evening, guest), "accept")
        self.until(lambda: self.entry(guest)["status"] == "confirmed", f"{guest.name} is booked")
        return self.link(guest, BOOKING_LINK)

    def bookings(self, guest: Guest) -> int:
        """How many bookings this guest has that are not cancelled."""
        sql = """SELECT count(*) FROM booking b JOIN customer c ON c.id = b.customer_id
                 WHERE c.phone = ? AND b.status NOT IN ('cancelled', 'expired')"""
        return int(self.app.db.tuples(sql, guest.phone)[0][0])

    def until(self, is_so: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
        deadline = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
            time.sleep(0.05)

    # what the owner sets

    @contextlib.contextmanager
    def policies(self, **wanted: object) -> Iterator[None]:
        """Other policies for a while."""
        before = {key: getattr(self.app.setup().policies, key) for key in wanted}
        for key, value in wanted.items():
            self.set(key, value)
        try:
            yield
        finally:
            for key, value in before.items():
                self.set(key, value)

    def set(self, key: str, value: object) -> None:
        set_policy(self.app, key, value, LOLA, datetime.now(UTC))

    def team_member(self, name: str, role: str, password: str | None) -> tuple[str, str]:
        """A colleague: their email and the secret of the one-time link (used already where a password is given)."""
        now, email = datetime.now(UTC), f"{name.lower()}-{next(self._numbers)}@casalola.test"
        _, link = staff_login.add_user(self.app, email, name, role, now)
        if password:
            staff_login.use_link(self.app, link, password, now)
        return email, link

    @contextlib.contextmanager
    def worker_asleep(self) -> Iterator[None]:
        """The worker does nothing meanwhile: what it would do stays to be done.

        It falls asleep while we hold the write lock, so it never takes that lock with it into its sleep.
        """
        with self.app.db.write():
            os.kill(self.worker_pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.worker_pid, signal.SIGCONT)


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Restaurant]:
    """Web and worker on a furnished box in this folder; both are gone afterwards."""
    house = furnish(folder, free_port(), datetime.now(UTC))
    log = folder / "browser.log"
    with Processes(house.config_path, log) as processes:
        processes.start("web", "serve")
        restaurant = Restaurant(house, processes, processes.start("worker", "worker"))
        if not wait_for_answer(restaurant.client, 30.0, lambda: processes.ended() is not None):
            raise RuntimeError("the server did not answer: " + log.read_text(errors="replace")[-2000:])
        try:
            yield restaurant
        finally:
            restaurant.app.db.close()
