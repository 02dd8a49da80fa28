"""Ending an offer: its hold, its wish, its entry; the next in line is asked by whoever ends it."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.domain.records import Hold, Offer
from waitlist_appliance.domain.states import OfferState, OpeningState, WishState
from waitlist_appliance.services.appliance import SYSTEM, Actor, Appliance
from waitlist_appliance.services.say import say
from waitlist_appliance.services.settle import look_again, settle_entry
from waitlist_appliance.storage import activity, calendar_writes, entries, messages, offers, openings, slots, wishes


def end_offer(
    app: Appliance, offer: Offer, to: OfferState, now: datetime, *, wish_to: WishState | None, reason: str | None = None,
    actor: Actor = SYSTEM,
) -> bool:  # fmt: skip
    """End a proposed or live offer; False when it was over already.

    ``wish_to`` is what becomes of the wish: LIVE keeps its place, None sends it to the back (after silence).
    The hold is released when nobody else is being asked, and its opening is open again.
    """
    db = app.db
    to = OfferState.WITHDRAWN if offer.state == OfferState.PROPOSED else to  # nobody was asked yet
    if not offers.end(db, offer.id, to, now, reason):
        return False
    messages.drop_of_offer(db, offer.id, "the offer is over")
    if wish_to is None:
        wishes.to_the_back(db, offer.wish_id)
    else:
        wishes.move(db, offer.wish_id, wish_to, WishState.OFFERED)
    if not offers.of_hold(db, offer.hold_id):
        release_hold(app, openings.hold_by_id(db, offer.hold_id), OpeningState.OPEN, now)
    entries.set_columns(db, offer.entry_id, response_deadline_at=None)
    settle_entry(app, offer.entry_id, wish_to or WishState.LIVE)
    look_again(app, offer.customer_id, now)
    activity.record(
        db, now, actor, f"offer_{to}", "offer", offer.id, entry_id=offer.entry_id, customer_id=offer.customer_id,
        reason=reason,
    )  # fmt: skip
    return True


def release_hold(app: Appliance, hold: Hold, to: OpeningState, now: datetime) -> None:
    """Free the hold's time, and have its tentative event removed."""
    if openings.release(app.db, hold, to, now):
        remove_tentative(app, hold, now)


def remove_tentative(app: Appliance, hold: Hold, now: datetime) -> None:
    """Have the hold's tentative event removed from the calendar; nothing when none was to be written."""
    db = app.db
    for write in calendar_writes.of_hold(db, hold.id):
        dropped = db.execute(
            "UPDATE calendar_write SET state = 'dropped' WHERE hold_id = ? AND kind = 'hold' AND state = 'pending'"
            " AND attempts = 0",
            hold.id,
        )
        if not dropped:
            calendar_writes.add(db, "remove", write.connection_id, write.known_as, now, hold_id=hold.id)
            app.ring_write_calendar()


def tell_lost(app: Appliance, offer: Offer, now: datetime, *, keeps_place: bool = True, own_act: bool = False) -> None:
    """Tell somebody who was shown the offer that the time is gone; who never saw it hears nothing."""
    if offer.sent_at is None:
        return
    starts_at = slots.by_id(app.db, offer.slot_id).starts_at
    say(
        app, "offer_lost", offer.customer_id, now, key=f"offer_lost:{offer.id}", own_act=own_act,
        facts={"starts_at_ms": to_ms(starts_at), "keeps_place": keeps_place}, entry_id=offer.entry_id,
        offer_id=offer.id,
    )  # fmt: skip
