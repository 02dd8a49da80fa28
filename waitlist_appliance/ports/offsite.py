"""The port behind which backups lie off this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class OffsiteError(Exception):
    """It could not be copied, listed or removed there; the words are those of the tool, without secrets."""


class Offsite(Protocol):
    """One place off this machine, as backup.offsite names it (``name``)."""

    @property
    def name(self) -> str: ...

    def copy(self, file: Path) -> None:
        """Put the file there under its name, and see that it arrived whole. OffsiteError."""

    def names(self) -> list[str]:
        """The files that lie there. OffsiteError."""

    def remove(self, names: Sequence[str]) -> None:
        """Remove exactly these. OffsiteError."""
