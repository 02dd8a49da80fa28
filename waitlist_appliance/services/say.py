"""Writing down what is to be said to a customer; who sends it, and when, is decided later."""

from __future__ import annotations

import json
from datetime import datetime

from waitlist_appliance.domain.records import Customer
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import customers, messages

# These go to the phone and, where an address is known, by email too (messages.md).
ALSO_BY_EMAIL = frozenset({"joined", "confirmed", "moved", "cancelled"})
SMS_KINDS = frozenset({"mobile", "maybe"})


def channels_of(app: Appliance, customer: Customer) -> list[str]:
    """The ways to reach the customer, in the order to try them; empty when there is none."""
    connected = app.channels()
    wanted: list[str] = json.loads(customer.channels) or _usual_order(app, connected)
    phone_works = customer.opted_out_at is None and customer.undeliverable_at is None
    receives_texts = phone_works and customer.phone_kind in SMS_KINDS
    on_whatsapp = phone_works and customer.whatsapp_refused_at is None
    able = {
        "sms": receives_texts,
        # Not everybody is on WhatsApp: a landline only where it was asked for.
        "whatsapp": on_whatsapp and (receives_texts or customer.channels != "[]"),
        "email": customer.email is not None and customer.email_refused_at is None,
    }
    return [channel for channel in wanted if able.get(channel) and channel in connected]


def _usual_order(app: Appliance, connected: frozenset[str]) -> list[str]:
    """The house's order; WhatsApp stands in for SMS where only that is connected."""
    order = app.setup().policies.channel_order.split("_")
    if "sms" in connected or "whatsapp" in order:
        return order
    return ["whatsapp" if way == "sms" else way for way in order]


def say(
    app: Appliance, kind: str, customer_id: int, now: datetime, *, key: str, own_act: bool = False,
    facts: dict[str, object] | None = None, entry_id: int | None = None, offer_id: int | None = None,
    booking_id: int | None = None, due_at: datetime | None = None, channel: str | None = None,
) -> bool:  # fmt: skip
    """Write one message (two where email goes along); False when the customer cannot be reached or it was said before.

    ``key`` makes a repeat of the same thing impossible; ``own_act`` marks the answer to the customer's own act.
    """
    customer = customers.by_id(app.db, customer_id)
    ways = [channel] if channel else channels_of(app, customer)
    chosen = ways[:1]
    if kind in ALSO_BY_EMAIL and "email" in ways and chosen != ["email"]:
        chosen.append("email")
    written = [
        messages.add(
            app.db, customer_id=customer_id, kind=kind, channel=way, facts=facts or {}, dedupe_key=f"{key}:{way}",
            due_at=due_at or now, now=now, own_act=own_act, offer_id=offer_id, entry_id=entry_id, booking_id=booking_id,
        )
        for way in chosen
    ]  # fmt: skip
    if any(written):
        app.ring_deliver()
    return any(written)
