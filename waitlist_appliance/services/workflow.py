"""How it works, step by step, and whether each step works here and now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from waitlist_appliance.domain.calendars import readable
from waitlist_appliance.services import messaging_accounts
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import setup as setups
from waitlist_appliance.storage import workflow_reads

WORKER_SILENT_AFTER = timedelta(seconds=45)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: whether it works, and the number that its words may need (None: none)."""

    key: str
    done: bool
    number: int | None = None
    at: datetime | None = None


def steps(app: Appliance, now: datetime) -> list[Step]:
    """Every step in the order in which a guest meets them."""
    looks: tuple[Callable[[Appliance, datetime], Step], ...] = (
        _hours, _resources, _calendars, _worker, _messages, _key, _joining, _offers, _entry, _booking,
    )  # fmt: skip
    return [look(app, now) for look in looks]


def _hours(app: Appliance, now: datetime) -> Step:
    days = len(app.setup().default_rule.schedule)
    return Step("hours", days > 0, days)


def _resources(app: Appliance, now: datetime) -> Step:
    count = len(app.setup().resources)
    return Step("resources", count > 0, count)


def _calendars(app: Appliance, now: datetime) -> Step:
    used = [connection for connection in setups.connections(app.db) if connection.enabled]
    policies = app.setup().policies
    well = [connection for connection in used if readable(connection, now, policies)]
    return Step("calendar", bool(used) and len(well) == len(used), len(used) - len(well))


def _worker(app: Appliance, now: datetime) -> Step:
    at = workflow_reads.last_beat(app.db)
    return Step("worker", at is not None and now - at <= WORKER_SILENT_AFTER, at=at)


def _messages(app: Appliance, now: datetime) -> Step:
    """An account or the simulator takes messages, and nothing holds them up."""
    well = not any(card.trouble for card in messaging_accounts.status(app, now))
    return Step("messages", well and bool(app.channels()) and not workflow_reads.sending_paused(app.db))


def _key(app: Appliance, now: datetime) -> Step:
    count, at = workflow_reads.key_use(app.db)
    return Step("key", at is not None, count, at)


def _joining(app: Appliance, now: datetime) -> Step:
    return Step("joining", app.setup().policies.joining == "open")


def _offers(app: Appliance, now: datetime) -> Step:
    return Step("offers", app.setup().policies.offers in ("automatic", "approve_each"))


def _entry(app: Appliance, now: datetime) -> Step:
    at = workflow_reads.first_entry(app.db)
    return Step("entry", at is not None, at=at)


def _booking(app: Appliance, now: datetime) -> Step:
    at = workflow_reads.first_filled(app.db)
    return Step("booking", at is not None, at=at)
