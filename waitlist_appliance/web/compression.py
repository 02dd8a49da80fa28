"""Answers made small on their way out: files once and kept, pages as they come."""

from __future__ import annotations

import gzip
import secrets
import zlib
from functools import lru_cache

from flask import Flask, Response, request

from waitlist_appliance.web.headers import FILES

# Below this the header costs more than the compression saves.
WORTH_IT = 1024
PAGE_LEVEL = 4
_FILE_KINDS = ("text/css", "text/javascript", "application/javascript", "image/svg+xml")


def install(app: Flask) -> None:
    """Compress what browsers ask for: style sheets, scripts and pages. Machines' JSON stays as it is."""

    @app.after_request
    def shrink(response: Response) -> Response:
        is_file = request.endpoint in FILES and response.mimetype in _FILE_KINDS
        is_page = response.mimetype == "text/html" and request.endpoint not in FILES
        if not (is_file or is_page):
            return response
        response.vary.add("Accept-Encoding")
        if is_file:
            _weaken(response)
        if response.status_code == 304 or "Content-Encoding" in response.headers or request.method == "HEAD":
            return response
        if not request.accept_encodings["gzip"]:
            return response
        return _small_file(response) if is_file else _small_page(response)


def _weaken(response: Response) -> None:
    """One mark for the file in both forms: compressed or not, it says the same."""
    mark, weak = response.get_etag()
    if mark is not None and not weak:
        response.set_etag(mark, weak=True)


def _small_file(response: Response) -> Response:
    if response.status_code != 200:
        return response
    response.direct_passthrough = False
    file = response.response
    data = response.get_data()
    if hasattr(file, "close"):
        file.close()
    return _carry(response, _kept(data))


def _small_page(response: Response) -> Response:
    if response.is_streamed or len(response.get_data()) < WORTH_IT:
        return response
    return _carry(response, _disguised(response.get_data()))


def _carry(response: Response, data: bytes) -> Response:
    response.set_data(data)
    response.headers["Content-Encoding"] = "gzip"
    return response


@lru_cache(maxsize=64)
def _kept(data: bytes) -> bytes:
    """Compressed as well as it goes, once for each content."""
    return gzip.compress(data, 9, mtime=0)


def _disguised(data: bytes) -> bytes:
    """Compressed with a file name of random length, so that the length of a page tells nothing of the secrets on it.

    A page holds the form token and may repeat what a link put into it; lengths alone would give the token away (BREACH).
    """
    squeeze = zlib.compressobj(PAGE_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = squeeze.compress(data) + squeeze.flush()
    name = b"a" * secrets.randbelow(101)
    head = b"\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\xff" + name + b"\x00"
    return head + body + zlib.crc32(data).to_bytes(4, "little") + (len(data) & 0xFFFFFFFF).to_bytes(4, "little")
