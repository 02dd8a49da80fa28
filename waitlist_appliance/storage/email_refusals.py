"""Who wants no more emails; their phone is another matter."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.storage.database import Database


def refused(db: Database, customer_id: int) -> bool:
    return db.value("SELECT email_refused_at FROM customer WHERE id = ?", customer_id) is not None


def refuse(db: Database, customer_id: int, now: datetime) -> int:
    return db.execute(
        "UPDATE customer SET email_refused_at = ? WHERE id = ? AND email_refused_at IS NULL", now, customer_id
    )


def take_back(db: Database, customer_id: int) -> int:
    return db.execute(
        "UPDATE customer SET email_refused_at = NULL WHERE id = ? AND email_refused_at IS NOT NULL", customer_id
    )
