"""The second half of a log-in: who gave the right password proves themselves once more, within minutes.

What has begun is a challenge: its secret stays in the browser that gave the password, and it is good once.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
from datetime import datetime, timedelta
from typing import Final

from waitlist_appliance.domain.errors import Conflict, Forbidden, NotFound
from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.services import login_brake, recovery_codes, sessions
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.sessions import ProvedBy
from waitlist_appliance.storage import activity, login_challenges, second_factors, staff
from waitlist_appliance.storage.vault import VaultError

log = logging.getLogger(__name__)

PURPOSE: Final = "second_factor"
LIFE: Final = timedelta(minutes=5)
WRONG_ANSWERS: Final = 5
STEP_SECONDS: Final = 30
_CODE = re.compile(r"\d{6}", re.ASCII)


def kinds(app: Appliance, user: StaffUser) -> frozenset[str]:
    """What the user has besides the password: "code", "passkey", both or nothing."""
    return second_factors.kinds(app.db, user.id)


def begin(app: Appliance, user: StaffUser, ip: str, now: datetime) -> str:
    """The secret of a challenge for somebody whose password was right."""
    secret = secrets.token_urlsafe(32)
    with app.db.write():
        login_challenges.add(app.db, _hash(secret), PURPOSE, user.id, ip, now, now + LIFE)
    return secret


def pending(app: Appliance, secret: str | None, now: datetime) -> StaffUser:
    """Who is about to come in with this challenge; changes nothing. NotFound challenge_over."""
    found = login_challenges.alive(app.db, _hash(secret), PURPOSE, now) if secret else None
    user = staff.user_by_id(app.db, found.user_id) if found and found.user_id else None
    if user is None or user.disabled_at is not None:
        raise NotFound("challenge_over")
    return user


def answer(
    app: Appliance, secret: str | None, code: str, now: datetime, *, ip: str, user_agent: str = "",
    device: str | None = None, recovery: bool = False,
) -> str:  # fmt: skip
    """The secret of a new session for the right code of the app, or (``recovery``) a recovery code.

    Raises NotFound challenge_over, Forbidden wrong_code (params left: tries), Conflict rate_limited or
    second_factor_unreadable.
    """
    user = pending(app, secret, now)
    counters = login_brake.keys("code", user.email, ip, device)
    login_brake.count(app, counters, user.email, now)
    is_right = recovery_codes.spend(app, user, code, now) if recovery else spend_code(app, user, code, now)
    if not is_right:
        _failed(app, secret or "", now)
    login_brake.succeeded(app, counters, now)
    if recovery:
        _note_recovery(app, user, now)
    return finish(
        app, secret, now, ip=ip, user_agent=user_agent, proved_by="recovery_code" if recovery else "code"
    )  # fmt: skip


def finish(
    app: Appliance, secret: str | None, now: datetime, *, ip: str, user_agent: str, proved_by: ProvedBy
) -> str:  # fmt: skip
    """The secret of a new session, in exchange for the challenge, once its answer was found right.

    NotFound challenge_over, for all but the first of several at once.
    """
    user = pending(app, secret, now)
    with app.db.write():
        if not login_challenges.spend(app.db, _hash(secret or ""), PURPOSE, now):
            raise NotFound("challenge_over")
        return sessions.open_session(app, user, now, ip=ip, user_agent=user_agent, proved_by=proved_by)


def spend_code(app: Appliance, user: StaffUser, code: str, now: datetime, *, confirmed: bool = True) -> bool:
    """Use up a code of the user's app; False when it is wrong, was used before, or there is no (confirmed) app.

    Conflict second_factor_unreadable where the key that seals it is lost.
    """
    digits = "".join(code.split())
    found = second_factors.totp(app.db, user.id)
    if found is None or (confirmed and found.confirmed_at is None) or not _CODE.fullmatch(digits):
        return False
    step = _step_of(secret_of(app, user), digits, now)
    if step is None:
        return False
    with app.db.write():
        return second_factors.spend_step(app.db, user.id, step)


def _step_of(secret: str, digits: str, now: datetime) -> int | None:
    """Which step the code belongs to: this one, the one before or the one after (clocks differ a little)."""
    from pyotp import TOTP  # needed by those who have one only

    codes, here = TOTP(secret), int(now.timestamp()) // STEP_SECONDS
    fitting = [
        step for step in (here - 1, here, here + 1) if hmac.compare_digest(codes.generate_otp(step), digits)
    ]  # fmt: skip
    return fitting[-1] if fitting else None


def secret_of(app: Appliance, user: StaffUser) -> str:
    """What the user's app knows. Conflict second_factor_unreadable."""
    try:
        return second_factors.totp_secret(app.db, app.vault, user.id)
    except (VaultError, LookupError) as error:
        log.error("the second factor of user %d cannot be read: %s", user.id, error)
        raise Conflict("second_factor_unreadable") from None


def _failed(app: Appliance, secret: str, now: datetime) -> None:
    with app.db.write():
        goes_on = login_challenges.fail(app.db, _hash(secret), WRONG_ANSWERS)
    if not goes_on:
        raise NotFound("challenge_over")
    raise Forbidden("wrong_code", "code")


def _note_recovery(app: Appliance, user: StaffUser, now: datetime) -> None:
    with app.db.write():
        left = second_factors.codes_left(app.db, user.id)
        activity.record(
            app.db, now, Actor("staff", user.name), "recovery_code_used", "staff_user", user.id, left=left
        )  # fmt: skip


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
