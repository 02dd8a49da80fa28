"""Olivia and her phone: an authenticator app on her account, without the cost of a password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pyotp import TOTP

from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import second_factors, staff

PASSWORD = "a long password"


@dataclass(frozen=True)
class Phone:
    """What shows the six digits."""

    secret: str

    def code(self, at: datetime) -> str:
        return TOTP(self.secret).at(at)

    def wrong(self, at: datetime) -> str:
        """Six digits that are none of those around this moment."""
        near = {TOTP(self.secret).at(at, counter_offset=step) for step in range(-2, 3)}
        return next(digits for digits in ("000000", "111111", "222222", "333333", "444444", "555555") if digits not in near)


def a_user(box: Appliance, name: str, role: str, now: datetime) -> StaffUser:
    """Somebody on the team, without a password."""
    with box.db.write():
        user_id = staff.insert_user(box.db, f"{name.lower()}@casalola.example", name, role, now)
    user = staff.user_by_id(box.db, user_id)
    assert user
    return user


def a_phone(box: Appliance, user: StaffUser, now: datetime, secret: str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP") -> Phone:
    """The user's authenticator app, confirmed."""
    with box.db.write():
        assert second_factors.put_totp(box.db, box.vault, user.id, secret, now)
        assert second_factors.confirm_totp(box.db, user.id, now)
    return Phone(secret)


def history(box: Appliance) -> list[str]:
    """What was written down, oldest first."""
    return [verb for (verb,) in box.db.tuples("SELECT verb FROM activity WHERE subject = 'staff_user' ORDER BY id")]
