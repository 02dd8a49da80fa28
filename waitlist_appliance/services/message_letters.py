"""A message as a letter: rendered when it is sent, with what is true then."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.domain.records import Customer, Message, Offer
from waitlist_appliance.ports import Letter
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import bookings, customers, entries, offers, own_texts, slots
from waitlist_appliance.storage.setup import Setup
from waitlist_appliance.texts import email_html, ics, segments, whatsapp
from waitlist_appliance.texts.catalogues import pick_locale
from waitlist_appliance.texts.messages import BadText, BusinessFacts, Rendered, Template, render, values_of

log = logging.getLogger(__name__)

# WhatsApp takes free text for so long after the customer's last word.
SESSION = timedelta(hours=24)
# What is written just before it ends would arrive outside of it.
SESSION_MARGIN = timedelta(minutes=1)
CALLBACK = "/twilio/status/"


@dataclass(frozen=True, slots=True)
class _Said:
    """What goes into one text."""

    message: Message
    customer: Customer
    locale: str
    facts: dict[str, object]
    about: BusinessFacts


def write_letter(app: Appliance, setup: Setup, message: Message, offer: Offer | None, now: datetime) -> Letter:
    """The letter for this message; LookupError without an address, BadText for a text that cannot be rendered."""
    said = _said(app, setup, message, offer, now)
    text = _rendered(app, said, now)
    customer, locale = said.customer, said.locale
    address = customer.phone if message.channel != "email" else customer.email
    if address is None:
        raise LookupError(f"customer {customer.id} has no address for {message.channel}")
    by_email = message.channel == "email"
    in_session = message.channel == "whatsapp" and _in_session(customer, now)
    return Letter(
        message.public_id, message.channel, address, text.subject, text.body, _calendar_file(app, setup, message, now),
        html=_html(setup, said, text, now) if by_email else None, kind=message.kind, locale=locale,
        variables=_fillings(said, now) if message.channel == "whatsapp" and not in_session else {},
        in_session=in_session, valid_for=_valid_for(app, message, offer, now),
        callback=None if by_email else app.url(CALLBACK + message.public_id),
        unsubscribe=app.link("unsubscribe", app.token("unsubscribe", customer.id, now)) if by_email else None,
    )  # fmt: skip


def segments_of(letter: Letter) -> int | None:
    """What the letter will cost; None on a channel that is not billed by segments."""
    return segments.count(letter.body).segments if letter.channel == "sms" else None


def _said(app: Appliance, setup: Setup, message: Message, offer: Offer | None, now: datetime) -> _Said:
    customer = customers.by_id(app.db, message.customer_id)
    business = setup.business
    entry = entries.by_id(app.db, message.entry_id) if message.entry_id else None
    # A caller may name any language; one that we do not speak must not keep the message back.
    locale = pick_locale(entry.locale if entry else None, customer.locale, business.locale)
    about = BusinessFacts(business.name, business.zone, business.phone or "", business.locale)
    return _Said(message, customer, locale, _facts(app, setup, message, customer, offer, now), about)


def _facts(
    app: Appliance, setup: Setup, message: Message, customer: Customer, offer: Offer | None, now: datetime
) -> dict[str, object]:
    """What was written down, with what is only known now: links, the deadline, names."""
    facts: dict[str, object] = dict(json.loads(message.facts))
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


def _rendered(app: Appliance, said: _Said, now: datetime) -> Rendered:
    """The owner's text; where it cannot be used after all, the delivered one: somebody waits for it."""
    kind, channel = said.message.kind, said.message.channel
    plain = app.setup().policies.sms_plain_letters
    own = own_texts.find(app.db, kind, channel, said.locale)
    if own is not None:
        try:
            return render(kind, channel, said.locale, said.facts, said.about, own=Template(*own), now=now, gsm7=plain)
        except BadText as error:
            log.warning("the owner's text for %s by %s in %s cannot be used: %s", kind, channel, said.locale, error)
    return render(kind, channel, said.locale, said.facts, said.about, now=now, gsm7=plain)


def _fillings(said: _Said, now: datetime) -> dict[str, str]:
    if said.message.kind not in whatsapp.KINDS:
        return {}
    return whatsapp.fillings(said.message.kind, said.facts, said.about, said.locale, now)


def _in_session(customer: Customer, now: datetime) -> bool:
    wrote_at = customer.whatsapp_wrote_at
    return wrote_at is not None and now < wrote_at + SESSION - SESSION_MARGIN


def _valid_for(app: Appliance, message: Message, offer: Offer | None, now: datetime) -> timedelta | None:
    """How long it makes sense to deliver it: an offer until its deadline, a reminder until the booking begins."""
    if offer is not None and offer.deadline_at is not None:
        return offer.deadline_at - now
    if message.kind == "reminder" and message.booking_id is not None:
        return bookings.by_id(app.db, message.booking_id).starts_at - now
    return None


def _html(setup: Setup, said: _Said, text: Rendered, now: datetime) -> str:
    values = values_of(said.facts, said.about, said.locale, now)
    return email_html.as_html(
        said.message.kind, said.locale, text.subject or "", text.body, setup.business.name, setup.business.brand_colour,
        str(values["link"]) if "link" in values else None, code=str(values["code"]) if "code" in values else None,
        times=[str(values[name]) for name in ("when", "date", "time") if name in values],
    )  # fmt: skip


def _calendar_file(app: Appliance, setup: Setup, message: Message, now: datetime) -> bytes | None:
    """The booking as an .ics, with the email that confirms, moves or cancels it."""
    if message.booking_id is None or message.channel != "email" or message.kind == "apology":
        return None
    booking = bookings.by_id(app.db, message.booking_id)
    return ics.booking_ics(
        f"{booking.public_id}@waitlist", booking.starts_at, booking.ends_at, setup.business.name, booking.code,
        setup.business.address or setup.business.name, booking.version, message.kind == "cancelled", now,
    )  # fmt: skip


def offer_of(app: Appliance, message: Message) -> Offer | None:
    """The offer that the message makes."""
    if message.kind not in OFFERING or message.offer_id is None:
        return None
    return offers.by_id(app.db, message.offer_id)


OFFERING = ("offer", "offer_race")
