"""Browsers and phones: what they say they are in plain words, and what they can scan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from waitlist_appliance.texts.catalogues import N_

# What stands in the header → its name. The first that fits: Edge says that it is Chrome, Chrome that it is Safari.
_BROWSERS: Final = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS: Final = (
    ("iPhone", "iPhone", True), ("iPad", "iPad", True), ("Android", "Android", True), ("Windows", "Windows", False),
    ("CrOS", "ChromeOS", False), ("Macintosh", "Mac", False), ("Linux", "Linux", False),
)  # fmt: skip

PROVED_BY: Final[Mapping[str, str]] = {
    "password": N_("with the password"),
    "code": N_("with password and code"),
    "recovery_code": N_("with password and recovery code"),
    "passkey": N_("with a passkey"),
}


@dataclass(frozen=True, slots=True)
class Device:
    """``browser``, ``system``: names that are the same in every language, "" where unknown."""

    browser: str
    system: str
    handheld: bool


def device(user_agent: str) -> Device:
    """What the browser says about itself, kept simple. It may lie: nothing hangs on it."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system, handheld = next(((name, small) for mark, name, small in _SYSTEMS if mark in user_agent), ("", False))
    return Device(browser, system, handheld)


def qr_code(text: str) -> str:
    """The text as a picture, in an address that holds the whole picture."""
    import segno  # needed while a second factor is set up only

    return str(segno.make(text, error="m", micro=False).svg_data_uri(scale=6, border=4, dark="#000", light="#fff"))
