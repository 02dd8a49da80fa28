"""The main job as a play, on the real clock and through the public HTTP interface alone."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from waitlist_appliance.demo.client import Client, in_path
from waitlist_appliance.demo.house import PROFILE, WANTED, ZONE, House
from waitlist_appliance.demo.narrator import Narrator

PATIENCE_SECONDS: Final = 20.0
OFFER_LINK: Final = re.compile(r"/waitlist/offer/(wl_\w+)")
CHANNELS: Final = {"sms": "SMS", "whatsapp": "WhatsApp", "email": "email"}


class StoryError(Exception):
    """The play went otherwise than it should: what was expected."""


@dataclass(eq=False)
class Guest:
    """One caller, and what the play has learnt of them."""

    name: str
    last_name: str
    phone: str
    locale: str
    also: str
    entry: str = ""
    token: str = ""
    url: str = ""
    read: int = 0


@dataclass
class Cast:
    """Who plays. Three countries, three languages."""

    ana: Guest = field(default_factory=lambda: Guest("Ana", "García", "+34612345601", "es", "21:00"))
    bruno: Guest = field(default_factory=lambda: Guest("Bruno", "Hughes", "+447400123456", "en", ""))
    chloe: Guest = field(default_factory=lambda: Guest("Chloé", "Laurent", "+33612345678", "fr", "20:30"))

    @property
    def everybody(self) -> tuple[Guest, Guest, Guest]:
        return (self.ana, self.bruno, self.chloe)


class Story:
    """Plays on a running house. `is_over` tells that somebody pressed Ctrl-C or a process ended."""

    def __init__(self, house: House, client: Client, narrator: Narrator, is_over: Callable[[], bool]) -> None:
        self.house, self._client, self._tell, self._is_over = house, client, narrator, is_over
        self.cast = Cast()
        self.ana_went_behind = False

    def play(self) -> None:
        """From the first call to the booking. Raises StoryError, Refused or OSError."""
        self._they_call()
        self._they_sign_up()
        self._somebody_cancels()
        self._ana_is_silent()
        self._bruno_says_no()
        self._chloe_says_yes()

    def _they_call(self) -> None:
        day = self.house.wanted.astimezone(ZONE).strftime("%A %-d %B")
        self._tell.step(f"Three people call about {WANTED} on {day}. It is full.")
        for guest in self.cast.everybody:
            body: dict[str, object] = {
                "requested_slot": self._at(WANTED), "phone": guest.phone, "firstName": guest.name,
                "locale": guest.locale, "source": "voice_agent",
            }  # fmt: skip
            joined = self._client.post("/api/waitlist/trigger", body)
            guest.entry, guest.token, guest.url = joined["entry"]["id"], joined["token"], joined["url"]
            self._tell.good(f"The voice agent put {guest.name} on the waitlist.")
        for guest in self.cast.everybody:
            self._read_new(guest, "the link to sign up")

    def _they_sign_up(self) -> None:
        self._tell.step("Each opens the link, ticks the times that suit, and signs up.")
        for guest in self.cast.everybody:
            times = [self._at(clock) for clock in (WANTED, guest.also) if clock]
            body: dict[str, object] = {
                "firstName": guest.name, "lastName": guest.last_name, "phone": guest.phone, "nbPersons": 2,
                "email": "", "selectedSlots": times, "consent": True, "locale": guest.locale,
            }  # fmt: skip
            self._client.post(f"/api/waitlist/confirm/{in_path(guest.token)}", body)
            entry = self._entry(guest)
            self._expect(entry["status"] == "waiting", f"{guest.name} waits (found: {entry['status']})")
            also = f" (also {guest.also})" if guest.also else ""
            self._tell.good(f"{guest.name} is number {self._position(entry)} in line for {WANTED}{also}.")
        for guest in self.cast.everybody:
            self._read_new(guest, "that they are on the list")

    def _somebody_cancels(self) -> None:
        self._tell.step(f"Staff cancel “{self.house.cancelled_title}” at 19:00 on Table 1, in the calendar.")
        self._client.delete(f"/api/calendar/events/{in_path(self.house.cancelled_event)}")
        self._tell.good("The freed time is held, and offered to the first in line that it fits.")

    def _ana_is_silent(self) -> None:
        ana, started = self.cast.ana, time.monotonic()
        self._until(lambda: self._offer(ana) == "live", "Ana is offered the time")
        self._read_new(ana, "the offer")
        self._tell.good(f"Cancelled to read on Ana's phone: {time.monotonic() - started:.1f} s.")
        self._tell.step("Ana does not answer.")
        limit = window() + PATIENCE_SECONDS
        over = self._tell.wait("Ana has", lambda: self._ended(ana), window(), limit)
        self._expect(over and self._offer(ana) == "expired", "Ana's offer expires by itself")
        self._tell.good("Silence: Ana keeps a place, behind the others. The next is asked at once.")

    def _bruno_says_no(self) -> None:
        bruno = self.cast.bruno
        self._tell.step("Bruno is asked, and says no.")
        token = self._offered(bruno)
        self.ana_went_behind = (self._position(self._entry(self.cast.ana), WANTED) or 0) >= 2
        self._client.post(f"/api/waitlist/offer/{in_path(token)}/decline")
        self._expect(self._offer(bruno) == "declined", "Bruno's no ends his offer")
        self._tell.good("No: the next is asked in the same moment, not at the deadline.")

    def _chloe_says_yes(self) -> None:
        chloe = self.cast.chloe
        self._tell.step("Chloé is asked, and says yes.")
        token = self._offered(chloe)
        self._client.post(f"/api/waitlist/offer/{in_path(token)}/accept")
        self._tell.good("Reserved for her at once, and written into the calendar.")
        self._until(lambda: self._entry(chloe)["status"] == "confirmed", "Chloé's booking is confirmed")
        self._read_new(chloe, "the confirmation with its code")
        # Staff's "check now": the calendar is read as anybody's app would show it.
        self._client.post(f"/api/waitlist/slots/{in_path(self._slot(chloe))}/check")
        self._until(lambda: len(self._in_calendar(chloe)) == 1, "the calendar holds one event for Chloé")
        found = self._in_calendar(chloe)[0]
        self._tell.good(f"In the calendar: {_clock(found)} {found['title']}")

    def _offered(self, guest: Guest) -> str:
        """Waits for the guest's offer and its message; the token of its link."""
        self._until(lambda: self._offer(guest) == "live", f"{guest.name} is offered the time")
        return self._token_in(self._read_new(guest, "the offer"))

    def _token_in(self, text: str) -> str:
        found = OFFER_LINK.search(text)
        if found is None:
            raise StoryError(f"the offer's message holds a link; it says: {text!r}")
        return found[1]

    def _read_new(self, guest: Guest, what: str) -> str:
        """Shows what arrived on the guest's phone since the last look; the newest text."""
        self._until(lambda: len(self._messages(guest)) > guest.read, f"{guest.name} reads {what}")
        messages = self._messages(guest)
        for message in messages[guest.read :]:
            self._tell.bubble(f"{guest.name}'s phone", CHANNELS.get(message["channel"], ""), message["body"])
        guest.read = len(messages)
        return str(messages[-1]["body"])

    def _messages(self, guest: Guest) -> list[dict[str, Any]]:
        said = self._client.get("/api/simulator/messages", phone=guest.phone)["messages"]
        return [message for message in said if message["side"] == "out"]

    def _entry(self, guest: Guest) -> dict[str, Any]:
        entry: dict[str, Any] = self._client.get(f"/api/waitlist/entries/{in_path(guest.entry)}")["entry"]
        return entry

    def _offer(self, guest: Guest) -> str:
        """The state of the guest's last offer; "" before the first. Live means sent: its clock runs."""
        offer = self._entry(guest)["lastOffer"] or {}
        if offer.get("state") == "live" and not offer.get("deadline"):
            return "unsent"
        return str(offer.get("state", ""))

    def _ended(self, guest: Guest) -> bool:
        self._stop_if_over()
        return self._offer(guest) != "live"

    def _position(self, entry: dict[str, Any], clock: str = WANTED) -> int | None:
        moment = datetime.fromisoformat(self._at(clock))
        for wish in entry["wishes"]:
            if datetime.fromisoformat(wish["startsAt"]) == moment:
                return wish["position"]  # type: ignore[no-any-return]
        return None

    def _slot(self, guest: Guest) -> str:
        """The id of the wanted time, as one of the guest's times."""
        moment = datetime.fromisoformat(self._at(WANTED))
        for wish in self._entry(guest)["wishes"]:
            if datetime.fromisoformat(wish["startsAt"]) == moment:
                return str(wish["slot"])
        raise StoryError(f"{WANTED} is one of {guest.name}'s times")

    def _in_calendar(self, guest: Guest) -> list[dict[str, Any]]:
        """The events in the guest's name around the wanted time."""
        since, until = self.house.wanted, self.house.wanted + timedelta(minutes=1)
        found = self._client.get("/api/calendar/events", start=since.isoformat(), end=until.isoformat())
        return [event for event in found["events"] if guest.name in event["title"]]

    def _until(self, is_so: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            self._stop_if_over()
            self._expect(time.monotonic() < deadline, f"within {PATIENCE_SECONDS:.0f} s: {what}")
            time.sleep(0.1)

    def _stop_if_over(self) -> None:
        if self._is_over():
            raise Interrupted

    def _expect(self, is_so: bool, what: str) -> None:
        if not is_so:
            raise StoryError(what)

    def _at(self, clock: str) -> str:
        """A time of that evening, as a voice agent would send it: local, with its offset."""
        hours, minutes = map(int, clock.split(":"))
        evening = self.house.wanted.astimezone(ZONE)
        return evening.replace(hour=hours, minute=minutes).isoformat()


class Interrupted(Exception):
    """Ctrl-C, or a process that ended: the play stops where it is."""


def window() -> float:
    """How long a guest has to answer, in seconds."""
    return float(PROFILE["offer_window_seconds"])


def _clock(event: dict[str, Any]) -> str:
    return datetime.fromisoformat(event["start_time"]).astimezone(ZONE).strftime("%H:%M")
