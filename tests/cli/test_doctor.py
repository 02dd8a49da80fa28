"""`waitlist doctor`: what it says of sound boxes and of broken ones, and its exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.served import served
from waitlist_appliance.bootstrap import build
from waitlist_appliance.cli import box_words, doctor
from waitlist_appliance.config import load
from waitlist_appliance.services import box_health
from waitlist_appliance.services.box_health import Finding
from waitlist_appliance.storage import heartbeats
from waitlist_appliance.storage.database import sqlite

Run = Callable[..., Result]


def examined(waitlist: Run, *options: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code, and every finding by its check."""
    result = waitlist("doctor", "--json", *(options or ("--offline",)))
    found = json.loads(result.stdout)
    assert found["exit_code"] == result.exit_code
    return result.exit_code, {finding["check"]: finding for finding in found["findings"]}


def database(box: Path) -> Path:
    return box.parent / "data" / "waitlist.db"


def lives(box: Path) -> None:
    app = build(load(box))
    heartbeats.beat(app.db, "worker", datetime.now(UTC), '{"pass_ms": 8}')
    app.db.close()


def test_a_sound_box_ends_with_zero_and_its_warnings(waitlist: Run, box: Path) -> None:
    lives(box)
    app = build(load(box))
    with served(app, app.config.port):
        result = waitlist("doctor", "--offline")
    assert result.exit_code == 0, result.output
    assert "0 problems" in result.output
    assert "waitlist backup create" in result.output
    for group in ("This machine", "Database", "Work", "Care"):
        assert group in result.output
    assert "public.address" not in result.output


def test_online_the_public_address_is_asked_too(waitlist: Run, box: Path) -> None:
    lives(box)
    app = build(load(box))
    with served(app, app.config.port):
        code, found = examined(waitlist, "--thorough")
    assert code == 0
    assert found["public.address"]["facts"]["this_box"] is True
    assert found["public.proxy"]["state"] == "ok"
    assert found["database.integrity"]["facts"]["thorough"] is True


def test_a_fresh_box_whose_services_do_not_run_has_problems_with_what_to_do(waitlist: Run) -> None:
    result = waitlist("doctor", "--offline")
    assert result.exit_code == 1
    assert "sudo systemctl enable --now waitlist-worker" in result.output
    assert "sudo systemctl restart waitlist-web" in result.output


def test_a_broken_configuration_is_told_and_the_machine_looked_at(waitlist: Run, box: Path) -> None:
    box.write_text(box.read_text().replace("threads = 8", "threads = 800"))
    code, found = examined(waitlist)
    assert code == 1
    assert "threads" in found["config"]["sentence"]
    assert found["database.sqlite"]["state"] in ("ok", "warning")
    assert "worker" not in found


def test_a_missing_configuration_is_told(waitlist: Run, box: Path) -> None:
    box.unlink()
    code, found = examined(waitlist)
    assert (code, found["config"]["state"]) == (1, "problem")


def test_a_missing_database_is_told_and_none_is_made(waitlist: Run, box: Path) -> None:
    database(box).unlink()
    code, found = examined(waitlist)
    assert code == 1
    assert found["database"]["facts"]["missing"] is True
    assert not database(box).exists()


def test_a_file_that_is_no_database_is_told_with_the_way_back(waitlist: Run, box: Path) -> None:
    database(box).write_bytes(os.urandom(9000))
    code, found = examined(waitlist)
    assert code == 1
    assert (found["database"]["state"], "waitlist backup restore" in found["database"]["advice"]) == ("problem", True)
    assert found["data.directory"]["state"] == "ok"


def test_a_damaged_page_is_told_with_the_way_back(waitlist: Run, box: Path) -> None:
    with sqlite.connect(str(database(box))) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'activity'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with database(box).open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(os.urandom(size))
    code, found = examined(waitlist)
    assert code == 1
    assert found["database.integrity"]["state"] == "problem"
    assert examined(waitlist, "--offline", "--thorough")[1]["database.integrity"]["state"] == "problem"


@pytest.mark.parametrize(
    ("statement", "advice"),
    [
        ("UPDATE schema_migration SET name = '9999_future' WHERE name LIKE '0010%'", "newer version"),
        ("DELETE FROM schema_migration WHERE name LIKE '0010%'", "waitlist migrate"),
    ],
)
def test_a_database_of_another_version_is_told_with_what_to_do(
    waitlist: Run, box: Path, statement: str, advice: str
) -> None:
    with sqlite.connect(str(database(box))) as connection:
        connection.execute(statement)
    connection.close()
    code, found = examined(waitlist)
    assert (code, advice in found["database.schema"]["advice"]) == (1, True)
    assert found["database.integrity"]["state"] == "ok"
    assert "worker" not in found


@pytest.mark.slow
def test_a_locked_database_is_told(waitlist: Run, box: Path) -> None:
    lives(box)
    other = sqlite.connect(str(database(box)), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        code, found = examined(waitlist)
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert (code, found["database.writable"]["state"], found["worker"]["state"]) == (1, "problem", "ok")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_somebody_who_may_not_look_is_told_to_be_somebody_else(waitlist: Run, box: Path) -> None:
    examined(waitlist)  # what is imported now need not be read by somebody else
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setresuid(65534, 65534, 65534)
            os.write(theirs, json.dumps(examined(waitlist)).encode())
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as answer:
        code, found = json.loads(answer.read())
    os.waitpid(child, 0)
    assert (code, found["config"]["state"]) == (2, "unknown")
    assert "sudo waitlist doctor" in found["config"]["advice"]


def test_the_worst_decides_the_exit_code() -> None:
    well, warned = Finding("a", "ok"), Finding("b", "warning")
    assert doctor.exit_code([well, warned, Finding("clock.skew", "unknown")]) == 0
    assert doctor.exit_code([well, Finding("worker", "problem")]) == 1
    assert doctor.exit_code([Finding("worker", "problem"), Finding("database", "unknown")]) == 2


def test_who_does_not_answer_is_not_waited_for() -> None:
    never = threading.Event()

    def hangs() -> list[Finding]:
        never.wait(20)
        return []

    began = time.monotonic()
    found = doctor.ask_all({"slow": hangs, "quick": lambda: [Finding("quick", "ok")]}, 0.2, lambda percent: None)
    assert time.monotonic() - began < 10
    assert [(finding.check, finding.state) for finding in found] == [("slow", "unknown"), ("quick", "ok")]
    never.set()


def test_every_check_has_words() -> None:
    checks = {*box_health.READY, *box_health.EXAMINED}
    assert checks - set(box_words._WORDS) == set()


@pytest.mark.parametrize("check", ["queue.slots", "calendar.Sala", "messaging.smtp", "data.key", "something.new"])
def test_what_could_not_be_found_out_says_why(check: str) -> None:
    finding = Finding(check, "unknown", {box_health.UNKNOWN_WHY: "the disk is gone"})
    assert box_words.explain(finding).sentence == "It could not be found out: the disk is gone."


@pytest.mark.parametrize(("seconds", "words"), [(5, "5 s"), (600, "10 min"), (7200, "2 h"), (86400 * 3, "3 days")])
def test_spans_of_time_are_short(seconds: int, words: str) -> None:
    assert box_words.ago(seconds) == words


def test_without_signs_the_words_stand_alone(waitlist: Run, box: Path) -> None:
    line = [sys.executable, "-m", "waitlist_appliance", "--config", str(box), "doctor", "--offline"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii:backslashreplace", "PYTHONUTF8": "0"}
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert done.returncode == 1
    assert "PROBLEM worker" in done.stdout
    assert "do: sudo systemctl" in done.stdout
    assert "\\u" not in done.stdout
