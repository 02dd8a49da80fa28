"""Hooks get lost: now and then the providers are asked what became of our messages, and what customers wrote meanwhile.

At the start, since the box may have been off, and every two minutes while somebody is being asked.
"""

from __future__ import annotations

import json
import logging
import os
from datetime import datetime, timedelta
from typing import Final

from waitlist_appliance.domain.moments import from_ms, to_ms
from waitlist_appliance.ports import DeliveryError, Inbound, Messenger
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.deliver_messages import provider_of
from waitlist_appliance.services.message_states import apply_fate
from waitlist_appliance.services.receive_reply import receive_inbound
from waitlist_appliance.services.undelivered import pause_sending
from waitlist_appliance.storage import heartbeats, messages, offers
from waitlist_appliance.storage import replies as replies_kept
from waitlist_appliance.storage.database import StorageUnavailable

log = logging.getLogger(__name__)

EVERY: Final = timedelta(minutes=2)
SILENT_FOR: Final = timedelta(seconds=60)
# What has not ended in an hour ends unnoticed: carriers without reports never tell.
ASKED_FOR: Final = timedelta(hours=1)
AT_MOST: Final = 25
# A provider's list may lack what came in a moment ago.
OVERLAP: Final = timedelta(minutes=10)
# A box that was off for days does not answer what was written before yesterday.
FARTHEST: Final = timedelta(hours=24)
POLL: Final = "message_poll:"


def reconcile(app: Appliance, now: datetime) -> int:
    """Ask every provider that is due; how many answers and states were news."""
    asked = offers.anybody_asked(app.db)
    news = 0
    for channel, messenger in sorted(app.messengers.items()):
        if not getattr(messenger, "simulated", False) and _is_due(app, channel, asked, now):
            news += _ask(app, channel, messenger, now)
    return news


def _is_due(app: Appliance, channel: str, asked: bool, now: datetime) -> bool:
    last = heartbeats.read(app.db, POLL + channel)
    if last is None or json.loads(last.detail).get("pid") != os.getpid():
        return True
    return asked and not last.at <= now < last.at + EVERY


def _ask(app: Appliance, channel: str, messenger: Messenger, now: datetime) -> int:
    last = heartbeats.read(app.db, POLL + channel)
    # What was written before anybody was connected here was not written to us.
    known = from_ms(json.loads(last.detail).get("until", to_ms(last.at))) if last else now
    news, until = 0, now
    try:
        news += _fates(app, messenger, now)
        if last is not None:
            news += _inbound(app, messenger, max(known - OVERLAP, now - FARTHEST), now)
    except DeliveryError as error:
        log.warning("the messages on %s cannot be asked for: %s", channel, error)
        until = known
        if error.account_fault:
            pause_sending(app, str(error), now)
    heartbeats.beat(app.db, POLL + channel, now, json.dumps({"pid": os.getpid(), "until": to_ms(until)}))
    return news


def _fates(app: Appliance, messenger: Messenger, now: datetime) -> int:
    waiting = messages.under_way(app.db, provider_of(messenger), now - ASKED_FOR, now - SILENT_FOR, AT_MOST)
    known = [message.provider_id for message in waiting if message.provider_id is not None]
    if not known:
        return 0
    return sum(apply_fate(app, None, fate, now) for fate in messenger.fates(known))


def _inbound(app: Appliance, messenger: Messenger, since: datetime, now: datetime) -> int:
    return sum(_receive(app, inbound, now) for inbound in messenger.inbound(since))


def _receive(app: Appliance, inbound: Inbound, now: datetime) -> int:
    """One that raises does not keep the others back; it is there again at the next asking."""
    if replies_kept.is_kept(app.db, inbound.provider_id):
        return 0
    try:
        receive_inbound(app, inbound, now)
    except StorageUnavailable:
        raise
    except Exception:
        log.exception("the message %s could not be received", inbound.provider_id)
        return 0
    return 1
