"""Speaking to one CalDAV server: questions, answers, and what its refusals mean."""

from __future__ import annotations

import copy
import random
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import Final

from waitlist_appliance.adapters.calendars.caldav.multistatus import Multistatus, parse_multistatus
from waitlist_appliance.adapters.outward import USUAL, Answer, Limits, Origin, Outward, retry_after, trouble_of
from waitlist_appliance.ports import CalendarError

XML: Final = "application/xml; charset=utf-8"
BUSY: Final = frozenset({429, 503})
RETRIES: Final = 2
PATIENCE_SECONDS: Final = 20.0
# Whose accounts lie on sibling hosts that discovery names (p42-caldav.icloud.com); the password may go there too.
FAMILIES: Final = ("icloud.com",)
# Google's CalDAV knows OAuth only, and not If-None-Match.
GOOGLES: Final = ("google.com", "googleusercontent.com", "googleapis.com")


class Server:
    """One account on one server, for one conversation; `anew` begins another over the same connections.

    ``requests`` counts what was asked in this conversation.
    """

    def __init__(
        self, home: str, username: str, password: str, allow_private: bool, *,
        limits: Limits = USUAL, pause: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        origin = Origin.of(home)
        if _within(origin.host, GOOGLES):
            words = "Google's calendars are not reached this way: connect Google instead"
            raise CalendarError(words, retryable=False, trouble="refused")
        basic = b64encode(f"{username}:{password}".encode()).decode()
        self.home = origin
        self.requests = 0
        self._pause = pause
        self._outward = Outward(allow_private=allow_private, home=origin, authorization=f"Basic {basic}", limits=limits)
        self._sibling = partial(
            Server, username=username, password=password, allow_private=allow_private, limits=limits, pause=pause
        )

    def anew(self) -> Server:
        """The same server, nothing asked yet. The connections are shared and may be used by several threads."""
        again = copy.copy(self)
        again.requests = 0
        return again

    def behind(self, url: str) -> Server:
        """The server for an address that this one named. CalendarError when that is a stranger: the password stays."""
        origin = Origin.of(url)
        if origin == self.home:
            return self
        if origin.scheme == "https" and any(
            _within(origin.host, [n]) and _within(self.home.host, [n]) for n in FAMILIES
        ):
            return self._sibling(url)
        words = f"{self.home.host} keeps this account's calendars at {origin.host}: give that address instead"
        raise CalendarError(words, retryable=False, trouble="refused")

    def ask(self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> Answer:
        """The answer; one that says "too busy" is asked for twice more, as long as that takes seconds only."""
        left = PATIENCE_SECONDS
        for attempt in range(RETRIES + 1):
            self.requests += 1
            answer = self._outward.ask(method, url, headers, body)
            if answer.status not in BUSY or attempt == RETRIES:
                break
            wait = (retry_after(answer) or timedelta(seconds=2**attempt)).total_seconds() + random.random()
            left -= wait
            if left < 0:
                break
            self._pause(wait)
        if answer.status == 401 and Origin.of(answer.url) != self.home:
            words = f"{self.home.host} sends us on to {answer.host}: give that address instead"
            raise CalendarError(words, retryable=False, trouble="refused")
        return answer

    def multistatus(self, method: str, url: str, body: bytes, depth: str) -> tuple[Multistatus, str]:
        """What a 207 tells, and where it came from; any other answer is a CalendarError."""
        answer = self.ask(method, url, {"Content-Type": XML, "Depth": depth}, body)
        if answer.status != 207:
            raise trouble_of(answer)
        return parse_multistatus(answer.body), answer.url


def _within(host: str, domains: Iterable[str]) -> bool:
    return any(host == domain or host.endswith("." + domain) for domain in domains)
