"""A small disk of one's own, which can be filled to the last byte, and break so that the kernel lets nobody write on it.

It is mounted in a mount namespace of its own: nobody else sees it, and it is gone with the process that holds it. What
is on it can be looked at from outside under ``seen``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MEGABYTES: Final = 48
_FILLER: Final = "filler"
_HOLD: Final = "echo mounted && exec sleep infinity"
TMPFS: Final = f'mount -t tmpfs -o size={MEGABYTES}m,mode=0700 tmpfs "$1" && {_HOLD}'
# Broken as a real one breaks: after an error the kernel lets nobody write any more, whatever is open.
EXT4: Final = (
    f'truncate -s {MEGABYTES}m "$2" && mkfs.ext4 -q -m 0 "$2" && mount -o loop,errors=remount-ro "$2" "$1" && {_HOLD}'
)


class NoSmallDisk(Exception):
    """This machine does not let us mount anything; the words say what was tried."""


@dataclass(frozen=True)
class SmallDisk:
    """``folder`` is where it lies for those within; ``inside`` begins the command line of a process there."""

    folder: Path
    seen: Path
    inside: tuple[str, ...]

    def fill(self) -> None:
        """Not a byte is left."""
        with (self.seen / _FILLER).open("ab", buffering=0) as filler:
            for size in (65536, 4096, 1):
                self._until_full(lambda size=size: filler.write(b"\0" * size))  # type: ignore[misc]

    def free(self) -> None:
        """There is room again."""
        (self.seen / _FILLER).unlink()

    def break_down(self) -> None:
        """An error within the file system: from now on it is read-only."""
        line = 'd=$(findmnt -no SOURCE "$1") && echo 1 > /sys/fs/ext4/"$(basename "$d")"/trigger_fs_error'
        subprocess.run([*self.inside, "sh", "-c", line, "sh", str(self.folder)], check=True, timeout=30)

    def _until_full(self, write: Callable[[], int | None]) -> None:
        try:
            while write():
                pass
        except OSError:
            return


@contextmanager
def small_disk(folder: Path, mounting: str) -> Iterator[SmallDisk]:
    """A disk mounted on ``folder``, which is made. Raises NoSmallDisk where that is not allowed."""
    if os.geteuid() != 0 or not all(shutil.which(tool) for tool in ("unshare", "nsenter", "mount")):
        raise NoSmallDisk("mounting a disk needs root and util-linux")
    folder.mkdir()
    line = ["unshare", "--mount", "sh", "-c", mounting, "sh", str(folder), f"{folder}.img"]
    holder = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        if holder.stdout.readline() != "mounted\n":
            raise NoSmallDisk(f"mounting a disk is not allowed here: {holder.communicate(timeout=30)[1].strip()}")
        inside = ("nsenter", "--mount", f"--target={holder.pid}", "--")
        yield SmallDisk(folder, Path(f"/proc/{holder.pid}/root{folder}"), inside)
    finally:
        holder.kill()
        holder.communicate()
