"""Letters to the team: invitations, links to a new password, what became of an access.

Sealed until they are sent, wiped afterwards.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import Final

from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.services import staff_login, staff_mail
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.staff_mail import NotSent
from waitlist_appliance.storage import notice_choices, staff, staff_letters
from waitlist_appliance.storage.database import StorageUnavailable
from waitlist_appliance.storage.staff_letters import StaffLetterRow
from waitlist_appliance.storage.vault import VaultError
from waitlist_appliance.texts import staff_letters as texts
from waitlist_appliance.texts.catalogues import pick_locale
from waitlist_appliance.texts.staff_letters import StaffLetter

log = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=90)
ATTEMPTS: Final = 8
KEPT: Final = timedelta(days=90)
LONGEST_PASS_SECONDS: Final = 20.0
FORGOTTEN_LIFE: Final = timedelta(minutes=30)
# Whoever presses the button for somebody else must not fill their mailbox.
LETTERS_AN_HOUR: Final = 3
# What became of an access is news for so long.
NEWS_LIFE: Final = timedelta(days=3)


def is_possible(app: Appliance) -> bool:
    """Whether letters can be sent at all."""
    return staff_mail.is_possible(app)


def send_link(app: Appliance, user: StaffUser, token: str, now: datetime) -> bool:
    """Send the user the link that was just made for them; False when no letter can be written."""
    if not is_possible(app):
        return False
    kind = "password" if user.password_hash else "invitation"
    try:
        with app.db.write():
            _keep(app, user, kind, token, now + staff_login.LINK_LIFE, now)
    except VaultError as error:
        log.error("a letter to the team cannot be sealed: %s", error)
        return False
    return True


def tell(app: Appliance, user: StaffUser, what: str, now: datetime) -> bool:
    """Tell the user what became of their password or second factor (``what``: a key of texts.staff_letters.ACCOUNT), so
    that they notice when it was not them; False when no letter can be written, which stops nothing."""
    if not is_possible(app):
        return False
    business, listener = app.setup().business, notice_choices.listener(app.db, user.id)
    locale = pick_locale(listener.locale if listener else None, business.locale)
    said = texts.account(what, locale, staff_mail.sender(business), user.name, app.url("/staff/account"))
    try:
        with app.db.write():
            _add(app, user, "account", said, locale, now + NEWS_LIFE, now)
    except VaultError as error:
        log.error("a letter to the team cannot be sealed: %s", error)
        return False
    return True


def forgot(app: Appliance, email: str, ip: str, now: datetime) -> None:
    """Somebody forgot the password of this address. Whether anybody has it is looked up in the worker only, so that
    neither the answer nor the time it takes tells. Conflict rate_limited, for every address alike."""
    staff_login.count_forgotten(app, email, ip, now)
    if is_possible(app):
        with app.db.write():
            staff_letters.ask(app.db, email.strip()[:254], now)


def send_due(app: Appliance, now: datetime, limit: int = 10) -> int:
    """Hand over what is due, in the worker; how many were."""
    _write_asked(app, now)
    done, ends = 0, time.monotonic() + LONGEST_PASS_SECONDS
    for letter in staff_letters.due(app.db, now, limit):
        try:
            done += _send(app, letter, now)
        except NotSent as problem:
            if problem.for_all:
                break
        if time.monotonic() > ends:
            break
    staff_letters.forget_before(app.db, now - KEPT)
    return done


def _send(app: Appliance, letter: StaffLetterRow, now: datetime) -> int:
    """NotSent once it has been written down, for the sake of the letters behind it."""
    with app.db.write():
        if not staff_letters.claim(app.db, letter.id, now, now + LEASE):
            return 0
    try:
        _hand_over(app, letter, now)
    except NotSent as problem:
        log.warning("staff letter %d was not taken: %s", letter.id, problem)
        _not_sent(app, letter, str(problem), now, for_good=problem.for_good)
        raise
    except StorageUnavailable:
        raise
    except Exception as problem:
        log.exception("staff letter %d could not be sent", letter.id)
        _not_sent(app, letter, type(problem).__name__, now, for_good=isinstance(problem, VaultError))
        return 0
    with app.db.write():
        staff_letters.sent(app.db, letter.id)
    return 1


def _hand_over(app: Appliance, letter: StaffLetterRow, now: datetime) -> None:
    reader = notice_choices.listener(app.db, letter.user_id)
    if reader is None:
        raise NotSent("this person has no access any more", for_good=True, for_all=False)
    if letter.until_at <= now:
        raise NotSent("its link is too old by now", for_good=True, for_all=False)
    said = staff_letters.text_of(app.db, app.vault, letter.id)
    text = StaffLetter(said["subject"], said["text"], said["html"])
    kind = f"staff_{letter.kind}"
    staff_mail.send(app, f"staff-letter-{letter.id}", reader.email, text, said["locale"], kind, now)


def _not_sent(app: Appliance, letter: StaffLetterRow, error: str, now: datetime, *, for_good: bool) -> None:
    attempts = letter.attempts + 1
    with app.db.write():
        if for_good or attempts >= ATTEMPTS:
            staff_letters.failed(app.db, letter.id, error)
        else:
            staff_letters.put_off(app.db, letter.id, now + staff_mail.wait_after(attempts), error)


def _write_asked(app: Appliance, now: datetime) -> None:
    """A letter for everybody who asked and is here; a link for nobody else."""
    if not staff_letters.is_asked(app.db):
        return
    with app.db.write():
        for asked in staff_letters.take_asked(app.db):
            user = staff.user_by_email(app.db, asked.email)
            until = asked.asked_at + FORGOTTEN_LIFE
            if user is not None and until > now and _may_have_another(app, user, now):
                token = staff_login.forgotten_link(app, user, until, now)
                _keep(app, user, "password", token, until, now)


def _may_have_another(app: Appliance, user: StaffUser, now: datetime) -> bool:
    lately = staff_letters.count_since(app.db, user.id, "password", now - timedelta(hours=1))
    return user.disabled_at is None and lately < LETTERS_AN_HOUR


def _keep(app: Appliance, user: StaffUser, kind: str, token: str, until: datetime, now: datetime) -> None:
    business, listener = app.setup().business, notice_choices.listener(app.db, user.id)
    locale = pick_locale(listener.locale if listener else None, business.locale)
    write = texts.invitation if kind == "invitation" else texts.new_password
    said = write(locale, staff_mail.sender(business), user.name, app.url(f"/welcome/{token}"), until)
    _add(app, user, kind, said, locale, until, now)


def _add(
    app: Appliance, user: StaffUser, kind: str, said: StaffLetter, locale: str, until: datetime, now: datetime
) -> None:
    text = {"subject": said.subject, "text": said.text, "html": said.html, "locale": locale}
    staff_letters.add(app.db, app.vault, user.id, kind, text, until, now)
