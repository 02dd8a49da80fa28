"""Housekeeping: what nobody needs any more is forgotten, so that nothing grows but the record of what happened.

The record itself (who asked, was offered, answered, booked, and what was said) stays until the owner's policy on
personal data ends it. Everything else that is written has a line in ``STEPS``, or an end of its own where it is written
(sync_log, notice, tally).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from waitlist_appliance.services import login_brake, personal_data, sessions
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import housekeeping, idempotency
from waitlist_appliance.storage.database import StorageUnavailable

log = logging.getLogger(__name__)

EVERY: Final = timedelta(hours=1)
# So few at a time that nobody waits for the write lock; where more is left, the next pass goes on.
BATCH: Final = 500

# Whether an event in the calendar is one that we wrote is asked while its booking lies ahead; two weeks after that no
# calendar speaks of it any more.
CALENDAR_WRITES_KEPT: Final = timedelta(days=14)
# A link that ended opens nothing; the history says who got one and when.
STAFF_LINKS_KEPT: Final = timedelta(days=1)

Step = Callable[[Appliance, datetime], int]


def _calendar_writes(app: Appliance, now: datetime) -> int:
    return housekeeping.forget_calendar_writes(app.db, now - CALENDAR_WRITES_KEPT, BATCH)


def _answers(app: Appliance, now: datetime) -> int:
    return housekeeping.forget_answers(app.db, now - idempotency.KEPT_FOR, BATCH)


def _staff_links(app: Appliance, now: datetime) -> int:
    return housekeeping.forget_staff_links(app.db, now - STAFF_LINKS_KEPT, BATCH)


def _sessions(app: Appliance, now: datetime) -> int:
    return housekeeping.forget_sessions(app.db, now, now - sessions.IDLE, BATCH)


def _throttles(app: Appliance, now: datetime) -> int:
    return housekeeping.forget_throttles(app.db, now - login_brake.FORGET_FAILURES, BATCH)


def _challenges(app: Appliance, now: datetime) -> int:
    return housekeeping.forget_challenges(app.db, now, BATCH)


def _consents(app: Appliance, now: datetime) -> int:
    return housekeeping.forget_consents(app.db, now, BATCH)


def _strangers(app: Appliance, now: datetime) -> int:
    return personal_data.forget_strangers(app, now, BATCH)


# Each forgets at most BATCH rows, in a transaction of its own.
_SHORT: tuple[tuple[str, Step], ...] = (
    ("calendar writes", _calendar_writes),
    ("answers of requests", _answers),
    ("links of staff", _staff_links),
    ("sessions", _sessions),
    ("failed log-ins", _throttles),
    ("log-ins begun", _challenges),
    ("calendars begun", _consents),
    ("messages of strangers", _strangers),
)


def _at_once(step: Step) -> Step:
    def within(app: Appliance, now: datetime) -> int:
        with app.db.write():
            return step(app, now)

    return within


# Whom to erase is found outside of a transaction: that looks at everybody.
STEPS: tuple[tuple[str, Step], ...] = (
    *((name, _at_once(step)) for name, step in _SHORT),
    ("people", personal_data.erase_old),
)


def tidy(app: Appliance, now: datetime) -> int:
    """Once an hour: forget what is old; how many rows went. A step that raises stops no other."""
    if not housekeeping.is_due(app.db, "tidy", now, now - EVERY):
        return 0
    gone = [_forget(app, name, step, now) for name, step in STEPS]
    if all(number < BATCH for number in gone):
        with app.db.write():
            housekeeping.done(app.db, "tidy", now)
    return sum(gone)


def _forget(app: Appliance, name: str, step: Step, now: datetime) -> int:
    try:
        return step(app, now)
    except StorageUnavailable:
        raise
    except Exception:
        log.exception("old %s could not be forgotten", name)
        return 0
