"""Staff write to a customer in their own words."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.domain.errors import Conflict, Invalid, NotFound
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.say import channels_of, say
from waitlist_appliance.storage import activity, customers, message_reads

TEXT_LIMIT = 1000


def write(
    app: Appliance, customer_public_id: str, text: str, form_key: str, now: datetime, actor: Actor,
    channel: str | None = None,
) -> None:  # fmt: skip
    """Send the text as it stands, on ``channel`` or the customer's usual one; the same ``form_key`` sends once.

    Invalid ``text_missing``, ``too_long``; Conflict ``cannot_be_contacted``, ``sent_before``.
    """
    text = text.strip().replace("\r\n", "\n")
    if not text:
        raise Invalid("text_missing", "text")
    if len(text) > TEXT_LIMIT:
        raise Invalid("too_long", "text", params={"length": TEXT_LIMIT})
    with app.db.write():
        customer_id = message_reads.customer_id(app.db, customer_public_id)
        if customer_id is None:
            raise NotFound("not_found", "customer")
        ways = channels_of(app, customers.by_id(app.db, customer_id))
        if not ways or (channel is not None and channel not in ways):
            raise Conflict("cannot_be_contacted")
        if not say(app, "note", customer_id, now, key=f"note:{customer_id}:{form_key}", facts={"text": text},
                   channel=channel or ways[0], own_act=True):  # fmt: skip
            raise Conflict("sent_before")
        activity.record(app.db, now, actor, "wrote", "customer", customer_id, customer_id=customer_id)
