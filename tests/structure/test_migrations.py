"""Migrations are numbered from 1 without a gap, so that the order is the same on every machine."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "waitlist_appliance" / "storage" / "migrations"
FILES = sorted(path.name for path in FOLDER.glob("*.py") if path.name != "__init__.py")


def test_every_migration_is_named_by_number_and_purpose() -> None:
    assert FILES
    assert [name for name in FILES if not re.fullmatch(r"\d{4}_[a-z0-9_]+\.py", name)] == []


def test_the_numbers_of_migrations_have_no_gap() -> None:
    assert [int(name[:4]) for name in FILES] == list(range(1, len(FILES) + 1))
