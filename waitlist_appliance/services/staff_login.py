"""Who staff are and how they come in: one-time links, passwords, and what follows the right one.

Password → second factor, where somebody has one (services/second_factor.py) → session (services/sessions.py).
Nobody can make a user by visiting: the first link is printed on the machine itself (`waitlist init`).
"""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from waitlist_appliance.domain.errors import Forbidden, Invalid, NotFound
from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.services import login_brake, passwords, second_factor, sessions
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.common_passwords import is_common
from waitlist_appliance.storage import activity, login_challenges, staff
from waitlist_appliance.storage import sessions as session_rows
from waitlist_appliance.storage.activity import SYSTEM, Actor
from waitlist_appliance.storage.database import IntegrityError, StorageUnavailable

log = logging.getLogger(__name__)

_HOST = frozenset(
    {"waitlist.view", "waitlist.create", "waitlist.notify", "waitlist.cancel",
     "bookings.view", "bookings.create", "bookings.cancel"}
)  # fmt: skip
ROLES: Final[Mapping[str, frozenset[str]]] = {
    "owner": _HOST | {"settings.manage", "users.manage"},
    "manager": _HOST | {"settings.manage"},
    "host": _HOST,
    "viewer": frozenset({"waitlist.view", "bookings.view"}),
}
PERMISSIONS: Final = ROLES["owner"]

LINK_LIFE: Final = timedelta(days=7)

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]{2,}")


@dataclass(frozen=True, slots=True)
class Entrance:
    """What the right password opened: a session, or, for whoever has a second factor, the challenge to show it.

    One of the two secrets is there.
    """

    user: StaffUser
    session: str | None = None
    challenge: str | None = None


def add_user(
    app: Appliance, email: str, name: str, role: str, now: datetime, actor: Actor = SYSTEM
) -> tuple[StaffUser, str]:
    """A user without a password, and the secret of the link (/welcome/<secret>) that sets one.

    Raises Invalid: bad_value (email, role), email_taken, name_required.
    """
    email, name = email.strip(), name.strip()
    _check_user(email, name, role)
    with app.db.write():
        purpose = "invitation" if staff.users(app.db) else "first"
        user_id = _insert_user(app, email, name, role, now)
        token = _new_link(app, user_id, purpose, now + LINK_LIFE)
        _log(app, "staff_added", user_id, now, actor, role, name=name)
    return _user(app, user_id), token


def reset_link(app: Appliance, email: str, now: datetime, actor: Actor = SYSTEM) -> str:
    """The secret of a new link that sets a new password; older links end. NotFound: not_found."""
    user = staff.user_by_email(app.db, email.strip())
    if user is None:
        raise NotFound("not_found", "email")
    with app.db.write():
        staff.void_links(app.db, user.id, now)
        token = _new_link(app, user.id, "reset", now + LINK_LIFE)
        _log(app, "password_link_made", user.id, now, actor)
    return token


def count_forgotten(app: Appliance, email: str, ip: str, now: datetime) -> None:
    """Count a password that was forgotten, whether or not anybody has this email. Conflict rate_limited when it is too
    often; the same brake as on guessing, counted apart from it."""
    account = f"forgotten:{login_brake.hashed(email[:254])}"
    login_brake.count(app, {"forgotten": account, "forgotten_ip": login_brake.ip_key("forgotten_ip", ip)}, email, now)


def forgotten_link(app: Appliance, user: StaffUser, until: datetime, now: datetime) -> str:
    """The secret of a link for whoever forgot the password. Older links stay: anybody could end them otherwise."""
    with app.db.write():
        token = _new_link(app, user.id, "reset", until)
        _log(app, "password_forgotten", user.id, now, SYSTEM)
    return token


def link_user(app: Appliance, token: str, now: datetime) -> StaffUser:
    """Whom an unused link belongs to, where they have access; changes nothing. NotFound: token_gone."""
    found = staff.link(app.db, _hash(token))
    if found is None or found.used_at is not None or found.expires_at <= now:
        raise NotFound("token_gone")
    user = _user(app, found.user_id)
    if user.disabled_at is not None:
        raise NotFound("token_gone")
    return user


def use_link(app: Appliance, token: str, password: str, now: datetime) -> StaffUser:
    """Set the password, once; every session of the user ends. The user as `enter` takes them.

    Raises NotFound token_gone, Invalid password_short, password_long or password_common.
    """
    user = link_user(app, token, now)
    _check_choice(app, user, password)
    hashed = passwords.hashed(password)
    with app.db.write():
        if not staff.spend_link(app.db, _hash(token), now):
            raise NotFound("token_gone")
        _set_password(app, user, hashed, now)
        session_rows.end_of_user(app.db, user.id)
        login_brake.succeeded(app, {"account": f"account:{login_brake.hashed(user.email)}"}, now)
        _log(app, "password_set", user.id, now, Actor("staff", user.name))
    return replace(user, password_hash=hashed)


def change_password(
    app: Appliance, user: StaffUser, session: str, password: str, new: str, ip: str, now: datetime,
    device: str | None = None,
) -> str:  # fmt: skip
    """Set another password; every other session ends, and this one goes on under the secret that is returned.

    Raises Invalid wrong_password (field current), password_short, password_long, password_common; Conflict rate_limited.
    """
    _check_choice(app, user, new)
    prove_password(app, user, password, ip, now, device)
    hashed = passwords.hashed(new)
    with app.db.write():
        _set_password(app, user, hashed, now)
        sessions.end_others(app, user, session, now)
        _log(app, "password_changed", user.id, now, Actor("staff", user.name))
        return sessions.renew(app, session, now)


def prove_password(
    app: Appliance, user: StaffUser, password: str, ip: str, now: datetime, device: str | None = None
) -> None:  # fmt: skip
    """Somebody who is logged in shows that they are still the one. Invalid wrong_password; Conflict rate_limited."""
    try:
        check_password(app, user.email, password, ip, now, device)
    except Forbidden as error:
        raise Invalid("wrong_password", "current") from error


def check_password(
    app: Appliance, email: str, password: str, ip: str, now: datetime, device: str | None = None
) -> StaffUser:  # fmt: skip
    """Whoever has this email and this password, and access. Forbidden wrong_login; Conflict rate_limited with seconds.

    ``device``: the name of a browser that logged in to this account before (services/known_devices.py).
    """
    email = email.strip()[:254]
    counters = login_brake.keys("", email, ip, device)
    login_brake.count(app, counters, email, now)
    user = staff.user_by_email(app.db, email)
    known = user is not None and user.password_hash is not None and user.disabled_at is None
    kept = user.password_hash if known and user and user.password_hash else passwords.NOBODY
    right = passwords.is_right(kept, password)
    if user is None or not known or not right:
        raise Forbidden("wrong_login")
    login_brake.succeeded(app, counters, now)
    return _hashed_anew(app, user, password) if passwords.is_outdated(kept) else user


def log_in(
    app: Appliance, email: str, password: str, ip: str, now: datetime, *, user_agent: str = "",
    device: str | None = None,
) -> Entrance:  # fmt: skip
    """What the right password opens. Forbidden wrong_login; Conflict rate_limited with params seconds."""
    return enter(app, check_password(app, email, password, ip, now, device), ip, now, user_agent=user_agent)


def enter(app: Appliance, user: StaffUser, ip: str, now: datetime, *, user_agent: str = "") -> Entrance:
    """What is open to somebody whose password was right, as `check_password` or `use_link` gave them. Forbidden wrong_login."""
    with app.db.write():
        # Hashing took a while: a password that was changed meanwhile opens nothing any more.
        if _user(app, user.id).password_hash != user.password_hash:
            raise Forbidden("wrong_login")
        if second_factor.kinds(app, user):
            return Entrance(user, challenge=second_factor.begin(app, user, ip, now))
        opened = sessions.open_session(app, user, now, ip=ip, user_agent=user_agent, proved_by="password")
    return Entrance(user, session=opened)


def may(user: StaffUser, permission: str | None) -> bool:
    """Whether the user's role holds the permission; everybody who is logged in holds None."""
    return permission is None or permission in ROLES.get(user.role, frozenset())


def note_refusal(app: Appliance, user: StaffUser, method: str, endpoint: str, now: datetime) -> None:
    """Write into the history that somebody tried what their role does not allow."""
    try:
        with app.db.write():
            _log(app, "refused", user.id, now, Actor("staff", user.name), f"{method} {endpoint}", role=user.role)
    except StorageUnavailable as error:
        log.warning("user %d was refused %s %s, which could not be written down: %s", user.id, method, endpoint, error)


def _check_choice(app: Appliance, user: StaffUser, password: str) -> None:
    passwords.check_shape(password)
    try:
        business = app.setup().business.name
    except NotFound:
        business = ""
    if is_common(password, user.email, user.email.partition("@")[0], user.name, business):
        raise Invalid("password_common", "password")


def _set_password(app: Appliance, user: StaffUser, hashed: str, now: datetime) -> None:
    """With it, links to a new one and log-ins that had begun with the old one end."""
    staff.set_password(app.db, user.id, hashed)
    staff.void_links(app.db, user.id, now)
    login_challenges.end_of_user(app.db, user.id)


def _hashed_anew(app: Appliance, user: StaffUser, password: str) -> StaffUser:
    """The parameters have changed since it was hashed: only now that it was typed can it be hashed with the new ones."""
    fresh = passwords.hashed(password[: passwords.LIMIT])
    with app.db.write():
        staff.replace_hash(app.db, user.id, user.password_hash or "", fresh)
    return replace(user, password_hash=fresh)


def _check_user(email: str, name: str, role: str) -> None:
    if not _EMAIL.fullmatch(email) or len(email) > 254:
        raise Invalid("bad_value", "email", params={"field": "email"})
    if not name:
        raise Invalid("name_required", "name")
    if role not in ROLES:
        raise Invalid("bad_value", "role", params={"field": "role", "allowed": ", ".join(ROLES)})


def _insert_user(app: Appliance, email: str, name: str, role: str, now: datetime) -> int:
    try:
        return staff.insert_user(app.db, email, name[:200], role, now)
    except IntegrityError as error:
        raise Invalid("email_taken", "email", params={"value": email}) from error


def _new_link(app: Appliance, user_id: int, purpose: str, until: datetime) -> str:
    token = secrets.token_urlsafe(24)
    staff.insert_link(app.db, _hash(token), user_id, purpose, until)
    return token


def _user(app: Appliance, user_id: int) -> StaffUser:
    user = staff.user_by_id(app.db, user_id)
    if user is None:
        raise NotFound("not_found")
    return user


def _log(
    app: Appliance, verb: str, user_id: int | None, now: datetime, actor: Actor, reason: str | None = None,
    **detail: Any,
) -> None:  # fmt: skip
    activity.record(app.db, now, actor, verb, "staff_user", user_id, reason=reason, **detail)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
