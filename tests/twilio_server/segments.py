"""How many segments Twilio bills: its own count, on purpose not the appliance's."""

from __future__ import annotations

GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
TWICE = set("^{}\\[~]|€\f")


def segments(text: str) -> int:
    """160 or 153 units of GSM-7 each; 70 or 67 of UTF-16 as soon as one character is not in it."""
    if set(text) <= GSM | TWICE:
        return _parts([2 if char in TWICE else 1 for char in text], 160, 153)
    return _parts([len(char.encode("utf-16-le")) // 2 for char in text], 70, 67)


def _parts(sizes: list[int], single: int, part: int) -> int:
    """A character of two units is never torn apart."""
    if sum(sizes) <= single:
        return 1
    count, used = 1, 0
    for size in sizes:
        if used + size > part:
            count, used = count + 1, 0
        used += size
    return count
