"""Joining: a caller's wanted time is taken, so an entry is made and the link goes out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from waitlist_appliance.domain import phones
from waitlist_appliance.domain.alternatives import propose
from waitlist_appliance.domain.assignment import fits
from waitlist_appliance.domain.availability import hours_problem
from waitlist_appliance.domain.deadlines import cutoff_at
from waitlist_appliance.domain.errors import Conflict, Forbidden, Invalid
from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.domain.phones import Phone
from waitlist_appliance.domain.records import Customer, Entry, Resource, Service, Slot
from waitlist_appliance.domain.states import SLOT_ACTIVE, EntryStatus, WishState
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.free_places import Calendars, places
from waitlist_appliance.services.make_offers import match_interval, match_slots
from waitlist_appliance.services.reserved import reserved_resources
from waitlist_appliance.services.say import say
from waitlist_appliance.services.settle import refresh_slots
from waitlist_appliance.storage import activity, customers, entries, slots, wishes
from waitlist_appliance.storage.ids import public_id
from waitlist_appliance.storage.setup import Setup


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """What the voice agent (or staff) knows. ``starts_at`` is aware; ``alternatives`` None lets the policy propose."""

    starts_at: datetime
    phone: str
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    party_size: int | None = None
    alternatives: tuple[datetime, ...] | None = None
    source: str = "voice_agent"
    service: str | None = None
    resource: str | None = None
    zone: str | None = None
    notes: str | None = None
    locale: str | None = None
    registered: bool = False
    consent: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True)
class Joined:
    """The entry, new (``created``) or the one that was there; ``position`` is None while invited."""

    entry: Entry
    slot: Slot
    token: str
    url: str
    position: int | None
    created: bool


@dataclass(frozen=True, slots=True)
class _Checked:
    """A request that broke no rule, with the things it names."""

    request: JoinRequest
    phone: Phone
    service: Service
    resource: Resource | None
    zone: str | None


def join(app: Appliance, request: JoinRequest, now: datetime, actor: Actor) -> Joined:
    """Queue the request. Raises Invalid (naming the field), Forbidden ``joining_closed``, Conflict ``slot_available``
    or ``too_many_wishes``; nothing is stored then. The same customer and time again returns the first entry."""
    with app.db.write():
        setup = app.setup()
        checked = _check(setup, request, now)
        customer = customers.by_phone(app.db, checked.phone.e164)
        again = _again(app, checked, customer, now)
        if again is not None:
            return again
        if setup.policies.joining == "closed":
            raise Forbidden("joining_closed")
        _refuse_unreachable(checked, customer)
        _refuse_free(app, setup, checked, now)
        known, customer = customer is not None, _customer(app, setup, checked, customer, now)
        if known and wishes.active_of_customer(app.db, customer.id) >= setup.policies.single_wish_limit:
            raise Conflict("too_many_wishes", "requested_slot", params={"limit": setup.policies.single_wish_limit})
        return _queue(app, setup, checked, customer, now, actor)


def _check(setup: Setup, request: JoinRequest, now: datetime) -> _Checked:
    service = setup.service_named(request.service)
    _check_time(setup, service, request.starts_at, now)
    if request.party_size is not None and not 1 <= request.party_size <= setup.policies.max_party_size:
        raise Invalid("bad_party_size", "party_size", params={"limit": setup.policies.max_party_size})
    resource, zone = setup.resource_named(request.resource), setup.zone_named(request.zone)
    return _Checked(request, read_phone(setup, request.phone), service, resource, zone)


def read_phone(setup: Setup, raw: str) -> Phone:
    """The phone in any spelling; Invalid ``bad_phone``."""
    try:
        return phones.parse(raw, setup.business.phone_region)
    except phones.BadPhone as error:
        raise Invalid("bad_phone", "phone", params={"value": raw}) from error


def _check_time(setup: Setup, service: Service, starts_at: datetime, now: datetime) -> None:
    if starts_at <= now:
        raise Invalid("slot_in_past", "requested_slot")
    if cutoff_at(starts_at, setup.policies) <= now:
        raise Invalid("inside_cut_off", "requested_slot")
    problem = hours_problem(setup.rule_of(service), starts_at, setup.duration_of(service))
    if problem is not None:
        raise Invalid(problem, "requested_slot")


def _again(app: Appliance, checked: _Checked, customer: Customer | None, now: datetime) -> Joined | None:
    """The customer's active entry for this time, if there is one: nothing is sent twice."""
    if customer is None:
        return None
    slot = slots.at(app.db, checked.service.id, checked.request.starts_at)
    entry = entries.waiting_for(app.db, customer.id, slot.id) if slot else None
    return _joined(app, entry, slot, now, created=False) if entry and slot else None


def _refuse_unreachable(checked: _Checked, customer: Customer | None) -> None:
    email = checked.request.email or (customer.email if customer else None)
    if email:
        return
    if not phones.can_receive_sms(checked.phone):
        raise Invalid("landline_without_email", "phone")
    if customer is not None and customer.opted_out_at is not None:
        raise Invalid("opted_out", "phone")


def _refuse_free(app: Appliance, setup: Setup, checked: _Checked, now: datetime) -> None:
    """The time is free after all and nobody waits for it: the caller should book it."""
    request = checked.request
    if request.force:
        return
    calendars = Calendars(app.db, setup, now)
    reserved: set[int] | None = None
    for place in places(app.db, setup, calendars, checked.service, request.starts_at):
        if place.free and _suits(setup, checked, place.resource):
            if reserved is None:
                reserved = reserved_resources(app, setup, checked.service, request.starts_at, now)
            if place.resource.id not in reserved:
                local_time = request.starts_at.astimezone(setup.zone)
                raise Conflict(
                    "slot_available", "requested_slot",
                    params={"when_ms": to_ms(request.starts_at)},
                    extra={"startTime": local_time.isoformat(), "resource": place.resource.name},
                )  # fmt: skip
    if reserved:
        # Whoever finds a free time that somebody waits for sets matching off.
        match_interval(app, setup.occupied_by(checked.service, request.starts_at), now, "found_free")


def _suits(setup: Setup, checked: _Checked, resource: Resource) -> bool:
    if checked.resource is not None and resource.id != checked.resource.id:
        return False
    if checked.zone is not None and resource.zone != checked.zone:
        return False
    party = checked.request.party_size
    # An unknown party may fit any table; the agent asks for it when it books.
    return party is None or fits(resource.seat, party, setup.policies.party_tolerance)


def _customer(app: Appliance, setup: Setup, checked: _Checked, known: Customer | None, now: datetime) -> Customer:
    request = checked.request
    locale = request.locale or (known.locale if known else None) or setup.business.locale
    if known is None:
        return customers.add(
            app.db, checked.phone.e164, checked.phone.kind, request.first_name, request.last_name, request.email,
            locale, now,
        )  # fmt: skip
    customers.update(
        app.db, known.id, first_name=request.first_name, last_name=request.last_name, email=request.email, locale=locale
    )
    customers.mark_reachable(app.db, known.id)  # they are on the phone: what failed before is tried again
    return customers.by_id(app.db, known.id)


def _queue(
    app: Appliance, setup: Setup, checked: _Checked, customer: Customer, now: datetime, actor: Actor
) -> Joined:
    db, request = app.db, checked.request
    slot = ensure_slot(app, setup, checked.service, request.starts_at, now)
    wants_to_wait = request.registered or not setup.policies.registration_required
    registered = wants_to_wait and request.party_size is not None
    entry = _add_entry(app, setup, checked, customer, slot, registered, now)
    wishes.add(db, entry, slot.id, WishState.LIVE if registered else WishState.PROPOSED, now)
    if request.consent:
        customers.consent(db, customer.id, now)
    activity.record(
        db, now, actor, "joined" if registered else "invited", "entry", entry.id, entry_id=entry.id,
        customer_id=customer.id, source=request.source,
    )  # fmt: skip
    token = app.token("registration", entry.id, now)
    if registered or slot.status not in SLOT_ACTIVE:
        refresh_slots(app, [slot.id], now)
    if registered:
        say_joined(app, entry, slot, now)
        match_slots(app, slots.overlapping(db, slot.starts_at, slot.ends_at), now, "joined")
        entry = entries.by_id(db, entry.id)
    else:
        say(app, "join_link", customer.id, now, key=f"join_link:{entry.id}", own_act=True, entry_id=entry.id,
            facts={"starts_at_ms": to_ms(slot.starts_at)})  # fmt: skip
    return _joined(app, entry, slot, now, created=True, token=token)


def _add_entry(
    app: Appliance, setup: Setup, checked: _Checked, customer: Customer, slot: Slot, registered: bool, now: datetime
) -> Entry:
    request = checked.request
    nudge_at = None if registered else now + timedelta(seconds=setup.policies.nudge_after_seconds)
    return app.db.insert_row(
        Entry, "entry", public_id=public_id(), customer_id=customer.id, service_id=checked.service.id,
        first_name=request.first_name or customer.first_name, last_name=request.last_name or customer.last_name,
        email=request.email or customer.email, party_size=request.party_size,
        status=EntryStatus.WAITING if registered else EntryStatus.INVITED, source=request.source,
        locale=customer.locale or setup.business.locale, zone=checked.zone,
        resource_id=checked.resource.id if checked.resource else None, notes=request.notes, requested_slot_id=slot.id,
        proposed_times=json.dumps(_proposed(setup, checked, now)), created_at=now,
        registered_at=now if registered else None, lined_up_at=now if registered else None, nudge_at=nudge_at,
        consent_at=now if request.consent else None,
    )  # fmt: skip


def _proposed(setup: Setup, checked: _Checked, now: datetime) -> list[int]:
    """The other times to show, epoch milliseconds: the caller's, where they can be, else what the policy proposes."""
    rule, duration = setup.rule_of(checked.service), setup.duration_of(checked.service)
    wanted = checked.request.starts_at
    if checked.request.alternatives is None:
        return [to_ms(t) for t in propose(wanted, rule, duration, setup.policies, setup.zone, now)]
    possible = [
        time
        for time in checked.request.alternatives
        if time != wanted and cutoff_at(time, setup.policies) > now and hours_problem(rule, time, duration) is None
    ]
    return sorted({to_ms(time) for time in possible})[: setup.policies.single_wish_limit]


def ensure_slot(app: Appliance, setup: Setup, service: Service, starts_at: datetime, now: datetime) -> Slot:
    """The slot of a service at a start, made if nobody waited for it before."""
    ends_at = starts_at + setup.duration_of(service)
    return slots.ensure(app.db, service.id, starts_at, ends_at, cutoff_at(starts_at, setup.policies), now)


def say_joined(app: Appliance, entry: Entry, slot: Slot, now: datetime) -> None:
    """Tell who has just joined that they are on the list, and at which place."""
    wish = wishes.active_at(app.db, entry.customer_id, slot.id)
    position = wishes.position(app.db, wish) if wish else None
    say(
        app, "joined", entry.customer_id, now, key=f"joined:{entry.id}:{to_ms(entry.lined_up_at or now)}", own_act=True,
        entry_id=entry.id, facts={"starts_at_ms": to_ms(slot.starts_at), "position": position},
    )  # fmt: skip


def _joined(
    app: Appliance, entry: Entry, slot: Slot, now: datetime, *, created: bool, token: str | None = None
) -> Joined:
    token = token or app.token("registration", entry.id, now)
    wish = wishes.active_at(app.db, entry.customer_id, slot.id) if entry.status != EntryStatus.INVITED else None
    position = wishes.position(app.db, wish) if wish else None
    return Joined(entry, slot, token, app.link("registration", token), position, created)
