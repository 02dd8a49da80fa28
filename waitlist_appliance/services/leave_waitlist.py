"""Leaving the list: by the customer, or cancelled by staff. An offer held ends, and the next is asked."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.errors import Conflict
from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.domain.records import Entry
from waitlist_appliance.domain.states import ENTRY_ACTIVE, EntryStatus, OfferState, WishState
from waitlist_appliance.services.appliance import CUSTOMER, Actor, Appliance
from waitlist_appliance.services.end_offer import end_offer
from waitlist_appliance.services.entry_page import entry_of_token
from waitlist_appliance.services.make_offers import match_interval
from waitlist_appliance.services.say import say
from waitlist_appliance.services.settle import refresh_slots
from waitlist_appliance.storage import activity, bookings, entries, messages, offers, slots, wishes


def leave(app: Appliance, token: str, now: datetime) -> Entry:
    """The customer leaves; leaving twice is fine. NotFound ``token_gone``."""
    entry = entry_of_token(app, token, now)
    if entry.status == EntryStatus.CANCELLED:
        return entry
    return cancel_entry(app, entry, now, CUSTOMER, "left")


def cancel_entry(app: Appliance, entry: Entry, now: datetime, actor: Actor, reason: str) -> Entry:
    """End the entry and everything it waits for; Conflict ``entry_over`` when it is no longer active, or
    has a booking that the calendar is about to get: whoever does not want that cancels the booking."""
    db = app.db
    with db.write():
        entry = entries.by_id(db, entry.id)
        if entry.status not in ENTRY_ACTIVE or bookings.is_pending_of_entry(db, entry.id):
            raise Conflict("entry_over")
        freed = _end_offers(app, entry, now, actor)
        concerned = wishes.end_active(db, entry.id, WishState.WITHDRAWN)
        entries.move(db, entry.id, EntryStatus.CANCELLED, nudge_at=None)
        messages.drop_of_entry(db, entry.id, ("join_link", "join_nudge", "joined"), "left")
        if entry.registered_at is not None:
            slot = slots.by_id(db, entry.requested_slot_id)
            say(app, "left", entry.customer_id, now, key=f"left:{entry.id}:{to_ms(now)}", own_act=actor.kind == "customer",
                entry_id=entry.id, facts={"starts_at_ms": to_ms(slot.starts_at)})  # fmt: skip
        activity.record(db, now, actor, "cancelled", "entry", entry.id, entry_id=entry.id,
                        customer_id=entry.customer_id, reason=reason)  # fmt: skip
        refresh_slots(app, concerned, now)
        for interval in freed:
            match_interval(app, interval, now, "left")
        return entries.by_id(db, entry.id)


def _end_offers(app: Appliance, entry: Entry, now: datetime, actor: Actor) -> list[Interval]:
    freed = []
    for offer in offers.of_entry(app.db, entry.id):
        if end_offer(
            app, offer, OfferState.WITHDRAWN, now, reason="left", wish_to=WishState.WITHDRAWN, actor=actor
        ):
            slot = slots.by_id(app.db, offer.slot_id)
            freed.append(Interval(slot.starts_at, slot.ends_at))
    return freed
