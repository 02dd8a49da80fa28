"""Signing up: the customer says who they are, for how many, and which times suit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from waitlist_appliance.domain import flexible as flexibles
from waitlist_appliance.domain import phones
from waitlist_appliance.domain.deadlines import cutoff_at
from waitlist_appliance.domain.errors import Conflict, Invalid
from waitlist_appliance.domain.moments import from_ms
from waitlist_appliance.domain.records import Entry
from waitlist_appliance.domain.states import ENTRY_ACTIVE, EntryStatus, WishState
from waitlist_appliance.services.appliance import CUSTOMER, Appliance
from waitlist_appliance.services.entry_page import EntryPage, entry_of_token, entry_page
from waitlist_appliance.services.join_waitlist import ensure_slot, read_phone, say_joined
from waitlist_appliance.services.make_offers import match_slots
from waitlist_appliance.services.settle import refresh_slots, settle_entry
from waitlist_appliance.storage import activity, customers, entries, messages, slots, tokens, wishes
from waitlist_appliance.storage.database import IntegrityError
from waitlist_appliance.storage.setup import Setup


@dataclass(frozen=True, slots=True)
class RegisterRequest:
    """The sign-up form. ``flexible`` is http.md's object: dates, hours, weekdays, resource."""

    first_name: str
    last_name: str
    phone: str
    email: str | None
    party_size: int | None
    selected: tuple[datetime, ...]
    flexible: Mapping[str, object] | None = None
    consent: bool = False
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A time the customer ticked, or one that a flexible wish expanded into (``resource_id`` may come with it)."""

    starts_at: datetime
    resource_id: int | None = None


def register(app: Appliance, token: str, request: RegisterRequest, now: datetime) -> EntryPage:
    """Sign the invited customer up; a second time returns the place. Invalid names the field; nothing stored then."""
    with app.db.write():
        setup = app.setup()
        entry = entry_of_token(app, token, now)
        if entry.registered_at is not None:
            return entry_page(app, token, now)
        if entry.status != EntryStatus.INVITED:
            raise Conflict("entry_over")
        _check(setup, entry, request)
        times = wanted_times(app, setup, entry, request.selected, request.flexible, now)
        _store_person(app, setup, entry, request, now)
        entry = _line_up(app, entry, request, now)
        _store_wishes(app, setup, entry, times, now)
        if settle_entry(app, entry.id, WishState.WITHDRAWN) not in ENTRY_ACTIVE:
            # Every time is one that the customer waits for already, by another entry.
            raise Invalid("no_times_selected", "selected_slots")
        tokens.consume(app.db, token, now)
        messages.drop_of_entry(app.db, entry.id, ("join_link", "join_nudge"), "signed up")
        activity.record(app.db, now, CUSTOMER, "registered", "entry", entry.id, entry_id=entry.id,
                        customer_id=entry.customer_id, times=len(times))  # fmt: skip
        _match_and_tell(app, entry, now)
        return entry_page(app, token, now)


def _check(setup: Setup, entry: Entry, request: RegisterRequest) -> None:
    if not request.first_name.strip():
        raise Invalid("name_required", "first_name")
    if request.party_size is None or not 1 <= request.party_size <= setup.policies.max_party_size:
        raise Invalid("bad_party_size", "party_size", params={"limit": setup.policies.max_party_size})
    if not request.consent and entry.consent_at is None:
        raise Invalid("consent_required", "consent")


def wanted_times(
    app: Appliance, setup: Setup, entry: Entry, selected: tuple[datetime, ...], flexible: Mapping[str, object] | None,
    now: datetime,
) -> list[Wanted]:  # fmt: skip
    """The ticked times that can still be offered, and those of the flexible wish.

    Invalid when nothing is left, too many are ticked, or one was never on the page.
    """
    policies = setup.policies
    if not set(selected) <= allowed_starts(app, entry):
        raise Invalid("unknown_wish", "selected_slots")
    if len(selected) > policies.single_wish_limit:
        raise Invalid("too_many_wishes", "selected_slots", params={"limit": policies.single_wish_limit})
    times = {time: Wanted(time) for time in selected if cutoff_at(time, policies) > now}
    for wanted in _expanded(setup, entry, flexible, now):
        times.setdefault(wanted.starts_at, wanted)
    if not times:
        raise Invalid("no_times_selected", "selected_slots")
    return [times[start] for start in sorted(times)]


def _expanded(setup: Setup, entry: Entry, payload: Mapping[str, object] | None, now: datetime) -> list[Wanted]:
    if not payload or not setup.policies.flexible_wishes:
        return []
    resource = payload.get("resource")
    named = setup.resource_named(str(resource)) if resource else None
    given = {key: value for key, value in payload.items() if key != "resource"}
    try:
        wish = flexibles.parse(given, setup.zone, now)
    except flexibles.FlexibleError as error:
        raise Invalid("bad_value", f"flexible.{error.field}", params={"value": error.reason}) from error
    service = setup.services[entry.service_id]
    cutoff = timedelta(seconds=setup.policies.cutoff_seconds)
    found = flexibles.expand(
        wish, setup.rule_of(service), setup.duration_of(service), now, cutoff, setup.policies.flexible_wish_limit
    )
    return [Wanted(time, named.id if named else None) for time in found]


def allowed_starts(app: Appliance, entry: Entry) -> set[datetime]:
    """The single times the customer may tick: the wanted one, the proposed ones, and what they wish already."""
    starts = {slots.by_id(app.db, entry.requested_slot_id).starts_at}
    starts |= {from_ms(ms) for ms in json.loads(entry.proposed_times)}
    return starts | {slots.by_id(app.db, wish.slot_id).starts_at for wish in wishes.of_entry(app.db, entry.id)}


def _store_person(app: Appliance, setup: Setup, entry: Entry, request: RegisterRequest, now: datetime) -> None:
    customer = customers.by_id(app.db, entry.customer_id)
    phone = read_phone(setup, request.phone) if request.phone.strip() else None
    if phone is not None and phone.e164 != customer.phone:
        if customers.by_phone(app.db, phone.e164) is not None:
            raise Invalid("bad_phone", "phone", params={"value": request.phone})
        if not phones.can_receive_sms(phone) and not (request.email or customer.email):
            raise Invalid("landline_without_email", "phone")
        customers.change_phone(app.db, customer, phone.e164, phone.kind)
    customers.update(
        app.db, customer.id, first_name=request.first_name.strip(), last_name=request.last_name.strip() or None,
        email=request.email, locale=request.locale,
    )  # fmt: skip
    customers.consent(app.db, customer.id, now)


def _line_up(app: Appliance, entry: Entry, request: RegisterRequest, now: datetime) -> Entry:
    entries.move(
        app.db, entry.id, EntryStatus.WAITING, first_name=request.first_name.strip(),
        last_name=request.last_name.strip() or None, email=request.email or entry.email,
        party_size=request.party_size, registered_at=now, lined_up_at=now, nudge_at=None, consent_at=now,
        locale=request.locale or entry.locale,
    )  # fmt: skip
    return entries.by_id(app.db, entry.id)


def _store_wishes(app: Appliance, setup: Setup, entry: Entry, times: list[Wanted], now: datetime) -> None:
    """Ticked times become live wishes; an unticked requested time is withdrawn."""
    picked = {wanted.starts_at for wanted in times}
    for wish in wishes.of_entry(app.db, entry.id):
        if slots.by_id(app.db, wish.slot_id).starts_at not in picked:
            wishes.move(app.db, wish.id, WishState.WITHDRAWN, WishState.PROPOSED)
    for wanted in times:
        add_wish(app, setup, entry, wanted, now)
    wishes.line_up(app.db, entry)


def add_wish(app: Appliance, setup: Setup, entry: Entry, wanted: Wanted, now: datetime, wish_round: int = 0) -> int | None:
    """A live wish at this time; the customer's active one for it, in this or another entry, stays as it is."""
    slot = ensure_slot(app, setup, setup.services[entry.service_id], wanted.starts_at, now)
    if wishes.active_at(app.db, entry.customer_id, slot.id) is None:
        try:
            wishes.add(
                app.db, entry, slot.id, WishState.LIVE, now, resource_id=wanted.resource_id, wish_round=wish_round
            )
        except IntegrityError as error:
            raise Conflict("bad_value", "selected_slots") from error
    return slot.id


def _match_and_tell(app: Appliance, entry: Entry, now: datetime) -> None:
    concerned = {wish.slot_id for wish in wishes.of_entry(app.db, entry.id)} | {entry.requested_slot_id}
    refresh_slots(app, concerned, now)
    say_joined(app, entry, slots.by_id(app.db, entry.requested_slot_id), now)
    match_slots(app, [slots.by_id(app.db, slot_id) for slot_id in sorted(concerned)], now, "joined")
