"""What the watch over the box itself counts."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.storage.database import Database


def failures_since(db: Database, since: datetime, at_most: int) -> int:
    """How many messages written since then could not be delivered; counting ends at ``at_most``."""
    sql = """SELECT COUNT(*) FROM (SELECT 1 FROM message INDEXED BY message_failed_lately
                                    WHERE state = 'failed' AND created_at > ? LIMIT ?)"""
    return int(db.value(sql, since, at_most))
