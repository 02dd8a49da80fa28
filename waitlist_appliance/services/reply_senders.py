"""Who wrote, and which offer it answers: by the message that it answers, else by the names of its sender."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from waitlist_appliance.domain.errors import Invalid
from waitlist_appliance.domain.records import Customer, Message, Offer
from waitlist_appliance.ports import Inbound
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.join_waitlist import read_phone
from waitlist_appliance.storage import bookings, customers, messages, offers

Button = Literal["accept", "decline"]
# The provider's clock, by which it was written, and ours are never quite the same.
CLOCKS_APART: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Matched:
    """``answers`` is our message that it answers, where the provider tells."""

    customer: Customer | None
    answers: Message | None
    offer: Offer | None


def match(app: Appliance, inbound: Inbound) -> Matched:
    """The customer and the offer of a reply. Nobody's offer is matched to somebody else's reply."""
    answers = messages.of_provider(app.db, inbound.answers) if inbound.answers else None
    customer = customers.by_id(app.db, answers.customer_id) if answers else _by_name(app, inbound)
    if customer is None:
        return Matched(None, None, None)
    return Matched(customer, answers, _offer(app, inbound, customer, answers))


def learn_names(app: Appliance, customer: Customer, inbound: Inbound) -> None:
    """Other names of the sender, by which WhatsApp may call them the next time."""
    if inbound.channel == "email":
        return
    for name in (inbound.address, *inbound.aliases):
        if name.startswith("+") and name != customer.phone:
            customers.add_alias(app.db, customer.id, name)


def button(inbound: Inbound) -> Button | None:
    """What a tapped button says; None for what was written."""
    said = (inbound.payload or "").partition(":")[0].strip().lower()
    return said if said in ("accept", "decline") else None  # type: ignore[return-value]


def _by_name(app: Appliance, inbound: Inbound) -> Customer | None:
    if inbound.channel == "email":
        return customers.by_email(app.db, inbound.address.strip())
    for name in (inbound.address, *inbound.aliases):
        found = customers.by_phone(app.db, name) or _by_number(app, name)
        if found is not None:
            return found
    return None


def _by_number(app: Appliance, name: str) -> Customer | None:
    try:
        return customers.by_phone(app.db, read_phone(app.setup(), name).e164)
    except Invalid:
        return None


def _offer(app: Appliance, inbound: Inbound, customer: Customer, answers: Message | None) -> Offer | None:
    """The offer that a button names, else the one that the answered message is about, else the newest."""
    named = (inbound.payload or "").partition(":")[2].strip()
    found = offers.by_public_id(app.db, named) if named else None
    if found is not None and found.customer_id == customer.id:
        return found
    if answers is not None and (answers.offer_id is not None or answers.booking_id is not None):
        return _of_message(app, answers)
    # One found late may be older than the offer: nobody says yes to what they have not been asked.
    return offers.newest_sent_of_customer(app.db, customer.id, inbound.received_at + CLOCKS_APART)


def _of_message(app: Appliance, answers: Message) -> Offer | None:
    """A message about a booking leads to the offer behind it, or to none: no other one is meant."""
    offer_id = answers.offer_id
    if offer_id is None and answers.booking_id is not None:
        offer_id = bookings.by_id(app.db, answers.booking_id).offer_id
    return offers.by_id(app.db, offer_id) if offer_id is not None else None
