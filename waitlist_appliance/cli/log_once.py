"""The same complaint once a minute: a disk that is full, or broken, must not fill the journal, too."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

PAUSE_SECONDS: Final = 60.0
# Complaints that differ are all told; so many are remembered before the oldest may be told again.
REMEMBERED: Final = 500


class OncePerMinute(logging.Filter):
    """Lets a warning or an error through once a minute; the next of its kind says how many were kept back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        said = record.getMessage()
        key, now = (record.name, said), self._clock()
        with self._lock:
            told_at, kept_back = self._told.get(key, (now - PAUSE_SECONDS, 0))
            if now - told_at < PAUSE_SECONDS:
                self._told[key] = (told_at, kept_back + 1)
                return False
            self._told.pop(key, None)
            self._told[key] = (now, 0)
            if len(self._told) > REMEMBERED:
                del self._told[next(iter(self._told))]
        if kept_back:
            record.msg, record.args = f"{said} (and {kept_back} times more since it was last told)", ()
        return True
