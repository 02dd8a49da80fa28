"""The Twilio account: what the owner typed in, checked before anything is sent with it."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from waitlist_appliance.ports.accounts import BadAccount
from waitlist_appliance.texts.catalogues import N_

API: Final = "https://api.twilio.com"
FASTEST: Final = 1000.0
_ACCOUNT = re.compile(r"AC[0-9a-f]{32}")
_KEY = re.compile(r"SK[0-9a-f]{32}")
_SERVICE = re.compile(r"MG[0-9a-f]{32}")
_SECRET = re.compile(r"[!-~]{16,128}")
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_SHORT_CODE = re.compile(r"\d{3,8}")
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
_SIGNS_IN_NUMBERS = re.compile(r"[\s().\-/]")
_TEXTS: Final = (
    "account_sid", "auth_token", "api_key_sid", "api_key_secret", "messaging_service_sid", "base_url",
)  # fmt: skip

NO_ACCOUNT = N_(
    "The account SID begins with AC and has 32 digits and letters a to f after it; Twilio's console shows it."
)
NO_SECRET = N_("Please give the auth token, or an API key and its secret; Twilio's console shows them.")
BAD_TOKEN = N_("This is no auth token; Twilio's console shows it next to the account SID.")
BAD_KEY = N_("The SID of an API key begins with SK and has 32 digits and letters a to f after it.")
HALF_KEY = N_("An API key and its secret belong together: please give both, or neither.")
NO_SENDER = N_("Please give a number or a messaging service that text messages come from, or a WhatsApp number.")
BAD_SMS_SENDER = N_(
    "Please give the number with its country code, such as +34911230000, a short code or a sender name."
)
BAD_SERVICE = N_("The SID of a messaging service begins with MG and has 32 digits and letters a to f after it.")
BAD_WHATSAPP_SENDER = N_("Please give the WhatsApp number with its country code, such as +34911230000.")
BAD_PACE = N_("Please give how many text messages a second the number may send, such as 1.")
BAD_ADDRESS = N_("The address must begin with https://.")


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """How to reach Twilio and who writes: ``sms_from`` (a number, a short code or a name) or a messaging service for SMS,
    ``whatsapp_from`` (E.164) for WhatsApp. An API key is used in place of the auth token where there is one; only the
    auth token can tell genuine hooks. ``base_url`` replaces Twilio's own address."""

    account_sid: str
    auth_token: str = field(default="", repr=False)
    api_key_sid: str = ""
    api_key_secret: str = field(default="", repr=False)
    sms_from: str = ""
    messaging_service_sid: str = ""
    whatsapp_from: str = ""
    sms_per_second: float = 1.0
    base_url: str = API

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> TwilioAccount:
        """The account out of a form or the vault; BadAccount with a sentence for every field at fault."""
        text = {name: str(given.get(name) or "").strip() for name in _TEXTS}
        account = cls(
            account_sid=text["account_sid"], auth_token=text["auth_token"], api_key_sid=text["api_key_sid"],
            api_key_secret=text["api_key_secret"], messaging_service_sid=text["messaging_service_sid"],
            sms_from=_sender(given.get("sms_from")), whatsapp_from=_sender(given.get("whatsapp_from")),
            sms_per_second=_pace(given.get("sms_per_second")), base_url=(text["base_url"] or API).rstrip("/"),
        )  # fmt: skip
        problems = account.problems()
        if problems:
            raise BadAccount(problems)
        return account

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels on which this account can write."""
        sms = ("sms",) if self.sms_from or self.messaging_service_sid else ()
        return (*sms, "whatsapp") if self.whatsapp_from else sms

    @property
    def login(self) -> tuple[str, str]:
        """User and password for the API."""
        if self.api_key_sid:
            return self.api_key_sid, self.api_key_secret
        return self.account_sid, self.auth_token

    @property
    def is_rehearsal(self) -> bool:
        """Whether messages go to this very machine rather than into the world."""
        return _is_loopback(urlsplit(self.base_url).hostname or "")

    def problems(self) -> dict[str, str]:
        """What is wrong, by field; empty when the account can be tried."""
        found = {
            "account_sid": "" if _ACCOUNT.fullmatch(self.account_sid) else NO_ACCOUNT,
            "auth_token": self._token_problem(),
            "api_key_sid": "" if not self.api_key_sid or _KEY.fullmatch(self.api_key_sid) else BAD_KEY,
            "api_key_secret": self._key_problem(),
            "sms_from": self._sms_problem(),
            "messaging_service_sid": self._service_problem(),
            "whatsapp_from": ""
            if not self.whatsapp_from or _NUMBER.fullmatch(self.whatsapp_from)
            else BAD_WHATSAPP_SENDER,
            "sms_per_second": "" if 0 < self.sms_per_second <= FASTEST else BAD_PACE,
            "base_url": "" if _is_safe(self.base_url) else BAD_ADDRESS,
        }
        return {name: sentence for name, sentence in found.items() if sentence}

    def _token_problem(self) -> str:
        if not self.auth_token:
            return "" if self.api_key_sid or self.api_key_secret else NO_SECRET
        return "" if _SECRET.fullmatch(self.auth_token) else BAD_TOKEN

    def _key_problem(self) -> str:
        together = bool(self.api_key_sid) == bool(self.api_key_secret)
        return "" if together and (not self.api_key_secret or _SECRET.fullmatch(self.api_key_secret)) else HALF_KEY

    def _sms_problem(self) -> str:
        if not self.channels:
            return NO_SENDER
        known = (_NUMBER, _SHORT_CODE, _NAME)
        return "" if not self.sms_from or any(kind.fullmatch(self.sms_from) for kind in known) else BAD_SMS_SENDER

    def _service_problem(self) -> str:
        sid = self.messaging_service_sid
        return "" if not sid or _SERVICE.fullmatch(sid) else BAD_SERVICE


def _sender(given: object) -> str:
    """The sender as Twilio names it: a number without spaces, or a name as it was typed."""
    text = str(given or "").strip().removeprefix("whatsapp:")
    return text if any(char.isalpha() for char in text) else _SIGNS_IN_NUMBERS.sub("", text)


def _pace(given: object) -> float:
    """Nothing given is a long code's pace; what is no number is 0, which is refused."""
    if given in (None, ""):
        return 1.0
    try:
        pace = float(str(given).replace(",", "."))
    except ValueError:
        return 0.0
    return pace if math.isfinite(pace) else 0.0


def _is_safe(address: str) -> bool:
    """Credentials and texts go out encrypted, or no further than this machine."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    if not parts.hostname or port == 0 or parts.username or parts.query or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
