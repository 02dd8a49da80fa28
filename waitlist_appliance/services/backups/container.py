"""The file of a backup: a plain tar in one fixed form, so that every changed byte is noticed and `tar` still reads it.

* key.age: only with a passphrase; the key of this backup, sealed by it
* payload.tar.zst.age: the database, key files and configuration
* manifest.json: what it is, in plain
* SHA256SUMS: of the three, as ``sha256sum -c`` reads it
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from waitlist_appliance.services.backups import manifest as manifests
from waitlist_appliance.services.backups.errors import Damaged
from waitlist_appliance.services.backups.manifest import Manifest

KEY: Final = "key.age"
PAYLOAD: Final = "payload.tar.zst.age"
MANIFEST: Final = "manifest.json"
SUMS: Final = "SHA256SUMS"
BLOCK: Final = tarfile.BLOCKSIZE
END: Final = bytes(2 * BLOCK)
CHUNK: Final = 1024 * 1024
LONGEST_SMALL: Final = manifests.LONGEST

Tick = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Part:
    """Where a member's content lies in the file."""

    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Header:
    """What can be known of a backup without opening it."""

    path: Path
    manifest: Manifest
    sealed_key: bytes | None
    parts: dict[str, Part]
    sums: dict[str, str]

    @property
    def payload(self) -> Part:
        return self.parts[PAYLOAD]


class Writer:
    """Writes the members one after another; the size of the payload is known only once it is written."""

    def __init__(self, file: IO[bytes], mtime: int) -> None:
        self._file, self._mtime = file, mtime
        self._sums: dict[str, str] = {}

    def add(self, name: str, content: bytes) -> None:
        self._file.write(header_of(name, len(content), self._mtime) + content + padding(len(content)))
        self._sums[name] = hashlib.sha256(content).hexdigest()

    def add_streamed(self, name: str, fill: Callable[[Hashing], None]) -> tuple[int, str]:
        """``fill`` writes the content into what it is given; its size and SHA-256."""
        at = self._file.tell()
        self._file.write(header_of(name, 0, self._mtime))
        hashing = Hashing(self._file)
        fill(hashing)
        self._file.write(padding(hashing.size))
        end = self._file.tell()
        self._file.seek(at)
        self._file.write(header_of(name, hashing.size, self._mtime))
        self._file.seek(end)
        self._sums[name] = hashing.hexdigest()
        return hashing.size, self._sums[name]

    def finish(self) -> None:
        self.add(SUMS, "".join(f"{digest}  {name}\n" for name, digest in self._sums.items()).encode())
        self._file.write(END)


class Hashing:
    """Counts and hashes what is written through it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._hash, self.size = file, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        self.size += len(data)
        return self._file.write(data)

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def header_of(name: str, size: int, mtime: int) -> bytes:
    """The one block before a member: a regular file, for its owner only. Sizes over 8 GB have room in it, too."""
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, mtime
    return info.tobuf(tarfile.GNU_FORMAT)


def padding(size: int) -> bytes:
    return bytes(-size % BLOCK)


def look(path: Path) -> Header:
    """Read what lies in plain, without the payload. Damaged for what is no whole backup; TooNew; OSError."""
    with path.open("rb") as file:
        parts = _parts(file, path.stat().st_size)
        small = {name: _small(file, part) for name, part in parts.items() if name != PAYLOAD}
    if list(parts) not in ([KEY, PAYLOAD, MANIFEST, SUMS], [PAYLOAD, MANIFEST, SUMS]):
        raise Damaged("it is not whole: the end is missing, or it is no backup of this program")
    sums = _sums(small[SUMS])
    if sums.keys() != parts.keys() - {SUMS}:
        raise Damaged("its list of checksums is not that of its parts")
    for name in small.keys() - {SUMS}:
        if hashlib.sha256(small[name]).hexdigest() != sums[name]:
            raise Damaged(f"{name} was changed after it was written")
    manifest = manifests.read(small[MANIFEST])
    if manifest.payload_bytes != parts[PAYLOAD].size or manifest.payload_sha256 != sums[PAYLOAD]:
        raise Damaged("its manifest speaks of another payload")
    return Header(path, manifest, small.get(KEY), parts, sums)


def check_payload(header: Header, tick: Tick = lambda done: None) -> None:
    """Read the sealed payload through. Damaged when it is not what was written."""
    seen, digest = 0, hashlib.sha256()
    with header.path.open("rb") as file:
        source = Slice(file, header.payload)
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            seen += len(chunk)
            tick(seen)
    if digest.hexdigest() != header.sums[PAYLOAD]:
        raise Damaged("its payload was changed after it was written, or the disk gives it back wrongly")


class Slice:
    """Reads one part of a file as if it were a file of its own."""

    def __init__(self, file: IO[bytes], part: Part) -> None:
        self._file, self._left = file, part.size
        file.seek(part.start)

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._file.read(wanted)
        self._left -= len(data)
        return data


def _parts(file: IO[bytes], length: int) -> dict[str, Part]:
    """Every member by name. Strict: anything that this program would not have written is Damaged."""
    found: dict[str, Part] = {}
    while True:
        block = file.read(BLOCK)
        if block == END[:BLOCK]:
            break
        name, size = _member(block)
        part = Part(file.tell(), size)
        end = part.start + size
        if name in found or end + len(padding(size)) > length:
            raise Damaged("it is not whole: the end is missing")
        file.seek(end)
        if file.read(len(padding(size))) != padding(size):
            raise Damaged("it was changed after it was written")
        found[name] = part
    if file.read(BLOCK + 1) != END[BLOCK:]:
        raise Damaged("it does not end where it should")
    return found


def _member(block: bytes) -> tuple[str, int]:
    if len(block) < BLOCK:
        raise Damaged("it is not whole: the end is missing")
    try:
        info = tarfile.TarInfo.frombuf(block, "ascii", "strict")
        same = header_of(info.name, info.size, int(info.mtime)) == block
    except (tarfile.HeaderError, ValueError, OverflowError) as error:
        raise Damaged("it is no backup of this program, or it was changed after it was written") from error
    if not same or info.size < 0:
        raise Damaged("it was changed after it was written")
    return info.name, info.size


def _small(file: IO[bytes], part: Part) -> bytes:
    if part.size > LONGEST_SMALL:
        raise Damaged("it is no backup of this program")
    return Slice(file, part).read()


def _sums(text: bytes) -> dict[str, str]:
    try:
        lines = [line.split("  ", 1) for line in text.decode("ascii").splitlines()]
        found = {name: digest for digest, name in lines}
    except ValueError as error:
        raise Damaged("its list of checksums cannot be read") from error
    if "".join(f"{digest}  {name}\n" for name, digest in found.items()).encode() != text:
        raise Damaged("its list of checksums cannot be read")
    return found
