"""Silence: offers end at their deadline, and the next in line is asked in the same pass."""

from __future__ import annotations

import logging
from datetime import datetime

from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.domain.records import Offer
from waitlist_appliance.domain.states import EntryStatus, OfferState, WishState
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.each_row import each_row
from waitlist_appliance.services.end_offer import end_offer
from waitlist_appliance.services.make_offers import match_interval
from waitlist_appliance.services.say import say
from waitlist_appliance.services.settle import refresh_slots
from waitlist_appliance.storage import activity, alarms, entries, messages, offers, slots, wishes
from waitlist_appliance.storage.setup import Setup

log = logging.getLogger(__name__)


def expire_due(app: Appliance, now: datetime) -> int:
    """End every offer whose deadline has come or that could not be sent in time; how many ended."""
    ended = each_row(
        app, offers.overdue(app.db, now), lambda offer: _end(app, offer, now, OfferState.EXPIRED), now, "offer"
    )
    if alarms.holds(app.db, alarms.SENDING_PAUSED):
        return ended  # nothing can be sent to anybody: asking the next would only burn through the list
    return ended + each_row(
        app, offers.unsent_too_long(app.db, now), lambda offer: _end(app, offer, now, OfferState.FAILED), now, "offer"
    )


def _end(app: Appliance, offer: Offer, now: datetime, to: OfferState) -> int:
    silent = to == OfferState.EXPIRED
    with app.db.write():
        offer = offers.by_id(app.db, offer.id)
        # It was found outside this transaction: its message may have left, or been taken back, meanwhile.
        if not (offers.is_overdue(offer, now) if silent else offers.is_unsent_too_long(offer, now)):
            return 0
        if silent and messages.offer_on_its_way(app.db, offer.id):
            _ask_anew(app, offer, now)
            return 0
        reason = "silence" if silent else "unsent"
        if not end_offer(app, offer, to, now, reason=reason, wish_to=None if silent else WishState.LIVE):
            return 0
        if silent:
            note_silence(app, app.setup(), offer, now)
        slot = slots.by_id(app.db, offer.slot_id)
        match_interval(app, Interval(slot.starts_at, slot.ends_at), now, reason)
        return 1


def _ask_anew(app: Appliance, offer: Offer, now: datetime) -> None:
    """Whoever was handing the message over has died at it: its customer may know nothing, so the clock has not started.

    While the lease holds, somebody may still be at it, and nothing happens.
    """
    if messages.put_back_if_abandoned(app.db, offer.id, now):
        offers.stop_clock(app.db, offer.id)
        entries.set_columns(app.db, offer.entry_id, response_deadline_at=None)
        app.ring_deliver()


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
