"""What a picture is, read from its first bytes: what a name or a browser says of it proves nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LARGEST_BYTES: Final = 512 * 1024
LARGEST_SIDE: Final = 4096

_PNG: Final = b"\x89PNG\r\n\x1a\n"
# A frame of a JPEG: its size follows the marker, the length and the depth. Tables (C4, C8, CC) are no frames.
_JPEG_FRAMES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})


class NoPicture(ValueError):
    """The bytes are not a PNG, JPEG or WebP picture."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A raster picture; its sides in pixels."""

    media_type: str
    width: int
    height: int


def look_at(content: bytes) -> Picture:
    """What these bytes are; NoPicture for anything but PNG, JPEG and WebP (SVG may carry script)."""
    try:
        if content.startswith(_PNG) and content[12:16] == b"IHDR":
            return _sized("image/png", _big(content, 16, 4), _big(content, 20, 4))
        if content.startswith(b"\xff\xd8\xff"):
            return _sized("image/jpeg", *_jpeg_size(content))
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return _sized("image/webp", *_webp_size(content))
    except IndexError:
        raise NoPicture("the picture ends too early") from None
    raise NoPicture("neither PNG, JPEG nor WebP")


def _sized(media_type: str, width: int, height: int) -> Picture:
    if width < 1 or height < 1:
        raise NoPicture("a picture has sides")
    return Picture(media_type, width, height)


def _jpeg_size(content: bytes) -> tuple[int, int]:
    at = 2
    while content[at] == 0xFF:
        marker = content[at + 1]
        if marker in _JPEG_FRAMES:
            return _big(content, at + 7, 2), _big(content, at + 5, 2)
        at += 2 + _big(content, at + 2, 2)
    raise NoPicture("a JPEG without a frame")


def _webp_size(content: bytes) -> tuple[int, int]:
    kind = content[12:16]
    if kind == b"VP8X":
        return 1 + _little(content, 24, 3), 1 + _little(content, 27, 3)
    if kind == b"VP8L":
        bits = _little(content, 21, 4)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        return _little(content, 26, 2) & 0x3FFF, _little(content, 28, 2) & 0x3FFF
    raise NoPicture("a WebP of an unknown kind")


def _big(content: bytes, at: int, count: int) -> int:
    return _number(content, at, count, "big")


def _little(content: bytes, at: int, count: int) -> int:
    return _number(content, at, count, "little")


def _number(content: bytes, at: int, count: int, order: str) -> int:
    if at + count > len(content):
        raise IndexError(at)
    return int.from_bytes(content[at : at + count], "big" if order == "big" else "little")
