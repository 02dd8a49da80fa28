"""Approved WhatsApp templates: one per kind of message and language."""

from __future__ import annotations

from waitlist_appliance.storage.database import Database


def find(db: Database, kind: str, locale: str) -> str | None:
    """The template's id at the provider; None when there is none."""
    found = db.value("SELECT content_sid FROM whatsapp_template WHERE kind = ? AND locale = ?", kind, locale)
    return None if found is None else str(found)


def keep(db: Database, kind: str, locale: str, content_sid: str) -> None:
    """Send this kind by this template from now on."""
    db.execute(
        """INSERT INTO whatsapp_template (kind, locale, content_sid) VALUES (?, ?, ?)
           ON CONFLICT (kind, locale) DO UPDATE SET content_sid = excluded.content_sid""",
        kind, locale, content_sid,
    )  # fmt: skip


def remove(db: Database, kind: str, locale: str) -> bool:
    """Send this kind by no template; whether there was one."""
    return db.execute("DELETE FROM whatsapp_template WHERE kind = ? AND locale = ?", kind, locale) > 0
