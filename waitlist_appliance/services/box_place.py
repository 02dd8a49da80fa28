"""What the box stands on: its files, disks, memory, the machine's zones and SQLite. Needs no database."""

from __future__ import annotations

import os
import shutil
import stat
import zoneinfo
from datetime import datetime
from pathlib import Path
from typing import Final

from waitlist_appliance.config import Config
from waitlist_appliance.services.box_health import UNKNOWN_WHY, Finding, State
from waitlist_appliance.services.watch_box import ENOUGH, MEGABYTE
from waitlist_appliance.storage.database import sqlite

EVERYBODY: Final = 0o007
WRITE_FOR_OTHERS: Final = 0o022
# SQLite 3.7.0 to 3.51.2 can corrupt a database in WAL mode that two processes write (facts/runtime.md 0.1).
SOUND_SQLITE: Final = (3, 51, 3)
FULL_BYTES: Final = 20 * MEGABYTE
LOW_BYTES: Final = 500 * MEGABYTE
FEW_INODES: Final = 1000
LITTLE_MEMORY: Final = 100 * MEGABYTE
_MEMINFO: Final = Path("/proc/meminfo")


def configuration_file(path: Path) -> Finding:
    """Whether anybody else on the machine may change what the box is told. Its secrets are looked at when it is read."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return Finding("config.permissions", "unknown", {UNKNOWN_WHY: str(error)})
    state: State = "problem" if mode & WRITE_FOR_OTHERS else "ok"
    return Finding("config.permissions", state, {"path": str(path), "mode": f"{stat.S_IMODE(mode):04o}"})


def data_directory(config: Config) -> Finding:
    """Whose the data folder is, and whether everything in it is the same user's and closed to everybody else."""
    folder = config.data_directory
    try:
        owner, mode = folder.stat().st_uid, folder.stat().st_mode
        found = [(file, file.lstat()) for file in sorted(folder.iterdir()) if file.is_file() and not file.is_symlink()]
    except OSError as error:
        gone = isinstance(error, FileNotFoundError)
        facts = {"path": str(folder), "error": str(error.strerror), "missing": gone}
        return Finding("data.directory", "problem" if gone else "unknown", facts)
    strangers = [file.name for file, its in found if its.st_uid != owner]
    # The folder itself keeps everybody out of what lies in it; an open file in an open folder is read by all.
    open_files = [file.name for file, its in found if its.st_mode & EVERYBODY] if mode & 0o001 else []
    state: State = "problem" if strangers or open_files or mode & 0o002 else "warning" if mode & EVERYBODY else "ok"
    return Finding("data.directory", state, {
        "path": str(folder), "owner": _user(owner), "mode": f"{stat.S_IMODE(mode):04o}", "not_the_owners": strangers,
        "open_to_everybody": open_files,
    })  # fmt: skip


def disk(check: str, folder: Path, low: int = LOW_BYTES) -> Finding:
    """Space and inodes where this folder lies, or will lie."""
    there = next((place for place in (folder, *folder.parents) if place.exists()), Path("/"))
    try:
        space, its = shutil.disk_usage(there), os.statvfs(there)
    except OSError as error:
        return Finding(check, "unknown", {UNKNOWN_WHY: str(error)})
    inodes = its.f_favail if its.f_files else None  # some file systems have no such number
    few = inodes is not None and inodes < FEW_INODES
    state: State = "problem" if space.free < FULL_BYTES or few else "warning" if space.free < low * ENOUGH else "ok"
    read_only = bool(its.f_flag & os.ST_RDONLY)
    facts = {
        "path": str(folder), "free_bytes": space.free, "total_bytes": space.total, "free_inodes": inodes,
        "read_only": read_only,
    }  # fmt: skip
    return Finding(check, "problem" if read_only else state, facts)


def memory() -> Finding:
    """What programs may still have."""
    try:
        lines = dict(line.split(":", 1) for line in _MEMINFO.read_text("ascii").splitlines())
        available, total = (int(lines[name].split()[0]) * 1024 for name in ("MemAvailable", "MemTotal"))
    except (OSError, KeyError, ValueError, IndexError):
        return Finding("memory", "unknown")
    facts = {"available_bytes": available, "total_bytes": total}
    return Finding("memory", "warning" if available < LITTLE_MEMORY else "ok", facts)


def sqlite_version() -> Finding:
    """Which SQLite the database is opened with."""
    found = sqlite.sqlite_version
    sound = tuple(int(part) for part in found.split(".")) >= SOUND_SQLITE
    needed = ".".join(map(str, SOUND_SQLITE))
    return Finding("database.sqlite", "ok" if sound else "warning", {"version": found, "sound_since": needed})


def zones(now: datetime, zone: str | None) -> Finding:
    """Whether the business's zone is known here, by which edition of the zones' data, and what it says now."""
    facts: dict[str, object] = {"zone": zone, "tzdata": _tzdata()}
    if zone is None:
        return Finding("time_zone", "ok", facts)
    try:
        local = now.astimezone(zoneinfo.ZoneInfo(zone))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return Finding("time_zone", "problem", facts)
    return Finding("time_zone", "ok", {**facts, "local_time": local.isoformat(timespec="minutes")})


def _tzdata() -> str | None:
    """The machine's edition before the package's: zoneinfo looks there first."""
    for place in zoneinfo.TZPATH:
        for name in ("+VERSION", "tzdata.zi"):
            try:
                with (Path(place) / name).open(encoding="ascii") as file:
                    return file.readline().strip().removeprefix("# version ")
            except (OSError, UnicodeDecodeError):
                continue
    try:
        from importlib.metadata import version

        return version("tzdata")
    except ImportError:
        return None


def _user(number: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
