"""Telling staff: a trouble once, its end once, and what they want to hear of.

Level-triggered, like everything here: no alarm is handed on where it is raised. A round of the worker compares the alarms
that hold with those that were told. What comes and goes between two rounds, or within a kind's patience, is told to
nobody; what was told has its all-clear, told to those who heard the first. Telling that fails is tried again and shown
in the settings; it never raises an alarm itself.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.domain.notices import KINDS, Kind, kind_of
from waitlist_appliance.ports.notices import Level, NoticeError
from waitlist_appliance.services import notice_settings, staff_mail
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.messaging_accounts import BY_STAFF
from waitlist_appliance.services.staff_mail import NotSent
from waitlist_appliance.services.watch_box import WORKER_SILENT
from waitlist_appliance.storage import alarms, bookings, customers, notice_choices, notices
from waitlist_appliance.storage import setup as setups
from waitlist_appliance.storage.alarms import Alarm
from waitlist_appliance.storage.database import StorageUnavailable
from waitlist_appliance.storage.notices import Delivery, Notice
from waitlist_appliance.storage.vault import VaultError
from waitlist_appliance.texts import notices as texts
from waitlist_appliance.texts.catalogues import pick_locale
from waitlist_appliance.texts.notices import Told

log = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=90)
ATTEMPTS: Final = 8
KEPT: Final = timedelta(days=90)
# The customers' messages wait for no notice.
LONGEST_PASS_SECONDS: Final = 20.0

# What became of the calendar decides whether "it can be read again" is true.
_CALENDAR_KINDS: Final = frozenset({"calendar_unreadable", "calendar_signed_out"})
_PAGES: Final = {
    "booking_conflict": "/staff/agenda", "booking_taken_back": "/staff/agenda", "booking_pending": "/staff/agenda",
    "place_filled": "/staff/agenda", "booking_cancelled": "/staff/agenda", "changes_held": "/staff/settings/calendars",
    "calendar_unreadable": "/staff/settings/calendars", "calendar_signed_out": "/staff/settings/calendars",
    "text_refused": "/staff/messages", "messages_failing": "/staff/messages", "sending_paused": "/staff/system",
    "worker_silent": "/staff/system", "disk_low": "/staff/system", "sync_failing": "/staff/settings/calendars",
    "delivery_failing": "/staff/messages", "expiry_late": "/staff/system",
    "web_silent": "/staff/system", "messages_waiting": "/staff/messages", "backup_old": "/staff/system",
    "backup_failed": "/staff/system", "box_restored": "/staff/agenda",
}  # fmt: skip


def tell_due(app: Appliance, now: datetime, limit: int = 20, *, by_worker: bool = True) -> int:
    """One round: see what is new and what is over, then tell what is due; how much was told. The worker's rounds prove
    that it runs; ``by_worker`` False is somebody else's, who tells while it does not."""
    _look(app, now, by_worker=by_worker)
    done, mail_is_down, ends = 0, False, time.monotonic() + LONGEST_PASS_SECONDS
    for delivery in notices.due(app.db, now, limit):
        if (mail_is_down and delivery.user_id is not None) or time.monotonic() > ends:
            continue
        try:
            done += _deliver(app, delivery, now)
        except NotSent as problem:
            mail_is_down = mail_is_down or problem.for_all
    return done


def _look(app: Appliance, now: datetime, *, by_worker: bool) -> None:
    held = {alarm.condition: alarm for alarm in alarms.present(app.db)}
    noted = notices.open_ones(app.db)
    back = by_worker and WORKER_SILENT in held and any(notice.condition == WORKER_SILENT for notice in noted)
    if back:  # somebody else told that it was silent; now its end is told
        del held[WORKER_SILENT]
    new = list(_new(held, noted, now))
    ended = [notice for notice in noted if not _still(held, notice)]
    happened = notices.untold(app.db)
    if new or ended or happened:
        with app.db.write():
            if back:
                alarms.clear(app.db, WORKER_SILENT)
            for notice in ended:  # first, so that what begins anew right away is a new notice
                _end(app, notice, held, now)
            for kind, alarm in new:
                _begin(app, kind, alarm, now, by_worker=by_worker)
            for notice in happened:
                _hand_on(app, notice, now)
    notices.forget_before(app.db, now - KEPT)


def _new(held: dict[str, Alarm], noted: list[Notice], now: datetime) -> Iterator[tuple[Kind, Alarm]]:
    known = {(notice.condition, notice.since_at) for notice in noted}
    for alarm in held.values():
        kind = kind_of(alarm.condition)
        patient = kind is not None and now - alarm.since_at < kind.patience
        by_hand = alarm.condition == alarms.SENDING_PAUSED and alarm.detail == BY_STAFF
        if kind and not patient and not by_hand and (alarm.condition, alarm.since_at) not in known:
            yield kind, alarm


def _still(held: dict[str, Alarm], notice: Notice) -> bool:
    alarm = held.get(notice.condition)
    return alarm is not None and alarm.since_at == notice.since_at


def _begin(app: Appliance, kind: Kind, alarm: Alarm, now: datetime, *, by_worker: bool) -> None:
    silence = alarm.condition == WORKER_SILENT and by_worker
    if silence:  # whoever reads this runs again: one notice says both
        alarms.clear(app.db, alarm.condition)
    found = notices.begun(app.db, kind.name, alarm, now, ended=silence)
    if found is not None:
        for user, address in _who(app, kind):
            notices.deliver_to(app.db, found, now, user=user, address=address)


def _end(app: Appliance, notice: Notice, held: dict[str, Alarm], now: datetime) -> None:
    if not notices.set_ended(app.db, notice.id, now):
        return
    notices.drop_unsent(app.db, notice.id, "it was over before it could be told")
    if not texts.WORDS[notice.kind].over or not _truly_over(app, notice, held):
        return
    found = notices.over(app.db, notice, now)
    if found is not None and not notices.repeat_to_who_heard(app.db, notice.id, found, now):
        notices.remove(app.db, found)


def _truly_over(app: Appliance, notice: Notice, held: dict[str, Alarm]) -> bool:
    """Whether an all-clear would be true: an alarm also ends when a worse one takes its place, or its calendar goes."""
    if notice.kind not in _CALENDAR_KINDS:
        return True
    subject = notice.condition.partition(":")[2]
    connection = setups.connection(app.db, int(subject)) if subject.isdecimal() else None
    in_trouble = any(f"{name}:{subject}" in held for kind in _CALENDAR_KINDS for name in KINDS[kind].conditions)
    return connection is not None and connection.enabled and not in_trouble


def _hand_on(app: Appliance, notice: Notice, now: datetime) -> None:
    """What nobody wants to hear of is not even kept."""
    listening = list(_who(app, KINDS.get(notice.kind, KINDS["booking_conflict"])))
    if not listening:
        notices.remove(app.db, notice.id)
        return
    notices.set_told(app.db, notice.id)
    for user, address in listening:
        notices.deliver_to(app.db, notice.id, now, user=user, address=address)


def _who(app: Appliance, kind: Kind) -> Iterator[tuple[int | None, int | None]]:
    """User or address. Without a mail account nobody is written to, not even later: the bell has told them by then."""
    wishes = notice_settings.wishes(app)
    if staff_mail.is_possible(app):
        for listener in notice_choices.listeners(app.db):
            if wishes.of_user(kind, listener):
                yield listener.id, None
    for address in notice_choices.addresses(app.db):
        if wishes.of_address(kind, address):
            yield None, address.id


def _deliver(app: Appliance, delivery: Delivery, now: datetime) -> int:
    """Tell one person or service. NotSent once it has been written down, for the sake of the mails behind it."""
    with app.db.write():
        if not notices.claim(app.db, delivery.id, now, now + LEASE):
            return 0
    try:
        notice = notices.by_id(app.db, delivery.notice_id)
        if notice is not None:
            _tell(app, notice, delivery, now)
    except NotSent as problem:
        _not_told(app, delivery, str(problem), now, for_good=problem.for_good)
        raise
    except NoticeError as problem:
        log.warning("notice %d was not taken: %s", delivery.notice_id, problem)
        _not_told(app, delivery, problem.trouble, now, for_good=not problem.retryable)
        return 0
    except StorageUnavailable:
        raise
    except Exception as problem:
        log.exception("notice %d could not be told", delivery.notice_id)
        _not_told(app, delivery, type(problem).__name__, now, for_good=False)
        return 0
    with app.db.write():
        notices.sent(app.db, delivery.id, now)
    return 1


def _tell(app: Appliance, notice: Notice, delivery: Delivery, now: datetime) -> None:
    business = app.setup().business
    told = _told(app, notice)
    if delivery.user_id is not None:
        reader = notice_choices.listener(app.db, delivery.user_id)
        if reader is None:
            raise NotSent("this person has no access any more", for_good=True, for_all=False)
        locale = pick_locale(reader.locale, business.locale)
        said = texts.letter(told, staff_mail.sender(business), locale)
        staff_mail.send(app, f"notice-{delivery.id}", reader.email, said, locale, "notice", now)
        return
    locale, level = pick_locale(business.locale), _level(notice)
    address = notice_choices.address(app.db, delivery.address_id or 0)
    if address is None or app.notifier is None:
        raise NoticeError("there is nobody to tell", "missing")
    try:
        secret = notice_choices.secret_of(app.db, app.vault, address.id)
    except VaultError:
        raise NoticeError("the address cannot be unsealed", "missing") from None
    title = f"{business.name}: {texts.title(told, locale)}"
    body = texts.short(told, business.tz, locale)
    app.notifier.send(secret, title, body, level, allow_private=address.allow_private)


def _not_told(app: Appliance, delivery: Delivery, error: str, now: datetime, *, for_good: bool) -> None:
    attempts = delivery.attempts + 1
    with app.db.write():
        if for_good or attempts >= ATTEMPTS:
            notices.failed(app.db, delivery.id, error)
        else:
            notices.put_off(app.db, delivery.id, now + staff_mail.wait_after(attempts), error)


def _level(notice: Notice) -> Level:
    if notice.over:
        return "good"
    return "trouble" if notice.since_at is not None or notice.kind == "booking_taken_back" else "news"


def _told(app: Appliance, notice: Notice) -> Told:
    """What it says. Names are read when it is told, so that nothing of a guest lies in the notices."""
    facts = json.loads(notice.facts)
    link = app.url(_PAGES.get(notice.kind, "/staff/settings/notices"))
    if "booking" not in facts:
        since, back = (to_ms(at) if at else 0 for at in (notice.since_at, notice.ended_at))
        return Told(notice.kind, notice.over, str(facts.get("detail", "")), since, back, link=link)
    booking = bookings.by_id(app.db, facts["booking"])
    setup = app.setup()
    resource = setup.resources.get(booking.resource_id) or setup.retired.get(booking.resource_id)
    guest = customers.by_id(app.db, booking.customer_id)
    day = booking.starts_at.astimezone(setup.zone).date()
    return Told(
        notice.kind, starts_at_ms=to_ms(booking.starts_at), people=booking.party_size,
        resource=resource.name if resource else "", link=f"{link}?day={day.isoformat()}",
        guest=" ".join(part for part in (guest.first_name, guest.last_name) if part),
    )  # fmt: skip
