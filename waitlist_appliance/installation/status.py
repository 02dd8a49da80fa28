"""What is installed, what runs, and whether something was cut short."""

from __future__ import annotations

from typing import Any

from waitlist_appliance.installation import journal, releases
from waitlist_appliance.installation.machine import Machine
from waitlist_appliance.installation.places import STARTED
from waitlist_appliance.installation.screen import Screen


def look(machine: Machine) -> dict[str, Any]:
    """Everything, for machines."""
    places = machine.places
    current = releases.current(places)
    cut_short = journal.read(places)
    return {
        "release": current.name if current else None,
        "version": current.version if current else None,
        "releases": [release.name for release in releases.every(places)],
        "cut_short_in": cut_short.stage if cut_short else None,
        "units": {unit: machine.systemctl("is-active", unit).output.strip() or "unknown" for unit in STARTED},
    }


def tell(found: dict[str, Any], screen: Screen) -> None:
    """The same in words."""
    if found["release"] is None:
        screen.line("Nothing is installed. To install: sudo ./scripts/install")
        return
    for name in found["releases"]:
        screen.line(f"{'*' if name == found['release'] else ' '} {name}")
    for unit, state in found["units"].items():
        screen.line(f"  {unit}: {state}")
    if found["cut_short_in"]:
        screen.line(f"A change was cut short in the stage {found['cut_short_in']!r}. Run again: sudo ./scripts/upgrade")
