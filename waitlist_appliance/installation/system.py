"""Is this a machine that the box can live on? And what it needs of the system: user, folders, units, command."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path
from typing import Final

from waitlist_appliance.installation import files
from waitlist_appliance.installation.failure import Failed
from waitlist_appliance.installation.machine import Machine, deploy, wrapper
from waitlist_appliance.installation.places import STARTED, USER, Places
from waitlist_appliance.installation.releases import Release

LEAST_FREE_BYTES: Final = 1_000_000_000
_TESTED: Final = {("debian", "12"), ("debian", "13"), ("ubuntu", "24.04")}


def check(machine: Machine, port: int, *, taken_by_us: bool) -> list[str]:
    """What is worth a warning. Raises Failed for what cannot work."""
    if not machine.running():
        raise Failed("systemd does not run here; it starts the services and hands them their secrets")
    free = shutil.disk_usage(_nearest(machine.places.program)).free
    if free < LEAST_FREE_BYTES:
        raise Failed(
            f"{free // 1_000_000} MB are free for {machine.places.program}; a release and an upgrade need 1000"
        )
    if not taken_by_us and not machine.port_is_free(port):
        raise Failed(
            f"port {port} is taken by another program. See which: ss -ltnp 'sport = :{port}'; or name another: --port"
        )
    return _warnings()


def folders(places: Places) -> list[tuple[Path, str, int]]:
    """Each folder with its owner and mode, parents first."""
    return [
        (places.program, "root", 0o755),
        (places.releases, "root", 0o755),
        (places.settings, "root", 0o755),
        (places.secrets, "root", 0o700),
        (places.data, USER, 0o700),
        (places.backups, USER, 0o700),
    ]


def folders_are_there(places: Places) -> bool:
    return all(path.is_dir() and path.stat().st_mode & 0o777 == mode for path, _, mode in folders(places))


def make_folders(machine: Machine) -> None:
    for path, owner, mode in folders(machine.places):
        path.mkdir(parents=True, exist_ok=True)
        machine.give(path, owner, owner, mode)


def unit_texts(release: Release) -> dict[str, str]:
    """The units of this release by file name."""
    return {
        unit.name: unit.read_text(encoding="utf-8") for unit in sorted((deploy(release.folder) / "systemd").iterdir())
    }


def fits(machine: Machine, release: Release) -> bool:
    """Whether units and command are those of this release."""
    places = machine.places
    units = all(files.same(places.units / name, text) for name, text in unit_texts(release).items())
    return units and files.same(places.command, wrapper(release.folder).read_text(encoding="utf-8"))


def fit(machine: Machine, release: Release) -> None:
    """Puts the units and the command of this release on the machine. Safe to run again."""
    places = machine.places
    for folder in (places.units, places.command.parent):
        folder.mkdir(parents=True, exist_ok=True)
    texts = unit_texts(release)
    added = [name for name in texts if name in STARTED and not (places.units / name).exists()]
    for name, text in texts.items():
        if not files.same(places.units / name, text):
            files.write(places.units / name, text)
    files.write(places.command, wrapper(release.folder).read_text(encoding="utf-8"), 0o755)
    machine.systemctl("daemon-reload")
    if added:  # what the owner has disabled since stays so
        machine.systemctl("enable", *added)


def are_enabled(machine: Machine) -> bool:
    """Whether the box starts with the machine, and runs now."""
    return all(
        machine.systemctl(verb, "--quiet", unit).code == 0 for unit in STARTED for verb in ("is-enabled", "is-active")
    )


def enable(machine: Machine) -> None:
    done = machine.systemctl("enable", "--now", *STARTED)
    if done.code != 0:
        raise Failed(f"The services could not be started:\n{done.tail}\n{machine.journal()}")


def _nearest(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    return path if path.exists() else _nearest(path.parent)


def _warnings() -> list[str]:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    found = (release.get("ID", ""), release.get("VERSION_ID", ""))
    warnings = []
    if found not in _TESTED:
        name = release.get("PRETTY_NAME", "this system")
        warnings.append(
            f"{name} is not one that this was tested on (Debian 12 and 13, Ubuntu 24.04); it may work all the same"
        )
    if platform.machine() not in ("x86_64", "aarch64"):
        warnings.append(f"{platform.machine()}: some packages may have to be compiled, which needs a compiler")
    return warnings
