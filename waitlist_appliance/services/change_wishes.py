"""Changing wishes and contact data on "your place"; coming back after the entry expired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.errors import Conflict, Invalid
from waitlist_appliance.domain.records import Entry
from waitlist_appliance.domain.states import ENTRY_ACTIVE, EntryStatus, OfferState, WishState
from waitlist_appliance.services.appliance import CUSTOMER, Actor, Appliance
from waitlist_appliance.services.entry_page import EntryPage, entry_of_token, entry_page
from waitlist_appliance.services.make_offers import match_slots
from waitlist_appliance.services.register_entry import Wanted, add_wish, wanted_times
from waitlist_appliance.services.settle import refresh_slots, settle_entry
from waitlist_appliance.storage import activity, bookings, customers, entries, offers, openings, slots, wishes


@dataclass(frozen=True, slots=True)
class Contact:
    """What the customer may correct about themselves; None leaves a value as it is."""

    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    party_size: int | None = None


def change(
    app: Appliance, token: str, selected: tuple[datetime, ...], flexible: Mapping[str, object] | None,
    contact: Contact | None, now: datetime, actor: Actor = CUSTOMER,
) -> EntryPage:  # fmt: skip
    """Set the wished times; the place in line stays. A time under offer stays too. Conflict ``entry_over``."""
    with app.db.write():
        entry = entry_of_token(app, token, now)
        if entry.status not in ENTRY_ACTIVE or entry.registered_at is None or bookings.is_pending_of_entry(app.db, entry.id):
            raise Conflict("entry_over")
        if contact is not None:
            entry = _correct(app, entry, contact)
        times = wanted_times(app, app.setup(), entry, selected, flexible, now)
        set_wishes(app, entry, times, now, actor)
        return entry_page(app, token, now)


def set_wishes(app: Appliance, entry: Entry, times: list[Wanted], now: datetime, actor: Actor) -> None:
    """Make the entry's live wishes exactly these times (one under offer stays); then look whether one is free."""
    setup, db = app.setup(), app.db
    picked = {wanted.starts_at for wanted in times}
    concerned = set()
    for wish in wishes.of_entry(db, entry.id):
        if slots.by_id(db, wish.slot_id).starts_at not in picked:
            wishes.move(db, wish.id, WishState.WITHDRAWN, WishState.LIVE, WishState.PROPOSED)
        concerned.add(wish.slot_id)
    for wanted in times:
        slot_id = add_wish(app, setup, entry, wanted, now)
        if slot_id is not None:
            concerned.add(slot_id)
    wishes.line_up(db, entry)
    settle_entry(app, entry.id, WishState.WITHDRAWN)
    activity.record(db, now, actor, "wishes_changed", "entry", entry.id, entry_id=entry.id,
                    customer_id=entry.customer_id, times=len(times))  # fmt: skip
    refresh_slots(app, concerned, now)
    match_slots(app, [slots.by_id(db, slot_id) for slot_id in sorted(concerned)], now, "wishes_changed")


def reopen(app: Appliance, token: str, now: datetime) -> EntryPage:
    """Back into the line, at its end, by the customer. Conflict ``entry_over`` when no time is left."""
    with app.db.write():
        reopen_entry(app, entry_of_token(app, token, now), now, CUSTOMER)
        return entry_page(app, token, now)


def reopen_entry(app: Appliance, entry: Entry, now: datetime, actor: Actor) -> None:
    """An expired entry waits again, behind everybody; its passed wishes that can still be offered live again."""
    db = app.db
    if entry.status != EntryStatus.EXPIRED or entry.party_size is None or not entries.move(
        db, entry.id, EntryStatus.WAITING, lined_up_at=now, silences=0
    ):  # fmt: skip
        raise Conflict("entry_over")
    entry = entries.by_id(db, entry.id)
    passed = {wish.slot_id for wish in wishes.of_entry(db, entry.id) if wish.state == WishState.PASSED}
    ended = passed or {entry.requested_slot_id}
    alive = [slot for slot in (slots.by_id(db, slot_id) for slot_id in sorted(ended)) if slot.closes_at > now]
    if not alive:
        raise Conflict("entry_over")
    for slot in alive:
        add_wish(app, app.setup(), entry, Wanted(slot.starts_at), now)
    activity.record(db, now, actor, "reopened", "entry", entry.id, entry_id=entry.id, customer_id=entry.customer_id)
    refresh_slots(app, [slot.id for slot in alive], now)
    match_slots(app, alive, now, "reopened")


def _correct(app: Appliance, entry: Entry, contact: Contact) -> Entry:
    limit = app.setup().policies.max_party_size
    if contact.party_size is not None and not 1 <= contact.party_size <= limit:
        raise Invalid("bad_party_size", "party_size", params={"limit": limit})
    if contact.party_size is not None and contact.party_size > (entry.party_size or 0):
        _refuse_too_many(app, entry, contact.party_size)
    given = {
        name: value
        for name, value in (
            ("first_name", contact.first_name), ("last_name", contact.last_name), ("email", contact.email),
            ("party_size", contact.party_size),
        )
        if value is not None
    }  # fmt: skip
    if given:
        entries.set_columns(app.db, entry.id, **given)
    customers.update(
        app.db, entry.customer_id, first_name=contact.first_name, last_name=contact.last_name, email=contact.email
    )
    return entries.by_id(app.db, entry.id)


def _refuse_too_many(app: Appliance, entry: Entry, party: int) -> None:
    """More people than the place under offer seats would come to it with a yes: not while the offer is out."""
    for offer in offers.of_entry(app.db, entry.id):
        if offer.state in (OfferState.PROPOSED, OfferState.LIVE):
            seat = app.setup().resources[openings.hold_by_id(app.db, offer.hold_id).resource_id].seat
            if party > seat.max_party:
                raise Invalid("bad_party_size", "party_size", params={"limit": seat.max_party})
