"""What is sealed: a tar of files, compressed. Both ways it is streamed; no file but the database can be large."""

from __future__ import annotations

import os
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import zstandard

from waitlist_appliance.config import Config
from waitlist_appliance.services.backups import sealing
from waitlist_appliance.services.backups.container import CHUNK, END, Header, Slice, header_of, padding
from waitlist_appliance.services.backups.errors import Damaged

DATABASE: Final = "waitlist.db"
CREDENTIALS: Final = "credentials.key"
CONFIG: Final = "config.toml"
SECRETS: Final = "secrets/"
LEVEL: Final = 3
# Secret of the configuration → its file. The passphrase of backups is none of them: it opens this very file.
SECRET_FILES: Final[Mapping[str, str]] = {
    name: f"{SECRETS}{name}.txt" for name in ("token_key", "session_key", "cron_secret", "metrics_token", "sentry_dsn")
}

Tick = Callable[[int], None]
Content = Path | bytes


def packed(files: Mapping[str, Content], mtime: int, tick: Tick) -> sealing.Reader:
    """The files as one compressed stream that is made while it is read."""
    source = _Stream(_tar(files, mtime, tick))
    compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
    return compressor.stream_reader(source, read_size=CHUNK)  # type: ignore[arg-type]


def size_of(content: Content) -> int:
    return content.stat().st_size if isinstance(content, Path) else len(content)


def secret_of(config: Config, attribute: str) -> str:
    """A secret in force, as text; "" for none."""
    value = getattr(config, attribute)
    return value.decode() if isinstance(value, bytes) else str(value)


def unpack(header: Header, identities: list[Any], into: Path, tick: Tick) -> None:
    """Open the payload into this folder, each file for its owner only. WrongKey; Damaged; OSError.

    What lies in the folder afterwards is whole: the last bytes are authenticated before this returns.
    """
    with _unsealed(header, identities, to_the_end=True) as archive:
        _extract(archive, header, into, tick)


def peek(header: Header, identities: list[Any]) -> dict[str, bytes]:
    """The small files, which lie before the database. WrongKey; Damaged; OSError."""
    found: dict[str, bytes] = {}
    with _unsealed(header, identities, to_the_end=False) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if member.name == DATABASE or content is None or member.size > CHUNK:
                break
            found[member.name] = content.read()
    return found


@contextmanager
def _unsealed(header: Header, identities: list[Any], *, to_the_end: bool) -> Iterator[tarfile.TarFile]:
    """The tar inside, while it is unsealed in a thread."""
    reading, writing = os.pipe()
    opener = _Opener(header, identities, writing)
    opener.start()
    trouble: Exception | None = None
    try:
        with os.fdopen(reading, "rb", buffering=CHUNK) as source:
            with _plain(source) as plain, tarfile.open(fileobj=plain, mode="r|", bufsize=CHUNK) as archive:
                yield archive
                if to_the_end:
                    _drain(plain)  # where its checksum stands
            if to_the_end:
                _drain(source)  # where the seal ends
    except (tarfile.TarError, zstandard.ZstdError, EOFError) as error:
        trouble = error
    finally:
        opener.join()
        # What could not be unsealed is the cause of whatever else went wrong; a reader that has enough is no fault.
        if opener.error is not None and not isinstance(opener.error, BrokenPipeError):
            raise opener.error
    if trouble is not None:
        raise Damaged(f"what is sealed in it cannot be read: {trouble}") from trouble


def _plain(source: IO[bytes]) -> Any:
    return zstandard.ZstdDecompressor().stream_reader(source, read_size=CHUNK, closefd=False)


def _drain(source: Any) -> None:
    while source.read(CHUNK):
        pass


class _Opener(threading.Thread):
    """Unseals into a pipe: the library pushes, the tar is pulled."""

    def __init__(self, header: Header, identities: list[Any], writing: int) -> None:
        super().__init__(name="open-backup", daemon=True)
        self._header, self._identities, self._writing = header, identities, writing
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            with os.fdopen(self._writing, "wb", buffering=CHUNK) as target, self._header.path.open("rb") as file:
                sealing.open_sealed(Slice(file, self._header.payload), target, self._identities)
        except Exception as error:
            self.error = error


def _extract(archive: tarfile.TarFile, header: Header, into: Path, tick: Tick) -> None:
    expected = dict(header.manifest.files)
    done = 0
    for member in archive:
        content = archive.extractfile(member)
        # The manifest lies in plain, but only what it names, in the size it names, gets to the disk.
        if content is None or expected.pop(member.name, None) != member.size or not _is_ours(member.name):
            raise Damaged(f"what is sealed in it is not what its manifest says ({member.name[:80]!r})")
        for written in _write(content, into / member.name):
            tick(done + written)
        done += member.size
    if expected:
        raise Damaged(f"what its manifest names is not sealed in it: {', '.join(sorted(expected))}")


def _is_ours(name: str) -> bool:
    bare = name.removeprefix(SECRETS)
    return "/" not in bare and not bare.startswith(".") and bare != ""


def _write(content: IO[bytes], path: Path) -> Iterator[int]:
    path.parent.mkdir(exist_ok=True, mode=0o700)
    written = 0
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        while chunk := content.read(CHUNK):
            file.write(chunk)
            written += len(chunk)
            yield written
        file.flush()
        os.fsync(file.fileno())


def _tar(files: Mapping[str, Content], mtime: int, tick: Tick) -> Iterator[bytes]:
    done = 0
    for name, content in files.items():
        size = size_of(content)
        yield header_of(name, size, mtime)
        if isinstance(content, bytes):
            yield content
        else:
            with content.open("rb") as file:
                while chunk := file.read(CHUNK):
                    yield chunk
                    done += len(chunk)
                    tick(done)
        yield padding(size)
    yield END


class _Stream:
    """A generator of bytes, read like a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._kept = chunks, b""

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._kept) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._kept += chunk
        end = len(self._kept) if size < 0 else size
        data, self._kept = self._kept[:end], self._kept[end:]
        return data
