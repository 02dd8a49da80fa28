"""The accounts that messages go through: what the owner typed in, checked, tried, and what their provider posts to us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from waitlist_appliance.ports.messengers import Fate, Inbound


class BadAccount(ValueError):
    """The settings cannot be used. ``problems``: by field, a sentence of the catalogues (in English, to be translated
    where it is shown)."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {sentence}" for field, sentence in problems.items()))
        self.problems = dict(problems)


@dataclass(frozen=True, slots=True)
class Account:
    """An account whose settings make sense. ``settings`` is all of it, secrets included, as it is kept sealed; ``shown``
    is what may be shown; ``channels`` are those on which it can write."""

    settings: Mapping[str, str] = field(repr=False)
    shown: Mapping[str, str]
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Examined:
    """What the provider says of a good account. ``state`` is its own word, None where it tells none; ``hooks``: by
    sender, where what customers answer is posted to."""

    state: str | None = None
    hooks: Mapping[str, str] = field(default_factory=dict)


class AccountChecker(Protocol):
    """One kind of account."""

    def read(self, given: Mapping[str, Any]) -> Account:
        """The account out of a form or the vault; BadAccount. Asks nobody."""

    def check(self, account: Account) -> None:
        """Prove it over the network, with time-outs, without sending anything. DeliveryError says what is wrong."""

    def examine(self, account: Account) -> Examined:
        """Prove it, as ``check``, and ask what the provider knows of it."""


class ProviderHooks(Protocol):
    """What a provider posts to us. Nothing that it says may be believed before ``is_genuine``."""

    def is_genuine(
        self, settings: Mapping[str, str], public_url: str, raw_path: str, raw_query: str, form: Mapping[str, Any],
        headers: Mapping[str, str],
    ) -> bool:  # fmt: skip
        """Whether the owner of this account's secret signed this form for this address. Never raises."""

    def inbound(self, form: Mapping[str, str], received_at: datetime) -> Inbound:
        """A customer's message; ValueError for a form that is none."""

    def fate(self, form: Mapping[str, str]) -> Fate:
        """What became of a message of ours; ValueError for a form that does not say."""
