"""What changing the set-up writes, and what it has to know first, as SQL."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from waitlist_appliance.domain.availability import Clocks
from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.ids import public_id
from waitlist_appliance.storage.slots import ACTIVE


@dataclass(frozen=True, slots=True)
class Logo:
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class ResourceLine:
    """A resource as the settings list it; `bookings` and `holds` lie ahead."""

    id: int
    public_id: str
    name: str
    kind: str
    min_party: int
    max_party: int
    zone: str | None
    priority: int
    active: bool
    own_hours: bool
    bookings: int
    holds: int


@dataclass(frozen=True, slots=True)
class Ahead:
    """What lies ahead of now: bookings, live holds, watched slots."""

    bookings: int
    holds: int
    slots: int


def logo(db: Database) -> Logo | None:
    return db.row(Logo, "SELECT media_type, content FROM logo")


def set_logo(db: Database, media_type: str, content: bytes, hashed: str, now: datetime) -> None:
    db.execute(
        """INSERT INTO logo (id, media_type, content, updated_at) VALUES (1, ?, ?, ?) ON CONFLICT (id) DO UPDATE
           SET media_type = excluded.media_type, content = excluded.content, updated_at = excluded.updated_at""",
        media_type, content, now,
    )  # fmt: skip
    db.execute("UPDATE business SET logo = ?", hashed)


def remove_logo(db: Database) -> int:
    db.execute("UPDATE business SET logo = NULL")
    return db.execute("DELETE FROM logo")


def update(db: Database, table: str, row_id: int, values: dict[str, object]) -> None:
    """Set these columns of one row. Names come from our own code, never from input."""
    columns = ", ".join(f"{column} = ?" for column in values)
    db.execute(f"UPDATE {table} SET {columns} WHERE id = ?", *values.values(), row_id)


def set_setting(db: Database, key: str, value: object, now: datetime) -> None:
    db.execute(
        """INSERT INTO setting (key, value, updated_at) VALUES (?, ?, ?)
           ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at""",
        key, json.dumps(value), now,
    )  # fmt: skip


def unset_setting(db: Database, key: str) -> int:
    return db.execute("DELETE FROM setting WHERE key = ?", key)


def settings(db: Database) -> dict[str, object]:
    """What is stored: policies that may differ from their default."""
    return {key: json.loads(value) for key, value in db.tuples("SELECT key, value FROM setting")}


def copy_rule(db: Database, rule_id: int, name: str) -> int:
    """A rule with the hours of this one, its single days ahead included; its id."""
    columns = (
        "zone, schedule, slot_duration_minutes, step_minutes, buffer_before_minutes, buffer_after_minutes, "
        "min_notice_minutes, max_notice_minutes"
    )
    new_id = int(db.value(
        f"""INSERT INTO availability_rule (public_id, name, {columns})
            SELECT ?, ?, {columns} FROM availability_rule WHERE id = ? RETURNING id""",
        public_id(), name, rule_id,
    ))  # fmt: skip
    db.execute(
        """INSERT INTO date_override (rule_id, day, available, reason, intervals)
           SELECT ?, day, available, reason, intervals FROM date_override WHERE rule_id = ?""",
        new_id, rule_id,
    )  # fmt: skip
    return new_id


def drop_rule(db: Database, rule_id: int) -> int:
    return db.execute("DELETE FROM availability_rule WHERE id = ?", rule_id)


def set_override(db: Database, rule_id: int, day: date, available: bool, reason: str | None, intervals: Clocks) -> None:
    clocks = json.dumps([{"start": start, "end": end} for start, end in intervals])
    db.execute(
        """INSERT INTO date_override (rule_id, day, available, reason, intervals) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (rule_id, day) DO UPDATE SET available = excluded.available, reason = excluded.reason,
           intervals = excluded.intervals""",
        rule_id, day.isoformat(), available, reason, clocks,
    )  # fmt: skip


def remove_override(db: Database, rule_id: int, day: date) -> int:
    return db.execute("DELETE FROM date_override WHERE rule_id = ? AND day = ?", rule_id, day.isoformat())


def ahead(db: Database, now: datetime) -> Ahead:
    """Everything that would be read otherwise if the clocks of the business changed."""
    row = db.tuples(
        f"""SELECT (SELECT COUNT(*) FROM occupancy WHERE ends_at > ?1 AND booking_id IS NOT NULL),
                   (SELECT COUNT(*) FROM hold WHERE state = 'live'),
                   (SELECT COUNT(*) FROM slot WHERE status IN {ACTIVE} AND closes_at > ?1)""",
        now,
    )[0]  # fmt: skip
    return Ahead(*row)


def ahead_of_resource(db: Database, resource_id: int, now: datetime) -> Ahead:
    row = db.tuples(
        """SELECT (SELECT COUNT(*) FROM occupancy WHERE resource_id = ?1 AND ends_at > ?2 AND booking_id IS NOT NULL),
                  (SELECT COUNT(*) FROM hold WHERE resource_id = ?1 AND state = 'live'), 0""",
        resource_id, now,
    )[0]  # fmt: skip
    return Ahead(*row)


def ahead_of_service(db: Database, service_id: int, now: datetime) -> Ahead:
    row = db.tuples(
        f"""SELECT (SELECT COUNT(*) FROM booking WHERE service_id = ?1 AND starts_at > ?2
                       AND status IN ('pending', 'confirmed')),
                   (SELECT COUNT(*) FROM hold JOIN slot ON slot.id = hold.slot_id
                     WHERE hold.state = 'live' AND slot.service_id = ?1),
                   (SELECT COUNT(*) FROM slot WHERE service_id = ?1 AND status IN {ACTIVE} AND closes_at > ?2)""",
        service_id, now,
    )[0]  # fmt: skip
    return Ahead(*row)


def resource_lines(db: Database, now: datetime) -> list[ResourceLine]:
    """Every resource, those in use first, with what lies ahead of it."""
    return db.rows(
        ResourceLine,
        """SELECT r.id, r.public_id, r.name, r.kind, r.min_party, r.max_party, r.zone, r.priority, r.active,
                  r.rule_id IS NOT NULL AS own_hours,
                  (SELECT COUNT(*) FROM occupancy o WHERE o.resource_id = r.id AND o.ends_at > ?1
                      AND o.booking_id IS NOT NULL) AS bookings,
                  (SELECT COUNT(*) FROM hold h WHERE h.resource_id = r.id AND h.state = 'live') AS holds
             FROM resource r ORDER BY r.active DESC, r.kind, r.zone, r.max_party, r.priority, r.id""",
        now,
    )  # fmt: skip


def rename_in_calendar(db: Database, old_name: str, public_id: str) -> None:
    """Events of the built-in calendar that named the resource follow it through its public id."""
    db.execute("UPDATE local_event SET resource = ? WHERE resource = ? COLLATE NOCASE", public_id, old_name)


def set_given_by(db: Database, service_id: int, resource_ids: Iterable[int] | None) -> None:
    """Who gives the service; None: everybody."""
    db.execute("DELETE FROM service_resource WHERE service_id = ?", service_id)
    for resource_id in resource_ids or ():
        db.insert("service_resource", service_id=service_id, resource_id=resource_id)


def stretch_slots(db: Database, service_id: int, duration: timedelta) -> None:
    """The service lasts longer or shorter now: the slots still watched end with it."""
    db.execute(
        f"UPDATE slot SET ends_at = starts_at + ? WHERE service_id = ? AND status IN {ACTIVE}",
        int(duration.total_seconds() * 1000), service_id,
    )  # fmt: skip


def first_run(db: Database) -> tuple[str, bool] | None:
    """The step the first set-up stands at and whether it is over; None when it was never begun."""
    rows = db.tuples("SELECT step, finished_at IS NOT NULL FROM first_run")
    return (rows[0][0], bool(rows[0][1])) if rows else None


def set_first_run(db: Database, step: str, finished_at: datetime | None) -> None:
    db.execute(
        """INSERT INTO first_run (id, step, finished_at) VALUES (1, ?, ?) ON CONFLICT (id) DO UPDATE
           SET step = excluded.step, finished_at = excluded.finished_at""",
        step, finished_at,
    )  # fmt: skip
