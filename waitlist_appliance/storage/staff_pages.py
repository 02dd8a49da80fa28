"""What the staff's pages read: one statement per list, nothing that changes anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.search_reads import Named

ACTIVE = ("invited", "waiting", "notified")
# Later than every moment: where somebody stands who has not been lined up yet.
NEVER = 2**53 - 1
ENDED = ("confirmed", "declined", "expired", "cancelled")


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as the waitlist shows it; `offer_*`: its live or proposed offer, `booking_*`: its pending booking."""

    id: int
    public_id: str
    first_name: str | None
    last_name: str | None
    phone: str
    email: str | None
    party_size: int | None
    status: str
    priority: int
    source: str
    locale: str
    zone: str | None
    wanted_resource: str | None
    notes: str | None
    created_at: datetime
    registered_at: datetime | None
    lined_up_at: datetime | None
    wanted_at: datetime
    undeliverable_at: datetime | None
    opted_out_at: datetime | None
    customer_id: int
    offer_public_id: str | None
    offer_state: str | None
    offer_deadline_at: datetime | None
    offer_sent_at: datetime | None
    offer_starts_at: datetime | None
    offer_resource: str | None
    booking_public_id: str | None
    booking_alarmed_at: datetime | None

    @property
    def name(self) -> str | None:
        return " ".join(part for part in (self.first_name, self.last_name) if part) or None

    @property
    def active(self) -> bool:
        return self.status in ACTIVE

    @property
    def needs_a_person(self) -> bool:
        """An approval, somebody who cannot be reached, or a booking that the calendar does not take."""
        unreachable = self.active and (self.undeliverable_at or self.opted_out_at)
        return self.offer_state == "proposed" or bool(self.booking_alarmed_at) or bool(unreachable)


@dataclass(frozen=True, slots=True)
class LineWish:
    entry_id: int
    slot_public_id: str
    starts_at: datetime
    state: str
    round: int


@dataclass(frozen=True, slots=True)
class Filter:
    """What the waitlist is narrowed to; `since`/`until` bound a wished time, `people` are those searched for."""

    statuses: tuple[str, ...] = ()
    source: str = ""
    since: datetime | None = None
    until: datetime | None = None
    people: Named | None = None


@dataclass(frozen=True, slots=True)
class Waiter:
    """Somebody in line for a slot, in line order; `place` counts from 1."""

    slot_id: int
    entry_public_id: str
    first_name: str | None
    last_name: str | None
    phone: str
    party: int | None
    state: str
    place: int

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.first_name, self.last_name) if part) or self.phone


@dataclass(frozen=True, slots=True)
class OpeningLine:
    """A freed place of a slot, and whom it is offered to now."""

    slot_id: int
    state: str
    resource_name: str
    deadline_at: datetime | None
    offer_state: str | None
    customer_name: str | None


@dataclass(frozen=True, slots=True)
class SlotHead:
    id: int
    public_id: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class MessageLine:
    public_id: str
    kind: str
    channel: str
    state: str
    due_at: datetime
    sent_at: datetime | None
    subject: str | None
    body: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class PhoneOwner:
    customer_id: int
    phone: str
    first_name: str | None
    last_name: str | None
    email: str | None

    @property
    def name(self) -> str | None:
        return " ".join(part for part in (self.first_name, self.last_name) if part) or None


@dataclass(frozen=True, slots=True)
class Failing:
    channel: str
    outcome: str
    times: int


@dataclass(frozen=True, slots=True)
class CalendarHealth:
    name: str
    status: str
    failing_since_at: datetime | None
    last_sync_at: datetime | None


@dataclass(frozen=True, slots=True)
class EventTimes:
    title: str
    starts_at: datetime
    ends_at: datetime


_LINE = """
SELECT entry.id, entry.public_id, COALESCE(entry.first_name, customer.first_name) AS first_name,
    COALESCE(entry.last_name, customer.last_name) AS last_name, customer.phone,
    COALESCE(entry.email, customer.email) AS email, entry.party_size, entry.status, entry.priority, entry.source,
    entry.locale, entry.zone, asked_for.name AS wanted_resource, entry.notes, entry.created_at,
    entry.registered_at, entry.lined_up_at, wanted.starts_at AS wanted_at,
    customer.undeliverable_at, customer.opted_out_at, entry.customer_id,
    offer.public_id AS offer_public_id, offer.state AS offer_state, offer.deadline_at AS offer_deadline_at,
    offer.sent_at AS offer_sent_at, offered.starts_at AS offer_starts_at, resource.name AS offer_resource,
    booking.public_id AS booking_public_id, booking.alarmed_at AS booking_alarmed_at
FROM entry
JOIN customer ON customer.id = entry.customer_id
JOIN slot AS wanted ON wanted.id = entry.requested_slot_id
LEFT JOIN resource AS asked_for ON asked_for.id = entry.resource_id
LEFT JOIN offer ON offer.entry_id = entry.id AND offer.state IN ('proposed', 'live')
LEFT JOIN slot AS offered ON offered.id = offer.slot_id
LEFT JOIN hold ON hold.id = offer.hold_id
LEFT JOIN resource ON resource.id = hold.resource_id
LEFT JOIN booking ON booking.entry_id = entry.id AND booking.status = 'pending'
"""
# A customer who has never been lined up (only invited) stands behind the others.
_LINE_ORDER = f"COALESCE(entry.lined_up_at, {NEVER}), entry.id"


def in_play(db: Database, wanted: Filter, limit: int = 200) -> list[Line]:
    """Contacted people: those with a live or proposed offer or a pending booking; the nearest deadline first."""
    if not _among(wanted, ("notified",)):
        return []
    lines, values = _narrowed(wanted, ("notified",), _LINE)
    order = "offer.deadline_at IS NULL, offer.deadline_at, entry.id"
    return db.rows(Line, f"{lines} ORDER BY {order} LIMIT ?", *values, limit)


def unreachable(db: Database, wanted: Filter, limit: int = 50) -> list[Line]:
    """People in line whom no message reaches."""
    if not _among(wanted, ("invited", "waiting")):
        return []
    lines, values = _narrowed(wanted, ("invited", "waiting"), _walking("entry_by_customer"))
    nobody = "SELECT id FROM customer WHERE undeliverable_at IS NOT NULL OR opted_out_at IS NOT NULL"
    sql = f"{lines} AND entry.customer_id IN ({nobody}) ORDER BY entry.created_at LIMIT ?"
    return db.rows(Line, sql, *values, limit)


def in_line(db: Database, wanted: Filter, after: tuple[int, int, int] | None, limit: int) -> list[Line]:
    """People who wait or were invited, by priority and sign-up; `after` is the last row's (priority, ms, id)."""
    if not _among(wanted, ("waiting", "invited")):
        return []
    # Without a day the line itself is walked and never sorted; a day names few, who are looked up.
    lines, values = _narrowed(wanted, ("waiting", "invited"), _LINE if wanted.since else _walking("entry_in_line"))
    if after:
        lines += f" AND (entry.priority, {_LINE_ORDER}) > (?, ?, ?)"
        values += after
    return db.rows(Line, f"{lines} ORDER BY entry.priority, {_LINE_ORDER} LIMIT ?", *values, limit)


def ended(db: Database, wanted: Filter, before: tuple[int, int] | None, limit: int) -> list[Line]:
    """People who are no longer in line, newest first; `before` is the last row's (created ms, id)."""
    if not _among(wanted, ENDED):
        return []
    walked = _walking("entry_by_created") if wanted.people and not wanted.since else _LINE
    lines, values = _narrowed(wanted, ENDED, walked)
    if before:
        lines += " AND (entry.created_at, entry.id) < (?, ?)"
        values += before
    if not (wanted.since or wanted.people or wanted.source):
        newest, more = _newest_ended(wanted, before, limit)
        lines, values = f"{lines} AND entry.id IN ({newest})", values + more
    return db.rows(Line, f"{lines} ORDER BY entry.created_at DESC, entry.id DESC LIMIT ?", *values, limit)


def _newest_ended(wanted: Filter, before: tuple[int, int] | None, limit: int) -> tuple[str, tuple[object, ...]]:
    """The newest of each status, each out of its own part of the index: nothing is sorted but these."""
    earlier = " AND (created_at, id) < (?, ?)" if before else ""
    parts = [
        f"SELECT * FROM (SELECT id FROM entry WHERE status = '{status}'{earlier}"
        " ORDER BY created_at DESC, id DESC LIMIT ?)"
        for status in _among(wanted, ENDED)
    ]  # fmt: skip
    one: tuple[object, ...] = (*(before or ()), limit)
    return " UNION ALL ".join(parts), one * len(parts)


def _walking(index: str) -> str:
    return _LINE.replace("FROM entry\n", f"FROM entry INDEXED BY {index}\n")


def lines_named(db: Database, public_ids: Sequence[str]) -> list[Line]:
    """These entries, in the order of their asking."""
    marks = ", ".join("?" * len(public_ids))
    return db.rows(Line, f"{_LINE} WHERE entry.public_id IN ({marks}) ORDER BY entry.id", *public_ids)


def all_lines(db: Database, wanted: Filter, batch: int) -> Iterator[list[Line]]:
    """Everybody the filter lets through, in batches: those in play, then the line, then those who have left."""
    playing = in_play(db, wanted, NEVER)
    if playing:
        yield playing
    after: tuple[int, int, int] | None = None
    while lines := in_line(db, wanted, after, batch):
        yield lines
        last = lines[-1]
        after = (last.priority, to_ms(last.lined_up_at) if last.lined_up_at else NEVER, last.id)
    before: tuple[int, int] | None = None
    while lines := ended(db, wanted, before, batch):
        yield lines
        before = (to_ms(lines[-1].created_at), lines[-1].id)


def places(db: Database, entry_ids: Sequence[int]) -> dict[int, int]:
    """The place of these entries in the line of the time they asked for, from 1; who is not in it is left out."""
    if not entry_ids:
        return {}
    sql = f"""
    SELECT wish.entry_id,
        (SELECT COUNT(*) FROM wish AS ahead WHERE ahead.slot_id = wish.slot_id AND ahead.state = 'live'
            AND (ahead.round, ahead.priority, ahead.lined_up_at, ahead.entry_id)
                < (wish.round, wish.priority, wish.lined_up_at, wish.entry_id))
        + (SELECT COUNT(*) FROM wish AS asked WHERE asked.slot_id = wish.slot_id AND asked.state = 'offered') + 1
    FROM entry JOIN wish ON wish.entry_id = entry.id AND wish.slot_id = entry.requested_slot_id AND wish.state = 'live'
    WHERE entry.id IN ({", ".join("?" * len(entry_ids))})
    """
    return dict(db.tuples(sql, *entry_ids))


def line(db: Database, public_id: str) -> Line | None:
    """One entry."""
    return db.row(Line, f"{_LINE} WHERE entry.public_id = ?", public_id)


def counts(db: Database) -> dict[str, int]:
    """How many entries have each status."""
    return dict(db.tuples("SELECT status, COUNT(*) FROM entry GROUP BY status"))


def wishes(db: Database, entry_ids: Sequence[int]) -> dict[int, list[LineWish]]:
    """The wished times of these entries in the order of the clock; those changed away are left out."""
    if not entry_ids:
        return {}
    marks = ", ".join("?" * len(entry_ids))
    sql = (
        "SELECT wish.entry_id, slot.public_id AS slot_public_id, slot.starts_at, wish.state, wish.round FROM wish "
        f"JOIN slot ON slot.id = wish.slot_id WHERE wish.entry_id IN ({marks}) ORDER BY slot.starts_at, wish.id"
    )
    found: dict[int, list[LineWish]] = {}
    for wish in db.rows(LineWish, sql, *entry_ids):
        found.setdefault(wish.entry_id, []).append(wish)
    return found


def waiters(db: Database, slot_ids: Sequence[int], at_most: int = 5) -> dict[int, list[Waiter]]:
    """The first of each slot's line; out of an index, however long the line is."""
    found = {slot_id: db.rows(Waiter, _FIRST_IN_LINE, slot_id, at_most) for slot_id in slot_ids}
    return {slot_id: waiting for slot_id, waiting in found.items() if waiting}


_WISH_ORDER = "round, priority, lined_up_at, entry_id"
_FIRST_IN_LINE = f"""
WITH first AS (
    SELECT * FROM (SELECT * FROM wish WHERE slot_id = ?1 AND state = 'live' ORDER BY {_WISH_ORDER} LIMIT ?2)
    UNION ALL SELECT * FROM wish INDEXED BY wish_by_slot WHERE slot_id = ?1 AND state = 'offered'
)
SELECT first.slot_id, entry.public_id AS entry_public_id, COALESCE(entry.first_name, customer.first_name) AS first_name,
    COALESCE(entry.last_name, customer.last_name) AS last_name, customer.phone,
    COALESCE(first.party, entry.party_size) AS party, first.state,
    ROW_NUMBER() OVER (ORDER BY {", ".join(f"first.{column}" for column in _WISH_ORDER.split(", "))}) AS place
FROM first JOIN entry ON entry.id = first.entry_id JOIN customer ON customer.id = first.customer_id
ORDER BY place LIMIT ?2
"""


def openings(db: Database, slot_ids: Sequence[int]) -> dict[int, list[OpeningLine]]:
    """The freed places of these slots that are open, held or have nobody left to ask."""
    if not slot_ids:
        return {}
    marks = ", ".join("?" * len(slot_ids))
    sql = f"""
    SELECT opening.slot_id, opening.state, resource.name AS resource_name, offer.deadline_at,
        offer.state AS offer_state, NULLIF(TRIM(COALESCE(customer.first_name, '') || ' ' ||
        COALESCE(customer.last_name, '')), '') AS customer_name
    FROM opening JOIN resource ON resource.id = opening.resource_id
    LEFT JOIN hold ON hold.opening_id = opening.id AND hold.state = 'live'
    LEFT JOIN offer ON offer.hold_id = hold.id AND offer.state IN ('proposed', 'live')
    LEFT JOIN customer ON customer.id = offer.customer_id
    WHERE opening.slot_id IN ({marks}) AND opening.state IN ('open', 'held', 'exhausted')
    ORDER BY opening.slot_id, resource.priority, opening.id
    """
    found: dict[int, list[OpeningLine]] = {}
    for opening in db.rows(OpeningLine, sql, *slot_ids):
        found.setdefault(opening.slot_id, []).append(opening)
    return found


def slot_head(db: Database, public_id: str) -> SlotHead | None:
    return db.row(SlotHead, "SELECT id, public_id, starts_at FROM slot WHERE public_id = ?", public_id)


def messages_of_entry(db: Database, entry_id: int) -> list[MessageLine]:
    """What was or will be said about this entry, newest first."""
    sql = (
        "SELECT message.public_id, message.kind, message.channel, message.state, message.due_at, message.sent_at, "
        "message.subject, message.body, message.error FROM entry "
        "JOIN message ON message.customer_id = entry.customer_id AND message.entry_id = entry.id "
        "WHERE entry.id = ? ORDER BY message.id DESC LIMIT 50"
    )
    return db.rows(MessageLine, sql, entry_id)


def booking_id(db: Database, public_id: str) -> int | None:
    found = db.value("SELECT id FROM booking WHERE public_id = ?", public_id)
    return None if found is None else int(found)


def event_times(db: Database, public_id: str) -> EventTimes | None:
    return db.row(EventTimes, "SELECT title, starts_at, ends_at FROM event WHERE public_id = ?", public_id)


def resource_names(db: Database) -> list[str]:
    """What can be occupied, in the order of their priority."""
    return [name for (name,) in db.tuples("SELECT name FROM resource WHERE active = 1 ORDER BY priority, id")]


def zones(db: Database) -> list[str]:
    sql = "SELECT DISTINCT zone FROM resource WHERE active = 1 AND zone IS NOT NULL ORDER BY zone"
    return [zone for (zone,) in db.tuples(sql)]


def phone_owner(db: Database, phone: str) -> PhoneOwner | None:
    sql = "SELECT id AS customer_id, phone, first_name, last_name, email FROM customer WHERE phone = ?"
    return db.row(PhoneOwner, sql, phone)


def failing(db: Database, addresses: Sequence[str]) -> list[Failing]:
    """Which next messages to these addresses are made to fail."""
    marks = ", ".join("?" * len(addresses))
    sql = f"SELECT channel, outcome, times FROM simulated_failure WHERE address IN ({marks}) AND times > 0"
    return db.rows(Failing, sql, *addresses)


def make_next_fail(db: Database, address: str, channel: str, outcome: str, times: int) -> None:
    """The next `times` messages to this address end like this; 0 clears it."""
    with db.write():
        db.execute("DELETE FROM simulated_failure WHERE address = ? AND channel = ?", address, channel)
        if times:
            db.insert("simulated_failure", address=address, channel=channel, outcome=outcome, times=times)


def worker_seen_at(db: Database) -> int | None:
    """Epoch ms of the worker's last sign of life."""
    found = db.value("SELECT MAX(at) FROM heartbeat WHERE name LIKE 'worker%'")
    return None if found is None else int(found)


def calendars(db: Database) -> list[CalendarHealth]:
    """The calendars that count."""
    sql = "SELECT name, status, failing_since_at, last_sync_at FROM connection WHERE enabled = 1 ORDER BY id"
    return db.rows(CalendarHealth, sql)


def alarms(db: Database) -> list[str]:
    """The conditions that want a person."""
    return [condition for (condition,) in db.tuples("SELECT condition FROM alarm ORDER BY since_at")]


def _narrowed(wanted: Filter, among: tuple[str, ...], lines: str) -> tuple[str, tuple[object, ...]]:
    """The statement up to its order; `lines` is how they are read, unless the words searched for name few people."""
    where, values = _where(wanted, among)
    if wanted.people:
        where, values = f"{where} AND {wanted.people.clause}", values + wanted.people.values
        lines = _walking("entry_by_customer") if wanted.people.few else lines
    return f"{lines} WHERE {where}", values


def _where(wanted: Filter, among: tuple[str, ...]) -> tuple[str, tuple[object, ...]]:
    """The statuses are our own words: written out, so that the index of the line serves."""
    statuses = _among(wanted, among)
    clauses, values = [f"entry.status IN ({_quoted(among)})"], list[object]()
    if statuses != among:
        clauses.append(f"entry.status IN ({_quoted(statuses)})")
    if wanted.source:
        clauses.append("entry.source = ?")
        values.append(wanted.source)
    if wanted.since and wanted.until:
        clauses.append(
            "entry.id IN (SELECT wish.entry_id FROM slot JOIN wish ON wish.slot_id = slot.id "
            "WHERE slot.starts_at >= ? AND slot.starts_at < ? AND wish.state <> 'withdrawn')"
        )
        values += [wanted.since, wanted.until]
    return " AND ".join(clauses), tuple(values)


def _among(wanted: Filter, among: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(status for status in among if not wanted.statuses or status in wanted.statuses)


def _quoted(statuses: tuple[str, ...]) -> str:
    return ", ".join(f"'{status}'" for status in statuses)
