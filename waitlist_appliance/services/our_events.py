"""What we write into calendars: a booking's event and a hold's tentative one, in the owner's words."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.domain import event_texts
from waitlist_appliance.domain.event_texts import EventFacts
from waitlist_appliance.domain.records import Booking, Customer, Hold, Offer, Resource
from waitlist_appliance.ports import NewEvent
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import calendar_writes, connections, customers, offers, slots
from waitlist_appliance.storage import setup as setups
from waitlist_appliance.storage.setup import Setup
from waitlist_appliance.texts import dates
from waitlist_appliance.texts.catalogues import pick_locale, translator


def of_booking(app: Appliance, event_id: str, booking: Booking) -> NewEvent:
    """The event of a booking; what it says of the customer is the owner's setting."""
    setup, customer = app.setup(), customers.by_id(app.db, booking.customer_id)
    policies = setup.policies
    facts = EventFacts(
        _name(customer), customer.phone, booking.party_size, booking.code, booking.notes or "",
        setup.services[booking.service_id].name,
    )  # fmt: skip
    return NewEvent(
        event_id, event_texts.title(policies.event_title, facts, policies.event_personal_data),
        event_texts.description(policies.event_description, facts, policies.event_personal_data),
        booking.starts_at, booking.ends_at, _resource(app, booking.resource_id).public_id,
        f"booking:{booking.public_id}", False,
    )  # fmt: skip


def of_hold(app: Appliance, event_id: str, hold: Hold) -> NewEvent:
    """The tentative event of a hold: for whom, and until when, as far as it may be said and is known."""
    slot = slots.by_id(app.db, hold.slot_id)
    return NewEvent(
        event_id, _hold_title(app, app.setup(), offers.of_hold(app.db, hold.id)), "", slot.starts_at, slot.ends_at,
        _resource(app, hold.resource_id).public_id, f"hold:{hold.id}", True,
    )  # fmt: skip


def show_hold(app: Appliance, hold: Hold, now: datetime) -> None:
    """Have the hold written to its resource's calendar, again where there is more to say now."""
    connection_id = connections.written_to(app.db, _resource(app, hold.resource_id).connection_id)
    if connection_id is None:
        return
    # Holds are counted: two boxes on one calendar, or one that was set up anew, would otherwise use the same ids.
    event_id = calendar_writes.event_id("hold", f"{app.setup().business.public_id}:{hold.id}", 1)
    if calendar_writes.add(app.db, "hold", connection_id, event_id, now, hold_id=hold.id):
        app.ring_write_calendar()


def _hold_title(app: Appliance, setup: Setup, asked: list[Offer]) -> str:
    locale = pick_locale(setup.business.locale)
    _ = translator(locale).gettext
    deadlines = [offer.deadline_at for offer in asked if offer.deadline_at is not None]
    until = dates.time_of_day(max(deadlines), setup.zone, locale) if deadlines else ""
    alone = len(asked) == 1 and event_texts.may_name(setup.policies.event_personal_data)
    name = _name(customers.by_id(app.db, asked[0].customer_id)) if alone else ""
    if name and until:
        return _("Waitlist: held for {name} until {time}").format(name=name, time=until)
    if name:
        return _("Waitlist: held for {name}").format(name=name)
    return _("Waitlist: held until {time}").format(time=until) if until else _("Waitlist: held")


def _name(customer: Customer) -> str:
    return " ".join(part for part in (customer.first_name, customer.last_name) if part)


def _resource(app: Appliance, resource_id: int) -> Resource:
    found = setups.resource(app.db, resource_id)
    if found is None:
        raise LookupError(f"resource {resource_id}")
    return found
