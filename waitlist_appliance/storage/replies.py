"""What customers wrote to us."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.storage.database import Database

LONGEST_KEPT = 2000
LONGEST_SENDER = 200


def keep(
    db: Database, *, sender: str, channel: str, body: str, understood: str, provider_id: str | None, now: datetime,
    customer_id: int | None, offer_id: int | None, answers_message_id: int | None,
) -> int | None:  # fmt: skip
    """Write it down; its id, None when it was there before (same provider id)."""
    kept = db.execute(
        """INSERT OR IGNORE INTO reply (customer_id, sender, channel, body, understood, offer_id, provider_id, received_at,
                  answers_message_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        customer_id, sender[:LONGEST_SENDER], channel, body[:LONGEST_KEPT], understood, offer_id, provider_id, now,
        answers_message_id,
    )  # fmt: skip
    return int(db.value("SELECT last_insert_rowid()")) if kept else None


def is_kept(db: Database, provider_id: str) -> bool:
    """Whether the message that the provider knows under this id was received before."""
    return db.value("SELECT 1 FROM reply WHERE provider_id = ?", provider_id) is not None
