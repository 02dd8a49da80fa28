"""The mail account: what the owner typed in, checked before anything is sent with it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from waitlist_appliance.adapters.messengers.smtp import addresses
from waitlist_appliance.ports.accounts import BadAccount
from waitlist_appliance.texts.catalogues import N_

Security = Literal["starttls", "tls", "none"]
PORTS: Final[Mapping[str, int]] = {"starttls": 587, "tls": 465, "none": 25}
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0080-\u009f\u2028\u2029\ud800-\udfff]")
_YES = frozenset({True, "1", "true", "on", "yes"})

NO_HOST = N_("Please give the name of the mail server, such as smtp.example.org.")
NO_PORT = N_("The port is a number from 1 to 65535; usually 587, or 465.")
NO_SECURITY = N_("Please choose STARTTLS, TLS or no encryption.")
UNENCRYPTED = N_("Without encryption only a mail server on this machine or in your own network can be used.")
NOT_ALLOWED = N_("Sending without encryption must be allowed explicitly.")
NO_SENDER = N_("Please give the email address that the messages come from.")
BAD_REPLY_TO = N_("This is no email address. Leave it empty if answers may go to the sender.")
BAD_NAME = N_("The name must be one line of at most 100 characters.")
HALF_LOGIN = N_("User name and password belong together: please give both, or neither.")
BAD_LOGIN = N_("The user name or the password has a character that cannot be used.")


@dataclass(frozen=True, slots=True)
class SmtpAccount:
    """How to reach the mail server and who writes. ``security`` none only with ``allow_unencrypted``, and only where the
    server turns out to be this machine or in a private network."""

    host: str
    port: int
    security: Security
    sender: str
    sender_name: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    reply_to: str = ""
    allow_unencrypted: bool = False

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> SmtpAccount:
        """The account out of a form or the vault; BadAccount with a sentence for every field at fault."""
        text = {name: str(given.get(name) or "").strip(" \t") for name in _TEXTS}
        security = text["security"].lower() or "starttls"
        account = cls(
            host=text["host"].rstrip(".").lower(), port=_port(text["port"], security),
            security=cast(Security, security), sender=text["sender"], sender_name=text["sender_name"],
            username=text["username"], password=str(given.get("password") or ""), reply_to=text["reply_to"],
            allow_unencrypted=given.get("allow_unencrypted") in _YES,
        )  # fmt: skip
        problems = account.problems()
        if problems:
            raise BadAccount(problems)
        return account

    def problems(self) -> dict[str, str]:
        """What is wrong, by field; empty when the account can be tried."""
        found = {
            "host": "" if _HOST.fullmatch(self.host) or is_address(self.host) else NO_HOST,
            "port": "" if 0 < self.port < 65536 else NO_PORT,
            "security": self._security_problem(),
            "sender": "" if _is_mail_address(self.sender) else NO_SENDER,
            "sender_name": BAD_NAME if _CONTROL.search(self.sender_name) or len(self.sender_name) > 100 else "",
            "reply_to": "" if not self.reply_to or _is_mail_address(self.reply_to) else BAD_REPLY_TO,
            "username": HALF_LOGIN if bool(self.username) != bool(self.password) else "",
            "password": BAD_LOGIN if _CONTROL.search(self.username + self.password) else "",
        }
        return {name: sentence for name, sentence in found.items() if sentence}

    def _security_problem(self) -> str:
        if self.security not in PORTS:
            return NO_SECURITY
        if self.security != "none":
            return ""
        if not self.allow_unencrypted:
            return NOT_ALLOWED
        return UNENCRYPTED if is_address(self.host) and not is_near(self.host) else ""


_TEXTS: Final = ("host", "port", "security", "sender", "sender_name", "username", "reply_to")


def is_address(host: str) -> bool:
    """Whether the host is an IP address rather than a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_near(address: str) -> bool:
    """Whether the IP address is this machine's or of a private network."""
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    near = mapped or found
    return near.is_loopback or near.is_link_local or (near.is_private and not near.is_unspecified)


def _port(text: str, security: str) -> int:
    if not text:
        return PORTS.get(security, 587)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0


def _is_mail_address(text: str) -> bool:
    try:
        # With signs outside ASCII before the @, only some servers could take any of our mails.
        return not addresses.read(text).needs_utf8
    except addresses.BadAddress:
        return False
