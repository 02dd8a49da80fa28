"""The sweep finds what lost its clock: one indexed query per kind of due row. Started every ten seconds."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.check_slots import check_due, close_past
from waitlist_appliance.services.deliver_messages import deliver_due
from waitlist_appliance.services.event_conflicts import end_conflicts
from waitlist_appliance.services.expire_offers import expire_due
from waitlist_appliance.services.housekeeping import tidy
from waitlist_appliance.services.lifecycle import advance_bookings, nudge_invited
from waitlist_appliance.services.manage_keys import forget_previous
from waitlist_appliance.services.rates import count_news
from waitlist_appliance.services.rates import watch as watch_rates
from waitlist_appliance.services.reconcile_messages import reconcile
from waitlist_appliance.services.staff_letters import send_due
from waitlist_appliance.services.staff_notices import tell_due
from waitlist_appliance.services.sync_calendar import end_graces, sync_due
from waitlist_appliance.services.watch_box import watch
from waitlist_appliance.services.watch_calendar import end_connections, watch_due
from waitlist_appliance.services.write_calendar import watch_pending, write_due
from waitlist_appliance.storage.database import StorageUnavailable

log = logging.getLogger(__name__)

Step = Callable[[Appliance, datetime], int]
Moved = Callable[[], object]


def unwatched() -> None:
    """Nobody looks on."""



def _check_without_reading(app: Appliance, now: datetime) -> int:
    return check_due(app, now, read=False)


# The order matters after a long sleep: what is over ends before anything is offered or sent.
DATABASE_STEPS: tuple[tuple[str, Step], ...] = (
    ("slots_closed", close_past),
    ("offers_ended", expire_due),
    ("bookings_moved", advance_bookings),
    ("graces_ended", end_graces),
    ("nudges", nudge_invited),
    ("slots_checked", _check_without_reading),
    ("pending_watched", watch_pending),
    ("conflicts_ended", end_conflicts),
    ("secrets_forgotten", forget_previous),
    ("box_watched", watch),
    ("news_counted", count_news),
    ("rates_watched", watch_rates),
    ("forgotten", tidy),
)
PROVIDER_STEPS: tuple[tuple[str, Step], ...] = (
    ("calendars_read", sync_due),
    ("calendar_writes", write_due),
    ("answers", reconcile),
    ("messages", deliver_due),
    ("channels", watch_due),
    ("calendars_ended", end_connections),
    ("staff_letters", send_due),
    ("notices", tell_due),
)


def sweep(app: Appliance, now: datetime, moved: Moved = unwatched) -> dict[str, int]:
    """Everything due that needs only the database; how much of each was done. A step that raises stops no other.

    ``moved`` is called before each step: whoever watches sees that it goes on.
    """
    return _run(app, DATABASE_STEPS, now, moved)


def provider_pass(app: Appliance, now: datetime, moved: Moved = unwatched) -> dict[str, int]:
    """Everything due that needs a provider; for the worker, never for a web thread."""
    return _run(app, PROVIDER_STEPS, now, moved)


def _run(app: Appliance, steps: tuple[tuple[str, Step], ...], now: datetime, moved: Moved) -> dict[str, int]:
    done: dict[str, int] = {}
    for name, step in steps:
        moved()
        try:
            done[name] = step(app, now)
        except StorageUnavailable:
            raise
        except Exception:
            log.exception("the step %s of the sweep failed", name)
    return done
