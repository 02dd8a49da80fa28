"""How fast one sender may write: each letter that comes too early is given its own moment, and passes when it is there.

Without this, Twilio would keep what is too much in its own queue, where an offer grows old unseen.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

FORGOTTEN_AFTER: Final = timedelta(minutes=1)  # a moment that was not used; and how far a clock must jump to matter


@dataclass(slots=True)
class _Line:
    """One sender: from when on it is free, and which letter was told to come when."""

    free_at: datetime
    asked_at: datetime
    moments: dict[str, datetime] = field(default_factory=dict)

    def wait(self, letter: str, takes: timedelta, now: datetime) -> timedelta:
        moment = self.moments.pop(letter, None)
        if moment is None:
            moment = max(self.free_at, now)
            self.free_at = moment + takes
        if moment > now:
            self.moments[letter] = moment
        return max(moment - now, timedelta(0))

    def tidy(self, now: datetime) -> None:
        if now < self.asked_at - FORGOTTEN_AFTER:  # the clock was set back
            self.free_at, self.moments = now, {}
        self.asked_at = now
        self.moments = {key: at for key, at in self.moments.items() if at > now - FORGOTTEN_AFTER}


class Pace:
    """The senders of this process; may be asked from several threads."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}
        self._lock = threading.Lock()

    def wait(self, sender: str, letter: str, takes: timedelta, now: datetime) -> timedelta:
        """How long the letter must wait; nothing: it may go now, and its sender is busy for as long as it ``takes``."""
        with self._lock:
            line = self._lines.setdefault(sender, _Line(now, now))
            line.tidy(now)
            return line.wait(letter, takes, now)


# A messenger may be made anew at any time; its sender stays the same.
SHARED: Final = Pace()
