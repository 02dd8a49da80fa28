"""What follows for an entry and its slots when one of its wishes or offers has changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from waitlist_appliance.domain.check_schedule import interval_minutes, next_check
from waitlist_appliance.domain.states import ENTRY_ACTIVE, EntryStatus, SlotStatus, WishState
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import entries, slots, wishes


def settle_entry(app: Appliance, entry_id: int, last: WishState) -> EntryStatus:
    """Store the status that follows from the entry's offers, bookings and wishes.

    ``last`` is how its newest wish ended; it names the end of an entry that has no wishes left.
    """
    db = app.db
    entry = entries.by_id(db, entry_id)
    if entry.status not in ENTRY_ACTIVE:
        return entry.status
    to = _status(app, entry_id, last, entry.status)
    if to != entry.status:
        entries.move(db, entry_id, to)
    return to


def _status(app: Appliance, entry_id: int, last: WishState, present: EntryStatus) -> EntryStatus:
    counts = wishes.state_counts(app.db, entry_id)
    if counts.get(WishState.OFFERED) or _pending_booking(app, entry_id):
        return EntryStatus.NOTIFIED
    if counts.get(WishState.LIVE):
        return EntryStatus.WAITING
    if counts.get(WishState.PROPOSED) and present == EntryStatus.INVITED:
        return present
    ends = {WishState.DECLINED: EntryStatus.DECLINED, WishState.PASSED: EntryStatus.EXPIRED}
    end = ends.get(last, EntryStatus.CANCELLED)
    return EntryStatus.CANCELLED if present == EntryStatus.INVITED and end == EntryStatus.DECLINED else end


def _pending_booking(app: Appliance, entry_id: int) -> bool:
    found = app.db.value("SELECT 1 FROM booking WHERE entry_id = ? AND status = 'pending' LIMIT 1", entry_id)
    return found is not None


def refresh_slots(app: Appliance, slot_ids: Iterable[int], now: datetime) -> None:
    """Store each slot's status, and start its timer where people wait and none runs."""
    for slot_id in sorted(set(slot_ids)):
        status = slots.refresh(app.db, slot_id, now)
        if status in (SlotStatus.MONITORING, SlotStatus.AVAILABLE):
            _start_timer(app, slot_id, now)


def _start_timer(app: Appliance, slot_id: int, now: datetime) -> None:
    slot = slots.by_id(app.db, slot_id)
    if slot.next_check_at is not None:
        return
    override = app.db.value("SELECT MIN(check_interval_minutes) FROM connection WHERE enabled = 1")
    at = next_check(slot.starts_at, now, override)
    slots.schedule(app.db, slot_id, at, interval_minutes(slot.starts_at, now, override))
    app.ring_check_slots(at)
