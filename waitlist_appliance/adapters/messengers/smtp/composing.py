"""From a letter to the mail that goes over the wire."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from typing import Any, Final

from waitlist_appliance.adapters.messengers.smtp import addresses
from waitlist_appliance.adapters.messengers.smtp.account import SmtpAccount
from waitlist_appliance.adapters.messengers.smtp.addresses import BadAddress, MailAddress
from waitlist_appliance.ports import DeliveryError, Letter

ATTACHMENT = "invite.ics"
_LINE_BREAKS = re.compile(r"[\x00-\x1f\x7f\u0080-\u009f\u2028\u2029]+")
_WEB_ADDRESS = re.compile(r"https?://[!-;=?-~]+")  # visible ASCII without < and >
_KEY = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHOD = re.compile(rb"^METHOD:([A-Z]{3,20})\r?$", re.MULTILINE)


class _Verbatim(UnstructuredHeader, BaseHeader):
    """A header of web addresses: the usual folding would turn a long one into an encoded word, and break it."""

    def fold(self, *, policy: Any) -> str:
        return f"{self.name}: {self.replace(', ', f',{policy.linesep} ')}{policy.linesep}"


def _policy() -> EmailPolicy[EmailMessage[Any, Any]]:
    registry = HeaderRegistry()
    registry.map_to_type("list-unsubscribe", _Verbatim)
    return SMTP.clone(header_factory=registry)


POLICY: Final = _policy()


def recipient(letter: Letter) -> MailAddress:
    """Whom the letter goes to; DeliveryError ``dead`` for what is no address."""
    try:
        return addresses.read(letter.address)
    except BadAddress as error:
        raise DeliveryError(f"the email address cannot be right: {error}", "dead", code="address") from None


def sender(account: SmtpAccount) -> MailAddress:
    """Who writes: the one address that the account was checked for."""
    return addresses.read(account.sender)


def message_id(letter: Letter, account: SmtpAccount) -> str:
    """The same at every attempt, so that whoever receives it twice can tell."""
    key = letter.key if _KEY.fullmatch(letter.key) else hashlib.sha256(letter.key.encode()).hexdigest()[:32]
    return f"<{key}@{sender(account).domain}>"


def compose(letter: Letter, account: SmtpAccount, now: datetime) -> EmailMessage:
    """The mail: text, the same as HTML, and the calendar file twice (to be understood, and to be opened).

    DeliveryError: ``dead`` for the address, ``message`` for what cannot be written into a mail.
    """
    to = recipient(letter)
    try:
        mail = EmailMessage(policy=POLICY.clone(utf8=True) if to.needs_utf8 else POLICY)
        _add_headers(mail, letter, account, to, now)
        _add_parts(mail, letter)
        if letter.locale:  # last, since the parts begin by clearing what is said of the content
            mail["Content-Language"] = _one_line(letter.locale)
        mail.as_bytes()
    except (ValueError, LookupError) as error:
        raise DeliveryError(f"the message cannot be written as a mail ({type(error).__name__})", "message") from None
    return mail


def _add_headers(mail: EmailMessage, letter: Letter, account: SmtpAccount, to: MailAddress, now: datetime) -> None:
    mail["From"] = sender(account).named(_one_line(account.sender_name))
    mail["To"] = to.named()
    mail["Subject"] = _one_line(letter.subject or account.sender_name)
    mail["Date"] = now
    mail["Message-ID"] = message_id(letter, account)
    if account.reply_to:
        mail["Reply-To"] = addresses.read(account.reply_to).named()
    # Written by a machine: nobody's absence notice should answer it.
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if letter.unsubscribe:
        _add_unsubscribe(mail, letter.unsubscribe, account)


def _add_unsubscribe(mail: EmailMessage, url: str, account: SmtpAccount) -> None:
    """RFC 2369 and 8058: one click in the mail program, or a mail to whoever reads the answers."""
    if not _WEB_ADDRESS.fullmatch(url):
        raise ValueError("the address to unsubscribe at cannot stand in a header")
    ways = [f"<{url}>"]
    if account.reply_to and account.reply_to.isascii():
        ways.append(f"<mailto:{addresses.read(account.reply_to).spec}?subject=unsubscribe>")
    mail["List-Unsubscribe"] = ", ".join(ways)
    if url.startswith("https://"):
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _add_parts(mail: EmailMessage, letter: Letter) -> None:
    # Never 8bit: a server on the way that lacks it would have to rewrite what was signed.
    mail.set_content(letter.body, cte="quoted-printable")
    if letter.html:
        mail.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    if letter.attachment is None:
        return
    found = _METHOD.search(letter.attachment)
    method = found[1].decode("ascii") if found else "PUBLISH"
    mail.add_alternative(letter.attachment.decode("utf-8"), subtype="calendar", cte="base64", params={"method": method})
    mail.add_attachment(letter.attachment, maintype="application", subtype="ics", filename=ATTACHMENT)


def _one_line(text: str) -> str:
    return " ".join(_LINE_BREAKS.sub(" ", text).split())
