"""The phone simulator: messages land in a page that looks like the customer's phone.

`simulated_failure` scripts what goes wrong: a number that cannot be reached, a passing failure, an account fault, or
a crash between the provider's taking a message and our learning of it.
"""

from __future__ import annotations

import base64
import os
from datetime import datetime

from waitlist_appliance.ports import DeliveryError, Letter
from waitlist_appliance.storage.database import Database

FAILURES = {
    "undeliverable": ("the simulated number cannot be reached", False, False),
    "retry": ("the simulated network failed for a moment", True, False),
    "account": ("the simulated account is suspended", False, True),
}


class SimulatorMessenger:
    """ports.Messenger for sms, whatsapp and email; a repeat with the same key leaves one message on the phone."""

    simulated = True  # the desk then shows the phones

    def __init__(self, db: Database) -> None:
        self._db = db

    def send(self, letter: Letter, now: datetime) -> str:
        outcome = self._scripted(letter)
        if outcome in FAILURES:
            words, retryable, account_fault = FAILURES[outcome]
            raise DeliveryError(words, retryable=retryable, account_fault=account_fault)
        attachment = base64.b64encode(letter.attachment).decode() if letter.attachment else None
        with self._db.write():
            self._db.execute(
                """INSERT OR IGNORE INTO simulated_message (provider_id, address, channel, subject, body, attachment, at)
                   VALUES (?, ?, ?, ?, ?, ?, ?)""",
                f"sim-{letter.key}", letter.address, letter.channel, letter.subject, letter.body, attachment, now,
            )  # fmt: skip
        if outcome == "crash_after":
            os._exit(137)
        return f"sim-{letter.key}"

    def _scripted(self, letter: Letter) -> str | None:
        """The outcome scripted for this address, which is used up by one."""
        found = self._db.tuples(
            "SELECT outcome FROM simulated_failure WHERE address = ? AND channel = ? AND times > 0",
            letter.address, letter.channel,
        )  # fmt: skip
        if not found:
            return None
        with self._db.write():
            self._db.execute(
                "UPDATE simulated_failure SET times = times - 1 WHERE address = ? AND channel = ?",
                letter.address, letter.channel,
            )  # fmt: skip
        return str(found[0][0])
