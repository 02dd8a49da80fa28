"""The built-in calendar: real events in SQLite, behind the same port as every other provider.

It can be made to fail (`local_calendar.failure`), so that what happens then can be seen and tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.ports import (
    Calendar,
    CalendarAccess,
    CalendarChoice,
    CalendarError,
    CalendarEvent,
    Changes,
    NewEvent,
    Written,
)
from waitlist_appliance.storage.database import Database


@dataclass(frozen=True, slots=True)
class _LocalEvent:
    uid: str
    title: str
    starts_at: datetime
    ends_at: datetime
    status: str
    transparent: bool
    resource: str | None
    tag: str | None
    version: int


READ = """
SELECT * FROM local_event WHERE ends_at > ? AND starts_at < ? AND status <> 'cancelled' ORDER BY starts_at, uid
"""
FIND = "SELECT * FROM local_event WHERE uid = ? AND status <> 'cancelled'"
WRITE = """
INSERT INTO local_event (uid, title, starts_at, ends_at, status, resource, tag)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (uid) DO UPDATE SET title = excluded.title, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
       status = excluded.status, resource = excluded.resource, tag = excluded.tag, version = version + 1
"""


class LocalCalendar:
    """ports.CalendarProvider and ports.Calendar in one, on the appliance's own database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def open(self, access: CalendarAccess) -> Calendar:
        """The one built-in calendar, whatever the access says."""
        return self

    def choices(self, access: CalendarAccess) -> Sequence[CalendarChoice]:
        return [CalendarChoice("", "Calendar", access.zone, writable=True, primary=True)]

    def forget(self, access: CalendarAccess) -> None:
        """Nothing was granted, so there is nothing to give back."""

    def changes(self, since: datetime, until: datetime, token: str | None) -> Changes:
        return Changes(self.read(since, until), complete=True, requests=0)

    def read(self, since: datetime, until: datetime) -> Sequence[CalendarEvent]:
        self._fail_if_asked("read")
        return [_event(found) for found in self._db.rows(_LocalEvent, READ, since, until)]

    def find(self, event_id: str) -> CalendarEvent | None:
        self._fail_if_asked("read")
        found = self._db.row(_LocalEvent, FIND, event_id)
        return _event(found) if found is not None else None

    def write(self, event: NewEvent) -> Written:
        self._fail_if_asked("write")
        status = "tentative" if event.tentative else "confirmed"
        with self._db.write():
            self._db.execute(
                WRITE, event.event_id, event.title, event.starts_at, event.ends_at, status, event.resource, event.tag,
            )  # fmt: skip
            etag = str(self._db.value("SELECT version FROM local_event WHERE uid = ?", event.event_id))
        return Written(event.event_id, etag)

    def remove(self, event_id: str) -> None:
        self._fail_if_asked("write")
        with self._db.write():
            self._db.execute("DELETE FROM local_event WHERE uid = ?", event_id)

    def _fail_if_asked(self, what: str) -> None:
        failure = self._db.value("SELECT failure FROM local_calendar")
        if failure in (what, "both"):
            raise CalendarError(f"the built-in calendar was made to fail on {what}", retryable=True)


def _event(found: _LocalEvent) -> CalendarEvent:
    return CalendarEvent(
        found.uid, str(found.version), found.title, found.starts_at, found.ends_at, not found.transparent,
        found.resource, found.tag,
    )  # fmt: skip
