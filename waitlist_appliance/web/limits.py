"""The brake on what comes in: how often from one address, with one key or for one link, and how much at once.

Buckets in the memory of the one web process: a restart forgives, and nothing is written for somebody who only knocks.
The log-in keeps a slower brake of its own in the database (services/staff_login.py), which survives restarts.

Four rules keep honest callers out of it, also where many of them share an address (a hotel, a proxy that is not named
in server.trusted_proxy, the wireless of the house): a link that exists, a session at the desk, a key in force and a
signed post are served whatever else comes from there.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn, cast

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from waitlist_appliance.domain.networks import network_of
from waitlist_appliance.storage import tokens
from waitlist_appliance.web.context import box
from waitlist_appliance.web.errors import TooOften
from waitlist_appliance.web.headers import FILES
from waitlist_appliance.web.routing import Route
from waitlist_appliance.web.server import MAX_BODY

log = logging.getLogger(__name__)

# Group → how often in a minute; a quiet caller may use up the whole minute at once.
PER_MINUTE: Final[Mapping[str, int]] = {
    "pages": 120,  # an address at customers' pages and forms, and at addresses that do not exist
    "misses": 20,  # an address with links that do not exist: nobody finds one by trying
    "link": 60,  # a link that exists, once its address is over one of the two above
    "door": 120,  # an address at the log-in pages
    "staff": 1200,  # an address at the desk, then a session: open pages ask for news every few seconds
    "probes": 600,  # an address that asks how the box is
    "api": 1200,  # an API key
    "key_misses": 30,  # an address with keys and secrets that are none
    "cron": 60,  # an address with the cron secret: each call is a whole pass
    "unsigned": 30,  # an address with posts that no provider signed
    "log": 1,  # a kind of line in the log that anybody could bring about
}
# Some 2 MB at most; who was here longest ago is forgotten first, which is to say forgiven.
MOST_BUCKETS: Final = 10_000
MINUTE: Final = 60.0
# So loose that measuring meets no limit, and pays for the counting all the same.
WHILE_MEASURING: Final = 1_000_000

KILOBYTE: Final = 1024
FORM_BYTES: Final = 64 * KILOBYTE
DESK_BYTES: Final = 256 * KILOBYTE  # long texts in three languages, hundreds of ticked people
API_BYTES: Final = 256 * KILOBYTE
_WITH_A_PICTURE: Final = frozenset({"staff.save_logo", "staff.save_first_run"})
_PROBES: Final = ("/healthz", "/readyz", "/metrics")
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Buckets:
    """How often each (group, who) was here. Safe to share among threads.

    Kept is the moment at which a bucket would be full again; one that is full need not be kept.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, *, most: int = MOST_BUCKETS, factor: int = 1
    ) -> None:
        self.clock = clock
        self._most = most
        self._price = {group: MINUTE / (often * factor) for group, often in PER_MINUTE.items()}
        self._full_at: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, group: str, who: str) -> float:
        """0.0 where it may be; otherwise nothing is counted and this many seconds are to be waited."""
        key, now = (group, who), self.clock()
        with self._lock:
            before = self._full_at.pop(key, now)
            full_at = max(before, now) + self._price[group]
            wait = full_at - now - MINUTE
            if wait > 1e-6:
                self._full_at[key] = before
                return wait
            self._full_at[key] = full_at
            if len(self._full_at) > self._most:
                self._full_at.popitem(last=False)
        return 0.0

    def wait(self, group: str, who: str) -> float:
        """What `take` would answer, without taking."""
        now = self.clock()
        wait = self._full_at.get((group, who), now) + self._price[group] - now - MINUTE
        return wait if wait > 1e-6 else 0.0

    def __len__(self) -> int:
        return len(self._full_at)


@dataclass(frozen=True, slots=True)
class _Rule:
    """What holds for one line of the URL table; ``group`` is None where the proof decides first."""

    group: str | None
    most_bytes: int


_STRAY: Final = _Rule("pages", FORM_BYTES)


def install(app: Flask, routes: Sequence[Route], whose_session: Callable[[], str | None]) -> None:
    """Count every request before anything is looked up for it. To be installed before the gate.

    ``whose_session``: the name of this browser's session at the desk, where somebody is logged in.
    """
    app.extensions["limits"] = Buckets(factor=WHILE_MEASURING if app.config.get("BENCH") else 1)
    rules = {route.endpoint: _rule(route) for route in routes}

    @app.before_request
    def check() -> None:
        if request.endpoint in FILES:
            return
        rule = rules.get(request.endpoint or "", _STRAY)
        if rule.group == "pages":
            _check_page()
        elif rule.group == "staff":
            _check_desk(whose_session)
        elif rule.group is not None:
            count(rule.group, origin())
        if request.method not in _SAFE:
            request.max_content_length = rule.most_bytes
            if (request.content_length or 0) > rule.most_bytes:  # also where nobody would read it
                raise RequestEntityTooLarge

    @app.after_request
    def count_misses(response: Response) -> Response:
        if response.status_code == 404 and "token" in (request.view_args or ()):
            _buckets().take("misses", origin())
        return response


def count(group: str, who: str) -> None:
    """Raises TooOften when it was too often."""
    wait = _buckets().take(group, who)
    if wait:
        _refuse(group, wait)


def seldom(kind: str) -> bool:
    """Whether a line of this kind may be logged: once a minute, however often somebody brings it about."""
    return not _buckets().take("log", kind)


def origin() -> str:
    """Where the request comes from, as waitress believes it: X-Forwarded-For counts from the trusted proxy alone."""
    return network_of(request.remote_addr or "")


def _check_page() -> None:
    buckets, who = _buckets(), origin()
    wait = buckets.take("pages", who) or buckets.wait("misses", who)
    if not wait:
        return
    # A link that exists is its customer's, whoever else is at this address; 128 bits are not found by asking here.
    token = (request.view_args or {}).get("token")
    if token is not None and tokens.is_known(box().db, token):
        wait = buckets.take("link", token)
    if wait:
        _refuse("pages", wait)


def _check_desk(whose_session: Callable[[], str | None]) -> None:
    buckets = _buckets()
    wait = buckets.take("staff", origin())
    session = whose_session() if wait else None
    if session is not None:
        wait = buckets.take("staff", session)
    if wait:
        _refuse("staff", wait)


def _refuse(group: str, wait: float) -> NoReturn:
    if seldom(f"over {group}"):
        log.warning("too often (%s): answered with 429", group)
    raise TooOften(math.ceil(wait))


def _buckets() -> Buckets:
    return cast(Buckets, current_app.extensions["limits"])


def _rule(route: Route) -> _Rule:
    if route.endpoint in _WITH_A_PICTURE:
        return _Rule("staff", MAX_BODY)
    group, most_bytes = {
        "customer": ("pages", FORM_BYTES), "public": ("door", FORM_BYTES), "hook": (None, FORM_BYTES),
        "staff": ("staff", DESK_BYTES), "api": (None, API_BYTES), "cron": (None, FORM_BYTES), "bench": (None, API_BYTES),
        "metrics": (None, FORM_BYTES),
    }[route.auth]  # fmt: skip
    if route.path.startswith(_PROBES):
        group = "probes"
    elif route.auth == "hook" and not route.changes_state:
        group = "door"  # a browser that comes back from a provider's page
    return _Rule(group, most_bytes)
