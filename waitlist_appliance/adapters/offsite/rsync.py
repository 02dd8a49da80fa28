"""rsync: over ssh (with a key that needs no passphrase), to a daemon, or to a folder that is mounted."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from waitlist_appliance.adapters.offsite.tool import ASKING_SECONDS, COPYING_SECONDS, run
from waitlist_appliance.ports.offsite import OffsiteError

# Nobody is there to answer a question; a connection that says nothing for five minutes is over.
_SSH: Final = "--rsh=ssh -o BatchMode=yes -o ConnectTimeout=30"
_ALWAYS: Final = ("--timeout=300", "--protect-args")
_LIST_COLUMNS: Final = 5


class Rsync:
    """``target`` is USER@HOST:PATH, rsync://HOST/MODULE/PATH (or HOST::MODULE/PATH) or a folder."""

    def __init__(self, target: str) -> None:
        self._folder = target.rstrip("/") + "/"
        # A daemon is asked as such: told of a shell, rsync would look for the daemon behind ssh.
        host = re.sub(r"\[.*?\]", "", target.partition("/")[0])  # without an address such as [2001:db8::1]
        daemon = target.startswith("rsync://") or "::" in host
        self._rsync = ("rsync", *_ALWAYS) if daemon else ("rsync", _SSH, *_ALWAYS)

    @property
    def name(self) -> str:
        return f"rsync:{self._folder.rstrip('/')}"

    def copy(self, file: Path) -> None:
        run([*self._rsync, "--times", "--chmod=F600", "--", str(file), self._folder], COPYING_SECONDS)
        # Reads both sides through and would list whatever differs.
        compare = ["--checksum", "--dry-run", "--out-format=%n"]
        differs = run([*self._rsync, *compare, "--", str(file), self._folder], COPYING_SECONDS)
        if differs.strip():
            raise OffsiteError("what arrived is not what was sent")

    def names(self) -> list[str]:
        lines = run([*self._rsync, "--list-only", "--no-motd", "--", self._folder], ASKING_SECONDS).splitlines()
        columns = [line.split(maxsplit=_LIST_COLUMNS - 1) for line in lines]
        return [found[-1] for found in columns if len(found) == _LIST_COLUMNS and found[0].startswith("-")]

    def remove(self, names: Sequence[str]) -> None:
        if not names:
            return
        # rsync has no word for it: an empty folder is made the truth about these names, and about nothing else.
        chosen = [f"--include=/{name}" for name in names]
        with tempfile.TemporaryDirectory() as empty:
            rule = ["--dirs", "--delete", *chosen, "--exclude=*"]
            run([*self._rsync, *rule, "--", f"{empty}/", self._folder], ASKING_SECONDS)
