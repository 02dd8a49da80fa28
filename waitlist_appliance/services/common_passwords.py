"""Passwords that everybody guesses first: too common, a row of keys, or the person's and the business's own names.

``common_passwords.txt`` holds the first eight hex digits of the SHA-256 of 5,000 of them, out of the frequency lists that
zxcvbn (MIT) and Django (BSD) publish: nobody has to read them, and they are quickly looked up.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import Final

# "summer2026!" is as common as "summer".
_ENDS: Final = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_ROWS: Final = (
    "01234567890123456789",
    "98765432109876543210",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
)
_FEWEST_LETTERS: Final = 4


def is_common(password: str, *names: str) -> bool:
    """Whether somebody who guesses would try it early. ``names``: what stands for the person and the place anyway."""
    plain = password.strip().lower()
    core = _core(plain)
    if len(set(plain)) < _FEWEST_LETTERS or any(plain in row for row in _ROWS):
        return True
    return _is_listed(plain) or (bool(core) and (_is_listed(core) or core in {_core(name) for name in names}))


def _core(text: str) -> str:
    """Without the digits and signs before and after it."""
    return _ENDS.sub("", text.strip().lower())


def _is_listed(word: str) -> bool:
    return hashlib.sha256(word.encode()).hexdigest()[:8] in _listed()


@cache
def _listed() -> frozenset[str]:
    """Read when a password is chosen, which is seldom."""
    return frozenset(files(__package__ or "").joinpath("common_passwords.txt").read_text("ascii").split())
