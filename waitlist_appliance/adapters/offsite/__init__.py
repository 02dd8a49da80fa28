"""Where backups are copied to: rclone's seventy kinds of storage, or whatever rsync reaches."""

from __future__ import annotations

from waitlist_appliance.adapters.offsite.rclone import Rclone
from waitlist_appliance.adapters.offsite.rsync import Rsync
from waitlist_appliance.ports.offsite import Offsite

__all__ = ["Rclone", "Rsync", "offsite"]


def offsite(target: str) -> Offsite | None:
    """The place that backup.offsite names ("rclone:REMOTE:PATH", "rsync:USER@HOST:PATH"); None for "". ValueError."""
    if not target:
        return None
    kind, _, path = target.partition(":")
    if kind == "rclone":
        return Rclone(path)
    if kind == "rsync":
        return Rsync(path)
    raise ValueError(target)
