"""Recovery codes: ten words of no meaning, each good once, for whoever has lost their second factor."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime
from typing import Final

from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.services import passwords
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import second_factors

NUMBER: Final = 10
FEW: Final = 2
# Nothing that looks like something else on paper: no 0 O, 1 I L, U V.
_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTWXYZ"
_LENGTH: Final = 10
_LONGEST: Final = 40


def make(user: StaffUser) -> tuple[list[str], list[bytes]]:
    """New codes as they are shown, and what is kept of them. Takes a quarter of a second: not inside a transaction."""
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)) for _ in range(NUMBER)]
    return [f"{code[:5]}-{code[5:]}" for code in codes], [_hash(user, code) for code in codes]


def spend(app: Appliance, user: StaffUser, code: str, now: datetime) -> bool:
    """Use up one of the user's codes; False when it is none, or was used before."""
    plain = "".join(char for char in code.upper() if char.isalnum())
    hashed = _hash(user, plain[:_LONGEST])
    with app.db.write():
        return second_factors.spend_code(app.db, user.id, hashed, now)


def _hash(user: StaffUser, plain: str) -> bytes:
    # The user's random id as salt: each user's codes must be guessed apart, and one hash finds the code.
    return passwords.hash_with(plain, uuid.UUID(user.public_id).bytes)
