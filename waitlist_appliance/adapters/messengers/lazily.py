"""Whoever is connected now: accounts are read again when they change, their libraries loaded when something is sent."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import Final

from waitlist_appliance.ports import DeliveryError, Fate, Handed, Inbound, Letter, Messenger
from waitlist_appliance.ports.accounts import BadAccount

log = logging.getLogger(__name__)

# The approved WhatsApp template for a kind of message and a language; None: there is none.
Templates = Callable[[str, str], str | None]
CHANNELS: Final = ("sms", "whatsapp", "email")
# Provider → the channels that it may serve; an account that cannot be read counts for all of them.
SERVES: Final[Mapping[str, tuple[str, ...]]] = {"twilio": ("sms", "whatsapp"), "smtp": ("email",)}


@dataclass(frozen=True, slots=True)
class Accounts:
    """Where the accounts are. ``version`` changes with any of them, and is cheap to ask for; it names those that are
    connected. ``settings`` gives one with its secrets, and raises ``unreadable`` where the key does not open it."""

    version: Callable[[], Mapping[str, object]]
    settings: Callable[[str], Mapping[str, str]]
    unreadable: type[Exception]


class LazyMessenger:
    """ports.Messenger. ``make`` imports and builds the real one; may be used from several threads."""

    simulated = False

    def __init__(self, provider: str, make: Callable[[], Messenger]) -> None:
        self.provider = provider
        self._make = make

    @cached_property
    def _real(self) -> Messenger:
        return self._make()

    def send(self, letter: Letter, now: datetime) -> Handed:
        return self._real.send(letter, now)

    def look_up(self, letter: Letter, since: datetime) -> Handed | None:
        return self._real.look_up(letter, since)

    def fates(self, provider_ids: Sequence[str]) -> Sequence[Fate]:
        return self._real.fates(provider_ids)

    def inbound(self, since: datetime) -> Sequence[Inbound]:
        return self._real.inbound(since)

    def close(self) -> None:
        """Let the connections go, where there are any."""
        close = getattr(self.__dict__.get("_real"), "close", None)
        if close is not None:
            close()


class BrokenMessenger:
    """ports.Messenger for an account that is connected and cannot be used: every message waits for a person."""

    simulated = False

    def __init__(self, provider: str, words: str) -> None:
        self.provider = provider
        self._words = words

    def send(self, letter: Letter, now: datetime) -> Handed:
        raise self._error()

    def look_up(self, letter: Letter, since: datetime) -> Handed | None:
        raise self._error()

    def fates(self, provider_ids: Sequence[str]) -> Sequence[Fate]:
        raise self._error()

    def inbound(self, since: datetime) -> Sequence[Inbound]:
        raise self._error()

    def _error(self) -> DeliveryError:
        return DeliveryError(self._words, "account", code="vault")


class ConnectedMessengers(Mapping[str, Messenger]):
    """Channel → messenger. The simulator on every channel while nothing is connected; then a channel without an account
    is not there: a message must never seem to have been sent."""

    def __init__(self, accounts: Accounts, simulator: Messenger, templates: Templates) -> None:
        self._accounts, self._templates = accounts, templates
        self._simulated: Mapping[str, Messenger] = dict.fromkeys(CHANNELS, simulator)
        self._lock = threading.Lock()
        self._version: Mapping[str, object] = {}
        self._present: Mapping[str, Messenger] = self._simulated

    def __getitem__(self, channel: str) -> Messenger:
        return self._now()[channel]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())

    def _now(self) -> Mapping[str, Messenger]:
        version = self._accounts.version()
        with self._lock:
            if version != self._version:
                before, self._present = self._present, self._connect(version)
                self._version = version
                for messenger in before.values():
                    if isinstance(messenger, LazyMessenger):
                        messenger.close()
            return self._present

    def _connect(self, version: Mapping[str, object]) -> Mapping[str, Messenger]:
        if not version:
            return self._simulated
        found: dict[str, Messenger] = {}
        for provider in version:
            try:
                found |= self._of(provider, self._accounts.settings(provider))
            except (self._accounts.unreadable, BadAccount) as error:
                log.error("the account of %s cannot be used: %s", provider, type(error).__name__)
                broken = BrokenMessenger(provider, f"the account of {provider} cannot be read")
                found |= dict.fromkeys(SERVES[provider], broken)
        return found

    def _of(self, provider: str, settings: Mapping[str, str]) -> Mapping[str, Messenger]:
        return self._twilio(settings) if provider == "twilio" else self._smtp(settings)

    def _twilio(self, settings: Mapping[str, str]) -> Mapping[str, Messenger]:
        from waitlist_appliance.adapters.messengers.twilio.account import TwilioAccount

        account = TwilioAccount.from_mapping(settings)

        def make(channel: str) -> Messenger:
            from waitlist_appliance.adapters.messengers.twilio import TwilioMessenger

            return TwilioMessenger(account, channel, self._templates)

        return {channel: LazyMessenger("twilio", partial(make, channel)) for channel in account.channels}

    def _smtp(self, settings: Mapping[str, str]) -> Mapping[str, Messenger]:
        from waitlist_appliance.adapters.messengers.smtp.account import SmtpAccount

        account = SmtpAccount.from_mapping(settings)

        def make() -> Messenger:
            from waitlist_appliance.adapters.messengers.smtp import SmtpMessenger

            return SmtpMessenger(account)

        return {"email": LazyMessenger("smtp", make)}
