"""A reply by message: understood, matched to an offer, answered in the customer's language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain import replies
from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.errors import Invalid
from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.domain.records import Customer, Offer
from waitlist_appliance.domain.replies import Reply
from waitlist_appliance.domain.states import OfferState, WishState
from waitlist_appliance.services.answer_offer import Answer, accept_offer, decline_offer
from waitlist_appliance.services.appliance import CUSTOMER, Appliance
from waitlist_appliance.services.end_offer import end_offer
from waitlist_appliance.services.join_waitlist import read_phone
from waitlist_appliance.services.make_offers import match_interval
from waitlist_appliance.services.say import say
from waitlist_appliance.storage import activity, customers, messages, offers, slots

PHONE_CHANNELS = ("sms", "whatsapp")
LONGEST_KEPT = 2000


@dataclass(frozen=True, slots=True)
class ReplyResult:
    """How the reply was understood, and the message kind it was answered with (None: no answer of its own)."""

    understood: str
    answered: str | None


def receive(
    app: Appliance, sender: str, channel: str, body: str, now: datetime, provider_id: str | None = None
) -> ReplyResult:
    """Act on a reply; the same provider id twice acts once. A reply touches the offer it answers and nothing else."""
    understood = replies.understand(body)
    with app.db.write():
        customer = _sender(app, sender, channel)
        offer = offers.newest_sent_of_customer(app.db, customer.id) if customer else None
        kept = app.db.execute(
            """INSERT OR IGNORE INTO reply (customer_id, sender, channel, body, understood, offer_id, provider_id,
                      received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
            customer.id if customer else None, sender[:200], channel, body[:LONGEST_KEPT], understood.value,
            offer.id if offer else None, provider_id, now,
        )  # fmt: skip
        if customer is None or not kept:
            return ReplyResult(understood.value, None)
        reply_id = int(app.db.value("SELECT last_insert_rowid()"))
        activity.record(
            app.db, now, CUSTOMER, "replied", "reply", reply_id, customer_id=customer.id,
            entry_id=offer.entry_id if offer else None, understood=understood.value,
        )  # fmt: skip
        answered = _act(app, understood, customer, offer, channel, reply_id, now)
        return ReplyResult(understood.value, answered)


def _sender(app: Appliance, sender: str, channel: str) -> Customer | None:
    if channel == "email":
        return customers.by_email(app.db, sender.strip())
    try:
        return customers.by_phone(app.db, read_phone(app.setup(), sender).e164)
    except Invalid:
        return None


def _act(
    app: Appliance, understood: Reply, customer: Customer, offer: Offer | None, channel: str, reply_id: int,
    now: datetime,
) -> str | None:  # fmt: skip
    if understood == Reply.stop:
        return _stop(app, customer, channel, now)
    if understood == Reply.start:
        customers.opt_in(app.db, customer.id)
        return _answer(app, customer, "opted_in", channel, reply_id, now)
    if understood in (Reply.no, Reply.unclear) and customer.opted_out_at is not None:
        return None  # nothing is said to somebody who wants no messages; a word for help is answered all the same
    if understood in (Reply.help, Reply.unclear):
        return _answer(app, customer, "help", channel, reply_id, now)
    if understood == Reply.yes:
        # Some carriers take YES as "send me messages again": whoever says yes wants to hear the rest.
        customers.opt_in(app.db, customer.id)
    if offer is None:
        return _answer(app, customer, "nothing_pending", channel, reply_id, now)
    if understood == Reply.yes:
        return _yes(app, customer, offer, channel, reply_id, now)
    return _no(app, customer, offer, channel, reply_id, now)


def _yes(app: Appliance, customer: Customer, offer: Offer, channel: str, reply_id: int, now: datetime) -> str | None:
    answer = accept_offer(app, offer.id, now)
    if answer.outcome == "accepted":
        return None  # "confirmed" follows as soon as the calendar has it
    kind = "already_booked" if answer.outcome == "already_accepted" else "too_late"
    return _answer(app, customer, kind, channel, reply_id, now, offer=offer, answer=answer)


def _no(app: Appliance, customer: Customer, offer: Offer, channel: str, reply_id: int, now: datetime) -> str | None:
    if offer.state not in (OfferState.LIVE, OfferState.EXPIRED, OfferState.DECLINED):
        return _answer(app, customer, "nothing_pending", channel, reply_id, now)
    answer = decline_offer(app, offer.id, now)
    if answer.outcome == "declined":
        return None  # "declined" has been written with the no
    return _answer(app, customer, "nothing_pending", channel, reply_id, now)


def _stop(app: Appliance, customer: Customer, channel: str, now: datetime) -> str:
    """Opted out of everything on the phone; a live offer ends and the next is asked. Bookings stay as they are."""
    live = offers.live_of_customer(app.db, customer.id)
    customers.opt_out(app.db, customer.id, now)
    messages.drop_of_customer(app.db, customer.id, PHONE_CHANNELS, "opted out")
    if live is not None:
        to = OfferState.DECLINED if live.state == OfferState.LIVE else OfferState.WITHDRAWN
        end_offer(app, live, to, now, reason="stop", wish_to=WishState.DECLINED, actor=CUSTOMER)
        slot = slots.by_id(app.db, live.slot_id)
        match_interval(app, Interval(slot.starts_at, slot.ends_at), now, "stop")
    activity.record(app.db, now, CUSTOMER, "opted_out", "customer", customer.id, customer_id=customer.id)
    say(app, "opted_out", customer.id, now, key=f"opted_out:{customer.id}:{to_ms(now)}", own_act=True, channel=channel)
    return "opted_out"


def _answer(
    app: Appliance, customer: Customer, kind: str, channel: str, reply_id: int, now: datetime, *,
    offer: Offer | None = None, answer: Answer | None = None,
) -> str:  # fmt: skip
    facts: dict[str, object] = {}
    if offer is not None:
        facts["starts_at_ms"] = to_ms(slots.by_id(app.db, offer.slot_id).starts_at)
    if answer is not None:
        facts["keeps_place"] = answer.keeps_place
        facts["code"] = answer.booking.code if answer.booking else None
    say(app, kind, customer.id, now, key=f"reply:{reply_id}", own_act=True, facts=facts, channel=channel)
    return kind
