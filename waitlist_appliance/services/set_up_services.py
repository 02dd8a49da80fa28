"""What can be booked: how long it lasts, what it needs around it, and who gives it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from waitlist_appliance.domain.errors import Conflict, Invalid, NotFound
from waitlist_appliance.domain.records import Service
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.settle import look_everywhere
from waitlist_appliance.storage import activity, set_up
from waitlist_appliance.storage.ids import public_id

LONGEST_MINUTES = 1440
LONGEST_BUFFER = 480


@dataclass(frozen=True, slots=True)
class Offering:
    """A service as the owner describes it. Buffers None: those of the opening hours; given_by None: everybody."""

    name: str
    duration_minutes: int
    buffer_before_minutes: int | None = None
    buffer_after_minutes: int | None = None
    given_by: frozenset[str] | None = None


def add_service(app: Appliance, wanted: Offering, now: datetime, actor: Actor) -> Service:
    """Make one. Invalid names the field."""
    good = _checked(wanted)
    with app.db.write():
        _refuse_taken(app, good.name, None)
        row_id = app.db.insert("service", public_id=public_id(), **_columns(good))
        set_up.set_given_by(app.db, row_id, _resource_ids(app, good))
        activity.record(app.db, now, actor, "service_added", "service", row_id, name=good.name)
        return app.setup().services[row_id]


def change_service(app: Appliance, service_id: str, wanted: Offering, now: datetime, actor: Actor) -> None:
    """Describe it anew; times that people wait for end with the new duration, bookings stay as they are.

    Invalid names the field; Conflict service_held while an offer for it waits for an answer.
    """
    good = _checked(wanted)
    with app.db.write():
        present = _found(app, service_id)
        _refuse_taken(app, good.name, present.id)
        ids = _resource_ids(app, good)
        changed = {name: value for name, value in _columns(good).items() if value != getattr(present, name)}
        given = app.setup().given_by.get(present.id) != (frozenset(ids) if ids else None)
        if not changed and not given:
            return
        if (given or set(changed) - {"name"}) and set_up.ahead_of_service(app.db, present.id, now).holds:
            raise Conflict("service_held", params={"name": present.name})
        set_up.update(app.db, "service", present.id, _columns(good))
        set_up.set_given_by(app.db, present.id, ids)
        set_up.stretch_slots(app.db, present.id, timedelta(minutes=good.duration_minutes))
        activity.record(app.db, now, actor, "service_changed", "service", present.id, name=good.name)
        look_everywhere(app, now)


def retire_service(app: Appliance, service_id: str, now: datetime, actor: Actor) -> None:
    """No longer offer it. Conflict service_default, or service_in_use while bookings or people waiting lie ahead."""
    with app.db.write():
        present = _found(app, service_id)
        if present.is_default:
            raise Conflict("service_default", params={"name": present.name})
        ahead = set_up.ahead_of_service(app.db, present.id, now)
        if ahead.bookings or ahead.slots or ahead.holds:
            params: dict[str, object] = {"name": present.name, "bookings": ahead.bookings, "times": ahead.slots}
            raise Conflict("service_in_use", params=params)
        _set_active(app, present, False, now, actor)


def restore_service(app: Appliance, service_id: str, now: datetime, actor: Actor) -> None:
    """Offer it again."""
    with app.db.write():
        _set_active(app, _found(app, service_id), True, now, actor)


def make_default(app: Appliance, service_id: str, now: datetime, actor: Actor) -> None:
    """What is meant when nobody says which. Conflict service_retired."""
    with app.db.write():
        present = _found(app, service_id)
        if not present.active:
            raise Conflict("service_retired", params={"name": present.name})
        app.db.execute("UPDATE service SET is_default = 0 WHERE is_default = 1")
        set_up.update(app.db, "service", present.id, {"is_default": 1})
        activity.record(app.db, now, actor, "service_default", "service", present.id, name=present.name)


def _set_active(app: Appliance, service: Service, active: bool, now: datetime, actor: Actor) -> None:
    if service.active == active:
        return
    set_up.update(app.db, "service", service.id, {"active": active})
    verb = "service_restored" if active else "service_retired"
    activity.record(app.db, now, actor, verb, "service", service.id, name=service.name)
    look_everywhere(app, now)


def _columns(good: Offering) -> dict[str, object]:
    return {name: value for name, value in asdict(good).items() if name != "given_by"}


def _resource_ids(app: Appliance, good: Offering) -> list[int] | None:
    """None when all of them give it: one that is added later gives it too."""
    if good.given_by is None:
        return None
    known = {resource.public_id: resource.id for resource in app.setup().resources.values()}
    if not good.given_by or not good.given_by <= set(known):
        raise Invalid("given_by_nobody", "given_by")
    return sorted(known[one] for one in good.given_by)


def _refuse_taken(app: Appliance, name: str, besides: int | None) -> None:
    sql = "SELECT 1 FROM service WHERE name = ? COLLATE NOCASE AND id IS NOT ?"
    if app.db.value(sql, name, besides):
        raise Invalid("name_taken", "name", params={"value": name})


def _found(app: Appliance, service_id: str) -> Service:
    for service in app.setup().services.values():
        if service.public_id == service_id:
            return service
    raise NotFound("not_found")


def _checked(wanted: Offering) -> Offering:
    name = " ".join(wanted.name.split())
    if not name:
        raise Invalid("name_missing", "name")
    if len(name) > 80:
        raise Invalid("too_long", "name", params={"length": 80})
    if not 5 <= wanted.duration_minutes <= LONGEST_MINUTES:
        raise Invalid("out_of_range", "duration_minutes", params={"least": 5, "most": LONGEST_MINUTES})
    for field in ("buffer_before_minutes", "buffer_after_minutes"):
        if not 0 <= (getattr(wanted, field) or 0) <= LONGEST_BUFFER:
            raise Invalid("out_of_range", field, params={"least": 0, "most": LONGEST_BUFFER})
    return Offering(
        name, wanted.duration_minutes, wanted.buffer_before_minutes, wanted.buffer_after_minutes, wanted.given_by
    )
