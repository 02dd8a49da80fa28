"""A box that has been running keeps its sessions and its letters through migration 8."""

from __future__ import annotations

import importlib
from pathlib import Path

from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.schema import known


def test_sessions_and_letters_outlive_the_second_factor(tmp_path: Path) -> None:
    db = Database(tmp_path / "waitlist.db")
    steps = [importlib.import_module(f"waitlist_appliance.storage.migrations.{name}") for name in sorted(known())]
    for step in steps[:7]:
        step.up(None, db.peewee)
    user = db.insert("staff_user", public_id="u", email="a@b.example", name="Olivia", role="owner", created_at=1)
    db.insert("staff_session", hash=b"h", user_id=user, created_at=5, seen_at=6, expires_at=7)
    db.insert(
        "staff_letter", user_id=user, kind="invitation", sealed=b"s", until_at=9, due_at=8, created_at=4, attempts=2
    )
    letter = db.tuples("SELECT * FROM staff_letter")
    steps[7].up(None, db.peewee)
    assert db.tuples("SELECT * FROM staff_letter") == letter
    assert db.tuples("SELECT hash, user_id, proved_at, proved_by FROM staff_session") == [(b"h", user, 5, "password")]
    assert len(db.value("SELECT public_id FROM staff_session")) == 32
    assert db.tuples("PRAGMA foreign_key_check") == []
    db.insert("staff_letter", user_id=user, kind="account", until_at=9, due_at=8, created_at=4)
    db.close()
