"""Which passwords are refused although they are long enough."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.second_factor_story import a_user
from waitlist_appliance.domain.errors import Invalid
from waitlist_appliance.services import staff_login
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.common_passwords import is_common

NAMES = ("olivia@casalola.example", "olivia", "Olivia", "Casa Lola")


@pytest.mark.parametrize(
    "password",
    ["qwertyuiop", "1234567890", "password123", "PASSWORD2026!", "!!manchester99", "aaaaaaaaaa", "abababababab", "0987654321",
     "casa lola 2026", "Olivia123456", "olivia@casalola.example"],
)  # fmt: skip
def test_what_everybody_tries_first_is_common(password: str) -> None:
    assert is_common(password, *NAMES)


@pytest.mark.parametrize(
    "password",
    [
        "a table by the window",
        "ten chars!",
        "83920174651",
        "lola likes olives",
        "ñandú en el patio",
        "密码很长而且很好记住吗",
        "7;q-(2)_%8",
    ],
)
def test_what_is_a_sentence_or_chance_is_not(password: str) -> None:
    assert not is_common(password, *NAMES, "")


def test_neither_a_first_nor_a_new_password_may_be_common(box: Appliance, now: datetime) -> None:
    olivia = a_user(box, "Olivia", "owner", now)
    link = staff_login.reset_link(box, olivia.email, now)
    for password in ("password123", "Casa Lola 1"):
        with pytest.raises(Invalid, match="password_common"):
            staff_login.use_link(box, link, password, now)
        with pytest.raises(Invalid, match="password_common"):
            staff_login.change_password(box, olivia, "any", "present one", password, "192.0.2.1", now)
    staff_login.use_link(box, link, "a table by the window", now)
