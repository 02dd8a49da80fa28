"""Tables, staff members, rooms: adding, changing, taking out of use, bringing back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from waitlist_appliance.domain.errors import Conflict, Invalid, NotFound
from waitlist_appliance.domain.policies import MAX_PARTY_CEILING
from waitlist_appliance.domain.records import Resource
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.settle import look_everywhere
from waitlist_appliance.storage import activity, set_up
from waitlist_appliance.storage.database import IntegrityError
from waitlist_appliance.storage.ids import public_id

KINDS: Final = ("table", "staff", "room")
MOST_AT_ONCE: Final = 100
MOST: Final = 500


@dataclass(frozen=True, slots=True)
class Place:
    """A resource as the owner describes it; zone "" means none."""

    name: str
    kind: str = "table"
    min_party: int = 1
    max_party: int = 2
    zone: str = ""
    priority: int = 100


def add_resource(app: Appliance, wanted: Place, now: datetime, actor: Actor) -> Resource:
    """Make one; what it can take is looked at at once. Invalid names the field."""
    good = _checked(wanted)
    with app.db.write():
        row_id = _insert(app, good)
        activity.record(app.db, now, actor, "resource_added", "resource", row_id, name=good.name)
        look_everywhere(app, now)
        return app.setup().resources[row_id]


def add_tables(app: Appliance, count: int, seats: int, zone: str, prefix: str, now: datetime, actor: Actor) -> int:
    """``count`` tables for ``seats`` people, named on from the highest number there is; how many were made."""
    if not 1 <= count <= MOST_AT_ONCE:
        raise Invalid("out_of_range", "count", params={"least": 1, "most": MOST_AT_ONCE})
    sample = _checked(Place(prefix or "Table", "table", 1, seats, zone))
    with app.db.write():
        first = _next_number(app, sample.name)
        for number in range(first, first + count):
            _insert(app, Place(f"{sample.name} {number}", "table", 1, seats, sample.zone))
        activity.record(app.db, now, actor, "resources_added", "resource", None, count=count, seats=seats)
        look_everywhere(app, now)
    return count


def change_resource(app: Appliance, resource_id: str, wanted: Place, now: datetime, actor: Actor) -> None:
    """Describe it anew. Invalid names the field; Conflict resource_held while an offer for it waits for an answer."""
    good = _checked(wanted)
    with app.db.write():
        present = _found(app, resource_id)
        changed = {
            name: value for name, value in asdict(good).items() if (value or None) != (getattr(present, name) or None)
        }
        if not changed:
            return
        if set(changed) - {"name", "priority"} and set_up.ahead_of_resource(app.db, present.id, now).holds:
            raise Conflict("resource_held", params={"name": present.name})
        _update(app, present, changed)
        activity.record(app.db, now, actor, "resource_changed", "resource", present.id, name=good.name)
        look_everywhere(app, now)


def deactivate_resource(app: Appliance, resource_id: str, now: datetime, actor: Actor) -> None:
    """Take it out of use; nothing more is offered or booked on it, and what was stays in the history.

    Conflict resource_booked (params number) while bookings lie ahead, resource_held while an offer waits for an
    answer, last_resource for the only one.
    """
    with app.db.write():
        present = _found(app, resource_id)
        if present.id not in app.setup().resources:
            return
        _refuse_in_use(app, present, now)
        set_up.update(app.db, "resource", present.id, {"active": 0})
        activity.record(app.db, now, actor, "resource_retired", "resource", present.id, name=present.name)
        look_everywhere(app, now)


def reactivate_resource(app: Appliance, resource_id: str, now: datetime, actor: Actor) -> None:
    """Bring it back into use; what it can take is looked at at once."""
    with app.db.write():
        present = _found(app, resource_id)
        if present.id in app.setup().resources:
            return
        set_up.update(app.db, "resource", present.id, {"active": 1})
        activity.record(app.db, now, actor, "resource_restored", "resource", present.id, name=present.name)
        look_everywhere(app, now)


def _refuse_in_use(app: Appliance, resource: Resource, now: datetime) -> None:
    ahead = set_up.ahead_of_resource(app.db, resource.id, now)
    if ahead.bookings:
        raise Conflict("resource_booked", params={"name": resource.name, "number": ahead.bookings})
    if ahead.holds:
        raise Conflict("resource_held", params={"name": resource.name})
    if len(app.setup().resources) == 1:
        raise Conflict("last_resource")


def _update(app: Appliance, present: Resource, changed: dict[str, object]) -> None:
    if "name" in changed:
        set_up.rename_in_calendar(app.db, present.name, present.public_id)
    if "zone" in changed:
        changed = {**changed, "zone": changed["zone"] or None}
    try:
        set_up.update(app.db, "resource", present.id, changed)
    except IntegrityError as error:
        raise Invalid("name_taken", "name", params={"value": changed.get("name", present.name)}) from error


def _insert(app: Appliance, place: Place) -> int:
    if app.db.value("SELECT COUNT(*) FROM resource") >= MOST:
        raise Conflict("too_many_resources", params={"most": MOST})
    # The first calendar is the built-in one, or the only one there is.
    connection = app.db.value("SELECT id FROM connection ORDER BY provider <> 'local', id LIMIT 1")
    values = {**asdict(place), "zone": place.zone or None}
    _refuse_taken(app, place.name)
    return app.db.insert("resource", public_id=public_id(), connection_id=connection, **values)


def _refuse_taken(app: Appliance, name: str) -> None:
    if app.db.value("SELECT 1 FROM resource WHERE name = ? COLLATE NOCASE", name):
        raise Invalid("name_taken", "name", params={"value": name})


def _next_number(app: Appliance, prefix: str) -> int:
    names = [name for (name,) in app.db.tuples("SELECT name FROM resource")]
    tails = [name[len(prefix) + 1 :] for name in names if name.casefold().startswith(prefix.casefold() + " ")]
    return max((int(tail) for tail in tails if tail.isdecimal() and len(tail) < 6), default=0) + 1


def _found(app: Appliance, resource_id: str) -> Resource:
    setup = app.setup()
    for resource in (*setup.resources.values(), *setup.retired.values()):
        if resource.public_id == resource_id:
            return resource
    raise NotFound("not_found")


def _checked(place: Place) -> Place:
    name, zone = " ".join(place.name.split()), " ".join(place.zone.split())
    if not name:
        raise Invalid("name_missing", "name")
    if len(name) > 80 or len(zone) > 80:
        raise Invalid("too_long", "name" if len(name) > 80 else "zone", params={"length": 80})
    if place.kind not in KINDS:
        raise Invalid("bad_value", "kind", params={"field": "kind"})
    if not 1 <= place.max_party <= MAX_PARTY_CEILING:
        raise Invalid("out_of_range", "max_party", params={"least": 1, "most": MAX_PARTY_CEILING})
    if not 1 <= place.min_party <= place.max_party:
        raise Invalid("out_of_range", "min_party", params={"least": 1, "most": place.max_party})
    if not 0 <= place.priority <= 1000:
        raise Invalid("out_of_range", "priority", params={"least": 0, "most": 1000})
    return Place(name, place.kind, place.min_party, place.max_party, zone, place.priority)
