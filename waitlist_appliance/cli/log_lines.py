"""What a line of the log looks like, and the second wall that keeps secrets and people out of it.

The first wall is that nobody hands them to the log. This one is for what nobody foresaw: the message of an exception
that repeats its input, a library that tells of its requests.
"""

from __future__ import annotations

import logging
import re
from typing import Final

# Libraries that tell of requests, headers, statements and forms when they are asked for details. Nobody needs those
# from them, whatever level our own lines are at.
TALKATIVE: Final = (
    "urllib3", "requests", "requests_oauthlib", "oauthlib", "httplib2", "google", "google_auth_httplib2", "googleapiclient",
    "twilio", "peewee", "asyncio", "huey", "apprise",
)  # fmt: skip
_NAMES: Final = (
    r"access_token|refresh_token|id_token|auth_token|api_key|client_secret|csrf_token|signature|password|passphrase|"
    r"secret|token|x-api-key|waitlist_\w+"
)
_MASKS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    # links of customers, keys of programs
    (re.compile(r"\b(wlk?_)[\w-]{16,}"), r"\1…"),
    # one-time links of staff
    (re.compile(r"(/welcome/)[^/\s?\"']+"), r"\1…"),
    # user and password in an address
    (re.compile(r"(://)[^/\s@\"']+@"), r"\1…@"),
    # headers that open something, to the end of their line
    (re.compile(r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)([\"']?\s*[=:]\s*).+"), r"\1\2…"),
    (re.compile(r"(?i)\b(bearer|basic|digest)\s+[\w~+/.=-]{6,}"), r"\1 …"),
    # what is told in an address, in a form, in JSON or as a Python value
    (re.compile(r"([?&](?:code|state|sig|key)=)[^\s&\"'#]+"), r"\1…"),
    (re.compile(rf"(?i)\b({_NAMES})([\"']?\s*[=:]\s*)(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s\"'&,;}})]+)"), r"\1\2…"),
    # people: an address keeps its host, a number its country and its end
    (re.compile(r"[\w.+-]+@(?=[\w-]+\.[\w.-]+)"), "…@"),
    (re.compile(r"(?<![\w.])(\+\d{2})\d{5,11}(\d{2})\b"), r"\1…\2"),
    # anything long that chance has made: sessions, hashes of them, provider's tokens; a Twilio id may stay
    (
        re.compile(r"(?<![\w/.-])(?![A-Z]{2}[0-9a-f]{32}\b)(?=[\w-]*\d)(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{28,}"),
        "…",
    ),
)


class Lines(logging.Formatter):
    """Level, logger and message, and a traceback where there is one; nothing in it that opens or names anybody."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:
        """One line, whatever somebody has put into it; only a traceback has more."""
        return super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n")


def masked(text: str) -> str:
    """The text without secrets, phone numbers and names of mail boxes, as far as their form gives them away."""
    for pattern, instead in _MASKS:
        text = pattern.sub(instead, text)
    return text


def quiet_libraries() -> None:
    """Of libraries only what went wrong, whatever level our own lines are at."""
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    # One line per request that had to wait a moment is noise.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
