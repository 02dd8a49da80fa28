"""How far a message has come, in Twilio's words and in ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from waitlist_appliance.adapters.messengers.twilio.errors import failure
from waitlist_appliance.ports import Fate, State

STATES: Final[Mapping[str, State]] = {
    "accepted": "queued",
    "scheduled": "queued",
    "queued": "queued",
    "sending": "queued",
    "sent": "sent",
    "delivery_unknown": "sent",
    "delivered": "delivered",
    "partially_delivered": "delivered",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
    "read": "read",
}


def fate(provider_id: str, status: str, code: object, segments: object) -> Fate:
    """What became of the message; ValueError for a status that is not known here, or only of what comes in."""
    if status not in STATES:
        raise ValueError("a message status that is not known")
    state = STATES[status]
    number = whole(code)
    verdict = failure(number).verdict if state == "failed" else None
    return Fate(provider_id, state, str(number) if number else None, verdict, whole(segments))


def whole(given: object) -> int | None:
    """A count or a code as Twilio writes it ("0": not known yet, or no error)."""
    text = str(given or "")
    return int(text) or None if text.isascii() and text.isdecimal() and len(text) < 10 else None
