"""Waitlist first: a free time for which an eligible person waits is reserved for the line."""

from __future__ import annotations

from datetime import datetime, timedelta

from waitlist_appliance.domain import matching
from waitlist_appliance.domain.assignment import parties_of
from waitlist_appliance.domain.moments import local, local_day_bounds
from waitlist_appliance.domain.records import Service, Slot
from waitlist_appliance.domain.states import OpeningState
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import line, openings, slots
from waitlist_appliance.storage.setup import Setup

# Nobody looks further down the line than this to say that a time is free; beyond it the time counts as reserved.
LOOKED_AT = 500


def reserved_resources(
    app: Appliance, setup: Setup, service: Service, starts_at: datetime, now: datetime, *,
    duration: timedelta | None = None, besides_customer: int | None = None,
) -> set[int]:  # fmt: skip
    """The resources that somebody eligible waits for at a time that overlaps; the asker's own wish does not count."""
    if not setup.policies.waitlist_first:
        return set()
    taken = setup.occupied_by(service, starts_at, duration)
    margin = setup.widest_buffer
    reserved: set[int] = set()
    for slot in slots.overlapping(app.db, taken.starts_at - margin, taken.ends_at + margin):
        theirs = setup.occupied_by(setup.services[slot.service_id], slot.starts_at)
        if slot.closes_at > now and theirs.overlaps(taken):
            reserved |= _waited_for(app, setup, slot, now, besides_customer)
    return reserved


def _waited_for(app: Appliance, setup: Setup, slot: Slot, now: datetime, besides: int | None) -> set[int]:
    db = app.db
    day_start = local_day_bounds(local(now, setup.zone).date(), setup.zone)[0]
    active = {o.resource_id: o for o in openings.active_of_slot(db, slot.id) if o.state != OpeningState.HELD}
    asked = {o.id: line.customers_asked(db, o.id) for o in active.values()}
    left = {r.id: r.seat for r in setup.resources_of(setup.services[slot.service_id])}
    parties = parties_of(left.values(), setup.policies.party_tolerance)
    found: set[int] = set()
    for number, candidate in enumerate(line.candidates(db, slot.id, day_start, parties)):
        if number >= LOOKED_AT:
            return found | set(left)
        if candidate.customer_id == besides:
            continue
        for resource_id, seat in list(left.items()):
            opening = active.get(resource_id)
            was_asked = opening is not None and candidate.customer_id in asked[opening.id]
            if matching.problem(candidate, seat, was_asked, setup.policies) is None:
                found.add(resource_id)
                del left[resource_id]
        if not left:
            break
    return found
