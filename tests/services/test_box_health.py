"""Is the box well? What is judged a problem, what a warning, and what is nobody's fault."""

from __future__ import annotations

import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.story import Story
from waitlist_appliance.config import Config
from waitlist_appliance.services import box_health, box_place
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.box_health import Finding
from waitlist_appliance.services.messaging_accounts import BY_STAFF
from waitlist_appliance.storage import alarms, api_keys, backup_runs, heartbeats, staff
from waitlist_appliance.storage.database import sqlite

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def states(findings: list[Finding]) -> dict[str, str]:
    return {found.check: found.state for found in findings}


def test_a_box_at_work_is_ready(box: Appliance, now: datetime) -> None:
    heartbeats.beat(box.db, "worker", now)
    assert states(box_health.ready(box, now)) == dict.fromkeys(
        ["database.schema", "database.writable", "worker", "messages", "calendars"], "ok"
    )


@pytest.mark.parametrize(("minutes", "state"), [(2, "ok"), (4, "problem")])
def test_a_worker_may_be_silent_for_three_minutes(box: Appliance, now: datetime, minutes: int, state: str) -> None:
    heartbeats.beat(box.db, "worker", now, '{"pass_ms": 12}')
    found = box_health.worker(box, now + minutes * MINUTE)
    assert (found.state, found.facts) == (state, {"silent_seconds": minutes * 60, "pass_ms": 12})


def test_a_worker_that_never_ran_is_a_problem(box: Appliance, now: datetime) -> None:
    assert box_health.worker(box, now) == Finding("worker", "problem", {"silent_seconds": None})


def test_a_message_due_for_two_minutes_is_a_problem_unless_sending_is_paused(story: Story) -> None:
    box = story.box
    story.full("19:30")
    story.caller("Ana")
    due = _one_is_due(box)
    assert box_health.messages(box, due + MINUTE).state == "ok"
    assert box_health.messages(box, due + 3 * MINUTE).state == "problem"
    with box.db.write():
        alarms.raise_alarm(box.db, alarms.SENDING_PAUSED, BY_STAFF, due)
    assert box_health.messages(box, due + 3 * MINUTE).state == "warning"


def test_a_message_that_is_being_sent_is_not_late(story: Story) -> None:
    story.full("19:30")
    story.caller("Ana")
    due = _one_is_due(story.box)
    story.box.db.execute("UPDATE message SET state = 'sending', lease_until_at = ?", due + 10 * MINUTE)
    assert box_health.messages(story.box, due + 5 * MINUTE).facts["due"] == 0
    assert box_health.messages(story.box, due + 11 * MINUTE).state == "problem"


def test_a_calendar_that_fails_is_named(box: Appliance, now: datetime) -> None:
    box.db.execute("UPDATE connection SET failing_since_at = ?, name = 'Sala'", now)
    found = box_health.calendars(box, now)
    assert (found.state, found.facts["stale"]) == ("problem", ["Sala"])


def test_a_calendar_that_nobody_needs_may_be_old_and_one_that_is_needed_may_not(box: Appliance, now: datetime) -> None:
    box.db.execute(
        """UPDATE connection SET provider = 'ics', live_mirror = 0, last_sync_at = ?, span_until_at = ?""",
        now - DAY, now + 60 * DAY,
    )  # fmt: skip
    assert box_health.calendars(box, now).state == "ok"
    box.db.execute("UPDATE connection SET asked_at = ?", now - 2 * DAY)
    assert box_health.calendars(box, now).state == "problem"


def test_a_locked_database_is_a_finding_and_no_error(box: Appliance, now: datetime) -> None:
    other = sqlite.connect(box.db.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    box.db.peewee.timeout = 0  # the real one waits five seconds
    box.db.close()
    try:
        assert states(box_health.ready(box, now))["database.writable"] == "problem"
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert states(box_health.ready(box, now))["database.writable"] == "ok"


def test_a_database_without_its_tables_is_a_finding_and_no_error(box: Appliance, now: datetime) -> None:
    with box.db.write():
        box.db.execute("DELETE FROM schema_migration WHERE name LIKE '0002%'")
    found = box_health.examine(box, now)
    assert states(found)["database.schema"] == "problem"
    assert "worker" not in states(found)
    assert found[0].facts["newer"] is False


def test_a_broken_page_is_found(box: Appliance, now: datetime) -> None:
    box.db.tuples("PRAGMA wal_checkpoint(TRUNCATE)")
    root = int(box.db.value("SELECT rootpage FROM sqlite_schema WHERE name = 'activity'"))
    page = int(box.db.value("PRAGMA page_size"))
    box.db.close()
    with Path(box.db.path).open("r+b") as file:
        file.seek((root - 1) * page)
        file.write(os.urandom(page))
    assert box_health.guarded("database.integrity", box_health.integrity, box, now).state == "problem"
    told: list[tuple[int, int]] = []
    found = box_health.thorough_integrity(box, lambda number, of: told.append((number, of)))
    assert (found.state, "activity" in str(found.facts["faults"])) == ("problem", True)
    assert told[-1][0] == told[-1][1] == len(told)


def test_an_index_that_disagrees_is_found_by_the_thorough_look_only(box: Appliance, now: datetime) -> None:
    with box.db.write():
        box.db.execute("CREATE TABLE doubtful (a INTEGER, b INTEGER) STRICT")
        box.db.execute("CREATE INDEX doubtful_a ON doubtful (a)")
        box.db.execute("INSERT INTO doubtful VALUES (1, 1), (2, 2)")
        box.db.execute("PRAGMA writable_schema = ON")
        box.db.execute("UPDATE sqlite_schema SET sql = 'CREATE INDEX doubtful_a ON doubtful (b DESC)' WHERE name = 'doubtful_a'")
    box.db.close()
    assert box_health.integrity(box, now).state == "ok"
    assert box_health.thorough_integrity(box, lambda number, of: None).state == "problem"


def test_a_row_that_points_to_nothing_is_found(box: Appliance, now: datetime) -> None:
    assert box_health.references(box, now).state == "ok"
    other = sqlite.connect(box.db.path)
    other.execute("INSERT INTO blocking_calendar (resource_id, connection_id) VALUES (999, 999)")
    other.commit()
    other.close()
    assert box_health.references(box, now).facts == {"tables": ["blocking_calendar"]}


def test_backups_are_judged_by_the_last_good_one(box: Appliance, now: datetime) -> None:
    assert box_health.backup(box, now) == Finding("backup", "warning", {"configured": False})
    run = backup_runs.begin(box.db, now)
    backup_runs.done(box.db, run, now, "a.tar", 1, 1)
    assert box_health.backup(box, now + timedelta(hours=25)).state == "ok"
    late = box_health.backup(box, now + timedelta(hours=27))
    assert (late.state, late.facts["age_seconds"]) == ("problem", 27 * 3600)
    backup_runs.failed(box.db, backup_runs.begin(box.db, now + MINUTE), now + MINUTE, "no space")
    failed = box_health.backup(box, now + 2 * MINUTE)
    assert (failed.state, failed.facts["last_failed"]) == ("warning", "no space")


def test_backups_that_never_worked_are_a_problem(box: Appliance, now: datetime) -> None:
    backup_runs.failed(box.db, backup_runs.begin(box.db, now), now, "no space")
    assert box_health.backup(box, now).state == "problem"


def test_while_the_first_backup_is_made_nothing_is_wrong(box: Appliance, now: datetime) -> None:
    backup_runs.begin(box.db, now)
    assert box_health.backup(box, now).state == "warning"


def test_keys_that_end_or_that_nobody_uses_are_named(box: Appliance, now: datetime) -> None:
    api_keys.create(box.db, "fresh", api_keys.SCOPES, now)
    api_keys.create(box.db, "ending", api_keys.SCOPES, now, now + 10 * DAY)
    api_keys.create(box.db, "forgotten", api_keys.SCOPES, now - 91 * DAY)
    facts = box_health.api_keys(box, now).facts
    assert (facts["ending"], facts["unused"]) == (["ending"], ["forgotten"])


def test_an_owner_with_a_password_alone_is_named_and_one_with_a_passkey_is_not(box: Appliance, now: datetime) -> None:
    with box.db.write():
        for name in ("Olivia", "Pau"):
            user = staff.insert_user(box.db, f"{name}@casalola.example", name, "owner", now)
            box.db.execute("UPDATE staff_user SET password_hash = 'x' WHERE id = ?", user)
        box.db.insert(
            "passkey", public_id="p", user_id=user, credential_id=b"c", public_key=b"k", sign_count=0, name="phone",
            created_at=now,
        )  # fmt: skip
    found = box_health.second_factor(box, now)
    assert (found.state, found.facts) == ("warning", {"owners_without": ["Olivia"]})


def test_what_the_worker_left_undone_is_told_by_its_kind(asked: Story) -> None:
    deadline = asked.box.db.value("SELECT MAX(deadline_at) FROM offer")
    later = datetime.fromtimestamp(deadline / 1000, tz=asked.now.tzinfo) + 6 * MINUTE
    assert states(box_health.work(asked.box, later))["queue.offers"] == "problem"
    assert states(box_health.work(asked.box, later))["queue.calendar_writes"] == "ok"


def test_a_key_that_does_not_open_what_is_sealed_is_a_problem(box: Appliance, now: datetime) -> None:
    assert box_health.key_file(box, now).state == "ok"
    box.config.credentials_key_path.unlink()
    assert box_health.key_file(box, now).state == "warning"
    with box.db.write():
        box.db.execute("UPDATE connection SET credentials = x'00'")
    assert box_health.key_file(box, now).state == "problem"


def _one_is_due(box: Appliance) -> datetime:
    box.db.execute("UPDATE message SET state = 'pending', lease_until_at = NULL WHERE id = (SELECT MIN(id) FROM message)")
    box.db.execute("DELETE FROM message WHERE state <> 'pending' OR id > (SELECT MIN(id) FROM message)")
    found = box.db.value("SELECT due_at FROM message")
    return datetime.fromtimestamp(found / 1000, tz=box.setup().zone)


def a_config(folder: Path) -> Config:
    return Config(data_directory=folder, token_key=b"t" * 32, session_key=b"s" * 32)


def test_a_data_folder_that_is_open_to_everybody_is_told_of(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    (folder / "waitlist.db").touch(0o644)
    assert box_place.data_directory(a_config(folder)).state == "ok"  # nobody gets as far as the file
    folder.chmod(0o755)
    found = box_place.data_directory(a_config(folder))
    assert (found.state, found.facts["open_to_everybody"]) == ("problem", ["waitlist.db"])
    (folder / "waitlist.db").chmod(0o600)
    assert box_place.data_directory(a_config(folder)).state == "warning"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_that_is_not_the_services_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "waitlist.db-wal").touch(0o600)
    os.chown(tmp_path / "waitlist.db-wal", 65534, 65534)
    tmp_path.chmod(0o700)
    found = box_place.data_directory(a_config(tmp_path))
    assert (found.state, found.facts["not_the_owners"]) == ("problem", ["waitlist.db-wal"])


def test_a_data_folder_that_is_gone_is_a_problem(tmp_path: Path) -> None:
    found = box_place.data_directory(a_config(tmp_path / "gone"))
    assert (found.state, found.facts["missing"]) == ("problem", True)


@pytest.mark.parametrize(("mode", "state"), [(0o600, "ok"), (0o640, "ok"), (0o644, "ok"), (0o660, "problem"), (0o646, "problem")])
def test_nobody_else_may_change_the_configuration(tmp_path: Path, mode: int, state: str) -> None:
    path = tmp_path / "config.toml"
    path.touch()
    path.chmod(mode)
    assert box_place.configuration_file(path).state == state


@pytest.mark.parametrize(("megabytes", "state"), [(10, "problem"), (550, "warning"), (700, "ok")])
def test_little_space_is_a_warning_and_hardly_any_a_problem(
    tmp_path: Path, megabytes: int, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    usage = shutil.disk_usage(tmp_path)._replace(free=megabytes * 1024 * 1024)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert box_place.disk("disk.data", tmp_path / "not" / "yet").state == state


def test_a_time_zone_that_is_unknown_here_is_a_problem(now: datetime) -> None:
    assert box_place.zones(now, "Europe/Madrid").facts["local_time"] == "2026-01-15T11:00+01:00"
    assert box_place.zones(now, "Europe/Atlantis").state == "problem"
    assert box_place.zones(now, None).state == "ok"


def test_the_present_sqlite_is_judged_by_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "sqlite_version", "3.51.3")
    assert box_place.sqlite_version().state == "ok"
    monkeypatch.setattr(sqlite, "sqlite_version", "3.40.1")
    assert box_place.sqlite_version().state == "warning"
