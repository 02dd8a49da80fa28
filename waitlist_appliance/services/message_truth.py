"""Whether a message is still true when it is to be sent, and whether it may be sent at this hour."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from waitlist_appliance.domain import deadlines, quiet_hours
from waitlist_appliance.domain.records import Booking, Entry, Message
from waitlist_appliance.domain.states import BOOKING_ACTIVE, ENTRY_ACTIVE, EntryStatus, OfferState
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.message_letters import offer_of
from waitlist_appliance.services.offer_clock import end_unsent
from waitlist_appliance.storage import bookings, customers, entries, messages, offers, slots
from waitlist_appliance.storage.setup import Setup

# A message with less time left would arrive after its time.
SHORTEST_VALIDITY = timedelta(seconds=5)
# Also said to somebody who wants no messages: that there will be none, and how to answer.
ANSWERS_ALL_THE_SAME = frozenset({"opted_out", "help"})


def must_wait(app: Appliance, setup: Setup, message: Message, now: datetime) -> bool:
    """Put the message off to the end of the quiet hours, if they keep it back."""
    if not quiet_hours.waits(message.kind, message.own_act):
        return False
    quiet_end = quiet_hours.quiet_until(now, setup.zone, setup.policies)
    if quiet_end is None:
        return False
    if message.offer_id is not None and setup.policies.urgent_in_quiet_hours:
        slot = slots.by_id(app.db, offers.by_id(app.db, message.offer_id).slot_id)
        if quiet_hours.may_be_lost(slot.starts_at, quiet_end, setup.policies):
            return False
    messages.let_wait(app.db, message.id, quiet_end)
    if message.offer_id is not None:
        limit = quiet_end + timedelta(seconds=setup.policies.unsent_offer_seconds)
        app.db.execute("UPDATE offer SET unsent_limit_at = ? WHERE id = ? AND sent_at IS NULL", limit, message.offer_id)
    return True


def stale(app: Appliance, setup: Setup, message: Message, now: datetime) -> str | None:
    """Why the message is no longer true; None when it is. An offer that can no longer be told ends here."""
    if message.booking_id is not None and _of_older_version(app, message):
        return "the booking was moved or cancelled"
    if message.booking_id is not None:
        return _stale_booking(bookings.by_id(app.db, message.booking_id), message.kind, now)
    reason = _stale_offer(app, setup, message, now)
    if reason is not None:
        return reason
    return _stale_entry(app, entries.by_id(app.db, message.entry_id), message.kind, now) if message.entry_id else None


def is_unwanted(app: Appliance, message: Message) -> bool:
    """Whether the customer wants nothing on this channel any more; a word for help is answered all the same."""
    if message.kind in ANSWERS_ALL_THE_SAME:
        return False
    customer = customers.by_id(app.db, message.customer_id)
    refused_at = customer.email_refused_at if message.channel == "email" else customer.opted_out_at
    return refused_at is not None


def _stale_offer(app: Appliance, setup: Setup, message: Message, now: datetime) -> str | None:
    offer = offer_of(app, message)
    if offer is None:
        return None
    if offer.state != OfferState.LIVE:
        return "the offer is over"
    if offer.deadline_at is not None and offer.deadline_at < now + SHORTEST_VALIDITY:
        end_unsent(app, offer, now, "unsent")
        return "the deadline has passed"
    slot = slots.by_id(app.db, offer.slot_id)
    if offer.deadline_at is None and not deadlines.may_still_be_offered(slot.starts_at, now, setup.policies):
        end_unsent(app, offer, now, "too_late")
        return "too late to answer"
    return None


def _stale_booking(booking: Booking, kind: str, now: datetime) -> str | None:
    if kind not in ("confirmed", "moved", "reminder"):
        return None
    if booking.status not in BOOKING_ACTIVE:
        return "the booking is over"
    return "the booking has begun" if booking.starts_at <= now else None


def _stale_entry(app: Appliance, entry: Entry, kind: str, now: datetime) -> str | None:
    if kind in ("join_link", "join_nudge"):
        if entry.status != EntryStatus.INVITED:
            return "no longer invited"
        over = slots.by_id(app.db, entry.requested_slot_id).closes_at <= now
        return "the time is over" if over else None
    if kind == "joined" and entry.status not in ENTRY_ACTIVE:
        return "no longer on the list"
    return None


def _of_older_version(app: Appliance, message: Message) -> bool:
    """Whether the message speaks of its booking as it was before it was moved or cancelled."""
    version = json.loads(message.facts).get("version")
    return version is not None and version != bookings.by_id(app.db, message.booking_id or 0).version
