"""The outbox is worked off: each due message is claimed, rendered with what is true now, and handed over.

A hand-over takes as long as a provider's answer, so several are under way at once: their transactions are made one after
another by the pass itself, only the waiting is done in threads.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from waitlist_appliance.domain.records import Message
from waitlist_appliance.ports import STATE_RANK, DeliveryError, Handed, Letter, Messenger
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.message_letters import OFFERING, offer_of, segments_of, write_letter
from waitlist_appliance.services.message_truth import is_unwanted, must_wait, stale
from waitlist_appliance.services.offer_clock import start_clock
from waitlist_appliance.services.undelivered import (
    ATTEMPTS,
    UNKNOWN_LEASE,
    Refusal,
    give_up_or_retry,
    refused,
    refused_texts,
)
from waitlist_appliance.storage import activity, alarms, messages, tallies
from waitlist_appliance.storage.database import StorageUnavailable

__all__ = ["ARRIVED", "ATTEMPTS", "LEASE", "OFFERING", "deliver_due", "due_soon", "resume_sending"]

log = logging.getLogger(__name__)

LEASE: Final = messages.LEASE
PAUSED: Final = alarms.SENDING_PAUSED
AT_ONCE: Final = 8
PASS: Final = 100
# Deadlines and leases count from the pass's `now`: one that has lasted this long takes nothing more up.
LONGEST_PASS: Final = timedelta(seconds=5)
SHORT_WAIT: Final = timedelta(milliseconds=500)
SOON: Final = timedelta(seconds=10)
# Two clocks, the provider's and ours, are never quite the same.
CLOCKS_APART: Final = timedelta(seconds=10)
# So often nobody may know whether it arrived before another way is tried.
UNKNOWNS: Final = 2
ARRIVED: Final = ("delivered", "read")
UNWANTED: Final = Refusal("the customer wants no messages on this channel", "elsewhere", "opted_out")


@dataclass(frozen=True, slots=True)
class _Ready:
    """A claimed message. ``look_up_since``: an attempt since then may have arrived, so it is looked up first."""

    message: Message
    letter: Letter
    messenger: Messenger | None
    look_up_since: datetime | None


class _NotLookedUp(Exception):
    """The provider could not even be asked whether it has the message."""


def deliver_due(app: Appliance, now: datetime, limit: int = PASS) -> int:
    """Hand over what is due; how many were. Nothing is sent while an account fault holds (staff resume it)."""
    if alarms.holds(app.db, PAUSED):
        return 0
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="hand-over") as pool:  # no thread before it is needed
        return _Pass(app, now, pool).run(messages.due(app.db, now, limit))


def due_soon(app: Appliance, now: datetime) -> datetime | None:
    """When the next message is due, if that is before the sweep would look again; None also while sending is paused."""
    return None if alarms.holds(app.db, PAUSED) else messages.next_due(app.db, now, now + SOON)


def resume_sending(app: Appliance, now: datetime, actor: activity.Actor) -> bool:
    """Staff have put the provider's account right: what is due goes out again."""
    with app.db.write():
        cleared = alarms.clear(app.db, PAUSED)
        if cleared:
            alarms.clear_all(app.db, alarms.TEXT_REFUSED)
            alarms.clear(app.db, alarms.BOX_RESTORED)
            limit = now + timedelta(seconds=app.setup().policies.unsent_offer_seconds)
            app.db.execute(
                "UPDATE offer SET unsent_limit_at = MAX(unsent_limit_at, ?) WHERE state = 'live' AND sent_at IS NULL",
                limit,
            )
            activity.record(app.db, now, actor, "sending_resumed", "message")
            app.ring_deliver()
        return cleared


class _Pass:
    """One pass over the line. Nobody has two messages under way at once: they would arrive in any order."""

    def __init__(self, app: Appliance, now: datetime, pool: ThreadPoolExecutor) -> None:
        self._app, self._now, self._pool = app, now, pool
        self._home = threading.get_ident()
        self._under_way: dict[Future[Handed], _Ready] = {}
        self._began = time.monotonic()
        self._handed = 0
        # The channels whose providers asked for fewer messages: the rest of the line would only be refused as well.
        self._overrun: set[str] = set()

    def run(self, line: Iterable[Message]) -> int:
        waiting = deque(line)
        while waiting or self._under_way:
            message = self._next(waiting)
            if message is not None:
                self._take(message)
            else:
                self._land()
            if self._overrun:
                waiting = deque(message for message in waiting if message.channel not in self._overrun)
            if waiting and (self._lasts() > LONGEST_PASS or alarms.holds(self._app.db, PAUSED)):
                waiting.clear()
        return self._handed

    def _next(self, waiting: deque[Message]) -> Message | None:
        """The first that may be taken up now; none while something can be learnt from one that has landed."""
        if len(self._under_way) >= AT_ONCE or any(future.done() for future in self._under_way):
            return None
        busy = {ready.message.customer_id for ready in self._under_way.values()}
        message = next((message for message in waiting if message.customer_id not in busy), None)
        if message is not None:
            waiting.remove(message)
        return message

    def _take(self, message: Message) -> None:
        try:
            ready = _prepare(self._app, message, self._now)
            if ready is not None:
                self._under_way[self._start(ready)] = ready
        except StorageUnavailable:
            raise
        except Exception as error:
            _stumbled(self._app, message, error, self._now)

    def _start(self, ready: _Ready) -> Future[Handed]:
        """Begin the hand-over; a simulated one takes no time and needs no thread."""
        if not getattr(ready.messenger, "simulated", False):
            return self._pool.submit(self._hand_over, ready)
        done: Future[Handed] = Future()
        try:
            done.set_result(self._hand_over(ready))
        except Exception as error:
            done.set_exception(error)
        return done

    def _hand_over(self, ready: _Ready) -> Handed:
        if threading.get_ident() == self._home:
            return _hand_over(self._app, ready, self._now)
        try:
            return self._in_turn(ready)
        finally:
            self._app.db.close()

    def _in_turn(self, ready: _Ready) -> Handed:
        """A turn that comes in a moment is waited for: putting the message off and taking it up again costs more."""
        while True:
            try:
                return _hand_over(self._app, ready, self._now + self._lasts())
            except DeliveryError as error:
                if error.verdict != "slow" or error.retry_after is None or error.retry_after > SHORT_WAIT:
                    raise
                if self._lasts() > LONGEST_PASS:
                    raise
                time.sleep(error.retry_after.total_seconds())

    def _lasts(self) -> timedelta:
        return timedelta(seconds=time.monotonic() - self._began)

    def _land(self) -> None:
        done, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
        for future in done:
            ready = self._under_way.pop(future)
            if _asks_for_patience(future):
                self._overrun.add(ready.message.channel)
            try:
                self._handed += _finish(self._app, ready, future, self._now)
            except StorageUnavailable:
                raise
            except Exception as error:
                _broke_off(self._app, ready.message, error, self._now)


def _asks_for_patience(future: Future[Handed]) -> bool:
    """Whether the provider itself said so; a letter that waits for its own turn (no code) is no such thing."""
    error = future.exception()
    return isinstance(error, DeliveryError) and error.verdict == "slow" and error.code is not None


def _broke_off(app: Appliance, message: Message, error: Exception, now: datetime) -> None:
    """It raised once its hand-over had begun: nobody knows whether it arrived, so it is looked up before another try."""
    log.error("message %s broke off", message.public_id, exc_info=error)
    refused(app, message, Refusal(f"internal error: {type(error).__name__}", "unknown"), now)


def _stumbled(app: Appliance, message: Message, error: Exception, now: datetime) -> None:
    """One row that cannot be prepared does not stop the pass: it is tried again a few times, and staff see it."""
    log.error("message %s could not be delivered", message.public_id, exc_info=error)
    with app.db.write():
        if messages.is_taken(app.db, message.id, now + LEASE):
            return  # another pass is handing it over
        messages.claim(app.db, message.id, now, now + LEASE)  # preparing it has rolled its attempt back
        give_up_or_retry(app, message, Refusal(f"internal error: {type(error).__name__}", "later"), now)


def _prepare(app: Appliance, message: Message, now: datetime) -> _Ready | None:
    """Claim the message and render it; None when it must wait, is no longer true, or somebody else has it."""
    with app.db.write():
        setup = app.setup()
        if not messages.still_due(app.db, message.id, now) or must_wait(app, setup, message, now):
            return None
        found = messages.by_id(app.db, message.id)
        if not messages.claim(app.db, message.id, now, now + LEASE):
            return None
        reason = stale(app, setup, message, now)
        if reason is not None:
            messages.drop(app.db, message.id, reason)
            return None
        if is_unwanted(app, message):  # said since it was written, or while it was under way
            refused(app, message, UNWANTED, now)
            return None
        offer = offer_of(app, message)
        letter = write_letter(app, setup, message, start_clock(app, setup, offer, now) if offer else None, now)
        messenger = app.messengers.get(message.channel)
        messages.rendered(
            app.db, message.id, provider=provider_of(messenger), locale=letter.locale, subject=letter.subject,
            body=letter.body, segments=segments_of(letter),
        )  # fmt: skip
        return _Ready(messages.by_id(app.db, message.id), letter, messenger, _in_doubt_since(found))


def provider_of(messenger: Messenger | None) -> str:
    """Who is behind a messenger, as it is kept with a message."""
    return str(getattr(messenger, "provider", "none" if messenger is None else "other"))


def _in_doubt_since(message: Message) -> datetime | None:
    """Since when an attempt may have arrived without our learning of it; None when none is in doubt."""
    if message.unknown_since_at is not None:
        return message.unknown_since_at - CLOCKS_APART
    if message.state == "sending" and message.lease_until_at is not None:
        return message.lease_until_at - LEASE - CLOCKS_APART  # whoever was sending it has died
    return None


def _hand_over(app: Appliance, ready: _Ready, now: datetime) -> Handed:
    """Outside any transaction. DeliveryError, _NotLookedUp."""
    if ready.messenger is None:
        raise DeliveryError(f"no provider is connected for {ready.message.channel}", "elsewhere")
    if ready.look_up_since is not None:
        found = _look_up(app, ready.messenger, ready, ready.look_up_since)
        if found is not None:
            return found
        if ready.message.unknowns >= UNKNOWNS:
            raise DeliveryError("the provider broke off again and again", "elsewhere")
    return ready.messenger.send(ready.letter, now)


def _look_up(app: Appliance, messenger: Messenger, ready: _Ready, since: datetime) -> Handed | None:
    """The message as the provider has it, unless that is another of ours with the same words."""
    try:
        found = messenger.look_up(ready.letter, since)
    except DeliveryError as error:
        if error.account_fault:
            raise
        raise _NotLookedUp(str(error)) from None
    if found is None:
        return None
    known = messages.of_provider(app.db, found.provider_id)
    return found if known is None or known.id == ready.message.id else None


def _finish(app: Appliance, ready: _Ready, future: Future[Handed], now: datetime) -> int:
    """Note how the hand-over ended; 1 when the provider has the message."""
    try:
        handed = future.result()
    except DeliveryError as error:
        refused(app, ready.message, Refusal.of(error), now)
        return 0
    except _NotLookedUp as error:
        _not_looked_up(app, ready, str(error), now)
        return 0
    taken(app, ready.message, handed, now)
    return 1


def taken(app: Appliance, message: Message, handed: Handed, now: datetime) -> bool:
    """The provider has the message; False when that is known already."""
    with app.db.write():
        news = messages.sent(app.db, message.id, handed.provider_id, STATE_RANK[handed.state], handed.segments, now)
        if not news:
            return False
        alarms.clear(app.db, refused_texts(message))
        if handed.state in ARRIVED:
            tallies.count(app.db, "message_delivered", now, message.channel)
        offer = offer_of(app, message)
        if offer is not None and offer.state == "live" and offer.deadline_at is None:
            start_clock(app, app.setup(), offer, now)  # it was put back for lost, and had arrived
        activity.record(
            app.db, now, SYSTEM, "message_sent", "message", message.id, entry_id=message.entry_id,
            customer_id=message.customer_id, kind=message.kind, channel=message.channel,
        )  # fmt: skip
        return True


def _not_looked_up(app: Appliance, ready: _Ready, reason: str, now: datetime) -> None:
    log.warning("message %s cannot be looked up: %s", ready.message.public_id, reason)
    since = (ready.look_up_since or now) + CLOCKS_APART
    with app.db.write():
        if ready.message.attempts >= ATTEMPTS:
            give_up_or_retry(app, ready.message, Refusal(reason, "later"), now)
        else:
            messages.still_unknown(app.db, ready.message.id, reason, since, now + UNKNOWN_LEASE)
