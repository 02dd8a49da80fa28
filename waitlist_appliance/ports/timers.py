"""The clock of the box."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Timers(Protocol):
    """The clock of the box. Every ring may be lost, doubled, early or late: the database is the truth."""

    def deliver(self) -> None:
        """Some message is due."""

    def deliver_at(self, at: datetime) -> None:
        """Some message will be due at ``at``: its sender must not write faster, or it is to be looked up then."""

    def write_calendar(self) -> None:
        """Some calendar write is due."""

    def expire_offers(self, at: datetime) -> None:
        """Some offer ends at ``at``."""

    def check_slots(self, at: datetime) -> None:
        """Some slot is due for a check at ``at``."""

    def sync(self, connection_id: int, cause: str = "due") -> None:
        """A calendar should be read now; ``cause`` is what the log of reads says: due, push or hand."""


class SilentTimers:
    """Timers that ring nobody: for the command line and for tests, where the sweep finds everything."""

    def deliver(self) -> None: ...

    def deliver_at(self, at: datetime) -> None: ...

    def write_calendar(self) -> None: ...

    def expire_offers(self, at: datetime) -> None: ...

    def check_slots(self, at: datetime) -> None: ...

    def sync(self, connection_id: int, cause: str = "due") -> None: ...
