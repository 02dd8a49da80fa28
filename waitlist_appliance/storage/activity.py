"""The append-only history: who did what to what, when and why. Its newest id is the change counter of live pages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.records import Activity
from waitlist_appliance.storage.database import Database


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a staff user, a customer, a voice agent or the box itself."""

    kind: str
    name: str | None = None


SYSTEM = Actor("system")
CUSTOMER = Actor("customer")
VOICE_AGENT = Actor("voice_agent")


def record(
    db: Database, now: datetime, actor: Actor, verb: str, subject: str, subject_id: int | None = None, *,
    entry_id: int | None = None, customer_id: int | None = None, reason: str | None = None, **detail: object,
) -> int:  # fmt: skip
    """Append one line. ``detail`` holds plain JSON values."""
    return db.insert(
        "activity", at=now, actor=actor.kind, actor_name=actor.name, verb=verb, subject=subject, subject_id=subject_id,
        entry_id=entry_id, customer_id=customer_id, reason=reason, detail=json.dumps(detail) if detail else "{}",
    )  # fmt: skip


def counter(db: Database) -> int:
    """Rises with every change; one look at the end of an index."""
    return int(db.value("SELECT COALESCE(MAX(id), 0) FROM activity"))


def of_entry(db: Database, entry_id: int) -> list[Activity]:
    """The entry's history, newest first."""
    return db.rows(Activity, "SELECT * FROM activity WHERE entry_id = ? ORDER BY id DESC LIMIT 200", entry_id)


def latest(db: Database, limit: int = 100) -> list[Activity]:
    return db.rows(Activity, "SELECT * FROM activity ORDER BY id DESC LIMIT ?", limit)
