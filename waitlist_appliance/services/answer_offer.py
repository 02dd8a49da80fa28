"""Yes and no to an offer: by the page, by a reply, by the phone; in time, late, twice, or lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.deadlines import is_over
from waitlist_appliance.domain.errors import NotFound
from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.domain.records import Booking, Hold, Offer, Resource, Slot
from waitlist_appliance.domain.states import (
    BOOKING_ACTIVE,
    ENTRY_ACTIVE,
    EntryStatus,
    OfferState,
    WishState,
)
from waitlist_appliance.services.appliance import CUSTOMER, Actor, Appliance
from waitlist_appliance.services.claim import claim
from waitlist_appliance.services.end_offer import end_offer
from waitlist_appliance.services.expire_offers import note_silence
from waitlist_appliance.services.free_places import Calendars, places
from waitlist_appliance.services.make_offers import match_interval, match_slots
from waitlist_appliance.services.reserved import reserved_resources
from waitlist_appliance.services.say import say
from waitlist_appliance.storage import bookings, entries, offers, openings, slots, tokens, wishes
from waitlist_appliance.storage.setup import Setup

LATE = (OfferState.EXPIRED, OfferState.DECLINED, OfferState.WITHDRAWN, OfferState.FAILED)
# Not silence: staff took the offer back, or the customer left or has booked another time instead.
TAKEN_BACK = ("staff", "left", "booked_elsewhere")


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer led to: accepted, already_accepted, declined, already_declined, lost or over.

    ``keeps_place`` tells whether the customer still waits for that time.
    """

    outcome: str
    booking: Booking | None = None
    keeps_place: bool = False


def offer_by_token(app: Appliance, token: str) -> Offer:
    """The offer of a link; NotFound ``token_gone``."""
    found = tokens.find(app.db, "offer", token)
    if found is None:
        raise NotFound("token_gone")
    return offers.by_id(app.db, found.subject_id)


def accept_offer(app: Appliance, offer_id: int, now: datetime, actor: Actor = CUSTOMER) -> Answer:
    """A yes. One transaction decides; the calendar is asked afterwards by the worker."""
    with app.db.write():
        setup = app.setup()
        offer = offers.by_id(app.db, offer_id)
        accepted = _accepted_already(app, offer)
        if accepted is not None:
            return accepted
        if offer.state == OfferState.LIVE and offer.deadline_at is not None and is_over(offer.deadline_at, now):
            if end_offer(app, offer, OfferState.EXPIRED, now, reason="silence", wish_to=None):
                note_silence(app, setup, offer, now)
            offer = offers.by_id(app.db, offer_id)
        if offer.state == OfferState.LIVE:
            return _accept_live(app, setup, offer, now, actor)
        return _accept_late(app, setup, offer, now, actor)


def decline_offer(app: Appliance, offer_id: int, now: datetime, actor: Actor = CUSTOMER) -> Answer:
    """A no: the hold ends and the next is asked in the same pass. It never touches a booking."""
    with app.db.write():
        offer = offers.by_id(app.db, offer_id)
        if offer.state == OfferState.DECLINED:
            return Answer("already_declined")
        if not end_offer(
            app, offer, OfferState.DECLINED, now, reason="no", wish_to=WishState.DECLINED, actor=actor
        ):
            return Answer("over", keeps_place=_keeps_place(app, offer))
        entries.set_columns(app.db, offer.entry_id, silences=0)
        slot = slots.by_id(app.db, offer.slot_id)
        say(
            app, "declined", offer.customer_id, now, key=f"declined:{offer.id}", own_act=True, entry_id=offer.entry_id,
            offer_id=offer.id, facts={"starts_at_ms": to_ms(slot.starts_at), "keeps_place": _still_waits(app, offer)},
        )  # fmt: skip
        match_interval(app, Interval(slot.starts_at, slot.ends_at), now, "declined")
        return Answer("declined", keeps_place=_still_waits(app, offer))


def booking_of_offer(app: Appliance, offer: Offer) -> Booking | None:
    """The booking that the offer led to, or a late yes to it."""
    return bookings.of_offer(app.db, offer.id) or app.db.row(
        Booking,
        """SELECT b.* FROM booking b JOIN offer o ON o.id = b.offer_id
            WHERE o.wish_id = ? AND o.late = 1 AND o.state = 'accepted' ORDER BY b.id DESC LIMIT 1""",
        offer.wish_id,
    )


def late_yes_possible(app: Appliance, offer: Offer, now: datetime) -> bool:
    """Whether a yes after the end would still be honoured now; a look, not a promise."""
    setup = app.setup()
    slot = slots.by_id(app.db, offer.slot_id)
    if not _may_be_late(app, setup, offer, now):
        return False
    return _late_place(app, setup, offer, slot, now) is not None


def _accepted_already(app: Appliance, offer: Offer) -> Answer | None:
    booking = booking_of_offer(app, offer)
    if booking is None or booking.status not in BOOKING_ACTIVE:
        return Answer("over") if offer.state == OfferState.ACCEPTED else None
    return Answer("already_accepted", booking)


def _accept_live(app: Appliance, setup: Setup, offer: Offer, now: datetime, actor: Actor) -> Answer:
    hold, slot = openings.hold_by_id(app.db, offer.hold_id), slots.by_id(app.db, offer.slot_id)
    service = setup.services[slot.service_id]
    calendars = Calendars(app.db, setup, now)
    place = next(
        (p for p in places(app.db, setup, calendars, service, slot.starts_at) if p.resource.id == hold.resource_id), None
    )
    if place is None or place.state == "event":
        # The mirror already knows of a foreign event: the same pass withdraws the offers and takes the opening.
        match_slots(app, [slot], now, "taken")
        return Answer("lost", keeps_place=_keeps_place(app, offer))
    offers.move(app.db, offer.id, OfferState.ACCEPTED, answered_at=now)
    return Answer("accepted", claim(app, setup, offer, hold, now, actor))


def _accept_late(app: Appliance, setup: Setup, offer: Offer, now: datetime, actor: Actor) -> Answer:
    """Honoured until the cut-off while nobody else holds or has the time, and nobody eligible waits for it."""
    slot, entry = slots.by_id(app.db, offer.slot_id), entries.by_id(app.db, offer.entry_id)
    if not _may_be_late(app, setup, offer, now):
        return Answer("over", keeps_place=_keeps_place(app, offer))
    _match_for_others(app, slot, offer, now)
    hold = _late_hold(app, setup, offer, slot, now)
    if hold is None:
        return Answer("lost", keeps_place=_keeps_place(app, offer))
    late_id = offers.add(
        app.db, hold_id=hold.id, opening_id=hold.opening_id, wish_id=offer.wish_id, entry_id=offer.entry_id,
        customer_id=offer.customer_id, slot_id=offer.slot_id, state=OfferState.ACCEPTED, now=now, late_to=offer,
        unsent_limit_at=None,
    )  # fmt: skip
    if entry.status == EntryStatus.EXPIRED:
        entries.move(app.db, entry.id, EntryStatus.WAITING)
    return Answer("accepted", claim(app, setup, offers.by_id(app.db, late_id), hold, now, actor))


def _may_be_late(app: Appliance, setup: Setup, offer: Offer, now: datetime) -> bool:
    entry = entries.by_id(app.db, offer.entry_id)
    usable = entry.status in ENTRY_ACTIVE or entry.status == EntryStatus.EXPIRED
    ended = offer.state in LATE or (offer.state == OfferState.LIVE and offer.deadline_at is not None)
    ended = ended and offer.ended_reason not in TAKEN_BACK
    if not (setup.policies.late_yes and ended and usable) or slots.by_id(app.db, offer.slot_id).closes_at <= now:
        return False
    live = offers.live_of_customer(app.db, offer.customer_id)
    return live is None or live.id == offer.id


def _match_for_others(app: Appliance, slot: Slot, offer: Offer, now: datetime) -> None:
    """Whoever waits and may be asked comes before a late yes; the late one's own wishes stand back meanwhile."""
    overlapping = slots.overlapping(app.db, slot.starts_at, slot.ends_at)
    match_slots(app, overlapping, now, "late_yes", besides=offer.customer_id)


def _late_place(app: Appliance, setup: Setup, offer: Offer, slot: Slot, now: datetime) -> Resource | None:
    """The resource for a late yes: the same one if it is free, else another that fits; None when neither is."""
    service = setup.services[slot.service_id]
    before = openings.hold_by_id(app.db, offer.hold_id).resource_id
    reserved = reserved_resources(app, setup, service, slot.starts_at, now, besides_customer=offer.customer_id)
    party = wishes.by_id(app.db, offer.wish_id).party or 1
    found = places(app.db, setup, Calendars(app.db, setup, now), service, slot.starts_at)
    able = [
        place.resource
        for place in found
        if place.free and place.resource.id not in reserved
        and party <= place.resource.max_party
        and (place.resource.id == before or place.resource.min_party <= party)
    ]  # fmt: skip
    return min(able, key=lambda resource: resource.id != before, default=None)


def _late_hold(app: Appliance, setup: Setup, offer: Offer, slot: Slot, now: datetime) -> Hold | None:
    resource = _late_place(app, setup, offer, slot, now)
    if resource is None:
        return None
    active = {opening.resource_id: opening for opening in openings.active_of_slot(app.db, slot.id)}
    opening = active.get(resource.id) or openings.add(app.db, slot.id, resource.id, "late_yes", now)
    taken = setup.occupied_by(setup.services[slot.service_id], slot.starts_at)
    return openings.hold_by_id(app.db, openings.hold(app.db, opening, taken, False, now))


def _still_waits(app: Appliance, offer: Offer) -> bool:
    return entries.by_id(app.db, offer.entry_id).status in ENTRY_ACTIVE


def _keeps_place(app: Appliance, offer: Offer) -> bool:
    """Whether the customer still waits for the offer's time."""
    return wishes.by_id(app.db, offer.wish_id).state in (WishState.LIVE, WishState.OFFERED)

