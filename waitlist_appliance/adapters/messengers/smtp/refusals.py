"""What a mail server's refusal means. The one dictionary of SMTP codes (RFC 5321, enhanced codes RFC 3463)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from waitlist_appliance.ports import DeliveryError, Verdict

Stage = Literal["greeting", "hello", "encryption", "login", "sender", "recipient", "text"]
BACK_OFF: Final = timedelta(minutes=5)
LONGEST_REASON = 160

_ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_RELAY = re.compile(r"relay|authenticat(?:ion|e) (?:is )?required|not authenticated", re.IGNORECASE)
_TOO_MUCH = re.compile(
    r"too many (?:\w+ )?(?:messages|mails|emails|connections|recipients|logins?|attempts|requests)|rate limit|sending limit"
    r"|throttl|slow down",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[^\s<>:;,\"']+@[^\s<>:;,\"']+")
_UNWRITABLE = re.compile(r"[^\x20-\x7e]+")
# Of the recipient, whatever else is said: no such mailbox or domain, moved away, closed.
_DEAD: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
# Reachable some day, not by this mail now: full mailbox, no way there, refused by the receiver's own rules.
_ELSEWHERE: Final = frozenset({"5.2.0", "5.2.2", "5.4.4", "5.4.6", "5.4.14", "5.7.1"})
# The sender is not trusted (SPF, DKIM, DMARC, block lists, missing login): true of every mail.
_ACCOUNT: Final = frozenset(
    {"5.1.7", "5.1.8", "5.7.0", "5.7.8", "5.7.9", "5.7.11", "5.7.14", "5.7.20", "5.7.21", "5.7.22", "5.7.23", "5.7.25",
     "5.7.26", "5.7.27", "5.7.57", "5.7.60"}
)  # fmt: skip
_DAILY_LIMIT: Final = frozenset({"5.4.5", "5.7.705"})


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's answer; ``enhanced`` is its code after the code ("5.1.1"), empty where there is none."""

    code: int
    enhanced: str
    text: str

    @classmethod
    def of(cls, code: int, said: bytes | str) -> Reply:
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        found = _ENHANCED.search(text)
        return cls(code, found[1] if found else "", text)

    @property
    def name(self) -> str:
        return f"{self.code} {self.enhanced}".strip()

    @property
    def reason(self) -> str:
        """What it says, without addresses, short enough for a log."""
        plain = _UNWRITABLE.sub(" ", _ADDRESS.sub("(address)", self.text))
        return " ".join(plain.split())[:LONGEST_REASON]


def refusal(reply: Reply, stage: Stage) -> DeliveryError:
    """The refusal as the outbox understands it."""
    verdict = verdict_of(reply, stage)
    said = reply.name if stage == "login" else f"{reply.name}: {reply.reason}"
    words = f"the mail server refuses {_WHAT[stage]} ({said})"
    return DeliveryError(words, verdict, code=reply.name, retry_after=BACK_OFF if verdict == "slow" else None)


def verdict_of(reply: Reply, stage: Stage) -> Verdict:
    """What follows from this answer at this step."""
    if reply.code < 400 or reply.code >= 600:  # an answer out of turn
        return "later"
    if _asks_for_less(reply):
        return "slow"
    if reply.code < 500:
        return "later"
    if stage == "recipient":
        return _of_recipient(reply)
    return _of_text(reply) if stage == "text" else "account"


def _asks_for_less(reply: Reply) -> bool:
    if reply.enhanced in _DAILY_LIMIT:
        return True
    # 451 with 4.7.x is how greylisting speaks: it wants the same mail again, not fewer mails.
    busy = reply.code in (421, 450, 452, 454) and reply.enhanced.startswith("4.7.")
    return busy or (400 <= reply.code < 600 and bool(_TOO_MUCH.search(reply.text)))


def _of_recipient(reply: Reply) -> Verdict:
    if reply.enhanced in _DEAD:
        return "dead"
    if reply.code == 530 or reply.enhanced in _ACCOUNT or _RELAY.search(reply.text):
        return "account"
    if reply.code == 552 and reply.enhanced != "5.2.2":
        return "message"
    if reply.enhanced in _ELSEWHERE or reply.enhanced.startswith("5.7."):
        return "elsewhere"
    return "dead"


def _of_text(reply: Reply) -> Verdict:
    """After the whole mail: usually its content; some servers judge sender and recipient only here."""
    if reply.enhanced in _DEAD:
        return "dead"
    if reply.code == 530 or reply.enhanced in _ACCOUNT:
        return "account"
    if reply.enhanced == "5.2.2":
        return "elsewhere"
    return "message"


_WHAT: Final[dict[Stage, str]] = {
    "greeting": "the connection", "hello": "our greeting", "encryption": "encryption",
    "login": "the user name or password", "sender": "the sender", "recipient": "the recipient", "text": "the message",
}  # fmt: skip
