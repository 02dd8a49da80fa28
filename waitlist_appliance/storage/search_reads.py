"""Finding a person, a request or a booking by what staff know of them: each list short, each out of an index."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.search_words import ending, words_of
from waitlist_appliance.storage.database import Database

PER_KIND = 8
LONGEST = 80


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """A customer; `entry_public_id` is their newest request, `entries` and `bookings` how many they have."""

    id: int
    phone: str
    name: str | None
    email: str | None
    entry_public_id: str | None
    entries: int
    bookings: int


@dataclass(frozen=True, slots=True)
class FoundEntry:
    public_id: str
    name: str | None
    phone: str
    status: str
    party_size: int | None
    wanted_at: datetime


@dataclass(frozen=True, slots=True)
class FoundBooking:
    public_id: str
    code: str
    name: str | None
    phone: str
    status: str
    party_size: int
    starts_at: datetime


_NAME = "NULLIF(TRIM(COALESCE({0}.first_name, '') || ' ' || COALESCE({0}.last_name, '')), '')"


def customer_ids(db: Database, text: str, country_code: str, limit: int = PER_KIND) -> list[int]:
    """The customers that the text names, newest first: every word begins one of theirs, or it is a piece of the number."""
    words = sorted(words_of(text[:LONGEST]), key=len, reverse=True)
    if not words or len(words[0]) < 2:
        return []
    found = _by_number(db, text, country_code, limit) if _digits(text) else []
    return list(dict.fromkeys([*found, *_by_words(db, words, limit)]))[:limit]


_BEGINS = "word >= ? AND word < ? || char(1114111)"
_PHONE_BEGINS = "customer.phone >= ? AND customer.phone < ? || ':'"
_BESIDES = (
    f"EXISTS (SELECT 1 FROM search_word AS other WHERE other.customer_id = search_word.customer_id AND "
    f"{_BEGINS.replace('word', 'other.word')})"
)
FEW, MANY = 1000, 10_000
_HAS_WORD = "EXISTS (SELECT 1 FROM search_word WHERE customer_id = customer.id AND {})"
_WITH_WORD = "SELECT customer_id FROM search_word WHERE {}"
_WITH_NUMBER = "SELECT id FROM customer WHERE {}"


@dataclass(frozen=True, slots=True)
class Named:
    """Whom a text names, for a statement over ``entry`` and ``customer``; few people are best looked up by it."""

    clause: str
    values: tuple[object, ...]
    few: bool


def named(db: Database, text: str, country_code: str) -> Named:
    """All customers that `customer_ids` would find without its limit; also by a single letter."""
    words = sorted(words_of(text[:LONGEST]), key=lambda word: _frequency(db, word))
    if not words:
        return Named("0", (), few=True)
    digits = _digits(text)
    numbers = _spelled(text, digits, country_code) if digits else []
    ends = [ending(digits)] if digits else []
    twice = tuple(value for value in (*words, *numbers, *ends) for _ in range(2))
    sources = [" AND ".join([_WITH_WORD.format(_BEGINS), *[_BESIDES] * (len(words) - 1)])]
    sources += [_WITH_NUMBER.format(_PHONE_BEGINS)] * len(numbers) + [_WITH_WORD.format(_BEGINS)] * len(ends)
    found = " UNION ALL ".join(sources)
    if db.value(f"SELECT COUNT(*) FROM (SELECT 1 FROM ({found}) LIMIT {FEW + 1})", *twice) <= FEW:
        return Named(f"entry.customer_id IN ({found})", twice, few=True)
    # So many that whoever walks the list soon has a page of them: each row is asked by itself.
    has_word = _HAS_WORD.format(_BEGINS)
    tests = [" AND ".join([has_word] * len(words)), *[_PHONE_BEGINS] * len(numbers), *[has_word] * len(ends)]
    return Named(f"({' OR '.join(f'({test})' for test in tests)})", twice, few=False)


def _frequency(db: Database, word: str) -> int:
    """How many people have a word that begins so; beyond MANY it makes no difference."""
    sql = f"SELECT COUNT(*) FROM (SELECT 1 FROM search_word WHERE {_BEGINS} LIMIT {MANY})"
    return int(db.value(sql, word, word))


def _by_words(db: Database, words: Sequence[str], limit: int) -> list[int]:
    """The longest word, which fits the fewest people, is looked up; the others only among those."""
    besides = f" AND EXISTS (SELECT 1 FROM search_word WHERE customer_id = found.customer_id AND {_BEGINS})"
    besides *= len(words) - 1
    sql = f"""SELECT DISTINCT found.customer_id FROM search_word AS found WHERE {_BEGINS}{besides}
        ORDER BY found.customer_id DESC LIMIT ?"""
    beginnings = [word for word in words for _ in range(2)]
    return [number for (number,) in db.tuples(sql, *beginnings, limit)]


def people(db: Database, ids: Sequence[int]) -> list[FoundPerson]:
    """These customers, in this order."""
    sql = f"""
    SELECT customer.id, customer.phone, {_NAME.format("customer")} AS name, customer.email,
        (SELECT public_id FROM entry WHERE customer_id = customer.id ORDER BY id DESC LIMIT 1) AS entry_public_id,
        (SELECT COUNT(*) FROM entry WHERE customer_id = customer.id) AS entries,
        (SELECT COUNT(*) FROM booking WHERE customer_id = customer.id) AS bookings
    FROM customer WHERE customer.id IN ({_marks(ids)})
    """
    order = {number: place for place, number in enumerate(ids)}
    return sorted(db.rows(FoundPerson, sql, *ids), key=lambda person: order[person.id])


def entries(db: Database, ids: Sequence[int]) -> list[FoundEntry]:
    """The newest requests of these customers, those still on the list first."""
    name = f"COALESCE({_NAME.format('entry')}, {_NAME.format('customer')})"
    sql = f"""
    SELECT entry.public_id, {name} AS name, customer.phone, entry.status, entry.party_size, slot.starts_at AS wanted_at
    FROM entry JOIN customer ON customer.id = entry.customer_id JOIN slot ON slot.id = entry.requested_slot_id
    WHERE entry.customer_id IN ({_marks(ids)})
    ORDER BY entry.status IN ('invited', 'waiting', 'notified') DESC, entry.id DESC LIMIT {PER_KIND}
    """
    return db.rows(FoundEntry, sql, *ids)


def bookings(db: Database, text: str, ids: Sequence[int], now: datetime) -> list[FoundBooking]:
    """Bookings whose code begins with the text, then those of these customers, what is still to come first."""
    code = "".join(char for char in text.upper() if char.isalnum())[:12]
    by_code = "booking.code >= ? AND booking.code < ? || char(1114111)"
    found = db.rows(FoundBooking, f"{_BOOKING} WHERE {by_code} LIMIT {PER_KIND}", code, code) if len(code) > 1 else []
    sql = f"""{_BOOKING} WHERE booking.customer_id IN ({_marks(ids)})
        ORDER BY booking.starts_at < ?, ABS(booking.starts_at - ?) LIMIT {PER_KIND}"""
    mine = db.rows(FoundBooking, sql, *ids, now, now) if ids else []
    return list(dict.fromkeys([*found, *mine]))[:PER_KIND]


_BOOKING = f"""
SELECT booking.public_id, booking.code, {_NAME.format("customer")} AS name, customer.phone, booking.status,
    booking.party_size, booking.starts_at
FROM booking JOIN customer ON customer.id = booking.customer_id
"""


def _by_number(db: Database, text: str, country_code: str, limit: int) -> list[int]:
    """As written with its country, as dialled at home, and by its end."""
    digits = _digits(text)
    ids: list[int] = []
    for beginning in _spelled(text, digits, country_code):
        sql = "SELECT id FROM customer WHERE phone >= ? AND phone < ? || ':' LIMIT ?"
        ids += [number for (number,) in db.tuples(sql, beginning, beginning, limit)]
    return ids + _by_words(db, [ending(digits)], limit)


def _spelled(text: str, digits: str, country_code: str) -> list[str]:
    """How a number that begins with these digits may be stored."""
    return [f"+{digits.removeprefix('00')}"] + ([] if text.strip().startswith("+") else [f"+{country_code}{digits}"])


def _digits(text: str) -> str:
    """The digits of what is nothing but a number; "" for anything else."""
    tidy = re.sub(r"[\s().\-/]", "", text[:LONGEST])
    return "".join(str(int(char)) for char in tidy.removeprefix("+")) if re.fullmatch(r"\+?\d{3,15}", tidy) else ""


def _marks(ids: Sequence[int]) -> str:
    return ", ".join("?" * len(ids))
