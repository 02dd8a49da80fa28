"""Saying who one is before signing up, so that a free time can be booked at once from the page."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.domain.errors import Invalid
from waitlist_appliance.domain.states import EntryStatus
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.change_wishes import Contact
from waitlist_appliance.services.entry_page import entry_of_token
from waitlist_appliance.storage import customers, entries


def introduce(app: Appliance, token: str, contact: Contact, now: datetime) -> None:
    """Keep an invited customer's name and number of people; they stay invited. Invalid ``bad_party_size``.

    Nothing happens for somebody who has signed up: they change their data on their own page.
    """
    with app.db.write():
        entry = entry_of_token(app, token, now)
        limit = app.setup().policies.max_party_size
        if contact.party_size is not None and not 1 <= contact.party_size <= limit:
            raise Invalid("bad_party_size", "party_size", params={"limit": limit})
        if entry.status != EntryStatus.INVITED:
            return
        names = ("first_name", "last_name", "email", "party_size")
        given = {name: getattr(contact, name) for name in names if getattr(contact, name) is not None}
        if given:
            entries.set_columns(app.db, entry.id, **given)
        customers.update(
            app.db, entry.customer_id, first_name=contact.first_name, last_name=contact.last_name, email=contact.email
        )
