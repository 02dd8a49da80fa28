"""What the provider tells of a message afterwards: in any order, more than once, or not at all."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.domain.records import Message
from waitlist_appliance.ports import STATE_RANK, Fate, Handed, Verdict
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.deliver_messages import ARRIVED, taken
from waitlist_appliance.services.undelivered import Refusal, refused
from waitlist_appliance.storage import messages, tallies


def apply_fate(app: Appliance, message_public_id: str | None, fate: Fate, now: datetime) -> bool:
    """Note how far the message has come; whether that is news. Without an id of ours, the provider's own finds it.

    It never goes back. An offer that did not arrive is told on the next channel, or fails and the next person is asked.
    """
    with app.db.write():
        if message_public_id is None:
            message = messages.of_provider(app.db, fate.provider_id)
        else:
            message = messages.by_public_id(app.db, message_public_id)
        if message is None:
            return False
        return _did_not_arrive(app, message, fate, now) if fate.state == "failed" else _came(app, message, fate, now)


def _came(app: Appliance, message: Message, fate: Fate, now: datetime) -> bool:
    if _came_back_before(message, fate) and fate.state not in ARRIVED:
        return False
    if message.state == "sending" or message.unknown_since_at is not None:
        # The report overtook the answer to the hand-over, or is the only sign that it went well.
        return taken(app, message, Handed(fate.provider_id, fate.state, fate.segments), now)
    if fate.provider_id != message.provider_id and fate.state not in ARRIVED:
        return False  # of an earlier attempt: only that it arrived is worth knowing
    news = bool(messages.advance(app.db, message.id, STATE_RANK[fate.state], fate.segments, now))
    if news and fate.state in ARRIVED and message.rank < STATE_RANK["delivered"]:
        tallies.count(app.db, "message_delivered", now, message.channel)
    return news


def _came_back_before(message: Message, fate: Fate) -> bool:
    """Whether it speaks of an attempt that failed afterwards; the next one is on its way."""
    return message.provider_id == fate.provider_id and message.state in ("pending", "sending")


def _did_not_arrive(app: Appliance, message: Message, fate: Fate, now: datetime) -> bool:
    if not messages.came_back(app.db, message.id, fate.provider_id, fate.code):
        return False
    words = f"the provider could not deliver it ({fate.code})" if fate.code else "the provider could not deliver it"
    refused(app, message, Refusal(words, _verdict(fate), fate.code), now)
    return True


def _verdict(fate: Fate) -> Verdict:
    """Patience is asked for before a message is taken; afterwards it is a failure that may pass."""
    return "later" if fate.verdict in ("slow", "unknown") else fate.verdict or "elsewhere"
