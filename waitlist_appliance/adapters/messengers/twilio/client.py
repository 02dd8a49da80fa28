"""Twilio's own client, made safe: time-outs, no retries of its own, nothing in the log, refusals with their Retry-After.

The only module that loads it; import it where it is used.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from urllib3.exceptions import NewConnectionError

from waitlist_appliance.adapters.messengers.twilio.account import TwilioAccount
from waitlist_appliance.adapters.messengers.twilio.errors import LONGEST_WAIT, refusal, uncertain
from waitlist_appliance.ports import DeliveryError

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 10.0
AT_ONCE: Final = 8  # messages under way at the same time

T = TypeVar("T")


class Refused(Exception):
    """The API answered, and not with "done"."""

    def __init__(self, status: int, code: int | None, retry_after: timedelta | None) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.retry_after = retry_after


class Unreadable(Exception):
    """The API answered "done", and with nothing that can be read."""


class Http(TwilioHttpClient):
    """Goes to ``base_url``, whatever edge or region the environment names, and waits only so long.

    Raises Refused or Unreadable in place of Twilio's own exceptions, whose texts repeat numbers and whose forms differ
    from call to call.
    """

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self.timeout = (CONNECT_SECONDS, READ_SECONDS)  # the constructor takes no pair
        self._base = urlsplit(base_url)
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, HTTPAdapter(max_retries=0, pool_maxsize=AT_ONCE))

    def request(self, method: str, url: str, *rest: Any, **named: Any) -> Any:
        parts = urlsplit(url)
        path = self._base.path + parts.path
        aimed = urlunsplit((self._base.scheme, self._base.netloc, path, parts.query, ""))
        answer = super().request(method, aimed, *rest, **named)
        content = _json_object(answer.text)
        if not 200 <= answer.status_code < 300:
            raise Refused(answer.status_code, _code(content), _wait(answer.headers))
        if content is None:
            raise Unreadable
        return answer

    def log_request(self, kwargs: Any) -> None:
        """Nothing: it would write customers' numbers into the log."""

    def log_response(self, status_code: int, response: Any) -> None:
        """Nothing, as before."""

    def close(self) -> None:
        """Let the connections go."""
        self.session.close()


def connect(account: TwilioAccount) -> Any:
    """A client for this account; nothing is asked yet."""
    user, password = account.login
    return Client(user, password, account.account_sid, http_client=Http(account.base_url))


def ask(call: Callable[[], T], *, sends: bool) -> T:
    """What the call returns; DeliveryError for everything that may go wrong outside.

    ``sends``: the call has an effect, so that a lost answer leaves it unknown; else asking again is harmless.
    """
    try:
        return call()
    except (Refused, Unreadable, TwilioException, requests.RequestException, ValueError) as error:
        failed = _explained(error, sends=sends)
    # Raised out here, so that no traceback carries what the library says: it knows the number and the text.
    raise failed


def _explained(error: Exception, *, sends: bool) -> DeliveryError:
    if isinstance(error, Refused):
        return refusal(error.status, error.code, sends=sends, retry_after=error.retry_after)
    if isinstance(error, UnicodeEncodeError):
        return DeliveryError("the message has a character that cannot be sent", "message")
    if isinstance(error, requests.RequestException):
        return _unreached(error, sends=sends)
    return uncertain("Twilio's answer cannot be read", sends=sends)


def _unreached(error: requests.RequestException, *, sends: bool) -> DeliveryError:
    """Before the request went out, nothing was sent; afterwards nobody knows."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    unconnected = isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError)
    if unconnected or isinstance(reason, NewConnectionError):
        return DeliveryError("Twilio cannot be reached", "later")
    if isinstance(error, requests.exceptions.SSLError) and _is_mistrust(reason):
        words = "Twilio's certificate cannot be verified; is this machine's clock right?"
        return DeliveryError(words, "later", code="certificate")
    return uncertain("the connection to Twilio broke off", sends=sends)


def _is_mistrust(reason: Exception | None) -> bool:
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in getattr(reason, "args", ()))


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        content = json.loads(text)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _code(content: dict[str, Any] | None) -> int | None:
    """Twilio's code, which stands at the same place in its own form and in that of RFC 9457."""
    code = str((content or {}).get("code", ""))
    return int(code) if code.isascii() and code.isdecimal() else None


def _wait(headers: Any) -> timedelta | None:
    asked = str((headers or {}).get("Retry-After", ""))
    if not (asked.isascii() and asked.isdecimal()):
        return None
    return min(timedelta(seconds=min(int(asked), 10**6)), LONGEST_WAIT)
