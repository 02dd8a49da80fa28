"""The outbox is worked off: each due message is claimed, rendered with what is true now, and handed over."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from waitlist_appliance.domain import deadlines, quiet_hours
from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.domain.records import Booking, Entry, Message, Offer
from waitlist_appliance.domain.states import BOOKING_ACTIVE, ENTRY_ACTIVE, EntryStatus, OfferState, WishState
from waitlist_appliance.ports import DeliveryError, Letter
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.end_offer import end_offer
from waitlist_appliance.services.make_offers import match_interval
from waitlist_appliance.services.say import channels_of
from waitlist_appliance.storage import (
    activity,
    alarms,
    bookings,
    customers,
    entries,
    messages,
    offers,
    slots,
)
from waitlist_appliance.storage.database import StorageUnavailable
from waitlist_appliance.storage.setup import Setup
from waitlist_appliance.texts import ics
from waitlist_appliance.texts.catalogues import pick_locale
from waitlist_appliance.texts.messages import BusinessFacts, render

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
OFFERING = ("offer", "offer_race")
ATTEMPTS = 6
PAUSED = alarms.SENDING_PAUSED


@dataclass(frozen=True, slots=True)
class _Ready:
    message: Message
    letter: Letter


def deliver_due(app: Appliance, now: datetime, limit: int = 20) -> int:
    """Hand over what is due; how many were. Nothing is sent while an account fault holds (staff resume it)."""
    if alarms.holds(app.db, PAUSED):
        return 0
    handed = 0
    for message in messages.due(app.db, now, limit):
        try:
            handed += _deliver(app, message, now)
        except StorageUnavailable:
            raise
        except Exception as error:
            # One row that raises does not stop the pass: it is tried again a few times, and staff see it.
            log.exception("message %s could not be delivered", message.public_id)
            with app.db.write():
                if messages.is_taken(app.db, message.id, now + LEASE):
                    continue  # another pass is handing it over
                messages.claim(app.db, message.id, now, now + LEASE)  # preparing it has rolled its attempt back
                _give_up_or_retry(app, message, f"internal error: {type(error).__name__}", now)
        if alarms.holds(app.db, PAUSED):
            break
    return handed


def resume_sending(app: Appliance, now: datetime, actor: activity.Actor) -> bool:
    """Staff have put the provider's account right: what is due goes out again."""
    with app.db.write():
        cleared = alarms.clear(app.db, PAUSED)
        if cleared:
            limit = now + timedelta(seconds=app.setup().policies.unsent_offer_seconds)
            app.db.execute(
                "UPDATE offer SET unsent_limit_at = MAX(unsent_limit_at, ?) WHERE state = 'live' AND sent_at IS NULL", limit
            )
            activity.record(app.db, now, actor, "sending_resumed", "message")
            app.ring_deliver()
        return cleared


def _deliver(app: Appliance, message: Message, now: datetime) -> int:
    ready = _prepare(app, message, now)
    if ready is None:
        return 0
    try:
        provider_id = app.messengers[message.channel].send(ready.letter, now)
    except DeliveryError as error:
        _not_taken(app, ready.message, error, now)
        return 0
    with app.db.write():
        messages.sent(app.db, message.id, provider_id, ready.letter.subject, ready.letter.body, now)
        activity.record(
            app.db, now, SYSTEM, "message_sent", "message", message.id, entry_id=message.entry_id,
            customer_id=message.customer_id, kind=message.kind, channel=message.channel,
        )  # fmt: skip
    return 1


def _prepare(app: Appliance, message: Message, now: datetime) -> _Ready | None:
    """Claim the message and render it; None when it must wait, is no longer true, or somebody else has it.

    An offer's deadline is written here, just before the hand-over, so that the text tells the truth.
    """
    with app.db.write():
        setup = app.setup()
        if not messages.still_due(app.db, message.id, now) or _must_wait(app, setup, message, now):
            return None
        if not messages.claim(app.db, message.id, now, now + LEASE):
            return None
        stale = _stale(app, setup, message, now)
        if stale is not None:
            messages.drop(app.db, message.id, stale)
            return None
        offer = _start_clock(app, setup, message, now)
        letter = _letter(app, setup, message, offer, now)
    return _Ready(messages.by_id(app.db, message.id), letter)


def _must_wait(app: Appliance, setup: Setup, message: Message, now: datetime) -> bool:
    if not quiet_hours.waits(message.kind, message.own_act):
        return False
    quiet_end = quiet_hours.quiet_until(now, setup.zone, setup.policies)
    if quiet_end is None:
        return False
    if message.offer_id is not None and setup.policies.urgent_in_quiet_hours:
        slot = slots.by_id(app.db, offers.by_id(app.db, message.offer_id).slot_id)
        if quiet_hours.may_be_lost(slot.starts_at, quiet_end, setup.policies):
            return False
    messages.put_off(app.db, message.id, quiet_end)
    if message.offer_id is not None:
        limit = quiet_end + timedelta(seconds=setup.policies.unsent_offer_seconds)
        app.db.execute("UPDATE offer SET unsent_limit_at = ? WHERE id = ? AND sent_at IS NULL", limit, message.offer_id)
    return True


def _stale(app: Appliance, setup: Setup, message: Message, now: datetime) -> str | None:
    """Why the message is no longer true; None when it is."""
    if message.booking_id is not None and _of_older_version(app, message):
        return "the booking was moved or cancelled"
    if message.booking_id is not None:
        return _stale_booking(bookings.by_id(app.db, message.booking_id), message.kind, now)
    if message.kind in OFFERING and message.offer_id is not None:
        offer = offers.by_id(app.db, message.offer_id)
        if offer.state != OfferState.LIVE:
            return "the offer is over"
        slot = slots.by_id(app.db, offer.slot_id)
        if offer.deadline_at is not None and deadlines.is_over(offer.deadline_at, now):
            return "the deadline has passed"
        if offer.deadline_at is None and not deadlines.may_still_be_offered(slot.starts_at, now, setup.policies):
            _end_unsent(app, offer, now, "too_late")
            return "too late to answer"
    return _stale_entry(app, entries.by_id(app.db, message.entry_id), message.kind, now) if message.entry_id else None


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


def _start_clock(app: Appliance, setup: Setup, message: Message, now: datetime) -> Offer | None:
    if message.kind not in OFFERING or message.offer_id is None:
        return None
    offer = offers.by_id(app.db, message.offer_id)
    slot = slots.by_id(app.db, offer.slot_id)
    deadline = deadlines.deadline(slot.starts_at, now, setup.policies)
    if offers.start_clock(app.db, offer.id, deadline, now):
        entries.set_columns(app.db, offer.entry_id, response_deadline_at=deadline)
        app.ring_expire_offers(deadline)
    return offers.by_id(app.db, offer.id)


def _letter(app: Appliance, setup: Setup, message: Message, offer: Offer | None, now: datetime) -> Letter:
    customer = customers.by_id(app.db, message.customer_id)
    facts = _facts(app, setup, message, offer, now)
    about = BusinessFacts(setup.business.name, setup.business.zone, setup.business.phone or "", setup.business.locale)
    entry = entries.by_id(app.db, message.entry_id) if message.entry_id else None
    # A caller may name any language; one that we do not speak must not keep the message back.
    locale = pick_locale(entry.locale if entry else None, customer.locale, setup.business.locale)
    said = render(message.kind, message.channel, locale, facts, about, now=now)
    address = customer.phone if message.channel != "email" else customer.email
    if address is None:
        raise LookupError(f"customer {customer.id} has no address for {message.channel}")
    attachment = _calendar_file(app, setup, message, now)
    return Letter(message.public_id, message.channel, address, said.subject, said.body, attachment)


def _facts(app: Appliance, setup: Setup, message: Message, offer: Offer | None, now: datetime) -> dict[str, object]:
    """What was written down, with what is only known now: links, the deadline, names."""
    facts: dict[str, object] = dict(json.loads(message.facts))
    customer = customers.by_id(app.db, message.customer_id)
    facts.setdefault("first_name", customer.first_name or "")
    facts.setdefault("service", setup.default_service.name)
    if offer is not None and offer.deadline_at is not None:
        facts["deadline_ms"] = to_ms(offer.deadline_at)
        facts["starts_at_ms"] = to_ms(slots.by_id(app.db, offer.slot_id).starts_at)
        facts["link"] = app.link("offer", app.token("offer", offer.id, now))
    elif message.booking_id is not None and message.kind not in ("apology",):
        facts["link"] = app.link("booking", app.token("booking", message.booking_id, now))
    elif message.entry_id is not None:
        facts["link"] = app.link("registration", app.token("registration", message.entry_id, now))
    return {key: value for key, value in facts.items() if value is not None}


def _calendar_file(app: Appliance, setup: Setup, message: Message, now: datetime) -> bytes | None:
    """The booking as an .ics, with the email that confirms, moves or cancels it."""
    if message.booking_id is None or message.channel != "email" or message.kind == "apology":
        return None
    booking = bookings.by_id(app.db, message.booking_id)
    return ics.booking_ics(
        f"{booking.public_id}@waitlist", booking.starts_at, booking.ends_at, setup.business.name, booking.code,
        setup.business.address or setup.business.name, booking.version, message.kind == "cancelled", now,
    )  # fmt: skip


def _not_taken(app: Appliance, message: Message, error: DeliveryError, now: datetime) -> None:
    log.warning("message %s on %s was not taken: %s", message.public_id, message.channel, error)
    with app.db.write():
        if error.account_fault:
            alarms.raise_alarm(app.db, PAUSED, str(error), now)
            activity.record(app.db, now, SYSTEM, "sending_paused", "message", message.id, reason=str(error))
            _unstart(app, message)
            messages.put_off(app.db, message.id, now, str(error))
        elif error.retryable:
            _give_up_or_retry(app, message, str(error), now)
        else:
            _undeliverable(app, message, str(error), now, proven=True)


def _give_up_or_retry(app: Appliance, message: Message, error: str, now: datetime) -> None:
    with app.db.write():
        attempts = messages.by_id(app.db, message.id).attempts
        if attempts >= ATTEMPTS:
            _undeliverable(app, message, error, now)  # what may pass is no proof against the customer's phone
            return
        _unstart(app, message)
        messages.put_off(app.db, message.id, now + timedelta(seconds=min(2 ** (attempts + 1), 300)), error)


def _unstart(app: Appliance, message: Message) -> None:
    """The hand-over failed: the offer's clock has not started after all."""
    if message.kind in OFFERING and message.offer_id is not None:
        app.db.execute(
            "UPDATE offer SET sent_at = NULL, deadline_at = NULL WHERE id = ? AND state = 'live'", message.offer_id
        )


def _undeliverable(app: Appliance, message: Message, error: str, now: datetime, *, proven: bool = False) -> None:
    """This channel will not do: try the customer's next; where there is none, an offer fails and the next is asked.

    ``proven``: the provider said that the phone cannot be reached, so it is not tried for later messages either.
    """
    db = app.db
    messages.failed(db, message.id, error)
    activity.record(
        db, now, SYSTEM, "message_failed", "message", message.id, entry_id=message.entry_id,
        customer_id=message.customer_id, reason=error, channel=message.channel,
    )  # fmt: skip
    _unstart(app, message)
    customer = customers.by_id(db, message.customer_id)
    tried = {row[0] for row in db.tuples(
        "SELECT channel FROM message WHERE customer_id = ? AND kind = ? AND dedupe_key LIKE ? || ':%'",
        message.customer_id, message.kind, message.dedupe_key.rsplit(":", 1)[0],
    )}  # fmt: skip
    following = [channel for channel in channels_of(app, customer) if channel not in tried]
    if following:
        messages.add(
            db, customer_id=message.customer_id, kind=message.kind, channel=following[0],
            facts=json.loads(message.facts), dedupe_key=f"{message.dedupe_key.rsplit(':', 1)[0]}:{following[0]}",
            due_at=now, now=now, own_act=message.own_act, offer_id=message.offer_id, entry_id=message.entry_id,
            booking_id=message.booking_id,
        )  # fmt: skip
        app.ring_deliver()
        return
    if proven and message.channel != "email":
        customers.mark_undeliverable(db, customer.id, now)
    if message.kind in OFFERING and message.offer_id is not None:
        _end_unsent(app, offers.by_id(db, message.offer_id), now, "undeliverable")


def _end_unsent(app: Appliance, offer: Offer, now: datetime, reason: str) -> None:
    """The offer never reached its customer: it fails, they keep their place, and the next is asked at once."""
    if end_offer(app, offer, OfferState.FAILED, now, reason=reason, wish_to=WishState.LIVE):
        slot = slots.by_id(app.db, offer.slot_id)
        match_interval(app, Interval(slot.starts_at, slot.ends_at), now, reason)
