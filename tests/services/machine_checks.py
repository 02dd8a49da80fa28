"""What the whole machine must never do, as queries over its database."""

from __future__ import annotations

import logging

from tests.chaos.invariants import check
from waitlist_appliance.storage.database import Database

# Beside tests/chaos/invariants.py: what holds where every act runs to its end, with one worker and one clock.
NEVER = {
    "people wait for an open slot that nobody watches": """
        SELECT s.id FROM slot s WHERE s.status NOT IN ('monitoring', 'available', 'expired')
            AND EXISTS (SELECT 1 FROM wish WHERE slot_id = s.id AND state IN ('live', 'offered'))""",
    "a watched slot without a clock": """
        SELECT id FROM slot WHERE status IN ('monitoring', 'available') AND next_check_at IS NULL""",
}  # fmt: skip
# Each finds rows that must not be left when everything is over and every provider works.
IN_THE_END = {
    "an opening without an end": "SELECT id FROM opening WHERE state IN ('open', 'held')",
    "an offer without an end": "SELECT id FROM offer WHERE state IN ('proposed', 'live')",
    "a wish without an end": "SELECT id FROM wish WHERE state IN ('proposed', 'live', 'offered')",
    "an entry without an end": "SELECT id FROM entry WHERE status IN ('invited', 'waiting', 'notified')",
    "a booking without an end": "SELECT id FROM booking WHERE status IN ('pending', 'confirmed', 'in_progress')",
    "time still taken": "SELECT id FROM occupancy",
    "a message neither sent nor given up": "SELECT id FROM message WHERE state IN ('pending', 'sending')",
    "a calendar write neither done nor dropped": "SELECT id FROM calendar_write WHERE state IN ('pending', 'running')",
    "a clock still ticking": "SELECT id FROM slot WHERE next_check_at IS NOT NULL",
    "a tentative event left in the calendar": "SELECT uid FROM local_event WHERE tag LIKE 'hold:%'",
    "an event of a booking that is off": """
        SELECT e.uid FROM local_event e JOIN booking b ON e.tag = 'booking:' || b.public_id
         WHERE b.status IN ('cancelled', 'expired')""",
    "a booking that took place and is not in the calendar": """
        SELECT b.id FROM booking b WHERE b.status = 'completed'
            AND NOT EXISTS (SELECT 1 FROM local_event e WHERE e.tag = 'booking:' || b.public_id)""",
    "a mirror that differs from the calendar": """
        SELECT uid FROM local_event l WHERE NOT EXISTS (SELECT 1 FROM event e WHERE e.provider_event_id = l.uid
               AND e.starts_at = l.starts_at AND e.ends_at = l.ends_at)""",
}  # fmt: skip
# Whoever could not be reached when it was confirmed may be reachable again: of no customer here is that known for ever.
CHANGEABLE = "a confirmed booking whose customer was not told once"
COUNTED = (
    "customer", "entry", "wish", "slot", "opening", "hold", "offer", "booking", "occupancy", "message", "activity",
    "event", "local_event", "calendar_write",
)  # fmt: skip
FOOTPRINT = "SELECT " + ", ".join(f"(SELECT COALESCE(MAX(rowid), 0) + COUNT(*) FROM {t})" for t in COUNTED if t != "local_event")


class Logged(logging.Handler):
    """Errors that the services logged: a step that failed there is a fault, though it stopped nothing."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.errors: list[str] = []
        logging.getLogger("waitlist_appliance").addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.errors.append(self.format(record))

    def close(self) -> None:
        logging.getLogger("waitlist_appliance").removeHandler(self)
        super().close()


def faults(db: Database) -> list[str]:
    """What must not be at any moment, in words with the ids."""
    return [fault for fault in check(db) if not fault.startswith(CHANGEABLE)] + _found(db, NEVER)


def end_state_faults(db: Database) -> list[str]:
    """What must not be left when everything is over."""
    return _found(db, IN_THE_END)


def footprint(db: Database) -> object:
    """Changes with every row that is added or removed."""
    return db.tuples(FOOTPRINT)


def _found(db: Database, queries: dict[str, str]) -> list[str]:
    return [f"{words}: {rows}" for words, sql in queries.items() if (rows := db.tuples(sql))]
