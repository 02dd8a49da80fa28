"""What the API shows: entries with their wishes, places and last offer, and the watched slots."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.errors import NotFound
from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.domain.records import Slot
from waitlist_appliance.storage.database import Database


@dataclass(frozen=True, slots=True)
class EntryRead:
    """An entry with its customer's phone and the time first asked for."""

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
    notes: str | None
    requested_at: datetime
    created_at: datetime
    registered_at: datetime | None
    notified_at: datetime | None
    confirmed_at: datetime | None
    response_deadline_at: datetime | None


@dataclass(frozen=True, slots=True)
class EntryPage:
    items: list[EntryRead]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class WishRead:
    """A wished time; ``position`` counts from 1 and is None while not in line."""

    slot_public_id: str
    starts_at: datetime
    state: str
    position: int | None


@dataclass(frozen=True, slots=True)
class OfferRead:
    public_id: str
    state: str
    starts_at: datetime
    sent_at: datetime | None
    deadline_at: datetime | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class SlotRead:
    public_id: str
    starts_at: datetime
    ends_at: datetime
    status: str
    waiting: int
    invited: int
    last_check_at: datetime | None
    next_check_at: datetime | None
    check_interval_minutes: int | None


_ENTRY = """
SELECT entry.id, entry.public_id, COALESCE(entry.first_name, customer.first_name) AS first_name,
       COALESCE(entry.last_name, customer.last_name) AS last_name, customer.phone,
       COALESCE(entry.email, customer.email) AS email, entry.party_size, entry.status, entry.priority, entry.source,
       entry.locale, entry.zone, entry.notes, wanted.starts_at AS requested_at, entry.created_at, entry.registered_at,
       entry.notified_at, entry.confirmed_at, entry.response_deadline_at
  FROM entry JOIN customer ON customer.id = entry.customer_id JOIN slot AS wanted ON wanted.id = entry.requested_slot_id
"""


def entry(db: Database, public_id: str) -> EntryRead:
    """One entry; NotFound."""
    found = db.row(EntryRead, f"{_ENTRY} WHERE entry.public_id = ?", public_id)
    if found is None:
        raise NotFound("not_found")
    return found


def entries(
    db: Database, *, status: str | None, day: tuple[datetime, datetime] | None, slot: str | None, q: str | None,
    cursor: str | None, limit: int,
) -> EntryPage:  # fmt: skip
    """Entries newest first. ``day`` bounds a wished or requested time; ``slot`` is its public id."""
    where, values = _filters(status, day, slot, q)
    if cursor is not None:
        where.append("(entry.created_at, entry.id) < (?, ?)")
        values += _read_cursor(cursor)
    sql = f"{_ENTRY} WHERE {' AND '.join(where) or '1'} ORDER BY entry.created_at DESC, entry.id DESC LIMIT ?"
    found = db.rows(EntryRead, sql, *values, limit + 1)
    more = len(found) > limit
    last = found[limit - 1] if more else None
    return EntryPage(found[:limit], None if last is None else f"{to_ms(last.created_at)}.{last.id}")


def wishes(db: Database, entry_id: int) -> list[WishRead]:
    """The entry's times in the order of the clock; those under offer count as ahead of those that wait."""
    return db.rows(
        WishRead,
        """SELECT slot.public_id AS slot_public_id, slot.starts_at, w.state,
                  CASE w.state WHEN 'offered' THEN 1 WHEN 'live' THEN 1
                     + (SELECT COUNT(*) FROM wish o WHERE o.slot_id = w.slot_id AND o.state = 'offered')
                     + (SELECT COUNT(*) FROM wish a WHERE a.slot_id = w.slot_id AND a.state = 'live'
                           AND (a.round, a.priority, a.lined_up_at, a.entry_id)
                             < (w.round, w.priority, w.lined_up_at, w.entry_id)) END AS position
             FROM wish w JOIN slot ON slot.id = w.slot_id WHERE w.entry_id = ? ORDER BY slot.starts_at, w.id""",
        entry_id,
    )


def last_offer(db: Database, entry_id: int) -> OfferRead | None:
    """The newest offer of the entry."""
    return db.row(
        OfferRead,
        """SELECT offer.public_id, offer.state, slot.starts_at, offer.sent_at, offer.deadline_at, offer.answered_at
             FROM offer JOIN slot ON slot.id = offer.slot_id WHERE offer.entry_id = ? ORDER BY offer.id DESC LIMIT 1""",
        entry_id,
    )


def slots(db: Database, now: datetime, limit: int = 500) -> list[SlotRead]:
    """The slots that somebody waits for and whose start lies ahead, nearest first."""
    sql = f"{_SLOT} WHERE slot.starts_at >= ? AND {_WANTED} ORDER BY slot.starts_at LIMIT ?"
    return db.rows(SlotRead, sql, now, limit)


def slot(db: Database, public_id: str) -> Slot:
    """One slot; NotFound."""
    found = db.row(Slot, "SELECT * FROM slot WHERE public_id = ?", public_id)
    if found is None:
        raise NotFound("not_found")
    return found


_WANTED = "slot.status IN ('available', 'monitoring', 'pending')"
_SLOT = """
SELECT slot.public_id, slot.starts_at, slot.ends_at, slot.status, slot.last_check_at, slot.next_check_at,
       slot.check_interval_minutes,
       (SELECT COUNT(*) FROM wish WHERE wish.slot_id = slot.id AND wish.state IN ('live', 'offered')) AS waiting,
       (SELECT COUNT(*) FROM wish WHERE wish.slot_id = slot.id AND wish.state = 'proposed') AS invited
  FROM slot
"""


def _filters(
    status: str | None, day: tuple[datetime, datetime] | None, slot_id: str | None, q: str | None
) -> tuple[list[str], list[object]]:
    where: list[str] = []
    values: list[object] = []
    if status is not None:
        where.append("entry.status = ?")
        values.append(status)
    if day is not None:
        where.append(f"{_WISHES} AND slot.starts_at >= ? AND slot.starts_at < ?)")
        values += day
    if slot_id is not None:
        where.append(f"{_WISHES} AND slot.public_id = ?)")
        values.append(slot_id)
    if q is not None:
        where.append(_MATCHES)
        pattern = "%" + q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        values += [pattern, pattern]
    return where, values


_WISHES = (
    "EXISTS (SELECT 1 FROM slot WHERE (slot.id = entry.requested_slot_id "
    "OR slot.id IN (SELECT wish.slot_id FROM wish WHERE wish.entry_id = entry.id))"
)
_MATCHES = (
    "(COALESCE(entry.first_name, customer.first_name, '') || ' ' || COALESCE(entry.last_name, customer.last_name, '') "
    "LIKE ? ESCAPE '\\' OR customer.phone LIKE ? ESCAPE '\\')"
)


def _read_cursor(cursor: str) -> tuple[int, int]:
    """Where the last page ended; a cursor that is none of ours begins again at the newest."""
    created, _, entry_id = cursor.partition(".")
    if created.isascii() and created.isdigit() and entry_id.isascii() and entry_id.isdigit() and len(cursor) <= 36:
        return min(int(created), 2**62), min(int(entry_id), 2**62)
    return 2**62, 2**62
