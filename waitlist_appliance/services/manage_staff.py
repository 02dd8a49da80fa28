"""Who works here: inviting, roles, access taken away and given back, lost second factors.

Somebody who is an owner always remains.
"""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.domain.errors import Conflict, Invalid, NotFound
from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.services import sessions as staff_sessions
from waitlist_appliance.services import staff_letters, staff_login
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.storage import activity, login_challenges, second_factors, sessions, staff


def invite(app: Appliance, email: str, name: str, role: str, now: datetime, actor: Actor) -> tuple[StaffUser, str]:
    """A new user and the secret of their one-time link. Invalid names the field."""
    if not name.strip():
        raise Invalid("name_missing", "name")
    return staff_login.add_user(app, email, name, role, now, actor)


def new_link(app: Appliance, user_id: str, now: datetime, actor: Actor) -> tuple[StaffUser, str]:
    """The secret of a new link with which the user chooses a password; older ones end. Conflict user_disabled."""
    user = _found(app, user_id)
    if user.disabled_at is not None:
        raise Conflict("user_disabled", params={"name": user.name})
    return user, staff_login.reset_link(app, user.email, now, actor)


def change_role(app: Appliance, user_id: str, role: str, now: datetime, actor: Actor) -> None:
    """Give the user another role from their next click on. Invalid bad_value; Conflict last_owner."""
    if role not in staff_login.ROLES:
        raise Invalid("bad_value", "role", params={"field": "role"})
    with app.db.write():
        user = _found(app, user_id)
        if user.role == role:
            return
        _keep_an_owner(app, user)
        staff.set_role(app.db, user.id, role)
        activity.record(app.db, now, actor, "role_changed", "staff_user", user.id, reason=role, name=user.name)


def disable(app: Appliance, user_id: str, by: StaffUser, now: datetime, actor: Actor) -> None:
    """Take the access away at once: sessions and links end. Conflict own_account, last_owner."""
    with app.db.write():
        user = _found(app, user_id)
        if user.id == by.id:
            raise Conflict("own_account")
        if user.disabled_at is not None:
            return
        _keep_an_owner(app, user)
        staff.set_disabled(app.db, user.id, now)
        sessions.end_of_user(app.db, user.id)
        login_challenges.end_of_user(app.db, user.id)
        staff.void_links(app.db, user.id, now)
        activity.record(app.db, now, actor, "staff_disabled", "staff_user", user.id, name=user.name)


def enable(app: Appliance, user_id: str, now: datetime, actor: Actor) -> None:
    """Give the access back; the password is the one they had."""
    with app.db.write():
        user = _found(app, user_id)
        if user.disabled_at is None:
            return
        staff.set_disabled(app.db, user.id, None)
        activity.record(app.db, now, actor, "staff_enabled", "staff_user", user.id, name=user.name)


def reset_second_factor(app: Appliance, user_id: str, by: StaffUser | None, now: datetime, actor: Actor) -> StaffUser:
    """Take every second factor off somebody who has lost theirs; they are logged out everywhere, and told by mail.

    Not one's own, which takes a password and a code. Conflict own_account_factor, no_second_factor.
    """
    user = _found(app, user_id)
    if by is not None and user.id == by.id:
        raise Conflict("own_account_factor")
    with app.db.write():
        if not second_factors.drop_everything(app.db, user.id):
            raise Conflict("no_second_factor", params={"name": user.name})
        login_challenges.end_of_user(app.db, user.id)
        sessions.end_of_user(app.db, user.id)
        activity.record(app.db, now, actor, "second_factor_reset", "staff_user", user.id, name=user.name)
    staff_letters.tell(app, user, "second_factor_reset", now)
    return user


def log_out_everywhere(app: Appliance, user_id: str, now: datetime, actor: Actor) -> int:
    """End every session of somebody; how many there were."""
    return staff_sessions.end_all(app, _found(app, user_id), now, actor)


def _keep_an_owner(app: Appliance, user: StaffUser) -> None:
    if user.role == "owner" and user.disabled_at is None and not staff.other_owners(app.db, user.id):
        raise Conflict("last_owner", params={"name": user.name})


def _found(app: Appliance, user_id: str) -> StaffUser:
    user = staff.user_by_public_id(app.db, user_id)
    if user is None:
        raise NotFound("not_found")
    return user
