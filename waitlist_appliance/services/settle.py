"""What follows for an entry and its slots when one of its wishes or offers has changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.check_schedule import interval_minutes, next_check
from waitlist_appliance.domain.states import ENTRY_ACTIVE, EntryStatus, OpeningState, SlotStatus, WishState
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import entries, openings, slots, wishes


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


def look_again(app: Appliance, customer_id: int, now: datetime) -> None:
    """The customer may be asked again: times of theirs that stand open to nobody are looked at now, not at their mark."""
    if slots.due_now_for(app.db, customer_id, now):
        app.ring_check_slots(now)


def look_everywhere(app: Appliance, now: datetime) -> None:
    """A policy, rule, resource or service has changed: every watched slot is due for a check now."""
    if slots.all_due_now(app.db, now):
        app.ring_check_slots(now)


def close_openings(app: Appliance, resource_id: int, taken: Interval, now: datetime) -> None:
    """The resource is booked: what stood open or exhausted on it at an overlapping time is taken."""
    margin = app.setup().widest_buffer
    for slot in slots.overlapping(app.db, taken.starts_at - margin, taken.ends_at + margin):
        service = app.setup().services[slot.service_id]
        if not app.setup().occupied_by(service, slot.starts_at).overlaps(taken):
            continue
        for opening in openings.active_of_slot(app.db, slot.id):
            if opening.resource_id == resource_id and opening.state != OpeningState.HELD:
                openings.move(app.db, opening.id, OpeningState.TAKEN, now)
                refresh_slots(app, [slot.id], now)


def _start_timer(app: Appliance, slot_id: int, now: datetime) -> None:
    slot = slots.by_id(app.db, slot_id)
    if slot.next_check_at is not None:
        return
    override = app.db.value("SELECT MIN(check_interval_minutes) FROM connection WHERE enabled = 1")
    at = next_check(slot.starts_at, now, override)
    slots.schedule(app.db, slot_id, at, interval_minutes(slot.starts_at, now, override))
    app.ring_check_slots(at)
