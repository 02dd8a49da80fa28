"""Lines for systemd's journal: each begins with how bad it is (sd-daemon(3)), so that `journalctl -p warning` finds it."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Final, TextIO

_PRIORITIES: Final = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG: Final = 7


def is_journal(stream: TextIO, environ: Mapping[str, str] | None = None) -> bool:
    """Whether what is written there goes into the journal: JOURNAL_STREAM names the device and inode of that very pipe."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return (os.environ if environ is None else environ).get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


class ForJournal(logging.Formatter):
    """What `lines` makes of a record, with the priority before every line of it instead of the level's name."""

    def __init__(self, lines: logging.Formatter) -> None:
        super().__init__()
        self._lines = lines

    def format(self, record: logging.LogRecord) -> str:
        mark = f"<{_priority(record.levelno)}>"
        text = self._lines.format(record).removeprefix(f"{record.levelname} ")
        return "\n".join(mark + line for line in text.splitlines())


def _priority(level: int) -> int:
    return next((number for least, number in _PRIORITIES if level >= least), _DEBUG)
