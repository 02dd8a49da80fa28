"""The one way out: every HTTP request that we make ourselves, to an address that somebody typed in or a server named.

What it promises: certificates are verified; an answer has a limit in bytes and in time, however slowly it drips; no
proxy, cookie or netrc of the machine is used; redirects are followed by hand and never carry the password to another
origin; an address of the local network is refused unless the owner allowed it, judged on the very address that is
connected to, so that a name cannot lead elsewhere the second time it is looked up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Final
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

import requests
from urllib3.exceptions import HTTPError, SSLError

from waitlist_appliance.adapters.outward_sockets import GuardedAdapter, Watch
from waitlist_appliance.ports import CalendarError

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 20.0
TOTAL_SECONDS: Final = 60.0
MAX_BYTES: Final = 10 * 1024 * 1024
MAX_REDIRECTS: Final = 5
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
READING: Final = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT"})
USER_AGENT: Final = "Waitlist-Appliance"
# What people paste, and what it means.
SCHEMES: Final = {"caldavs": "https", "webcals": "https", "caldav": "http", "webcal": "https"}
DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: what a password belongs to."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin:
        """The origin of an http or https address; CalendarError for anything else."""
        parts = _split(url)
        return cls(parts.scheme, parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme])


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole. ``url`` is where it came from in the end; header names are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str = field(repr=False)

    @property
    def host(self) -> str:
        return Origin.of(self.url).host


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much; seconds and bytes of one question, its redirects together."""

    connect: float = CONNECT_SECONDS
    read: float = READ_SECONDS
    total: float = TOTAL_SECONDS
    max_bytes: int = MAX_BYTES


USUAL: Final = Limits()


class Outward:
    """Asks servers. May be used by several threads. ``authorization`` is sent to ``home`` only, never elsewhere."""

    def __init__(
        self, *, allow_private: bool, home: Origin | None = None, authorization: str | None = None,
        limits: Limits = USUAL,
    ) -> None:  # fmt: skip
        self._home = home
        self._authorization = authorization
        self._limits = limits
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers.clear()
        for scheme in ("http", "https"):
            self._session.mount(f"{scheme}://", GuardedAdapter(allow_private))

    def ask(self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> Answer:
        """The answer, whatever its status says; CalendarError when there is none."""
        with Watch(self._limits.total) as watch:
            for _ in range(MAX_REDIRECTS + 1):
                answer = self._once(method, url, headers or {}, body, watch)
                target = answer.headers.get("location")
                if answer.status not in REDIRECTS or not target:
                    return answer
                method, url = _redirected(method, url, target, answer.status)
        raise CalendarError(f"{Origin.of(url).host} sends us round in circles", retryable=True, trouble="garbage")

    def _once(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, watch: Watch) -> Answer:
        origin = Origin.of(url)
        try:
            # Identity: compression changes etags on some servers, and small answers may unfold to huge ones.
            sent = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity", **headers}
            if self._authorization and origin == self._home:
                sent["Authorization"] = self._authorization
            response = self._session.request(
                method, url, headers=sent, data=body, allow_redirects=False, stream=True, verify=True,
                auth=_as_it_is, timeout=(self._limits.connect, self._limits.read),
            )  # fmt: skip
            with response:
                found = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status_code, found, self._body(response, origin, watch), url)
        except (requests.RequestException, HTTPError, OSError, ValueError) as failure:
            raise _in_words(failure, origin.host, watch) from None

    def _body(self, response: requests.Response, origin: Origin, watch: Watch) -> bytes:
        """The body, read as it comes; given up as soon as it is too long or has taken too long."""
        announced = response.headers.get("Content-Length", "")
        too_big = CalendarError(f"the answer of {origin.host} is too big", retryable=False, trouble="too_big")
        if announced.isdecimal() and int(announced) > self._limits.max_bytes and response.request.method != "HEAD":
            raise too_big
        body = bytearray()
        while chunk := response.raw.read1(65536, decode_content=True):
            body += chunk
            if len(body) > self._limits.max_bytes:
                raise too_big
        if watch.over:
            raise _too_slow(origin.host)
        return bytes(body)


def web_address(typed: str) -> str:
    """The address that a person means: with a scheme, and without user, password or fragment."""
    typed = typed.strip()
    scheme, separator, rest = typed.partition("://")
    if not separator:
        scheme, rest = "https", typed
    scheme = SCHEMES.get(scheme.lower(), scheme.lower())
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        return urlunsplit((scheme, parts.netloc.rpartition("@")[2], parts.path or "/", parts.query, ""))
    except ValueError:
        raise CalendarError("this is not a web address", retryable=False, trouble="missing") from None


def trouble_of(answer: Answer) -> CalendarError:
    """What an answer that is no success means."""
    status, host = answer.status, answer.host
    if status == 401:
        return CalendarError(f"{host} does not take the user name or password", retryable=False, trouble="signed_out")
    if status == 429:
        return CalendarError(
            f"{host} asks us to slow down", retryable=True, trouble="too_fast", retry_after=retry_after(answer)
        )
    if status in (403, 405, 507):
        return CalendarError(f"{host} refuses this ({status})", retryable=False, trouble="refused")
    if status in (404, 410):
        return CalendarError(f"{host} has nothing at this address ({status})", retryable=False, trouble="missing")
    if status >= 500:
        words = f"{host} has trouble of its own ({status})"
        return CalendarError(words, retryable=True, retry_after=retry_after(answer))
    return CalendarError(f"{host} answers what makes no sense here ({status})", retryable=True, trouble="garbage")


def retry_after(answer: Answer) -> timedelta | None:
    """What the server asks for, in seconds or as a date; never more than a day."""
    asked = answer.headers.get("retry-after", "").strip()
    try:
        seconds = float(asked) if asked.isdecimal() else _seconds_until(asked)
    except (ValueError, TypeError, OverflowError):
        return None
    return timedelta(seconds=min(max(seconds, 0.0), 86_400.0))


def _seconds_until(http_date: str) -> float:
    return (parsedate_to_datetime(http_date) - datetime.now(UTC)).total_seconds()


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps requests from taking a user name out of the address or out of a file of the machine."""
    return request


def _split(url: str) -> SplitResult:
    """The parts of a web address without its user part; CalendarError when it is none."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in DEFAULT_PORTS and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or re.search(r"[\x00-\x20\x7f\\]", url):
        raise CalendarError("this is not a web address", retryable=False, trouble="missing")
    return parts


def _redirected(method: str, url: str, target: str, status: int) -> tuple[str, str]:
    """How to go on; CalendarError where that would be unsafe."""
    goal = urljoin(url, quote(target, safe="%/:=&?~#+!$,;'@()*[]"))
    old, new = Origin.of(url), Origin.of(goal)
    if old.scheme == "https" and new.scheme != "https":
        words = f"{old.host} sends us on to an address without encryption"
        raise CalendarError(words, retryable=False, trouble="unsafe")
    if old != new and method not in READING:
        raise CalendarError(f"{old.host} wants what we write sent to {new.host}", retryable=False, trouble="unsafe")
    return ("GET" if status == 303 else method), goal


def _too_slow(host: str) -> CalendarError:
    return CalendarError(f"{host} did not answer in time", retryable=True)


def _in_words(failure: Exception, host: str, watch: Watch) -> CalendarError:
    """The failure without the address, whose path may be a secret."""
    if watch.over or isinstance(failure, requests.Timeout | TimeoutError):
        return _too_slow(host)
    if isinstance(failure, requests.exceptions.SSLError | SSLError):
        return CalendarError(f"the certificate of {host} is not good", retryable=True, trouble="unsafe")
    if isinstance(failure, requests.exceptions.InvalidURL | UnicodeError):
        return CalendarError("this is not a web address", retryable=False, trouble="missing")
    return CalendarError(f"{host} cannot be reached ({type(failure).__name__})", retryable=True)
