"""Names for the outside: UUIDs for things, short codes that can be read aloud."""

from __future__ import annotations

import secrets
import uuid

# No 0/O, 1/I/L, 2/Z, 5/S, 8/B, U/V: a code is read over a bad line.
CODE_LETTERS = "ACDEFGHJKMNPQRTWXY34679"


def public_id() -> str:
    return str(uuid.uuid4())


def confirmation_code() -> str:
    """Six unambiguous letters and digits (23**6, about 148 million)."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(6))
