"""How many messages a second one sender may hand over."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field


@dataclass
class Pace:
    """``per_second`` messages for each sender, a second's worth at once; None: as many as come."""

    per_second: float | None = None
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def admits(self, sender: str, now: float | None = None) -> bool:
        """Whether one more may pass now."""
        if self.per_second is None:
            return True
        now = time.monotonic() if now is None else now
        most = max(1.0, self.per_second)
        with self._lock:
            left, since = self._left.get(sender, (most, now))
            left = min(most, left + (now - since) * self.per_second)
            self._left[sender] = (left - 1 if left >= 1 else left, now)
            return left >= 1
