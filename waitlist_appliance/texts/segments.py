"""What an SMS costs: GSM-7 or UCS-2, how many units, how many segments; and how to stay in GSM-7."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

Encoding = Literal["GSM-7", "UCS-2"]

BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED: Final = frozenset("^{}\\[~]|€\f")  # two units each
_SINGLE: Final[dict[Encoding, int]] = {"GSM-7": 160, "UCS-2": 70}
_PART: Final[dict[Encoding, int]] = {"GSM-7": 153, "UCS-2": 67}
_LOOK_ALIKES: Final = {
    ord(char): plain
    for chars, plain in {
        "‘’‚‛ʼ′´`": "'", "“”„‟«»″": '"', "‐‑‒–—―−": "-", "…": "...", "•·": "-", "\u00a0\u202f\u2007\u2009\t": " ",
        "œ": "oe", "Œ": "OE", "ª": "a", "º": "o", "°": "o", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ç": "c",
        "\u200b\u200d\u200e\u200f\u2060\ufeff\ufe0f": "", "×": "x", "✓": "", "ı": "i", "ẞ": "SS", "þ": "th", "ð": "d",
    }.items()
    for char in chars
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Segments:
    """`units` are septets (GSM-7) or UTF-16 code units (UCS-2); each of `segments` is billed."""

    encoding: Encoding
    units: int
    segments: int

    @property
    def room(self) -> int:
        """How many units these segments hold."""
        return _SINGLE[self.encoding] if self.segments == 1 else _PART[self.encoding] * self.segments


def count(text: str) -> Segments:
    """What the text costs as it stands."""
    encoding: Encoding = "GSM-7" if not expensive(text) else "UCS-2"
    sizes = [_units(char, encoding) for char in text]
    return Segments(encoding, sum(sizes), _parts(sizes, encoding))


def expensive(text: str) -> list[str]:
    """The characters, each once, that force the whole text into UCS-2 (70 instead of 160 in a segment)."""
    return sorted({char for char in text if char not in BASIC and char not in EXTENDED})


def to_gsm7(text: str) -> str:
    """The text without what GSM-7 lacks: "Chloé, ¡sí!" stays readable as "Chloé, ¡si!", emoji are dropped.

    A text with letters of another script (an Arabic or Greek name) is left alone: it can only go as UCS-2.
    """
    if not expensive(text):
        return text
    plain = "".join(_plain(char) for char in unicodedata.normalize("NFC", text))
    return plain if not expensive(plain) else text


def instead_of(char: str) -> str | None:
    """What to_gsm7 writes for the character ("" leaves it out); None where it has no plain form."""
    plain = _plain(char)
    return None if expensive(plain) else plain


def _plain(char: str) -> str:
    if char in BASIC or char in EXTENDED:
        return char
    if ord(char) in _LOOK_ALIKES:
        return _LOOK_ALIKES[ord(char)]
    stripped = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c))
    if all(c in BASIC or c in EXTENDED for c in stripped):
        return stripped
    return "" if unicodedata.category(char) in ("So", "Sk", "Mn", "Me", "Cf", "Cc", "Co", "Cn") else char


def _units(char: str, encoding: Encoding) -> int:
    return 1 + (char in EXTENDED) if encoding == "GSM-7" else 1 + (ord(char) > 0xFFFF)


def _parts(sizes: list[int], encoding: Encoding) -> int:
    if sum(sizes) <= _SINGLE[encoding]:
        return 1
    parts, used = 1, 0
    for size in sizes:  # a character of two units is never torn apart
        if used + size > _PART[encoding]:
            parts, used = parts + 1, 0
        used += size
    return parts
