"""A colour that can be read: contrast as WCAG measures it."""

from __future__ import annotations

import re
from typing import Final

DEFAULT: Final = "#6d3b5e"
INKS: Final = ("#ffffff", "#1c1917")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def known(colour: str | None) -> str:
    """The colour, or the default for what is none."""
    return colour if colour and _COLOUR.fullmatch(colour) else DEFAULT


def text_on(colour: str) -> str:
    """White or near-black, whichever is easier to read on the colour."""
    return max(INKS, key=lambda ink: contrast(ink, colour))


def contrast(one: str, other: str) -> float:
    """The WCAG contrast ratio of two colours, 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """How light the colour is, 0 to 1, as the eye sees it."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
