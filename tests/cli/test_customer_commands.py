"""A customer's data from the terminal."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.cli.conftest import Run


def called(waitlist: Run) -> str:
    """Ana was put on the list; her number."""
    when = f"{datetime.now(UTC) + timedelta(days=7):%Y-%m-%d}T20:00"
    made = waitlist("trigger", when, "+34600111222", "--first-name", "Ana", "--force", "--json")
    assert made.exit_code == 0, made.output
    return "+34600111222"


def test_everything_that_is_kept_is_handed_out_into_a_private_file(waitlist: Run, tmp_path: Path) -> None:
    phone, out = called(waitlist), tmp_path / "ana.json"
    assert waitlist("customers", "export", phone, "--out", str(out)).exit_code == 0
    assert json.loads(out.read_text())["customer"][0]["phone"] == phone
    assert out.stat().st_mode & 0o777 == 0o600


def test_a_file_is_never_overwritten(waitlist: Run, tmp_path: Path) -> None:
    phone, out = called(waitlist), tmp_path / "ana.json"
    out.write_text("mine")
    result = waitlist("customers", "export", phone, "--out", str(out))
    assert result.exit_code == 1
    assert "never overwritten" in result.output
    assert out.read_text() == "mine"


def test_whoever_still_waits_is_not_erased(waitlist: Run) -> None:
    result = waitlist("customers", "erase", called(waitlist), "--yes")
    assert result.exit_code == 1
    assert "still waits" in result.output


def test_erasing_asks_first(waitlist: Run) -> None:
    result = waitlist("customers", "erase", called(waitlist), input="n\n")
    assert result.exit_code == 1
    assert "Erase them?" in result.output


def test_a_number_that_nobody_has_and_one_that_is_none_are_told_apart(waitlist: Run) -> None:
    assert "known to this box" in waitlist("customers", "export", "+34600999888").output
    assert "is no telephone number" in waitlist("customers", "erase", "twelve").output
