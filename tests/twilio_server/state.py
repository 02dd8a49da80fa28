"""What the server knows: the account, its messages, and the knobs a test may turn."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message as Headers
from typing import Any, Literal

from tests.twilio_server.errors import ApiError

Status = Literal[
    "accepted", "queued", "sending", "sent", "delivered", "undelivered", "failed", "read", "received",
]  # fmt: skip
FINAL = frozenset({"delivered", "undelivered", "failed", "read", "received"})
VERSION = "2010-04-01"


@dataclass
class Request:
    """One request as it arrived. ``operation`` is ``messages.create`` and so on, or "" for nothing known."""

    method: str
    path: str
    query: dict[str, str]
    headers: Headers
    form: dict[str, str]
    raw: bytes
    operation: str = ""
    operation_id: str = ""
    params: dict[str, str] = field(default_factory=dict)
    test_credentials: bool = False
    status: int | None = None


@dataclass
class Reply:
    """What goes back over the wire."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Message:
    """A message as the API shows it, and what was asked for with it."""

    sid: str
    direction: Literal["inbound", "outbound-api", "outbound-reply"]
    sender: str | None
    to: str
    body: str
    status: Status
    created_at: datetime
    service: str | None = None
    callback: str | None = None
    validity: int = 36000
    template: str | None = None
    variables: dict[str, str] = field(default_factory=dict)
    segments: int = 1
    sent_at: datetime | None = None
    updated_at: datetime | None = None
    error_code: int | None = None
    error_message: str | None = None
    price: str | None = None
    # What Twilio's network will make of it; None: it arrives.
    fate: int | None = None
    # The form as it was posted to our hook.
    posted: dict[str, str] = field(default_factory=dict)

    @property
    def outbound(self) -> bool:
        """Whether it goes to a customer."""
        return self.direction != "inbound"

    @property
    def whatsapp(self) -> bool:
        """Whether it travels over WhatsApp."""
        return self.to.startswith("whatsapp:")


@dataclass(frozen=True)
class Template:
    """A content template; ``body`` has its variables as ``{{1}}``."""

    sid: str
    body: str
    variables: tuple[str, ...]
    defaults: dict[str, str]
    approved: bool


@dataclass
class Outcome:
    """The next ``times`` messages to this number come to nothing with this code; None times: all of them."""

    code: int
    times: int | None


class World:
    """Everything behind the wire. ``lock`` guards it; a request takes effect under it in one piece."""

    def __init__(self, account_sid: str, auth_token: str, now: datetime | None) -> None:
        self.lock = threading.RLock()
        # None: real time.
        self.clock = now
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.violations: list[str] = []
        self.requests: list[Request] = []
        self.messages: dict[str, Message] = {}
        self.api_keys: dict[str, str] = {}
        self.test_credentials: tuple[str, str] | None = None
        self.numbers: set[str] = set()
        self.sms_urls: dict[str, str] = {}  # by number: where the owner lets incoming messages be posted to
        self.alphanumeric: set[str] = set()
        self.services: dict[str, tuple[str, ...]] = {}
        self.templates: dict[str, Template] = {}
        # (our number or Messaging Service, theirs): who said STOP.
        self.opted_out: set[tuple[str, str]] = set()
        # (our sender, theirs): when they last wrote on WhatsApp.
        self.last_written: dict[tuple[str, str], datetime] = {}
        self.refused: dict[str, int] = {}
        self.outcomes: dict[str, Outcome] = {}
        self.not_on_whatsapp: dict[str, int] = {}
        self.suspended = False
        # Messages wait in Twilio's queue and go nowhere.
        self.queue_held = False
        # A list with a time leaves out what has not been sent yet; the documents leave it open.
        self.hides_unsent = False
        # Refusals in the form of RFC 9457.
        self.problem_details = False
        self.price_per_segment = "0.0750"
        # Told of every message that was taken.
        self.taken: Callable[[str], object] = lambda sid: None
        self.counter = 0

    def now(self) -> datetime:
        """The server's now."""
        return self.clock or datetime.now(UTC)

    def next_sid(self, prefix: str = "SM") -> str:
        """Never the same twice, and the same in every run."""
        with self.lock:
            self.counter += 1
            return prefix + hashlib.md5(f"{self.account_sid}:{self.counter}".encode()).hexdigest()

    def message(self, sid: str) -> Message:
        """The message; 404 when there is none."""
        if sid not in self.messages:
            raise ApiError(20404, f"The requested resource /{VERSION}/Accounts/…/Messages/{sid}.json was not found")
        return self.messages[sid]


def blocked_by(world: World, sender: str) -> set[str]:
    """The names under which a STOP to this sender is kept: its own, and those of the services it belongs to."""
    services = {sid for sid, senders in world.services.items() if sender in senders}
    return services or {sender}


def bare(address: str) -> str:
    """The number in a channel address."""
    return address.removeprefix("whatsapp:")


def fields(values: dict[str, Any]) -> dict[str, str]:
    """A form without what is not there."""
    return {name: str(value) for name, value in values.items() if value is not None}
