"""`waitlist watch`: its exit code and what it says, also where the database cannot be used."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result

from waitlist_appliance.bootstrap import build
from waitlist_appliance.config import load
from waitlist_appliance.storage import heartbeats
from waitlist_appliance.storage.database import sqlite

Run = Callable[..., Result]


def lives(config: Path, minutes_ago: float = 0) -> None:
    app = build(load(config))
    heartbeats.beat(app.db, "worker", datetime.now(UTC) - timedelta(minutes=minutes_ago))
    app.db.close()


def test_what_is_wrong_is_said_with_what_to_do(waitlist: Run, box: Path) -> None:
    lives(box, minutes_ago=10)
    result = waitlist("watch")
    assert result.exit_code == 1
    assert "worker: It has been silent for 10 min" in result.stderr
    assert "sudo systemctl restart waitlist-worker" in result.stderr
    assert "web: The web server does not answer" in result.stderr


def test_programs_read_the_same_as_json(waitlist: Run, box: Path) -> None:
    lives(box)
    result = waitlist("watch", "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["ok"]) == (1, False)
    assert [(finding["check"], finding["state"]) for finding in found["findings"]] == [("web", "problem")]


def test_a_missing_database_is_said_in_one_line(waitlist: Run, box: Path) -> None:
    (box.parent / "data" / "waitlist.db").unlink()
    result = waitlist("watch")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "waitlist migrate" in result.stderr
    assert not (box.parent / "data" / "waitlist.db").exists()


def test_a_database_that_is_none_is_said_in_one_line(waitlist: Run, box: Path) -> None:
    (box.parent / "data" / "waitlist.db").write_bytes(os.urandom(9000))
    result = waitlist("watch")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "database" in result.stderr


@pytest.mark.slow
def test_a_locked_database_is_said_and_nothing_raises(waitlist: Run, box: Path) -> None:
    lives(box, minutes_ago=10)
    other = sqlite.connect(str(box.parent / "data" / "waitlist.db"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        result = waitlist("watch")
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert result.exit_code == 1
    assert "database.writable: " in result.stderr
    assert "worker: It has been silent" in result.stderr
