"""Staff put the outbox right: send a message again that reached nobody, or drop one that is not sent yet."""

from __future__ import annotations

import json
from datetime import datetime

from waitlist_appliance.domain.errors import Conflict, NotFound
from waitlist_appliance.domain.records import Message
from waitlist_appliance.domain.states import OfferState
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.storage import activity, customers, message_reads, messages, offers

OFFERING = ("offer", "offer_race")


def send_again(app: Appliance, message_public_id: str, now: datetime, actor: Actor) -> None:
    """Write a failed message once more, to be sent now. A second press writes nothing.

    Conflict ``not_failed``, ``offer_ended`` (its offer is over), ``cannot_be_contacted`` (STOP, or no address).
    """
    with app.db.write():
        message = _named(app, message_public_id)
        if message.state != "failed":
            raise Conflict("not_failed")
        if _of_ended_offer(app, message):
            raise Conflict("offer_ended")
        _refuse_unreachable(app, message)
        written = messages.add(
            app.db, customer_id=message.customer_id, kind=message.kind, channel=message.channel,
            facts=json.loads(message.facts), dedupe_key=f"again:{message.public_id}:{message.channel}", due_at=now,
            now=now, own_act=message.own_act, offer_id=message.offer_id, entry_id=message.entry_id,
            booking_id=message.booking_id,
        )  # fmt: skip
        if not written:
            raise Conflict("sent_again_before")
        if message.channel != "email":
            # Staff say that the number is right; a further failure marks it again.
            message_reads.clear_undeliverable(app.db, message.customer_id)
        _note(app, message, "message_sent_again", now, actor)
        app.ring_deliver()


def drop(app: Appliance, message_public_id: str, now: datetime, actor: Actor) -> None:
    """Never send it. Conflict ``not_pending``; ``withdraw_instead`` for an offer, whose time would stay held."""
    with app.db.write():
        message = _named(app, message_public_id)
        if message.kind in OFFERING:
            raise Conflict("withdraw_instead")
        if message.state != "pending" or not messages.drop(app.db, message.id, "staff"):
            raise Conflict("not_pending")
        _note(app, message, "message_dropped", now, actor)


def _named(app: Appliance, public_id: str) -> Message:
    message = message_reads.by_public_id(app.db, public_id)
    if message is None:
        raise NotFound("not_found", "message")
    return message


def _of_ended_offer(app: Appliance, message: Message) -> bool:
    if message.kind not in OFFERING or message.offer_id is None:
        return False
    return offers.by_id(app.db, message.offer_id).state != OfferState.LIVE


def _refuse_unreachable(app: Appliance, message: Message) -> None:
    customer = customers.by_id(app.db, message.customer_id)
    if message.channel == "email":
        reachable = customer.email is not None and customer.email_refused_at is None
    else:
        reachable = customer.opted_out_at is None
    if not reachable or message.channel not in app.channels():
        raise Conflict("cannot_be_contacted")


def _note(app: Appliance, message: Message, verb: str, now: datetime, actor: Actor) -> None:
    activity.record(app.db, now, actor, verb, "message", message.id, entry_id=message.entry_id,
                    customer_id=message.customer_id, kind=message.kind, channel=message.channel)  # fmt: skip
