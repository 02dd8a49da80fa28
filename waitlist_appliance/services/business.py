"""The one business: setting it up, its policies."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from waitlist_appliance.domain.availability import parse_schedule, schedule_to_json
from waitlist_appliance.domain.policies import Policies, check_together, from_settings, validate
from waitlist_appliance.domain.records import Business
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.settle import look_everywhere
from waitlist_appliance.storage import activity, slots
from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.ids import public_id

EVERY_DAY = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Tables:
    """Quick set-up: ``count`` tables for ``seats`` people in a zone."""

    count: int
    seats: int
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class SetUp:
    """What a box needs before it can take anybody. ``schedule`` is http.md's: {monday: [{start, end}]}."""

    name: str
    zone: str = "Europe/Madrid"
    locale: str = "es"
    phone_region: str = "ES"
    phone: str | None = None
    email: str | None = None
    address: str | None = None
    tables: tuple[Tables, ...] = (Tables(8, 2), Tables(4, 4))
    schedule: dict[str, list[dict[str, str]]] = field(
        default_factory=lambda: {day: [{"start": "12:00", "end": "24:00"}] for day in EVERY_DAY}
    )
    duration_minutes: int = 90
    service: str = "Table"


def business(app: Appliance) -> Business:
    """The business; NotFound ``not_set_up`` when there is none yet."""
    return app.setup().business


def policies(app: Appliance) -> Policies:
    return app.setup().policies


def set_up(app: Appliance, wanted: SetUp, now: datetime, actor: Actor) -> Business:
    """Make the business with its default rule, service, built-in calendar and tables; all or nothing."""
    schedule = json.dumps(schedule_to_json(parse_schedule(wanted.schedule)))
    db = app.db
    with db.write():
        db.insert(
            "business", id=1, public_id=public_id(), name=wanted.name, zone=wanted.zone, locale=wanted.locale,
            phone_region=wanted.phone_region, phone=wanted.phone, email=wanted.email, address=wanted.address,
            created_at=now,
        )  # fmt: skip
        db.insert(
            "availability_rule", public_id=public_id(), name="Opening hours", zone=wanted.zone, schedule=schedule,
            slot_duration_minutes=wanted.duration_minutes, step_minutes=30, is_default=1,
        )  # fmt: skip
        db.insert(
            "service", public_id=public_id(), name=wanted.service, duration_minutes=wanted.duration_minutes, is_default=1
        )
        connection_id = db.insert("connection", public_id=public_id(), provider="local", name="Calendar", live_mirror=1)
        _add_tables(db, wanted.tables, connection_id)
        activity.record(db, now, actor, "set_up", "business", 1)
    return business(app)


def set_policy(app: Appliance, key: str, value: object, actor: Actor, now: datetime) -> Policies:
    """Store one policy; PolicyError (ValueError) when the value is not allowed, alone or together with the others."""
    good = validate(key, value)
    db = app.db
    with db.write():
        db.execute(
            """INSERT INTO setting (key, value, updated_at) VALUES (?, ?, ?)
               ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at""",
            key, json.dumps(good), now,
        )  # fmt: skip
        stored = {k: json.loads(v) for k, v in db.tuples("SELECT key, value FROM setting")}
        check_together(from_settings(stored))
        if key == "cutoff_seconds":
            slots.move_cutoffs(db, timedelta(seconds=from_settings(stored).cutoff_seconds))
        look_everywhere(app, now)
        activity.record(db, now, actor, "set_policy", "setting", key=key, value=good)
    return policies(app)


def _add_tables(db: Database, tables: tuple[Tables, ...], connection_id: int) -> None:
    number = 0
    for group in tables:
        for _ in range(group.count):
            number += 1
            db.insert(
                "resource", public_id=public_id(), name=f"Table {number}", kind="table", min_party=1,
                max_party=group.seats, zone=group.zone, connection_id=connection_id,
            )  # fmt: skip
