"""What becomes of a message after it was taken, and the status callbacks that tell it."""

from __future__ import annotations

import random
from collections.abc import Container
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from tests.twilio_server.creating import assign_sender
from tests.twilio_server.errors import OUTCOMES
from tests.twilio_server.posting import Answer, Postman
from tests.twilio_server.state import FINAL, VERSION, Message, Status, World, bare, fields

WAY: tuple[Status, ...] = ("accepted", "queued", "sending", "sent", "delivered", "read")


@dataclass
class Callback:
    """One status callback, posted or still to be."""

    sid: str
    status: str
    address: str
    form: dict[str, str]
    answers: list[Answer] = field(default_factory=list)


@dataclass
class Disturbance:
    """Chances with which callbacks are lost or come twice, and whether their order is lost."""

    seed: int
    lose: float = 0.0
    duplicate: float = 0.0
    shuffle: bool = False

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    def of(self, callbacks: list[Callback]) -> list[Callback]:
        """What is left of these callbacks, in the order in which they come."""
        kept = [callback for callback in callbacks if self._dice.random() >= self.lose]
        kept += [callback for callback in kept if self._dice.random() < self.duplicate]
        if self.shuffle:
            self._dice.shuffle(kept)
        return kept


class Network:
    """The carriers behind one account. ``pending`` are the callbacks not posted yet; a test may edit it."""

    def __init__(self, world: World, postman: Postman) -> None:
        self.world = world
        self.postman = postman
        self.pending: list[Callback] = []
        self.posted: list[Callback] = []
        self.disturbance: Disturbance | None = None
        # Carriers that never confirm: these messages stay "sent".
        self.without_receipts: set[str] = set()

    def progress(self, sid: str | None, until: Status) -> None:
        """Every message under way (or this one) goes on, at most to ``until``."""
        with self.world.lock:
            chosen = list(self.world.messages.values()) if sid is None else [self.world.messages[sid]]
            for message in chosen:
                if message.outbound:
                    self._walk(message, until)

    def expire(self) -> None:
        """What has waited longer than its ValidityPeriod in Twilio's queue is given up."""
        with self.world.lock:
            for message in self.world.messages.values():
                if message.status in ("accepted", "queued") and self._too_old(message):
                    self.fail(message, 30036)

    def fail(self, message: Message, code: int) -> None:
        """The message comes to nothing with this code."""
        status, wording = OUTCOMES.get(code, ("undelivered", "Unknown error"))
        message.error_code, message.error_message = code, wording
        self.reach(message, "failed" if status == "failed" else "undelivered")

    def reach(self, message: Message, status: Status) -> None:
        """The message gets this status, and the callback about it waits to be posted."""
        world = self.world
        message.status, message.updated_at = status, world.now()
        if status in ("sending", "sent"):
            assign_sender(world, message)
        if status == "sent":
            message.sent_at = world.now()
            message.price = str(-Decimal(world.price_per_segment) * message.segments)
        if message.callback:
            self.pending.append(Callback(message.sid, status, message.callback, self._form(message)))

    def deliver(self, sid: str | None, *, reverse: bool, times: int, lose: Container[str]) -> list[Callback]:
        """Post what waits; lost callbacks are forgotten."""
        with self.world.lock:
            due = [callback for callback in self.pending if sid in (None, callback.sid)]
            self.pending[:] = [callback for callback in self.pending if sid not in (None, callback.sid)]
        kept = [callback for callback in due if callback.status not in lose for _ in range(times)]
        kept = kept[::-1] if reverse else kept
        if self.disturbance is not None:
            kept = self.disturbance.of(kept)
        # Not under the lock: the hook may well ask this server something.
        for callback in kept:
            callback.answers += self.postman.post(callback.address, callback.form)
        with self.world.lock:
            self.posted += kept
        return kept

    def _walk(self, message: Message, until: Status) -> None:
        while message.status not in FINAL and WAY.index(message.status) < WAY.index(until):
            if not self._step(message):
                return

    def _step(self, message: Message) -> bool:
        waiting = message.status in ("accepted", "queued")
        if waiting and self._too_old(message):
            self.fail(message, 30036)
        elif waiting and self.world.suspended:
            self.fail(message, 30002)
        elif waiting and self.world.queue_held:
            return False
        elif message.fate and message.status == ("sending" if _fails_early(message.fate) else "sent"):
            self.fail(message, message.fate)
        elif message.status == "sent" and bare(message.to) in self.without_receipts:
            return False
        else:
            self.reach(message, WAY[WAY.index(message.status) + 1])
        return True

    def _too_old(self, message: Message) -> bool:
        return self.world.now() - message.created_at > timedelta(seconds=message.validity)

    def _form(self, message: Message) -> dict[str, str]:
        own = {
            "MessageSid": message.sid, "SmsSid": message.sid, "MessageStatus": message.status,
            "SmsStatus": message.status, "To": message.to, "From": message.sender, "ErrorCode": message.error_code,
            "ErrorMessage": message.error_message, "MessagingServiceSid": message.service,
            "AccountSid": self.world.account_sid, "ApiVersion": VERSION,
        }  # fmt: skip
        if message.whatsapp:
            own |= {"ChannelPrefix": "whatsapp", "ChannelToAddress": message.to}
            own["EventType"] = message.status.upper()
        elif message.status in ("delivered", "undelivered"):
            own["RawDlrDoneDate"] = self.world.now().strftime("%y%m%d%H%M")
        return fields(own)


def _fails_early(code: int) -> bool:
    """Whether it never left Twilio."""
    return OUTCOMES.get(code, ("undelivered", ""))[0] == "failed"
