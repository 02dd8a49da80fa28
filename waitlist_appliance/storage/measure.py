"""Two ordinary rows in one transaction: the least that an act with a history can cost (``./scripts/bench``)."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from waitlist_appliance.storage.database import Database


def add_two_rows(db: Database, now: datetime) -> int:
    """A customer nobody knows and a line of history; the customer's id."""
    public_id = uuid4()
    with db.write():
        customer_id = db.insert("customer", public_id=str(public_id), phone=f"+{public_id.int}", created_at=now)
        db.insert("activity", at=now, actor="system", verb="measured", subject="customer", subject_id=customer_id)
    return customer_id
