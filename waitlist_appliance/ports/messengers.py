"""Messengers: ways to reach a customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from waitlist_appliance.ports.errors import OutsideError


class DeliveryError(OutsideError):
    """A message was not taken. ``account_fault`` means that nothing can be sent to anybody."""

    def __init__(self, message: str, *, retryable: bool, account_fault: bool = False) -> None:
        super().__init__(message, retryable=retryable)
        self.account_fault = account_fault


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready to be handed over. ``key`` is the same at every attempt, so that a provider can tell repeats."""

    key: str
    channel: str
    address: str
    subject: str | None
    body: str
    attachment: bytes | None = None


class Messenger(Protocol):
    """A way to reach a customer on one channel."""

    def send(self, letter: Letter, now: datetime) -> str:
        """Hand the letter over; the provider's id for it. Raises DeliveryError."""
