"""What staff do by hand: offer now, approve, withdraw, move in line, reopen, check. Each is checked and in the history."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.domain import matching, quiet_hours
from waitlist_appliance.domain.assignment import Seat
from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.domain.deadlines import may_still_be_offered
from waitlist_appliance.domain.errors import Conflict, Invalid, NotFound
from waitlist_appliance.domain.matching import Candidate
from waitlist_appliance.domain.moments import local, local_day_bounds
from waitlist_appliance.domain.records import Entry, Offer, Slot
from waitlist_appliance.domain.states import ENTRY_ACTIVE, OfferState, WishState
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.change_wishes import reopen_entry
from waitlist_appliance.services.check_slots import check
from waitlist_appliance.services.end_offer import end_offer, tell_lost
from waitlist_appliance.services.find_openings import Available
from waitlist_appliance.services.free_places import Calendars, places
from waitlist_appliance.services.make_offers import make_offer, match_interval, send_offer
from waitlist_appliance.storage import activity, connections, entries, line, offers, openings, slots, wishes
from waitlist_appliance.storage.database import IntegrityError
from waitlist_appliance.storage.setup import Setup

NOTES_LIMIT = 2000


def notify(
    app: Appliance, entry_public_id: str, now: datetime, actor: Actor, slot_public_id: str | None = None,
    resource: str | None = None, force: bool = False,
) -> Offer:  # fmt: skip
    """Offer a free time to this entry now. ``force`` overrides fit, zone and caps only.

    Conflict nothing_free, calendar_being_read (known too long ago: it is read now), live_offer_exists, already_offered,
    does_not_fit, capped, cannot_be_contacted, cut_off_passed, entry_over.
    """
    with app.db.write():
        setup = app.setup()
        entry = entry_named(app, entry_public_id)
        if offers.live_of_customer(app.db, entry.customer_id) is not None:
            raise Conflict("live_offer_exists")
        wanted = setup.resource_named(resource)
        refusals: list[str] = []
        for wish in wishes.of_entry(app.db, entry.id):
            slot = slots.by_id(app.db, wish.slot_id)
            if wish.state == WishState.LIVE and slot_public_id in (None, slot.public_id):
                made = _offer(app, setup, slot, wish.id, wanted.id if wanted else None, force, now, actor, refusals)
                if made is not None:
                    return made
        raise Conflict(_worst(refusals, entry))


def approve(app: Appliance, offer_public_id: str, now: datetime, actor: Actor) -> Offer:
    """Send a proposed offer. Conflict ``offer_over``."""
    with app.db.write():
        offer = offer_named(app, offer_public_id)
        if not offers.move(app.db, offer.id, OfferState.LIVE):
            raise Conflict("offer_over")
        send_offer(app, app.setup(), offer.id, now)
        _note(app, now, actor, "offer_approved", offer)
        return offers.by_id(app.db, offer.id)


def withdraw(app: Appliance, offer_public_id: str, now: datetime, actor: Actor) -> Offer:
    """Take an offer back; its person keeps the place, is not asked again for this opening, the next is asked."""
    with app.db.write():
        offer = offer_named(app, offer_public_id)
        if not end_offer(
            app, offer, OfferState.WITHDRAWN, now, reason="staff", wish_to=WishState.LIVE, actor=actor
        ):
            raise Conflict("offer_over")
        tell_lost(app, offer, now)
        slot = slots.by_id(app.db, offer.slot_id)
        match_interval(app, Interval(slot.starts_at, slot.ends_at), now, "withdrawn")
        return offers.by_id(app.db, offer.id)


def set_priority(app: Appliance, entry_public_id: str, priority: int, now: datetime, actor: Actor) -> Entry:
    """Lower is served earlier. Invalid outside 0–1000; Conflict ``entry_over`` for who is no longer in line."""
    if not 0 <= priority <= 1000:
        raise Invalid("bad_value", "priority", params={"value": priority})
    with app.db.write():
        entry = entry_named(app, entry_public_id)
        if entry.status not in ENTRY_ACTIVE:
            raise Conflict("entry_over")
        entries.set_columns(app.db, entry.id, priority=priority)
        if entry.registered_at is not None:
            wishes.line_up(app.db, entries.by_id(app.db, entry.id))
        activity.record(
            app.db, now, actor, "priority_changed", "entry", entry.id, entry_id=entry.id,
            customer_id=entry.customer_id, before=entry.priority, after=priority,
        )  # fmt: skip
        return entries.by_id(app.db, entry.id)


def set_notes(app: Appliance, entry_public_id: str, notes: str, now: datetime, actor: Actor) -> Entry:
    if len(notes) > NOTES_LIMIT:
        raise Invalid("bad_value", "notes", params={"value": f"{len(notes)} > {NOTES_LIMIT}"})
    with app.db.write():
        entry = entry_named(app, entry_public_id)
        entries.set_columns(app.db, entry.id, notes=notes.strip() or None)
        activity.record(app.db, now, actor, "notes_changed", "entry", entry.id, entry_id=entry.id,
                        customer_id=entry.customer_id)  # fmt: skip
        return entries.by_id(app.db, entry.id)


def reopen(app: Appliance, entry_public_id: str, now: datetime, actor: Actor) -> Entry:
    """An expired entry waits again, at the end of the line. Conflict ``entry_over``."""
    with app.db.write():
        entry = entry_named(app, entry_public_id)
        reopen_entry(app, entry, now, actor)
        return entries.by_id(app.db, entry.id)


def check_slot_now(app: Appliance, slot_public_id: str, now: datetime, actor: Actor) -> Slot:
    """Look now: the database at once, the calendars by the worker. NotFound."""
    slot = slots.by_public_id(app.db, slot_public_id)
    if slot is None:
        raise NotFound("not_found", "slot")
    with app.db.write():
        activity.record(app.db, now, actor, "check_asked", "slot", slot.id)
        check(app, [slot.id], now, read=False)
        for (connection_id,) in app.db.tuples("SELECT id FROM connection WHERE enabled = 1"):
            app.ring_sync(connection_id)
    return slots.by_id(app.db, slot.id)


def entry_named(app: Appliance, public_id: str) -> Entry:
    """NotFound for an unknown id."""
    entry = entries.by_public_id(app.db, public_id)
    if entry is None:
        raise NotFound("not_found", "entry")
    return entry


def offer_named(app: Appliance, public_id: str) -> Offer:
    """NotFound for an unknown id."""
    offer = offers.by_public_id(app.db, public_id)
    if offer is None:
        raise NotFound("not_found", "offer")
    return offer


def _offer(
    app: Appliance, setup: Setup, slot: Slot, wish_id: int, resource_id: int | None, force: bool, now: datetime,
    actor: Actor, refusals: list[str],
) -> Offer | None:  # fmt: skip
    """Try the slot's free resources in their order; what was in the way is added to ``refusals``."""
    if not may_still_be_offered(slot.starts_at, now, setup.policies):
        refusals.append("cut_off_passed")
        return None
    quiet_end = quiet_hours.quiet_until(now, setup.zone, setup.policies)
    lost = quiet_end is not None and quiet_hours.may_be_lost(slot.starts_at, quiet_end, setup.policies)
    if lost and not setup.policies.urgent_in_quiet_hours:
        refusals.append("quiet_hours")
        return None
    day_start = local_day_bounds(local(now, setup.zone).date(), setup.zone)[0]
    candidate = line.candidate(app.db, wish_id, day_start)
    if candidate is None:
        refusals.append("entry_over")
        return None
    service = setup.services[slot.service_id]
    active = {o.resource_id: o for o in openings.active_of_slot(app.db, slot.id)}
    calendars = Calendars(app.db, setup, now)
    for place in places(app.db, setup, calendars, service, slot.starts_at):
        wanted = resource_id in (None, place.resource.id)
        if wanted and place.free and not place.fresh:
            calendars.want(place.resource)
            refusals.append("calendar_being_read" if calendars.wanted else "nothing_free")
            continue
        if not wanted or not place.free:
            refusals.append("nothing_free")
            continue
        opening = active.get(place.resource.id)
        asked = opening is not None and offers.asked(app.db, opening.id, candidate.customer_id)
        why_not = _refusal(candidate, place.resource.seat, asked, setup, force)
        if why_not is not None:
            refusals.append(why_not)
            continue
        opening = opening or openings.add(app.db, slot.id, place.resource.id, "by_hand", now)
        taken = setup.occupied_by(service, slot.starts_at)
        try:
            made = make_offer(app, setup, Available(opening, place.resource, slot, taken), candidate, now,
                              by_hand=True, actor=actor)  # fmt: skip
        except IntegrityError as error:
            raise Conflict("nothing_free") from error
        return offers.by_id(app.db, made)
    if calendars.wanted:
        app.db.after_rollback(("read", slot.id), lambda: _read_now(app, calendars.wanted, now))
    return None


def _read_now(app: Appliance, connection_ids: set[int], now: datetime) -> None:
    """The refusal rolls its own work back; what it found out is acted upon all the same."""
    for connection_id in connection_ids:
        if connections.read_now(app.db, connection_id, now):
            app.ring_sync(connection_id, "hand")


CODES = {
    "live_offer": "live_offer_exists", "pending_booking": "live_offer_exists", "already_offered": "already_offered",
    "cannot_be_contacted": "cannot_be_contacted", "capped": "capped",
}  # fmt: skip
FORCEABLE = ("capped", "does_not_fit")


def _refusal(candidate: Candidate, seat: Seat, asked: bool, setup: Setup, force: bool) -> str | None:
    problem = matching.problem(candidate, seat, asked, setup.policies)
    if problem is None:
        return None
    code = CODES.get(problem, "does_not_fit")
    if force and code in FORCEABLE:
        person = matching.person_problem(candidate, setup.policies)
        return None if person in (None, "capped") else CODES[person]
    return code


def _worst(refusals: list[str], entry: Entry) -> str:
    """The refusal that tells most: what concerns the person before what concerns the place."""
    order = (
        "live_offer_exists", "cannot_be_contacted", "already_offered", "capped", "does_not_fit", "quiet_hours",
        "cut_off_passed", "calendar_being_read",
    )  # fmt: skip
    if not refusals:
        return "entry_invited" if entry.status == "invited" else "entry_over"
    return next((code for code in order if code in refusals), "nothing_free")


def _note(app: Appliance, now: datetime, actor: Actor, verb: str, offer: Offer) -> None:
    activity.record(
        app.db, now, actor, verb, "offer", offer.id, entry_id=offer.entry_id, customer_id=offer.customer_id
    )
