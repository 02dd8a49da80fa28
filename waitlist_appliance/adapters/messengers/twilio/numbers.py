"""Numbers as Twilio and WhatsApp write them."""

from __future__ import annotations

import re
from typing import Final

PREFIX: Final = "whatsapp:"
# The same phone has two names in these countries: with and without the digit that once marked mobiles.
_TWINS: Final = (
    (re.compile(r"\+521(\d{10})"), r"+52\1"),
    (re.compile(r"\+52(\d{10})"), r"+521\1"),
    (re.compile(r"\+549(\d{10})"), r"+54\1"),
    (re.compile(r"\+54(\d{10})"), r"+549\1"),
    (re.compile(r"\+55(\d\d)9(\d{8})"), r"+55\1\2"),
    (re.compile(r"\+55(\d\d)([6-9]\d{7})"), r"+55\g<1>9\2"),
)


def read(address: str) -> tuple[str, str]:
    """Channel and number of an address such as ``whatsapp:+34600000001``."""
    if address.startswith(PREFIX):
        return "whatsapp", address.removeprefix(PREFIX)
    return "sms", address


def write(channel: str, number: str) -> str:
    """The address of a number on a channel."""
    return f"{PREFIX}{number}" if channel == "whatsapp" else number


def aliases(number: str, whatsapp_id: str | None = None) -> tuple[str, ...]:
    """Other names of the same phone; ``whatsapp_id`` is its number as WhatsApp writes it, without the plus."""
    known = [number]
    if whatsapp_id and whatsapp_id.isascii() and whatsapp_id.isdecimal():
        known.append(f"+{whatsapp_id}")
    twins = [pattern.sub(twin, name) for name in known for pattern, twin in _TWINS if pattern.fullmatch(name)]
    return tuple(dict.fromkeys(name for name in [*known, *twins] if name != number))
