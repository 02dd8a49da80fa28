"""What the owner set up: business, policies, rules, services, resources. Read once per change of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from waitlist_appliance.domain.availability import Interval, Override, Rule, occupied, parse_schedule
from waitlist_appliance.domain.errors import Invalid, NotFound
from waitlist_appliance.domain.policies import Policies, from_settings
from waitlist_appliance.domain.records import Business, Connection, Resource, Service
from waitlist_appliance.storage.database import Database


@dataclass(frozen=True)
class Setup:
    """A snapshot of everything the owner set up; ``number`` rises with every change of it.

    ``services`` also holds those no longer offered: past bookings and slots name them. ``retired`` are the resources
    no longer used: a calendar may still name them.
    """

    number: int
    business: Business
    policies: Policies
    rules: dict[int, Rule]
    default_rule: Rule
    services: dict[int, Service]
    default_service: Service
    resources: dict[int, Resource]
    given_by: dict[int, frozenset[int]]
    retired: dict[int, Resource] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        return self.business.tz

    def rule_of(self, service: Service) -> Rule:
        return self.rules[service.rule_id] if service.rule_id else self.default_rule

    def duration_of(self, service: Service) -> timedelta:
        return timedelta(minutes=service.duration_minutes)

    def occupied_by(self, service: Service, starts_at: datetime, duration: timedelta | None = None) -> Interval:
        """What a booking of the service at ``starts_at`` takes of its resource, buffers included."""
        before, after = service.buffer_before_minutes, service.buffer_after_minutes
        return occupied(starts_at, duration or self.duration_of(service), self.rule_of(service), before, after)

    def resources_of(self, service: Service) -> list[Resource]:
        """The resources that can give the service; a service that names none is given by all."""
        if not service.active:
            return []
        ids = self.given_by.get(service.id)
        return [r for r in self.resources.values() if ids is None or r.id in ids]

    def service_named(self, name: str | None) -> Service:
        """The service by public id or name; the default one for None. Raises Invalid."""
        if name is None:
            return self.default_service
        wanted = name.strip().casefold()
        for service in self.offered:
            if wanted in (service.public_id, service.name.casefold()):
                return service
        raise Invalid("unknown_service", "service", params={"value": name})

    def resource_named(self, name: str | None) -> Resource | None:
        """The resource by public id or name; None for None. Raises Invalid."""
        if name is None:
            return None
        wanted = name.strip().casefold()
        for resource in self.resources.values():
            if wanted in (resource.public_id, resource.name.casefold()):
                return resource
        raise Invalid("unknown_resource", "resource", params={"value": name})

    def zone_named(self, name: str | None) -> str | None:
        """The zone as the owner spells it; None for None. Raises Invalid."""
        if name is None:
            return None
        for zone in self.zones:
            if zone.casefold() == name.strip().casefold():
                return zone
        raise Invalid("unknown_zone", "zone", params={"value": name})

    @property
    def offered(self) -> list[Service]:
        """The services that can be asked for."""
        return [service for service in self.services.values() if service.active]

    @property
    def widest_buffer(self) -> timedelta:
        """How far a booking may reach beyond its own start and end, at most."""
        minutes = [0]
        for rule in self.rules.values():
            minutes += [rule.buffer_before_minutes, rule.buffer_after_minutes]
        for service in self.services.values():
            minutes += [service.buffer_before_minutes or 0, service.buffer_after_minutes or 0]
        return timedelta(minutes=max(minutes))

    @property
    def zones(self) -> list[str]:
        return sorted({r.zone for r in self.resources.values() if r.zone})


def load(db: Database) -> Setup:
    """The present set-up; read again only when its version has changed. Raises NotFound before the first set-up."""
    number = db.value("SELECT number FROM setup_version")
    kept: Setup | None = getattr(db, "kept_setup", None)
    if kept is not None and kept.number == number:
        return kept
    fresh = _read(db, int(number))
    db.kept_setup = fresh  # what a transaction rolls back, its end forgets
    return fresh


def _read(db: Database, number: int) -> Setup:
    business = db.row(Business, "SELECT * FROM business")
    if business is None:
        raise NotFound("not_set_up")
    rules = _rules(db)
    services = {s.id: s for s in db.rows(Service, "SELECT * FROM service ORDER BY id")}
    resources = _resources(db, active=True)
    default_rule = db.value("SELECT id FROM availability_rule WHERE is_default = 1")
    return Setup(
        number=number,
        business=business,
        policies=from_settings({key: json.loads(value) for key, value in db.tuples("SELECT key, value FROM setting")}),
        rules=rules,
        default_rule=rules[default_rule],
        services=services,
        default_service=next(s for s in services.values() if s.is_default),
        resources={r.id: r for r in resources},
        given_by=_given_by(db),
        retired={r.id: r for r in _resources(db, active=False)},
    )


def _resources(db: Database, *, active: bool) -> list[Resource]:
    return db.rows(Resource, "SELECT * FROM resource WHERE active = ? ORDER BY max_party, priority, id", active)


def _rules(db: Database) -> dict[int, Rule]:
    overrides: dict[int, dict[date, Override]] = {}
    for rule_id, day, available, reason, intervals in db.tuples(
        "SELECT rule_id, day, available, reason, intervals FROM date_override"
    ):
        clocks = tuple((i["start"], i["end"]) for i in json.loads(intervals))
        overrides.setdefault(rule_id, {})[date.fromisoformat(day)] = Override(bool(available), reason, clocks)
    rows = db.tuples(
        """SELECT id, name, zone, schedule, slot_duration_minutes, step_minutes, buffer_before_minutes,
                  buffer_after_minutes, min_notice_minutes, max_notice_minutes FROM availability_rule"""
    )
    return {
        row[0]: Rule(
            row[0], row[1], ZoneInfo(row[2]), parse_schedule(json.loads(row[3])), row[4], row[5], row[6], row[7],
            row[8], row[9], overrides.get(row[0], {}),
        )
        for row in rows
    }  # fmt: skip


def _given_by(db: Database) -> dict[int, frozenset[int]]:
    given: dict[int, set[int]] = {}
    for service_id, resource_id in db.tuples("SELECT service_id, resource_id FROM service_resource"):
        given.setdefault(service_id, set()).add(resource_id)
    return {service_id: frozenset(ids) for service_id, ids in given.items()}


def connections(db: Database) -> list[Connection]:
    """All calendar connections, with what is known of their last read."""
    return db.rows(Connection, "SELECT * FROM connection ORDER BY id")


def connection(db: Database, connection_id: int) -> Connection | None:
    return db.row(Connection, "SELECT * FROM connection WHERE id = ?", connection_id)
