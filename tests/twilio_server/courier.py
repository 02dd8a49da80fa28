"""The thread in which messages progress and callbacks are posted by themselves."""

from __future__ import annotations

import threading
import time
from queue import Queue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.twilio_server.account import Account


class Courier:
    """Takes every created message to its end, callback by callback."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._taken: Queue[str | None] = Queue()
        self._thread = threading.Thread(target=self._run, name="twilio-courier")
        account.taken = self._taken.put

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what was taken, then end."""
        self._taken.put(None)
        self._thread.join()

    def idle(self, seconds: float) -> bool:
        """Whether everything taken is done, at the latest after so many seconds."""
        until = time.monotonic() + seconds
        while self._taken.unfinished_tasks and time.monotonic() < until:
            time.sleep(0.005)
        return not self._taken.unfinished_tasks

    def _run(self) -> None:
        while (sid := self._taken.get()) is not None:
            try:
                self._account.progress(sid)
                self._account.deliver_callbacks(sid)
            finally:
                self._taken.task_done()
        self._taken.task_done()
