"""Who works here: invitations as a link to copy, roles, access taken away and given back, second steps, sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import request

from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.services import manage_staff, sessions, set_up_business, staff_letters, staff_login
from waitlist_appliance.storage import second_factors, staff
from waitlist_appliance.storage.sessions import SessionRow
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import auth, devices
from waitlist_appliance.web.staff.devices import Device
from waitlist_appliance.web.staff.settings import frame

HOME = "/staff/settings/people"
# Who has one of these can go on from there: make keys, let others in.
_TRUSTED = ("owner", "manager")


def overview() -> Any:
    """Everybody, and a link that was just made."""
    return _page({})


def invite() -> Any:
    """A new person; the next page shows their link, once."""
    form, now = request.form, current_time()
    if form.get("role") in _TRUSTED and not auth.recently_proved():
        return auth.ask_again(HOME)
    by_mail = "by_mail" in form and staff_letters.is_possible(box())
    doing = _keeping(
        lambda: manage_staff.invite(
            box(), form.get("email", ""), form.get("name", ""), form.get("role", "host"), now, auth.actor()
        ),
        by_mail,
    )
    done = N_("Invited. The invitation is on its way.") if by_mail else N_("Invited. Please send them the link below.")
    return frame.store(
        doing, done, HOME,
        lambda errors: _page(errors, dict(form), 422),
    )  # fmt: skip


def new_link(user_id: str) -> Any:
    """A link for a new password, one's own or another's; the next page shows it, once."""
    if not auth.recently_proved():
        return auth.ask_again(HOME)
    by_mail = "by_mail" in request.form and staff_letters.is_possible(box())
    doing = _keeping(lambda: manage_staff.new_link(box(), user_id, current_time(), auth.actor()), by_mail)
    done = N_("A new link is on its way.") if by_mail else N_("The link is below. Older ones no longer work.")
    return frame.act(doing, done, HOME)


def change_role(user_id: str) -> Any:
    """Another role."""
    role = request.form.get("role", "")
    if role in _TRUSTED and not auth.recently_proved():
        return auth.ask_again(HOME)
    return frame.act(
        lambda: manage_staff.change_role(box(), user_id, role, current_time(), auth.actor()),
        N_("The role is changed. It counts from their next click."), HOME,
    )  # fmt: skip


def disable(user_id: str) -> Any:
    """Take the access away."""
    return frame.act(
        lambda: manage_staff.disable(box(), user_id, auth.the_user(), current_time(), auth.actor()),
        N_("The access is taken away. They are logged out everywhere."), HOME,
    )  # fmt: skip


def enable(user_id: str) -> Any:
    """Give it back."""
    if not auth.recently_proved():
        return auth.ask_again(HOME)
    return frame.act(
        lambda: manage_staff.enable(box(), user_id, current_time(), auth.actor()),
        N_("They can log in again, with the password they had."), HOME,
    )  # fmt: skip


def reset_second_factor(user_id: str) -> Any:
    """Take the second step off somebody who has lost theirs."""
    if not auth.recently_proved():
        return auth.ask_again(HOME)
    return frame.act(
        lambda: manage_staff.reset_second_factor(box(), user_id, auth.the_user(), current_time(), auth.actor()),
        N_("The second step is off. They log in with the password only until they set it up again."), HOME,
    )  # fmt: skip


def end_sessions(user_id: str) -> Any:
    """Log somebody out on all their browsers."""
    return frame.act(
        lambda: manage_staff.log_out_everywhere(box(), user_id, current_time(), auth.actor()),
        N_("They are logged out everywhere and can log in again."), HOME,
    )  # fmt: skip


def require_second_factor() -> Any:
    """Whether everybody needs a second step."""
    if not auth.recently_proved():
        return auth.ask_again(HOME)
    needed = request.form.get("needed") == "yes"
    return frame.act(
        lambda: set_up_business.change_policies(
            box(), {"second_factor_required": needed}, current_time(), auth.actor()
        ),
        N_("From now on whoever has no second step sets it up first.") if needed
        else N_("The second step is everybody's own choice again."), HOME,
    )  # fmt: skip


def _keeping(making: Callable[[], tuple[StaffUser, str]], by_mail: bool) -> Callable[[], None]:
    """The link goes out by email if that is wanted; it is shown once all the same, since mails get lost."""

    def doing() -> None:
        user, token = making()
        sent_to = user.email if by_mail and staff_letters.send_link(box(), user, token, current_time()) else ""
        frame.keep_once("link", name=user.name, url=box().url(f"/welcome/{token}"), sent_to=sent_to)

    return doing


def _page(errors: dict[str, str], given: dict[str, str] | None = None, status: int = 200) -> Any:
    return frame.render(
        "people.html", "people", status=status, people=staff.users(box().db), roles=list(staff_login.ROLES),
        invited=staff.open_links(box().db, current_time()), errors=errors, given=given or {"role": "host"},
        fresh=frame.shown_once("link"), by_mail=staff_letters.is_possible(box()),
        factors=second_factors.kinds_by_user(box().db), logged_in=_logged_in(),
        required=box().setup().policies.second_factor_required,
    )  # fmt: skip


def _logged_in() -> dict[int, list[tuple[SessionRow, Device]]]:
    """User → where they are logged in."""
    return {
        user_id: [(row, devices.device(row.user_agent)) for row in rows]
        for user_id, rows in sessions.by_user(box(), current_time()).items()
    }
