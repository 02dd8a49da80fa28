"""What the pages show of passkeys: whose there are, and whether this box can have any."""

from __future__ import annotations

from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.services import passkeys
from waitlist_appliance.storage import passkeys as stored
from waitlist_appliance.storage.passkeys import Passkey
from waitlist_appliance.web.context import box


def own(user: StaffUser) -> list[Passkey]:
    """The passkeys of whoever sits here."""
    return stored.of_user(box().db, user.id)


def obstacle() -> str | None:
    """Why this box can have none: ``no_name``, ``no_https``; None where it can."""
    return passkeys.obstacle(box().config)


def origin() -> str:
    """Where passkeys of this box work; "" where they do not."""
    place = passkeys.home(box().config)
    return place.origin if place else ""


def door_origin() -> str:
    """The same for the log-in page, once somebody has one."""
    return origin() if stored.are_there(box().db) else ""
