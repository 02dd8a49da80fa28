"""The five tasks. Each is a shell around one service: lost, doubled, early or late, the result is the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from huey import SqliteHuey
from huey.api import TaskWrapper

from waitlist_appliance.services import check_slots, deliver_messages, expire_offers, sync_calendar, write_calendar
from waitlist_appliance.services.appliance import Appliance


@dataclass(frozen=True, slots=True)
class Tasks:
    """What can be rung for, by the names of the Timers port."""

    deliver: TaskWrapper
    write_calendar: TaskWrapper
    expire_offers: TaskWrapper
    check_slots: TaskWrapper
    sync: TaskWrapper


def define(queue: SqliteHuey, serving: Callable[[], Appliance], again: Callable[[str, datetime], None]) -> Tasks:
    """Register the tasks with this queue. ``serving`` is asked in the worker only; ``again`` rings at a later time."""

    @queue.task()
    def deliver(at: datetime | None = None) -> None:
        if at is not None and is_early(at, _now()):
            return again("deliver", at)
        app = serving()
        if deliver_messages.deliver_due(app, _now()):
            app.timers.deliver()  # a pass takes a few; there may be more
        soon = deliver_messages.due_soon(app, _now())
        if soon is not None:
            app.timers.deliver_at(soon)

    @queue.task()
    def write() -> None:
        app = serving()
        if write_calendar.write_due(app, _now()):
            app.timers.write_calendar()

    @queue.task()
    def expire(at: datetime) -> None:
        if is_early(at, _now()):
            return again("expire_offers", at)
        expire_offers.expire_due(serving(), _now())

    @queue.task()
    def check(at: datetime) -> None:
        if is_early(at, _now()):
            return again("check_slots", at)
        check_slots.check_due(serving(), _now())

    @queue.task()
    def sync(connection_id: int, cause: sync_calendar.Cause = "due") -> None:
        sync_calendar.sync(serving(), connection_id, _now(), cause)

    return Tasks(deliver, write, expire, check, sync)


def is_early(at: datetime, now: datetime) -> bool:
    """Huey may fire up to a second early, and clocks jump: what is not due yet is rung for again."""
    return now < at


def whole_second(at: datetime) -> datetime:
    """The first whole second at or after ``at``: Huey drops what is below a second."""
    return at if at.microsecond == 0 else at.replace(microsecond=0) + timedelta(seconds=1)


def _now() -> datetime:
    return datetime.now(UTC)
