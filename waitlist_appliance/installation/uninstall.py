"""Taking the box off the machine. What cannot be made again is kept, unless the owner says otherwise."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from waitlist_appliance.installation import files, settings
from waitlist_appliance.installation.failure import Failed
from waitlist_appliance.installation.machine import Machine
from waitlist_appliance.installation.places import USER, Places
from waitlist_appliance.installation.steps import Step

Heard = Callable[[str], None]


def plan(machine: Machine, *, purge: bool) -> list[Step]:
    """The steps; each is done already on a machine without the box."""
    places = machine.places
    steps = [
        Step(
            "Services",
            "stop, disable and remove the units",
            lambda: not units(places),
            lambda _: _remove_units(machine),
        ),
        Step(
            "Command",
            f"remove {places.command}",
            lambda: not is_ours(places.command),
            lambda _: _remove_command(places),
        ),
        Step(
            "Program",
            f"remove {places.program}",
            lambda: not places.program.exists(),
            lambda _: _remove([places.program]),
        ),
    ]
    if purge:
        gone = _precious(places)
        names = ", ".join(map(str, gone))
        steps.append(Step("Data", f"remove {names}", lambda: not kept(places), lambda _: _remove(gone)))
        steps.append(
            Step("User", f"remove the user {USER}", lambda: not machine.has_user(), lambda _: machine.remove_user())
        )
    return steps


def units(places: Places) -> list[Path]:
    """Our units that lie on the machine."""
    return sorted(path for kind in ("service", "timer") for path in places.units.glob(f"waitlist-*.{kind}"))


def is_ours(command: Path) -> bool:
    """Whether the owner's command there is the one that we wrote."""
    try:
        return "Waitlist Appliance" in command.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def kept(places: Places) -> list[Path]:
    """What lies there still: configuration, data, backups."""
    return [path for path in _precious(places) if path.exists()]


def confirm(places: Places) -> None:
    """Raises Failed unless somebody types the box's domain."""
    domain = urlsplit(settings.read(places).public_url).hostname if places.config.exists() else USER
    if not sys.stdin.isatty():
        raise Failed("--purge removes all data and all backups on this machine; without a terminal it needs --yes")
    names = ", ".join(map(str, kept(places)))
    if input(f"This removes {names} for good.\nType {domain} to go on: ").strip() != domain:
        raise Failed("nothing was removed")


def _precious(places: Places) -> list[Path]:
    return [places.settings, places.data, places.backups]


def _remove_units(machine: Machine) -> str:
    found = units(machine.places)
    names = [path.name for path in found]
    done = machine.systemctl("disable", "--now", *names)
    if done.code != 0:
        raise Failed(f"The services could not be stopped:\n{done.tail}")
    for path in found:
        files.remove(path)
    machine.systemctl("daemon-reload")
    machine.systemctl("reset-failed", *names)  # what had failed once would be listed for ever
    return ", ".join(names)


def _remove_command(places: Places) -> str:
    files.remove(places.command)
    return str(places.command)


def _remove(paths: list[Path]) -> str:
    for path in paths:
        if path.exists():
            shutil.rmtree(path)
    return ", ".join(map(str, paths))
