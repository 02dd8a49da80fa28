"""The people of the storm: guests with a phone, and staff at the desk. Each asks again until somebody answers."""

from __future__ import annotations

import json
import random
import re
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from typing import Any, Final
from urllib.parse import quote, urlencode

OFFER_LINK: Final = re.compile(r"/waitlist/offer/(wl_\w+)")
CSRF: Final = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
TIMEOUT_SECONDS: Final = 10.0
LOOKS_EVERY_SECONDS: Final = 1.0


@dataclass
class Journal:
    """What the box has promised in its answers: none of it may be lost."""

    entries: dict[str, str] = field(default_factory=dict)  # phone → entry
    signed_up: set[str] = field(default_factory=set)  # phones
    accepted: set[str] = field(default_factory=set)  # phones
    declined: set[str] = field(default_factory=set)  # offers' public ids
    left: set[str] = field(default_factory=set)  # phones
    cancelled: set[str] = field(default_factory=set)  # events' public ids
    problems: list[str] = field(default_factory=list)


class Over(Exception):
    """The storm is over; whoever is asking goes home."""


@dataclass(frozen=True)
class Answer:
    status: int
    said: dict[str, Any]
    text: str
    cookies: list[str]


def call(port: int, method: str, path: str, headers: dict[str, str], body: str | None, over: threading.Event) -> Answer:
    """Ask until there is an answer below 500, and not too often (429). Raises Over when the storm ends first."""
    while not over.is_set():
        connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, path, body, headers)
            got = connection.getresponse()
            text = got.read().decode()
            if got.status < 500 and got.status != 429:
                return _understood(got.status, text, got.headers.get_all("Set-Cookie") or [])
        except (OSError, HTTPException, UnicodeDecodeError):
            pass  # it was killed, or is starting: asked again, like any client would
        finally:
            connection.close()
        time.sleep(random.uniform(0.1, 0.4))
    raise Over


def _understood(status: int, text: str, cookies: list[str]) -> Answer:
    try:
        said = json.loads(text)
    except ValueError:
        said = {}
    return Answer(status, said if isinstance(said, dict) else {}, text, cookies)


class Person(threading.Thread):
    """Somebody with an API key or a link; every change carries an Idempotency-Key that is kept over the retries."""

    def __init__(
        self, name: str, port: int, key: str, journal: Journal, over: threading.Event, chance: random.Random
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._port, self._key, self._journal, self._over, self._chance = port, key, journal, over, chance
        self._asked = 0

    def run(self) -> None:
        try:
            self.live()
        except Over:
            pass
        except Exception as error:  # told in the verdict, which then is no good one
            self._journal.problems.append(f"{self.name} gave up: {error!r}")

    def live(self) -> None:
        raise NotImplementedError

    def _get(self, path: str, **query: str) -> Answer:
        return call(
            self._port, "GET", f"{path}?{urlencode(query)}" if query else path, self._headers(), None, self._over
        )

    def _change(self, method: str, path: str, body: dict[str, object] | None = None) -> Answer:
        self._asked += 1
        headers = {
            **self._headers(),
            "Content-Type": "application/json",
            "Idempotency-Key": f"{self.name}-{self._asked}",
        }
        return call(self._port, method, path, headers, json.dumps(body or {}), self._over)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}", "Accept": "application/json"}

    def _pause(self, shortest: float, longest: float) -> None:
        if self._over.wait(self._chance.uniform(shortest, longest)):
            raise Over

    def _expect(self, is_so: bool, what: str) -> None:
        if not is_so:
            self._journal.problems.append(f"{self.name}: {what}")


class Desk(Person):
    """Staff cancel one event after the other, from when everybody has called."""

    def __init__(
        self,
        port: int,
        key: str,
        events: list[str],
        callers: int,
        journal: Journal,
        over: threading.Event,
        chance: random.Random,
    ) -> None:
        super().__init__("the desk", port, key, journal, over, chance)
        self._events, self._callers = events, callers

    def live(self) -> None:
        while len(self._journal.entries) < self._callers:
            self._pause(0.1, 0.2)
        for event in self._events:
            answer = self._change("DELETE", f"/api/calendar/events/{event}")
            self._expect(answer.status == 200, f"cancelling an event was answered {answer.status} {answer.text[:200]}")
            self._journal.cancelled.add(event)
            self._pause(0.1, 0.8)


class Phones:
    """The phone simulator behind the staff's log-in: replies go in as from a customer's phone."""

    def __init__(self, port: int, email: str, password: str, over: threading.Event) -> None:
        self._port, self._email, self._password, self._over = port, email, password, over
        self._lock = threading.Lock()
        self._session: dict[str, str] = {}

    def reply(self, phone: str, body: str) -> None:
        """Send an SMS from this phone. A form has no idempotency key: unanswered, it may be sent twice."""
        with self._lock:
            headers = self._session = self._session or self._log_in()
        said = call(self._port, "POST", f"/simulator/{quote(phone)}/reply", headers,
                    urlencode({"body": body, "channel": "sms"}), self._over)  # fmt: skip
        if said.status not in (200, 302, 303):
            raise AssertionError(f"a reply was answered {said.status}: {said.text[:200]}")

    def _log_in(self) -> dict[str, str]:
        door = call(self._port, "GET", "/login", {}, None, self._over)
        found = CSRF.search(door.text)
        assert found is not None, "the log-in has a form token"
        cookies = _jar({}, door)
        form = urlencode({"email": self._email, "password": self._password, "csrf_token": found[1], "next": ""})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": _cookie(cookies)}
        entered = call(self._port, "POST", "/login", headers, form, self._over)
        assert entered.status in (302, 303), f"the log-in was answered {entered.status}"
        cookies = _jar(cookies, entered)
        # What was shown before the log-in is good for nothing after it.
        desk = call(self._port, "GET", "/staff/waitlist/add", {"Cookie": _cookie(cookies)}, None, self._over)
        found = CSRF.search(desk.text)
        assert found is not None, f"the desk has a form token ({desk.status})"
        headers["Cookie"] = _cookie(_jar(cookies, desk))
        return {**headers, "X-CSRFToken": found[1]}


def _jar(before: dict[str, str], answer: Answer) -> dict[str, str]:
    return {**before, **dict(line.split(";", 1)[0].split("=", 1) for line in answer.cookies)}


def _cookie(jar: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in jar.items())


class Journey(Person):
    """A guest: calls, signs up, waits for offers and answers each in a way of their own."""

    def __init__(
        self, number: int, port: int, key: str, wanted: datetime, phones: Phones, journal: Journal, over: threading.Event,
        chance: random.Random,
    ) -> None:  # fmt: skip
        super().__init__(f"guest-{number}", port, key, journal, over, chance)
        self.phone = f"+3461{number:07d}"
        self._wanted, self._phones, self._seen = wanted.isoformat(), phones, set[str]()

    def live(self) -> None:
        self._pause(0, 6)
        token = self._call()
        self._pause(0, 3)
        self._sign_up(token)
        if self._chance.random() < 0.05:
            self._pause(5, 20)
            return self._leave(token)
        while True:
            self._pause(LOOKS_EVERY_SECONDS * 0.7, LOOKS_EVERY_SECONDS * 1.3)
            for offer in self._new_offers():
                self._answer(offer)

    def _call(self) -> str:
        body: dict[str, object] = {"requested_slot": self._wanted, "phone": self.phone, "firstName": "Guest"}
        answer = self._change("POST", "/api/waitlist/trigger", body)
        self._expect(answer.status in (200, 201), f"the trigger was answered {answer.status} {answer.text[:200]}")
        if answer.status not in (200, 201):
            raise Over
        self._journal.entries[self.phone] = answer.said["entry"]["id"]
        return str(answer.said["token"])

    def _sign_up(self, token: str) -> None:
        body: dict[str, object] = {
            "firstName": "Guest", "lastName": self.name, "phone": self.phone, "nbPersons": 2,
            "selectedSlots": [self._wanted], "consent": True, "locale": "es",
        }  # fmt: skip
        answer = self._change("POST", f"/api/waitlist/confirm/{token}", body)
        self._expect(answer.status == 200, f"the sign-up was answered {answer.status} {answer.text[:200]}")
        self._journal.signed_up.add(self.phone)

    def _leave(self, token: str) -> None:
        answer = self._change("POST", f"/api/waitlist/leave/{token}")
        if answer.status == 200:
            self._journal.left.add(self.phone)

    def _new_offers(self) -> list[str]:
        """The tokens of the offers that have arrived since the last look."""
        said = self._get("/api/simulator/messages", phone=self.phone).said.get("messages", [])
        found = {token for message in said if message["side"] == "out" for token in OFFER_LINK.findall(message["body"])}
        fresh, self._seen = found - self._seen, self._seen | found
        return sorted(fresh)

    def _answer(self, token: str) -> None:
        way = self._chance.choice(
            ["yes", "yes", "yes by message", "twice", "no", "no by message", "silence", "silence", "late"]
        )
        if way == "late":
            self._pause(10, 14)
        if way == "twice":
            self._phones.reply(self.phone, "SÍ")
        if way in ("yes", "late", "twice"):
            if self._press(token, "accept").get("state") in ("accepted", "confirmed"):
                self._journal.accepted.add(self.phone)
        elif way == "no":
            offer = self._press(token, "decline")
            if offer.get("state") == "declined":
                self._journal.declined.add(str(offer["id"]))
        elif way != "silence":
            self._phones.reply(self.phone, "SÍ" if way.startswith("yes") else "NO")

    def _press(self, token: str, button: str) -> dict[str, Any]:
        """The offer as the answer shows it; empty when it was refused."""
        answer = self._change("POST", f"/api/waitlist/offer/{token}/{button}")
        self._expect(answer.status in (200, 409), f"{button} was answered {answer.status} {answer.text[:200]}")
        offer = answer.said.get("offer")
        return offer if isinstance(offer, dict) and answer.status == 200 else {}
