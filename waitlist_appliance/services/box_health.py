"""The one judge of "is the box well": for /readyz, `waitlist doctor`, the system page and the alarms.

Findings are codes and numbers; what they mean in words is said where they are shown. Nothing here asks anybody outside.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from waitlist_appliance.domain.calendars import readable
from waitlist_appliance.domain.errors import NotFound
from waitlist_appliance.domain.records import Connection
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.sync_calendar import is_depended_on
from waitlist_appliance.services.watch_box import SILENT_AFTER, WORKER
from waitlist_appliance.storage import (
    alarms,
    backup_runs,
    box_reads,
    connecting,
    health,
    heartbeats,
    schema,
    sealed,
    system_reads,
)
from waitlist_appliance.storage.box_reads import Late
from waitlist_appliance.storage.database import DatabaseError, StorageUnavailable, sqlite
from waitlist_appliance.storage.schema import SchemaMismatch
from waitlist_appliance.storage.vault import VaultError

log = logging.getLogger(__name__)

State = Literal["ok", "warning", "problem", "unknown"]
Check = Callable[[Appliance, datetime], "Finding"]

# The fact that says why nothing else could be found out.
UNKNOWN_WHY: Final = "unknown_why"
# What a database that is locked, broken, another one, or out of reach raises; some of it only while rows are fetched.
UNUSABLE: Final[tuple[type[Exception], ...]] = (DatabaseError, sqlite.Error, StorageUnavailable, OSError)

BACKLOG_AFTER: Final = timedelta(minutes=2)
# A night's backup, and two hours for a slow night.
BACKUP_AFTER: Final = timedelta(hours=26)
LATE_AFTER: Final = timedelta(minutes=5)
KEY_ENDS_SOON: Final = timedelta(days=14)
KEY_UNUSED: Final = timedelta(days=90)
# Four times what it is cut back to (storage/database.py).
LARGE_LOG: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Finding:
    """``check`` is a stable id ("worker", "database.integrity"); ``facts`` are what JSON can hold."""

    check: str
    state: State
    facts: Mapping[str, object] = field(default_factory=dict)


def ready(app: Appliance, now: datetime) -> list[Finding]:
    """Whether the box does its work now: worker, calendars, messages, database.writable, database.schema.

    Milliseconds, and never raises: what cannot be found out is a problem.
    """
    return [guarded(name, check, app, now) for name, check in READY.items()]


def examine(app: Appliance, now: datetime) -> list[Finding]:
    """Everything that the database and the box itself can tell; nobody outside is asked. Never raises."""
    tables = guarded("database.schema", database_schema, app, now)
    if tables.state != "ok":  # what else is asked for may not be there at all
        return [tables, *(guarded(name, EXAMINED[name], app, now) for name in OF_THE_FILE)]
    found = [guarded(name, check, app, now) for name, check in {**READY, **EXAMINED}.items()]
    try:
        return [*found, *work(app, now)]
    except UNUSABLE as error:
        return [*found, Finding("queue", "problem", {UNKNOWN_WHY: str(error)})]


def guarded(name: str, check: Check, app: Appliance, now: datetime) -> Finding:
    """The finding; a problem with its cause where the database does not answer."""
    try:
        return check(app, now)
    except UNUSABLE as error:
        log.warning("%s cannot be found out: %s", name, error)
        return Finding(name, "problem", {UNKNOWN_WHY: str(error)})


def worker(app: Appliance, now: datetime) -> Finding:
    """When it last said that it lives; `silent_seconds` is None when it never did."""
    beat = heartbeats.read(app.db, WORKER)
    if beat is None:
        return Finding("worker", "problem", {"silent_seconds": None})
    silent = now - beat.at
    facts = {"silent_seconds": round(silent.total_seconds()), **_told(beat.detail)}
    return Finding("worker", "problem" if silent > SILENT_AFTER else "ok", facts)


def calendars(app: Appliance, now: datetime) -> Finding:
    """The enabled calendars that cannot be read, or that something depends on and whose mirror may not be believed."""
    try:
        policies = app.setup().policies
    except NotFound:
        return Finding("calendars", "ok", {"enabled": 0, "stale": []})
    enabled = [found for found in connecting.present(app.db) if found.enabled and not _unfinished(found)]
    stale = [
        found.name for found in enabled
        if not readable(found, now, policies) and (_in_trouble(found) or is_depended_on(app, found, now))
    ]  # fmt: skip
    return Finding("calendars", "problem" if stale else "ok", {"enabled": len(enabled), "stale": stale})


def _unfinished(connection: Connection) -> bool:
    """Signed in, and no calendar chosen yet: nothing rests on it."""
    return connection.provider in ("google", "caldav") and not connection.calendar_id


def _in_trouble(connection: Connection) -> bool:
    return connection.status != "active" or connection.failing_since_at is not None


def messages(app: Appliance, now: datetime) -> Finding:
    """How long the oldest message has been due. While all sending is paused that is no fault of the box."""
    late = box_reads.messages_due(app.db, now)
    age = now - late.oldest_at if late.oldest_at else timedelta()
    paused = alarms.holds(app.db, alarms.SENDING_PAUSED)
    state: State = "ok" if age <= BACKLOG_AFTER else "warning" if paused else "problem"
    facts = {"due": late.number, "oldest_seconds": round(age.total_seconds()), "paused": paused}
    return Finding("messages", state, facts)


def web(app: Appliance, now: datetime) -> Finding:
    """Whether the web process answers on its own port."""
    host, port = app.config.host, app.config.port
    pong = app.probes.ping(host, port) if app.probes is not None else None
    return Finding("web", "problem" if pong is None else "ok", {"host": host, "port": port})


def backup(app: Appliance, now: datetime) -> Finding:
    """How old the newest good backup is. A box that never made one, and was never told to, is warned of that."""
    config, runs = app.config, backup_runs.newest(app.db, 1)
    configured = bool(runs or config.backup_recipient or config.backup_passphrase)
    if not configured:
        return Finding("backup", "warning", {"configured": False})
    last = backup_runs.last_good(app.db)
    at = last.finished_at if last else None
    age = now - at if at else None
    facts: dict[str, object] = {
        "configured": True, "age_seconds": round(age.total_seconds()) if age is not None else None,
        "file": last.file if last else None, "offsite": config.backup_offsite,
        "copied": last is not None and last.offsite_at is not None,
        "last_failed": runs[0].error if runs and runs[0].state == "failed" else None,
    }  # fmt: skip
    if age is None:
        # The first backup comes in the first night; while it is made, nothing has failed.
        return Finding("backup", "problem" if facts["last_failed"] else "warning", facts)
    uncopied = bool(config.backup_offsite) and not facts["copied"]
    late = age > BACKUP_AFTER
    return Finding("backup", "problem" if late else "warning" if uncopied or facts["last_failed"] else "ok", facts)


def work(app: Appliance, now: datetime) -> list[Finding]:
    """How long everything else that the worker does has been due, besides messages."""
    return [_late(f"queue.{name}", late, now) for name, late in box_reads.late_work(app.db, now).items()]


def _late(check: str, late: Late, now: datetime) -> Finding:
    age = now - late.oldest_at if late.oldest_at else timedelta()
    facts = {"due": late.number, "oldest_seconds": round(age.total_seconds())}
    return Finding(check, "problem" if age > LATE_AFTER else "ok", facts)


def integrity(app: Appliance, now: datetime) -> Finding:
    """Whether the file is whole, as far as a quick look tells."""
    return _integrity(box_reads.faults(app.db), thorough=False)


def thorough_integrity(app: Appliance, moved: Callable[[int, int], object]) -> Finding:
    """Every table with its indexes, compared row by row; ``moved`` is told how many of how many are done."""
    tables, faults = box_reads.tables(app.db), list[str]()
    for number, table in enumerate(tables, 1):
        try:
            faults += box_reads.faults(app.db, table)
        except UNUSABLE as error:
            faults.append(f"{table}: {error}")
        moved(number, len(tables))
    return _integrity(faults, thorough=True)


def _integrity(faults: list[str], *, thorough: bool) -> Finding:
    return Finding("database.integrity", "problem" if faults else "ok", {"faults": faults[:5], "thorough": thorough})


def references(app: Appliance, now: datetime) -> Finding:
    tables = box_reads.orphans(app.db)
    return Finding("database.references", "problem" if tables else "ok", {"tables": tables})


def log_file(app: Appliance, now: datetime) -> Finding:
    """The write-ahead log: it grows when somebody reads for hours, and nobody can empty it meanwhile."""
    found, mode = system_reads.store(app.db), box_reads.journal_mode(app.db)
    large = found.log_size > LARGE_LOG
    facts = {"journal_mode": mode, "log_bytes": found.log_size, "database_bytes": found.size}
    return Finding("database.log", "problem" if mode != "wal" else "warning" if large else "ok", facts)


def key_file(app: Appliance, now: datetime) -> Finding:
    """Whether the key is there, closed to others, and opens everything that is sealed."""
    kept = sealed.count(app.db)
    facts: dict[str, object] = {"path": str(app.config.credentials_key_path), "sealed": kept}
    try:
        app.vault.check()
        sealed.check(app.db, app.vault)
    except VaultError as error:
        return Finding("data.key", "problem" if kept else "warning", {**facts, "error": str(error)})
    return Finding("data.key", "ok", facts)


def api_keys(app: Appliance, now: datetime) -> Finding:
    """Keys that end soon or have ended, and those that nobody has used for long."""
    keys = box_reads.api_keys(app.db)
    ending = [key.name for key in keys if key.expires_at and key.expires_at <= now + KEY_ENDS_SOON]
    unused = [key.name for key in keys if (key.last_used_at or key.created_at) <= now - KEY_UNUSED]
    state: State = "warning" if ending or unused else "ok"
    return Finding("api_keys", state, {"number": len(keys), "ending": ending, "unused": unused})


def second_factor(app: Appliance, now: datetime) -> Finding:
    names = box_reads.owners_with_a_password_only(app.db)
    return Finding("second_factor", "warning" if names else "ok", {"owners_without": names})


def standing_alarms(app: Appliance, now: datetime) -> Finding:
    found = [
        {"condition": alarm.condition, "since": alarm.since_at.isoformat(), "detail": alarm.detail}
        for alarm in alarms.present(app.db)
    ]
    return Finding("alarms", "warning" if found else "ok", {"alarms": found})


def database_writable(app: Appliance, now: datetime) -> Finding:
    return Finding("database.writable", "ok" if health.writable(app.db) else "problem")


def database_schema(app: Appliance, now: datetime) -> Finding:
    try:
        schema.check(app.db)
    except SchemaMismatch as error:
        return Finding("database.schema", "problem", {"newer": error.newer, "said": str(error)})
    return Finding("database.schema", "ok")


def _told(detail: str) -> dict[str, object]:
    """What a heartbeat says besides: pid, failures, pass_ms."""
    try:
        found = json.loads(detail)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


READY: Final[Mapping[str, Check]] = {
    "database.schema": database_schema,
    "database.writable": database_writable,
    "worker": worker,
    "messages": messages,
    "calendars": calendars,
}
EXAMINED: Final[Mapping[str, Check]] = {
    "database.integrity": integrity,
    "database.references": references,
    "database.log": log_file,
    "data.key": key_file,
    "web": web,
    "backup": backup,
    "api_keys": api_keys,
    "second_factor": second_factor,
    "alarms": standing_alarms,
}
OF_THE_FILE: Final = ("database.integrity", "database.references", "database.log")
