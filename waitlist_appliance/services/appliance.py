"""What a use case may reach: the database, the outside behind its ports, and the rings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from waitlist_appliance.config import Config
from waitlist_appliance.domain.records import Connection
from waitlist_appliance.ports import (
    AccountChecker,
    Calendar,
    CalendarAccess,
    CalendarProvider,
    Consent,
    ConsentClient,
    Messenger,
    ProviderHooks,
    Push,
    Timers,
)
from waitlist_appliance.ports.notices import Notifier
from waitlist_appliance.ports.offsite import Offsite
from waitlist_appliance.ports.probes import Probes
from waitlist_appliance.storage import connections, tallies, tokens
from waitlist_appliance.storage import setup as setups
from waitlist_appliance.storage.activity import CUSTOMER, SYSTEM, VOICE_AGENT, Actor
from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.setup import Setup
from waitlist_appliance.storage.vault import Vault

__all__ = ["CUSTOMER", "SYSTEM", "VOICE_AGENT", "Actor", "Appliance"]

PAGES = {"registration": "/waitlist/", "offer": "/waitlist/offer/", "booking": "/booking/", "unsubscribe": "/unsubscribe/"}


@dataclass
class Appliance:
    """One box: built by ``bootstrap``, shared by all threads of a process.

    ``clients`` are the OAuth clients, ``given_accounts`` the messengers' accounts that the environment names; they go
    before those that the database keeps. ``accounts`` check such accounts, ``hooks`` read what their providers post. ``notifier``
    tells services (Slack, ntfy, …) what staff are told; ``probes`` look at this box from outside.
    """

    config: Config
    db: Database
    timers: Timers
    calendars: Mapping[str, CalendarProvider]
    messengers: Mapping[str, Messenger]
    token_key: bytes
    vault: Vault
    consents: Mapping[str, Consent] = field(default_factory=dict)
    push: Mapping[str, Push] = field(default_factory=dict)
    clients: Mapping[str, ConsentClient] = field(default_factory=dict)
    accounts: Mapping[str, AccountChecker] = field(default_factory=dict)
    hooks: Mapping[str, ProviderHooks] = field(default_factory=dict)
    notifier: Notifier | None = None
    probes: Probes | None = None
    given_accounts: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    offsite: Callable[[], Offsite | None] = lambda: None  # where backups are copied to

    def setup(self) -> Setup:
        """What the owner set up; NotFound ``not_set_up`` before that."""
        return setups.load(self.db)

    def calendar(self, connection: Connection) -> Calendar:
        """The calendar of this connection; KeyError for a provider that this box does not have."""
        return self.calendars[connection.provider].open(self.access(connection))

    def access(self, connection: Connection) -> CalendarAccess:
        """What reaches the connection's calendar; renewed credentials go back into the vault."""
        return CalendarAccess(
            connection_id=connection.id, calendar_id=connection.calendar_id, url=connection.url,
            zone=connection.zone or self.setup().business.zone, allow_private=connection.allow_private,
            credentials=connections.credentials(self.db, self.vault, connection.id),
            keep=lambda renewed: self._keep(connection, renewed),
        )  # fmt: skip

    def _keep(self, connection: Connection, renewed: Mapping[str, str]) -> None:
        with self.db.write():
            connections.keep_credentials(self.db, self.vault, connection.id, renewed)
            # The adapter renews when it must, at a time that nobody handed to it.
            tallies.count(self.db, "token_refresh", datetime.now(UTC), f"{connection.provider}:ok")

    def messenger(self, channel: str) -> Messenger:
        """Whoever carries this channel now; KeyError when nobody is connected for it."""
        return self.messengers[channel]

    def channels(self) -> frozenset[str]:
        """The channels on which something can be sent."""
        return frozenset(self.messengers)

    def url(self, path: str) -> str:
        """An address that works from outside."""
        return self.config.public_url.rstrip("/") + path

    def token(self, kind: str, subject_id: int, now: datetime) -> str:
        """The token of a link to this subject; the same every time."""
        return tokens.issue(self.db, self.token_key, kind, subject_id, now)

    def link(self, kind: str, token: str) -> str:
        """The page that the token opens."""
        return self.url(PAGES[kind] + token)

    def ring_deliver(self) -> None:
        self.db.after_commit("deliver", self.timers.deliver)

    def ring_write_calendar(self) -> None:
        self.db.after_commit("write_calendar", self.timers.write_calendar)

    def ring_sync(self, connection_id: int, cause: str = "due") -> None:
        self.db.after_commit(("sync", connection_id, cause), lambda: self.timers.sync(connection_id, cause))

    def ring_expire_offers(self, at: datetime) -> None:
        self.db.after_commit(("expire_offers", at), lambda: self.timers.expire_offers(at))

    def ring_check_slots(self, at: datetime) -> None:
        self.db.after_commit(("check_slots", at), lambda: self.timers.check_slots(at))
