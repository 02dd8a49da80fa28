"""What was sent in a span of time and is billed: messages and, for SMS, their parts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.storage.database import Database


@dataclass(frozen=True, slots=True)
class Sent:
    """SMS that went out, and the parts that they were billed as; one of unknown length counts as one part."""

    messages: int
    segments: int


def sms(db: Database, since: datetime, until: datetime) -> Sent:
    """What went out by SMS from ``since`` to before ``until``; read off the index alone."""
    sql = """SELECT COUNT(*) AS messages, COALESCE(SUM(COALESCE(segments, 1)), 0) AS segments
               FROM message INDEXED BY message_billed WHERE sent_at >= ? AND sent_at < ? AND channel = 'sms'"""
    return db.row(Sent, sql, since, until) or Sent(0, 0)
