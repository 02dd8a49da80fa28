"""The owner's own texts; what is not here is said as delivered."""

from __future__ import annotations

from waitlist_appliance.storage.database import Database


def find(db: Database, kind: str, channel: str, locale: str) -> tuple[str | None, str] | None:
    """Subject and body of the owner's text; None when the delivered one is used."""
    found = db.tuples(
        "SELECT subject, body FROM own_text WHERE kind = ? AND channel = ? AND locale = ?", kind, channel, locale
    )
    return (found[0][0], found[0][1]) if found else None
