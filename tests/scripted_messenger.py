"""A messenger that takes what it is given, unless told otherwise: for what the simulator's phones cannot show."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from waitlist_appliance.ports import DeliveryError, Fate, Handed, Inbound, Letter, State
from waitlist_appliance.services.appliance import Appliance

CHANNELS = ("sms", "whatsapp", "email")


@dataclass
class ScriptedMessenger:
    """``refuse`` is asked about every letter; ``told`` and ``wrote`` are what the provider knows of ours and theirs."""

    refuse: Callable[[Letter], DeliveryError | None] = lambda letter: None
    state: State = "queued"
    seconds: float = 0.0
    provider: str = "scripted"
    sent: list[Letter] = field(default_factory=list)
    asked_at: list[datetime] = field(default_factory=list)
    told: list[Fate] = field(default_factory=list)
    wrote: list[Inbound] = field(default_factory=list)
    found: Handed | None = None
    trouble: DeliveryError | None = None
    most_at_once: int = 0
    _at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, letter: Letter, now: datetime) -> Handed:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        time.sleep(self.seconds)
        try:
            error = self.refuse(letter)
        finally:
            with self._lock:
                self._at_once -= 1
        if error is not None:
            raise error
        with self._lock:
            self.sent.append(letter)
        return Handed(f"SM-{letter.key}", self.state)

    def look_up(self, letter: Letter, since: datetime) -> Handed | None:
        if self.trouble is not None:
            raise self.trouble
        return self.found

    def fates(self, provider_ids: Sequence[str]) -> Sequence[Fate]:
        if self.trouble is not None:
            raise self.trouble
        return [fate for fate in self.told if fate.provider_id in provider_ids]

    def inbound(self, since: datetime) -> Sequence[Inbound]:
        self.asked_at.append(since)
        return [inbound for inbound in self.wrote if inbound.received_at >= since]

    def kinds(self, address: str) -> list[str]:
        """What was said to this address, by kind."""
        return [letter.kind for letter in self.sent if letter.address == address]


def connect(box: Appliance, messenger: ScriptedMessenger, *channels: str) -> Appliance:
    """The box with this messenger on the channels, and nothing on the others."""
    return replace(box, messengers=dict.fromkeys(channels or CHANNELS, messenger))
