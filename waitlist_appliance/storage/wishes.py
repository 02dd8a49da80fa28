"""Wishes: a time that suits an entry; and the line that they form."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.domain.records import Entry, Wish
from waitlist_appliance.domain.states import WishState
from waitlist_appliance.storage.database import Database

ACTIVE = "('proposed', 'live', 'offered')"


def by_id(db: Database, wish_id: int) -> Wish:
    found = db.row(Wish, "SELECT * FROM wish WHERE id = ?", wish_id)
    if found is None:
        raise LookupError(f"wish {wish_id}")
    return found


def of_entry(db: Database, entry_id: int) -> list[Wish]:
    return db.rows(
        Wish, "SELECT w.* FROM wish w JOIN slot s ON s.id = w.slot_id WHERE w.entry_id = ? ORDER BY s.starts_at, w.id",
        entry_id,
    )  # fmt: skip


def active_of_customer(db: Database, customer_id: int) -> int:
    return int(db.value(f"SELECT COUNT(*) FROM wish WHERE customer_id = ? AND state IN {ACTIVE}", customer_id))


def active_at(db: Database, customer_id: int, slot_id: int) -> Wish | None:
    return db.row(
        Wish, f"SELECT * FROM wish WHERE customer_id = ? AND slot_id = ? AND state IN {ACTIVE}", customer_id, slot_id
    )


def add(
    db: Database, entry: Entry, slot_id: int, state: WishState, now: datetime, *,
    resource_id: int | None = None, zone: str | None = None, wish_round: int = 0,
) -> int:  # fmt: skip
    """A wish of the entry, with the entry's place in line. IntegrityError when the customer has one for this slot."""
    return db.insert(
        "wish", entry_id=entry.id, customer_id=entry.customer_id, slot_id=slot_id, state=state, round=wish_round,
        priority=entry.priority, lined_up_at=entry.lined_up_at, party=entry.party_size,
        resource_id=resource_id or entry.resource_id, zone=zone or entry.zone, created_at=now,
    )  # fmt: skip


def move(db: Database, wish_id: int, to: WishState, *before: WishState, ended_by_booking_id: int | None = None) -> int:
    """Change the state if it is one of ``before``; 0 when it is not."""
    marks = ", ".join("?" * len(before))
    return db.execute(
        f"UPDATE wish SET state = ?, ended_by_booking_id = ? WHERE id = ? AND state IN ({marks})",
        to, ended_by_booking_id, wish_id, *before,
    )  # fmt: skip


def to_the_back(db: Database, wish_id: int) -> int:
    """After silence: live again, one round behind everybody of this one.

    The entry's wishes for overlapping times go back with it, or the same freed time would be offered to the same
    silent person once more before anybody else.
    """
    won = db.execute("UPDATE wish SET state = 'live', round = round + 1 WHERE id = ? AND state = 'offered'", wish_id)
    db.execute(
        """UPDATE wish SET round = round + 1
            WHERE state = 'live' AND id IN (
                SELECT other.id FROM wish mine JOIN slot s ON s.id = mine.slot_id
                  JOIN wish other ON other.entry_id = mine.entry_id AND other.id <> mine.id
                  JOIN slot o ON o.id = other.slot_id
                 WHERE mine.id = ? AND o.starts_at < s.ends_at AND o.ends_at > s.starts_at)""",
        wish_id,
    )
    return won


def line_up(db: Database, entry: Entry) -> int:
    """Copy the entry's place, party and preferences to its active wishes; proposed ones become live."""
    return db.execute(
        """UPDATE wish SET priority = ?, lined_up_at = ?, party = ?,
                  state = CASE state WHEN 'proposed' THEN 'live' ELSE state END
            WHERE entry_id = ? AND state IN ('proposed', 'live', 'offered')""",
        entry.priority, entry.lined_up_at, entry.party_size, entry.id,
    )  # fmt: skip


def prefer(db: Database, wish_id: int, zone: object, resource_id: object) -> int:
    """What an active wish asks for besides its time; None is "any"."""
    return db.execute(
        f"UPDATE wish SET zone = ?, resource_id = ? WHERE id = ? AND state IN {ACTIVE}", zone, resource_id, wish_id
    )


def end_active(db: Database, entry_id: int, to: WishState, ended_by_booking_id: int | None = None) -> list[int]:
    """End every active wish of the entry; the slots concerned."""
    slots = [s for (s,) in db.tuples(f"SELECT slot_id FROM wish WHERE entry_id = ? AND state IN {ACTIVE}", entry_id)]
    db.execute(
        f"UPDATE wish SET state = ?, ended_by_booking_id = ? WHERE entry_id = ? AND state IN {ACTIVE}",
        to, ended_by_booking_id, entry_id,
    )  # fmt: skip
    return slots


def active_of_entry(db: Database, entry_id: int) -> list[Wish]:
    return db.rows(Wish, f"SELECT * FROM wish WHERE entry_id = ? AND state IN {ACTIVE}", entry_id)


def active_on_day(db: Database, customer_id: int, since: datetime, until: datetime) -> list[Wish]:
    """The customer's active wishes with a start in [since, until), over all entries."""
    return db.rows(
        Wish,
        f"""SELECT w.* FROM wish w JOIN slot s ON s.id = w.slot_id
             WHERE w.customer_id = ? AND w.state IN {ACTIVE} AND s.starts_at >= ? AND s.starts_at < ?""",
        customer_id, since, until,
    )  # fmt: skip


def ended_by(db: Database, booking_id: int) -> list[Wish]:
    return db.rows(Wish, "SELECT * FROM wish WHERE ended_by_booking_id = ?", booking_id)


def position(db: Database, wish: Wish) -> int | None:
    """1 for the first in line of its slot; None while not in line. People under offer count as ahead."""
    if wish.state not in (WishState.LIVE, WishState.OFFERED) or wish.lined_up_at is None:
        return None
    if wish.state == WishState.OFFERED:
        return 1
    ahead = db.value(
        """SELECT COUNT(*) FROM wish WHERE slot_id = ?1 AND state = 'live'
              AND (round, priority, lined_up_at, entry_id) < (?2, ?3, ?4, ?5)""",
        wish.slot_id, wish.round, wish.priority, wish.lined_up_at, wish.entry_id,
    )  # fmt: skip
    offered = db.value("SELECT COUNT(*) FROM wish WHERE slot_id = ? AND state = 'offered'", wish.slot_id)
    return int(ahead) + int(offered) + 1


def state_counts(db: Database, entry_id: int) -> dict[str, int]:
    return dict(db.tuples("SELECT state, COUNT(*) FROM wish WHERE entry_id = ? GROUP BY state", entry_id))


def pass_slot(db: Database, slot_id: int) -> list[int]:
    """The slot's time is over: its active wishes have passed; the entries concerned."""
    entries = [
        e for (e,) in db.tuples(f"SELECT DISTINCT entry_id FROM wish WHERE slot_id = ? AND state IN {ACTIVE}", slot_id)
    ]
    db.execute(f"UPDATE wish SET state = 'passed' WHERE slot_id = ? AND state IN {ACTIVE}", slot_id)
    return entries
