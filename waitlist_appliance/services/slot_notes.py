"""A note of the team on a watched time."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.domain.errors import Invalid, NotFound
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.storage import activity, slots

LIMIT = 500


def set_notes(app: Appliance, slot_public_id: str, notes: str, now: datetime, actor: Actor) -> None:
    """Replace the note; an empty one takes it away. Invalid ``too_long``, NotFound."""
    if len(notes) > LIMIT:
        raise Invalid("too_long", "notes", params={"length": LIMIT})
    with app.db.write():
        slot = slots.by_public_id(app.db, slot_public_id)
        if slot is None:
            raise NotFound("not_found", "slot")
        app.db.execute("UPDATE slot SET notes = ? WHERE id = ?", notes.strip() or None, slot.id)
        activity.record(app.db, now, actor, "slot_noted", "slot", slot.id)
