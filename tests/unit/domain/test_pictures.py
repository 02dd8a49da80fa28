"""A picture is what its bytes say, whatever its name says."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waitlist_appliance.domain.pictures import NoPicture, Picture, look_at

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", 64, 32) + b"\x08\x06\0\0\0"
JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08" + struct.pack(">HH", 32, 64) + b"\x03"
LOSSY = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 64, 32)
LOSSLESS = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", 63 | 31 << 14)
EXTENDED = b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0" + struct.pack("<I", 63)[:3] + struct.pack("<I", 31)[:3]


@pytest.mark.parametrize(
    ("content", "media_type"),
    [(PNG, "png"), (JPEG, "jpeg"), (LOSSY, "webp"), (LOSSLESS, "webp"), (EXTENDED, "webp")],
)
def test_each_kind_is_known_with_its_size(content: bytes, media_type: str) -> None:
    assert look_at(content) == Picture(f"image/{media_type}", 64, 32)


@pytest.mark.parametrize("content", [PNG, JPEG, LOSSY, LOSSLESS, EXTENDED])
def test_a_picture_cut_off_is_none(content: bytes) -> None:
    for length in range(len(content) - 7):
        with pytest.raises(NoPicture):
            look_at(content[:length])


@pytest.mark.parametrize("content", [b"", b"<svg/>", b"GIF89a", b"BM", b"%PDF-1.7", b"RIFF\0\0\0\0WAVE"])
def test_nothing_else_is_a_picture(content: bytes) -> None:
    with pytest.raises(NoPicture):
        look_at(content)


@given(st.sampled_from([b"", PNG[:8], b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBPVP8 "]), st.binary(max_size=60))
def test_whatever_comes_gives_a_picture_or_a_refusal(start: bytes, rest: bytes) -> None:
    with contextlib.suppress(NoPicture):
        assert look_at(start + rest).width >= 1
