"""Connected calendars: what they are used for, how they are, on and off, and letting them go."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from waitlist_appliance.domain.errors import Conflict, Invalid, NotFound
from waitlist_appliance.domain.records import Connection, Resource
from waitlist_appliance.ports import CalendarChoice, CalendarError
from waitlist_appliance.services import own_events, sync_calendar
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.carry_bookings import carry_all
from waitlist_appliance.services.settle import look_everywhere
from waitlist_appliance.storage import activity, alarms, calendar_reads, connecting
from waitlist_appliance.storage.calendar_reads import HeldChange, SyncLogLine, UsedBy
from waitlist_appliance.storage.vault import VaultError

__all__ = ["CalendarCard", "HeldChange", "SyncLogLine", "TestResult", "Use", "UsedBy"]

log = logging.getLogger(__name__)

# write: bookings of these resources are written to it; block: its events take their time; business: everybody's.
Use = Literal["write", "block", "business"]
USES: tuple[Use, ...] = ("write", "block", "business")

LONGEST_NAME = 80
TRIED_AHEAD = timedelta(days=14)
# Google ends a permission after seven days while the owner's project is in testing (facts/calendar.md 2.2).
TESTING_ENDS = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class TestResult:
    """How a try went: ``trouble`` (texts/calendar_trouble.py) is None when all is well; events of the next 14 days."""

    __test__ = False  # its name is no test's

    ok: bool
    trouble: str | None
    calendars: int
    events_ahead: int
    took_ms: int


@dataclass(frozen=True, slots=True)
class CalendarCard:
    """Everything that is shown of one connection.

    ``trouble`` is a key of texts/calendar_trouble.TROUBLES. ``needs_choice``: signed in, no calendar chosen yet.
    ``unnamed``: busy events ahead that name no resource and so block all that use it. ``watch``: push notices come
    (``open``), are being arranged (``asked``), or not (``none``: it is read every few minutes).
    """

    connection: Connection
    trouble: str | None
    needs_choice: bool
    connected_at: datetime | None
    last_read_at: datetime | None
    next_read_at: datetime | None
    events_ahead: int
    unnamed: int
    bookings_ahead: int
    writes_waiting: int
    written_by: Sequence[UsedBy]
    blocks: Sequence[UsedBy]
    held: Sequence[HeldChange]
    watch: Literal["open", "asked", "none"]
    watch_until: datetime | None


def choices(app: Appliance, connection_public_id: str) -> Sequence[CalendarChoice]:
    """The account's calendars, the primary first. NotFound; Conflict calendar_<trouble>."""
    connection = found(app, connection_public_id)
    try:
        return app.calendars[connection.provider].choices(app.access(connection))
    except (CalendarError, VaultError) as error:
        log.warning("the calendars of %s could not be listed: %s", connection.name, error)
        raise Conflict(f"calendar_{_word(error, connection)}") from error


def choose(
    app: Appliance, connection_public_id: str, calendar_id: str, name: str | None, now: datetime, actor: Actor
) -> Connection:
    """Use this calendar of the account; with another one than before, what the old one told is forgotten.

    Bookings ahead are written into the new one; in the old one, which is out of reach, their events stay. Invalid
    calendar_unknown when the account has none of that id, calendar_read_only when resources write to it.
    """
    connection = _foreign(app, connection_public_id)
    named = checked_name(name) if name is not None and name.strip() else None
    wanted = next((c for c in choices(app, connection_public_id) if c.calendar_id == calendar_id), None)
    if wanted is None:
        raise Invalid("calendar_unknown", "calendar_id")
    if not wanted.writable and connecting.written_by(app.db, connection.id):
        raise Invalid("calendar_read_only", "calendar_id")
    return store_choice(app, connection, wanted, named, now, actor)


def store_choice(
    app: Appliance, connection: Connection, wanted: CalendarChoice, name: str | None, now: datetime, actor: Actor
) -> Connection:
    """The calendar is used from now on; its first read is rung for. Choosing the same one again forgets nothing."""
    # Outside names may be longer than ours.
    called = name or " ".join((wanted.name or connection.name).split())[:LONGEST_NAME] or connection.name
    with app.db.write():
        present = found(app, connection.public_id)
        if present.calendar_id != wanted.calendar_id:
            connecting.forget_read(app.db, present.id)
            sync_calendar.end_alarms(app, present.id)
            activity.record(app.db, now, actor, "calendar_chosen", "connection", present.id, name=called)
        connecting.change(
            app.db, present.id, calendar_id=wanted.calendar_id, name=called, zone=wanted.zone, enabled=True,
            status="active", next_sync_at=now,
        )  # fmt: skip
        if present.calendar_id != wanted.calendar_id:
            _carry(app, connecting.written_by(app.db, present.id), now)
        app.ring_sync(present.id)
        look_everywhere(app, now)
    return found(app, connection.public_id)


def use_for(
    app: Appliance, connection_public_id: str, resources: Sequence[str] | None, scope: Use, now: datetime, actor: Actor
) -> None:
    """What the calendar is for (``Use``); ``resources`` are public ids, None means all. Repeating it changes nothing.

    Invalid unknown_resource; Conflict calendar_read_only for writing to one that cannot be written to.
    """
    connection, named = found(app, connection_public_id), check_use(app, scope, resources)
    wanted = set() if scope == "business" else {resource.id for resource in named}
    if scope == "write" and wanted - connecting.written_by(app.db, connection.id):
        _refuse_read_only(app, connection)
    if scope != "write" and connection.provider == "local":
        raise Conflict("calendar_built_in")
    if needs_choice(connection) and (wanted or scope == "business"):
        raise Conflict("calendar_not_chosen")  # what it blocks would count as busy for ever
    with app.db.write():
        before = connecting.written_by(app.db, connection.id)
        if not _use(app, connection, wanted, scope):
            return
        _carry(app, before ^ connecting.written_by(app.db, connection.id), now)
        activity.record(
            app.db, now, actor, "calendar_used_for", "connection", connection.id, name=connection.name, use=scope,
            resources=len(wanted),
        )  # fmt: skip
        app.ring_sync(connection.id)
        look_everywhere(app, now)


def switch(app: Appliance, connection_public_id: str, enabled: bool, now: datetime, actor: Actor) -> Connection:
    """On or off. Conflict calendar_not_chosen for one without a calendar, calendar_built_in for the built-in one."""
    connection = _foreign(app, connection_public_id)
    if enabled and needs_choice(connection):
        raise Conflict("calendar_not_chosen")
    if connection.enabled == enabled:
        return connection
    with app.db.write():
        status = "active" if enabled else "disabled"
        connecting.change(app.db, connection.id, enabled=enabled, status=status, next_sync_at=now)
        verb = "calendar_switched_on" if enabled else "calendar_switched_off"
        activity.record(app.db, now, actor, verb, "connection", connection.id, name=connection.name)
        if enabled:
            app.ring_sync(connection.id)
        else:
            sync_calendar.end_alarms(app, connection.id)
        look_everywhere(app, now)
    return found(app, connection_public_id)


def rename(app: Appliance, connection_public_id: str, name: str, now: datetime, actor: Actor) -> Connection:
    """What it is called here. Invalid missing_field, too_long."""
    connection, called = found(app, connection_public_id), checked_name(name)
    if called != connection.name:
        with app.db.write():
            connecting.change(app.db, connection.id, name=called)
            activity.record(app.db, now, actor, "calendar_renamed", "connection", connection.id, name=called)
    return found(app, connection_public_id)


def test(app: Appliance, connection_public_id: str, now: datetime) -> TestResult:
    """Try it over the wire; nothing is stored. What goes wrong is told, not raised. NotFound."""
    connection, begun = found(app, connection_public_id), time.monotonic()
    calendars = ahead = 0
    trouble: str | None = None
    try:
        access = app.access(connection)
        calendars = len(app.calendars[connection.provider].choices(access))
        if not needs_choice(connection):
            ahead = len(app.calendars[connection.provider].open(access).read(now, now + TRIED_AHEAD))
    except (CalendarError, VaultError) as error:
        log.warning("calendar %s: a try failed: %s", connection.name, error)
        trouble = _refined(app, connection, _word(error, connection), now)
    return TestResult(trouble is None, trouble, calendars, ahead, round((time.monotonic() - begun) * 1000))


def sync_now(app: Appliance, connection_public_id: str, now: datetime) -> None:
    """Ask the worker to read it now. Conflict calendar_off for one that is switched off."""
    connection = found(app, connection_public_id)
    if not connection.enabled:
        raise Conflict("calendar_off")
    with app.db.write():
        connecting.change(app.db, connection.id, next_sync_at=now)  # should the ring be lost, the sweep finds it
        app.ring_sync(connection.id, "hand")


def sync_all(app: Appliance, now: datetime) -> int:
    """Ask the worker to read every calendar that is on; how many."""
    enabled = [connection for connection in connecting.present(app.db) if connection.enabled]
    for connection in enabled:
        sync_now(app, connection.public_id, now)
    return len(enabled)


def disconnect(app: Appliance, connection_public_id: str, now: datetime, actor: Actor, *, force: bool = False) -> None:
    """Let it go: off at once, its resources back on the built-in calendar; the worker gives the permission back.

    Conflict calendar_in_use (params number) while bookings ahead are written there, unless ``force``: then they stay
    booked, and their events stay behind in that calendar.
    """
    connection = _foreign(app, connection_public_id)
    with app.db.write():
        ahead = connecting.bookings_ahead(app.db, connection.id, now)
        if ahead and not force:
            raise Conflict("calendar_in_use", params={"number": ahead})
        built_in = connecting.built_in(app.db)
        otherwise = built_in.id if built_in else None
        connecting.redirect_writes(app.db, connection.id, otherwise)
        moving = connecting.written_by(app.db, connection.id)
        connecting.write_here(app.db, connection.id, (), otherwise)
        connecting.block(app.db, connection.id, ())
        connecting.forget_read(app.db, connection.id)
        connecting.end(app.db, connection.id, now)
        _carry(app, moving, now)
        sync_calendar.end_alarms(app, connection.id)
        alarms.clear(app.db, own_events.held_alarm(connection.id))
        activity.record(
            app.db, now, actor, "calendar_disconnected", "connection", connection.id, name=connection.name,
            bookings=ahead,
        )  # fmt: skip
        app.ring_write_calendar()
        look_everywhere(app, now)


def status(app: Appliance, now: datetime) -> list[CalendarCard]:
    """The card of every connection, the built-in one first."""
    return [_card(app, connection, now) for connection in connecting.present(app.db)]


def card(app: Appliance, connection_public_id: str, now: datetime) -> CalendarCard:
    """The card of one. NotFound."""
    return _card(app, found(app, connection_public_id), now)


def answer_held(app: Appliance, connection_public_id: str, apply: bool, now: datetime, actor: Actor) -> int:
    """Staff decide about changes held back: apply them, or put our events back. How many. NotFound."""
    return own_events.answer_held(app, found(app, connection_public_id).id, apply, now, actor)


def sync_log(app: Appliance, connection_public_id: str, limit: int = 50) -> list[SyncLogLine]:
    """The newest reads first. NotFound."""
    return calendar_reads.sync_log(app.db, found(app, connection_public_id).id, limit)


def found(app: Appliance, connection_public_id: str) -> Connection:
    """The connection with this id. NotFound, also for one that was let go."""
    connection = connecting.by_public_id(app.db, connection_public_id)
    if connection is None:
        raise NotFound("not_found", "connection")
    return connection


def needs_choice(connection: Connection) -> bool:
    """Whether an account is connected of which no calendar was chosen yet."""
    return connection.provider in ("google", "caldav") and not connection.calendar_id


def checked_name(name: str) -> str:
    """A name with single blanks. Invalid missing_field, too_long."""
    called = " ".join(name.split())
    if not called:
        raise Invalid("missing_field", "name", params={"field": "name"})
    if len(called) > LONGEST_NAME:
        raise Invalid("too_long", "name", params={"length": LONGEST_NAME, "limit": LONGEST_NAME})
    return called


def check_use(app: Appliance, scope: str, resources: Sequence[str] | None) -> list[Resource]:
    """The resources meant, all for None. Invalid bad_value for what is no ``Use``, unknown_resource."""
    if scope not in USES:
        raise Invalid("bad_value", "use", params={"field": "use"})
    return list(app.setup().resources.values()) if resources is None else resources_named(app, resources)


def resources_named(app: Appliance, public_ids: Sequence[str]) -> list[Resource]:
    """The resources with these public ids or names. Invalid unknown_resource."""
    resources = [app.setup().resource_named(public_id) for public_id in public_ids]
    return [resource for resource in resources if resource is not None]


def _foreign(app: Appliance, connection_public_id: str) -> Connection:
    connection = found(app, connection_public_id)
    if connection.provider == "local":
        raise Conflict("calendar_built_in")
    return connection


def _refuse_read_only(app: Appliance, connection: Connection) -> None:
    """Conflict for a calendar that bookings cannot be written to; its provider is asked."""
    if connection.read_only:
        raise Conflict("calendar_read_only")
    if connection.provider == "local" or needs_choice(connection):
        return
    offered = {c.calendar_id: c for c in choices(app, connection.public_id)}
    chosen = offered.get(connection.calendar_id)
    if chosen is None:
        raise Conflict("calendar_missing")
    if not chosen.writable:
        raise Conflict("calendar_read_only")


def _use(app: Appliance, connection: Connection, wanted: set[int], scope: Use) -> bool:
    """Store it; whether anything changed. A calendar for everybody is written to by nobody, and names nobody."""
    db, built_in = app.db, connecting.built_in(app.db)
    otherwise = built_in.id if built_in and built_in.id != connection.id else None
    writing, blocked = connecting.written_by(db, connection.id), connecting.blocked(db, connection.id)
    # What is out of use stands on no form, and keeps its calendar.
    retired = writing - set(app.setup().resources)
    to_write = wanted | retired if scope == "write" else set() if scope == "business" else writing
    to_block = wanted if scope == "block" else set() if scope == "business" else blocked
    of_whom = "business" if scope == "business" else "resources"
    if (to_write, to_block, of_whom) == (writing, blocked, connection.scope):
        return False
    if writing - to_write and otherwise is None:
        raise Conflict("calendar_built_in")  # a resource must have a calendar; give it another one first
    connecting.write_here(db, connection.id, to_write, otherwise)
    connecting.block(db, connection.id, to_block)
    connecting.change(db, connection.id, scope=of_whom)
    return True


def _carry(app: Appliance, resource_ids: set[int], now: datetime) -> None:
    """These resources have another calendar now: their bookings ahead follow, and nobody need say what becomes of them."""
    if resource_ids:
        own_events.drop_questions(app, carry_all(app, resource_ids, now))


def _card(app: Appliance, connection: Connection, now: datetime) -> CalendarCard:
    db = app.db
    ahead, watch = calendar_reads.ahead(db, connection.id, now), calendar_reads.watch(db, connection.id)
    return CalendarCard(
        connection=connection,
        trouble=_refined(app, connection, connection.trouble, now),
        needs_choice=needs_choice(connection),
        connected_at=calendar_reads.connected_at(db, connection.id),
        last_read_at=connection.last_sync_at,
        next_read_at=connection.next_sync_at if connection.enabled else None,
        events_ahead=ahead.busy,
        unnamed=0 if connection.takes_everything else ahead.unnamed,
        bookings_ahead=connecting.bookings_ahead(db, connection.id, now),
        writes_waiting=calendar_reads.writes_waiting(db, connection.id),
        written_by=calendar_reads.written_by(db, connection.id),
        blocks=calendar_reads.blocks(db, connection.id),
        held=calendar_reads.held(db, connection.id),
        watch="none" if watch is None else "open" if watch.state == "open" else "asked",
        watch_until=watch.expires_at if watch else None,
    )


def _word(error: CalendarError | VaultError, connection: Connection) -> str:
    if isinstance(error, VaultError):
        return "vault"
    return "login_refused" if (error.trouble, connection.provider) == ("signed_out", "caldav") else error.trouble


def _refined(app: Appliance, connection: Connection, trouble: str | None, now: datetime) -> str | None:
    """The trouble with the cause that its circumstances show."""
    if trouble != "signed_out":
        return trouble
    if connection.provider == "caldav":
        return "login_refused"
    connected_at = calendar_reads.connected_at(app.db, connection.id)
    ended_at = connection.failing_since_at or now
    if connection.provider == "google" and connected_at and ended_at - connected_at <= TESTING_ENDS:
        return "testing_ended"
    return trouble
