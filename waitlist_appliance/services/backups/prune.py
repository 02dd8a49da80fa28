"""Old backups are cleared away, here and off the machine. Only files that bear our name, and never the newest good one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from waitlist_appliance.domain.backup_retention import Retention, kept
from waitlist_appliance.ports.offsite import Offsite, OffsiteError
from waitlist_appliance.services.backups import folder
from waitlist_appliance.services.backups.errors import BackupError
from waitlist_appliance.services.backups.list_backups import list_backups


@dataclass(frozen=True, slots=True)
class Pruned:
    """File names. ``damaged`` ones cannot be read: somebody should look at them, so they are left alone."""

    kept: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)


def prune_here(place: Path, rule: Retention, *, dry_run: bool) -> Pruned:
    """In the folder of backups. Busy while one is being made; OSError."""
    with folder.alone(place):
        listed = list_backups(place, {})
        damaged = [found.file for found in listed if found.trouble is not None]
        keep, remove = _chosen([found.file for found in listed if found.trouble is None], rule)
        if not dry_run:
            for name in remove:
                (place / name).unlink(missing_ok=True)
            folder.to_disk(place)
        return Pruned(keep, remove, damaged)


def prune_away(offsite: Offsite, rule: Retention, arrived: str | None, *, dry_run: bool) -> Pruned:
    """Off the machine. ``arrived``: the last that is known to have arrived whole; it stays. BackupError."""
    try:
        keep, remove = _chosen([name for name in offsite.names() if folder.made_at(name) is not None], rule)
        keep += [name for name in remove if name == arrived]
        remove = [name for name in remove if name != arrived]
        if remove and not dry_run:
            offsite.remove(remove)
    except OffsiteError as error:
        raise BackupError(f"{offsite.name} could not be cleared: {error}") from error
    return Pruned(keep, remove)


def _chosen(names: list[str], rule: Retention) -> tuple[list[str], list[str]]:
    """Kept and removed, the newest first."""
    moments: dict[str, datetime] = {name: moment for name in names if (moment := folder.made_at(name)) is not None}
    keep = kept(moments.values(), rule)
    newest_first = sorted(moments, reverse=True)
    return [n for n in newest_first if moments[n] in keep], [n for n in newest_first if moments[n] not in keep]
