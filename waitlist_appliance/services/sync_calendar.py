"""Reading a calendar into the mirror: outside any transaction, then one short one that applies the difference."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from waitlist_appliance.domain import calendars
from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.records import Connection
from waitlist_appliance.ports import Calendar, CalendarError, Changes, SyncTokenLost
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.apply_changes import apply, end_graces, not_accounted_for
from waitlist_appliance.services.make_offers import match_interval, match_open
from waitlist_appliance.services.mirror import mirror
from waitlist_appliance.storage import activity, alarms, connections, events, tallies
from waitlist_appliance.storage import setup as setups
from waitlist_appliance.storage.connections import Read
from waitlist_appliance.storage.database import StorageUnavailable
from waitlist_appliance.storage.vault import VaultError

__all__ = ["Cause", "SyncResult", "end_graces", "is_depended_on", "may_be_read", "mirror", "note_failure", "sync", "sync_due"]

log = logging.getLogger(__name__)

Cause = Literal["due", "check", "push", "hand", "booking"]
# Whoever asked what is free will ask again: the calendars are read regularly for so long.
ASKED_LASTS = timedelta(days=7)
# Two reads of one calendar at the same time: the answer that comes second is not believed, and asked for again.
TRIES = 3
# So many events of ours that one answer leaves out are asked for one by one.
LOOKED_FOR = 20


@dataclass(frozen=True, slots=True)
class SyncResult:
    """``changed`` mirror rows in one read; ``error`` in words when it failed."""

    ok: bool
    changed: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """One answer of a calendar, with what is needed to apply it."""

    answer: Changes
    span: Interval
    known: dict[str, str]
    full: bool
    took_ms: int


class _ReadByAnother(Exception):
    """Somebody else read the calendar meanwhile."""


def sync(app: Appliance, connection_id: int, now: datetime, cause: Cause = "due") -> SyncResult:
    """Read the calendar and apply what changed; freed times are matched in the same transaction.

    A failure leaves the mirror as it is, marks the connection, raises an alarm: nothing on it is free until it is back.
    One whose permission was withdrawn is not asked again before the owner has connected it anew.
    """
    for _ in range(TRIES):
        connection = setups.connection(app.db, connection_id)
        if connection is None or not may_be_read(app, connection):
            return SyncResult(False, error="not connected")
        try:
            return SyncResult(True, _read_and_apply(app, connection, now, cause))
        except _ReadByAnother:
            continue
        except CalendarError as error:
            note_failure(app, connection, error, now, cause)
            return SyncResult(False, error=str(error))
        except StorageUnavailable:
            raise
        except Exception as error:
            # What cannot be understood cannot be believed either; the other calendars are read all the same.
            log.exception("calendar %s could not be read", connection.name)
            note_failure(app, connection, _unforeseen(error), now, cause)
            return SyncResult(False, error=type(error).__name__)
    return SyncResult(True)


def may_be_read(app: Appliance, connection: Connection) -> bool:
    """Whether asking makes sense: switched on, a calendar chosen, and let in as far as is known."""
    if not connection.enabled or connection.ending_at is not None or connection.provider not in app.calendars:
        return False
    return not calendars.signed_out(connection) and connection.status != "disabled"


def is_depended_on(app: Appliance, connection: Connection, now: datetime) -> bool:
    """Whether anything needs it read regularly: somebody who asks, people waiting, bookings ahead, a grace to end."""
    if connection.asked_at is not None and now - connection.asked_at <= ASKED_LASTS:
        return True
    depended_on = app.db.value(
        """SELECT EXISTS (SELECT 1 FROM slot WHERE next_check_at IS NOT NULL)
               OR EXISTS (SELECT 1 FROM booking WHERE status IN ('pending', 'confirmed') AND starts_at > ?1)
               OR EXISTS (SELECT 1 FROM event INDEXED BY event_vanished WHERE vanished_at IS NOT NULL AND connection_id = ?2)""",
        now, connection.id,
    )  # fmt: skip
    return bool(depended_on)


def sync_due(app: Appliance, now: datetime) -> int:
    """Read every connection that something depends on and whose turn it is; how many were read."""
    due = [c for c in setups.connections(app.db) if _due(app, c, now)]
    for connection in due:
        sync(app, connection.id, now)
    return len(due)


def note_failure(
    app: Appliance, connection: Connection, error: CalendarError, now: datetime, cause: Cause = "due",
    kind: str = "changes",
) -> None:  # fmt: skip
    """Until the calendar can be read again, nothing on it is free. Staff are told once, and what they can do."""
    log.warning("calendar %s could not be read: %s", connection.name, error)
    out = error.trouble == "signed_out"
    at = None if out else calendars.next_try(connection, now, error.retry_after)
    with app.db.write():
        present = setups.connection(app.db, connection.id)
        if present is None or not present.enabled or present.ending_at is not None:
            return  # switched off or let go meanwhile: an alarm would never end
        first = connections.read_failed(app.db, connection.id, now, at, str(error), error.trouble)
        connections.log_read(
            app.db, connection.id, now, Read(cause, kind, False, trouble=error.trouble, error=str(error))
        )
        tallies.count(app.db, "calendar_read", now, f"{connection.provider}:failed")
        if out:
            tallies.count(app.db, "token_refresh", now, f"{connection.provider}:failed")
        condition = _signed_out_alarm(connection) if out else _failing_alarm(connection)
        if first or not alarms.holds(app.db, condition):
            alarms.raise_alarm(app.db, condition, connection.name, now)
            verb = "calendar_signed_out" if out else "calendar_failing"
            activity.record(app.db, now, SYSTEM, verb, "connection", connection.id, reason=str(error))
        if out:
            alarms.clear(app.db, _failing_alarm(connection))


def end_alarms(app: Appliance, connection_id: int) -> None:
    """What was said of its reads is over: it was connected anew, switched off or let go."""
    alarms.clear(app.db, f"calendar_failing:{connection_id}")
    alarms.clear(app.db, f"calendar_signed_out:{connection_id}")


def _read_and_apply(app: Appliance, connection: Connection, now: datetime, cause: Cause) -> int:
    calendar = app.calendar(connection)
    if connection.live_mirror:
        # It lies in our own database: read inside the transaction, no edit of ours can come between read and apply.
        with app.db.write():
            return _apply(app, connection, _ask(app, connection, calendar, now), now, cause)
    asked = _ask(app, connection, calendar, now)
    with app.db.write():
        if not connections.same_as_before(app.db, connection):
            raise _ReadByAnother
        changed = _apply(app, connection, asked, now, cause)
    end_graces(app, now)
    return changed


def _ask(app: Appliance, connection: Connection, calendar: Calendar, now: datetime) -> _Asked:
    """What changed; everything, where changes will not do or the calendar no longer knows what it told us last."""
    policies = app.setup().policies
    span = Interval(
        now - timedelta(days=policies.calendar_days_back), now + timedelta(days=policies.calendar_days_ahead)
    )
    known, begun = events.etags(app.db, connection.id), time.monotonic()
    token = None if calendars.must_read_everything(connection, now, policies) else connection.sync_state
    try:
        answer = calendar.changes(span.starts_at, span.ends_at, token)
    except SyncTokenLost as lost:
        if token is None:
            raise
        log.info("calendar %s is read anew: %s", connection.name, lost)
        token, answer = None, calendar.changes(span.starts_at, span.ends_at, None)
    if token is None and not answer.complete:
        raise CalendarError("a first read that is not complete", retryable=True, trouble="garbage")
    answer = _with_those_elsewhere(app, connection, calendar, answer, span, now)
    return _Asked(answer, span, known, token is None, round((time.monotonic() - begun) * 1000))


def _with_those_elsewhere(
    app: Appliance, connection: Connection, calendar: Calendar, answer: Changes, span: Interval, now: datetime
) -> Changes:
    """Events of ours that the answer leaves out may have been dragged beyond it: each is asked for by itself.

    One that cannot be asked for fails the whole read, so that nothing is cancelled. Of very many none is missed by
    asking for some: they are held back for a person anyway (mass change).
    """
    absent = not_accounted_for(app, connection, answer, span, now)
    asked_for = absent[: max(LOOKED_FOR, app.setup().policies.mass_change_limit)]
    found = [event for row in asked_for if (event := calendar.find(row.provider_event_id)) is not None]
    if not asked_for:
        return answer
    return replace(answer, events=[*answer.events, *found], requests=answer.requests + len(asked_for))


def _apply(app: Appliance, connection: Connection, asked: _Asked, now: datetime, cause: Cause) -> int:
    """Everything in this transaction: the mirror, the connection, the log, and what follows for those who wait."""
    answer, policies = asked.answer, app.setup().policies
    connections.read_succeeded(
        app.db, connection.id, now, calendars.next_read(connection, now, policies), answer.token,
        asked.span.ends_at if answer.complete else None, answer.zone,
    )  # fmt: skip
    changed, touched, unsure = apply(app, connection, answer, asked.span, asked.known, now)
    if unsure:
        connections.read_again(app.db, connection.id, now, connection.sync_state)
        app.ring_sync(connection.id)
    kind = "full" if asked.full or answer.complete else "changes"
    connections.log_read(
        app.db, connection.id, now,
        Read(cause, kind, True, answer.requests, len(answer.events) + len(answer.gone), changed, asked.took_ms),
    )  # fmt: skip
    tallies.count(app.db, "calendar_read", now, f"{connection.provider}:ok", ms=asked.took_ms)
    was_failing = alarms.clear(app.db, _failing_alarm(connection))
    if alarms.clear(app.db, _signed_out_alarm(connection)) or was_failing:
        activity.record(app.db, now, SYSTEM, "calendar_back", "connection", connection.id)
        match_interval(app, Interval(now, asked.span.ends_at), now, "calendar_back")
    for interval in touched:
        match_interval(app, interval, now, "calendar_changed")
    if not connection.live_mirror:
        match_open(app, now)
    return changed


def _due(app: Appliance, connection: Connection, now: datetime) -> bool:
    """Whether its time has come and something depends on it: people waiting, bookings ahead, somebody who asks, a
    failure or a grace to end."""
    if not may_be_read(app, connection) or not calendars.is_due(connection, now, app.setup().policies):
        return False
    if connection.failing_since_at is not None or connection.last_sync_at is None:
        return True
    return is_depended_on(app, connection, now)


def _unforeseen(error: Exception) -> CalendarError:
    """A fault of ours, in words that carry no secret; a key file that is missing is the owner's to put right."""
    trouble: Literal["not_configured", "garbage"] = "not_configured" if isinstance(error, VaultError) else "garbage"
    return CalendarError(type(error).__name__, retryable=True, trouble=trouble)


def _failing_alarm(connection: Connection) -> str:
    return f"calendar_failing:{connection.id}"


def _signed_out_alarm(connection: Connection) -> str:
    return f"calendar_signed_out:{connection.id}"
