"""No more emails, said by the link or the button of an email. The phone, the place in line and bookings stay as they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.errors import NotFound
from waitlist_appliance.domain.records import Business, Customer
from waitlist_appliance.services.appliance import CUSTOMER, Appliance
from waitlist_appliance.storage import activity, customers, email_refusals, messages, tokens

EMAIL = ("email",)


@dataclass(frozen=True, slots=True)
class UnsubscribePage:
    """What the page shows; ``address`` only so far that its owner knows it again."""

    business: Business
    customer: Customer
    address: str
    refused: bool


def unsubscribe_page(app: Appliance, token: str) -> UnsubscribePage:
    """What the link shows; NotFound ``token_gone``. Reading it changes nothing: scanners open links."""
    customer = _customer(app, token)
    refused = email_refusals.refused(app.db, customer.id)
    return UnsubscribePage(app.setup().business, customer, _veiled(customer.email or ""), refused)


def unsubscribe(app: Appliance, token: str, now: datetime) -> None:
    """No more emails to the customer; saying it twice is fine. NotFound ``token_gone``."""
    customer = _customer(app, token)
    with app.db.write():
        if email_refusals.refuse(app.db, customer.id, now):
            messages.drop_of_customer(app.db, customer.id, EMAIL, "no more emails wanted")
            activity.record(app.db, now, CUSTOMER, "emails_refused", "customer", customer.id, customer_id=customer.id)


def subscribe_again(app: Appliance, token: str, now: datetime) -> None:
    """Emails again; saying it twice is fine. NotFound ``token_gone``."""
    customer = _customer(app, token)
    with app.db.write():
        if email_refusals.take_back(app.db, customer.id):
            activity.record(app.db, now, CUSTOMER, "emails_wanted", "customer", customer.id, customer_id=customer.id)


def _customer(app: Appliance, token: str) -> Customer:
    found = tokens.find(app.db, "unsubscribe", token)
    if found is None:
        raise NotFound("token_gone")
    return customers.by_id(app.db, found.subject_id)


def _veiled(address: str) -> str:
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}…{at}{domain}" if at else ""
