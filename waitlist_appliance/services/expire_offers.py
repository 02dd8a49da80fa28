"""Silence: offers end at their deadline, and the next in line is asked in the same pass."""

from __future__ import annotations

import logging
from datetime import datetime

from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.domain.records import Offer
from waitlist_appliance.domain.states import EntryStatus, OfferState, WishState
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.end_offer import end_offer
from waitlist_appliance.services.make_offers import match_interval
from waitlist_appliance.services.say import say
from waitlist_appliance.services.settle import refresh_slots
from waitlist_appliance.storage import activity, entries, offers, slots, wishes
from waitlist_appliance.storage.setup import Setup

log = logging.getLogger(__name__)


def expire_due(app: Appliance, now: datetime) -> int:
    """End every offer whose deadline has come or that could not be sent in time; how many ended."""
    ended = 0
    for offer in offers.overdue(app.db, now):
        ended += _guarded(app, offer, now, OfferState.EXPIRED)
    for offer in offers.unsent_too_long(app.db, now):
        ended += _guarded(app, offer, now, OfferState.FAILED)
    return ended


def _guarded(app: Appliance, offer: Offer, now: datetime, to: OfferState) -> int:
    """One row that raises does not stop the pass; it is logged and shown."""
    try:
        return _end(app, offer, now, to)
    except Exception:
        log.exception("offer %s could not be ended", offer.public_id)
        activity.record(app.db, now, SYSTEM, "failed_step", "offer", offer.id, reason="the offer could not be ended")
        return 0


def _end(app: Appliance, offer: Offer, now: datetime, to: OfferState) -> int:
    with app.db.write():
        silent = to == OfferState.EXPIRED
        reason = "silence" if silent else "unsent"
        if not end_offer(app, offer, to, now, reason=reason, wish_to=None if silent else WishState.LIVE):
            return 0
        if silent:
            note_silence(app, app.setup(), offer, now)
        slot = slots.by_id(app.db, offer.slot_id)
        match_interval(app, Interval(slot.starts_at, slot.ends_at), now, reason)
        return 1


def note_silence(app: Appliance, setup: Setup, offer: Offer, now: datetime) -> None:
    """Count the silence; after too many in a row the entry has expired, and can be reopened."""
    db = app.db
    entry = entries.by_id(db, offer.entry_id)
    entries.set_columns(db, entry.id, silences=entry.silences + 1)
    if entry.silences + 1 < setup.policies.silences_limit:
        return
    concerned = wishes.end_active(db, entry.id, WishState.PASSED)
    entries.move(db, entry.id, EntryStatus.EXPIRED)
    slot = slots.by_id(db, offer.slot_id)
    say(
        app, "expired", entry.customer_id, now, key=f"expired:{entry.id}:{offer.id}", entry_id=entry.id,
        facts={"starts_at_ms": to_ms(slot.starts_at)},
    )  # fmt: skip
    activity.record(db, now, SYSTEM, "entry_expired", "entry", entry.id, entry_id=entry.id, reason="silence")
    refresh_slots(app, concerned, now)
