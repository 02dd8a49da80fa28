"""What lies in a folder of backups, told without opening anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from waitlist_appliance.services.backups import container, folder
from waitlist_appliance.services.backups.errors import BackupError
from waitlist_appliance.storage.backup_runs import BackupRun


@dataclass(frozen=True, slots=True)
class Listed:
    """One file. ``trouble``: why it cannot be read; then only its name and size are known.

    ``verified_at`` and ``offsite_at`` are what this box remembers; a file from elsewhere has neither.
    """

    file: str
    made_at: datetime
    bytes: int
    database_bytes: int = 0
    program: str = ""
    opens_with: tuple[str, ...] = ()
    verified_at: datetime | None = None
    offsite_at: datetime | None = None
    trouble: str | None = None


def list_backups(place: Path, runs: Mapping[str, BackupRun]) -> list[Listed]:
    """The newest first. OSError when the folder cannot be read."""
    return [_one(path, runs.get(path.name)) for path in folder.backups(place)]


def _one(path: Path, run: BackupRun | None) -> Listed:
    named = folder.made_at(path.name)
    assert named is not None  # folder.backups gives no others
    size = path.stat().st_size
    try:
        manifest = container.look(path).manifest
    except (BackupError, OSError) as error:
        return Listed(path.name, named, size, trouble=str(error))
    return Listed(
        path.name, manifest.made_at, size, manifest.database_bytes, manifest.program, manifest.opens_with,
        run.verified_at if run else None, run.offsite_at if run else None,
    )  # fmt: skip
