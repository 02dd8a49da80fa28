"""Conditions that a person must know of: one row per condition, not one per failure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.storage.database import Database

# A fault of the messenger's account or configuration: nothing is sent until staff resume it.
SENDING_PAUSED = "messenger_account"
# Staff have not looked yet at what happened between a backup and its restore.
BOX_RESTORED = "box_restored"
# A kind of text is refused on a channel: ``message_refused:<channel>:<kind>``.
TEXT_REFUSED = "message_refused"


@dataclass(frozen=True, slots=True)
class Alarm:
    """``condition`` is a code, with a subject after a colon where there are several (``calendar_failing:1``)."""

    condition: str
    since_at: datetime
    detail: str
    count: int


def raise_alarm(db: Database, condition: str, detail: str, now: datetime) -> None:
    """Note that the condition holds (again)."""
    db.execute(
        """INSERT INTO alarm (condition, since_at, detail) VALUES (?, ?, ?)
           ON CONFLICT (condition) DO UPDATE SET count = count + 1, detail = excluded.detail""",
        condition, now, detail,
    )  # fmt: skip


def clear(db: Database, condition: str) -> bool:
    """The condition is over; whether it held."""
    return db.execute("DELETE FROM alarm WHERE condition = ?", condition) > 0


def holds(db: Database, condition: str) -> bool:
    return db.value("SELECT 1 FROM alarm WHERE condition = ?", condition) is not None


def clear_all(db: Database, name: str) -> int:
    """The conditions of this name are over, whatever their subjects; how many held."""
    return db.execute("DELETE FROM alarm WHERE condition = ?1 OR condition LIKE ?1 || ':%'", name)


def count(db: Database, condition: str) -> int:
    """How often it was noted since it began; 0 when it does not hold."""
    return int(db.value("SELECT count FROM alarm WHERE condition = ?", condition) or 0)


def present(db: Database) -> list[Alarm]:
    """Every condition that holds, oldest first."""
    return db.rows(Alarm, "SELECT * FROM alarm ORDER BY since_at, condition")
