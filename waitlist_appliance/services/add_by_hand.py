"""Staff put somebody on the list who is in front of them or on the phone: with all the times that suit, at once."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.edit_entry import Edit, edit
from waitlist_appliance.services.join_waitlist import Joined, JoinRequest, join
from waitlist_appliance.storage import customers


def add(app: Appliance, request: JoinRequest, others: tuple[datetime, ...], now: datetime, actor: Actor) -> Joined:
    """Join, and wish for ``others`` too. Refuses as ``join`` and ``edit`` do, and stores nothing then.

    Somebody who waited for that time before keeps the entry as it is.
    """
    with app.db.write():
        joined = join(app, request, now, actor)
        if others and joined.created:
            edit(app, joined.entry.public_id, _with_times(app, joined, request, others), now, actor)
        return joined


def _with_times(app: Appliance, joined: Joined, request: JoinRequest, others: tuple[datetime, ...]) -> Edit:
    entry = joined.entry
    phone = customers.by_id(app.db, entry.customer_id).phone
    return Edit(
        entry.first_name, entry.last_name, phone, entry.email, entry.party_size, entry.zone, request.resource,
        entry.notes, entry.locale, times=(request.starts_at, *others),
    )  # fmt: skip
