"""A pass over due rows: one that raises does not stop the others; it is logged, shown, and tried again next time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.storage import activity
from waitlist_appliance.storage.database import StorageUnavailable

log = logging.getLogger(__name__)

SHOWN_EVERY = timedelta(hours=1)


class Row(Protocol):
    @property
    def id(self) -> int: ...


R = TypeVar("R", bound=Row)


def each_row(app: Appliance, rows: Iterable[R], act: Callable[[R], int], now: datetime, subject: str) -> int:
    """Act on every row in a transaction of its own; the sum of what was done. Raises StorageUnavailable only."""
    done = 0
    for row in rows:
        try:
            with app.db.write():
                done += act(row)
        except StorageUnavailable:
            raise
        except Exception as error:
            log.exception("%s %s could not be worked on", subject, row.id)
            _show(app, subject, row.id, type(error).__name__, now)
    return done


def _show(app: Appliance, subject: str, row_id: int, error: str, now: datetime) -> None:
    """In the history, once an hour: the row is tried again every few seconds."""
    with app.db.write():
        shown = app.db.value(
            "SELECT MAX(at) FROM activity WHERE subject = ? AND subject_id = ? AND verb = 'failed_step'",
            subject,
            row_id,
        )
        if shown is None or shown <= to_ms(now - SHOWN_EVERY):
            activity.record(app.db, now, SYSTEM, "failed_step", subject, row_id, reason=error)
