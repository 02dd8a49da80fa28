"""Getting a second factor, getting new recovery codes, and giving it up again.

An authenticator app counts once a first code of it was typed: whoever copied it wrong must not lock themselves out.
"""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.domain.errors import Conflict, Invalid, NotFound
from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.services import login_brake, recovery_codes, second_factor, sessions, staff_login
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.storage import activity, login_challenges, second_factors
from waitlist_appliance.storage.vault import VaultError


def begin(app: Appliance, user: StaffUser, now: datetime) -> None:
    """A new secret for the user's app, which does not count yet. Conflict second_factor_there, vault_unreadable."""
    from pyotp import random_base32  # needed by those who set one up only

    try:
        with app.db.write():
            if not second_factors.put_totp(app.db, app.vault, user.id, random_base32(), now):
                raise Conflict("second_factor_there")
    except VaultError as error:
        raise Conflict("vault_unreadable") from error


def address(app: Appliance, user: StaffUser) -> str:
    """What an authenticator app reads out of the picture (otpauth://…), while it is being set up.

    NotFound second_factor_not_begun.
    """
    from pyotp import TOTP

    business = app.setup().business.name
    return TOTP(secret(app, user)).provisioning_uri(name=user.email, issuer_name=business)


def secret(app: Appliance, user: StaffUser) -> str:
    """The secret to type by hand, while it is being set up and never again. NotFound second_factor_not_begun; Conflict."""
    found = second_factors.totp(app.db, user.id)
    if found is None or found.confirmed_at is not None:
        raise NotFound("second_factor_not_begun")
    return second_factor.secret_of(app, user)


def confirm(app: Appliance, user: StaffUser, code: str, now: datetime, session: str) -> list[str]:
    """From now on the app counts, and what the password alone opened ends, but for this session (its secret).

    The recovery codes to keep; none where the user has some already.
    Raises NotFound second_factor_not_begun, Invalid wrong_code.
    """
    secret(app, user)
    if not second_factor.spend_code(app, user, code, now, confirmed=False):
        raise Invalid("wrong_code", "code")
    with app.db.write():
        if not second_factors.confirm_totp(app.db, user.id, now):
            raise NotFound("second_factor_not_begun")
        sessions.has_shown(app, user, session, "code", now)
        _log(app, "second_factor_set_up", user, now)
    return first_codes(app, user)


def first_codes(app: Appliance, user: StaffUser) -> list[str]:
    """Recovery codes for somebody who has just got their first second factor; none where they have some already."""
    return _keep_new(app, user) if not second_factors.codes_left(app.db, user.id) else []


def new_codes(app: Appliance, user: StaffUser, now: datetime) -> list[str]:
    """New recovery codes; all earlier ones end. NotFound second_factor_not_begun without a second factor."""
    if not second_factor.kinds(app, user):
        raise NotFound("second_factor_not_begun")
    codes = _keep_new(app, user)
    with app.db.write():
        _log(app, "recovery_codes_made", user, now)
    return codes


def turn_off(
    app: Appliance, user: StaffUser, password: str, code: str, ip: str, now: datetime, device: str | None = None
) -> None:  # fmt: skip
    """The app counts no more. It takes the password and a code, or a recovery code where the phone is lost.

    Raises Invalid wrong_password, wrong_code; Conflict rate_limited; NotFound second_factor_not_begun.
    """
    if "code" not in second_factor.kinds(app, user):
        raise NotFound("second_factor_not_begun")
    staff_login.prove_password(app, user, password, ip, now, device)
    counters = login_brake.keys("code", user.email, ip, device)
    login_brake.count(app, counters, user.email, now)
    if not (second_factor.spend_code(app, user, code, now) or recovery_codes.spend(app, user, code, now)):
        raise Invalid("wrong_code", "code")
    login_brake.succeeded(app, counters, now)
    with app.db.write():
        second_factors.drop_totp(app.db, user.id)
        forget_codes_without_use(app, user)
        _log(app, "second_factor_off", user, now)


def forget_codes_without_use(app: Appliance, user: StaffUser) -> None:
    """Recovery codes, and log-ins that wait for a second factor, end with the last second factor."""
    with app.db.write():
        if not second_factors.kinds(app.db, user.id):
            second_factors.replace_codes(app.db, user.id, [])
            login_challenges.end_of_user(app.db, user.id)


def _keep_new(app: Appliance, user: StaffUser) -> list[str]:
    codes, hashes = recovery_codes.make(user)
    with app.db.write():
        second_factors.replace_codes(app.db, user.id, hashes)
    return codes


def _log(app: Appliance, verb: str, user: StaffUser, now: datetime) -> None:
    activity.record(app.db, now, Actor("staff", user.name), verb, "staff_user", user.id)
