"""Which watched times are free now: makes, takes and ends openings. Level-triggered: asked again and again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.assignment import parties_of
from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.records import Hold, Opening, Resource, Slot
from waitlist_appliance.domain.states import OfferState, OpeningState, WishState
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.end_offer import end_offer, tell_lost
from waitlist_appliance.services.free_places import Calendars, Place, places
from waitlist_appliance.storage import activity, line, offers, openings
from waitlist_appliance.storage.setup import Setup


@dataclass
class Available:
    """An opening that may be offered now; with ``hold``, a race that has room for ``room`` more people."""

    opening: Opening
    resource: Resource
    slot: Slot
    taken: Interval
    hold: Hold | None = None
    room: int = 1


def find_openings(
    app: Appliance, setup: Setup, calendars: Calendars, slot: Slot, now: datetime, cause: str
) -> list[Available]:
    """Bring the slot's openings in line with what is free; those that may be offered now, smallest resource first.

    Runs inside a write transaction.
    """
    service = setup.services[slot.service_id]
    active = {opening.resource_id: opening for opening in openings.active_of_slot(app.db, slot.id)}
    taken = setup.occupied_by(service, slot.starts_at)
    found: list[Available] = []
    for place in places(app.db, setup, calendars, service, slot.starts_at):
        opening = active.pop(place.resource.id, None)
        if opening is None:
            opening = _new_opening(app, setup, slot, place, now, cause)
        elif place.state in ("event", "booking"):
            _taken(app, opening, now)
            opening = None
        if opening is not None:
            found += _available(app, setup, opening, place, slot, taken)
    for opening in active.values():  # the resource is gone, or no longer gives this service
        _taken(app, opening, now)
    return found


def _new_opening(
    app: Appliance, setup: Setup, slot: Slot, place: Place, now: datetime, cause: str
) -> Opening | None:
    """A free resource that somebody waiting here could use becomes an opening."""
    seat, tolerance = place.resource.seat, setup.policies.party_tolerance
    if not place.free:
        return None
    if not line.anybody_fitting(app.db, slot.id, seat.id, seat.zone, *parties_of([seat], tolerance)):
        return None
    opening = openings.add(app.db, slot.id, seat.id, cause, now)
    activity.record(app.db, now, SYSTEM, "opened", "opening", opening.id, reason=cause, resource=place.resource.name)
    return opening


def _available(
    app: Appliance, setup: Setup, opening: Opening, place: Place, slot: Slot, taken: Interval
) -> list[Available]:
    if opening.state == OpeningState.HELD:
        return _race_with_room(app, setup, opening, place, slot, taken)
    return [Available(opening, place.resource, slot, taken)] if place.offerable else []


def _race_with_room(
    app: Appliance, setup: Setup, opening: Opening, place: Place, slot: Slot, taken: Interval
) -> list[Available]:
    hold = openings.live_hold(app.db, opening.id)
    if hold is None or not hold.race or place.state != "hold" or not place.fresh:
        return []
    room = setup.policies.race_size - len(offers.of_hold(app.db, hold.id))
    return [Available(opening, place.resource, slot, taken, hold, room)] if room > 0 else []


def _taken(app: Appliance, opening: Opening, now: datetime) -> None:
    """Something else occupies the time: offers for it end, and the people keep their place."""
    hold = openings.live_hold(app.db, opening.id)
    if hold is not None:
        for offer in offers.of_hold(app.db, hold.id):
            if end_offer(app, offer, OfferState.WITHDRAWN, now, reason="taken", wish_to=WishState.LIVE):
                tell_lost(app, offer, now)
    if openings.move(app.db, opening.id, OpeningState.TAKEN, now):
        activity.record(app.db, now, SYSTEM, "taken", "opening", opening.id)
