"""Slots are checked at their marks: the first task to run claims all that is due; one read serves them all."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.check_schedule import next_check
from waitlist_appliance.domain.records import Connection, Offer, Slot
from waitlist_appliance.domain.states import OfferState, OpeningState, SlotStatus, WishState
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.each_row import each_row
from waitlist_appliance.services.end_offer import end_offer
from waitlist_appliance.services.make_offers import match_interval, match_slots
from waitlist_appliance.services.settle import refresh_slots, settle_entry
from waitlist_appliance.services.sync_calendar import may_be_read, sync
from waitlist_appliance.storage import activity, offers, openings, slots, tallies, wishes
from waitlist_appliance.storage import setup as setups
from waitlist_appliance.storage.database import StorageUnavailable

log = logging.getLogger(__name__)

WATCHED = (SlotStatus.MONITORING, SlotStatus.AVAILABLE)


def check_due(app: Appliance, now: datetime, *, read: bool = True) -> int:
    """Claim every slot that is due, read each calendar once, match; how many were claimed.

    A task that claims nothing re-arms nothing. ``read`` False does only the database's part (the cron endpoint).
    """
    claimed = _claim_due(app, now)
    if claimed and read:
        _read_calendars(app, now)
    for slots_together in _together(claimed):
        _guarded(app, slots_together, now)
    return len(claimed)


def check(app: Appliance, slot_ids: Iterable[int], now: datetime, *, read: bool = True) -> int:
    """Check these slots now, whatever their marks; the number of offers made."""
    if read:
        _read_calendars(app, now)
    watched = [slots.by_id(app.db, slot_id) for slot_id in slot_ids]
    for slot in watched:
        app.db.execute("UPDATE slot SET last_check_at = ? WHERE id = ?", now, slot.id)
    return match_slots(app, watched, now, "check")


def close_past(app: Appliance, now: datetime) -> int:
    """Slots whose cut-off has passed close: wishes have passed, openings are past, timers stop; how many closed."""
    return each_row(app, slots.closing(app.db, now), lambda slot: _close(app, slot, now), now, "slot")


def _claim_due(app: Appliance, now: datetime) -> list[Slot]:
    claimed = []
    with app.db.write():
        override = app.db.value("SELECT MIN(check_interval_minutes) FROM connection WHERE enabled = 1")
        for slot in slots.due(app.db, now):
            alive = slot.status in WATCHED and slot.closes_at > now
            following = next_check(slot.starts_at, now, override) if alive else None
            if slots.claim_check(app.db, slot, following, now):
                claimed.append(slot)
                if following is not None:
                    app.ring_check_slots(following)
        if claimed:
            tallies.count(app.db, "slot_check", now, by=len(claimed))
    return claimed


def _read_calendars(app: Appliance, now: datetime) -> None:
    """Each calendar once, whatever its clock says; one that waits after a failure goes on waiting."""
    for connection in setups.connections(app.db):
        if may_be_read(app, connection) and not _waits(connection, now):
            sync(app, connection.id, now, "check")


def _waits(connection: Connection, now: datetime) -> bool:
    failing, at = connection.failing_since_at is not None, connection.next_sync_at
    return failing and not connection.live_mirror and at is not None and at > now


def _together(claimed: list[Slot]) -> list[list[Slot]]:
    """Slots whose times overlap compete for the same resources: their lines are walked as one."""
    groups: list[list[Slot]] = []
    until: datetime | None = None
    for slot in sorted(claimed, key=lambda s: (s.starts_at, s.id)):
        if until is None or slot.starts_at >= until:
            groups.append([])
            until = slot.ends_at
        groups[-1].append(slot)
        until = max(until, slot.ends_at)
    return groups


def _guarded(app: Appliance, together: list[Slot], now: datetime) -> None:
    """What raises does not stop the pass: the others are checked one by one, the slot at fault is logged and shown."""
    span = Interval(together[0].starts_at, max(slot.ends_at for slot in together))
    try:
        match_interval(app, span, now, "check")
    except StorageUnavailable:
        raise
    except Exception:
        log.exception("the slots from %s on could not be checked together", together[0].public_id)
        each_row(app, together, lambda slot: match_slots(app, [slot], now, "check"), now, "slot")


def _close(app: Appliance, slot: Slot, now: datetime) -> int:
    for offer in _answerable(app, slot):
        to = OfferState.EXPIRED if offer.state == OfferState.LIVE else OfferState.WITHDRAWN
        end_offer(app, offer, to, now, reason="cut_off", wish_to=WishState.PASSED)
    concerned = wishes.pass_slot(app.db, slot.id)
    for opening in openings.active_of_slot(app.db, slot.id):
        openings.move(app.db, opening.id, OpeningState.PAST, now)
    for entry_id in concerned:
        settle_entry(app, entry_id, WishState.PASSED)
    refresh_slots(app, [slot.id], now)
    activity.record(app.db, now, SYSTEM, "slot_closed", "slot", slot.id)
    return 1


def _answerable(app: Appliance, slot: Slot) -> list[Offer]:
    return [
        offer for opening in openings.active_of_slot(app.db, slot.id)
        for hold in [openings.live_hold(app.db, opening.id)] if hold is not None
        for offer in offers.of_hold(app.db, hold.id)
    ]  # fmt: skip
