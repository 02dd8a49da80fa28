"""Providers whose libraries are loaded when somebody uses them: most boxes need one kind, and a web process often none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Generic, TypeVar

from waitlist_appliance.ports import (
    Calendar,
    CalendarAccess,
    CalendarChoice,
    CalendarProvider,
    Consent,
    ConsentClient,
    Grant,
    Push,
    WatchChannel,
)

Real = TypeVar("Real")


class _Lazy(Generic[Real]):
    """``make`` imports and builds the real one, once (or twice, when two threads are first: it keeps nothing)."""

    def __init__(self, make: Callable[[], Real]) -> None:
        self._make = make

    @cached_property
    def _real(self) -> Real:
        return self._make()


class LazyProvider(_Lazy[CalendarProvider]):
    """ports.CalendarProvider."""

    def open(self, access: CalendarAccess) -> Calendar:
        return self._real.open(access)

    def choices(self, access: CalendarAccess) -> Sequence[CalendarChoice]:
        return self._real.choices(access)

    def forget(self, access: CalendarAccess) -> None:
        self._real.forget(access)


class LazyPush(_Lazy[Push]):
    """ports.Push."""

    def watch(self, access: CalendarAccess, channel_id: str, secret: str, address: str, ttl: timedelta) -> WatchChannel:
        return self._real.watch(access, channel_id, secret, address, ttl)

    def stop(self, access: CalendarAccess, channel_id: str, resource_id: str) -> None:
        self._real.stop(access, channel_id, resource_id)


class LazyConsent(_Lazy[Consent]):
    """ports.Consent."""

    def url(self, client: ConsentClient, redirect_uri: str, state: str, verifier: str) -> str:
        return self._real.url(client, redirect_uri, state, verifier)

    def exchange(self, client: ConsentClient, redirect_uri: str, code: str, verifier: str) -> Grant:
        return self._real.exchange(client, redirect_uri, code, verifier)
