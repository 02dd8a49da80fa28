"""Who staff are and how they come in: one-time links, passwords, sessions, and the brake on guessing.

Nobody can make a user by visiting: the first link is printed on the machine itself (`waitlist init`).
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from waitlist_appliance.domain.errors import Conflict, Forbidden, Invalid, NotFound
from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import activity, staff
from waitlist_appliance.storage.activity import SYSTEM, Actor
from waitlist_appliance.storage.database import IntegrityError

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

PASSWORD_LENGTH: Final = 10
PASSWORD_LIMIT: Final = 256
LINK_LIFE: Final = timedelta(days=7)
SESSION_LIFE: Final = timedelta(days=30)
SESSION_IDLE: Final = timedelta(hours=12)
# Writing "seen" at every request would make each page a write.
SESSION_TOUCH: Final = timedelta(minutes=5)
FREE_GUESSES: Final[Mapping[str, int]] = {"account": 4, "ip": 20, "forgotten": 3, "forgotten_ip": 10}
LONGEST_WAIT: Final = timedelta(minutes=15)
FORGET_FAILURES: Final = timedelta(hours=24)

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]{2,}")
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# One at a time: each hash takes 19 MiB and a core (runtime.md 4).
_one_hash = threading.Semaphore(1)
# Checked for an unknown email, so that the answer takes as long as for a known one.
_NOBODY: Final = "$argon2id$v=19$m=19456,t=2,p=1$oQvl3zKFo0rwg8W3jKGUdA$eiQbg7D3LEBQAH0C31afvVQxMTjKoRLyazOr9/7N9g0"


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
    account = "forgotten:" + _account_key(email[:254])
    _count(app, {"forgotten": account, "forgotten_ip": f"forgotten_ip:{ip}"}, email, now)


def forgotten_link(app: Appliance, user: StaffUser, until: datetime, now: datetime) -> str:
    """The secret of a link for whoever forgot the password. Older links stay: anybody could end them otherwise."""
    with app.db.write():
        token = _new_link(app, user.id, "reset", until)
        _log(app, "password_forgotten", user.id, now, SYSTEM)
    return token


def link_user(app: Appliance, token: str, now: datetime) -> StaffUser:
    """Whom an unused link belongs to; changes nothing. NotFound: token_gone."""
    found = staff.link(app.db, _hash(token))
    if found is None or found.used_at is not None or found.expires_at <= now:
        raise NotFound("token_gone")
    return _user(app, found.user_id)


def use_link(app: Appliance, token: str, password: str, now: datetime) -> StaffUser:
    """Set the password, once; every session of the user ends.

    Raises NotFound token_gone, Invalid password_short or password_long.
    """
    user = link_user(app, token, now)
    _check_password(password)
    hashed = _hash_password(password)
    with app.db.write():
        if not staff.spend_link(app.db, _hash(token), now):
            raise NotFound("token_gone")
        staff.void_links(app.db, user.id, now)
        staff.set_password(app.db, user.id, hashed)
        staff.end_sessions_of(app.db, user.id)
        staff.clear_throttle(app.db, _account_key(user.email))
        _log(app, "password_set", user.id, now, Actor("staff", user.name))
    return user


def log_in(app: Appliance, email: str, password: str, ip: str, now: datetime) -> str:
    """The secret of a new session. Forbidden wrong_login; Conflict rate_limited with params seconds."""
    email = email.strip()[:254]
    _count_guess(app, email, ip, now)
    user = staff.user_by_email(app.db, email)
    known = user is not None and user.password_hash is not None and user.disabled_at is None
    right = _is_right(user.password_hash if known and user and user.password_hash else _NOBODY, password)
    if user is None or not known or not right:
        raise Forbidden("wrong_login")
    return _open_session(app, user, email, ip, now)


def log_out(app: Appliance, token: str) -> None:
    """End this session; an unknown one is fine."""
    with app.db.write():
        staff.end_session(app.db, _hash(token))


def who(app: Appliance, token: str | None, now: datetime) -> StaffUser | None:
    """Whose session this is; None when it is over, idle for 12 hours or never was. Sliding."""
    if not token:
        return None
    hashed = _hash(token)
    user = staff.session_user(app.db, hashed, now, now - SESSION_IDLE)
    session = staff.session(app.db, hashed) if user else None
    if session and now - session.seen_at >= SESSION_TOUCH:
        with app.db.write():
            staff.touch_session(app.db, hashed, now)
    return user


def may(user: StaffUser, permission: str | None) -> bool:
    """Whether the user's role holds the permission; everybody who is logged in holds None."""
    return permission is None or permission in ROLES.get(user.role, frozenset())


def note_refusal(app: Appliance, user: StaffUser, method: str, endpoint: str, now: datetime) -> None:
    """Write into the history that somebody tried what their role does not allow."""
    with app.db.write():
        _log(app, "refused", user.id, now, Actor("staff", user.name), f"{method} {endpoint}", role=user.role)


def _open_session(app: Appliance, user: StaffUser, email: str, ip: str, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    with app.db.write():
        staff.forget_old_sessions(app.db, now, now - SESSION_IDLE)
        staff.insert_session(app.db, _hash(token), user.id, now, now + SESSION_LIFE)
        staff.set_last_login(app.db, user.id, now)
        staff.clear_throttle(app.db, _account_key(email))
        _take_back_guess(app, f"ip:{ip}", now)
        _log(app, "logged_in", user.id, now, Actor("staff", user.name))
    return token


def _count_guess(app: Appliance, email: str, ip: str, now: datetime) -> None:
    """Count before checking, so that guessing in parallel gains nothing. Conflict rate_limited while blocked."""
    _count(app, {"account": _account_key(email), "ip": f"ip:{ip}"}, email, now)


def _count(app: Appliance, keys: Mapping[str, str], email: str, now: datetime) -> None:
    wait = timedelta()
    with app.db.write():
        staff.forget_old_throttles(app.db, now - FORGET_FAILURES)
        wait = max(_wait_of(app, key, now) for key in keys.values())
        if wait <= timedelta():
            for kind, key in keys.items():
                _raise_count(app, kind, key, email, now)
    if wait > timedelta():
        raise Conflict("rate_limited", params={"seconds": max(1, round(wait.total_seconds()))})


def _wait_of(app: Appliance, key: str, now: datetime) -> timedelta:
    found = staff.throttle(app.db, key)
    return found.blocked_until_at - now if found else timedelta()


def _raise_count(app: Appliance, kind: str, key: str, email: str, now: datetime) -> None:
    found = staff.throttle(app.db, key)
    failures = (found.failures if found else 0) + 1
    wait = _delay(failures - FREE_GUESSES[kind])
    staff.set_throttle(app.db, key, failures, now + wait, now)
    if wait > timedelta():
        user = staff.user_by_email(app.db, email)
        seconds = int(wait.total_seconds())
        _log(app, "login_slowed", user.id if user else None, now, SYSTEM, kind, failures=failures, wait_seconds=seconds)


def _take_back_guess(app: Appliance, key: str, now: datetime) -> None:
    """One success takes back one guess only: logging in oneself must not give an address new guesses at others."""
    found = staff.throttle(app.db, key)
    if found:
        staff.set_throttle(app.db, key, max(0, found.failures - 1), now, now)


def _delay(over: int) -> timedelta:
    """Nothing within the free guesses, then 2, 4, 8 … seconds, a quarter of an hour at most."""
    return timedelta() if over <= 0 else min(timedelta(seconds=2 ** min(over, 20)), LONGEST_WAIT)


def _account_key(email: str) -> str:
    return "account:" + hashlib.sha256(email.strip().lower().encode()).hexdigest()


def _is_right(password_hash: str, password: str) -> bool:
    with _one_hash:
        try:
            return _hasher.verify(password_hash, password[:PASSWORD_LIMIT])
        except (VerificationError, InvalidHashError):
            return False


def _hash_password(password: str) -> str:
    with _one_hash:
        return _hasher.hash(password)


def _check_password(password: str) -> None:
    if len(password) < PASSWORD_LENGTH:
        raise Invalid("password_short", "password", params={"length": PASSWORD_LENGTH})
    if len(password) > PASSWORD_LIMIT:
        raise Invalid("password_long", "password", params={"length": PASSWORD_LIMIT})


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
