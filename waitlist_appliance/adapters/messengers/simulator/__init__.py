"""The phone simulator: messages land in a page that looks like the customer's phone.

`simulated_failure` scripts what goes wrong with an address: a refusal of every kind, an attempt whose end nobody knows
(the message taken, or lost), or a crash between the provider's taking a message and our learning of it.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from waitlist_appliance.ports import DeliveryError, Fate, Handed, Inbound, Letter, Verdict
from waitlist_appliance.storage.database import Database

REFUSALS: Final[Mapping[str, tuple[str, Verdict]]] = {
    "undeliverable": ("the simulated number cannot be reached", "dead"),
    "retry": ("the simulated network failed for a moment", "later"),
    "account": ("the simulated account is suspended", "account"),
    "opted_out": ("the simulated recipient has answered STOP", "opted_out"),
    "landline": ("the simulated number is a landline", "landline"),
    "elsewhere": ("the simulated channel does not reach this number", "elsewhere"),
    "message": ("the simulated carrier refuses this text", "message"),
    "slow": ("the simulated sender may not write faster", "slow"),
    "unknown_lost": ("the simulated connection broke off", "unknown"),
}
SLOW: Final = timedelta(seconds=3)


class SimulatorMessenger:
    """ports.Messenger for sms, whatsapp and email; a repeat with the same key leaves one message on the phone."""

    simulated = True  # the desk then shows the phones
    provider = "simulator"

    def __init__(self, db: Database) -> None:
        self._db = db

    def send(self, letter: Letter, now: datetime) -> Handed:
        outcome = self._scripted(letter.address, letter.channel)
        if outcome is not None and outcome in REFUSALS:
            words, verdict = REFUSALS[outcome]
            raise DeliveryError(words, verdict, code=outcome, retry_after=SLOW if verdict == "slow" else None)
        self._keep(letter, now)
        if outcome == "crash_after":
            os._exit(137)
        if outcome == "unknown_taken":
            raise DeliveryError("the simulated connection broke off", "unknown", code=outcome)
        return Handed(_provider_id(letter), "delivered")

    def look_up(self, letter: Letter, since: datetime) -> Handed | None:
        """The letter, if it is on the phone."""
        found = self._db.value("SELECT 1 FROM simulated_message WHERE provider_id = ?", _provider_id(letter))
        return None if found is None else Handed(_provider_id(letter), "delivered")

    def fates(self, provider_ids: Sequence[str]) -> Sequence[Fate]:
        """All that is on a phone has arrived."""
        marks = ", ".join("?" * len(provider_ids))
        sql = f"SELECT provider_id FROM simulated_message WHERE provider_id IN ({marks})"  # noqa: S608  bound below
        return [Fate(provider_id, "delivered") for (provider_id,) in self._db.tuples(sql, *provider_ids)]

    def inbound(self, since: datetime) -> Sequence[Inbound]:
        """None: what is answered on a simulated phone is received at once."""
        return ()

    def _keep(self, letter: Letter, now: datetime) -> None:
        attachment = base64.b64encode(letter.attachment).decode() if letter.attachment else None
        with self._db.write():
            self._db.execute(
                """INSERT OR IGNORE INTO simulated_message (provider_id, address, channel, subject, body, attachment, at)
                   VALUES (?, ?, ?, ?, ?, ?, ?)""",
                _provider_id(letter), letter.address, letter.channel, letter.subject, letter.body, attachment, now,
            )  # fmt: skip

    def _scripted(self, address: str, channel: str) -> str | None:
        """The outcome scripted for this address, which is used up by one."""
        found = self._db.tuples(
            "SELECT outcome FROM simulated_failure WHERE address = ? AND channel = ? AND times > 0", address, channel
        )
        if not found:
            return None
        with self._db.write():
            self._db.execute(
                "UPDATE simulated_failure SET times = times - 1 WHERE address = ? AND channel = ?", address, channel
            )
        return str(found[0][0])


def _provider_id(letter: Letter) -> str:
    return f"sim-{letter.key}"
