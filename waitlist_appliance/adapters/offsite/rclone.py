"""rclone: a remote of its own configuration, where its secrets lie, too."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from waitlist_appliance.adapters.offsite.tool import ASKING_SECONDS, COPYING_SECONDS, run
from waitlist_appliance.ports.offsite import OffsiteError

QUIET = ("--quiet", "--contimeout=30s", "--timeout=5m")


class Rclone:
    """``target`` is REMOTE:PATH."""

    def __init__(self, target: str) -> None:
        self._folder = target.rstrip("/")

    @property
    def name(self) -> str:
        return f"rclone:{self._folder}"

    def copy(self, file: Path) -> None:
        run(["rclone", "copyto", *QUIET, "--", str(file), self._at(file.name)], COPYING_SECONDS)
        # By checksum where the storage knows one, else by size.
        one_file = ["--one-way", f"--include=/{file.name}"]
        run(["rclone", "check", *QUIET, *one_file, "--", str(file.parent), self._folder], COPYING_SECONDS)
        if file.name not in self.names():
            raise OffsiteError("rclone says that it copied the file, but it is not there")

    def names(self) -> list[str]:
        return run(["rclone", "lsf", *QUIET, "--files-only", "--", self._folder], ASKING_SECONDS).splitlines()

    def remove(self, names: Sequence[str]) -> None:
        for name in names:
            run(["rclone", "deletefile", *QUIET, "--", self._at(name)], ASKING_SECONDS)

    def _at(self, name: str) -> str:
        return f"{self._folder}{name}" if self._folder.endswith(":") else f"{self._folder}/{name}"
