"""Who works here: invitations as a link to copy, roles, access taken away and given back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import request

from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.services import manage_staff, staff_letters, staff_login
from waitlist_appliance.storage import staff
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import auth
from waitlist_appliance.web.staff.settings import frame

HOME = "/staff/settings/people"


def overview() -> Any:
    """Everybody, and a link that was just made."""
    return _page({})


def invite() -> Any:
    """A new person; the next page shows their link, once."""
    form, now = request.form, current_time()
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
    """A link for a new password; the next page shows it, once."""
    by_mail = "by_mail" in request.form and staff_letters.is_possible(box())
    doing = _keeping(lambda: manage_staff.new_link(box(), user_id, current_time(), auth.actor()), by_mail)
    done = N_("A new link is on its way.") if by_mail else N_("The link is below. Older ones no longer work.")
    return frame.act(doing, done, HOME)


def change_role(user_id: str) -> Any:
    """Another role."""
    role = request.form.get("role", "")
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
    return frame.act(
        lambda: manage_staff.enable(box(), user_id, current_time(), auth.actor()),
        N_("They can log in again, with the password they had."), HOME,
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
    )  # fmt: skip
