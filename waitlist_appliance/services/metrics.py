"""What /metrics tells, as plain families: names with their units, bounded labels, nothing about anybody.

Counters are the sums of the tallies, which never fall; what happened in the last seconds follows with the worker's next
look. Gauges are read as things stand.
"""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from waitlist_appliance import __version__
from waitlist_appliance.domain.notices import KINDS
from waitlist_appliance.services import rates
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.watch_box import WORKER
from waitlist_appliance.storage import alarms, backup_runs, heartbeats, system_reads, tallies
from waitlist_appliance.storage.tallies import Tally

Kind = Literal["counter", "gauge", "summary"]
Totals = Mapping[tuple[str, str], Tally]

CHANNELS: Final = ("sms", "whatsapp", "email")
JOURNEY: Final[Mapping[str, tuple[str, ...]]] = {
    "asked": ("invited", "joined"),
    "signed_up": ("registered", "joined"),
    "offered": ("offer_made",),
    "said_yes": ("offer_accepted",),
    "booked": ("booking_confirmed",),
}
OFFERS: Final = ("made", "proposed", "accepted", "declined", "expired", "withdrawn", "failed")
MESSAGES: Final[Mapping[str, str]] = {
    "handed_over": "message_sent", "delivered": "message_delivered", "failed": "message_failed", "lost": "message_lost",
}  # fmt: skip
BOOKING_FAILURES: Final[Mapping[str, str]] = {"conflict": "booking_conflict", "pending_long": "booking_pending_long"}
# What takes time → the tally it is summed in.
LATENCIES: Final[Mapping[str, tuple[str, str]]] = {
    "freed_to_told": ("freed_to_told", "From a freed time to the first offer handed over to a provider"),
    "booking_confirmation": ("booking_confirmed", "From a yes (or a booking) to the calendar having it"),
    "offer_expiry_lag": ("offer_expiry", "From an offer's deadline to its end in silence"),
}
CONDITIONS: Final = sorted({condition for kind in KINDS.values() for condition in kind.conditions})


@dataclass(frozen=True, slots=True)
class Sample:
    """One value; of a summary, ``value`` is the sum of ``count`` observations."""

    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    count: int = 0


@dataclass(frozen=True, slots=True)
class Family:
    """Counters are named without the ``_total`` that the format adds."""

    name: str
    kind: Kind
    help: str
    samples: tuple[Sample, ...]


def gather(app: Appliance, now: datetime) -> list[Family]:
    """Everything, in some milliseconds; only reads."""
    totals = tallies.totals(app.db)
    return [
        _gauge("build_info", "What runs here", _build(app)),
        *_counters(totals),
        *_durations(totals, tallies.longest(app.db, now - rates.DAY)),
        *_rates(app, now),
        *_queues(app, now),
        *_worker(app, now),
        _gauge("alarms", "Conditions that hold and need a person", _alarms(app)),
        _gauge("calendar_last_read_age_seconds", "Since a connected calendar was read well", _calendars(app, now)),
        *_backup(app, now),
        *_space(app),
    ]


def worker_pid(app: Appliance, now: datetime) -> int | None:
    """The worker's process, as long as it says that it lives."""
    beat = heartbeats.read(app.db, WORKER)
    if beat is None or (now - beat.at).total_seconds() > 60:
        return None
    found = json.loads(beat.detail).get("pid")
    return found if isinstance(found, int) else None


def _counters(totals: Totals) -> list[Family]:
    return [
        _counter(
            "journeys", "How far people came who asked for a full time",
            (Sample(sum(_count(totals, name) for name in names), {"step": step}) for step, names in JOURNEY.items()),
        ),
        _counter(
            "offers", "Offers, by what became of them (proposed: waits for the house's approval)",
            (Sample(_count(totals, f"offer_{outcome}"), {"outcome": outcome}) for outcome in OFFERS),
        ),
        _counter(
            "messages", "Messages to guests (lost: given up on every channel)",
            (
                Sample(_count(totals, name, channel), {"channel": channel, "outcome": outcome})
                for channel in CHANNELS
                for outcome, name in MESSAGES.items()
            ),
        ),
        _counter("slot_checks", "Looks at watched times", [Sample(_count(totals, "slot_check"))]),
        _counter("calendar_reads", "Reads of calendars", _by_provider(totals, "calendar_read")),
        _counter("calendar_writes", "Writes to calendars", _by_provider(totals, "calendar_write")),
        _counter("token_refreshes", "Renewals of a provider's permission", _by_provider(totals, "token_refresh")),
        _counter(
            "booking_failures", "Bookings that the calendar did not take (conflict: taken back)",
            (Sample(_count(totals, name), {"reason": reason}) for reason, name in BOOKING_FAILURES.items()),
        ),
        _counter("bookings_cancelled", "Bookings that were cancelled", [Sample(_count(totals, "booking_cancelled"))]),
    ]  # fmt: skip


def _durations(totals: Totals, longest: Mapping[tuple[str, str], int]) -> Iterable[Family]:
    for name, (tally, meaning) in LATENCIES.items():
        yield _summary(f"{name}_seconds", meaning, [_observed(totals.get((tally, "")), {})])
        most = longest.get((tally, ""), 0) / 1000
        yield _gauge(f"{name}_max_seconds", f"{meaning}: the longest of a day", [Sample(most)])
    for name in ("calendar_read", "calendar_write"):
        found = {
            label.partition(":")[0]: tally for (of, label), tally in totals.items() if of == name and ":ok" in label
        }
        yield _summary(
            f"{name}_seconds", "How long it took, where it went well",
            [_observed(tally, {"provider": provider}) for provider, tally in sorted(found.items())],
        )  # fmt: skip


def _rates(app: Appliance, now: datetime) -> Iterable[Family]:
    read, delivered, late = rates.sync_rate(app, now), rates.delivery_rate(app, now), rates.lateness(app, now)
    yield _gauge("calendar_read_success_ratio", "Reads of outside calendars lately that went well", _share(read))
    yield _gauge(
        "message_delivery_ratio", "Messages of a day that arrived, of those that came to an end", _share(delivered)
    )
    yield _gauge("offer_expiry_lag_p95_seconds", "How late 95 of 100 offers ended within an hour at most",
                 [Sample(late.p95.total_seconds())])  # fmt: skip


def _queues(app: Appliance, now: datetime) -> Iterable[Family]:
    found = system_reads.queues(app.db, now)
    ages = ((now - queue.oldest_at).total_seconds() if queue.oldest_at else 0.0 for queue in found)
    yield _gauge("queue_due", "What should have been done by now", (Sample(q.due, {"queue": q.name}) for q in found))
    yield _gauge(
        "queue_oldest_age_seconds", "For how long the first of them has been due",
        (Sample(age, {"queue": queue.name}) for queue, age in zip(found, ages, strict=True)),
    )  # fmt: skip


def _worker(app: Appliance, now: datetime) -> Iterable[Family]:
    beat = heartbeats.read(app.db, WORKER)
    if beat is None:
        return
    detail = json.loads(beat.detail)
    yield _gauge("worker_heartbeat_age_seconds", "Since the worker last said that it lives",
                 [Sample((now - beat.at).total_seconds())])  # fmt: skip
    yield _gauge("worker_pass_seconds", "How long its last round took", [Sample(detail.get("pass_ms", 0) / 1000)])
    yield _gauge("worker_failed_passes", "Rounds that failed since it was started", [Sample(detail.get("failures", 0))])


def _alarms(app: Appliance) -> Iterable[Sample]:
    """How many hold of each kind; whom or what each is about is nobody's business here."""
    held = [alarm.condition.partition(":")[0] for alarm in alarms.present(app.db)]
    return [Sample(held.count(condition), {"condition": condition}) for condition in sorted({*CONDITIONS, *held})]


def _calendars(app: Appliance, now: datetime) -> Iterable[Sample]:
    return [
        Sample(
            (now - calendar.last_sync_at).total_seconds(), {"calendar": str(calendar.id), "provider": calendar.provider}
        )
        for calendar in system_reads.calendars(app.db)
        if calendar.enabled and calendar.last_sync_at
    ]


def _backup(app: Appliance, now: datetime) -> Iterable[Family]:
    last = backup_runs.last_good(app.db)
    if last is None or last.finished_at is None:
        return
    age = (now - last.finished_at).total_seconds()
    yield _gauge("last_backup_age_seconds", "Since the last whole backup was made", [Sample(age)])
    yield _gauge("last_backup_size_bytes", "Its size", [Sample(last.bytes or 0)])


def _space(app: Appliance) -> Iterable[Family]:
    store, disk = system_reads.file_size(app.db), shutil.disk_usage(app.config.data_directory)
    yield _gauge("database_size_bytes", "The database's file, without what was just written", [Sample(store)])
    yield _gauge("disk_free_bytes", "Free on the disk of the data", [Sample(disk.free)])


def _build(app: Appliance) -> Iterable[Sample]:
    labels = {
        "version": __version__, "python": platform.python_version(), "sqlite": system_reads.sqlite_version(),
    }  # fmt: skip
    return [Sample(1, labels)]


def _by_provider(totals: Totals, name: str) -> Iterable[Sample]:
    for (of, label), tally in sorted(totals.items()):
        if of == name:
            provider, _, outcome = label.partition(":")
            yield Sample(tally.count, {"provider": provider, "outcome": outcome})


def _observed(tally: Tally | None, labels: Mapping[str, str]) -> Sample:
    return Sample(tally.total_ms / 1000 if tally else 0.0, labels, tally.count if tally else 0)


def _share(rate: rates.Rate) -> list[Sample]:
    """Nothing where there is nothing to judge: 0 would be an alarm, and 1 a claim."""
    return [] if rate.share is None else [Sample(rate.share)]


def _count(totals: Totals, name: str, label: str = "") -> int:
    found = totals.get((name, label))
    return found.count if found else 0


def _counter(name: str, meaning: str, samples: Iterable[Sample]) -> Family:
    return Family(f"waitlist_{name}", "counter", meaning, tuple(samples))


def _gauge(name: str, meaning: str, samples: Iterable[Sample]) -> Family:
    return Family(f"waitlist_{name}", "gauge", meaning, tuple(samples))


def _summary(name: str, meaning: str, samples: Iterable[Sample]) -> Family:
    return Family(f"waitlist_{name}", "summary", meaning, tuple(samples))
