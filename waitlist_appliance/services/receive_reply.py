"""A reply by message: understood, matched to an offer, answered in the customer's language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain import replies
from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.domain.records import Customer, Offer
from waitlist_appliance.domain.replies import Reply
from waitlist_appliance.domain.states import OfferState, WishState
from waitlist_appliance.ports import Inbound
from waitlist_appliance.services.answer_offer import Answer, accept_offer, decline_offer
from waitlist_appliance.services.appliance import CUSTOMER, Appliance
from waitlist_appliance.services.end_offer import end_offer
from waitlist_appliance.services.make_offers import match_interval
from waitlist_appliance.services.reply_senders import button, learn_names, match
from waitlist_appliance.services.say import say
from waitlist_appliance.storage import activity, customers, email_refusals, messages, offers, slots
from waitlist_appliance.storage import replies as replies_kept

PHONE_CHANNELS = ("sms", "whatsapp")
# On these single words a carrier opts a number in again, and says so itself.
CARRIER_START = frozenset({("start",), ("unstop",)})


@dataclass(frozen=True, slots=True)
class ReplyResult:
    """How the reply was understood, and the message kind it was answered with (None: no answer of its own)."""

    understood: str
    answered: str | None


def receive(
    app: Appliance, sender: str, channel: str, body: str, now: datetime, provider_id: str | None = None
) -> ReplyResult:
    """Act on a reply that was written on a simulated phone, as `receive_inbound`."""
    return _receive(app, Inbound(provider_id or "", channel, sender, body, now), now)


def receive_inbound(app: Appliance, inbound: Inbound, now: datetime) -> ReplyResult:
    """Act on a customer's message; the same provider id twice acts once, by whatever way it comes.

    It touches the offer that it answers and nothing else.
    """
    return _receive(app, inbound, now)


def _receive(app: Appliance, inbound: Inbound, now: datetime) -> ReplyResult:
    understood = _understood(inbound)
    with app.db.write():
        matched = match(app, inbound)
        customer, offer = matched.customer, matched.offer
        reply_id = replies_kept.keep(
            app.db, sender=inbound.address, channel=inbound.channel, body=inbound.body, understood=understood.value,
            provider_id=inbound.provider_id or None, now=now, customer_id=customer.id if customer else None,
            offer_id=offer.id if offer else None, answers_message_id=matched.answers.id if matched.answers else None,
        )  # fmt: skip
        if customer is None or reply_id is None:
            return ReplyResult(understood.value, None)
        learn_names(app, customer, inbound)
        if inbound.channel in PHONE_CHANNELS:
            customers.mark_reachable(app.db, customer.id)  # whoever writes from a phone has it
        if inbound.channel == "whatsapp":
            customers.wrote_on_whatsapp(app.db, customer.id, min(inbound.received_at, now))
        activity.record(
            app.db, now, CUSTOMER, "replied", "reply", reply_id, customer_id=customer.id,
            entry_id=offer.entry_id if offer else None, understood=understood.value,
        )  # fmt: skip
        said = _Said(inbound.channel, reply_id, _carrier_answers(app, inbound, understood))
        return ReplyResult(understood.value, _act(app, understood, customer, offer, said, now))


@dataclass(frozen=True, slots=True)
class _Said:
    """How it came; ``answered``: the carrier or the provider answers it, and a word of ours would be one too many."""

    channel: str
    reply_id: int
    answered: bool


def _understood(inbound: Inbound) -> Reply:
    if inbound.opt_out is not None:
        return Reply.stop if inbound.opt_out == "stop" else Reply.start
    tapped = button(inbound)
    if tapped is not None:
        return Reply.yes if tapped == "accept" else Reply.no
    return replies.understand(inbound.body)


def _carrier_answers(app: Appliance, inbound: Inbound, understood: Reply) -> bool:
    """A carrier that has taken STOP takes nothing of ours any more; where phones are simulated there is none."""
    if inbound.opt_out is not None:
        return True
    messenger = app.messengers.get(inbound.channel)
    if inbound.channel != "sms" or getattr(messenger, "simulated", False):
        return False
    words = replies.words_of(inbound.body)
    return (understood == Reply.stop and words in replies.CARRIER_STOP) or words in CARRIER_START


def _act(
    app: Appliance, understood: Reply, customer: Customer, offer: Offer | None, said: _Said, now: datetime
) -> str | None:
    if understood == Reply.stop:
        return _stop(app, customer, said, now)
    if understood == Reply.start:
        return _start(app, customer, said, now)
    if understood in (Reply.no, Reply.unclear) and customer.opted_out_at is not None:
        return None  # nothing is said to somebody who wants no messages; a word for help is answered all the same
    if understood in (Reply.help, Reply.unclear):
        return _answer(app, customer, "help", said, now)
    if understood == Reply.yes:
        # Some carriers take YES as "send me messages again": whoever says yes wants to hear the rest.
        customers.opt_in(app.db, customer.id)
    if offer is None:
        return _answer(app, customer, "nothing_pending", said, now)
    if understood == Reply.yes:
        return _yes(app, customer, offer, said, now)
    return _no(app, customer, offer, said, now)


def _yes(app: Appliance, customer: Customer, offer: Offer, said: _Said, now: datetime) -> str | None:
    answer = accept_offer(app, offer.id, now)
    if answer.outcome == "accepted":
        return None  # "confirmed" follows as soon as the calendar has it
    kind = "already_booked" if answer.outcome == "already_accepted" else "too_late"
    return _answer(app, customer, kind, said, now, offer=offer, answer=answer)


def _no(app: Appliance, customer: Customer, offer: Offer, said: _Said, now: datetime) -> str | None:
    if offer.state not in (OfferState.LIVE, OfferState.EXPIRED, OfferState.DECLINED):
        return _answer(app, customer, "nothing_pending", said, now)
    answer = decline_offer(app, offer.id, now)
    if answer.outcome == "declined":
        return None  # "declined" has been written with the no
    return _answer(app, customer, "nothing_pending", said, now)


def _stop(app: Appliance, customer: Customer, said: _Said, now: datetime) -> str | None:
    """No more messages this way; a live offer ends and the next is asked. Bookings stay as they are."""
    live = offers.live_of_customer(app.db, customer.id)
    if said.channel == "email":
        email_refusals.refuse(app.db, customer.id, now)
        messages.drop_of_customer(app.db, customer.id, ("email",), "no more emails wanted")
    else:
        customers.opt_out(app.db, customer.id, now)
        messages.drop_of_customer(app.db, customer.id, PHONE_CHANNELS, "opted out")
    if live is not None:
        to = OfferState.DECLINED if live.state == OfferState.LIVE else OfferState.WITHDRAWN
        end_offer(app, live, to, now, reason="stop", wish_to=WishState.DECLINED, actor=CUSTOMER)
        slot = slots.by_id(app.db, live.slot_id)
        match_interval(app, Interval(slot.starts_at, slot.ends_at), now, "stop")
    activity.record(
        app.db, now, CUSTOMER, "opted_out", "customer", customer.id, customer_id=customer.id, channel=said.channel
    )
    if said.answered:
        return None
    say(app, "opted_out", customer.id, now, key=f"opted_out:{customer.id}:{to_ms(now)}", own_act=True,
        channel=said.channel)  # fmt: skip
    return "opted_out"


def _start(app: Appliance, customer: Customer, said: _Said, now: datetime) -> str | None:
    if said.channel == "email":
        email_refusals.take_back(app.db, customer.id)
    else:
        customers.opt_in(app.db, customer.id)
    return None if said.answered else _answer(app, customer, "opted_in", said, now)


def _answer(
    app: Appliance, customer: Customer, kind: str, said: _Said, now: datetime, *,
    offer: Offer | None = None, answer: Answer | None = None,
) -> str:  # fmt: skip
    facts: dict[str, object] = {}
    if offer is not None:
        facts["starts_at_ms"] = to_ms(slots.by_id(app.db, offer.slot_id).starts_at)
    if answer is not None:
        facts["keeps_place"] = answer.keeps_place
        facts["code"] = answer.booking.code if answer.booking else None
    say(app, kind, customer.id, now, key=f"reply:{said.reply_id}", own_act=True, facts=facts, channel=said.channel)
    return kind
