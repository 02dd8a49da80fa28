""""Why was Ana not offered 19:30?" An answer for every entry and time, in codes that texts/reasons.py puts into words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from waitlist_appliance.domain import matching, quiet_hours
from waitlist_appliance.domain.deadlines import may_still_be_offered
from waitlist_appliance.domain.moments import local, local_day_bounds
from waitlist_appliance.domain.records import Entry, Slot, Wish
from waitlist_appliance.domain.states import EntryStatus, OfferState, WishState
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.free_places import Calendars, Place, places
from waitlist_appliance.services.staff_acts import entry_named
from waitlist_appliance.storage import line, offers, openings, slots, wishes
from waitlist_appliance.storage.setup import Setup

OVER = {WishState.DECLINED: "wish_declined"}
GONE = (EntryStatus.CANCELLED, EntryStatus.DECLINED, EntryStatus.EXPIRED)


@dataclass(frozen=True, slots=True)
class Why:
    """One time of the entry: ``answer_code`` of texts/reasons.py, about ``resource_name`` where it concerns one."""

    starts_at: datetime
    slot_public_id: str
    wish_state: str
    answer_code: str
    resource_name: str | None
    position: int | None
    detail: dict[str, object] = field(default_factory=dict)


def why(app: Appliance, entry_public_id: str, now: datetime) -> list[Why]:
    """Why each of the entry's times has or has not been offered, earliest first. NotFound."""
    entry, setup = entry_named(app, entry_public_id), app.setup()
    return [_one(app, setup, entry, wish, now) for wish in wishes.of_entry(app.db, entry.id)]


def _one(app: Appliance, setup: Setup, entry: Entry, wish: Wish, now: datetime) -> Why:
    slot = slots.by_id(app.db, wish.slot_id)
    code, resource = _reason(app, setup, entry, wish, slot, now)
    told = [o for o in offers.of_entry(app.db, entry.id) if o.slot_id == slot.id]
    detail: dict[str, object] = {"offers": [{"state": o.state.value, "reason": o.ended_reason} for o in told]}
    return Why(slot.starts_at, slot.public_id, wish.state, code, resource, wishes.position(app.db, wish), detail)


def _reason(
    app: Appliance, setup: Setup, entry: Entry, wish: Wish, slot: Slot, now: datetime
) -> tuple[str, str | None]:
    if wish.state == WishState.OFFERED:
        return _of_offered(app, setup, entry, slot)
    if entry.status == EntryStatus.INVITED:
        return "not_registered", None
    if wish.state != WishState.LIVE:
        return OVER.get(wish.state, "entry_over" if entry.status in GONE else "wish_over"), None
    if not may_still_be_offered(slot.starts_at, now, setup.policies):
        return "cut_off_passed", None
    return _of_live_wish(app, setup, wish, slot, now)


def _of_live_wish(app: Appliance, setup: Setup, wish: Wish, slot: Slot, now: datetime) -> tuple[str, str | None]:
    """What keeps a live wish from an offer: the person, the places, the policy, or those before it in line."""
    service = setup.services[slot.service_id]
    found = places(app.db, setup, Calendars(app.db, setup, now), service, slot.starts_at)
    free = [place for place in found if place.free]
    if not free:
        return _nothing_free(found)
    day_start = local_day_bounds(local(now, setup.zone).date(), setup.zone)[0]
    candidate = line.candidate(app.db, wish.id, day_start)
    if candidate is None:
        return "wish_over", None
    active = {o.resource_id: o for o in openings.active_of_slot(app.db, slot.id)}
    reasons: list[tuple[str, str | None]] = []
    for place in free:
        opening = active.get(place.resource.id)
        asked = opening is not None and offers.asked(app.db, opening.id, wish.customer_id)
        problem = matching.problem(candidate, place.resource.seat, asked, setup.policies)
        if problem is None:
            return _of_policy(setup, slot, place, now), place.resource.name
        reasons.append((problem, place.resource.name))
    persons = [r for r in reasons if r[0] in ("live_offer", "pending_booking", "cannot_be_contacted", "capped")]
    return (persons or reasons)[0]


def _nothing_free(found: list[Place]) -> tuple[str, str | None]:
    held = next((place for place in found if place.state == "hold"), None)
    if held is not None:
        return "reserved_for_other", held.resource.name
    if any(place.state == "unknown" for place in found):
        return "calendar_stale", None
    return "nothing_free", None


def _of_policy(setup: Setup, slot: Slot, place: Place, now: datetime) -> str:
    """A free place fits and the person may be asked: what the policies say to that."""
    if setup.policies.offers in ("paused", "manual"):
        return str(setup.policies.offers)
    if not place.offerable:
        return "calendar_stale"
    quiet_end = quiet_hours.quiet_until(now, setup.zone, setup.policies)
    if quiet_end is not None and quiet_hours.may_be_lost(slot.starts_at, quiet_end, setup.policies):
        return "quiet_hours"
    return "behind_in_line"


def _of_offered(app: Appliance, setup: Setup, entry: Entry, slot: Slot) -> tuple[str, str | None]:
    """The offer that is out, or that staff have still to approve, with what it is for."""
    for offer in offers.of_entry(app.db, entry.id):
        if offer.slot_id == slot.id and offer.state in (OfferState.LIVE, OfferState.PROPOSED):
            resource = setup.resources.get(openings.hold_by_id(app.db, offer.hold_id).resource_id)
            code = "approve_each" if offer.state == OfferState.PROPOSED else "offered_now"
            return code, resource.name if resource else None
    return "offered_now", None


