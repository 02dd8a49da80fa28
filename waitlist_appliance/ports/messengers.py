"""Messengers: ways to reach a customer, and what comes back from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

from waitlist_appliance.ports.errors import OutsideError

# What a refusal means for the outbox. `dead`: this address never works; `opted_out`: its owner wants nothing more;
# `landline`: no text reaches it; `elsewhere`: this channel will not do, the next one may; `message`: this text cannot be
# sent, a person must look; `account`: nothing can be sent to anybody; `slow`: asked too often, nothing was sent; `later`:
# nothing was sent and it may work in a moment; `unknown`: it may have been sent: look it up before sending it again.
Verdict = Literal["dead", "opted_out", "landline", "elsewhere", "message", "account", "slow", "later", "unknown"]

# How far a message has come, as the provider tells it; never back (STATE_RANK).
State = Literal["queued", "sent", "delivered", "failed", "read"]
STATE_RANK: Mapping[str, int] = {"queued": 0, "sent": 1, "delivered": 2, "failed": 2, "read": 3}


class DeliveryError(OutsideError):
    """A message was not taken, or nobody knows. ``verdict`` decides what follows; ``code`` is the provider's own.

    ``message`` is for the log and carries neither credentials nor the text; ``retry_after`` is what the provider asked.
    """

    def __init__(
        self, message: str, verdict: Verdict, *, code: str | None = None, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(message, retryable=verdict in ("slow", "later", "unknown"))
        self.verdict: Verdict = verdict
        self.code = code
        self.retry_after = retry_after

    @property
    def account_fault(self) -> bool:
        """Whether nothing can be sent to anybody."""
        return self.verdict == "account"


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready to be handed over. ``key`` is the same at every attempt, so that a provider can tell repeats.

    ``address``: E.164 for sms and whatsapp, an email address for email. ``kind`` and ``locale`` choose an approved
    template where one is needed, ``variables`` fill it ("1" → text); ``in_session``: the customer wrote within 24 hours,
    so free text may go by WhatsApp. ``valid_for``: what is left of an offer; later it must not arrive. ``callback``:
    where the provider tells what became of it. ``unsubscribe``: the one-click address of an email.
    """

    key: str
    channel: str
    address: str
    subject: str | None
    body: str
    attachment: bytes | None = None
    html: str | None = None
    kind: str = ""
    locale: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    in_session: bool = False
    valid_for: timedelta | None = None
    callback: str | None = None
    unsubscribe: str | None = None


@dataclass(frozen=True, slots=True)
class Handed:
    """The provider has it, under this id. ``segments``: what is billed, None where the provider does not say."""

    provider_id: str
    state: State = "sent"
    segments: int | None = None


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a message; ``verdict`` only with ``failed``."""

    provider_id: str
    state: State
    code: str | None = None
    verdict: Verdict | None = None
    segments: int | None = None


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message from a customer. ``address`` as the provider tells it; ``aliases``: other names of the same sender
    (WhatsApp's id); ``answers``: the provider's id of our message that it answers; ``payload``: what a button carries;
    ``opt_out``: the provider itself understood STOP or START ("stop", "start") and has answered."""

    provider_id: str
    channel: str
    address: str
    body: str
    received_at: datetime
    aliases: tuple[str, ...] = ()
    answers: str | None = None
    payload: str | None = None
    opt_out: Literal["stop", "start"] | None = None


class Messenger(Protocol):
    """A way to reach customers on one channel. Every call may raise DeliveryError; none is made inside a transaction."""

    def send(self, letter: Letter, now: datetime) -> Handed:
        """Hand the letter over."""

    def look_up(self, letter: Letter, since: datetime) -> Handed | None:
        """The letter as the provider has it after an attempt whose end nobody knows; None when it never arrived."""

    def fates(self, provider_ids: Sequence[str]) -> Sequence[Fate]:
        """What became of these, as far as the provider tells; for callbacks that were lost."""

    def inbound(self, since: datetime) -> Sequence[Inbound]:
        """What customers sent since then; for hooks that were lost."""
