"""The customer's page as data: sign-up first, then "your place"."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from waitlist_appliance.domain.assignment import fits
from waitlist_appliance.domain.errors import NotFound
from waitlist_appliance.domain.moments import from_ms
from waitlist_appliance.domain.records import Business, Customer, Entry, Resource, Service, Slot, Wish
from waitlist_appliance.domain.states import BOOKING_ACTIVE, ENTRY_ACTIVE, EntryStatus, OfferState, WishState
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.free_places import Calendars, places
from waitlist_appliance.services.reserved import reserved_resources
from waitlist_appliance.storage import bookings, customers, entries, offers, slots, tokens, wishes
from waitlist_appliance.storage.setup import Setup

TOKEN_LIVES_AFTER = timedelta(days=1)
SELECTED = (WishState.LIVE, WishState.OFFERED, WishState.FULFILLED)


@dataclass(frozen=True, slots=True)
class TimeOption:
    """A time on the page; ``free`` can be booked at once; ``position`` counts from 1 while in line."""

    starts_at: datetime
    slot_id: int | None
    wanted: bool
    selected: bool
    position: int | None
    state: str | None
    free: bool


@dataclass(frozen=True, slots=True)
class EntryPage:
    entry: Entry
    customer: Customer
    business: Business
    token: str
    wanted: datetime
    times: list[TimeOption]
    offer_url: str | None
    booking_url: str | None
    resources: list[str]
    zones: list[str]
    flexible: bool
    consent_required: bool
    registered: bool
    closed: bool
    reopenable: bool


def entry_of_token(app: Appliance, token: str, now: datetime) -> Entry:
    """The entry of a registration link; NotFound ``token_gone`` for an unknown, malformed or outdated one."""
    found = tokens.find(app.db, "registration", token)
    if found is None:
        raise NotFound("token_gone")
    entry = entries.by_id(app.db, found.subject_id)
    last = app.db.value(
        """SELECT MAX(s.starts_at) FROM slot s WHERE s.id = ?1
              OR s.id IN (SELECT slot_id FROM wish WHERE entry_id = ?2)""",
        entry.requested_slot_id, entry.id,
    )  # fmt: skip
    if from_ms(last) + TOKEN_LIVES_AFTER < now:
        raise NotFound("token_gone")
    return entry


def entry_page(app: Appliance, token: str, now: datetime) -> EntryPage:
    """Everything the page shows; reading it changes nothing."""
    entry = entry_of_token(app, token, now)
    setup = app.setup()
    service = setup.services[entry.service_id]
    wanted = slots.by_id(app.db, entry.requested_slot_id)
    options = _options(app, setup, service, entry, wanted, now)
    active = entry.status in ENTRY_ACTIVE
    return EntryPage(
        entry=entry, customer=customers.by_id(app.db, entry.customer_id), business=setup.business, token=token,
        wanted=wanted.starts_at, times=options, offer_url=_offer_url(app, entry, now),
        booking_url=_booking_url(app, entry, now), resources=[r.name for r in setup.resources_of(service)],
        zones=setup.zones, flexible=setup.policies.flexible_wishes, consent_required=entry.consent_at is None,
        registered=entry.registered_at is not None, closed=not active,
        reopenable=entry.status == EntryStatus.EXPIRED and _any_open(app, entry, now),
    )  # fmt: skip


def _options(
    app: Appliance, setup: Setup, service: Service, entry: Entry, wanted: Slot, now: datetime
) -> list[TimeOption]:
    """The wanted time, the proposed ones and every wish, by start; times that are over only where they were wished."""
    db = app.db
    held = {wish.slot_id: wish for wish in wishes.of_entry(db, entry.id)}
    by_start: dict[datetime, tuple[Slot | None, Wish | None]] = {wanted.starts_at: (wanted, held.get(wanted.id))}
    for slot_id, wish in held.items():
        slot = slots.by_id(db, slot_id)
        by_start[slot.starts_at] = (slot, wish)
    for ms in json.loads(entry.proposed_times):
        by_start.setdefault(from_ms(ms), (slots.at(db, entry.service_id, from_ms(ms)), None))
    calendars = Calendars(db, setup, now)
    return [
        _option(app, setup, service, calendars, entry, start, slot, wish, now, start == wanted.starts_at)
        for start, (slot, wish) in sorted(by_start.items())
    ]


def _option(
    app: Appliance, setup: Setup, service: Service, calendars: Calendars, entry: Entry, start: datetime,
    slot: Slot | None, wish: Wish | None, now: datetime, wanted: bool,
) -> TimeOption:  # fmt: skip
    invited = entry.status == EntryStatus.INVITED
    active = entry.status in ENTRY_ACTIVE
    free = active and free_for(app, setup, service, calendars, entry, start, now)
    selected = wanted if invited else wish is not None and wish.state in SELECTED
    position = wishes.position(app.db, wish) if wish and not invited else None
    return TimeOption(start, slot.id if slot else None, wanted, selected, position, wish.state if wish else None, free)


def free_for(
    app: Appliance, setup: Setup, service: Service, calendars: Calendars, entry: Entry, start: datetime, now: datetime
) -> bool:
    """Whether the entry's customer could book this time at once."""
    if start - timedelta(seconds=setup.policies.cutoff_seconds) <= now:
        return False
    able = [
        place.resource.id
        for place in places(app.db, setup, calendars, service, start)
        if place.free and _fits(setup, entry, place.resource)
        and (entry.zone is None or place.resource.zone == entry.zone)
        and (entry.resource_id is None or place.resource.id == entry.resource_id)
    ]  # fmt: skip
    if not able:
        return False
    return bool(
        set(able) - reserved_resources(app, setup, service, start, now, besides_customer=entry.customer_id)
    )


def _fits(setup: Setup, entry: Entry, resource: Resource) -> bool:
    return entry.party_size is None or fits(resource.seat, entry.party_size, setup.policies.party_tolerance)


def _offer_url(app: Appliance, entry: Entry, now: datetime) -> str | None:
    newest = next((o for o in offers.of_entry(app.db, entry.id) if o.state == OfferState.LIVE), None)
    return app.link("offer", app.token("offer", newest.id, now)) if newest else None


def _booking_url(app: Appliance, entry: Entry, now: datetime) -> str | None:
    booking = bookings.newest_of_entry(app.db, entry.id)
    if booking is None or booking.status not in BOOKING_ACTIVE:
        return None
    return app.link("booking", app.token("booking", booking.id, now))


def _any_open(app: Appliance, entry: Entry, now: datetime) -> bool:
    found = app.db.value(
        """SELECT 1 FROM slot s WHERE s.closes_at > ?1 AND (s.id = ?2
              OR s.id IN (SELECT slot_id FROM wish WHERE entry_id = ?3 AND state = 'passed')) LIMIT 1""",
        now, entry.requested_slot_id, entry.id,
    )  # fmt: skip
    return found is not None
