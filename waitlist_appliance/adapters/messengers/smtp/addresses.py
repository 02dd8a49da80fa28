"""Email addresses as a mail server takes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.headerregistry import Address

LONGEST_LOCAL = 64
LONGEST = 254
# What may stand before the @ without quotes; every other sign is refused rather than quoted.
_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+")
_DOMAIN = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")
_INVISIBLE = re.compile(r"[\s\u0080-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


class BadAddress(ValueError):
    """No address that mail can go to."""


@dataclass(frozen=True, slots=True)
class MailAddress:
    """A checked address; the domain is in its ASCII form."""

    local: str
    domain: str

    @property
    def spec(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def needs_utf8(self) -> bool:
        """Whether only a server with SMTPUTF8 can take it."""
        return not self.local.isascii()

    def named(self, name: str = "") -> Address:
        """The address as a header carries it, with a name in front."""
        return Address(display_name=name, username=self.local, domain=self.domain)


def read(text: str) -> MailAddress:
    """The one address in the text; BadAddress for anything else (a list, a name in front, a line break)."""
    local, at, domain = text.strip(" ").rpartition("@")
    if not at or _INVISIBLE.search(local + domain):
        raise BadAddress("this is no email address")
    wrong_dots = local.startswith(".") or local.endswith(".") or ".." in local
    if wrong_dots or not _LOCAL.fullmatch(local) or len(local.encode()) > LONGEST_LOCAL:
        raise BadAddress("the part before the @ cannot be right")
    found = MailAddress(local, _ascii_domain(domain))
    if len(found.spec.encode()) > LONGEST:
        raise BadAddress("the address is too long")
    return found


def _ascii_domain(domain: str) -> str:
    try:
        ascii_form = domain.encode("idna").decode("ascii")
        # Some letters (ß) would come out as another domain, which may be somebody else's.
        if ascii_form.encode("ascii").decode("idna") != domain.lower():
            raise BadAddress("the domain cannot be written in ASCII")
    except UnicodeError:
        raise BadAddress("the part after the @ cannot be right") from None
    if not _DOMAIN.fullmatch(ascii_form):
        raise BadAddress("the part after the @ cannot be right")
    return ascii_form.lower()
