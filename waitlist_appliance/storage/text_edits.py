"""What the texts' editor writes and lists; what is said is found by storage.own_texts."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.storage.database import Database


def changed(db: Database) -> set[tuple[str, str, str]]:
    """Kind, channel and language of every text of the owner's own."""
    return {
        (kind, channel, locale) for kind, channel, locale in db.tuples("SELECT kind, channel, locale FROM own_text")
    }


def keep(db: Database, kind: str, channel: str, locale: str, subject: str | None, body: str, now: datetime) -> None:
    """Store the owner's text in place of what was there."""
    db.execute(
        """INSERT INTO own_text (kind, channel, locale, subject, body, updated_at) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (kind, channel, locale)
           DO UPDATE SET subject = excluded.subject, body = excluded.body, updated_at = excluded.updated_at""",
        kind, channel, locale, subject, body, now,
    )  # fmt: skip


def remove(db: Database, kind: str, channel: str, locale: str) -> bool:
    """Forget the owner's text; False when there was none."""
    return bool(db.execute("DELETE FROM own_text WHERE kind = ? AND channel = ? AND locale = ?", kind, channel, locale))
