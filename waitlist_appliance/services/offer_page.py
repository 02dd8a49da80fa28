"""The customer's offer page as data. Reading it changes nothing: link previews and scanners open links."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.deadlines import is_over, offer_window
from waitlist_appliance.domain.records import Booking, Business, Entry, Offer, Slot
from waitlist_appliance.domain.states import BookingStatus, OfferState, WishState
from waitlist_appliance.services.answer_offer import (
    Answer,
    accept_offer,
    booking_of_offer,
    decline_offer,
    late_yes_possible,
    offer_by_token,
)
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import entries, openings, slots, wishes

ENDED = {OfferState.DECLINED: "declined", OfferState.FAILED: "withdrawn"}


@dataclass(frozen=True, slots=True)
class OfferPage:
    """``state``: live, waiting_to_be_sent, accepted, confirmed, declined, expired, lost, withdrawn, late_possible or
    apology. ``seconds_left`` and ``window_seconds`` only while live."""

    offer: Offer
    entry: Entry
    business: Business
    starts_at: datetime
    ends_at: datetime
    party_size: int | None
    service_name: str
    state: str
    deadline: datetime | None
    seconds_left: int | None
    window_seconds: int | None
    position: int | None
    race: bool
    code: str | None
    booking_url: str | None
    place_url: str | None
    keeps_place: bool


def offer_page(app: Appliance, token: str, now: datetime) -> OfferPage:
    """What the link shows now; NotFound ``token_gone``."""
    return _page(app, offer_by_token(app, token), now, None)


def accept(app: Appliance, token: str, now: datetime) -> OfferPage:
    """Yes, by the page; idempotent. Late and lost answers are explained by the state."""
    offer = offer_by_token(app, token)
    return _page(app, offer, now, accept_offer(app, offer.id, now))


def decline(app: Appliance, token: str, now: datetime) -> OfferPage:
    """No, by the page; idempotent."""
    offer = offer_by_token(app, token)
    return _page(app, offer, now, decline_offer(app, offer.id, now))


def _page(app: Appliance, offer: Offer, now: datetime, answer: Answer | None) -> OfferPage:
    db, setup = app.db, app.setup()
    offer = db.row(Offer, "SELECT * FROM offer WHERE id = ?", offer.id) or offer
    slot, entry = slots.by_id(db, offer.slot_id), entries.by_id(db, offer.entry_id)
    wish = wishes.by_id(db, offer.wish_id)
    booking = booking_of_offer(app, offer)
    state = _state(app, offer, booking, slot, now, answer)
    live = state == "live" and offer.deadline_at is not None and offer.sent_at is not None
    keeps = wish.state in (WishState.LIVE, WishState.OFFERED)
    return OfferPage(
        offer=offer, entry=entry, business=setup.business, starts_at=slot.starts_at, ends_at=slot.ends_at,
        party_size=entry.party_size, service_name=setup.services[slot.service_id].name, state=state,
        deadline=offer.deadline_at,
        seconds_left=max(0, int((offer.deadline_at - now).total_seconds())) if live and offer.deadline_at else None,
        window_seconds=int(offer_window(slot.starts_at, offer.sent_at, setup.policies).total_seconds())
        if live and offer.sent_at else None,
        position=wishes.position(db, wish) if state not in ("accepted", "confirmed") else None,
        race=openings.hold_by_id(db, offer.hold_id).race,
        code=booking.code if booking and state in ("accepted", "confirmed") else None,
        booking_url=app.link("booking", app.token("booking", booking.id, now)) if booking and state == "confirmed"
        else None,
        place_url=app.link("registration", app.token("registration", entry.id, now)), keeps_place=keeps,
    )  # fmt: skip


def _state(
    app: Appliance, offer: Offer, booking: Booking | None, slot: Slot, now: datetime, answer: Answer | None
) -> str:
    if booking is not None and booking.status == BookingStatus.PENDING:
        return "accepted"
    if booking is not None and booking.status in (
        BookingStatus.CONFIRMED, BookingStatus.IN_PROGRESS, BookingStatus.COMPLETED,
    ):  # fmt: skip
        return "confirmed"
    if offer.ended_reason == "conflict":
        return "apology"
    if answer is not None and answer.outcome == "lost":
        return "lost"
    if offer.state == OfferState.LIVE:
        if offer.deadline_at is None:
            return "waiting_to_be_sent"
        if not is_over(offer.deadline_at, now):
            return "live"
    if offer.state == OfferState.PROPOSED:
        return "waiting_to_be_sent"
    if offer.ended_reason in ("faster", "taken"):
        return "lost"
    if offer.state in ENDED:
        return ENDED[offer.state]
    if offer.state in (OfferState.EXPIRED, OfferState.LIVE) and answer is None and late_yes_possible(app, offer, now):
        return "late_possible"
    return "expired" if offer.state in (OfferState.EXPIRED, OfferState.LIVE) else "withdrawn"
