"""Sessions of staff: one per log-in and browser, ended by time, by hand or by a new password.

The browser holds a secret, the database its hash only.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from waitlist_appliance.domain.errors import NotFound
from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.storage import activity, sessions, staff
from waitlist_appliance.storage.database import StorageUnavailable
from waitlist_appliance.storage.sessions import SessionRow

log = logging.getLogger(__name__)

ProvedBy = Literal["password", "code", "recovery_code", "passkey"]
LIFE: Final = timedelta(days=30)
IDLE: Final = timedelta(hours=12)
# Writing "seen" at every request would make each page a write.
TOUCH: Final = timedelta(minutes=5)
# For so long after giving a password or a second factor the riskiest acts ask for nothing more.
RECENT: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Presence:
    """Somebody at a browser."""

    user: StaffUser
    session: SessionRow


def open_session(
    app: Appliance, user: StaffUser, now: datetime, *, ip: str, user_agent: str, proved_by: ProvedBy
) -> str:  # fmt: skip
    """The secret of a new session for somebody who has proved who they are."""
    token = secrets.token_urlsafe(32)
    with app.db.write():
        sessions.forget_old(app.db, now, now - IDLE)
        sessions.insert(
            app.db, _hash(token), user.id, now, now + LIFE, ip=ip, user_agent=user_agent, proved_by=proved_by
        )
        staff.set_last_login(app.db, user.id, now)
        _log(app, "logged_in", user, now, Actor("staff", user.name), proved_by)
    return token


def present(app: Appliance, token: str | None, now: datetime) -> Presence | None:
    """Whose session this is; None when it is over, idle for 12 hours or never was. Sliding."""
    if not token:
        return None
    hashed = _hash(token)
    session = sessions.alive(app.db, hashed, now, now - IDLE)
    user = sessions.user_of(app.db, session) if session else None
    if session is None or user is None:
        return None
    if now - session.seen_at >= TOUCH:
        _touch(app, hashed, now)
    return Presence(user, session)


def who(app: Appliance, token: str | None, now: datetime) -> StaffUser | None:
    """`present`, the user alone."""
    found = present(app, token, now)
    return found.user if found else None


def of_user(app: Appliance, user: StaffUser, now: datetime) -> list[SessionRow]:
    """The user's sessions in force, the one last used first."""
    return sessions.of_user(app.db, user.id, now, now - IDLE)


def by_user(app: Appliance, now: datetime) -> dict[int, list[SessionRow]]:
    """User → their sessions in force, as `of_user`."""
    found: dict[int, list[SessionRow]] = {}
    for session in sessions.in_force(app.db, now, now - IDLE):
        found.setdefault(session.user_id, []).append(session)
    return found


def recently_proved(session: SessionRow, now: datetime) -> bool:
    """Whether whoever sits there gave a password or a second factor a short while ago."""
    return now - session.proved_at < RECENT


def renew(app: Appliance, token: str, now: datetime) -> str:
    """The session goes on under another secret, because somebody has just proved again who they are there.

    NotFound session_over.
    """
    fresh = secrets.token_urlsafe(32)
    with app.db.write():
        if not sessions.renew(app.db, _hash(token), _hash(fresh), now):
            raise NotFound("session_over")
    return fresh


def log_out(app: Appliance, token: str, now: datetime) -> None:
    """End this session; an unknown one is fine."""
    found = present(app, token, now)
    with app.db.write():
        if sessions.end(app.db, _hash(token)) and found:
            _log(app, "logged_out", found.user, now, Actor("staff", found.user.name))


def end(app: Appliance, user: StaffUser, public_id: str, now: datetime, actor: Actor | None = None) -> None:
    """End one session of this user. NotFound session_over."""
    with app.db.write():
        if not sessions.end_one(app.db, user.id, public_id):
            raise NotFound("session_over")
        _log(app, "session_ended", user, now, actor or Actor("staff", user.name))


def end_others(app: Appliance, user: StaffUser, token: str, now: datetime) -> int:
    """End all sessions of this user but the one with this secret; how many there were."""
    with app.db.write():
        ended = sessions.end_of_user(app.db, user.id, but=_hash(token))
        if ended:
            _log(app, "sessions_ended", user, now, Actor("staff", user.name), number=ended)
    return ended


def has_shown(app: Appliance, user: StaffUser, token: str, proved_by: ProvedBy, now: datetime) -> None:
    """A new second factor was shown in the session with this secret. What the password alone opened elsewhere ends:
    whoever has no more than that must not go on as if they had shown it too."""
    with app.db.write():
        sessions.set_proved_by(app.db, _hash(token), user.id, proved_by)
        ended = sessions.end_by_password(app.db, user.id)
        if ended:
            _log(app, "sessions_ended", user, now, Actor("staff", user.name), number=ended)


def end_all(app: Appliance, user: StaffUser, now: datetime, actor: Actor) -> int:
    """Log this user out everywhere; how many sessions there were."""
    with app.db.write():
        ended = sessions.end_of_user(app.db, user.id)
        if ended:
            _log(app, "sessions_ended", user, now, actor, number=ended, name=user.name)
    return ended


def _touch(app: Appliance, hashed: bytes, now: datetime) -> None:
    try:
        with app.db.write():
            sessions.touch(app.db, hashed, now)
    except StorageUnavailable as error:
        # On a full disk the desk must still be read. At every request of every page: whoever has to write says it aloud.
        log.debug("a session was not noted as seen: %s", error)


def _log(
    app: Appliance, verb: str, user: StaffUser, now: datetime, actor: Actor, reason: str | None = None, **detail: Any
) -> None:
    activity.record(app.db, now, actor, verb, "staff_user", user.id, reason=reason, **detail)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
