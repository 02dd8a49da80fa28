"""What follows when a message was not taken, or was taken and did not arrive: one act for every verdict of the port."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from waitlist_appliance.domain.records import Message
from waitlist_appliance.ports import DeliveryError, Verdict
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.message_letters import offer_of
from waitlist_appliance.services.offer_clock import end_unsent, stop_clock
from waitlist_appliance.services.say import channels_of
from waitlist_appliance.storage import activity, alarms, customers, email_refusals, messages, tallies

log = logging.getLogger(__name__)

ATTEMPTS: Final = 6
LONGEST_PAUSE: Final = timedelta(seconds=300)
WORN_OUT_PAUSE: Final = timedelta(seconds=60)
# How long a message whose end nobody knows is left alone before it is looked up.
UNKNOWN_LEASE: Final = timedelta(seconds=20)
# The provider asks for patience and does not say how much.
SLOW: Final = timedelta(seconds=2)
SLOWEST: Final = timedelta(hours=1)
# So many texts refused in a row are no matter of one text: the rest of the line must not be burnt through.
REFUSED_IN_A_ROW: Final = 3
FAILED_LATELY: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message is not with its customer. ``words`` are for staff and for the log."""

    words: str
    verdict: Verdict
    code: str | None = None
    retry_after: timedelta | None = None

    @classmethod
    def of(cls, error: DeliveryError) -> Refusal:
        return cls(str(error), error.verdict, error.code, error.retry_after)


def refused(app: Appliance, message: Message, refusal: Refusal, now: datetime) -> None:
    """Do what the verdict asks for; nothing when the message is no longer being sent."""
    # Waiting one's turn is no trouble, and happens with every message of a long line.
    level = logging.DEBUG if refusal.verdict == "slow" else logging.WARNING
    log.log(level, "message %s on %s was not taken: %s", message.public_id, message.channel, refusal.words)
    with app.db.write():
        if messages.by_id(app.db, message.id).state == "sending":
            _ACTS[refusal.verdict](app, message, refusal, now)


def pause_sending(app: Appliance, reason: str, now: datetime, message_id: int | None = None) -> None:
    """Nothing is sent to anybody until staff resume it."""
    with app.db.write():
        news = not alarms.holds(app.db, alarms.SENDING_PAUSED)
        alarms.raise_alarm(app.db, alarms.SENDING_PAUSED, reason, now)
        if news:
            activity.record(app.db, now, SYSTEM, "sending_paused", "message", message_id, reason=reason)


def give_up_or_retry(app: Appliance, message: Message, refusal: Refusal, now: datetime) -> None:
    """Try again, less and less often; after some attempts this channel will not do."""
    with app.db.write():
        attempts = messages.by_id(app.db, message.id).attempts
        if attempts >= ATTEMPTS:
            _will_not_do(app, message, refusal, now)  # what may pass is no proof against the customer's phone
            return
        _stand_still(app, message)
        pause = min(max(timedelta(seconds=2 ** (attempts + 1)), refusal.retry_after or timedelta(0)), LONGEST_PAUSE)
        messages.put_off(app.db, message.id, now + pause, refusal.words)


def _later(app: Appliance, message: Message, refusal: Refusal, now: datetime) -> None:
    """Nothing speaks against the customer's phone: an offer without another way waits for this one until it has been
    unsent for too long. Given up sooner, a line would be burnt through while the provider cannot be reached."""
    offer = offer_of(app, message)
    worn_out = messages.by_id(app.db, message.id).attempts >= ATTEMPTS
    if not worn_out or offer is None or offer.state != "live" or _next_way(app, message) is not None:
        give_up_or_retry(app, message, refusal, now)
        return
    _stand_still(app, message)
    messages.put_off(app.db, message.id, now + max(WORN_OUT_PAUSE, refusal.retry_after or timedelta(0)), refusal.words)


def _account(app: Appliance, message: Message, refusal: Refusal, now: datetime) -> None:
    pause_sending(app, refusal.words, now, message.id)
    _stand_still(app, message)
    messages.uncount(app.db, message.id)
    messages.put_off(app.db, message.id, now, refusal.words)


def _slow(app: Appliance, message: Message, refusal: Refusal, now: datetime) -> None:
    _stand_still(app, message)
    messages.uncount(app.db, message.id)
    # A millisecond more: times are kept in whole ones, and a bit too early is too early.
    pause = min(refusal.retry_after or SLOW, SLOWEST) + timedelta(milliseconds=1)
    messages.put_off(app.db, message.id, now + pause, refusal.words)


def _unknown(app: Appliance, message: Message, refusal: Refusal, now: datetime) -> None:
    """It may have arrived: the offer's clock runs on."""
    messages.unknown(app.db, message.id, refusal.words, now, now + UNKNOWN_LEASE)


def _this_text(app: Appliance, message: Message, refusal: Refusal, now: datetime) -> None:
    """A person must look; when nothing of the kind passes any more, sending pauses."""
    condition = refused_texts(message)
    alarms.raise_alarm(app.db, condition, refusal.words, now)
    if alarms.count(app.db, condition) >= REFUSED_IN_A_ROW and _of_many(app, message, now):
        _account(app, message, refusal, now)
        return
    _will_not_do(app, message, refusal, now)


def _of_many(app: Appliance, message: Message, now: datetime) -> bool:
    """Whether so many people are concerned: one guest, tried again and again, does not silence the house."""
    others = messages.others_failed(app.db, message, now - FAILED_LATELY, REFUSED_IN_A_ROW)
    return others + 1 >= REFUSED_IN_A_ROW


def _not_reachable(app: Appliance, message: Message, refusal: Refusal, now: datetime) -> None:
    _remember(app, message, refusal.verdict, now)
    _will_not_do(app, message, refusal, now)


_ACTS: Final[Mapping[Verdict, Callable[[Appliance, Message, Refusal, datetime], None]]] = {
    "account": _account,
    "slow": _slow,
    "later": _later,
    "unknown": _unknown,
    "message": _this_text,
    "dead": _not_reachable,
    "opted_out": _not_reachable,
    "landline": _not_reachable,
    "elsewhere": _not_reachable,
}


def refused_texts(message: Message) -> str:
    """The condition that texts of this kind are refused on this channel; over when one is taken."""
    return f"{alarms.TEXT_REFUSED}:{message.channel}:{message.kind}"


def _remember(app: Appliance, message: Message, verdict: Verdict, now: datetime) -> None:
    """What the provider said of the customer's address, so that it is not tried for later messages."""
    customer_id = message.customer_id
    if verdict == "elsewhere":
        return
    if message.channel == "email":
        email_refusals.refuse(app.db, customer_id, now)
    elif message.channel == "whatsapp":
        customers.refuse_whatsapp(app.db, customer_id, now)
    elif verdict == "landline":
        customers.mark_landline(app.db, customer_id)
    elif verdict == "opted_out":
        customers.opt_out(app.db, customer_id, now)
    else:
        customers.mark_undeliverable(app.db, customer_id, now)
    nothing_left = not channels_of(app, customers.by_id(app.db, customer_id))
    if nothing_left and message.channel != "email" and verdict != "opted_out":
        customers.mark_undeliverable(app.db, customer_id, now)  # so that staff see it


def _will_not_do(app: Appliance, message: Message, refusal: Refusal, now: datetime) -> None:
    """This channel will not do: try the customer's next; where there is none, an offer fails and the next is asked."""
    messages.failed(app.db, message.id, refusal.words, refusal.code)
    activity.record(
        app.db, now, SYSTEM, "message_failed", "message", message.id, entry_id=message.entry_id,
        customer_id=message.customer_id, reason=refusal.words, channel=message.channel,
    )  # fmt: skip
    _stand_still(app, message)
    offer = offer_of(app, message)
    if offer is not None and offer.state != "live":
        return  # answered or over: nothing is left to say
    if _falls_back(app, message, now):
        return
    if "opted_out" not in (refusal.verdict, refusal.code):  # who wants nothing has missed nothing
        tallies.count(app.db, "message_lost", now, message.channel)
    if offer is not None:
        end_unsent(app, offer, now, "undeliverable")


def _next_way(app: Appliance, message: Message) -> str | None:
    """The customer's first channel on which this was not tried yet."""
    customer = customers.by_id(app.db, message.customer_id)
    tried = messages.tried_channels(app.db, customer.id, message.kind, _said(message))
    return next((channel for channel in channels_of(app, customer) if channel not in tried), None)


def _said(message: Message) -> str:
    """The message's dedupe key without its channel."""
    return message.dedupe_key.rsplit(":", 1)[0]


def _falls_back(app: Appliance, message: Message, now: datetime) -> bool:
    following = _next_way(app, message)
    if following is None:
        return False
    messages.add(
        app.db, customer_id=message.customer_id, kind=message.kind, channel=following, facts=json.loads(message.facts),
        dedupe_key=f"{_said(message)}:{following}", due_at=now, now=now, own_act=message.own_act, offer_id=message.offer_id,
        entry_id=message.entry_id, booking_id=message.booking_id,
    )  # fmt: skip
    app.ring_deliver()
    return True


def _stand_still(app: Appliance, message: Message) -> None:
    offer = offer_of(app, message)
    if offer is not None:
        stop_clock(app, offer)
