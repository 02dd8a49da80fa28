"""A yes becomes a pending booking; the calendar then confirms it or takes it back."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.moments import local, local_day_bounds, to_ms
from waitlist_appliance.domain.records import Booking, Hold, Offer, Resource
from waitlist_appliance.domain.states import BookingStatus, EntryStatus, OfferState, OpeningState, WishState
from waitlist_appliance.services.appliance import SYSTEM, Actor, Appliance
from waitlist_appliance.services.end_offer import end_offer, remove_tentative, tell_lost
from waitlist_appliance.services.make_offers import match_interval
from waitlist_appliance.services.say import say
from waitlist_appliance.services.settle import close_openings, look_again, refresh_slots, settle_entry
from waitlist_appliance.storage import (
    activity,
    alarms,
    bookings,
    calendar_writes,
    connections,
    entries,
    notices,
    occupancy,
    offers,
    openings,
    slots,
    wishes,
)
from waitlist_appliance.storage.setup import Setup


def pending_alarm(booking_id: int) -> str:
    """The condition that holds while the calendar has long not taken a booking."""
    return f"booking_pending:{booking_id}"


def claim(app: Appliance, setup: Setup, offer: Offer, hold: Hold, now: datetime, actor: Actor) -> Booking:
    """Turn an accepted offer's live hold into a pending booking. Inside the caller's write transaction.

    1. the hold becomes the booking, the same occupancy row with it; 2. the hold's other offers end and their people
    keep their place; 3. the wishes that end with a yes end, marked so that an apology can bring them back;
    4. the calendar write is written down. Raises LookupError when the hold was not live.
    """
    db = app.db
    slot, entry = slots.by_id(db, offer.slot_id), entries.by_id(db, offer.entry_id)
    if not openings.hold_booked(db, hold.id, now):
        raise LookupError(f"hold {hold.id} is over")
    booking = bookings.add(
        db, service_id=slot.service_id, resource_id=hold.resource_id, when=Interval(slot.starts_at, slot.ends_at),
        customer_id=offer.customer_id, party_size=entry.party_size or 1, source="waitlist", now=now, entry_id=entry.id,
        offer_id=offer.id, notes=entry.notes,
    )  # fmt: skip
    occupancy.hold_becomes_booking(db, hold.id, booking.id)
    openings.move(db, hold.opening_id, OpeningState.BOOKED, now)
    close_openings(app, hold.resource_id, setup.occupied_by(setup.services[slot.service_id], slot.starts_at), now)
    for other in offers.of_hold(db, hold.id):
        if end_offer(app, other, OfferState.WITHDRAWN, now, reason="faster", wish_to=WishState.LIVE):
            tell_lost(app, other, now)
    db.execute("UPDATE wish SET state = 'fulfilled', ended_by_booking_id = ? WHERE id = ?", booking.id, offer.wish_id)
    end_wishes(app, setup, booking, now)
    entries.move(db, entry.id, EntryStatus.NOTIFIED)
    entries.set_columns(db, entry.id, silences=0)
    activity.record(
        db, now, actor, "offer_accepted", "offer", offer.id, entry_id=entry.id, customer_id=offer.customer_id
    )
    write_or_confirm(app, setup.resources[hold.resource_id], booking, now)
    refresh_slots(app, [slot.id], now)
    return booking


def write_or_confirm(app: Appliance, resource: Resource, booking: Booking, now: datetime) -> None:
    """Have the booking written to its resource's calendar; without one, or with one
    that can only be read, it is confirmed at once."""
    connection_id = connections.written_to(app.db, resource.connection_id)
    if connection_id is None:
        confirm(app, booking, None, now)
        return
    event_id = calendar_writes.event_id("booking", booking.public_id, booking.version)
    calendar_writes.add(app.db, "booking", connection_id, event_id, now, booking_id=booking.id)
    app.ring_write_calendar()


def confirm(
    app: Appliance, booking: Booking, etag: str | None, now: datetime, event_id: str | None = None,
    actor: Actor = SYSTEM,
) -> bool:  # fmt: skip
    """The calendar (or staff) has it: tell the customer, and close what ended with the yes. False when not pending."""
    db = app.db
    with db.write():
        moved = bookings.was_confirmed(db, booking.id)
        won = bookings.move(
            db, booking.id, BookingStatus.CONFIRMED, confirmed_at=now, pending_since_at=None, calendar_etag=etag,
            calendar_event_id=event_id,
        )  # fmt: skip
        if not won:
            return False
        alarms.clear(db, pending_alarm(booking.id))
        ended = settle_after_yes(app, booking, now)
        look_again(app, booking.customer_id, now)
        app.token("booking", booking.id, now)
        if not moved:  # a moved one was told where it went
            say(
                app, "confirmed", booking.customer_id, now, key=f"confirmed:{booking.id}:{booking.version}", own_act=True,
                booking_id=booking.id, entry_id=booking.entry_id,
                facts={"starts_at_ms": to_ms(booking.starts_at), "code": booking.code, "party_size": booking.party_size,
                       "others_ended": ended, "version": booking.version},
            )  # fmt: skip
            if booking.entry_id is not None:
                notices.happened(db, "place_filled", f"booking:{booking.id}", {"booking": booking.id}, now)
        activity.record(
            db, now, actor, "booking_confirmed", "booking", booking.id, entry_id=booking.entry_id,
            customer_id=booking.customer_id,
        )  # fmt: skip
        return True


def take_back(app: Appliance, booking: Booking, now: datetime) -> bool:
    """Somebody else's event has the time: cancel, apologise, give the wishes and the place in line back."""
    db = app.db
    with db.write():
        if not bookings.move(db, booking.id, BookingStatus.CANCELLED, ended_at=now):
            return False
        alarms.clear(db, pending_alarm(booking.id))
        occupancy.release_booking(db, booking.id)
        if booking.offer_id is not None:
            _undo_offer(app, offers.by_id(db, booking.offer_id), now)
        _give_back(app, booking, now)
        say(
            app, "apology", booking.customer_id, now, key=f"apology:{booking.id}", own_act=True,
            booking_id=booking.id, entry_id=booking.entry_id,
            facts={"starts_at_ms": to_ms(booking.starts_at), "keeps_place": booking.entry_id is not None},
        )  # fmt: skip
        notices.happened(db, "booking_taken_back", f"booking:{booking.id}", {"booking": booking.id}, now)
        activity.record(
            db, now, SYSTEM, "booking_conflict", "booking", booking.id, entry_id=booking.entry_id,
            customer_id=booking.customer_id, reason="the calendar has another event at this time",
        )  # fmt: skip
        match_interval(app, Interval(booking.starts_at, booking.ends_at), now, "booking_conflict")
        return True


def settle_ended(app: Appliance, booking: Booking, now: datetime) -> None:
    """A booking ended before the calendar had it: the entries whose wishes ended with its yes end too."""
    db = app.db
    alarms.clear(db, pending_alarm(booking.id))
    concerned = {wish.entry_id for wish in wishes.ended_by(db, booking.id)}
    if booking.entry_id is not None:
        concerned.add(booking.entry_id)
    if booking.offer_id is not None:
        remove_tentative(app, openings.hold_by_id(db, offers.by_id(db, booking.offer_id).hold_id), now)
    for entry_id in concerned:
        settle_entry(app, entry_id, WishState.WITHDRAWN)
    look_again(app, booking.customer_id, now)


def end_wishes(app: Appliance, setup: Setup, booking: Booking, now: datetime) -> None:
    """The wishes of the booking's entry and the customer's others of that day end with it; an offer among them too."""
    db = app.db
    if booking.entry_id is None:
        return
    day = local_day_bounds(local(booking.starts_at, setup.zone).date(), setup.zone)
    live = offers.live_of_customer(db, booking.customer_id)
    ending = [*wishes.active_of_entry(db, booking.entry_id), *wishes.active_on_day(db, booking.customer_id, *day)]
    freed = live is not None and any(wish.id == live.wish_id for wish in ending)
    if live is not None and freed:
        end_offer(app, live, OfferState.WITHDRAWN, now, reason="booked_elsewhere", wish_to=WishState.LIVE)
    for wish in ending:
        wishes.move(
            db, wish.id, WishState.WITHDRAWN, WishState.PROPOSED, WishState.LIVE, WishState.OFFERED,
            ended_by_booking_id=booking.id,
        )  # fmt: skip
    refresh_slots(app, [wish.slot_id for wish in wishes.ended_by(db, booking.id)], now)
    if live is not None and freed:
        slot = slots.by_id(db, live.slot_id)
        match_interval(app, Interval(slot.starts_at, slot.ends_at), now, "booked_elsewhere")


def settle_after_yes(app: Appliance, booking: Booking, now: datetime) -> bool:
    """Entry confirmed, other entries left without wishes cancelled; whether other wishes ended with the yes."""
    if booking.entry_id is None:
        return False
    db = app.db
    entries.move(db, booking.entry_id, EntryStatus.CONFIRMED, confirmed_at=now, response_deadline_at=None)
    ended = [wish for wish in wishes.ended_by(db, booking.id) if wish.state == WishState.WITHDRAWN]
    for entry_id in {wish.entry_id for wish in ended} - {booking.entry_id}:
        settle_entry(app, entry_id, WishState.WITHDRAWN)
    if booking.offer_id is not None:
        remove_tentative(app, openings.hold_by_id(db, offers.by_id(db, booking.offer_id).hold_id), now)
    return bool(ended)


def _undo_offer(app: Appliance, offer: Offer, now: datetime) -> None:
    offers.move(app.db, offer.id, OfferState.WITHDRAWN, ended_reason="conflict")
    openings.move(app.db, offer.opening_id, OpeningState.TAKEN, now)
    remove_tentative(app, openings.hold_by_id(app.db, offer.hold_id), now)


def _give_back(app: Appliance, booking: Booking, now: datetime) -> None:
    """The wishes that ended with the booking live again, where their time is not over; they kept their place."""
    db = app.db
    given_back = wishes.ended_by(db, booking.id)
    for wish in given_back:
        alive = slots.by_id(db, wish.slot_id).closes_at > now
        registered = wish.lined_up_at is not None
        to = (WishState.LIVE if registered else WishState.PROPOSED) if alive else WishState.PASSED
        wishes.move(db, wish.id, to, wish.state)
    for entry_id in {wish.entry_id for wish in given_back}:
        settle_entry(app, entry_id, WishState.PASSED)
    refresh_slots(app, [wish.slot_id for wish in given_back], now)
