"""The activity log of the whole box, page by page, newest first, whatever it is narrowed to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.storage.database import Database

NEWEST = 2**62


@dataclass(frozen=True, slots=True)
class Wanted:
    """`verbs` empty: all; `customers` None: all; `name` only together with `actor`."""

    actor: str = ""
    name: str = ""
    verbs: tuple[str, ...] = ()
    customers: tuple[int, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Deed:
    """One line: who did what to whom, when and why; `detail` is JSON text."""

    id: int
    at: datetime
    actor: str
    actor_name: str | None
    verb: str
    subject: str
    reason: str | None
    detail: str
    entry_public_id: str | None
    person: str | None
    slot_at: datetime | None
    code: str | None


_PERSON = """COALESCE(
    NULLIF(TRIM(COALESCE(entry.first_name, customer.first_name, '') || ' '
        || COALESCE(entry.last_name, customer.last_name, '')), ''), customer.phone)"""
_WHOLE = f"""
SELECT activity.id, activity.at, activity.actor, activity.actor_name, activity.verb, activity.subject,
    activity.reason, activity.detail, entry.public_id AS entry_public_id, {_PERSON} AS person,
    COALESCE(booking.starts_at, offered.starts_at, watched.starts_at, freed.starts_at, asked.starts_at) AS slot_at,
    booking.code
FROM activity
LEFT JOIN entry ON entry.id = activity.entry_id
LEFT JOIN customer ON customer.id = COALESCE(activity.customer_id, entry.customer_id)
LEFT JOIN booking ON activity.subject = 'booking' AND booking.id = activity.subject_id
LEFT JOIN offer ON activity.subject = 'offer' AND offer.id = activity.subject_id
LEFT JOIN slot AS offered ON offered.id = offer.slot_id
LEFT JOIN slot AS watched ON activity.subject = 'slot' AND watched.id = activity.subject_id
LEFT JOIN opening ON activity.subject = 'opening' AND opening.id = activity.subject_id
LEFT JOIN slot AS freed ON freed.id = opening.slot_id
LEFT JOIN slot AS asked ON activity.subject = 'entry' AND asked.id = entry.requested_slot_id
WHERE activity.id IN ({{marks}}) ORDER BY activity.id DESC
"""


def log(db: Database, wanted: Wanted, before: int | None, limit: int) -> list[Deed]:
    """The newest lines below the id `before`."""
    ids = _ids(db, wanted, before or NEWEST, limit)
    return db.rows(Deed, _WHOLE.format(marks=", ".join("?" * len(ids))), *ids) if ids else []


def team(db: Database) -> list[str]:
    """Everybody who can have done something at the desk."""
    return [name for (name,) in db.tuples("SELECT DISTINCT name FROM staff_user ORDER BY name COLLATE NOCASE LIMIT 100")]


def _ids(db: Database, wanted: Wanted, before: int, limit: int) -> list[int]:
    """One walk down one index per verb or customer, each cut at the limit, then the newest of all of them."""
    if wanted.customers == ():
        return []
    first, last = _span(db, wanted)
    common, values = ["id < ?", "id >= ?", "id <= ?"], [before, first, last]
    if wanted.actor:
        common.append("actor = ?" + (" AND actor_name = ?" if wanted.name else ""))
    actor = [wanted.actor, *([wanted.name] if wanted.name else [])] if wanted.actor else []
    if wanted.customers is not None:
        verbs = f" AND verb IN ({', '.join('?' * len(wanted.verbs))})" if wanted.verbs else ""
        walks = [(f"customer_id = ?{verbs}", "activity_by_customer", [c, *wanted.verbs]) for c in wanted.customers]
    elif wanted.verbs:
        walks = [("verb = ?", "activity_by_verb", [verb]) for verb in wanted.verbs]
    elif wanted.actor:
        walks = [("1", "activity_by_actor", [])]
    else:
        walks = [("1", "", [])]
    parts, given = [], list[object]()
    for clause, index, own in walks:
        by = f"INDEXED BY {index}" if index else ""
        where = " AND ".join([clause, *common])
        parts.append(f"SELECT * FROM (SELECT id FROM activity {by} WHERE {where} ORDER BY id DESC LIMIT {limit})")
        given += [*own, *values, *actor]
    sql = f"{' UNION ALL '.join(parts)} ORDER BY 1 DESC LIMIT {limit}"
    return [number for (number,) in db.tuples(sql, *given)]


def _span(db: Database, wanted: Wanted) -> tuple[int, int]:
    """The ids of a span of time: the log is written in the order of the clock."""
    first = last = None
    if wanted.since:
        first = db.value("SELECT id FROM activity WHERE at >= ? ORDER BY at, id LIMIT 1", wanted.since)
        first = NEWEST if first is None else first
    if wanted.until:
        last = db.value("SELECT id FROM activity WHERE at < ? ORDER BY at DESC, id DESC LIMIT 1", wanted.until)
        last = 0 if last is None else last
    return first or 0, NEWEST if last is None else last
