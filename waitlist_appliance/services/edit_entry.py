"""Staff correct an entry: who it is, for how many, which times. The place in line stays."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.availability import hours_problem
from waitlist_appliance.domain.deadlines import cutoff_at
from waitlist_appliance.domain.errors import Conflict, Invalid
from waitlist_appliance.domain.records import Entry
from waitlist_appliance.domain.states import ENTRY_ACTIVE, WishState
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.change_wishes import set_wishes
from waitlist_appliance.services.join_waitlist import read_phone
from waitlist_appliance.services.register_entry import Wanted
from waitlist_appliance.services.staff_acts import NOTES_LIMIT, entry_named
from waitlist_appliance.storage import activity, customers, entries, slots, wishes
from waitlist_appliance.storage.setup import Setup
from waitlist_appliance.texts.catalogues import LOCALES

NAME_LIMIT = 200
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]{2,}")
_PREFERENCES = ("zone", "resource_id")


@dataclass(frozen=True, slots=True)
class Edit:
    """The whole entry as staff want it. ``times`` None leaves the wishes; ``resource`` is a public id or a name.

    ``seen`` is the `state_of` the entry they looked at; None where nobody looked.
    """

    first_name: str | None
    last_name: str | None
    phone: str
    email: str | None
    party_size: int | None
    zone: str | None
    resource: str | None
    notes: str | None
    locale: str
    times: tuple[datetime, ...] | None = None
    seen: str | None = None


def edit(app: Appliance, entry_public_id: str, wanted: Edit, now: datetime, actor: Actor) -> Entry:
    """Store what differs. Invalid names the field and nothing is stored then; Conflict ``entry_over``,
    ``changed_meanwhile`` where the entry is no longer the one that was seen."""
    with app.db.write():
        setup = app.setup()
        entry = entry_named(app, entry_public_id)
        if entry.status not in ENTRY_ACTIVE:
            raise Conflict("entry_over")
        if wanted.seen is not None and wanted.seen != state_of(app, entry):
            raise Conflict("changed_meanwhile")
        columns = _checked(setup, entry, wanted)
        times = _times(app, setup, entry, wanted, now)
        changed = [name for name, value in columns.items() if getattr(entry, name) != value]
        if _correct_person(app, setup, entry, wanted):
            changed.append("phone")
        if changed:
            _store(app, entry, columns, changed, now, actor)
        if times is not None or {"party_size", *_PREFERENCES} & set(changed):
            _rewish(app, entry, times, now, actor)
        return entries.by_id(app.db, entry.id)


def state_of(app: Appliance, entry: Entry) -> str:
    """What an edit would overwrite, as a short word that changes with it."""
    customer = customers.by_id(app.db, entry.customer_id)
    active = (WishState.LIVE, WishState.OFFERED, WishState.PROPOSED)
    times = [wish.slot_id for wish in wishes.of_entry(app.db, entry.id) if wish.state in active]
    shown = [
        customer.phone, customer.first_name, customer.last_name, customer.email, entry.first_name, entry.last_name,
        entry.email, entry.party_size, entry.zone, entry.resource_id, entry.notes, entry.locale, sorted(times),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(shown).encode()).hexdigest()[:24]


def _checked(setup: Setup, entry: Entry, wanted: Edit) -> dict[str, object]:
    """The entry's columns as they will be."""
    policies = setup.policies
    party = wanted.party_size
    if (party is None and entry.registered_at is not None) or (
        party is not None and not 1 <= party <= policies.max_party_size
    ):
        raise Invalid("bad_party_size", "party_size", params={"limit": policies.max_party_size})
    if wanted.email and not _EMAIL.fullmatch(wanted.email):
        raise Invalid("bad_email", "email")
    for name, text, limit in (
        ("first_name", wanted.first_name, NAME_LIMIT), ("last_name", wanted.last_name, NAME_LIMIT),
        ("notes", wanted.notes, NOTES_LIMIT),
    ):  # fmt: skip
        if text and len(text) > limit:
            raise Invalid("too_long", name, params={"length": limit})
    if wanted.locale not in LOCALES:
        raise Invalid("bad_value", "locale", params={"field": "locale"})
    resource = setup.resource_named(wanted.resource or None)
    return {
        "first_name": wanted.first_name or None, "last_name": wanted.last_name or None, "email": wanted.email or None,
        "party_size": party, "zone": setup.zone_named(wanted.zone or None),
        "resource_id": resource.id if resource else None, "notes": wanted.notes or None, "locale": wanted.locale,
    }  # fmt: skip


def _times(app: Appliance, setup: Setup, entry: Entry, wanted: Edit, now: datetime) -> list[Wanted] | None:
    """The wishes as they will be; None where staff did not touch them. Before the sign-up the customer chooses."""
    if wanted.times is None or entry.registered_at is None:
        return None
    present = {slots.by_id(app.db, wish.slot_id).starts_at: wish for wish in wishes.of_entry(app.db, entry.id)
               if wish.state in (WishState.LIVE, WishState.OFFERED, WishState.PROPOSED)}  # fmt: skip
    # A time under offer stays until the offer is answered or withdrawn.
    kept = [time for time, wish in present.items() if wish.state == WishState.OFFERED]
    chosen = sorted({*wanted.times, *kept})
    if not chosen:
        raise Invalid("no_times_selected", "times")
    if set(chosen) == set(present):
        return None
    for time in chosen:
        if time not in present:
            _check_time(setup, entry, time, now)
    # A flexible wish may stand for many times already; only what staff add is counted against the limit.
    limit = max(setup.policies.single_wish_limit, len(present))
    if len(chosen) > limit:
        raise Invalid("too_many_wishes", "times", params={"limit": limit})
    return [Wanted(time, present[time].resource_id if time in present else None) for time in chosen]


def _check_time(setup: Setup, entry: Entry, time: datetime, now: datetime) -> None:
    service = setup.services[entry.service_id]
    if time <= now:
        raise Invalid("slot_in_past", "times")
    if cutoff_at(time, setup.policies) <= now:
        raise Invalid("inside_cut_off", "times")
    problem = hours_problem(setup.rule_of(service), time, setup.duration_of(service))
    if problem is not None:
        raise Invalid(problem, "times")


def _correct_person(app: Appliance, setup: Setup, entry: Entry, wanted: Edit) -> bool:
    """The customer behind the entry; whether the number changed. A number of somebody else is refused."""
    customer = customers.by_id(app.db, entry.customer_id)
    phone = read_phone(setup, wanted.phone)
    changed = phone.e164 != customer.phone
    if changed:
        other = customers.by_phone(app.db, phone.e164)
        if other is not None and other.id != customer.id:
            raise Invalid("phone_taken", "phone")
        customers.change_phone(app.db, customer, phone.e164, phone.kind)
    customers.update(
        app.db, customer.id, first_name=wanted.first_name or None, last_name=wanted.last_name or None,
        email=wanted.email or None, locale=wanted.locale,
    )  # fmt: skip
    return changed


def _store(
    app: Appliance, entry: Entry, columns: dict[str, object], changed: list[str], now: datetime, actor: Actor
) -> None:
    entries.set_columns(app.db, entry.id, **columns)
    for wish in wishes.of_entry(app.db, entry.id):
        # A wish for one table of its own keeps it; those that followed the entry go on following it.
        if (wish.zone, wish.resource_id) == (entry.zone, entry.resource_id):
            wishes.prefer(app.db, wish.id, columns["zone"], columns["resource_id"])
    activity.record(app.db, now, actor, "entry_edited", "entry", entry.id, entry_id=entry.id,
                    customer_id=entry.customer_id, fields=changed)  # fmt: skip


def _rewish(app: Appliance, before: Entry, times: list[Wanted] | None, now: datetime, actor: Actor) -> None:
    """Line the wishes up with what the entry says now; a place that is free already is offered."""
    entry = entries.by_id(app.db, before.id)
    if entry.registered_at is None:
        return
    if times is None:
        live = [wish for wish in wishes.of_entry(app.db, entry.id) if wish.state in (WishState.LIVE, WishState.OFFERED)]
        times = [Wanted(slots.by_id(app.db, wish.slot_id).starts_at, wish.resource_id) for wish in live]
    set_wishes(app, entry, times, now, actor)
