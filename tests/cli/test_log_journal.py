"""Log lines in systemd's journal carry how bad they are."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import pytest

from waitlist_appliance.cli.log_journal import ForJournal, is_journal
from waitlist_appliance.cli.log_lines import Lines


def line(level: int, message: str) -> str:
    record = logging.LogRecord("waitlist", level, "file.py", 1, message, None, None)
    return ForJournal(Lines()).format(record)


@pytest.mark.parametrize(
    ("level", "mark"),
    [(logging.DEBUG, "<7>"), (logging.INFO, "<6>"), (logging.WARNING, "<4>"), (logging.ERROR, "<3>"), (logging.CRITICAL, "<2>")],
)
def test_the_priority_stands_in_place_of_the_levels_name(level: int, mark: str) -> None:
    assert line(level, "hello") == f"{mark}waitlist: hello"


def test_every_line_of_a_traceback_carries_it() -> None:
    try:
        raise ValueError("no")
    except ValueError:
        record = logging.LogRecord("waitlist", logging.ERROR, "file.py", 1, "failed", None, sys.exc_info())
    lines = ForJournal(Lines()).format(record).splitlines()
    assert len(lines) > 2
    assert all(line.startswith("<3>") for line in lines)


def test_only_the_very_pipe_that_systemd_named_is_the_journal(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log:
        found = os.fstat(log.fileno())
        assert is_journal(log, {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"})
        assert not is_journal(log, {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino + 1}"})
        assert not is_journal(sys.stderr, {})
