"""An offer's clock: it runs from the moment in which its message is handed over, and stands again when that failed."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.domain import deadlines
from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.records import Offer
from waitlist_appliance.domain.states import OfferState, WishState
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.end_offer import end_offer
from waitlist_appliance.services.make_offers import match_interval
from waitlist_appliance.services.our_events import show_hold
from waitlist_appliance.storage import entries, offers, openings, slots
from waitlist_appliance.storage.setup import Setup


def start_clock(app: Appliance, setup: Setup, offer: Offer, now: datetime) -> Offer:
    """Write the deadline, just before the hand-over, so that the text tells the truth; nothing when it runs already."""
    slot = slots.by_id(app.db, offer.slot_id)
    deadline = deadlines.deadline(slot.starts_at, now, setup.policies)
    if offers.start_clock(app.db, offer.id, deadline, now):
        entries.set_columns(app.db, offer.entry_id, response_deadline_at=deadline)
        app.ring_expire_offers(deadline)
        show_hold(app, openings.hold_by_id(app.db, offer.hold_id), now)
    return offers.by_id(app.db, offer.id)


def stop_clock(app: Appliance, offer: Offer) -> None:
    """The hand-over failed: the clock has not started after all."""
    if offers.stop_clock(app.db, offer.id):
        entries.set_columns(app.db, offer.entry_id, response_deadline_at=None)


def end_unsent(app: Appliance, offer: Offer, now: datetime, reason: str) -> None:
    """The offer never reached its customer: it fails, they keep their place, and the next is asked at once."""
    if end_offer(app, offer, OfferState.FAILED, now, reason=reason, wish_to=WishState.LIVE):
        slot = slots.by_id(app.db, offer.slot_id)
        match_interval(app, Interval(slot.starts_at, slot.ends_at), now, reason)
