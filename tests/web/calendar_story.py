"""Calendars in every state that a card can show, and a provider outside whose answers the test decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from waitlist_appliance.domain.records import Connection
from waitlist_appliance.ports import (
    Calendar,
    CalendarAccess,
    CalendarChoice,
    CalendarError,
    CalendarEvent,
    Changes,
    ConsentClient,
    Grant,
    NewEvent,
    Written,
)
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.storage import activity, connecting, connections

LONG = "Reservierungen der großen Terrasse mit Blick auf den Hafen und die alte Kathedrale von Palma"
CLIENT = ConsentClient("123-abc.apps.googleusercontent.com", "the-client-secret")


@dataclass
class Outside:
    """A provider with an account; `trouble` is raised by everything it is asked."""

    offered: Sequence[CalendarChoice] = ()
    events: Sequence[CalendarEvent] = ()
    trouble: CalendarError | None = None

    def open(self, access: CalendarAccess) -> Calendar:
        return _Opened(self)

    def choices(self, access: CalendarAccess) -> Sequence[CalendarChoice]:
        self.fail_if_asked()
        return self.offered

    def forget(self, access: CalendarAccess) -> None:
        self.fail_if_asked()

    def fail_if_asked(self) -> None:
        if self.trouble is not None:
            raise self.trouble


@dataclass
class _Opened:
    outside: Outside

    def changes(self, since: datetime, until: datetime, token: str | None) -> Changes:
        self.outside.fail_if_asked()
        return Changes(self.outside.events, complete=True)

    def read(self, since: datetime, until: datetime) -> Sequence[CalendarEvent]:
        self.outside.fail_if_asked()
        return self.outside.events

    def find(self, event_id: str) -> CalendarEvent | None:
        self.outside.fail_if_asked()
        return next((event for event in self.outside.events if event.event_id == event_id), None)

    def write(self, event: NewEvent) -> Written:
        self.outside.fail_if_asked()
        return Written(event.event_id, "1")

    def remove(self, event_id: str) -> None:
        self.outside.fail_if_asked()


@dataclass
class Permission:
    """Google's consent: an address to go to, and the account that said yes."""

    account: str = "lola@gmail.test"
    trouble: CalendarError | None = None

    def url(self, client: ConsentClient, redirect_uri: str, state: str, verifier: str) -> str:
        return f"https://accounts.google.test/auth?state={state}&redirect_uri={redirect_uri}"

    def exchange(self, client: ConsentClient, redirect_uri: str, code: str, verifier: str) -> Grant:
        if self.trouble is not None:
            raise self.trouble
        return Grant({"refresh_token": "r", "access_token": "a"}, frozenset(), self.account)


MINE = CalendarChoice("mine", "Casa Lola", "Europe/Madrid", writable=True, primary=True)
STAFF = CalendarChoice("staff", LONG, "Europe/Madrid", writable=True)
HOLIDAYS = CalendarChoice("holidays", "Festivos", None, writable=False)


def connect(
    box: Appliance, now: datetime, provider: str = "google", name: str = "Casa Lola", **values: object
) -> Connection:
    """A connection that works and was read two minutes ago, unless said otherwise."""
    usual: dict[str, object] = {
        "calendar_id": "mine", "account": "lola@gmail.test", "enabled": True, "status": "active",
        "last_sync_at": now - timedelta(minutes=2), "next_sync_at": now + timedelta(minutes=3),
        "span_until_at": now + timedelta(days=90), "zone": "Europe/Madrid",
    }  # fmt: skip
    with box.db.write():
        connection = connecting.add(box.db, provider, name, **{**usual, **values})
        connections.keep_credentials(box.db, box.vault, connection.id, {"refresh_token": "r", "password": "p"})
        given_at = now - timedelta(days=60)
        activity.record(box.db, given_at, SYSTEM, "calendar_connected", "connection", connection.id, name=name)
    return connection


def read_log(box: Appliance, connection: Connection, at: datetime, **values: object) -> None:
    """A line of the log of reads."""
    usual: dict[str, object] = {
        "cause": "due", "kind": "changes", "ok": True, "requests": 1, "seen": 3, "changed": 1, "took_ms": 210,
    }  # fmt: skip
    with box.db.write():
        box.db.insert("sync_log", connection_id=connection.id, at=at, **{**usual, **values})


def event(
    box: Appliance, connection: Connection, at: datetime, title: str = "Dentist", resource_id: int | None = None
) -> None:
    """Somebody else's event in the mirror, an hour long."""
    with box.db.write():
        number = box.db.value("SELECT COUNT(*) FROM event")
        box.db.insert(
            "event", public_id=f"event-{number}", connection_id=connection.id, provider_event_id=f"e{number}",
            etag="1", title=title, starts_at=at, ends_at=at + timedelta(hours=1), busy=True, resource_id=resource_id,
        )  # fmt: skip


def hold_back(box: Appliance, connection: Connection, now: datetime, to: datetime | None = None) -> None:
    """Every booking was changed in the calendar app: deleted, or moved to another time."""
    with box.db.write():
        for (booking_id,) in box.db.tuples("SELECT id FROM booking"):
            box.db.insert(
                "held_change", connection_id=connection.id, booking_id=booking_id, kind="moved" if to else "gone",
                starts_at=to, ends_at=to + timedelta(hours=2) if to else None, found_at=now,
            )  # fmt: skip
